//! The automatic check of an opening: the fields and documents that a kind, its start and its service ask for. It runs when a case is
//! opened, where it refuses, and again on request, where it only says what is lacking.

use super::Change;
use super::steps::{Steps, Told};
use super::world::{Case, Details, Entry};
use crate::domain::lifecycle::{Kind, Lifecycle, Service, Status};
use crate::domain::wording::{Labelled, Wording};

/// Labels of the required fields that are not there.
pub(super) fn lacking_fields(kind: &Kind, details: &Details) -> Vec<Wording> {
    let lacks = kind.fields.iter().filter(|field| field.required && !details.contains_key(&field.code));
    lacks.map(Labelled::wording).collect()
}

/// Labels of the documents that the start of the lifecycle and the service ask for and that are not there.
pub(super) fn lacking_documents(
    lifecycle: &Lifecycle,
    service: Option<&Service>,
    has: impl Fn(&str) -> bool,
) -> Vec<Wording> {
    let label = |code: &String| lifecycle.document_wording(code);
    let of_service = service.map(|service| service.documents.as_slice()).unwrap_or_default();
    lifecycle
        .start()
        .documents
        .iter()
        .filter(|any| !any.iter().any(|code| has(code)))
        .map(|any| Wording::any(&any.iter().map(label).collect::<Vec<_>>()))
        .chain(of_service.iter().filter(|code| !has(code)).map(label))
        .collect()
}

/// What is lacking, for a refusal.
pub(super) fn in_russian(lacks: &[Wording]) -> Vec<&str> {
    lacks.iter().map(Wording::russian).collect()
}

impl Steps<'_> {
    /// Checks a case again, as when it was opened; the history keeps what was found, and the status is published anew.
    pub(super) fn recheck(&mut self, case: &Case, lifecycle: &Lifecycle, status: &Status, told: &Told) {
        let documents = self.documents(&case.key);
        let came = |code: &str| {
            self.changes().iter().any(|change| matches!(change, Change::Document(_, one) if one.kind == code))
        };
        let mut missing = lacking_fields(lifecycle.kind(), &case.details);
        let has = |code: &str| came(code) || documents.iter().any(|document| document.kind == code);
        missing.extend(lacking_documents(lifecycle, lifecycle.service(&case.service), has));
        let mut told = told.clone();
        told.details["missing"] = serde_json::json!(in_russian(&missing));
        told.missing = missing;
        self.record(case, Entry::Comment, Some(case.status.clone()), &case.status, &told);
        self.tell(case, lifecycle, status, &told);
    }
}
