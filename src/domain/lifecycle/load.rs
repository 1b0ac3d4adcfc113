//! From a lifecycle file to a [`Lifecycle`]: read, check everything, then build. All faults are collected, so that an
//! author mends a file in one go.

use std::collections::HashMap;

use toml::Spanned;

use super::event::{Event, Template};
use super::fault::Fault;
use super::service::Service;
use super::status::Status;
use super::timer::{Action, Due, Timer};
use super::written::{Written, WrittenEvent, WrittenService, WrittenStatus, WrittenTimer};
use super::{Lifecycle, Reason, check};
use crate::domain::calendar::line_of;
use crate::domain::term::Term;

/// Collects the faults of one file.
pub(super) struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    /// Notes a fault at a byte offset of the file.
    pub(super) fn at(&mut self, offset: usize, code: &'static str, text: impl Into<String>) {
        let (file, line) = (self.file.to_owned(), line_of(self.text, offset));
        self.found.push(Fault { code, file, line, text: text.into() });
    }

    /// Notes a fault at a name of the file.
    pub(super) fn on<T>(&mut self, name: &Spanned<T>, code: &'static str, text: impl Into<String>) {
        self.at(name.span().start, code, text);
    }

    fn term(&mut self, written: &Spanned<String>) -> Option<Term> {
        let parsed = written.get_ref().parse();
        parsed.map_err(|fault| self.on(written, "lifecycle.term", format!("{fault}"))).ok()
    }

    fn template(&mut self, written: &Spanned<String>) -> Option<Template> {
        let parsed = Template::parse(written.get_ref());
        parsed.map_err(|fault| self.on(written, "lifecycle.text", format!("{fault}"))).ok()
    }
}

/// Reads and checks a lifecycle file.
pub(super) fn load(file: &str, text: &str) -> Result<Lifecycle, Vec<Fault>> {
    let mut faults = Faults { file, text, found: Vec::new() };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            faults.at(offset, "lifecycle.unreadable", error.message());
            return Err(faults.found);
        }
    };
    check::names(&written, &mut faults);
    check::graph(&written, &mut faults);
    check::timers(&written, &mut faults);
    check::services(&written, &mut faults);
    let built = build(written, &mut faults);
    match built {
        Some(lifecycle) if faults.found.is_empty() => Ok(lifecycle),
        _ => {
            faults.found.sort_by_key(|fault| fault.line);
            Err(faults.found)
        }
    }
}

/// Builds the lifecycle; none where a part of it cannot be read.
fn build(written: Written, faults: &mut Faults<'_>) -> Option<Lifecycle> {
    let statuses: Vec<_> = written.status.into_iter().map(|one| status(one, faults)).collect();
    let events: Vec<_> = written.event.into_iter().map(|one| event(one, faults)).collect();
    let services: Vec<_> = written.service.into_iter().map(|one| service(one, faults)).collect();
    let timers: Vec<_> = written.timer.into_iter().map(|one| timer(one, faults)).collect();
    let statuses: Vec<Status> = statuses.into_iter().collect::<Option<_>>()?;
    let words = written.words.into_iter().map(|(word, code)| (word, code.into_inner()));
    let known =
        statuses.iter().flat_map(|one| [(one.label.clone(), one.code.clone()), (one.code.clone(), one.code.clone())]);
    let by_word = words
        .chain(known)
        .filter_map(|(word, code)| Some((word, statuses.iter().position(|one| one.code == code)?)))
        .collect::<HashMap<_, _>>();
    Some(Lifecycle {
        system: written.system.into_inner(),
        label: written.label.into_inner(),
        version: written.version,
        start: statuses.iter().position(|one| one.class == super::Class::Start)?,
        statuses,
        by_word,
        timers: timers.into_iter().collect::<Option<_>>()?,
        events: events.into_iter().collect::<Option<_>>()?,
        reasons: written.reason.into_iter().map(reason).collect(),
        services: services.into_iter().collect::<Option<_>>()?,
        documents: written.documents,
    })
}

fn reason(written: super::written::WrittenReason) -> Reason {
    Reason { code: written.code.into_inner(), label: written.label.into_inner(), statuses: plain(written.statuses) }
}

fn plain(names: Vec<Spanned<String>>) -> Vec<String> {
    names.into_iter().map(Spanned::into_inner).collect()
}

fn status(written: WrittenStatus, faults: &mut Faults<'_>) -> Option<Status> {
    let term = written.term.as_ref().map(|term| faults.term(term));
    let timers: Vec<_> = written.timers.into_iter().map(|one| timer(one, faults)).collect();
    Some(Status {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        class: written.class,
        waits_for: written.waits_for,
        next: plain(written.next),
        requires: written.requires,
        term: match term {
            Some(term) => Some(term?),
            None => None,
        },
        event: written.event.map(Spanned::into_inner),
        timers: timers.into_iter().collect::<Option<_>>()?,
    })
}

fn timer(written: WrittenTimer, faults: &mut Faults<'_>) -> Option<Timer> {
    let due = match written.after.get_ref().as_str() {
        "deadline" => Due::Deadline,
        "service term" => Due::ServiceTerm,
        "validity" => Due::Validity,
        _ => Due::After(faults.term(&written.after)?),
    };
    let action = match (written.to, written.remind, written.escalate) {
        (Some(to), None, None) => Action::Move {
            to: to.into_inner(),
            choices: plain(written.choices),
            reason: written.reason.map(Spanned::into_inner),
        },
        (None, Some(event), None) => Action::Remind { event: event.into_inner() },
        (None, None, Some(event)) => Action::Escalate { event: event.into_inner() },
        _ => {
            let text = "a timer does exactly one thing: write one of `move`, `remind`, `escalate`";
            faults.on(&written.code, "lifecycle.timer-action", text);
            return None;
        }
    };
    Some(Timer { code: written.code.into_inner(), due, action })
}

fn event(written: WrittenEvent, faults: &mut Faults<'_>) -> Option<Event> {
    let title = faults.template(&written.title);
    let short = faults.template(&written.short);
    let long = faults.template(&written.long);
    let to_do = written.to_do.as_ref().map(|text| faults.template(text));
    Some(Event {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        channels: plain(written.channels),
        title: title?,
        short: short?,
        long: long?,
        to_do: match to_do {
            Some(text) => Some(text?),
            None => None,
        },
    })
}

fn service(written: WrittenService, faults: &mut Faults<'_>) -> Option<Service> {
    let term = faults.term(&written.term);
    let earliest = written.earliest.as_ref().map(|term| faults.term(term));
    let deadlines: Vec<_> =
        written.deadlines.into_iter().map(|(status, term)| Some((status, faults.term(&term)?))).collect();
    Some(Service {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        term: term?,
        earliest: match earliest {
            Some(term) => Some(term?),
            None => None,
        },
        extension: written.extension,
        duplicates: written.duplicates,
        deadlines: deadlines.into_iter().collect::<Option<_>>()?,
        timers: written.timers.into_iter().map(|(timer, to)| (timer, to.into_inner())).collect(),
    })
}
