//! A power of attorney: in force when the thing was done, names who acts and in whose name, and covers the operation (`no-authority`).
//! Its limits are words for people; they are not judged.

use super::who::{Fit, Who};
use super::{Asked, key_of};
use crate::apply::Refusal;
use crate::domain::lifecycle::KindName;
use crate::outcome::Code;

/// The roles of who may act, and in whose name.
pub(super) const AGENT: &str = "agent";
pub(super) const PRINCIPAL: &str = "principal";
/// The field that lists what it is for.
pub(super) const AUTHORITIES: &str = "authorities";

/// Gives in whose name it lets act.
pub(super) fn check(
    asked: &Asked<'_>,
    kind: &KindName,
    number: &str,
    actor: Option<&Who>,
    principal: Option<Who>,
) -> Result<Who, Refusal> {
    let key = key_of(kind, number);
    let refuse = |why: String| Refusal::with(Code::NoAuthority, format!("{}: {why}", asked.label(&key)));
    if let Some(why) = asked.lapse(&key, asked.at) {
        return Err(refuse(format!("{why}; укажите действующую")));
    }
    let rows = asked.world.people.of(&key);
    let in_role = |role: &'static str| rows.iter().filter(move |row| row.role == role);
    let actor = actor.ok_or_else(|| refuse("не указано, кто по ней действует".to_owned()))?;
    if actor.among(in_role(AGENT)) != Fit::Same {
        return Err(refuse("выдана другому лицу; укажите доверенность того, кто действует".to_owned()));
    }
    let principal = principal.unwrap_or_else(|| Who::in_role(rows, PRINCIPAL));
    if principal.among(in_role(PRINCIPAL)) != Fit::Same {
        return Err(refuse("выдана от другого имени; укажите доверенность того, за кого действуют".to_owned()));
    }
    let Some(operation) = asked.operation else { return Ok(principal) };
    let granted = asked.listed(&key, AUTHORITIES);
    let covers = |code: &str| granted.contains(&code);
    let authorities = &asked.vocabulary.authorities;
    if authorities.iter().any(|one| covers(&one.code) && one.operations.iter().any(|one| one == operation)) {
        return Ok(principal);
    }
    let label = asked.vocabulary.operation(operation);
    Err(refuse(format!("не даёт права «{label}»; нужна доверенность с таким полномочием")))
}
