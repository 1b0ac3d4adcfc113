//! What a case is told of itself: the values of a message held against the fields that its kind declares, and the parties
//! that take part.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Refusal;
use super::recheck::{in_russian, lacking_fields};
use super::world::{Case, Details, PartyRow};
use crate::binding::{Details as Written, ListedValue, Party};
use crate::domain::identifiers;
use crate::domain::lifecycle::{Field, FieldType, Kind};
use crate::outcome::Code;

/// The role of who asks.
pub(super) const APPLICANT: &str = "applicant";

/// What is in force begins before it ends.
pub(super) fn in_order(case: &Case) -> Result<(), Refusal> {
    if case.valid_from.zip(case.valid_until).is_some_and(|(from, until)| from > until) {
        return Err(Refusal::with(Code::FieldWrong, "действие заканчивается раньше, чем начинается".to_owned()));
    }
    Ok(())
}

/// Takes the values of a message in; gives the codes of the fields that changed by it.
pub(super) fn merge(
    kind: &Kind,
    written: &Written,
    listed: &[ListedValue],
    into: &mut Details,
) -> Result<BTreeSet<String>, Refusal> {
    let mut told = Details::new();
    for (code, text) in &written.0 {
        let field = known(kind, code)?;
        told.insert(code.clone(), value(field, text)?);
    }
    for one in listed {
        let field = known(kind, &one.field)?;
        let Some(text) = &one.value else { continue };
        let entry = match &one.note {
            Some(note) => json!({ "value": value_of(field, text)?, "note": note }),
            None => value_of(field, text)?,
        };
        match told.entry(field.code.clone()).or_insert_with(|| json!([])) {
            Value::Array(list) if field.kind == FieldType::List => list.push(entry),
            place => *place = entry,
        }
    }
    let changed = told.iter().filter(|(code, value)| into.get(*code) != Some(*value)).map(|(code, _)| code.clone());
    let changed = changed.collect();
    into.extend(told);
    Ok(changed)
}

fn known<'k>(kind: &'k Kind, code: &str) -> Result<&'k Field, Refusal> {
    kind.field(code).ok_or_else(|| {
        let detail = format!("у вида «{}» нет поля {code}", kind.label);
        Refusal::with(Code::FieldWrong, detail)
    })
}

fn value(field: &Field, text: &str) -> Result<Value, Refusal> {
    let one = value_of(field, text)?;
    Ok(if field.kind == FieldType::List { json!([one]) } else { one })
}

fn value_of(field: &Field, text: &str) -> Result<Value, Refusal> {
    if !field.kind.accepts(text) {
        let detail = format!("{}: нужно {}", field.label, field.kind.label());
        return Err(Refusal::with(Code::FieldWrong, detail));
    }
    Ok(match field.kind {
        FieldType::Number => json!(text.parse::<i64>().unwrap_or_default()),
        FieldType::Flag => json!(text == "true"),
        _ => json!(text),
    })
}

/// Every required field must be there.
pub(super) fn complete(kind: &Kind, details: &Details) -> Result<(), Refusal> {
    let lacks = lacking_fields(kind, details);
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Refusal::with(Code::FieldMissing, in_russian(&lacks).join(", ")))
}

/// Fields that name a party are filled from it, where the message does not tell them itself.
pub(super) fn fill(kind: &Kind, parties: &[Party], details: &mut Details) {
    for field in &kind.fields {
        if details.contains_key(&field.code) {
            continue;
        }
        let party = parties.iter().find(|party| Some(&party.role) == field.identifies.as_ref());
        let told = party.zip(field.identifier()).and_then(|(party, what)| of(party, what));
        if let Some(told) = told {
            details.insert(field.code.clone(), json!(told));
        }
    }
}

/// What a party says of itself.
fn of(party: &Party, what: &str) -> Option<String> {
    match what {
        "snils" => party.snils.clone(),
        "inn" => party.inn.clone(),
        "ogrn" => party.ogrn.clone(),
        "ogrnip" => party.ogrnip.clone(),
        _ => party.name.clone().or_else(|| {
            let parts = [&party.last_name, &party.first_name, &party.middle_name];
            let name = parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
            (!name.is_empty()).then_some(name)
        }),
    }
}

/// The parties as they are found: by the hash of each identifier.
pub(super) fn parties(kind: &Kind, parties: &[Party], details: &Details) -> Result<Vec<PartyRow>, Refusal> {
    let mut rows: Vec<PartyRow> = Vec::new();
    for party in parties {
        if !kind.parties.contains(&party.role) {
            let detail = format!("у вида «{}» нет участника {}", kind.label, party.role);
            return Err(Refusal::with(Code::FieldWrong, detail));
        }
        let identifiers =
            [("snils", &party.snils), ("inn", &party.inn), ("ogrn", &party.ogrn), ("ogrnip", &party.ogrnip)];
        for (identifier, value) in identifiers {
            rows.extend(value.as_deref().map(|value| row(&party.role, identifier, value)));
        }
    }
    for field in &kind.fields {
        let told = details.get(&field.code).and_then(Value::as_str);
        if let (Some(role), Some(identifier), Some(told)) = (&field.identifies, field.identifier(), told)
            && identifier != "name"
        {
            let row = row(role, identifier, told);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn row(role: &str, identifier: &'static str, value: &str) -> PartyRow {
    PartyRow {
        role: role.to_owned(),
        identifier,
        hash: identifiers::lookup(identifier, value),
        shown: identifiers::mask(value),
    }
}

/// Roles in which the message names nobody pass over from the parent.
pub(super) fn inherit(kind: &Kind, rows: &mut Vec<PartyRow>, parent: &[PartyRow]) {
    for (role, from) in &kind.inherits {
        if rows.iter().all(|row| row.role != *role) {
            let parents = parent.iter().filter(|row| row.role == *from);
            rows.extend(parents.map(|row| PartyRow { role: role.clone(), ..row.clone() }));
        }
    }
}

/// Whom the message names in a role that passes over from the parent must be whom the parent names.
pub(super) fn agree(kind: &Kind, rows: &[PartyRow], parent: &[PartyRow]) -> Result<(), Refusal> {
    for (role, from) in &kind.inherits {
        let comparable = |row: &&PartyRow| {
            row.role == *role && parent.iter().any(|other| other.role == *from && other.identifier == row.identifier)
        };
        let same = |row: &PartyRow| parent.iter().any(|other| other.role == *from && other.hash == row.hash);
        let mut told = rows.iter().filter(comparable).peekable();
        if told.peek().is_some() && !told.any(same) {
            return Err(Refusal::with(Code::FieldWrong, format!("участник {role} не тот, что в исходном деле")));
        }
    }
    Ok(())
}

/// The hash of the strongest identifier that the applicant has.
pub(super) fn applicant(rows: &[PartyRow]) -> Option<[u8; 32]> {
    ["ogrn", "ogrnip", "snils", "inn"].into_iter().find_map(|identifier| {
        rows.iter().find(|row| row.role == APPLICANT && row.identifier == identifier).map(|row| row.hash)
    })
}
