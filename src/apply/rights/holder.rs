//! Who may do everything in the name of another without a power: the head of an organization, its confirmed representative. Which
//! kinds say so, says the lifecycle file.

use super::Asked;
use super::who::{Fit, Who};

pub(super) fn holds(asked: &Asked<'_>, actor: &Who, principal: &Who) -> bool {
    asked.rights.holders.iter().any(|holder| {
        let cases = actor.hashes().flat_map(|hash| asked.world.people.cases(&holder.kind, &holder.actor, hash));
        cases.into_iter().any(|key| {
            let rows = asked.world.people.of(key).iter().filter(|row| row.role == holder.principal);
            principal.among(rows) == Fit::Same && asked.lapse(key, asked.at).is_none()
        })
    })
}
