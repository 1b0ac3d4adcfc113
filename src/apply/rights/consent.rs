//! What processes personal data needs a consent of the person that stood when it was done (`consent-withdrawn`): the one that the
//! case or one above it names, another one of the same person, or one of those for whom the case is.

use std::collections::BTreeSet;

use super::{Asked, CONSENT, CONSENT_PARENTS_MAX, OWNERS, key_of};
use crate::apply::world::CaseKey;
use crate::apply::{Refusal, open_case};
use crate::binding::Command;
use crate::domain::lifecycle::{KindName, Lifecycle};
use crate::outcome::Code;

/// The role of whose data a consent is about.
pub(super) const SUBJECT: &str = "subject";

pub(super) fn check(asked: &Asked<'_>, command: &Command) -> Result<(), Refusal> {
    let lifecycle = asked.lifecycles.kind(&asked.key.system, &asked.key.kind);
    let processes = lifecycle.is_some_and(|lifecycle| processes(command, &asked.command, lifecycle));
    let Some(consents) = asked.rights.consents.as_ref().filter(|_| processes) else { return Ok(()) };
    let candidates = candidates(asked, command, consents);
    let standing = candidates.iter().any(|key| asked.lapse(key, asked.at).is_none());
    if standing {
        return Ok(());
    }
    let told = candidates.iter().next_back().and_then(|key| Some((key, asked.lapse(key, asked.at)?)));
    let detail = match told {
        Some((key, why)) => format!("{}: {why}; нужно новое согласие", asked.label(key)),
        None => "согласия нет; дайте согласие и отправьте снова".to_owned(),
    };
    Err(Refusal::with(Code::ConsentWithdrawn, detail))
}

/// Whether a command processes personal data, by what its kind says. Documents do where some are brought; status updates where the
/// status is named.
pub(super) fn processes(command: &Command, named: &str, lifecycle: &Lifecycle) -> bool {
    let listed = |name: &str| lifecycle.kind().consent.iter().any(|one| one == name);
    match command {
        Command::UpdateStatus(update) => {
            let status = lifecycle.recognize(&update.status);
            listed(named) || status.is_some_and(|status| listed(&format!("update:{}", status.code)))
        }
        Command::ExchangeDocuments(exchange) => listed(named) && !exchange.documents.is_empty(),
        _ => listed(named),
    }
}

/// The consents that may count.
fn candidates(asked: &Asked<'_>, command: &Command, consents: &KindName) -> BTreeSet<CaseKey> {
    let lifecycle = asked.lifecycles.kind(&asked.key.system, &asked.key.kind);
    let (named, parent) = match command {
        Command::OpenCase(command) => (
            command.details.0.get(CONSENT).cloned(),
            lifecycle.and_then(|lifecycle| open_case::parent_key(command, lifecycle)),
        ),
        _ => (None, asked.world.case(asked.key).and_then(|case| case.parent.clone())),
    };
    let above = |key: &CaseKey| asked.world.case(key).and_then(|case| case.parent.clone());
    let parents = std::iter::successors(parent, above).take(CONSENT_PARENTS_MAX as usize);
    let cases = std::iter::once(asked.key.clone()).chain(parents);
    let numbers = cases.filter_map(|key| asked.told(&key, CONSENT).map(str::to_owned)).chain(named);
    let mut found: BTreeSet<CaseKey> = numbers.map(|number| key_of(consents, &number)).collect();
    let people = &asked.world.people;
    let subjects: Vec<[u8; 32]> = found
        .iter()
        .flat_map(|key| people.of(key).iter().filter(|row| row.role == SUBJECT))
        .chain(asked.parties.iter().filter(|row| OWNERS.contains(&row.role.as_str())))
        .map(|row| row.hash)
        .collect();
    found.extend(subjects.iter().flat_map(|hash| people.cases(consents, SUBJECT, hash)).cloned());
    found
}
