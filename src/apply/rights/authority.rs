//! In whose name somebody acts, and by what right: a power of attorney where one is named, else because he is the head or a member of
//! staff; in his own name where it is his own case. Without an author the sending agency answers for itself; an author that names
//! nobody who acts is the organization itself.

use super::who::{Fit, Who};
use super::{Asked, belonging, holder, power, staff};
use crate::apply::Refusal;
use crate::outcome::Code;

pub(super) fn check(asked: &Asked<'_>) -> Result<(), Refusal> {
    let Some(author) = asked.author.filter(|_| asked.rights.ask_authority()) else { return Ok(()) };
    let (actor, principal) = (Who::actor(author), Who::principal(author));
    if let (Some(number), Some(kind)) = (&author.power, &asked.rights.powers) {
        let principal = power::check(asked, kind, number, actor.as_ref(), principal)?;
        return belonging::check(asked, &principal);
    }
    match (actor, principal) {
        (None, None) => Ok(()),
        (None, Some(principal)) => belonging::check(asked, &principal),
        (Some(actor), Some(principal)) => {
            belonging::check(asked, &principal)?;
            if actor.is(&principal) == Fit::Same || holder::holds(asked, &actor, &principal) {
                return Ok(());
            }
            staff::check(asked, &actor, &principal)
        }
        (Some(actor), None) => own(asked, &actor),
    }
}

/// Somebody who names nobody else acts in his own name, on his own case.
fn own(asked: &Asked<'_>, actor: &Who) -> Result<(), Refusal> {
    let others = asked.parties.iter().filter(|row| row.role != "principal");
    match actor.among(others) {
        Fit::Same => Ok(()),
        Fit::Unknown if asked.operation.is_none() => Ok(()),
        _ => {
            let detail = "не указано, от чьего имени; укажите представляемого и доверенность, если она нужна";
            Err(Refusal::with(Code::NoAuthority, detail.to_owned()))
        }
    }
}
