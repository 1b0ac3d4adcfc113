//! Whoever acts in somebody's name acts on that one's cases only (`no-authority`).

use super::who::{Fit, Who};
use super::{Asked, OWNERS};
use crate::apply::Refusal;
use crate::outcome::Code;

pub(super) fn check(asked: &Asked<'_>, principal: &Who) -> Result<(), Refusal> {
    let owners = asked.parties.iter().filter(|row| OWNERS.contains(&row.role.as_str()));
    if principal.among(owners) != Fit::Other {
        return Ok(());
    }
    let detail = format!("{} относится к другой организации или другому лицу", asked.label(asked.key));
    Err(Refusal::with(Code::NoAuthority, detail))
}
