//! Somebody does one of the acts that a kind of case knows: withdraws, confirms, resubmits, revokes. What follows is the answer of
//! the status; a status without one refuses the act.

use serde_json::{Value, json};

use super::codes::Tried;
use super::fields::{merge, parties};
use super::steps::{Answer, By, Happened, Steps, Told};
use super::world::{CaseKey, Entry, PartyRow, World};
use super::{Change, Done, Refusal, Setting};
use crate::binding::{ActOnCase, Details};
use crate::outcome::Code;

pub(super) fn apply(command: &ActOnCase, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let kind = lifecycle.kind();
    let case = world.case(key).ok_or_else(|| Refusal::no_case(key))?;
    let act = kind.act(&command.act).ok_or_else(|| {
        let known: Vec<&str> = kind.acts.iter().map(|act| act.code.as_str()).collect();
        Refusal::with(Code::FieldWrong, format!("действие; известны: {}", known.join(", ")))
    })?;
    let by = By { happened_at: command.happened_at, agency: setting.sender.to_owned(), officer: None };
    let mut steps = Steps::new(world, setting, by);
    if let Some(status) = lifecycle.status(&case.status) {
        match steps.try_code(command, case, status)? {
            Tried::NotAsked => {}
            Tried::Fits => steps.code_fits(),
            Tried::Wrong(sent) => {
                let remark = steps.missed(case, lifecycle, sent, &act.code)?;
                return Ok(Done { remark: Some(remark), ..steps.done() });
            }
        }
    }
    let mut next = case.clone();
    if command.details != Details::default() {
        let former = Value::Object(next.details.clone()).to_string();
        merge(kind, &command.details, &[], &mut next.details)?;
        steps.corrected(&mut next, former);
        // Who is named by the fields of an act takes part from now on; the others stay.
        let told: Vec<_> = kind.fields.iter().filter(|field| command.details.0.contains_key(&field.code)).collect();
        let named = |row: &PartyRow| told.iter().any(|field| field.identifies.as_ref() == Some(&row.role));
        let rows: Vec<_> = parties(kind, &[], &next.details)?.into_iter().filter(named).collect();
        if !rows.is_empty() {
            steps.free(lifecycle, key, &rows)?;
            steps.change(Change::Parties(key.clone(), rows));
        }
    }
    next.changed_at = setting.context.now;
    let codes: Vec<_> = command.reasons.iter().filter_map(|reason| reason.code.as_deref()).collect();
    let told = Told {
        comment: command.comment.clone(),
        details: json!({ "act": act.code, "reasons": codes }),
        ..Told::default()
    };
    steps.record(&next, Entry::Acted, Some(next.status.clone()), &next.status, &told);
    steps.put(next.clone());
    steps.bring(&command.documents, key, setting.sender, command.happened_at)?;
    if steps.happen(key, &Happened::Act(&command.act))? == Answer::None {
        let status = lifecycle.status(&case.status).map_or(case.status.as_str(), |status| &status.label);
        return Err(Refusal::with(Code::ActForbidden, format!("«{}» в статусе «{status}»", act.label)));
    }
    Ok(steps.done())
}
