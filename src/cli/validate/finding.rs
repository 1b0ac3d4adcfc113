//! What was found in one file, as people and programs are told it: the verdict, and every place that is wrong.

use serde::Serialize;

use crate::admit::{Rejected, Remark};
use crate::decode::Undecodable;
use crate::schema::SchemaFault;
use crate::validate::{Verdict, Violation};
use crate::xml::{Fault, Language};

/// The code of a file that could not be read.
const FILE_UNREADABLE: &str = "file-unreadable";
/// The code of a schema that is wrong; `--batch` says the same.
const SCHEMA_INVALID: &str = "schema-invalid";

/// How findings are worded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    pub(super) language: Language,
    /// Whether values of the document are shown.
    pub(super) values: bool,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) file: String,
    pub(super) valid: bool,
    /// Of a message that is refused as a whole: the code of the refusal. Of a file that could not be read, or a schema that is
    /// wrong: a code that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// Why a file could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    pub(super) violations: Vec<Finding>,
    /// There are more violations than are listed.
    pub(super) truncated: bool,
}

/// A place that is wrong.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Finding {
    pub(super) code: String,
    /// Name of the constraint in the standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) constraint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<u64>,
    /// Bytes of the decoded text before the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    /// Bytes of the decoded text that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    pub(super) text: String,
    pub(super) expected: Vec<String>,
    /// How many were expected, where they are more than are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected_count: Option<usize>,
    /// What the document has, cut short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<Component>,
}

/// The schema component that is broken.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Component {
    pub(super) name: String,
    /// `file:line`; nothing for what is built in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) defined: String,
}

impl Judged {
    /// A valid file.
    pub(super) fn valid(file: String) -> Self {
        Self { file, valid: true, code: None, error: None, violations: Vec::new(), truncated: false }
    }

    /// The verdict on a document.
    pub(super) fn verdict(file: String, verdict: &Verdict, wording: Wording) -> Self {
        let mut violations: Vec<Finding> = verdict.violations.iter().map(|found| wording.violation(found)).collect();
        violations.extend(verdict.fault.as_ref().map(|fault| wording.fault(fault)));
        let (valid, truncated) = (verdict.is_valid(), verdict.violations_truncated);
        Self { file, valid, code: None, error: None, violations, truncated }
    }

    /// A document whose bytes are no text.
    pub(super) fn undecodable(file: String, refusal: &Undecodable, wording: Wording) -> Self {
        let text = refusal.text(wording.language);
        let finding = Finding { code: refusal.code.as_str().to_owned(), text, ..Finding::default() };
        Self { file, valid: false, code: None, error: None, violations: vec![finding], truncated: false }
    }

    /// A file that could not be read.
    pub(super) fn unreadable(file: String, error: String) -> Self {
        let code = Some(FILE_UNREADABLE.to_owned());
        Self { file, valid: false, code, error: Some(error), violations: Vec::new(), truncated: false }
    }

    /// A schema document that is wrong, with its faults.
    pub(super) fn schema(file: String, faults: &[&SchemaFault]) -> Self {
        let violations = faults.iter().map(|fault| Finding::from(*fault)).collect();
        let code = Some(SCHEMA_INVALID.to_owned());
        Self { file, valid: false, code, error: None, violations, truncated: false }
    }

    /// A message that is refused; `found` are its places, where the rules gave them.
    pub(super) fn refused(
        file: String,
        rejected: &Rejected,
        found: Option<(Vec<Finding>, bool)>,
        wording: Wording,
    ) -> Self {
        let told = || (rejected.told_in(wording.language).into_iter().map(Finding::from).collect(), false);
        let (violations, truncated) = found.unwrap_or_else(told);
        Self { file, valid: false, code: Some(rejected.code.as_str().to_owned()), error: None, violations, truncated }
    }
}

impl Wording {
    /// A violation of the rules.
    pub(super) fn violation(self, found: &Violation) -> Finding {
        Finding {
            code: found.code().to_owned(),
            constraint: Some(found.constraint().to_owned()),
            line: Some(found.position.line),
            column: Some(found.position.column),
            offset: Some(found.position.offset),
            length: Some(found.length),
            path: Some(found.path.clone()),
            text: found.text(self.language, self.values),
            expected: found.expected().to_vec(),
            expected_count: Some(found.expected_count()).filter(|count| *count > found.expected().len()),
            value: found.value().filter(|_| self.values).map(str::to_owned),
            component: found
                .component
                .as_ref()
                .map(|known| Component { name: known.name.clone(), defined: known.place.clone() }),
        }
    }

    /// What ended the reading.
    pub(super) fn fault(self, fault: &Fault) -> Finding {
        Finding {
            code: fault.code().to_owned(),
            line: Some(fault.position.line),
            column: Some(fault.position.column),
            offset: Some(fault.position.offset),
            length: Some(0),
            text: fault.text(self.language).to_owned(),
            ..Finding::default()
        }
    }
}

impl From<&SchemaFault> for Finding {
    fn from(fault: &SchemaFault) -> Self {
        Self {
            code: fault.constraint.to_owned(),
            line: Some(fault.position.line),
            column: Some(fault.position.column),
            text: fault.text.clone(),
            ..Self::default()
        }
    }
}

impl From<Remark> for Finding {
    fn from(remark: Remark) -> Self {
        let Remark { code, constraint, line, column, path, text } = remark;
        Self { code, constraint, line, column, path, text, ..Self::default() }
    }
}
