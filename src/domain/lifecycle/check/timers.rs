//! Timers and services: they move along the lifecycle, fill in the reasons that their target requires, and wait for something that exists.

use toml::Spanned;

use super::super::load::{Faults, Shared};
use super::super::status::Requirement;
use super::super::written::{Name, WrittenKind, WrittenStatus, WrittenTimer};
use super::{Form, applies, form, unique};

/// Timers move along the lifecycle, fill in the reasons that their target requires, and wait for something that exists.
pub(super) fn timers(written: &WrittenKind, shared: &Shared, faults: &mut Faults<'_>) {
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
        if let Some(sent) = &status.code_sent {
            reasoned(written, shared, &sent.exhausted, sent.reason.as_ref(), faults);
        }
        for timer in &status.timers {
            form(&timer.code, Form::Dashed, faults);
            let deadline = timer.after.iter().chain(&timer.before).find(|due| due.get_ref() == "deadline");
            if let Some(due) = deadline.filter(|_| status.term.is_none() && status.asked_by.is_empty()) {
                let text = format!("`{}` has no `term`, so no deadline passes", status.code.get_ref());
                faults.on(due, "lifecycle.no-deadline", text);
            }
            if let Some(only) = &timer.only {
                let name = only.get_ref().split('=').next().unwrap_or_default();
                if !written.field.iter().any(|field| field.code.get_ref() == name) {
                    faults.on(only, "lifecycle.unknown-field", format!("the kind has no field `{name}`"));
                }
            }
            targets(written, shared, status, timer, faults);
        }
    }
}

fn targets(
    written: &WrittenKind,
    shared: &Shared,
    status: &WrittenStatus,
    timer: &WrittenTimer,
    faults: &mut Faults<'_>,
) {
    for to in timer.to.iter().chain(&timer.choices) {
        if !status.next.iter().any(|next| next.get_ref() == to.get_ref()) {
            let text = format!("`{}` is not a next status of `{}`", to.get_ref(), status.code.get_ref());
            faults.on(to, "lifecycle.timer-target", text);
        }
        reasoned(written, shared, to, timer.reason.as_ref(), faults);
    }
}

/// A move that fills its reason in by itself has one that is for its target, where the target requires reasons.
fn reasoned(written: &WrittenKind, shared: &Shared, to: &Name, reason: Option<&Name>, faults: &mut Faults<'_>) {
    let target = written.status.iter().find(|one| one.code.get_ref() == to.get_ref());
    let reason = reason.map(Spanned::get_ref);
    let known = |target: &WrittenStatus| {
        let reasons = written.reason.iter().chain(&shared.reasons);
        reasons.into_iter().any(|one| Some(one.code.get_ref()) == reason && applies(one, target))
    };
    let needs = |target: &WrittenStatus| reason.is_some() || target.requires.contains(&Requirement::Reasons);
    if target.is_some_and(|target| needs(target) && !known(target)) {
        let text = format!("a move to `{}` needs a `reason` that is for it", to.get_ref());
        faults.on(to, "lifecycle.no-reason", text);
    }
}

/// Services change only what may be changed.
pub(super) fn services(written: &WrittenKind, faults: &mut Faults<'_>) {
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
