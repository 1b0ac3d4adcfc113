//! Why scanning one piece of a document ended without it.

use super::FaultCode;

/// The two ways in which a piece cannot be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The window ends inside the piece; more input may complete it.
    Short,
    /// The document is wrong at this offset of the window.
    Fault(FaultCode, usize),
}

/// A fault at `at`, as the error of a scan.
pub(super) fn fault<T>(code: FaultCode, at: usize) -> Result<T, Stop> {
    Err(Stop::Fault(code, at))
}
