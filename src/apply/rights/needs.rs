//! What must be known before it can be judged whether somebody may do something.

use super::{CONSENT, OWNERS, account, consent, decides, key_of, said, staff};
use crate::apply::world::{CaseKey, Kin, Needs, Reference, Sought, World};
use crate::apply::{Lifecycles, open_case};
use crate::binding::{Author, Command};
use crate::domain::lifecycle::{KindName, Lifecycle, Rights, System};

use super::who::Who;

/// Adds what the checks of an item need to know.
pub(in crate::apply) fn needs(command: &Command, key: &CaseKey, lifecycles: &Lifecycles, needs: &mut Needs) {
    let (Some(system), Some(lifecycle)) = (lifecycles.system(&key.system), lifecycles.kind(&key.system, &key.kind))
    else {
        return;
    };
    let said = said(command);
    let rights = system.rights();
    let open = match command {
        Command::OpenCase(command) => Some(command),
        _ => None,
    };
    if let Some(author) = said.author {
        of_author(author, rights, needs);
        if open.is_none() {
            needs.held.insert(key.clone());
        }
    }
    let parent = open.and_then(|command| open_case::parent_key(command, lifecycle));
    if !lifecycle.kind().inherits.is_empty() {
        needs.held.extend(parent.clone());
    }
    if let Command::ExchangeDocuments(command) = command {
        let serials = command.signatures.iter().filter_map(|mark| mark.certificate.as_ref());
        needs.held.extend(rights.certificates.iter().flat_map(|kind| serials.clone().map(|one| key_of(kind, one))));
    }
    if *rights == Rights::default() {
        return;
    }
    let people = open.map(|command| open_case::people(command, lifecycle, &World::default()));
    let around = Around { open: people, key, parent };
    let acted = said.author.is_some() || !decides(command);
    if let Some(accounts) = rights.accounts.as_ref().filter(|_| acted && !lifecycle.kind().while_blocked) {
        if let Some(principal) = said.author.and_then(Who::principal) {
            needs.sought.extend(principal.hashes().map(|hash| sought(accounts, account::OWNER, hash)));
        }
        around.owners(lifecycle, accounts, account::OWNER, needs);
    }
    let processes = consent::processes(command, &said.command, lifecycle);
    if let Some(consents) = rights.consents.as_ref().filter(|_| processes) {
        around.owners(lifecycle, consents, consent::SUBJECT, needs);
        of_consents(system, consents, needs);
        let told = open.and_then(|command| command.details.0.get(CONSENT));
        if let Some(number) = told {
            let key = key_of(consents, number);
            needs.kin.insert(kin(&key, consent::SUBJECT, consents, consent::SUBJECT));
            needs.held.insert(key);
        }
    }
}

/// What an author names, and what he may be.
fn of_author(author: &Author, rights: &Rights, needs: &mut Needs) {
    let by_number = [(&rights.powers, &author.power), (&rights.certificates, &author.certificate)];
    for (kind, number) in by_number {
        needs.held.extend(kind.as_ref().zip(number.as_ref()).map(|(kind, number)| key_of(kind, number)));
    }
    let (actor, principal) = (Who::actor(author), Who::principal(author));
    for hash in actor.iter().flat_map(Who::hashes) {
        needs.sought.extend(rights.staff.as_ref().map(|kind| sought(kind, staff::MEMBER, hash)));
        needs.sought.extend(rights.holders.iter().map(|one| sought(&one.kind, &one.actor, hash)));
    }
    for hash in principal.iter().flat_map(Who::hashes) {
        needs.sought.extend(rights.roles.as_ref().map(|kind| sought(kind, staff::PRINCIPAL, hash)));
    }
}

/// Kinds that name a consent: it is read with them.
fn of_consents(system: &System, consents: &KindName, needs: &mut Needs) {
    for lifecycle in system.kinds().iter().filter(|one| one.kind().field(CONSENT).is_some()) {
        needs.references.insert(Reference {
            from: KindName { system: system.code().to_owned(), kind: lifecycle.kind().code.clone() },
            field: CONSENT.to_owned(),
            to: consents.clone(),
            role: consent::SUBJECT.to_owned(),
        });
    }
}

/// The case that is asked about: one to be, with its parties and its parent, or one that is there.
struct Around<'a> {
    open: Option<Vec<crate::apply::world::PartyRow>>,
    key: &'a CaseKey,
    parent: Option<CaseKey>,
}

impl Around<'_> {
    /// The cases of a kind in which those for whom this case is have a role.
    fn owners(&self, lifecycle: &Lifecycle, of: &KindName, as_role: &str, needs: &mut Needs) {
        let own = |role: &&String| OWNERS.contains(&role.as_str());
        match &self.open {
            Some(rows) => {
                let owners = rows.iter().filter(|row| own(&&row.role));
                needs.sought.extend(owners.map(|row| sought(of, as_role, &row.hash)));
                let inherited = lifecycle.kind().inherits.iter().filter(|(role, _)| own(&role));
                let parent = self.parent.as_ref();
                needs.kin.extend(inherited.filter_map(|(_, from)| Some(kin(parent?, from, of, as_role))));
            }
            None => {
                needs.held.insert(self.key.clone());
                let roles = lifecycle.kind().parties.iter().filter(own);
                needs.kin.extend(roles.map(|role| kin(self.key, role, of, as_role)));
            }
        }
    }
}

fn sought(kind: &KindName, role: &str, hash: &[u8; 32]) -> Sought {
    Sought { kind: kind.clone(), role: role.to_owned(), hash: *hash }
}

fn kin(case: &CaseKey, role: &str, of: &KindName, as_role: &str) -> Kin {
    Kin {
        case: case.clone(),
        role: role.to_owned(),
        system: of.system.clone(),
        kind: Some(of.kind.clone()),
        as_role: as_role.to_owned(),
    }
}
