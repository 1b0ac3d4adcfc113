//! Checks of a lifecycle file: names, the graph of statuses, timers, services. Each check notes every fault that it finds.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::load::Faults;
use super::status::{Class, Requirement};
use super::written::{Written, WrittenReason, WrittenStatus, WrittenTimer};

/// Codes, labels and references between parts of the file.
pub(super) fn names(written: &Written, faults: &mut Faults<'_>) {
    let statuses = || written.status.iter();
    form(&written.system, Form::Dashed, faults);
    labelled(&written.label, faults);
    statuses().for_each(|one| form(&one.code, Form::Underscored, faults));
    written.event.iter().for_each(|one| form(&one.code, Form::Dashed, faults));
    written.reason.iter().for_each(|one| form(&one.code, Form::Dashed, faults));
    unique("status", statuses().map(|one| &one.code), faults);
    unique("label of a status", statuses().map(|one| &one.label), faults);
    unique("event", written.event.iter().map(|one| &one.code), faults);
    unique("reason", written.reason.iter().map(|one| &one.code), faults);
    unique("service", written.service.iter().map(|one| &one.code), faults);
    let labels = statuses()
        .map(|one| &one.label)
        .chain(written.event.iter().map(|one| &one.label))
        .chain(written.reason.iter().map(|one| &one.label))
        .chain(written.service.iter().map(|one| &one.label));
    labels.for_each(|label| labelled(label, faults));
    events(written, faults);
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
        if !written.reason.iter().any(|reason| applies(reason, one)) {
            let text = format!("`{}` requires reasons but no [[reason]] is for it", one.code.get_ref());
            faults.on(&one.code, "lifecycle.no-reason", text);
        }
    }
}

fn applies(reason: &WrittenReason, status: &WrittenStatus) -> bool {
    reason.statuses.is_empty() || reason.statuses.iter().any(|one| one.get_ref() == status.code.get_ref())
}

/// The events that a timer tells of.
fn told_by(timer: &WrittenTimer) -> impl Iterator<Item = &Spanned<String>> {
    timer.remind.iter().chain(&timer.escalate)
}

/// Every event is defined, is used, and goes out by some channel.
fn events(written: &Written, faults: &mut Faults<'_>) {
    let used: Vec<&Spanned<String>> = written
        .status
        .iter()
        .flat_map(|one| one.event.iter().chain(one.timers.iter().flat_map(told_by)))
        .chain(written.timer.iter().flat_map(told_by))
        .collect();
    for name in &used {
        if !written.event.iter().any(|one| one.code.get_ref() == name.get_ref()) {
            faults.on(name, "lifecycle.unknown-event", format!("there is no [[event]] `{}`", name.get_ref()));
        }
    }
    for one in &written.event {
        if !used.iter().any(|name| name.get_ref() == one.code.get_ref()) {
            let text = format!("no status and no timer tells of `{}`", one.code.get_ref());
            faults.on(&one.code, "lifecycle.unused-event", text);
        }
        if one.channels.is_empty() {
            faults.on(&one.code, "lifecycle.no-channel", "an event goes out by at least one channel");
        }
        one.channels.iter().for_each(|channel| form(channel, Form::Dashed, faults));
        unique("channel of an event", one.channels.iter(), faults);
    }
}

