//! Timers of what has a validity and none that watches it: stored before the lifecycle had them. They are started as of now, so that a warning
//! whose time has passed is not given late.

use super::rows::WriteSet;
use super::steps::{By, Steps};
use super::timers::of_document;
use super::world::{CaseKey, Cause, Document, World};
use super::{Context, Lifecycles, Place, Setting};
use crate::domain::lifecycle::{Due, Lifecycle, Status, System, Timer};

/// Something that nothing watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwatched {
    /// The case.
    pub case: CaseKey,
    /// Type and number of its document; none: the case itself.
    pub document: Option<(String, String)>,
}

/// What is watched.
#[derive(Debug, Clone)]
pub struct Watched {
    /// States of documents.
    pub states: Vec<String>,
    /// Statuses of cases: system, kind, status.
    pub statuses: Vec<[String; 3]>,
}

/// The states and statuses that have timers of validity.
#[must_use]
pub fn watched(lifecycles: &Lifecycles) -> Watched {
    let by_validity = |timer: &Timer| matches!(timer.due, Due::Validity | Due::BeforeValidity(_));
    let is_watched = |status: &&Status| status.timers.iter().any(by_validity);
    let of_kind = |kind: &Lifecycle| -> Vec<[String; 3]> {
        let names = |status: &Status| [kind.system().to_owned(), kind.kind().code.clone(), status.code.clone()];
        kind.statuses().iter().filter(is_watched).map(names).collect()
    };
    Watched {
        states: lifecycles.documents.statuses().iter().filter(is_watched).map(|state| state.code.clone()).collect(),
        statuses: lifecycles.systems().flat_map(System::kinds).flat_map(of_kind).collect(),
    }
}

/// Starts the missing timers. What the calendar cannot tell yet is left for the next time.
#[must_use]
pub fn watch(unwatched: &[Unwatched], world: &World, context: &Context<'_>) -> WriteSet {
    let mut writes = WriteSet { now: context.now, ..WriteSet::default() };
    for one in unwatched {
        let setting = Setting {
            context,
            system: &one.case.system,
            sender: context.agency,
            // No history comes of it.
            cause: Cause::Timer(0),
            message_id: None,
            item: 0,
            files: &[],
            place: Place::Arrived,
            test: false,
        };
        let (Some(case), Ok(lifecycle)) = (world.case(&one.case), setting.lifecycle(&one.case.kind)) else {
            continue;
        };
        if let Some((kind, number)) = &one.document {
            let documents = world.documents.get(&one.case).into_iter().flatten();
            for document in documents.filter(|document| document.kind == *kind && document.number == *number) {
                let document = Document { changed_at: context.now, ..document.clone() };
                let mut started = Vec::new();
                if of_document(&one.case, &document, &setting, &mut started).is_ok() {
                    writes.changes.extend(started);
                }
            }
            continue;
        }
        let by = By { happened_at: context.now, agency: context.agency.to_owned(), officer: None };
        let mut steps = Steps::new(world, &setting, by);
        if steps.retimed(case, lifecycle).is_ok() {
            writes.changes.extend(steps.done().changes);
        }
    }
    writes
}
