//! What a case was told of itself is corrected, while its status lets it: the former version is kept, and the status may answer
//! the correction.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::fields::{applicant, fill, in_order, merge, parties};
use super::steps::{By, Happened, Steps, Told};
use super::world::{Case, CaseKey, Details, Entry, Needs, World};
use super::{Change, Done, Lifecycles, Refusal, Setting, guards};
use crate::binding::CorrectCase;
use crate::domain::lifecycle::Kind;
use crate::domain::term::day_end;
use crate::outcome::Code;

/// The group of the dates from which and until which a case is in force.
const VALIDITY: &str = "validity";

/// Adds what must be known before the case may be told of other parties.
pub(super) fn needs(command: &CorrectCase, key: &CaseKey, lifecycles: &Lifecycles, needs: &mut Needs) {
    let Some(lifecycle) = lifecycles.kind(&key.system, &key.kind) else { return };
    let mut details = Details::new();
    // A wrong field is told of when the case is corrected.
    let _ = merge(lifecycle.kind(), &command.details, &[], &mut details);
    let rows = parties(lifecycle.kind(), &command.parties, &details).unwrap_or_default();
    guards::of_parties(lifecycle, &rows, needs);
}

pub(super) fn apply(
    command: &CorrectCase,
    key: &CaseKey,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let kind = lifecycle.kind();
    let case = world.case(key).ok_or_else(|| Refusal::no_case(key))?;
    if !kind.editable.contains(&case.status) {
        let status = lifecycle.status(&case.status).map_or(case.status.as_str(), |status| &status.label);
        return Err(Refusal::with(Code::NotEditable, format!("статус «{status}»")));
    }
    in_time(command, case, kind, setting)?;
    let by = By { happened_at: command.happened_at, agency: setting.sender.to_owned(), officer: None };
    let mut steps = Steps::new(world, setting, by);
    let mut next = case.clone();
    let former = Value::Object(next.details.clone()).to_string();
    let mut changed = merge(kind, &command.details, &command.values, &mut next.details)?;
    fill(kind, &command.parties, &mut next.details);
    let rows = parties(kind, &command.parties, &next.details)?;
    steps.free(lifecycle, key, &rows)?;
    next.applicant = applicant(&rows).or(next.applicant);
    if command.valid_from.is_some() || command.valid_until.is_some() {
        next.valid_from = command.valid_from.map(|begin| begin.0).or(next.valid_from);
        next.valid_until = command.valid_until.map(|end| end.0).or(next.valid_until);
        changed.insert(VALIDITY.to_owned());
        in_order(&next)?;
    }
    next.title = command.title.clone().or(next.title);
    next.email = command.email.clone().or(next.email);
    next.phone = command.phone.clone().or(next.phone);
    next.changed_at = setting.context.now;
    steps.corrected(&mut next, former);
    let told = Told { comment: command.comment.clone(), details: json!({ "corrected": changed }), ..Told::default() };
    steps.record(&next, Entry::Corrected, Some(next.status.clone()), &next.status, &told);
    steps.put(next.clone());
    if changed.contains(VALIDITY) {
        steps.retimed(&next, lifecycle)?;
    }
    if !rows.is_empty() {
        steps.change(Change::Parties(key.clone(), rows));
    }
    steps.bring(&command.documents, key, setting.sender, command.happened_at)?;
    let groups: BTreeSet<String> = changed
        .iter()
        .filter_map(|code| match kind.field(code) {
            Some(field) => field.group.clone(),
            None => Some(code.clone()),
        })
        .collect();
    let groups: Vec<String> = groups.into_iter().collect();
    steps.happen(key, &Happened::Corrected(&groups))?;
    Ok(steps.done())
}

/// Refuses a correction made after the last day that the case names for corrections.
fn in_time(command: &CorrectCase, case: &Case, kind: &Kind, setting: &Setting<'_>) -> Result<(), Refusal> {
    let Some(field) = kind.editable_until.as_ref().and_then(|code| kind.field(code)) else { return Ok(()) };
    let last: Option<NaiveDate> =
        case.details.get(&field.code).and_then(Value::as_str).and_then(|day| day.parse().ok());
    let end = last.and_then(|day| day_end(day, setting.context.zone));
    if end.is_some_and(|end| command.happened_at >= end) {
        return Err(Refusal::with(Code::NotEditable, format!("{}: этот день прошёл", field.label)));
    }
    Ok(())
}
