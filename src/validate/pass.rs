//! What a pass over a document gives, and how the rules of a body are chosen on the way.

use super::Violation;
use crate::rules::{CaptureTree, Captured, Rules};
use crate::xml::{Fault, Span};

/// Chooses rules for the foreign element inside an envelope, once the header has been read.
pub trait Bodies<'r> {
    /// Chooses by what the header says and by the element's name.
    fn pick(&self, header: &Captured, namespace: &str, local: &str) -> Pick<'r>;
}

/// What becomes of a foreign element.
#[derive(Debug, Clone, Copy)]
pub enum Pick<'r> {
    /// It is validated as a root by these rules, and its values are captured.
    Rules {
        /// Its rules.
        rules: &'r Rules,
        /// What is wanted of it.
        captures: &'r CaptureTree,
        /// The caller's own mark for the choice; handed back in [`BodyPass::tag`].
        tag: usize,
    },
    /// It is only checked for well-formedness.
    Refuse {
        /// Why, as the caller's stable code; handed back in [`RefusedBody::code`].
        code: &'static str,
    },
}

/// For documents without a body: refuses any.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBodies;

impl<'r> Bodies<'r> for NoBodies {
    fn pick(&self, _header: &Captured, _namespace: &str, _local: &str) -> Pick<'r> {
        Pick::Refuse { code: "no-body-expected" }
    }
}

/// The result of a pass with captures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pass {
    /// What the document's own rules captured; of a truncated document, what came before the fault.
    pub captured: Captured,
    /// The body, if one was picked.
    pub body: Option<BodyPass>,
    /// The body, if it was refused.
    pub refused_body: Option<RefusedBody>,
    /// Violations, in the order of finding.
    pub violations: Vec<Violation>,
    /// There were more violations than are kept.
    pub violations_truncated: bool,
    /// What ended the reading, if the text is not well-formed or passes a limit.
    pub fault: Option<Fault>,
}

impl Pass {
    /// Whether the document is valid throughout. A refused body is the caller's matter.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.fault.is_none() && self.violations.is_empty()
    }
}

/// The body of an envelope, validated by its own rules.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyPass {
    /// The mark that the choice of rules gave.
    pub tag: usize,
    /// What its rules captured.
    pub captured: Captured,
    /// Namespace of its root element.
    pub namespace: String,
    /// Local name of its root element.
    pub local: String,
    /// The whole element; of a truncated document, up to the fault.
    pub span: Span,
}

/// A body that no rules were found for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBody {
    /// Why, as the choice of rules said.
    pub code: &'static str,
    /// Namespace of its root element.
    pub namespace: String,
    /// Local name of its root element.
    pub local: String,
    /// The whole element; of a truncated document, its start tag.
    pub span: Span,
}

/// The result of a check without captures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Violations, in the order of finding.
    pub violations: Vec<Violation>,
    /// There were more violations than are kept.
    pub violations_truncated: bool,
    /// What ended the reading, if the text is not well-formed or passes a limit.
    pub fault: Option<Fault>,
}

impl Verdict {
    /// Whether the document is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.fault.is_none() && self.violations.is_empty()
    }
}
