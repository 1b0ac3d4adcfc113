//! What a caller chooses for one pass.

use crate::xml::Limits;

/// Settings of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Violations collected at most; the rest is only counted as "more". Too low hides errors from the sender, too high
    /// makes receipts long.
    pub violations_max: usize,
    /// Limits of the reader.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { violations_max: 100, limits: Limits::default() }
    }
}
