//! A case is opened at the start of its kind's lifecycle, with its fields, parties and documents (domain, rules 4 and 5). A second
//! open application of the same applicant for the same service and object is refused, naming the first.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::fields::{APPLICANT, agree, applicant, complete, fill, in_order, inherit, merge, parties};
use super::recheck::{in_russian, lacking_documents};
use super::route::TERRITORY;
use super::steps::{By, Steps, Told};
use super::world::{ApplicationKey, Case, CaseKey, Details, Needs, PartyRow, World};
use super::{Change, Done, Lifecycles, Refusal, Setting, extend, guards, post_letter};
use crate::binding::{OpenCase, Party};
use crate::domain::lifecycle::{Duplicates, Kind, Lifecycle, Parent, Service, Step};
use crate::domain::money;
use crate::outcome::Code;

/// A parent of any kind.
const ANY: &str = "*";

pub(super) fn needs(command: &OpenCase, system: &str, lifecycles: &Lifecycles, needs: &mut Needs) {
    needs.counters |= command.number.is_none();
    let Some(lifecycle) = lifecycles.kind(system, &lifecycles.kind_code(system, command.case_kind.as_deref())) else {
        return;
    };
    if let Some(application) = application(command, lifecycle) {
        needs.applications.insert(application);
    }
    if !lifecycle.kind().unique.is_empty() {
        guards::of_parties(lifecycle, &people(command, lifecycle, &World::default()), needs);
    }
    let Some((key, rule)) = parent(command, lifecycle) else { return };
    if rule.overdue {
        needs.held.insert(key.clone());
    }
    let asks = lifecycles.kind(system, &key.kind).is_some_and(|one| guards::asks_evidence(one, lifecycle.kind()));
    if asks {
        needs.evidence.insert((key.clone(), lifecycle.kind().code.clone()));
    }
    needs.cases.insert(key);
}

/// The parent that the case names.
pub(super) fn parent_key(command: &OpenCase, lifecycle: &Lifecycle) -> Option<CaseKey> {
    parent(command, lifecycle).map(|(key, _)| key)
}

/// Who will take part in the case. What is wrong with it is told when the case is opened.
pub(super) fn people(command: &OpenCase, lifecycle: &Lifecycle, world: &World) -> Vec<PartyRow> {
    let kind = lifecycle.kind();
    let mut details = Details::new();
    // Only for what names a party: this is asked before the case is opened.
    if kind.fields.iter().any(|field| field.identifies.is_some()) {
        let _ = merge(kind, &command.details, &[], &mut details);
    }
    let mut rows = parties(kind, &command.parties, &details).unwrap_or_default();
    if let Some(key) = parent_key(command, lifecycle) {
        inherit(kind, &mut rows, world.people.of(&key));
    }
    rows
}

/// The parent that the case names, with the rule that it names it by.
fn parent<'l>(command: &OpenCase, lifecycle: &'l Lifecycle) -> Option<(CaseKey, &'l Parent)> {
    let kind = lifecycle.kind();
    let rule = kind.parent(purpose(command, kind))?;
    let named = command.parent_kind.as_deref().filter(|_| rule.kind == ANY).unwrap_or(&rule.kind);
    let number = command.parent.clone()?;
    Some((CaseKey { system: lifecycle.system().to_owned(), kind: named.to_owned(), number }, rule))
}

fn purpose<'c>(command: &'c OpenCase, kind: &'c Kind) -> Option<&'c str> {
    command.purpose.as_deref().or_else(|| kind.purposes.first().map(|one| one.code.as_str()))
}

