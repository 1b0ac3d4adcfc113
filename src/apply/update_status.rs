//! A status update moves a case along its lifecycle (domain, rule 1). A repeat of the current status is a comment; an
//! update that happened before the current status is late: it is kept, marked, and moves nothing.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::world::{Case, Entry, History, World};
use super::{Change, Done, Event, Refusal, Remark, Setting};
use crate::binding::{Reason, UpdateStatus};
use crate::domain::lifecycle::{Lifecycle, Requirement, Status, Step};
use crate::domain::term::day_end;
use crate::outcome::Code;

/// The remark of a late update; it is applied all the same.
pub(super) const LATE: &str = "late";

pub(super) fn apply(command: &UpdateStatus, world: &World, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle()?;
    let key = setting.key(&command.case_number);
    let case = world.cases.get(&key).ok_or_else(|| Refusal::of(Code::UnknownCase))?;
    let step = lifecycle.step(&case.status, &command.status);
    let (status, moves) = match step {
        Step::Unknown => return Err(Refusal::of(Code::UnknownStatus)),
        Step::Repeat(status) => (status, false),
        Step::Move(status) | Step::Forbidden(status) => (status, true),
    };
    known_reasons(command, lifecycle, status)?;
    if command.happened_at < case.since {
        return Ok(late(command, case, status, setting));
    }
    if let Step::Forbidden(status) = step {
        let detail = format!("из «{}» в «{}»", label(lifecycle, &case.status), status.label);
        return Err(Refusal::with(Code::ForbiddenTransition, detail));
    }
    complete(command, status, moves)?;
    let mut next = case.clone();
    next.changed_at = setting.context.now;
    next.agency = command.agency.clone().unwrap_or_else(|| setting.sender.to_owned());
    if command.officer.is_some() {
        next.officer.clone_from(&command.officer);
    }
    if moves {
        next.status.clone_from(&status.code);
        next.since = command.happened_at;
        next.open = status.class.is_open();
        next.expected_on = None;
    }
    next.deadline = deadline(command, case, lifecycle, status, moves, setting)?;
    next.expected_on = command.expected_on.or(next.expected_on);
    let entry = if moves { Entry::Moved } else { Entry::Comment };
    let event = if moves { event(command, &next, lifecycle, status) } else { None };
    let changes =
        vec![Change::History(Box::new(history(command, case, entry, status, setting))), Change::Case(Box::new(next))];
    Ok(Done { changes, events: event.into_iter().collect(), remark: None })
}

fn late(command: &UpdateStatus, case: &Case, status: &Status, setting: &Setting<'_>) -> Done {
    let text = "Сообщение опоздало: дело уже в более позднем статусе, запись внесена в историю".to_owned();
    Done {
        changes: vec![Change::History(Box::new(history(command, case, Entry::Late, status, setting)))],
        events: Vec::new(),
        remark: Some(Remark { code: LATE.to_owned(), constraint: None, line: None, column: None, path: None, text }),
    }
}

fn known_reasons(command: &UpdateStatus, lifecycle: &Lifecycle, status: &Status) -> Result<(), Refusal> {
    let unknown = command
        .reasons
        .iter()
        .filter_map(|reason| reason.code.as_deref())
        .any(|code| lifecycle.reason(status, code).is_none());
    if unknown {
        let known: Vec<&str> = lifecycle
            .reasons()
            .iter()
            .filter(|reason| lifecycle.reason(status, &reason.code).is_some())
            .map(|reason| reason.code.as_str())
            .collect();
        return Err(Refusal::with(Code::UnknownReason, format!("для этого статуса известны: {}", known.join(", "))));
    }
    Ok(())
}

