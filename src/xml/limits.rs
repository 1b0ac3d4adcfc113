//! Named limits on everything that a document could make large.

/// What a reader accepts at most. Reaching a limit ends the reading with a [`crate::xml::Fault`] whose code names the
/// limit, so memory and time stay bounded whatever a sender wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document. Too low refuses honest large files; too high costs only time, as reading streams.
    pub document_bytes_max: u64,
    /// Elements open at the same time. Real messages stay below 30; each open element costs about 100 bytes.
    pub depth_max: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// Namespace declarations in scope at the same time.
    pub namespaces_max: usize,
    /// Bytes of one name, prefix included.
    pub name_bytes_max: usize,
    /// Bytes of character data between two tags, after references are replaced. An attachment in base64 is one such text.
    pub text_bytes_max: usize,
    /// Bytes of one attribute value, after references are replaced.
    pub attribute_value_bytes_max: usize,
    /// Bytes of one tag, comment, processing instruction or CDATA section.
    pub markup_bytes_max: usize,
    /// Bytes that entities and attribute defaults of a DOCTYPE may put in, where one is allowed; messages have none.
    pub expansion_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 64 << 30,
            depth_max: 256,
            attributes_max: 256,
            namespaces_max: 256,
            name_bytes_max: 1024,
            text_bytes_max: 16 << 20,
            attribute_value_bytes_max: 1 << 20,
            markup_bytes_max: 16 << 20,
            expansion_bytes_max: 4 << 20,
        }
    }
}
