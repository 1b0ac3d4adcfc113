//! Lifecycles: which statuses a case can have, how it moves between them, what each move must carry, by when
//! somebody must act and who is told. A lifecycle is data, one TOML file per system (or per kind of thing that lives: documents have
//! one too), checked whole when it is loaded; code asks it and never knows a status by name.

mod build;
mod check;
mod diagram;
mod documents;
mod event;
mod extract;
mod fault;
mod field;
mod kind;
mod labels;
mod load;
mod numbering;
mod reaction;
mod rights;
mod service;
mod status;
mod system;
mod timer;
mod written;

use std::collections::HashMap;

pub use diagram::mermaid;
pub use documents::{Attribute, DocumentRules, DocumentType};
pub use event::{Attach, Audience, Event, Place, Template, TemplateFault};
pub use extract::{Addressee, AddresseeFault, Extract, Sending, Sends};
pub use fault::Fault;
pub use field::{Field, FieldType};
pub use kind::{Kind, Named, Parent, TermExtension};
pub use numbering::Numbering;
pub use reaction::{Guard, Happening, Opening, Reaction};
pub use rights::{Authority, Holder, KindName, Rights, Role, SignatureKind, Vocabulary};
pub use service::{Duplicates, Extension, Service};
pub use status::{Class, OneTime, Party, Requirement, Status};
pub use system::{Shelf, System};
pub use timer::{Action, Due, Timer};

use super::term::Term;

/// A checked lifecycle.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    system: String,
    label: String,
    label_en: Option<String>,
    version: String,
    kind: Kind,
    statuses: Vec<Status>,
    start: usize,
    /// Statuses by code, by label, and by the words of other agencies.
    by_word: HashMap<String, usize>,
    timers: Vec<Timer>,
    events: Vec<Event>,
    reasons: Vec<Reason>,
    services: Vec<Service>,
    documents: Option<DocumentRules>,
}

/// A coded reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Statuses that it can be given for; empty: all.
    pub statuses: Vec<String>,
}

/// What a wanted status means for a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step<'l> {
    /// The case may move there.
    Move(&'l Status),
    /// It is there already: a history row, no transition.
    Repeat(&'l Status),
    /// The lifecycle has no such way.
    Forbidden(&'l Status),
    /// Nobody knows such a status.
    Unknown,
}

impl Lifecycle {
    /// Reads and checks a lifecycle file that takes nothing from a shelf, and gives its main kind. `file` is its name for faults.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines; the author's fault.
    pub fn load(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        System::load(file, text, &Shelf::default()).map(System::into_main)
    }

    /// What kind of case lives so.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Code of the system whose cases live so.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What people call the system, in Russian.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What people call the system in English.
    #[must_use]
    pub fn label_en(&self) -> Option<&str> {
        self.label_en.as_deref()
    }

    /// Version of the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All statuses, in the order of the file.
    #[must_use]
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// The status with this code.
    #[must_use]
    pub fn status(&self, code: &str) -> Option<&Status> {
        self.recognize(code).filter(|status| status.code == code)
    }

    /// The status that a word means: a code, a label, or a word of another agency.
    #[must_use]
    pub fn recognize(&self, word: &str) -> Option<&Status> {
        self.by_word.get(word).and_then(|at| self.statuses.get(*at))
    }

    /// Where every case begins.
    #[must_use]
    pub fn start(&self) -> &Status {
        &self.statuses[self.start]
    }

    /// What a wanted status (code, label or word) means for a case that stands at `from`. A case whose own status is not in the lifecycle
    /// can move nowhere.
    #[must_use]
    pub fn step(&self, from: &str, word: &str) -> Step<'_> {
        let Some(to) = self.recognize(word) else {
            return Step::Unknown;
        };
        if to.code == from {
            return Step::Repeat(to);
        }
        let allowed = self.status(from).is_some_and(|from| from.next.contains(&to.code));
        if allowed { Step::Move(to) } else { Step::Forbidden(to) }
    }

    /// The deadline's term on entering a status: the service's own, else the lifecycle's. None where nobody is waited for.
    #[must_use]
    pub fn deadline(&self, status: &Status, service: Option<&Service>) -> Option<Term> {
        let own = service.and_then(|service| service.deadlines.get(&status.code)).copied();
        own.or(status.term)
    }

    /// Where a timer of a status moves a case of a service. None for timers that do not move.
    #[must_use]
    pub fn timer_target<'l>(
        &'l self,
        status: &Status,
        timer: &'l Timer,
        service: Option<&'l Service>,
    ) -> Option<&'l Status> {
        let Action::Move { to, .. } = &timer.action else {
            return None;
        };
        let chosen = service.and_then(|service| service.timers.get(&format!("{}/{}", status.code, timer.code)));
        self.status(chosen.unwrap_or(to))
    }

    /// Timers that run through the whole life of a case, from its arrival until it is not open any more.
    #[must_use]
    pub fn timers(&self) -> &[Timer] {
        &self.timers
    }

    /// The event with this code.
    #[must_use]
    pub fn event(&self, code: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.code == code)
    }

    /// All events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event that entering a status is.
    #[must_use]
    pub fn event_of(&self, status: &Status) -> Option<&Event> {
        status.event.as_deref().and_then(|code| self.event(code))
    }

    /// The reason with this code, where it can be given for the status.
    #[must_use]
    pub fn reason(&self, status: &Status, code: &str) -> Option<&Reason> {
        let fits = |reason: &&Reason| {
            reason.code == code && (reason.statuses.is_empty() || reason.statuses.contains(&status.code))
        };
        self.reasons.iter().find(fits)
    }

    /// Whether one of its statuses sends a one-time code.
    #[must_use]
    pub fn sends_codes(&self) -> bool {
        self.statuses.iter().any(|status| status.code_sent.is_some())
    }

    /// All reasons.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The service with this code.
    #[must_use]
    pub fn service(&self, code: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.code == code)
    }

    /// All services.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// What it takes as documents, where it takes any.
    #[must_use]
    pub fn documents(&self) -> Option<&DocumentRules> {
        self.documents.as_ref()
    }

    /// Every channel that an event goes out by, without repeats, in the order of the file.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        let mut channels: Vec<&str> = Vec::new();
        for channel in self.events.iter().flat_map(|event| &event.channels) {
            if !channels.contains(&channel.as_str()) {
                channels.push(channel);
            }
        }
        channels
    }
}

#[cfg(test)]
mod tests;