/// What the status asks for must be there; a repeat of it need not bring it again.
fn complete(command: &UpdateStatus, status: &Status, moves: bool) -> Result<(), Refusal> {
    if !moves {
        return Ok(());
    }
    let given = [
        (Requirement::Reasons, !command.reasons.is_empty()),
        (Requirement::Missing, !command.missing.is_empty()),
        (Requirement::Officer, command.officer.is_some()),
        (Requirement::ExpectedOn, command.expected_on.is_some()),
        (Requirement::Amount, command.amount.is_some()),
        (Requirement::Result, command.result_link.is_some() || command.result_place.is_some()),
        (Requirement::Comment, command.comment.is_some()),
        (Requirement::About, command.missing.iter().all(|one| one.about.is_some())),
    ];
    let given: Vec<Requirement> = given.into_iter().filter(|(_, there)| *there).map(|(what, _)| what).collect();
    let lacks = status.lacks(&given);
    if lacks.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = lacks.into_iter().map(Requirement::label).collect();
    Err(Refusal::with(Code::StatusIncomplete, format!("«{}»: {}", status.label, words.join(", "))))
}

/// The message's own deadline, else the service's, else the lifecycle's (domain, rule 6).
fn deadline(
    command: &UpdateStatus,
    case: &Case,
    lifecycle: &Lifecycle,
    status: &Status,
    moves: bool,
    setting: &Setting<'_>,
) -> Result<Option<DateTime<Utc>>, Refusal> {
    let context = setting.context;
    if let Some(day) = command.deadline {
        return Ok(day_end(day, context.zone));
    }
    if !moves {
        return Ok(case.deadline);
    }
    let Some(term) = lifecycle.deadline(status, lifecycle.service(&case.service)) else { return Ok(None) };
    term.end(command.happened_at, context.zone, context.calendar)
        .map(Some)
        .map_err(|fault| Refusal::with(Code::CalendarMissing, fault.to_string()))
}

fn history(command: &UpdateStatus, case: &Case, entry: Entry, status: &Status, setting: &Setting<'_>) -> History {
    History {
        case: case.key.clone(),
        entry,
        from: Some(case.status.clone()),
        to: status.code.clone(),
        happened_at: command.happened_at,
        recorded_at: setting.context.now,
        agency: command.agency.clone().unwrap_or_else(|| setting.sender.to_owned()),
        officer: command.officer.clone(),
        comment: command.comment.clone(),
        details: details(command),
        message: setting.message,
        item: setting.item,
    }
}

/// What the status asked for, as it came.
fn details(command: &UpdateStatus) -> Value {
    let mut details = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            details.insert(name.to_owned(), value);
        }
    };
    let list = |list: &[Reason]| if list.is_empty() { Value::Null } else { json!(list) };
    put("reasons", list(&command.reasons));
    put("missing", list(&command.missing));
    put("deadline", json!(command.deadline));
    put("expected_on", json!(command.expected_on));
    put("amount", json!(command.amount));
    put("result_link", json!(command.result_link));
    put("result_place", json!(command.result_place));
    if details.is_empty() { Value::Null } else { Value::Object(details) }
}

fn event(command: &UpdateStatus, case: &Case, lifecycle: &Lifecycle, status: &Status) -> Option<Event> {
    let words = |list: &[Reason], label: &dyn Fn(&str) -> Option<String>| {
        list.iter()
            .filter_map(|one| one.text.clone().or_else(|| one.code.as_deref().and_then(label)).or(one.code.clone()))
            .collect()
    };
    let reason = |code: &str| lifecycle.reason(status, code).map(|reason| reason.label.clone());
    Some(Event {
        comment: command.comment.clone(),
        reasons: words(&command.reasons, &reason),
        missing: words(&command.missing, &|_| None),
        amount: command.amount.clone(),
        result: command.result_link.clone().or_else(|| command.result_place.clone()),
        ..Event::of(&lifecycle.event_of(status)?.code, case, command.happened_at)
    })
}

fn label<'l>(lifecycle: &'l Lifecycle, code: &'l str) -> &'l str {
    lifecycle.status(code).map_or(code, |status| &status.label)
}
