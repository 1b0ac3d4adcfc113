//! Documents of a case (rule 5 of the trade): what a verdict does to one, which attributes it lacks, whether it is
//! still valid, and which files a system takes. Where it moves is data: the documents' own lifecycle.

use chrono::NaiveDate;

use super::lifecycle::{Attribute, DocumentRules, DocumentType, Due, Lifecycle, Requirement, Status, Step};
use super::media;

/// Why a verdict cannot be given. Always the sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerdictFault {
    /// No such state, or not one that a verdict gives.
    #[error("unknown-status: there is no such verdict; send one of the states of a document")]
    Unknown,
    /// The document cannot go there from where it is.
    #[error("forbidden-verdict: the document is not in a state for this verdict")]
    Forbidden,
    /// The verdict asks for a reason.
    #[error("status-incomplete: this verdict needs a coded reason; send it again with one")]
    NoReason,
    /// The reason is not one for this verdict.
    #[error("unknown-reason: the reason is not one for this verdict; send a listed one")]
    UnknownReason,
}

impl VerdictFault {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown-status",
            Self::Forbidden => "forbidden-verdict",
            Self::NoReason => "status-incomplete",
            Self::UnknownReason => "unknown-reason",
        }
    }
}

/// The state that a verdict moves a document to. A verdict equal to the present state moves nothing and is allowed.
///
/// # Errors
/// The documents' lifecycle does not allow it, or the reason is missing or unknown.
pub fn verdict<'l>(
    documents: &'l Lifecycle,
    state: &str,
    verdict: &str,
    reason: Option<&str>,
) -> Result<&'l Status, VerdictFault> {
    let to = match documents.step(state, verdict) {
        Step::Move(to) if by_validity(documents, state, to) => return Err(VerdictFault::Unknown),
        Step::Move(to) | Step::Repeat(to) => to,
        Step::Forbidden(_) => return Err(VerdictFault::Forbidden),
        Step::Unknown => return Err(VerdictFault::Unknown),
    };
    match reason {
        Some(code) if documents.reason(to, code).is_none() => Err(VerdictFault::UnknownReason),
        None if to.requires.contains(&Requirement::Reasons) => Err(VerdictFault::NoReason),
        _ => Ok(to),
    }
}

/// Whether only the passing of validity moves a document there, never a verdict.
fn by_validity(documents: &Lifecycle, state: &str, to: &Status) -> bool {
    documents.status(state).is_some_and(|from| {
        from.timers
            .iter()
            .any(|timer| timer.due == Due::Validity && documents.timer_target(from, timer, None) == Some(to))
    })
}

/// The attributes that a document of a type lacks when it has only these.
#[must_use]
pub fn lacks(rules: Option<&DocumentType>, given: &[Attribute]) -> Vec<Attribute> {
    let required = rules.map_or(&[][..], |rules| rules.requires.as_slice());
    required.iter().copied().filter(|attribute| !given.contains(attribute)).collect()
}

/// Whether a system takes a file of this media type and size for a document of this type.
#[must_use]
pub fn is_taken(rules: &DocumentRules, kind: &str, media_type: &str, size: u64) -> bool {
    let own = rules.document_type(kind).map(|one| &one.formats).filter(|formats| !formats.is_empty());
    let media_type = media::normal(media_type);
    size <= rules.size_bytes_max && own.unwrap_or(&rules.formats).iter().any(|format| *format == media_type)
}

/// Whether a document is past its validity on a day; its last day is a valid one.
#[must_use]
pub fn is_expired(valid_until: Option<NaiveDate>, today: NaiveDate) -> bool {
    valid_until.is_some_and(|last| today > last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Lifecycle {
        Lifecycle::load("documents.toml", include_str!("../../xsd/common/documents.toml")).unwrap()
    }

    #[test]
    fn verdicts() {
        let documents = documents();
        for (state, word, reason, outcome) in [
            ("uploaded", "on_check", None, Ok("on_check")),
            ("uploaded", "На проверке", None, Ok("on_check")),
            ("on_check", "approved", None, Ok("approved")),
            ("on_check", "on_check", None, Ok("on_check")),
            ("on_check", "rejected", Some("illegible"), Ok("rejected")),
            ("on_check", "rejected", None, Err("status-incomplete")),
            ("on_check", "rejected", Some("rain"), Err("unknown-reason")),
            ("on_check", "approved", Some("illegible"), Err("unknown-reason")),
            ("uploaded", "approved", None, Err("forbidden-verdict")),
            ("approved", "on_check", None, Err("forbidden-verdict")),
            ("rejected", "approved", None, Err("forbidden-verdict")),
            ("expired", "approved", None, Err("forbidden-verdict")),
            ("on_check", "expired", None, Err("unknown-status")),
            ("on_check", "burnt", None, Err("unknown-status")),
        ] {
            let judged = verdict(&documents, state, word, reason);
            assert_eq!(judged.map(|to| to.code.as_str()).map_err(VerdictFault::code), outcome, "{state} → {word}");
        }
    }

    #[test]
    fn attributes() {
        let kind = DocumentType {
            code: "deed".into(),
            label: "Документ".into(),
            requires: vec![Attribute::Number, Attribute::IssuedOn],
            formats: Vec::new(),
            access: Vec::new(),
        };
        assert_eq!(lacks(Some(&kind), &[Attribute::Number]), [Attribute::IssuedOn]);
        assert_eq!(lacks(Some(&kind), &[Attribute::IssuedOn, Attribute::Number]), []);
        assert_eq!(lacks(None, &[]), []);
    }

    #[test]
    fn formats_and_sizes() {
        let epgu = Lifecycle::load("epgu", include_str!("../../xsd/epgu/lifecycle.toml")).unwrap();
        let rules = epgu.documents().unwrap();
        let largest = rules.size_bytes_max;
        for (kind, media_type, size, taken) in [
            ("site-plan", "application/pdf", 1, true),
            ("site-plan", "image/jpg", largest, true),
            ("site-plan", "application/pdf", largest + 1, false),
            ("site-plan", "application/zip", 1, false),
            ("decision", "image/png", 1, false),
            ("decision", "text/xml", 1, true),
            ("unheard-of", "image/png", 1, true),
        ] {
            assert_eq!(is_taken(rules, kind, media_type, size), taken, "{kind} {media_type} {size}");
        }
    }

    #[test]
    fn the_last_day_is_valid() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (until, today, expired) in [
            (Some("2026-03-10"), "2026-03-10", false),
            (Some("2026-03-10"), "2026-03-11", true),
            (None, "2999-01-01", false),
        ] {
            assert_eq!(is_expired(until.map(day), day(today)), expired);
        }
    }
}
