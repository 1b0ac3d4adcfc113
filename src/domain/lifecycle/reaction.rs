//! How a status answers to what happens around its case: an act of somebody, a correction, documents that came, a step of
//! another case that names this one as its parent. A status without an answer does not react, and nothing is refused.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Something that happens to a case beside status updates. Written `act:withdraw`, `corrected`, `corrected:legal`,
/// `documents:delivered`, `documents:approved`, `letter:received`, `payment:paid`, `registry-request/change:applied`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Happening {
    /// Somebody did a declared act.
    Act(String),
    /// Its fields were corrected: any, or those of a group.
    Corrected(Option<String>),
    /// Everything asked for has come.
    DocumentsDelivered,
    /// All its documents are approved.
    DocumentsApproved,
    /// A letter that names it was read by its receiver.
    LetterReceived,
    /// A case that names it as its parent entered a status.
    Child {
        /// Kind of the other case.
        kind: String,
        /// Its purpose; none: any.
        purpose: Option<String>,
        /// The status that it entered.
        status: String,
    },
}

/// The text names no happening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no happening; write for example `act:withdraw`, `corrected:legal`, `documents:delivered`, `payment:paid`"
)]
pub struct HappeningFault(String);

impl FromStr for Happening {
    type Err = HappeningFault;

    fn from_str(written: &str) -> Result<Self, HappeningFault> {
        let fault = || HappeningFault(written.to_owned());
        if written == "corrected" {
            return Ok(Self::Corrected(None));
        }
        let (who, what) = written.split_once(':').ok_or_else(fault)?;
        if who.is_empty() || what.is_empty() || what.contains([':', '/', ' ']) {
            return Err(fault());
        }
        let what = what.to_owned();
        match (who, what.as_str()) {
            ("act", _) => Ok(Self::Act(what)),
            ("corrected", _) => Ok(Self::Corrected(Some(what))),
            ("documents", "delivered") => Ok(Self::DocumentsDelivered),
            ("documents", "approved") => Ok(Self::DocumentsApproved),
            ("letter", "received") => Ok(Self::LetterReceived),
            ("documents" | "letter", _) => Err(fault()),
            _ => {
                let (kind, purpose) = match who.split_once('/') {
                    Some((kind, purpose)) => (kind, Some(purpose.to_owned())),
                    None => (who, None),
                };
                Ok(Self::Child { kind: kind.to_owned(), purpose, status: what })
            }
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(act) => write!(out, "act:{act}"),
            Self::Corrected(None) => out.write_str("corrected"),
            Self::Corrected(Some(group)) => write!(out, "corrected:{group}"),
            Self::DocumentsDelivered => out.write_str("documents:delivered"),
            Self::DocumentsApproved => out.write_str("documents:approved"),
            Self::LetterReceived => out.write_str("letter:received"),
            Self::Child { kind, purpose: None, status } => write!(out, "{kind}:{status}"),
            Self::Child { kind, purpose: Some(purpose), status } => write!(out, "{kind}/{purpose}:{status}"),
        }
    }
}

/// What must hold for a reaction or an entry beside the lifecycle's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// The child's amount is at least the case's. Where it is not, nothing moves and nothing is refused.
    AmountCovers,
    /// The one-time code is the one that was sent, and still good.
    CodeFits,
    /// The person has no open cases.
    NoOpenCases,
    /// After a former answer to the same complaint the new one brings documents that the case does not have yet.
    NewEvidence,
}

/// What a status answers to a happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// What happens.
    pub happening: Happening,
    /// The status that the case moves to; none: it stays.
    pub to: Option<String>,
    /// Reason that the move fills in by itself.
    pub reason: Option<String>,
    /// Whether the child's fields become the case's own.
    pub takes_details: bool,
    /// Kind of the case that is opened by it.
    pub opens: Option<String>,
    /// What must hold for it.
    pub guard: Option<Guard>,
    /// Whether the checks of the opening run again and the status is published anew.
    pub rechecks: bool,
}

/// Another case that entering a status opens. It takes over title, applicant, parties, addresses, amount and deadline, and each field
/// that both kinds declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Kind of the case to open.
    pub kind: String,
    /// Only where the case's own purpose is this one.
    pub purpose: Option<String>,
    /// Whether it has the number of the case itself; else its kind numbers it.
    pub same_number: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn happenings_are_written_as_they_are_read() {
        for written in [
            "act:withdraw",
            "corrected",
            "corrected:legal",
            "documents:delivered",
            "documents:approved",
            "letter:received",
            "payment:paid",
            "registry-request/change:applied",
        ] {
            assert_eq!(written.parse::<Happening>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn other_words_are_no_happenings() {
        for written in
            ["", "act", "act:", ":paid", "documents:lost", "letter:lost", "a:b:c", "payment:in time", "a:b/c"]
        {
            assert!(written.parse::<Happening>().is_err(), "{written}");
        }
    }
}
