//! What makes a schema no schema: the constraint that is broken, where, and in words.

use crate::xml::Position;

/// A fault of a schema document. The fault of the schema's author, or of whoever configured the set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{position}: {constraint}: {text}")]
pub struct SchemaFault {
    /// The document, by the path that it was read by.
    pub file: String,
    /// Where in it.
    pub position: Position,
    /// The constraint of the standard, such as `cos-nonambig` or `src-resolve`; our own for what the standard leaves to
    /// others: `schema-unreadable`, `schema-too-large`, `pattern-too-large`, `rules-appinfo`, `needs-xsd-1.1`, and the
    /// codes of [`crate::xml::FaultCode`].
    pub constraint: &'static str,
    /// What is wrong and what would be right.
    pub text: String,
}
