//! The journal's rows for what an item does (domain, rule 10): each step of a case whose kind asks for it, with who, when,
//! what, on what, before and after. Personal data is masked, and what people wrote in their own words stays out.

use serde_json::{Map, Value, json};

use super::rows::AuditRow;
use super::world::{Case, CaseKey, Details, Entry, History, World};
use super::{Change, Done, Lifecycles};
use crate::admit::Head;
use crate::domain::identifiers::mask;
use crate::domain::lifecycle::Kind;

/// Who does what timers do.
const TIMERS: &str = "job:timers";

/// What a history row's details may tell the journal: codes, days and amounts, nothing in words.
const TOLD: [&str; 11] = [
    "act",
    "because",
    "case",
    "deadline",
    "expected_on",
    "amount",
    "documents",
    "verdicts",
    "wanted",
    "signed",
    "timer",
];

/// What the steps come from.
pub(super) enum Source<'a> {
    /// A message.
    Message(&'a Head),
    /// A timer.
    Timer,
}

/// The rows for the steps of an item or a timer; `before` is the world without them.
pub(super) fn rows(done: &Done, before: &World, lifecycles: &Lifecycles, source: &Source<'_>) -> Vec<AuditRow> {
    let mut corrected: Vec<&CaseKey> = done
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Former(key, ..) => Some(key),
            _ => None,
        })
        .collect();
    let mut rows = Vec::new();
    for change in &done.changes {
        let Change::History(step) = change else { continue };
        let Some(lifecycle) = lifecycles.kind(&step.case.system, &step.case.kind) else { continue };
        // What agencies did to cases stands in their history; what the daemon did by itself stands here too.
        if !lifecycle.kind().journal && matches!(source, Source::Message(_)) {
            continue;
        }
        let fields = corrected.iter().position(|key| **key == step.case).and_then(|at| {
            let key = corrected.swap_remove(at);
            fields(lifecycle.kind(), before.cases.get(key)?, last(done, key)?)
        });
        rows.push(row(step, fields, source));
    }
    rows
}

fn row(step: &History, fields: Option<(Map<String, Value>, Map<String, Value>)>, source: &Source<'_>) -> AuditRow {
    let mut before = Map::new();
    if let Some(from) = &step.from {
        before.insert("status".into(), json!(from));
    }
    let mut after = Map::new();
    after.insert("status".into(), json!(step.to));
    after.insert("happened_at".into(), json!(step.happened_at));
    let actor = match source {
        Source::Message(head) => {
            after.insert("message".into(), json!(head.message_id));
            after.insert("item".into(), json!(step.item));
            if head.sender != step.agency {
                after.insert("sender".into(), json!(head.sender));
            }
            format!("agency:{}", step.agency)
        }
        Source::Timer => TIMERS.to_owned(),
    };
    if let Some(officer) = &step.officer {
        after.insert("officer".into(), json!(mask(officer)));
    }
    for told in TOLD {
        if let Some(value) = step.details.get(told) {
            after.insert(told.into(), value.clone());
        }
    }
    for listed in ["reasons", "missing"] {
        let codes = codes(step.details.get(listed));
        if !codes.is_empty() {
            after.insert(listed.into(), json!(codes));
        }
    }
    if let Some((former, now)) = fields {
        before.insert("fields".into(), Value::Object(former));
        after.insert("fields".into(), Value::Object(now));
    }
    let CaseKey { system, kind, number } = &step.case;
    AuditRow {
        at: step.recorded_at,
        actor,
        action: action(step.entry),
        subject: format!("case:{system}/{kind}/{number}"),
        before: (!before.is_empty()).then(|| Value::Object(before).to_string()),
        after: Some(Value::Object(after).to_string()),
    }
}

fn action(entry: Entry) -> &'static str {
    match entry {
        Entry::Opened => "case.opened",
        Entry::Moved => "case.moved",
        Entry::Comment => "case.comment",
        Entry::Late => "case.late",
        Entry::Documents => "case.documents",
        Entry::Acted => "case.acted",
        Entry::Corrected => "case.corrected",
        Entry::Timed => "case.timed",
    }
}

/// The codes in a list of reasons, whether they stand alone or beside their words.
fn codes(list: Option<&Value>) -> Vec<&str> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|one| one.as_str().or_else(|| one.get("code")?.as_str())).collect()
}

/// The case as the item leaves it.
fn last<'d>(done: &'d Done, key: &CaseKey) -> Option<&'d Case> {
    done.changes.iter().rev().find_map(|change| match change {
        Change::Case(case) if case.key == *key => Some(&**case),
        _ => None,
    })
}

/// The fields that differ, as they were and as they are.
fn fields(kind: &Kind, before: &Case, after: &Case) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let shown = |details: &Details, code: &str, masked: bool| {
        details.get(code).map_or(Value::Null, |value| if masked { hidden(value) } else { value.clone() })
    };
    let (mut former, mut now) = (Map::new(), Map::new());
    for field in kind.fields.iter().filter(|field| before.details.get(&field.code) != after.details.get(&field.code)) {
        let masked = field.leaves_masked();
        former.insert(field.code.clone(), shown(&before.details, &field.code, masked));
        now.insert(field.code.clone(), shown(&after.details, &field.code, masked));
    }
    (!now.is_empty()).then_some((former, now))
}

/// A value with every text in it masked.
fn hidden(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(mask(text)),
        Value::Array(list) => list.iter().map(hidden).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), hidden(value))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_hidden_wherever_it_stands() {
        let value = json!(["Иванов Иван", { "value": "4509 123456", "n": 3 }, null]);
        assert_eq!(hidden(&value), json!(["****** *ван", { "value": "**** ***456", "n": 3 }, null]));
    }

    #[test]
    fn reasons_are_told_by_their_codes_alone() {
        let listed = json!([{ "code": "data-mismatch", "text": "у Иванова" }, "wrong-inn", { "text": "словами" }]);
        assert_eq!(codes(Some(&listed)), ["data-mismatch", "wrong-inn"]);
        assert!(codes(None).is_empty());
    }
}
