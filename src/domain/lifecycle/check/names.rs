//! Codes, labels and references between the parts of a kind; events, which all kinds of a file share.

use super::super::load::{Faults, Shared};
use super::super::status::Requirement;
use super::super::written::{Name, WrittenEvent, WrittenKind, WrittenTimer};
use super::{Form, applies, form, known_status, labelled, unique};

/// Codes, labels and references between parts of a kind.
pub(super) fn names(written: &WrittenKind, shared: &Shared, faults: &mut Faults<'_>) {
    let statuses = || written.status.iter();
    let reasons = || written.reason.iter().chain(&shared.reasons);
    form(&written.code, Form::Dashed, faults);
    labelled(&written.label, written.label_en.as_ref(), faults);
    statuses().for_each(|one| form(&one.code, Form::Underscored, faults));
    written.reason.iter().for_each(|one| form(&one.code, Form::Dashed, faults));
    unique("status", statuses().map(|one| &one.code), faults);
    unique("label of a status", statuses().map(|one| &one.label), faults);
    unique("reason", reasons().map(|one| &one.code), faults);
    unique("service", written.service.iter().map(|one| &one.code), faults);
    unique("English label of a status", statuses().filter_map(|one| one.label_en.as_ref()), faults);
    let labels = statuses()
        .map(|one| (&one.label, &one.label_en))
        .chain(written.reason.iter().map(|one| (&one.label, &one.label_en)))
        .chain(written.service.iter().map(|one| (&one.label, &one.label_en)));
    labels.for_each(|(label, english)| labelled(label, english.as_ref(), faults));
    for service in &written.service {
        for (label, english) in [(&service.category, &service.category_en), (&service.access, &service.access_en)] {
            label.iter().for_each(|label| labelled(label, english.as_ref(), faults));
        }
    }
    for target in written.reason.iter().flat_map(|one| &one.statuses) {
        known_status(written, target, faults);
    }
    for (word, target) in &written.words {
        known_status(written, target, faults);
        if statuses().any(|one| one.code.get_ref() == word || one.label.get_ref() == word) {
            let text = format!("{word:?} is a status of this lifecycle itself; remove the word");
            faults.on(target, "lifecycle.word", text);
        }
    }
    for one in statuses().filter(|one| one.requires.contains(&Requirement::Reasons)) {
        if !reasons().any(|reason| applies(reason, one)) {
            let text = format!("`{}` requires reasons but no [[reason]] is for it", one.code.get_ref());
            faults.on(&one.code, "lifecycle.no-reason", text);
        }
    }
}

/// The events that a timer tells of.
fn told_by(timer: &WrittenTimer) -> impl Iterator<Item = &Name> {
    timer.remind.iter().chain(&timer.escalate)
}

/// Every event is defined, is used by some kind, and goes out by some channel.
pub(super) fn events(kinds: &[WrittenKind], shared: &Shared, faults: &mut Faults<'_>) {
    let statuses = || kinds.iter().flat_map(|kind| &kind.status);
    let used: Vec<&Name> = statuses()
        .flat_map(|one| one.event.iter().chain(&one.routes).chain(one.timers.iter().flat_map(told_by)))
        .chain(statuses().filter_map(|one| one.code_sent.as_ref().map(|sent| &sent.event)))
        .chain(kinds.iter().flat_map(|kind| {
            kind.timer.iter().flat_map(told_by).chain(&kind.letters).chain(kind.extension.iter().map(|one| &one.event))
        }))
        .collect();
    let documents: Vec<(&WrittenKind, &String)> = kinds
        .iter()
        .flat_map(|kind| kind.documents.iter().flat_map(|rules| rules.events.values()).map(move |code| (kind, code)))
        .collect();
    let known = |code: &str| shared.events.iter().any(|one| one.code.get_ref() == code);
    for name in used.iter().filter(|name| !known(name.get_ref())) {
        faults.on(name, "lifecycle.unknown-event", format!("there is no [[event]] `{}`", name.get_ref()));
    }
    for (kind, code) in documents.iter().filter(|(_, code)| !known(code)) {
        faults.on(&kind.code, "lifecycle.unknown-event", format!("[documents]: there is no [[event]] `{code}`"));
    }
    unique("event", shared.events.iter().map(|one| &one.code), faults);
    for one in &shared.events {
        form(&one.code, Form::Dashed, faults);
        labelled(&one.label, one.label_en.as_ref(), faults);
        let code = one.code.get_ref();
        if !used.iter().any(|name| name.get_ref() == code) && !documents.iter().any(|(_, name)| *name == code) {
            let text = format!("no status and no timer tells of `{code}`");
            faults.on(&one.code, "lifecycle.unused-event", text);
        }
        if one.channels.is_empty() {
            faults.on(&one.code, "lifecycle.no-channel", "an event goes out by at least one channel");
        }
        attached(one, kinds, faults);
        one.channels.iter().for_each(|channel| form(channel, Form::Dashed, faults));
        unique("channel of an event", one.channels.iter(), faults);
    }
}

/// What letters bring are documents of known types; a purpose is one of some kind.
fn attached(event: &WrittenEvent, kinds: &[WrittenKind], faults: &mut Faults<'_>) {
    let Some(attach) = &event.attach else { return };
    let rules = || kinds.iter().filter_map(|kind| kind.documents.as_ref());
    for code in attach.documents.iter().filter(|code| rules().all(|rules| rules.document_type(code).is_none())) {
        faults.on(&event.code, "lifecycle.unknown-document", format!("attach: there is no document type `{code}`"));
    }
    let purposes = || kinds.iter().flat_map(|kind| &kind.purpose);
    for code in attach.purpose.iter().filter(|code| purposes().all(|one| one.code.get_ref() != *code)) {
        faults.on(&event.code, "lifecycle.unknown-purpose", format!("attach: no kind has the purpose `{code}`"));
    }
}
