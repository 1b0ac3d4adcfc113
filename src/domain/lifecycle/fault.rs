//! What is wrong with a lifecycle file, and where. Faults are the author's of the file; a daemon with a faulty lifecycle does
//! not start.

use std::fmt;

/// One thing wrong with a lifecycle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code, such as `lifecycle.unreachable`.
    pub code: &'static str,
    /// The file, as it was named to the loader.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.file, self.line, self.code, self.text)
    }
}

impl std::error::Error for Fault {}