/// The parent while it is not there: it may have been overtaken.
pub(super) fn awaited(command: &OpenCase, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Option<CaseKey> {
    let lifecycle = setting.context.lifecycles.kind(&key.system, &key.kind)?;
    let (parent, _) = parent(command, lifecycle)?;
    (!world.cases.contains_key(key) && !world.cases.contains_key(&parent)).then_some(parent)
}

pub(super) fn apply(command: &OpenCase, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let by =
        By { happened_at: command.happened_at, agency: setting.sender.to_owned(), officer: command.officer.clone() };
    let mut steps = Steps::new(world, setting, by);
    let key = numbered(key, lifecycle, &mut steps)?;
    if world.cases.contains_key(&key) {
        return Err(Refusal::with(Code::CaseExists, format!("номер {}", key.number)));
    }
    let service = service(command, lifecycle)?;
    not_a_duplicate(command, lifecycle, service, world)?;
    let parent = belongs(command, lifecycle, world, setting)?;
    let mut details = Details::new();
    merge(lifecycle.kind(), &command.details, &command.values, &mut details)?;
    fill(lifecycle.kind(), &command.parties, &mut details);
    if let Some(territory) = &command.territory
        && lifecycle.kind().field(TERRITORY).is_some()
    {
        details.entry(TERRITORY).or_insert_with(|| json!(territory));
    }
    complete(lifecycle.kind(), &details)?;
    let mut rows = parties(lifecycle.kind(), &command.parties, &details)?;
    if let Some(parent) = &parent {
        agree(lifecycle.kind(), &rows, world.people.of(parent))?;
        inherit(lifecycle.kind(), &mut rows, world.people.of(parent));
    }
    steps.free(lifecycle, &key, &rows)?;
    brings(command, lifecycle, service)?;
    let seated = post_letter::seated(&command.readers, lifecycle)?;
    let told = Told { comment: command.comment.clone(), deadline: command.deadline, ..Told::default() };
    let mut case = case(command, key, lifecycle, (parent, details, &rows), setting)?;
    in_order(&case)?;
    case.deadline = steps.deadline(&case, lifecycle, lifecycle.start(), &told)?;
    steps.begin(&case, lifecycle, &told)?;
    if !rows.is_empty() {
        steps.change(Change::Parties(case.key.clone(), rows));
    }
    if !seated.is_empty() {
        steps.change(Change::Readers(case.key.clone(), seated));
    }
    steps.bring(&command.documents, &case.key, setting.sender, command.happened_at)?;
    steps.send(&case, lifecycle, lifecycle.start(), &told);
    steps.entered(&case, lifecycle.start())?;
    match command.status.as_deref().map(|word| lifecycle.step(&case.status, word)) {
        None | Some(Step::Repeat(_)) => {}
        Some(Step::Move(to)) => steps.enter(case, to, &Told::default())?,
        Some(Step::Forbidden(to)) => {
            return Err(Refusal::with(Code::ForbiddenTransition, format!("сразу в «{}»", to.label)));
        }
        Some(Step::Unknown) => {
            return Err(Refusal::no_status(lifecycle, command.status.as_deref().unwrap_or_default()));
        }
    }
    Ok(steps.done())
}

/// The number that the message gives, else the next of the kind.
fn numbered(key: &CaseKey, lifecycle: &Lifecycle, steps: &mut Steps<'_>) -> Result<CaseKey, Refusal> {
    if !key.number.is_empty() {
        let form = lifecycle.kind().numbering.as_ref();
        // Nobody gives what only our own counting may come to.
        if form.is_some_and(|form| form.read(&key.number).is_some_and(|(_, counter)| !form.fits(counter))) {
            return Err(Refusal::with(Code::FieldWrong, "номер дела: в счётчике слишком много цифр".to_owned()));
        }
        return Ok(key.clone());
    }
    let number = steps.number(lifecycle);
    let number = number.ok_or_else(|| Refusal::with(Code::FieldMissing, "номер дела".to_owned()))?;
    Ok(CaseKey { number, ..key.clone() })
}

fn case(
    command: &OpenCase,
    key: CaseKey,
    lifecycle: &Lifecycle,
    (parent, details, rows): (Option<CaseKey>, Details, &[PartyRow]),
    setting: &Setting<'_>,
) -> Result<Case, Refusal> {
    let start = lifecycle.start();
    let now = setting.context.now;
    let purpose = purpose(command, lifecycle.kind());
    if let Some(code) = purpose.filter(|code| lifecycle.kind().purpose(code).is_none()) {
        // A kind that knows no purposes keeps what it is told.
        if !lifecycle.kind().purposes.is_empty() {
            return Err(Refusal::with(Code::FieldWrong, format!("цель обращения {code}")));
        }
    }
    Ok(Case {
        id: None,
        key,
        service: command.service.clone().unwrap_or_default(),
        object: command.object.clone(),
        purpose: purpose.map(str::to_owned),
        title: command.title.clone(),
        parent,
        applicant: applicant(rows),
        open: start.class.is_open(),
        status: start.code.clone(),
        turn: 0,
        since: command.happened_at,
        origin: setting.sender.to_owned(),
        root: setting.message_id.map(str::to_owned),
        agency: setting.sender.to_owned(),
        officer: command.officer.clone(),
        unit: None,
        deadline: None,
        expected_on: None,
        email: address(command.email.as_ref(), command, |party| party.email.as_ref()),
        phone: address(command.phone.as_ref(), command, |party| party.phone.as_ref()),
        valid_from: command.valid_from.map(|begin| begin.0),
        valid_until: command.valid_until.map(|end| end.0),
        amount: command.amount.as_deref().and_then(money::kopecks),
        details,
        version: 1,
        corrected: false,
        opened_at: now,
        changed_at: now,
    })
}

/// The service, where the kind has services.
fn service<'l>(command: &OpenCase, lifecycle: &'l Lifecycle) -> Result<Option<&'l Service>, Refusal> {
    if lifecycle.services().is_empty() {
        return Ok(None);
    }
    let code = command.service.as_deref().unwrap_or_default();
    let known = lifecycle.service(code);
    known.map(Some).ok_or_else(|| Refusal::with(Code::UnknownService, format!("код услуги {code}")))
}

