//! What a caller chooses for one pass.

use crate::xml::{Doctype, Limits};

/// What becomes of a root element that the rules do not declare and that names no type of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UndeclaredRoot {
    /// It is a violation: whoever sends a message must say what it is.
    #[default]
    Refused,
    /// It is assessed laxly (section 5.2 of the standard): whatever in it is declared is judged, the rest passes.
    Lax,
}

/// Settings of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Violations collected at most; the rest is only counted as "more". Too low hides errors from the sender, too high
    /// makes receipts long.
    pub violations_max: usize,
    /// What becomes of a root that is not declared.
    pub undeclared_root: UndeclaredRoot,
    /// What becomes of a document type declaration. Only [`super::check`] minds it: messages and incremental sources have
    /// none.
    pub doctype: Doctype,
    /// Limits of the reader.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            violations_max: 100,
            undeclared_root: UndeclaredRoot::default(),
            doctype: Doctype::default(),
            limits: Limits::default(),
        }
    }
}
