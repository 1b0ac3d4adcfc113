//! A request for an extract is answered from the store: the one that asks must have a right to it, what it tells is chosen by data,
//! written down and kept as documents of the request, and the request moves on. Or it is declined, with the reason.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::fields::APPLICANT;
use super::steps::{Steps, Told};
use super::world::{Case, CaseKey, Document, Needs, PartyRow, Version};
use super::{Change, Lifecycles, Refusal};
use crate::domain::language::Language;
use crate::domain::lifecycle::{Action, Extract, Lifecycle, Status};
use crate::domain::term::day_end;
use crate::domain::wording::{Labelled, Wording};
use crate::extract::{self, Group};
use crate::outcome::Code;

/// The role of the one that an extract is about, where it is not the applicant.
const SUBJECT: &str = "subject";
/// The field of a request that says what the extract is for.
const USE: &str = "use";
/// The most cases of an extract: the latest are taken.
pub const CASES_MAX: u32 = 1000;

/// Which cases an extract is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractQuery {
    /// Their kinds.
    pub kinds: Vec<String>,
    /// The role in which the one that it is about takes part in them.
    pub role: String,
}

/// What the store says for an extract.
#[derive(Debug, Clone, Default)]
pub struct ExtractFacts {
    /// The parties of the request.
    pub parties: Vec<PartyRow>,
    /// The cases of the one that it is about, oldest first.
    pub cases: Vec<FoundCase>,
    /// There are more than [`CASES_MAX`].
    pub cut: bool,
}

/// A case that an extract tells of.
#[derive(Debug, Clone)]
pub struct FoundCase {
    /// As it stands.
    pub case: Case,
    /// Its moves: when, and the status that it entered.
    pub moves: Vec<(DateTime<Utc>, String)>,
    /// Its documents.
    pub documents: Vec<Document>,
}

/// Adds what the timer of this code of a request needs to know, where it answers with an extract.
pub(super) fn needs(request: &CaseKey, timer: &str, lifecycles: &Lifecycles, needs: &mut Needs) {
    let Some(system) = lifecycles.system(&request.system) else { return };
    let Some((status, name)) = timer.split_once('/') else { return };
    let status = system.kind(&request.kind).and_then(|kind| kind.status(status));
    let timer = status.and_then(|status| status.timers.iter().find(|timer| timer.code == name));
    let Some(Action::Extract { report, .. }) = timer.map(|timer| &timer.action) else { return };
    if let Some(extract) = system.extract(report) {
        let query = ExtractQuery { kinds: extract.kinds.clone(), role: extract.role.clone() };
        needs.extracts.insert(request.clone(), query);
    }
}

/// Answers a request; gives what was done, in words.
pub(super) fn answer(steps: &mut Steps<'_>, case: &Case, report: &str, to: &Status) -> Result<String, Refusal> {
    let setting = steps.setting();
    let unknown = || Refusal::with(Code::UnknownKind, format!("выписки {report} нет"));
    let system = setting.context.lifecycles.system(&case.key.system).ok_or_else(unknown)?;
    let extract = system.extract(report).ok_or_else(unknown)?;
    let facts = steps.world.extracts.get(&case.key).cloned().unwrap_or_default();
    let Some(about) = rightful(&facts.parties) else {
        return decline(steps, case, &extract.declined, &extract.no_rights);
    };
    let period = period(case, extract)?;
    let groups = groups(steps, extract, &facts, period)?;
    if groups.iter().all(|group| group.cases.is_empty()) {
        return decline(steps, case, &extract.declined, &extract.nothing_found);
    }
    let at = |moment: DateTime<Utc>| written(moment, steps);
    let made = extract::Extract {
        number: case.key.number.clone(),
        system: case.key.system.clone(),
        system_label: system.label().to_owned(),
        code: extract.code.clone(),
        title: extract.label.clone(),
        agency: steps.by().agency.clone(),
        made_at: at(setting.context.now),
        from: period.0.to_string(),
        to: period.1.to_string(),
        purpose: case.details.get(USE).map_or_else(|| "—".to_owned(), text),
        about: about.iter().map(|row| (row.identifier.to_owned(), row.shown.clone())).collect(),
        groups,
        cut: facts.cut,
    };
    keep(steps, case, extract, &made)?;
    let told = Told {
        details: json!({ "extract": extract.code, "document": extract.document }),
        result: Some(Wording::each(|language| {
            let sign = match language {
                Language::Russian => "№",
                Language::English => "No.",
            };
            format!("{} {sign} {}", extract.told(language), case.key.number)
        })),
        ..Told::default()
    };
    steps.enter(case.clone(), to, &told)?;
    Ok(format!("the extract {} is made", extract.code))
}

