//! A member of staff: active when the thing was done, with a role, built in or the organization's own, that allows the operation
//! (`role-not-allowed`). Who is no member has no right at all (`no-authority`).

use super::Asked;
use super::who::{Fit, Who};
use crate::apply::Refusal;
use crate::apply::world::CaseKey;
use crate::outcome::Code;

/// The roles of the member and of the organization.
pub(super) const MEMBER: &str = "member";
pub(super) const PRINCIPAL: &str = "principal";
/// The fields: roles of a member, the code of an own role, what an own role allows.
pub(super) const ROLES: &str = "roles";
pub(super) const ROLE: &str = "role";
pub(super) const OPERATIONS: &str = "operations";

pub(super) fn check(asked: &Asked<'_>, actor: &Who, principal: &Who) -> Result<(), Refusal> {
    let Some(kind) = &asked.rights.staff else { return Err(stranger()) };
    let people = &asked.world.people;
    let of_principal =
        |key: &&CaseKey| principal.among(people.of(key).iter().filter(|row| row.role == PRINCIPAL)) == Fit::Same;
    let members: Vec<&CaseKey> =
        actor.hashes().flat_map(|hash| people.cases(kind, MEMBER, hash)).filter(of_principal).collect();
    let Some(last) = members.last() else { return Err(stranger()) };
    let active: Vec<&CaseKey> = members.iter().filter(|key| asked.lapse(key, asked.at).is_none()).copied().collect();
    let Some(member) = active.first() else {
        let why = asked.lapse(last, asked.at).unwrap_or_default();
        let detail = format!("{}: {why}; действовать может только активный сотрудник", asked.label(last));
        return Err(Refusal::with(Code::RoleNotAllowed, detail));
    };
    let Some(operation) = asked.operation else { return Ok(()) };
    let roles: Vec<&str> = active.iter().flat_map(|key| asked.listed(key, ROLES)).collect();
    if roles.iter().any(|role| built_in(asked, role, operation) || own(asked, principal, role, operation)) {
        return Ok(());
    }
    let labels: Vec<String> = roles.iter().map(|role| format!("«{}»", label(asked, principal, role))).collect();
    let detail = format!(
        "{}, роли: {}: действие «{}» не разрешено; назначьте роль, которая его разрешает, или оформите доверенность",
        asked.label(member),
        labels.join(", "),
        asked.vocabulary.operation(operation)
    );
    Err(Refusal::with(Code::RoleNotAllowed, detail))
}

fn stranger() -> Refusal {
    let detail = "действующий не сотрудник этой организации; укажите доверенность".to_owned();
    Refusal::with(Code::NoAuthority, detail)
}

fn built_in(asked: &Asked<'_>, role: &str, operation: &str) -> bool {
    asked.vocabulary.roles.iter().any(|one| one.code == role && one.operations.iter().any(|one| one == operation))
}

/// Whether a role that the organization made itself allows it.
fn own(asked: &Asked<'_>, principal: &Who, role: &str, operation: &str) -> bool {
    made(asked, principal, role).is_some_and(|key| asked.listed(key, OPERATIONS).contains(&operation))
}

/// The organization's own role with this code, as it stood.
fn made<'w>(asked: &Asked<'w>, principal: &Who, role: &str) -> Option<&'w CaseKey> {
    let kind = asked.rights.roles.as_ref()?;
    let world = asked.world;
    let hashes: Vec<[u8; 32]> = principal.hashes().copied().collect();
    hashes.iter().find_map(|hash| {
        let keys: Vec<CaseKey> = world.people.cases(kind, PRINCIPAL, hash).cloned().collect();
        let fits = |key: &&CaseKey| asked.told(key, ROLE) == Some(role) && asked.lapse(key, asked.at).is_none();
        let found = keys.iter().find(fits)?;
        world.cases.get_key_value(found).map(|(key, _)| key)
    })
}

fn label<'a>(asked: &'a Asked<'_>, principal: &Who, role: &'a str) -> &'a str {
    let known = asked.vocabulary.roles.iter().find(|one| one.code == role).map(|one| one.label.as_str());
    known.or_else(|| made(asked, principal, role).and_then(|key| asked.told(key, "name"))).unwrap_or(role)
}
