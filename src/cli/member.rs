//! `--as-member`: cases and documents as a member of staff sees them: those of the organization, and of its documents only the ones that
//! the member's roles let see (`access` of a type in the lifecycle file).

use std::collections::BTreeSet;

use serde_json::Value;

use super::seek::places;
use super::{Exit, Failed};
use crate::apply::Lifecycles;
use crate::domain::lifecycle::{KindName, Lifecycle, System};
use crate::store::{CaseFilter, CaseView, Sought, Store};

/// The role of the organization in its staff and roles.
const PRINCIPAL: &str = "principal";
/// The fields: roles of a member, the code of an own role, what it allows.
const ROLES: &str = "roles";
const ROLE: &str = "role";
const OPERATIONS: &str = "operations";

/// A member of staff, as far as seeing goes.
#[derive(Debug)]
pub(super) struct Member {
    /// The organization, by the hashes of its identifiers.
    pub(super) organization: Vec<[u8; 32]>,
    /// Codes of the member's roles.
    roles: Vec<String>,
    /// What the organization's own roles among them allow.
    own: BTreeSet<String>,
}

impl Member {
    /// The active member with this number.
    pub(super) async fn find(number: &str, store: &Store, lifecycles: &Lifecycles) -> Result<Self, Failed> {
        let staff = kinds(lifecycles, |system| system.rights().staff.clone());
        let is = |case: &CaseView, kind: &KindName| case.system == kind.system && case.kind == kind.kind;
        let found = store.cases_by_number(None, number).await.map_err(Failed::away)?;
        let Some(case) = found.into_iter().find(|case| staff.iter().any(|kind| is(case, kind))) else {
            return Err(Failed { exit: Exit::Found, text: format!("there is no member of staff {number}") });
        };
        let status = lifecycles.kind(&case.system, &case.kind).and_then(|one| one.status(&case.status));
        if !status.is_some_and(|status| status.standing) {
            let label = status.map_or(case.status.as_str(), |status| &status.label);
            let text = format!("member {number} is «{label}» and sees nothing");
            return Err(Failed { exit: Exit::Found, text });
        }
        let key = (case.system.as_str(), case.kind.as_str(), case.number.as_str());
        let organization = store.party_hashes(key, PRINCIPAL).await.map_err(Failed::away)?;
        let roles = listed(&case.details[ROLES]);
        let own = own_roles(&organization, &roles, store, lifecycles).await?;
        Ok(Self { organization, roles, own })
    }

    /// Whether the member may see documents of a type of a kind of case.
    pub(super) fn sees(&self, r#type: &str, system: &System, lifecycle: &Lifecycle) -> bool {
        let access = lifecycle.documents().map(|rules| rules.access(r#type)).unwrap_or_default();
        let built_in = system.vocabulary().roles.iter().filter(|role| self.roles.contains(&role.code));
        let allowed = |operation: &String| {
            self.own.contains(operation) || built_in.clone().any(|role| role.operations.contains(operation))
        };
        access.is_empty() || access.iter().any(allowed)
    }
}

/// What the roles that the organization made itself allow, of those that stand.
async fn own_roles(
    organization: &[[u8; 32]],
    roles: &[String],
    store: &Store,
    lifecycles: &Lifecycles,
) -> Result<BTreeSet<String>, Failed> {
    let kinds = kinds(lifecycles, |system| system.rights().roles.clone());
    let stand = places(lifecycles, |lifecycle, status| {
        status.standing && kinds.iter().any(|one| one.system == lifecycle.system() && one.kind == lifecycle.kind().code)
    });
    let mut allowed = BTreeSet::new();
    for hash in organization {
        let party = Some(Sought { hash: *hash, role: Some(PRINCIPAL) });
        let filter = CaseFilter { party, places: Some(stand.clone()), limit: u32::MAX, ..CaseFilter::default() };
        for row in store.find_cases(&filter).await.map_err(Failed::away)? {
            let code = row.details.get(ROLE).and_then(Value::as_str);
            if code.is_some_and(|code| roles.iter().any(|role| role == code)) {
                allowed.extend(row.details.get(OPERATIONS).map(listed).unwrap_or_default());
            }
        }
    }
    Ok(allowed)
}

fn kinds(lifecycles: &Lifecycles, of: impl Fn(&System) -> Option<KindName>) -> Vec<KindName> {
    lifecycles.systems().filter_map(of).collect()
}

fn listed(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
