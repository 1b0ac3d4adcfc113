//! Where schema documents come from: named files of a set, joined by relative paths, never by the network.

use crate::rules::Strictness;

/// Gives schema documents by path. A folder and a table of embedded files are the usual ones.
pub trait Source {
    /// The bytes of the document `path`, a normalized relative or absolute path with `/`.
    ///
    /// # Errors
    /// The reason in words, where there is no such document or it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// What two paths share exactly when they lead to the same document, so that none is read under two names. Paths
    /// that have been normalized are their own unless the source knows better.
    fn identity(&self, path: &str) -> String {
        path.to_owned()
    }
}

impl<S: Source + ?Sized> Source for &S {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        (**self).read(path)
    }

    fn identity(&self, path: &str) -> String {
        (**self).identity(path)
    }
}

/// Documents in memory, by path: for embedded schemas and tests.
impl Source for std::collections::BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.get(path).cloned().ok_or_else(|| format!("there is no document {path}"))
    }
}

/// What becomes of an include or import whose document is not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An include or redefine without its document is a fault. Of an import it is a warning, for its location is a hint; a
    /// reference to something that nothing defines is a fault.
    Refused,
    /// References to what it could have defined are warnings too: such components let anything through, as section 5.3
    /// of the standard has it. For looking at sets of which one has a part only.
    Tolerated,
}

/// Schema documents to be compiled together.
#[derive(Clone)]
pub struct SchemaSet<'s> {
    pub(super) source: &'s dyn Source,
    pub(super) roots: Vec<String>,
    pub(super) locations: Vec<(String, String)>,
    pub(super) strictness: Strictness,
    pub(super) missing: Missing,
    pub(super) lacking: Vec<String>,
}

impl std::fmt::Debug for SchemaSet<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("SchemaSet");
        out.field("roots", &self.roots).field("locations", &self.locations).finish_non_exhaustive()
    }
}

impl<'s> SchemaSet<'s> {
    /// An empty set that reads from `source`; patterns are read strictly.
    #[must_use]
    pub fn new(source: &'s dyn Source) -> Self {
        Self {
            source,
            roots: Vec::new(),
            locations: Vec::new(),
            strictness: Strictness::Strict,
            missing: Missing::Refused,
            lacking: Vec::new(),
        }
    }

    /// Adds a document; what it includes and imports is read too.
    #[must_use]
    pub fn with(mut self, path: impl AsRef<str>) -> Self {
        self.roots.push(normalize(path.as_ref()));
        self
    }

    /// Says where the schema of a namespace is, for imports that do not say it or say a URL.
    #[must_use]
    pub fn with_location(mut self, namespace: impl Into<String>, path: impl AsRef<str>) -> Self {
        self.locations.push((namespace.into(), normalize(path.as_ref())));
        self
    }

    /// Chooses what becomes of documents that are not found.
    #[must_use]
    pub fn with_missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Says that a document of a namespace is missing, as an include or import that is not found does.
    #[must_use]
    pub fn lacking(mut self, namespace: impl Into<String>) -> Self {
        self.lacking.push(namespace.into());
        self
    }

    /// Chooses how strictly patterns are read.
    #[must_use]
    pub fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }
}

/// The path of the document that `location` names as seen from the document `from`. A location is an `anyURI`, so `%20` in it
/// is a blank, unless there is a document whose name holds the `%` itself.
pub(crate) fn locate(source: &dyn Source, from: &str, location: &str) -> String {
    let written = join(from, location);
    let Some(meant) = unescape(location).map(|meant| join(from, &meant)) else { return written };
    if source.read(&written).is_err() && source.read(&meant).is_ok() { meant } else { written }
}

/// The text with every `%XX` put as the byte that it stands for; `None` where there is none, or the bytes are no UTF-8.
fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    if bytes.len() == text.len() {
        return None;
    }
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|meant| meant != text)
}

/// The path of `location` as seen from the document `from`.
fn join(from: &str, location: &str) -> String {
    let location = location.replace('\\', "/");
    if location.starts_with('/') || location.contains("://") {
        return normalize(&location);
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rooted = if from.starts_with('/') && folder.is_empty() { "/" } else { folder };
    if rooted.is_empty() { normalize(&location) } else { normalize(&format!("{rooted}/{location}")) }
}

/// The path without `.` and, where they can be resolved, `..`.
fn normalize(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_joined_and_normalized() {
        for (from, location, expected) in [
            ("a/b/c.xsd", "d.xsd", "a/b/d.xsd"),
            ("a/b/c.xsd", "../d.xsd", "a/d.xsd"),
            ("c.xsd", "./x/../d.xsd", "d.xsd"),
            ("c.xsd", "../d.xsd", "../d.xsd"),
            ("/a/c.xsd", "d.xsd", "/a/d.xsd"),
            ("/c.xsd", "d.xsd", "/d.xsd"),
            ("a/c.xsd", "/d.xsd", "/d.xsd"),
            ("a/c.xsd", "http://x/y.xsd", "http://x/y.xsd"),
            ("a/c.xsd", "b\\d.xsd", "a/b/d.xsd"),
            ("схемы/а.xsd", "б в.xsd", "схемы/б в.xsd"),
        ] {
            assert_eq!(join(from, location), expected);
        }
    }

    #[test]
    fn escaped_locations_lead_to_the_document_that_they_mean() {
        let names = ["s/a b.xsd", "s/схема.xsd", "s/100%.xsd", "s/c%20d.xsd", "s/c d.xsd"];
        let source: std::collections::BTreeMap<String, Vec<u8>> =
            names.map(|name| (name.to_owned(), Vec::new())).into_iter().collect();
        for (location, expected) in [
            ("a%20b.xsd", "s/a b.xsd"),
            ("a b.xsd", "s/a b.xsd"),
            ("%D1%81%d1%85%D0%B5%D0%BC%D0%B0.xsd", "s/схема.xsd"),
            ("100%.xsd", "s/100%.xsd"),
            ("100%25.xsd", "s/100%.xsd"),
            ("c%20d.xsd", "s/c%20d.xsd"),
            ("gone%20.xsd", "s/gone%20.xsd"),
            ("%FF.xsd", "s/%FF.xsd"),
            ("%+1%é.xsd", "s/%+1%é.xsd"),
        ] {
            assert_eq!(locate(&source, "s/from.xsd", location), expected);
        }
    }
}
