//! Documents of a case (rule 5 of the trade): what a verdict does to one, which attributes it lacks, whether it is
//! still valid, and which files a system takes. Where it moves is data: the documents' own lifecycle.

use chrono::NaiveDate;

use super::lifecycle::{Attribute, DocumentRules, Due, Lifecycle, Requirement, Status, Step};
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
    #[error("status-incomplete: this verdict needs a reason; send it again with one")]
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

/// Why a verdict is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Why<'w> {
    /// Code of the reason.
    pub code: Option<&'w str>,
    /// In words.
    pub text: Option<&'w str>,
}

/// The state that a verdict moves a document to. A verdict equal to the present state moves nothing and is allowed.
///
/// # Errors
/// The documents' lifecycle does not allow it, or the reason is missing or unknown.
pub fn verdict<'l>(
    documents: &'l Lifecycle,
    state: &str,
    verdict: &str,
    why: Why<'_>,
) -> Result<&'l Status, VerdictFault> {
    let to = match documents.step(state, verdict) {
        Step::Move(to) if by_validity(documents, state, to) => return Err(VerdictFault::Unknown),
        Step::Move(to) | Step::Repeat(to) => to,
        Step::Forbidden(_) => return Err(VerdictFault::Forbidden),
        Step::Unknown => return Err(VerdictFault::Unknown),
    };
    match why.code {
        Some(code) if documents.reason(to, code).is_none() => Err(VerdictFault::UnknownReason),
        None if why.text.is_none() && to.requires.contains(&Requirement::Reasons) => Err(VerdictFault::NoReason),
        _ => Ok(to),
    }
}

/// The states that a verdict may move a document to.
#[must_use]
pub fn verdicts<'l>(documents: &'l Lifecycle, state: &str) -> Vec<&'l Status> {
    let next = documents.status(state).map(|from| from.next.as_slice()).unwrap_or_default();
    let ways = next.iter().filter_map(|code| documents.status(code));
    ways.filter(|to| !by_validity(documents, state, to)).collect()
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
pub fn lacks(rules: &DocumentRules, kind: &str, given: &[Attribute]) -> Vec<Attribute> {
    let own = rules.document_type(kind).map(|own| own.requires.as_slice()).unwrap_or_default();
    let own = own.iter().filter(|attribute| !rules.requires.contains(attribute));
    rules.requires.iter().chain(own).copied().filter(|attribute| !given.contains(attribute)).collect()
}

/// Why a system does not take a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken<'r> {
    /// Of such formats only.
    Format(&'r [String]),
    /// Of so many bytes at most.
    Size(u64),
}

/// Whether a system takes a file of this media type and size for a document of this type.
///
/// # Errors
/// It does not.
pub fn taken<'r>(rules: &'r DocumentRules, kind: &str, media_type: &str, size: u64) -> Result<(), NotTaken<'r>> {
    let (media_type, formats) = (media::normal(media_type), rules.formats(kind));
    if !formats.iter().any(|format| *format == media_type) {
        return Err(NotTaken::Format(formats));
    }
    let size_bytes_max = rules.size_bytes_max(kind);
    if size > size_bytes_max { Err(NotTaken::Size(size_bytes_max)) } else { Ok(()) }
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
            let judged = verdict(&documents, state, word, Why { code: reason, text: None });
            assert_eq!(judged.map(|to| to.code.as_str()).map_err(VerdictFault::code), outcome, "{state} → {word}");
        }
    }

    #[test]
    fn a_reason_in_words_is_one() {
        let why = Why { code: None, text: Some("нечитаем") };
        assert_eq!(verdict(&documents(), "on_check", "rejected", why).unwrap().code, "rejected");
    }

    fn rules() -> DocumentRules {
        toml::from_str(
            r#"
            formats = ["application/pdf", "image/jpeg"]
            size_bytes_max = 100
            requires = ["number"]
            signable = ["application/pdf"]

            [[type]]
            code = "deed"
            label = "Документ"
            requires = ["number", "issued-on"]
            formats = ["application/xml"]
            size_bytes_max = 200
            "#,
        )
        .unwrap()
    }

    #[test]
    fn attributes() {
        let rules = rules();
        assert_eq!(lacks(&rules, "deed", &[Attribute::Number]), [Attribute::IssuedOn]);
        assert_eq!(lacks(&rules, "deed", &[]), [Attribute::Number, Attribute::IssuedOn]);
        assert_eq!(lacks(&rules, "deed", &[Attribute::IssuedOn, Attribute::Number]), []);
        assert_eq!(lacks(&rules, "unheard-of", &[]), [Attribute::Number]);
    }

    #[test]
    fn formats_and_sizes() {
        let rules = rules();
        let general = ["application/pdf".to_owned(), "image/jpeg".to_owned()];
        let own = ["application/xml".to_owned()];
        for (kind, media_type, size, outcome) in [
            ("site-plan", "application/pdf", 1, Ok(())),
            ("site-plan", "image/jpg", 100, Ok(())),
            ("site-plan", "application/pdf", 101, Err(NotTaken::Size(100))),
            ("site-plan", "application/zip", 1, Err(NotTaken::Format(&general))),
            ("deed", "text/xml", 200, Ok(())),
            ("deed", "text/xml", 201, Err(NotTaken::Size(200))),
            ("deed", "application/pdf", 1, Err(NotTaken::Format(&own))),
        ] {
            assert_eq!(taken(&rules, kind, media_type, size), outcome, "{kind} {media_type} {size}");
        }
        assert!(rules.is_signable("application/pdf") && !rules.is_signable("image/jpeg"));
        assert!(DocumentRules { signable: Vec::new(), ..rules }.is_signable("image/jpeg"));
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
