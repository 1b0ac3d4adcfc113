//! Schema documents as trees: an element together with the document instance and the global definition that it is in.

use roxmltree::Node;

use crate::rules::XS_NAMESPACE;
use crate::rules::draft::Prefixes;
use crate::xml::XML_NAMESPACE;

/// An element of a schema document in its context.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'d> {
    pub(super) node: Node<'d, 'd>,
    /// The document instance.
    pub(super) instance: usize,
    /// The global definition that it belongs to, for references of a redefinition to itself.
    pub(super) within: Option<usize>,
}

impl<'d> Item<'d> {
    /// The local name of an element of the schema language, `""` for any other.
    pub(super) fn tag(self) -> &'d str {
        tag(self.node)
    }

    /// An attribute without a namespace, white space trimmed.
    pub(super) fn attribute(self, name: &str) -> Option<&'d str> {
        self.node.attribute(name).map(|value| value.trim_matches(crate::xml::is_space))
    }

    /// An attribute as written.
    pub(super) fn raw_attribute(self, name: &str) -> Option<&'d str> {
        self.node.attribute(name)
    }

    /// Whether a boolean attribute is set.
    pub(super) fn flag(self, name: &str) -> bool {
        matches!(self.attribute(name), Some("true" | "1"))
    }

    /// Child elements of the schema language, annotations left out.
    pub(super) fn children(self) -> impl Iterator<Item = Item<'d>> {
        self.all_children().filter(|child| child.tag() != "annotation")
    }

    /// Child elements of the schema language.
    pub(super) fn all_children(self) -> impl Iterator<Item = Item<'d>> {
        let Item { instance, within, .. } = self;
        let elements = self.node.children().filter(|child| !tag(*child).is_empty());
        elements.map(move |node| Item { node, instance, within })
    }

    /// The first child called `name`.
    pub(super) fn child(self, name: &str) -> Option<Item<'d>> {
        self.all_children().find(|child| child.tag() == name)
    }

    /// What prefixes mean here.
    pub(super) fn prefixes(self) -> NodePrefixes<'d> {
        NodePrefixes(self.node)
    }
}

fn tag<'d>(node: Node<'d, 'd>) -> &'d str {
    if node.is_element() && node.tag_name().namespace() == Some(XS_NAMESPACE) { node.tag_name().name() } else { "" }
}

/// The namespaces in scope of an element of a schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodePrefixes<'d>(Node<'d, 'd>);

impl Prefixes for NodePrefixes<'_> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "" => Some(self.0.lookup_namespace_uri(None).unwrap_or("")),
            "xml" => Some(XML_NAMESPACE),
            _ => self.0.lookup_namespace_uri(Some(prefix)),
        }
    }
}

/// Bytes between two marks of [`Lines`].
const MARK_BYTES: usize = 1024;

/// Starts of lines, for turning offsets into lines and columns quickly, however long the lines are.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Characters before every so many bytes.
    marks: Vec<usize>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let feeds = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let mut characters = 0;
        let marks = text.as_bytes().chunks(MARK_BYTES).map(|chunk| {
            let before = characters;
            characters += count(chunk);
            before
        });
        Self { marks: marks.collect(), starts: std::iter::once(0).chain(feeds).collect() }
    }

    /// Line and column of an offset, from 1, the column in characters.
    pub(super) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = self.characters(text, offset) - self.characters(text, start) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// Characters before an offset.
    fn characters(&self, text: &str, offset: usize) -> usize {
        let mark = offset / MARK_BYTES;
        let rest = text.as_bytes().get(mark * MARK_BYTES..offset).unwrap_or(&[]);
        self.marks.get(mark).copied().unwrap_or_else(|| text.chars().count()) + count(rest)
    }
}

/// Characters that begin in a stretch of UTF-8.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let text = format!("а\n{}б\nв", "ы".repeat(3000));
        let lines = Lines::new(&text);
        for (offset, expected) in
            [(0, (1, 1)), (2, (1, 2)), (3, (2, 1)), (5, (2, 2)), (6003, (2, 3001)), (6006, (3, 1))]
        {
            assert_eq!(lines.position(&text, offset), expected, "{offset}");
        }
        assert_eq!(lines.position(&text, usize::MAX), (3, 2));
        assert_eq!(Lines::new("").position("", 0), (1, 1));
        let whole = "x".repeat(MARK_BYTES);
        assert_eq!(Lines::new(&whole).position(&whole, MARK_BYTES), (1, 1025));
    }
}