/// The case that it belongs to, where the lifecycle lets it belong to one.
fn belongs(
    command: &OpenCase,
    lifecycle: &Lifecycle,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Option<CaseKey>, Refusal> {
    let Some((key, rule)) = parent(command, lifecycle) else {
        let kind = lifecycle.kind();
        return match kind.parent(purpose(command, kind)) {
            Some(rule) if rule.required => {
                Err(Refusal::with(Code::FieldMissing, "номер дела, к которому относится это".to_owned()))
            }
            _ => Ok(None),
        };
    };
    let case = world.case(&key).ok_or_else(|| Refusal::no_case(&key))?;
    if !rule.statuses.is_empty() && !rule.statuses.contains(&case.status) {
        let status = setting.lifecycle(&key.kind)?.status(&case.status);
        let label = status.map_or(case.status.as_str(), |status| &status.label);
        return Err(Refusal::with(Code::ParentStatus, format!("дело {} в статусе «{label}»", key.number)));
    }
    if let Some(within) = rule.within
        && setting.end(within, case.since)? <= command.happened_at
    {
        return Err(Refusal::with(Code::TooLate, format!("дело {}: срок {}", key.number, within.label())));
    }
    if rule.overdue {
        overdue(case, world, command.happened_at, setting)?;
    }
    Ok(Some(key))
}

/// The term of the parent must be over: its service's, from where the kind lets it run; without a service its own deadline.
fn overdue(case: &Case, world: &World, at: DateTime<Utc>, setting: &Setting<'_>) -> Result<(), Refusal> {
    let lifecycle = setting.lifecycle(&case.key.kind)?;
    let moves = world.moves.get(&case.key).map(Vec::as_slice).unwrap_or_default();
    let begins = |(_, status): &&(DateTime<Utc>, String)| match &lifecycle.kind().term_from {
        Some(from) => status == from,
        None => true,
    };
    let mut beginnings = moves.iter().filter(begins);
    let begun = if lifecycle.kind().term_from.is_some() { beginnings.next_back() } else { beginnings.next() };
    let term = lifecycle.service(&case.service).map(|service| service.term);
    let end = match (term, begun) {
        (Some(term), Some((begun, _))) => {
            Some(extend::until(case, lifecycle.kind(), setting).map_or_else(|| setting.end(term, *begun), Ok)?)
        }
        (Some(_), None) => None,
        (None, _) => case.deadline,
    };
    if end.is_some_and(|end| end <= at) {
        return Ok(());
    }
    let until = end.map(|end| {
        let last = (end - chrono::Duration::milliseconds(1)).with_timezone(&setting.context.zone);
        format!("; обратитесь после {}", last.format("%d.%m.%Y"))
    });
    let detail = format!("дело {}: срок ещё не прошёл{}", case.key.number, until.unwrap_or_default());
    Err(Refusal::with(Code::TooEarly, detail))
}

/// The documents that the start of the lifecycle and the service ask for must come with the message.
fn brings(command: &OpenCase, lifecycle: &Lifecycle, service: Option<&Service>) -> Result<(), Refusal> {
    let lacks = lacking_documents(lifecycle, service, |code| command.documents.iter().any(|card| card.r#type == code));
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Refusal::with(Code::FieldMissing, format!("документы: {}", in_russian(&lacks).join(", "))))
}

fn not_a_duplicate(
    command: &OpenCase,
    lifecycle: &Lifecycle,
    service: Option<&Service>,
    world: &World,
) -> Result<(), Refusal> {
    if service.is_none_or(|service| service.duplicates == Duplicates::Allowed) {
        return Ok(());
    }
    let Some(application) = application(command, lifecycle) else { return Ok(()) };
    let open = world.applications.get(&application);
    let first = open.into_iter().flatten().find(|number| Some(*number) != command.parent.as_ref());
    match first {
        Some(first) => Err(Refusal::with(Code::DuplicateApplication, format!("уже открыто дело {first}"))),
        None => Ok(()),
    }
}

fn application(command: &OpenCase, lifecycle: &Lifecycle) -> Option<ApplicationKey> {
    // Whom the message itself names: what passes over from a parent is not known yet where this is asked first.
    let rows = people(command, lifecycle, &World::default());
    Some(ApplicationKey {
        system: lifecycle.system().to_owned(),
        service: command.service.clone()?,
        applicant: applicant(&rows)?,
        object: command.object.clone().unwrap_or_default(),
    })
}

/// Where the case's own word or else the applicant's may be sent.
fn address(own: Option<&String>, command: &OpenCase, of: impl Fn(&Party) -> Option<&String>) -> Option<String> {
    own.or_else(|| command.parties.iter().find(|party| party.role == APPLICANT).and_then(of)).cloned()
}
