//! A new application opens a case at the start of its lifecycle, with its documents (domain, rules 4 and 5). A second
//! open one of the same applicant for the same service and object is refused, naming the first.

use sha2::{Digest, Sha256};

use super::documents::{Upload, upload};
use super::world::{ApplicationKey, Case, CaseKey, Entry, History, Needs, World};
use super::{Change, Done, Event, Refusal, Setting};
use crate::binding::SubmitApplication;
use crate::domain::lifecycle::{Duplicates, Service};
use crate::outcome::Code;

const NEW: &str = "new";

pub(super) fn needs(command: &SubmitApplication, system: &str, needs: &mut Needs) {
    if let Some(applicant) = applicant(command) {
        needs.applications.insert(application(command, system, applicant));
    }
    if let Some(other) = &command.refers_to {
        needs.cases.insert(CaseKey { system: system.to_owned(), number: other.clone() });
    }
}

/// The case that a change, a cancellation or an appeal refers to, while it is not there: it may have been overtaken.
pub(super) fn awaited(command: &SubmitApplication, world: &World, setting: &Setting<'_>) -> Option<CaseKey> {
    let other = setting.key(command.refers_to.as_deref()?);
    let exists = world.cases.contains_key(&setting.key(&command.number));
    (!exists && !world.cases.contains_key(&other)).then_some(other)
}

pub(super) fn apply(command: &SubmitApplication, world: &World, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle()?;
    let key = setting.key(&command.number);
    if world.cases.contains_key(&key) {
        return Err(Refusal::with(Code::CaseExists, format!("номер {}", key.number)));
    }
    let service = lifecycle.service(&command.service);
    let service =
        service.ok_or_else(|| Refusal::with(Code::UnknownService, format!("код услуги {}", command.service)))?;
    not_a_duplicate(command, service, world, setting)?;
    let purpose = command.purpose.as_deref().unwrap_or(NEW);
    let start = lifecycle.start();
    let now = setting.context.now;
    let details = serde_json::to_string(command).unwrap_or_else(|_| "{}".to_owned());
    let case = Case {
        id: None,
        key: key.clone(),
        service: command.service.clone(),
        object: command.object.clone(),
        purpose: purpose.to_owned(),
        refers_to: command.refers_to.clone(),
        applicant: applicant(command),
        open: start.class.is_open(),
        status: start.code.clone(),
        since: command.submitted_at,
        agency: setting.sender.to_owned(),
        officer: None,
        deadline: None,
        expected_on: None,
        email: command.email.clone(),
        phone: command.phone.clone(),
        details: Some(details),
        opened_at: now,
        changed_at: now,
    };
    let events = lifecycle
        .event_of(start)
        .map(|event| Event::of(&event.code, &case, command.submitted_at))
        .into_iter()
        .collect();
    let mut changes = vec![
        Change::Case(Box::new(case)),
        Change::History(Box::new(History {
            case: key.clone(),
            entry: Entry::Opened,
            from: None,
            to: start.code.clone(),
            happened_at: command.submitted_at,
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
        let Upload { document, version } = upload(card, &key, &known, setting, setting.sender, command.submitted_at)?;
        known.retain(|one: &super::world::Document| one.kind != document.kind || one.number != document.number);
        known.push(document.clone());
        changes.push(Change::Document(key.clone(), Box::new(document)));
        changes.push(Change::Version(Box::new(version)));
    }
    Ok(Done { changes, events, remark: None })
}

fn not_a_duplicate(
    command: &SubmitApplication,
    service: &Service,
    world: &World,
    setting: &Setting<'_>,
) -> Result<(), Refusal> {
    if service.duplicates == Duplicates::Allowed {
        return Ok(());
    }
    let Some(applicant) = applicant(command) else { return Ok(()) };
    let open = world.applications.get(&application(command, setting.system, applicant));
    let first = open.into_iter().flatten().find(|number| Some(*number) != command.refers_to.as_ref());
    match first {
        Some(first) => Err(Refusal::with(Code::DuplicateApplication, format!("уже открыто дело {first}"))),
        None => Ok(()),
    }
}

fn application(command: &SubmitApplication, system: &str, applicant: [u8; 32]) -> ApplicationKey {
    ApplicationKey {
        system: system.to_owned(),
        service: command.service.clone(),
        applicant,
        object: command.object.clone().unwrap_or_default(),
    }
}

/// Names the applicant without telling who it is: a hash of the strongest identifier that the application carries.
fn applicant(command: &SubmitApplication) -> Option<[u8; 32]> {
    let digits = |text: &String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (kind, identifier) = match command {
        SubmitApplication { ogrn: Some(ogrn), .. } => ("ogrn", digits(ogrn)),
        SubmitApplication { ogrnip: Some(ogrnip), .. } => ("ogrnip", digits(ogrnip)),
        SubmitApplication { snils: Some(snils), .. } => ("snils", digits(snils)),
        SubmitApplication { inn: Some(inn), .. } => ("inn", digits(inn)),
        _ => return None,
    };
    Some(Sha256::digest(format!("{kind}:{identifier}")).into())
}
