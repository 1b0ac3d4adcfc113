//! Checks of a lifecycle file, kind by kind: names, the graph of statuses, timers, services, what kinds say of each other. Each
//! check notes every fault that it finds.

mod extracts;
mod graph;
mod kinds;
mod names;
mod reactions;
mod timers;

use std::collections::HashSet;

pub(super) use extracts::extracts;
pub(super) use kinds::file;

use super::Lifecycle;
use super::load::{Faults, Shared};
use super::written::{Name, WrittenKind, WrittenReason, WrittenStatus};

/// What others may say of a kind.
struct Known<'k> {
    code: &'k str,
    statuses: Vec<&'k str>,
    purposes: Vec<&'k str>,
    parents: Vec<&'k str>,
}

impl<'k> Known<'k> {
    fn written(kind: &'k WrittenKind) -> Self {
        Self {
            code: kind.code.get_ref(),
            statuses: kind.status.iter().map(|one| one.code.get_ref().as_str()).collect(),
            purposes: kind.purpose.iter().map(|one| one.code.get_ref().as_str()).collect(),
            parents: kind.parent.iter().map(|one| one.kind.get_ref().as_str()).collect(),
        }
    }

    fn taken(lifecycle: &'k Lifecycle) -> Self {
        let kind = lifecycle.kind();
        Self {
            code: &kind.code,
            statuses: lifecycle.statuses().iter().map(|one| one.code.as_str()).collect(),
            purposes: kind.purposes.iter().map(|one| one.code.as_str()).collect(),
            parents: kind.parents.iter().map(|one| one.kind.as_str()).collect(),
        }
    }
}

/// All kinds of a file; `taken` are those that it takes from the shelf.
pub(super) fn all(kinds: &[WrittenKind], shared: &Shared, taken: &[Lifecycle], faults: &mut Faults<'_>) {
    let known: Vec<Known<'_>> = kinds.iter().map(Known::written).chain(taken.iter().map(Known::taken)).collect();
    names::events(kinds, shared, faults);
    for kind in kinds {
        names::names(kind, shared, faults);
        graph::graph(kind, faults);
        timers::timers(kind, shared, faults);
        timers::services(kind, faults);
        kinds::kind(kind, &known, faults);
        reactions::reactions(kind, shared, &known, faults);
    }
    reactions::chains(kinds, faults);
}

fn known_status(written: &WrittenKind, name: &Name, faults: &mut Faults<'_>) {
    if !written.status.iter().any(|one| one.code.get_ref() == name.get_ref()) {
        faults.on(name, "lifecycle.unknown-status", format!("there is no [[status]] `{}`", name.get_ref()));
    }
}

fn unique<'n>(what: &str, names: impl Iterator<Item = &'n Name>, faults: &mut Faults<'_>) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.get_ref()) {
            faults.on(name, "lifecycle.twice", format!("{what} {:?} is there twice", name.get_ref()));
        }
    }
}

/// A label, and its English.
fn labelled(label: &Name, english: Option<&Name>, faults: &mut Faults<'_>) {
    for label in [Some(label), english].into_iter().flatten() {
        let text = label.get_ref();
        if text.trim().is_empty() || text.trim() != text || text.chars().count() > 100 {
            faults.on(label, "lifecycle.label", "a label has 1 to 100 characters and no space at its ends");
        }
    }
    let cyrillic = |sign: char| ('\u{400}'..='\u{52f}').contains(&sign);
    if let Some(english) = english.filter(|english| english.get_ref().contains(cyrillic)) {
        let text = "an English label has no Cyrillic letter; without one the Russian stands in";
        faults.on(english, "lifecycle.label", text);
    }
}

fn applies(reason: &WrittenReason, status: &WrittenStatus) -> bool {
    reason.statuses.is_empty() || reason.statuses.iter().any(|one| one.get_ref() == status.code.get_ref())
}

/// What signs part the words of a code.
#[derive(Clone, Copy)]
enum Form {
    Dashed,
    Underscored,
}

fn form(code: &Name, form: Form, faults: &mut Faults<'_>) {
    let (dash, example) = match form {
        Form::Dashed => ('-', "status-changed"),
        Form::Underscored => ('_', "under_review"),
    };
    let text = code.get_ref();
    let signs = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == dash;
    if !(2..=64).contains(&text.len())
        || !text.starts_with(|sign: char| sign.is_ascii_lowercase())
        || !text.chars().all(signs)
    {
        let text = format!("`{text}` is no code; write small Latin letters and digits such as `{example}`, at most 64");
        faults.on(code, "lifecycle.code", text);
    }
}
