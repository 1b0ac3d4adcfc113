//! A status update moves a case along its lifecycle (domain, rule 1). A repeat of the current status is a comment; an
//! update that happened before the current status is late: it is kept, marked, and moves nothing.

use serde_json::{Map, Value, json};

use super::documents::number;
use super::fields::{in_order, merge};
use super::recheck::in_russian;
use super::steps::{By, Steps, Told};
use super::world::{Case, CaseKey, Document, Entry, World};
use super::{Done, Refusal, Remark, Setting, outgoing};
use crate::binding::{DocumentCard, Reason, UpdateStatus};
use crate::domain::lifecycle::{Class, Lifecycle, Requirement, Status, Step};
use crate::domain::money;
use crate::domain::wording::{Labelled, Wording};
use crate::outcome::Code;

/// The remark of a late update; it is applied all the same.
pub(super) const LATE: &str = "late";

pub(super) fn apply(
    command: &UpdateStatus,
    key: &CaseKey,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let case = world.case(key).ok_or_else(|| Refusal::no_case(key))?;
    let step = lifecycle.step(&case.status, &command.status);
    let (status, moves) = match step {
        Step::Unknown => return Err(Refusal::no_status(lifecycle, &command.status)),
        Step::Repeat(status) => (status, false),
        Step::Move(status) | Step::Forbidden(status) => (status, true),
    };
    known_reasons(command, lifecycle, status)?;
    let by = By {
        happened_at: command.happened_at,
        agency: command.agency.clone().unwrap_or_else(|| setting.sender.to_owned()),
        officer: command.officer.clone(),
    };
    let mut steps = Steps::new(world, setting, by);
    let told = told(command, lifecycle, status);
    if command.happened_at < case.since {
        steps.record(case, Entry::Late, Some(case.status.clone()), &status.code, &told);
        // It moves nothing, but what it brings is not lost: where the case has a document already, that is the newer one.
        let known = steps.documents(key);
        let new = |card: &&DocumentCard| !known.iter().any(|one| one.kind == card.r#type && one.number == number(card));
        let annulled = lifecycle.status(&case.status).is_some_and(|status| status.class == Class::Annulled);
        let brought = command.documents.iter().filter(new).filter(|_| !annulled).cloned().collect::<Vec<_>>();
        steps.bring(&brought, key, setting.sender, command.happened_at)?;
        return Ok(late(steps.done()));
    }
    if let Step::Forbidden(status) = step {
        let detail = format!("из «{}» в «{}»", label(lifecycle, &case.status), status.label);
        return Err(Refusal::with(Code::ForbiddenTransition, detail));
    }
    complete(command, status, moves)?;
    if moves {
        outgoing::answers(case, lifecycle, &command.documents, setting)?;
    }
    let next = next(command, case, lifecycle, &mut steps)?;
    let extends = steps.extends(case, &next, lifecycle)?;
    let known = steps.bring(&command.documents, key, setting.sender, command.happened_at)?;
    if moves {
        holds(status, &known, lifecycle)?;
        steps.enter(next, status, &told)?;
    } else {
        steps.comment(next, &told)?;
    }
    if extends {
        steps.extended(key, &told, lifecycle)?;
    }
    Ok(steps.done())
}

/// The case with what the update tells of it beside its status.
fn next(command: &UpdateStatus, case: &Case, lifecycle: &Lifecycle, steps: &mut Steps<'_>) -> Result<Case, Refusal> {
    let mut next = case.clone();
    // Whoever updates the status deals with the case from now on; reactions and acts of applicants change nothing of that.
    next.agency.clone_from(&steps.by().agency);
    next.officer = command.officer.clone().or(next.officer);
    let former = Value::Object(next.details.clone()).to_string();
    let changed = merge(lifecycle.kind(), &command.details, &command.values, &mut next.details)?;
    if !changed.is_empty() {
        steps.corrected(&mut next, former);
    }
    let amount = command.amount.as_deref().and_then(money::kopecks);
    if amount.is_some() || command.valid_from.is_some() || command.valid_until.is_some() {
        next.amount = amount.or(next.amount);
        next.valid_from = command.valid_from.map(|begin| begin.0).or(next.valid_from);
        next.valid_until = command.valid_until.map(|end| end.0).or(next.valid_until);
        next.corrected = true;
        in_order(&next)?;
    }
    Ok(next)
}

fn late(done: Done) -> Done {
    let text = "Сообщение опоздало: дело уже в более позднем статусе, запись внесена в историю".to_owned();
    let remark = Remark { code: LATE.to_owned(), constraint: None, line: None, column: None, path: None, text };
    Done { remark: Some(remark), ..done }
}

/// The documents that a status asks for must be there.
pub(super) fn holds(status: &Status, known: &[Document], lifecycle: &Lifecycle) -> Result<(), Refusal> {
    let there = |any: &&Vec<String>| known.iter().any(|document| any.contains(&document.kind));
    let any =
        |any: &Vec<String>| Wording::any(&any.iter().map(|code| lifecycle.document_wording(code)).collect::<Vec<_>>());
    let lacks: Vec<Wording> = status.documents.iter().filter(|any| !there(any)).map(any).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Refusal::with(Code::StatusIncomplete, format!("«{}»: {}", status.label, in_russian(&lacks).join(", "))))
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

/// What is told with it, in words where people read it.
fn told(command: &UpdateStatus, lifecycle: &Lifecycle, status: &Status) -> Told {
    let reason = |code: &str| lifecycle.reason(status, code).map(Labelled::wording);
    let document = |code: &str| lifecycle.documents()?.document_type(code).map(Labelled::wording);
    let all = |list: &[Reason], label: &dyn Fn(&str) -> Option<Wording>| {
        let words = |one: &Reason| {
            let words = Wording::of(one.code.as_deref(), one.text.as_deref(), label)?;
            Some(words.about(one.about.as_deref()))
        };
        list.iter().filter_map(words).collect()
    };
    Told {
        comment: command.comment.clone(),
        details: details(command),
        title: None,
        reasons: all(&command.reasons, &reason),
        missing: all(&command.missing, &document),
        amount: command.amount.clone(),
        result: command.result_link.clone().or_else(|| command.result_place.clone()).map(Wording::Same),
        deadline: command.deadline,
        expected_on: command.expected_on,
    }
}

fn label<'l>(lifecycle: &'l Lifecycle, code: &'l str) -> &'l str {
    lifecycle.status(code).map_or(code, |status| &status.label)
}
