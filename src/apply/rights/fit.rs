//! Whether the kinds that rights are read from hold what is read of them: they may stand in another system's file, so this is asked
//! of all files together.

use super::{account, certificate, consent, power, signature, staff};
use crate::apply::Lifecycles;
use crate::domain::lifecycle::{KindName, System};

/// What a kind must have: roles of parties, and fields.
type Holds<'a> = (&'a [&'a str], &'a [&'a str]);

/// What is wrong with the rights of the systems, in words.
#[must_use]
pub fn unfit(lifecycles: &Lifecycles) -> Vec<String> {
    lifecycles.systems().flat_map(|system| of_system(system, lifecycles)).collect()
}

fn of_system(system: &System, lifecycles: &Lifecycles) -> Vec<String> {
    let rights = system.rights();
    let named: [(&Option<KindName>, &str, Holds<'_>); 6] = [
        (&rights.powers, "powers", (&[power::AGENT, power::PRINCIPAL], &[power::AUTHORITIES])),
        (&rights.staff, "staff", (&[staff::MEMBER, staff::PRINCIPAL], &[staff::ROLES])),
        (&rights.roles, "roles", (&[staff::PRINCIPAL], &[staff::ROLE, staff::OPERATIONS])),
        (&rights.certificates, "certificates", (&[certificate::PRINCIPAL, certificate::OWNER], &[signature::KIND])),
        (&rights.accounts, "accounts", (&[account::OWNER], &[])),
        (&rights.consents, "consents", (&[consent::SUBJECT], &[])),
    ];
    let mut faults = Vec::new();
    for (kind, what, holds) in named {
        faults.extend(kind.iter().flat_map(|kind| lacks(system, kind, what, holds, lifecycles)));
    }
    for holder in &rights.holders {
        let roles = [holder.principal.as_str(), holder.actor.as_str()];
        faults.extend(lacks(system, &holder.kind, "holders", (&roles, &[]), lifecycles));
    }
    faults
}

fn lacks(
    system: &System,
    kind: &KindName,
    what: &str,
    (roles, fields): Holds<'_>,
    lifecycles: &Lifecycles,
) -> Vec<String> {
    let place = format!("lifecycle.rights: {}/lifecycle.toml: [rights] {what}", system.code());
    let name = format!("{}/{}", kind.system, kind.kind);
    let Some(lifecycle) = lifecycles.kind(&kind.system, &kind.kind) else {
        return vec![format!("{place}: there is no kind `{name}`")];
    };
    let known = lifecycle.kind();
    let parties = roles.iter().filter(|role| !known.parties.iter().any(|one| one == *role));
    let parties = parties.map(|role| format!("{place}: `{name}` has no party `{role}`"));
    let fields = fields.iter().filter(|field| known.field(field).is_none());
    parties.chain(fields.map(|field| format!("{place}: `{name}` has no field `{field}`"))).collect()
}