/// The one that it is about: the applicant, or somebody who is named and is the same one. Nobody may ask for what is told of others.
fn rightful(parties: &[PartyRow]) -> Option<Vec<PartyRow>> {
    let of = |role: &str| parties.iter().filter(|row| row.role == role).cloned().collect::<Vec<_>>();
    let (applicant, subject) = (of(APPLICANT), of(SUBJECT));
    if applicant.is_empty() {
        return None;
    }
    let same = |row: &PartyRow| applicant.iter().any(|own| own.identifier == row.identifier && own.hash == row.hash);
    (subject.is_empty() || subject.iter().all(same)).then_some(applicant)
}

fn decline(steps: &mut Steps<'_>, case: &Case, status: &str, reason: &str) -> Result<String, Refusal> {
    let lifecycle = steps.setting().lifecycle(&case.key.kind)?;
    let gone = || Refusal::with(Code::UnknownStatus, status.to_owned());
    let to = lifecycle.status(status).ok_or_else(gone)?;
    let text = lifecycle.reason(to, reason).map_or_else(|| reason.into(), Labelled::wording);
    let told = Told {
        details: json!({ "reasons": [{ "code": reason, "text": text.russian() }] }),
        reasons: vec![text],
        ..Told::default()
    };
    steps.enter(case.clone(), to, &told)?;
    Ok(format!("declined: {reason}"))
}

fn period(case: &Case, extract: &Extract) -> Result<(NaiveDate, NaiveDate), Refusal> {
    let day = |field: &str| {
        let day = case.details.get(field).and_then(Value::as_str).and_then(|text| text.parse().ok());
        day.ok_or_else(|| Refusal::with(Code::FieldMissing, format!("период выписки: {field}")))
    };
    Ok((day(&extract.period.0)?, day(&extract.period.1)?))
}

