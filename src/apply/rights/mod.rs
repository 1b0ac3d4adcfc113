//! Whether somebody may do what a message asks for: in whose name, by which power of attorney, membership or certificate, with whose
//! consent, for which account. What counts is how these stood when the thing was done (`happened_at`), not when its message arrived:
//! queues delay. Each check is a file; no kind, role or operation is known here by name. See `docs/rights.md`.

mod account;
mod authority;
mod belonging;
mod certificate;
mod consent;
mod fit;
mod holder;
mod needs;
mod power;
mod signature;
mod staff;
mod standing;
mod who;

use chrono::{DateTime, Utc};

use super::world::{CaseKey, PartyRow, World};
use super::{Lifecycles, Refusal, Setting, open_case};
use crate::binding::{Author, Command};
use crate::domain::lifecycle::{Kind, KindName, Rights, Vocabulary};

pub(super) use certificate::marks;
pub use fit::unfit;
pub(super) use needs::needs;

/// The roles in which somebody stands for whom a case is.
const OWNERS: [&str; 3] = ["applicant", "principal", "subject"];
/// The field by which a case names the consent that it was opened with.
pub const CONSENT: &str = "consent";
/// So many cases above a case are asked for the consent: a change of a record, the record, the request for it, the account.
pub const CONSENT_PARENTS_MAX: u32 = 3;

/// What is asked for, and with what it is judged.
struct Asked<'a> {
    lifecycles: &'a Lifecycles,
    rights: &'a Rights,
    vocabulary: &'a Vocabulary,
    kind: &'a Kind,
    key: &'a CaseKey,
    /// `open`, `correct`, `update`, `documents`, `letter`, `act:…`.
    command: String,
    /// What a role or a power must allow.
    operation: Option<&'a str>,
    author: Option<&'a Author>,
    /// The agency itself decides: nobody is acted for.
    decides: bool,
    /// When it was done.
    at: DateTime<Utc>,
    /// Who takes part in the case, as it is or as it will be.
    parties: Vec<PartyRow>,
    world: &'a World,
    setting: &'a Setting<'a>,
}

impl Asked<'_> {
    /// A case in words: `Доверенность ДВ-1`.
    fn label(&self, key: &CaseKey) -> String {
        let kind = self.lifecycles.kind(&key.system, &key.kind).map_or(key.kind.as_str(), |one| &one.kind().label);
        format!("{kind} {}", key.number)
    }
}

/// The case of a kind with this number.
fn key_of(kind: &KindName, number: &str) -> CaseKey {
    CaseKey { system: kind.system.clone(), kind: kind.kind.clone(), number: number.to_owned() }
}

/// Lets an item pass or says by what right it may not be done.
pub(super) fn allowed(command: &Command, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Result<(), Refusal> {
    let lifecycles = setting.context.lifecycles;
    let (Some(system), Some(lifecycle)) = (lifecycles.system(&key.system), lifecycles.kind(&key.system, &key.kind))
    else {
        return Ok(());
    };
    let said = said(command);
    let asks = *system.rights() != Rights::default();
    let parties = match command {
        Command::OpenCase(command) if asks => open_case::people(command, lifecycle, world),
        _ => world.people.of(key).to_vec(),
    };
    let asked = Asked {
        lifecycles,
        rights: system.rights(),
        vocabulary: system.vocabulary(),
        kind: lifecycle.kind(),
        key,
        operation: lifecycle.kind().operation(&said.command),
        command: said.command,
        author: said.author,
        decides: said.author.is_none() && decides(command),
        at: said.at,
        parties,
        world,
        setting,
    };
    account::check(&asked)?;
    signature::check(&asked, command)?;
    certificate::check(&asked)?;
    authority::check(&asked)?;
    consent::check(&asked, command)
}

/// What agencies do: they move cases, judge documents and ask for them; whoever brings documents does not.
fn decides(command: &Command) -> bool {
    match command {
        Command::UpdateStatus(_) => true,
        Command::ExchangeDocuments(command) => command.documents.is_empty(),
        _ => false,
    }
}

/// What a command says of itself.
struct Said<'a> {
    command: String,
    at: DateTime<Utc>,
    author: Option<&'a Author>,
}

fn said(command: &Command) -> Said<'_> {
    let (name, at, author) = match command {
        Command::OpenCase(one) => ("open", one.happened_at, one.author.first()),
        Command::CorrectCase(one) => ("correct", one.happened_at, one.author.first()),
        Command::UpdateStatus(one) => ("update", one.happened_at, one.author.first()),
        Command::ExchangeDocuments(one) => ("documents", one.happened_at, one.author.first()),
        Command::PostLetter(one) => ("letter", one.happened_at, one.author.first()),
        Command::Subscribe(one) => ("subscribe", one.happened_at, None),
        Command::ActOnCase(one) => {
            return Said { command: format!("act:{}", one.act), at: one.happened_at, author: one.author.first() };
        }
    };
    Said { command: name.to_owned(), at, author }
}

#[cfg(test)]
mod tests;
