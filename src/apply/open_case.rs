//! A new application opens a case at the start of its lifecycle, with its documents (domain, rules 4 and 5). A second
//! open one of the same applicant for the same service and object is refused, naming the first.

use sha2::{Digest, Sha256};

use super::documents::{Upload, upload};
use super::world::{ApplicationKey, Case, CaseKey, Entry, History, Needs, World};
use super::{Change, Done, Event, Refusal, Setting};
use crate::binding::{OpenCase, Party};
use crate::domain::lifecycle::{Duplicates, Service};
use crate::outcome::Code;

const NEW: &str = "new";
/// Cases are not numbered by us yet.
const NO_NUMBER: &str = "у дела нет номера";
/// The role of who asks.
const APPLICANT: &str = "applicant";

pub(super) fn needs(command: &OpenCase, system: &str, needs: &mut Needs) {
    if let Some(applicant) = applicant(command) {
        needs.applications.insert(application(command, system, applicant));
    }
    if let Some(other) = &command.parent {
        needs.cases.insert(CaseKey { system: system.to_owned(), number: other.clone() });
    }
}

/// The case that a change, a cancellation or an appeal refers to, while it is not there: it may have been overtaken.
pub(super) fn awaited(command: &OpenCase, world: &World, setting: &Setting<'_>) -> Option<CaseKey> {
    let other = setting.key(command.parent.as_deref()?);
    let exists = world.cases.contains_key(&setting.key(command.number.as_deref().unwrap_or_default()));
    (!exists && !world.cases.contains_key(&other)).then_some(other)
}

pub(super) fn apply(command: &OpenCase, world: &World, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle()?;
    let number = command.number.as_deref().ok_or_else(|| Refusal::with(Code::UnknownKind, NO_NUMBER.to_owned()))?;
    let key = setting.key(number);
    if world.cases.contains_key(&key) {
        return Err(Refusal::with(Code::CaseExists, format!("номер {}", key.number)));
    }
    let code = command.service.as_deref().unwrap_or_default();
    let service = lifecycle.service(code);
    let service = service.ok_or_else(|| Refusal::with(Code::UnknownService, format!("код услуги {code}")))?;
    not_a_duplicate(command, service, world, setting)?;
    let purpose = command.purpose.as_deref().unwrap_or(NEW);
    let start = lifecycle.start();
    let now = setting.context.now;
    let email = address(command.email.as_ref(), command, |party| party.email.as_ref());
    let phone = address(command.phone.as_ref(), command, |party| party.phone.as_ref());
    let told = OpenCase { email: email.clone(), phone: phone.clone(), ..command.clone() };
    let details = serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned());
    let case = Case {
        id: None,
        key: key.clone(),
        service: code.to_owned(),
        object: command.object.clone(),
        purpose: purpose.to_owned(),
        refers_to: command.parent.clone(),
        applicant: applicant(command),
        open: start.class.is_open(),
        status: start.code.clone(),
        since: command.happened_at,
        agency: setting.sender.to_owned(),
        officer: None,
        deadline: None,
        expected_on: None,
        email,
        phone,
        details: Some(details),
        opened_at: now,
        changed_at: now,
    };
    let events =
        lifecycle.event_of(start).map(|event| Event::of(&event.code, &case, command.happened_at)).into_iter().collect();
    let mut changes = vec![
        Change::Case(Box::new(case)),
        Change::History(Box::new(History {
            case: key.clone(),
            entry: Entry::Opened,
            from: None,
            to: start.code.clone(),
            happened_at: command.happened_at,
            recorded_at: now,
            agency: setting.sender.to_owned(),
            officer: None,
            comment: command.comment.clone(),
            details: serde_json::Value::Null,
            message: setting.message,
            item: setting.item,
        })),
    ];
    let mut known = Vec::new();
    for card in &command.documents {
        let Upload { document, version } = upload(card, &key, &known, setting, setting.sender, command.happened_at)?;
        known.retain(|one: &super::world::Document| one.kind != document.kind || one.number != document.number);
        known.push(document.clone());
        changes.push(Change::Document(key.clone(), Box::new(document)));
        changes.push(Change::Version(Box::new(version)));
    }
    Ok(Done { changes, events, remark: None })
}

fn not_a_duplicate(command: &OpenCase, service: &Service, world: &World, setting: &Setting<'_>) -> Result<(), Refusal> {
    if service.duplicates == Duplicates::Allowed {
        return Ok(());
    }
    let Some(applicant) = applicant(command) else { return Ok(()) };
    let open = world.applications.get(&application(command, setting.system, applicant));
    let first = open.into_iter().flatten().find(|number| Some(*number) != command.parent.as_ref());
    match first {
        Some(first) => Err(Refusal::with(Code::DuplicateApplication, format!("уже открыто дело {first}"))),
        None => Ok(()),
    }
}

fn application(command: &OpenCase, system: &str, applicant: [u8; 32]) -> ApplicationKey {
    ApplicationKey {
        system: system.to_owned(),
        service: command.service.clone().unwrap_or_default(),
        applicant,
        object: command.object.clone().unwrap_or_default(),
    }
}

/// Names the applicant without telling who it is: a hash of the strongest identifier that the application carries.
fn applicant(command: &OpenCase) -> Option<[u8; 32]> {
    let party = command.parties.iter().find(|party| party.role == APPLICANT)?;
    let digits = |text: &String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (kind, identifier) = match party {
        Party { ogrn: Some(ogrn), .. } => ("ogrn", digits(ogrn)),
        Party { ogrnip: Some(ogrnip), .. } => ("ogrnip", digits(ogrnip)),
        Party { snils: Some(snils), .. } => ("snils", digits(snils)),
        Party { inn: Some(inn), .. } => ("inn", digits(inn)),
        _ => return None,
    };
    Some(Sha256::digest(format!("{kind}:{identifier}")).into())
}

/// Where the case's own word or else the applicant's may be sent.
fn address(own: Option<&String>, command: &OpenCase, of: impl Fn(&Party) -> Option<&String>) -> Option<String> {
    own.or_else(|| command.parties.iter().find(|party| party.role == APPLICANT).and_then(of)).cloned()
}
