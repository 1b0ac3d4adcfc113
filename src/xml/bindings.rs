//! Namespace declarations in scope, as a stack that elements push to and pop from.

use super::XML_NAMESPACE;

/// Where a stretch of [`Bindings::text`] lies.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy)]
struct Binding {
    prefix: Stretch,
    uri: Stretch,
}

/// The stack. Entry 0 binds the empty prefix to no namespace, entry 1 the prefix `xml`.
#[derive(Debug)]
pub(super) struct Bindings {
    text: String,
    entries: Vec<Binding>,
    /// The entry that the empty prefix means now.
    default: usize,
}

/// Entries that are there before any declaration.
pub(super) const PREDECLARED: usize = 2;

impl Bindings {
    pub(super) fn new() -> Self {
        let mut bindings = Self { text: String::new(), entries: Vec::with_capacity(16), default: 0 };
        bindings.declare("", "");
        bindings.declare("xml", XML_NAMESPACE);
        bindings
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn declare(&mut self, prefix: &str, uri: &str) {
        if prefix.is_empty() {
            self.default = self.entries.len();
        }
        let start = self.text.len();
        self.text.push_str(prefix);
        let middle = self.text.len();
        self.text.push_str(uri);
        self.entries.push(Binding {
            prefix: Stretch { start, end: middle },
            uri: Stretch { start: middle, end: self.text.len() },
        });
    }

    /// Drops every entry from `length` on.
    pub(super) fn truncate(&mut self, length: usize) {
        if let Some(first) = self.entries.get(length) {
            self.text.truncate(first.prefix.start);
            self.entries.truncate(length);
            if self.default >= length {
                let empty = |entry: &Binding| entry.prefix.start == entry.prefix.end;
                self.default = self.entries.iter().rposition(empty).unwrap_or(0);
            }
        }
    }

    /// The entry that `prefix` means now.
    #[inline]
    pub(super) fn find(&self, prefix: &str) -> Option<usize> {
        if prefix.is_empty() {
            return Some(self.default);
        }
        self.entries.iter().rposition(|entry| self.slice(entry.prefix) == prefix)
    }

    /// The entry that the empty prefix means now.
    #[inline]
    pub(super) fn default_entry(&self) -> usize {
        self.default
    }

    /// Whether `prefix` is already declared in an entry from `from` on.
    pub(super) fn is_declared_since(&self, from: usize, prefix: &str) -> bool {
        self.entries[from..].iter().any(|entry| self.slice(entry.prefix) == prefix)
    }

    pub(super) fn uri(&self, index: usize) -> &str {
        self.entries.get(index).map_or("", |entry| self.slice(entry.uri))
    }

    fn slice(&self, stretch: Stretch) -> &str {
        &self.text[stretch.start..stretch.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_declarations_hide_outer_ones_until_dropped() {
        let mut bindings = Bindings::new();
        bindings.declare("a", "urn:outer");
        let before = bindings.len();
        bindings.declare("a", "urn:inner");
        assert_eq!(bindings.find("a").map(|index| bindings.uri(index)), Some("urn:inner"));
        bindings.truncate(before);
        assert_eq!(bindings.find("a").map(|index| bindings.uri(index)), Some("urn:outer"));
        assert_eq!(bindings.find("b"), None);
        assert_eq!(bindings.find(""), Some(0));
    }
}
