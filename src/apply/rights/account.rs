//! Nothing is done for an account that is blocked, but what lifts the block or mends its reason (`account-blocked`). The agency itself
//! goes on: its status updates pass.

use super::who::Who;
use super::{Asked, OWNERS};
use crate::apply::Refusal;
use crate::apply::world::CaseKey;
use crate::outcome::Code;

/// The role in which an account names whose it is.
pub(super) const OWNER: &str = "applicant";

pub(super) fn check(asked: &Asked<'_>) -> Result<(), Refusal> {
    let Some(accounts) = asked.rights.accounts.as_ref().filter(|_| !asked.kind.while_blocked) else { return Ok(()) };
    if asked.decides {
        return Ok(());
    }
    let principal = asked.author.and_then(Who::principal);
    let hashes: Vec<[u8; 32]> = match &principal {
        Some(principal) => principal.hashes().copied().collect(),
        None => asked.parties.iter().filter(|row| OWNERS.contains(&row.role.as_str())).map(|row| row.hash).collect(),
    };
    let blocked = hashes
        .iter()
        .flat_map(|hash| asked.world.people.cases(accounts, OWNER, hash))
        .find(|key| asked.world.status_at(key, asked.at).is_some_and(|status| blocks(asked, key, status)));
    match blocked {
        Some(key) => {
            let detail = format!("{}: подайте запрос на восстановление доступа или дождитесь его", asked.label(key));
            Err(Refusal::with(Code::AccountBlocked, detail))
        }
        None => Ok(()),
    }
}

fn blocks(asked: &Asked<'_>, key: &CaseKey, status: &str) -> bool {
    let lifecycle = asked.lifecycles.kind(&key.system, &key.kind);
    lifecycle.and_then(|one| one.status(status)).is_some_and(|status| status.blocks)
}