/// The cases that lived in the period, kind by kind; what this batch has changed of them counts.
fn groups(
    steps: &Steps<'_>,
    extract: &Extract,
    facts: &ExtractFacts,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Group>, Refusal> {
    let zone = steps.setting().context.zone;
    let begin = first.pred_opt().and_then(|day| day_end(day, zone));
    let end = day_end(last, zone);
    let lived = |case: &Case, found: &FoundCase| {
        let last = found.moves.last().map_or(case.since, |(at, _)| *at);
        end.is_none_or(|end| opened(found) < end) && (case.open || begin.is_none_or(|begin| last >= begin))
    };
    let mut groups = Vec::with_capacity(extract.kinds.len());
    for kind in &extract.kinds {
        let lifecycle = steps.setting().lifecycle(kind)?;
        let fields = extract.fields.get(kind).map(Vec::as_slice).unwrap_or_default();
        let found = facts.cases.iter().filter(|found| found.case.key.kind == *kind);
        let told = found.filter_map(|found| {
            let case = steps.case(&found.case.key).unwrap_or(&found.case);
            lived(case, found).then(|| told(steps, case, found, lifecycle, fields))
        });
        groups.push(Group { kind: kind.clone(), label: lifecycle.kind().label.clone(), cases: told.collect() });
    }
    Ok(groups)
}

fn told(steps: &Steps<'_>, case: &Case, found: &FoundCase, lifecycle: &Lifecycle, fields: &[String]) -> extract::Case {
    let label = |code: &str| lifecycle.status(code).map_or_else(|| code.to_owned(), |status| status.label.clone());
    let field = |code: &String| {
        let field = lifecycle.kind().field(code)?;
        Some((code.clone(), field.label.clone(), text(case.details.get(code)?)))
    };
    let states = &steps.setting().context.lifecycles.documents;
    let document = |one: &Document| extract::Document {
        r#type: one.kind.clone(),
        label: lifecycle
            .documents()
            .and_then(|rules| rules.document_type(&one.kind))
            .map_or_else(|| one.kind.clone(), |known| known.label.clone()),
        number: Some(one.number.clone()).filter(|number| !number.is_empty()),
        state: states.status(&one.state).map_or_else(|| one.state.clone(), |state| state.label.clone()),
    };
    let step = |(at, status): &(DateTime<Utc>, String)| (written(*at, steps), status.clone(), label(status));
    extract::Case {
        number: case.key.number.clone(),
        title: case.title.clone(),
        status: (case.status.clone(), label(&case.status)),
        since: written(case.since, steps),
        opened_at: written(opened(found), steps),
        fields: fields.iter().filter_map(field).collect(),
        steps: found.moves.iter().map(step).collect(),
        documents: found.documents.iter().map(document).collect(),
    }
}

/// When a case was opened, as its message told.
fn opened(found: &FoundCase) -> DateTime<Utc> {
    found.moves.first().map_or(found.case.opened_at, |(at, _)| *at)
}

/// A moment in our zone.
fn written(moment: DateTime<Utc>, steps: &Steps<'_>) -> String {
    moment.with_timezone(&steps.setting().context.zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// A value of a declared field, as people and other agencies read it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(is) => (if *is { "да" } else { "нет" }).to_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(entry) => entry.get("value").map(text).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Keeps both forms as documents of the request.
fn keep(steps: &mut Steps<'_>, case: &Case, extract: &Extract, made: &extract::Extract) -> Result<(), Refusal> {
    let xml = extract::xml(made).map_err(|fault| Refusal::with(Code::FieldWrong, fault.to_string()))?;
    let number = &case.key.number;
    let forms = [
        (number.clone(), format!("{number}.xml"), "application/xml", xml),
        (format!("{number}-HTML"), format!("{number}.html"), "text/html", extract::page(made)),
    ];
    for (number, file_name, media_type, text) in forms {
        issue(steps, case, extract, (number, file_name, media_type), text.into_bytes());
    }
    Ok(())
}

fn issue(
    steps: &mut Steps<'_>,
    case: &Case,
    extract: &Extract,
    (number, file_name, media_type): (String, String, &str),
    bytes: Vec<u8>,
) {
    let setting = steps.setting();
    let now = setting.context.now;
    let known = steps.documents(&case.key);
    let before = known.iter().find(|one| one.kind == extract.document && one.number == number);
    let document = Document {
        id: before.and_then(|before| before.id),
        kind: extract.document.clone(),
        number: number.clone(),
        series: None,
        title: Some(extract.label.clone()),
        issuer: Some(steps.by().agency.clone()),
        issued_on: Some(now.with_timezone(&setting.context.zone).date_naive()),
        valid_until: None,
        state: setting.context.lifecycles.documents.start().code.clone(),
        reason: None,
        signed: None,
        media_type: media_type.to_owned(),
        locked: false,
        versions: before.map_or(0, |before| before.versions) + 1,
        changed_at: now,
    };
    let version = Version {
        case: case.key.clone(),
        kind: document.kind.clone(),
        document: number,
        version: document.versions,
        file_name,
        media_type: media_type.to_owned(),
        locked: false,
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        sha256: steps.keep(Arc::new(bytes)),
        uploader: steps.by().agency.clone(),
        uploaded_at: now,
        message: setting.cause.message(),
    };
    steps.change(Change::Document(case.key.clone(), Box::new(document)));
    steps.change(Change::Version(Box::new(version)));
}
