//! The graph of a kind's statuses: one start, every status reachable, no way out of an end, deadlines where somebody is waited for.

use std::collections::{HashMap, HashSet};

use super::super::load::Faults;
use super::super::status::Class;
use super::super::written::{WrittenKind, WrittenStatus};
use super::{known_status, unique};

/// One start; every status reachable; from everything a way to an end or to what stands in force, and none from an end; deadlines where
/// somebody is waited for.
pub(super) fn graph(written: &WrittenKind, faults: &mut Faults<'_>) {
    let statuses = &written.status;
    let starts: Vec<_> = statuses.iter().filter(|one| one.class == Class::Start).collect();
    match starts.as_slice() {
        [_] => {}
        [] => faults.on(&written.code, "lifecycle.no-start", "no status has the class `start`"),
        [_, more @ ..] => more.iter().for_each(|one| {
            faults.on(&one.code, "lifecycle.two-starts", "a lifecycle has one status of class `start`");
        }),
    }
    for one in statuses {
        ways(written, one, faults);
        station(one, faults);
    }
    let forth: HashMap<&str, Vec<&str>> = statuses
        .iter()
        .map(|one| (one.code.get_ref().as_str(), one.next.iter().map(|next| next.get_ref().as_str()).collect()))
        .collect();
    let mut back: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, targets) in &forth {
        for to in targets {
            back.entry(to).or_default().push(from);
        }
    }
    let reached = walk(&forth, starts.iter().map(|one| one.code.get_ref().as_str()));
    let ends = statuses.iter().filter(|one| one.class.is_end() || one.standing).map(|one| one.code.get_ref().as_str());
    let ending = walk(&back, ends);
    for one in statuses {
        let code = one.code.get_ref().as_str();
        if !reached.contains(code) {
            faults.on(&one.code, "lifecycle.unreachable", format!("no way leads from the start to `{code}`"));
        }
        if !ending.contains(code) {
            faults.on(&one.code, "lifecycle.endless", format!("no way leads from `{code}` to an end"));
        }
    }
}

fn ways(written: &WrittenKind, status: &WrittenStatus, faults: &mut Faults<'_>) {
    unique("next status", status.next.iter(), faults);
    for next in &status.next {
        known_status(written, next, faults);
        if next.get_ref() == status.code.get_ref() {
            let text = "a repeat of the current status is always allowed and no transition; remove it from `next`";
            faults.on(next, "lifecycle.self-transition", text);
        }
    }
    if status.class.is_end() && !status.next.is_empty() {
        let text = format!("`{}` is an end: no way may lead out of it", status.code.get_ref());
        faults.on(&status.code, "lifecycle.way-out", text);
    }
}

fn station(status: &WrittenStatus, faults: &mut Faults<'_>) {
    let waiting = status.class == Class::Waiting;
    if waiting != status.waits_for.is_some() {
        let text = "`waits_for` belongs to every status of class `waiting` and to no other";
        faults.on(&status.code, "lifecycle.waits-for", text);
    }
    if waiting && status.term.is_none() {
        let text = format!("`{}` waits for somebody and needs a `term`", status.code.get_ref());
        faults.on(&status.code, "lifecycle.no-deadline", text);
    }
    if status.standing && (status.class.is_end() || waiting) {
        let text = "what stands in force neither waits for somebody nor is at its end; remove `standing`";
        faults.on(&status.code, "lifecycle.standing", text);
    }
    if status.class.is_end() && (status.term.is_some() || !status.timers.is_empty() || !status.on.is_empty()) {
        let text = format!("`{}` is an end: it has no deadline, no timers and no reactions", status.code.get_ref());
        faults.on(&status.code, "lifecycle.way-out", text);
    }
}

/// All names that can be reached from some.
fn walk<'n>(ways: &HashMap<&'n str, Vec<&'n str>>, from: impl Iterator<Item = &'n str>) -> HashSet<&'n str> {
    let mut seen = HashSet::new();
    let mut open: Vec<&str> = from.collect();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            open.extend(ways.get(name).into_iter().flatten());
        }
    }
    seen
}