/// One start; every status reachable; a way on from everything but an end, and none from an end; deadlines where
/// somebody is waited for.
pub(super) fn graph(written: &Written, faults: &mut Faults<'_>) {
    let statuses = &written.status;
    let starts: Vec<_> = statuses.iter().filter(|one| one.class == Class::Start).collect();
    match starts.as_slice() {
        [_] => {}
        [] => faults.on(&written.system, "lifecycle.no-start", "no status has the class `start`"),
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
    let ends = statuses.iter().filter(|one| one.class.is_end()).map(|one| one.code.get_ref().as_str());
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

fn ways(written: &Written, status: &WrittenStatus, faults: &mut Faults<'_>) {
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
    if status.class.is_end() && (status.term.is_some() || !status.timers.is_empty()) {
        let text = format!("`{}` is an end: it has no deadline and no timers", status.code.get_ref());
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

/// Timers move along the lifecycle, fill in the reasons that their target requires, and wait for something that exists.
pub(super) fn timers(written: &Written, faults: &mut Faults<'_>) {
    unique("timer", written.timer.iter().map(|one| &one.code), faults);
    for timer in &written.timer {
        form(&timer.code, Form::Dashed, faults);
        if let Some(to) = &timer.to {
            let text = "a timer of the whole lifecycle reminds or escalates; only a status' own timer moves";
            faults.on(to, "lifecycle.timer-target", text);
        }
    }
    for status in &written.status {
        unique("timer of a status", status.timers.iter().map(|one| &one.code), faults);
        for timer in &status.timers {
            form(&timer.code, Form::Dashed, faults);
            if timer.after.get_ref() == "deadline" && status.term.is_none() {
                let text = format!("`{}` has no `term`, so no deadline passes", status.code.get_ref());
                faults.on(&timer.after, "lifecycle.no-deadline", text);
            }
            targets(written, status, timer, faults);
        }
    }
}

fn targets(written: &Written, status: &WrittenStatus, timer: &WrittenTimer, faults: &mut Faults<'_>) {
    for to in timer.to.iter().chain(&timer.choices) {
        if !status.next.iter().any(|next| next.get_ref() == to.get_ref()) {
            let text = format!("`{}` is not a next status of `{}`", to.get_ref(), status.code.get_ref());
            faults.on(to, "lifecycle.timer-target", text);
        }
        let target = written.status.iter().find(|one| one.code.get_ref() == to.get_ref());
        let reason = timer.reason.as_ref().map(Spanned::get_ref);
        let known = |target: &WrittenStatus| {
            written.reason.iter().any(|one| Some(one.code.get_ref()) == reason && applies(one, target))
        };
        let needs = |target: &WrittenStatus| reason.is_some() || target.requires.contains(&Requirement::Reasons);
        if target.is_some_and(|target| needs(target) && !known(target)) {
            let text = format!("a move to `{}` needs a `reason` that is for it", to.get_ref());
            faults.on(to, "lifecycle.no-reason", text);
        }
    }
}

/// Services change only what may be changed.
pub(super) fn services(written: &Written, faults: &mut Faults<'_>) {
    let status = |code: &str| written.status.iter().find(|one| one.code.get_ref() == code);
    for service in &written.service {
        for (code, term) in &service.deadlines {
            if status(code).is_none_or(|one| one.term.is_none()) {
                let text = format!("`{code}` is no status with a `term`");
                faults.on(term, "lifecycle.service-deadline", text);
            }
        }
        for (name, to) in &service.timers {
            let timer = name
                .split_once('/')
                .and_then(|(code, timer)| status(code)?.timers.iter().find(|one| one.code.get_ref() == timer));
            let allowed = timer
                .is_some_and(|timer| timer.to.iter().chain(&timer.choices).any(|one| one.get_ref() == to.get_ref()));
            if !allowed {
                let text = format!("`{name}` is no timer (status/timer) that can move to `{}`", to.get_ref());
                faults.on(to, "lifecycle.service-timer", text);
            }
        }
    }
}

fn known_status(written: &Written, name: &Spanned<String>, faults: &mut Faults<'_>) {
    if !written.status.iter().any(|one| one.code.get_ref() == name.get_ref()) {
        faults.on(name, "lifecycle.unknown-status", format!("there is no [[status]] `{}`", name.get_ref()));
    }
}

fn unique<'n>(what: &str, names: impl Iterator<Item = &'n Spanned<String>>, faults: &mut Faults<'_>) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.get_ref()) {
            faults.on(name, "lifecycle.twice", format!("{what} {:?} is there twice", name.get_ref()));
        }
    }
}

fn labelled(label: &Spanned<String>, faults: &mut Faults<'_>) {
    let text = label.get_ref();
    if text.trim().is_empty() || text.trim() != text || text.chars().count() > 100 {
        faults.on(label, "lifecycle.label", "a label has 1 to 100 characters and no space at its ends");
    }
}

/// What signs part the words of a code.
#[derive(Clone, Copy)]
enum Form {
    Dashed,
    Underscored,
}

fn form(code: &Spanned<String>, form: Form, faults: &mut Faults<'_>) {
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
