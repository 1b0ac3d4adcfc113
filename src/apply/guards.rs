//! What must hold beside the lifecycle's way: no open cases of the person, new evidence for another appeal, no second living case
//! with the same identifiers.

use std::collections::BTreeSet;

use super::steps::Steps;
use super::world::{Case, CaseKey, Kin, Needs, PartyRow, Sought};
use super::{Change, Refusal};
use crate::domain::lifecycle::{Class, Guard, Happening, Kind, KindName, Lifecycle, Status};
use crate::outcome::Code;

/// The role of the person in what is guarded, and in the cases that must not be open.
const MEMBER: &str = "member";
const ASSIGNEE: &str = "assignee";
/// The role of the organization in what is guarded, and in the cases.
const PRINCIPAL: &str = "principal";
const APPLICANT: &str = "applicant";
/// So many other cases are named.
const NAMED_MAX: usize = 5;

/// Adds what the guards of a kind need to know of one of its cases.
pub(super) fn needs(key: &CaseKey, lifecycle: &Lifecycle, needs: &mut Needs) {
    let kind = lifecycle.kind();
    for role in &kind.unique {
        needs.held.insert(key.clone());
        needs.kin.insert(Kin {
            case: key.clone(),
            role: role.clone(),
            system: key.system.clone(),
            kind: Some(key.kind.clone()),
            as_role: role.clone(),
        });
    }
    let guarded = |status: &Status| {
        status.guard == Some(Guard::NoOpenCases) || status.on.iter().any(|one| one.guard == Some(Guard::NoOpenCases))
    };
    if lifecycle.statuses().iter().any(guarded) {
        needs.held.insert(key.clone());
        needs.kin.insert(Kin {
            case: key.clone(),
            role: MEMBER.to_owned(),
            system: key.system.clone(),
            kind: None,
            as_role: ASSIGNEE.to_owned(),
        });
    }
}

/// Adds what must be known before a case with these parties may be opened or told of them.
pub(super) fn of_parties(lifecycle: &Lifecycle, rows: &[PartyRow], needs: &mut Needs) {
    let kind = KindName { system: lifecycle.system().to_owned(), kind: lifecycle.kind().code.clone() };
    let unique = rows.iter().filter(|row| lifecycle.kind().unique.contains(&row.role));
    needs.sought.extend(unique.map(|row| Sought { kind: kind.clone(), role: row.role.clone(), hash: row.hash }));
}

/// Whether a status of the parent asks for new evidence where a case of this kind is opened.
pub(super) fn asks_evidence(parent: &Lifecycle, kind: &Kind) -> bool {
    let asks = |status: &Status| {
        status.on.iter().any(|one| {
            one.guard == Some(Guard::NewEvidence)
                && matches!(&one.happening, Happening::Child { kind: child, .. } if *child == kind.code)
        })
    };
    parent.statuses().iter().any(asks)
}

impl Steps<'_> {
    /// What a status asks for before it is entered.
    pub(super) fn guarded(&self, case: &Case, lifecycle: &Lifecycle, to: &Status) -> Result<(), Refusal> {
        if to.guard == Some(Guard::NoOpenCases) {
            self.no_open_cases(case)?;
        }
        let lived = lifecycle.status(&case.status).is_some_and(lives);
        if !lived && lives(to) {
            self.free(lifecycle, &case.key, &self.parties(&case.key))?;
        }
        Ok(())
    }

    /// The person has no open cases of the organization.
    pub(super) fn no_open_cases(&self, case: &Case) -> Result<(), Refusal> {
        let own = self.parties(&case.key);
        let principals: Vec<&PartyRow> = own.iter().filter(|row| row.role == PRINCIPAL).collect();
        let of_principal = |key: &CaseKey| {
            let rows = self.parties(key);
            let mut applicants = rows.iter().filter(|row| row.role == APPLICANT).peekable();
            applicants.peek().is_none()
                || applicants.any(|row| principals.iter().any(|principal| principal.hash == row.hash))
        };
        let open = |key: &CaseKey| {
            let lifecycle = self.setting().context.lifecycles.kind(&key.system, &key.kind);
            let standing = |status: &str| lifecycle.and_then(|one| one.status(status)).is_some_and(|one| one.standing);
            self.case(key).is_some_and(|case| case.open && !standing(&case.status))
        };
        let members = own.iter().filter(|row| row.role == MEMBER);
        let busy: BTreeSet<&CaseKey> = members
            .flat_map(|row| self.world().people.cases_of_any(&case.key.system, ASSIGNEE, &row.hash))
            .filter(|key| open(key) && of_principal(key))
            .collect();
        if busy.is_empty() {
            return Ok(());
        }
        let detail = format!("{}; сначала передайте их другому", numbers(busy.into_iter()));
        Err(Refusal::with(Code::OpenCases, detail))
    }

    /// Whether an answer to the same was asked for before, and if so, that this one brings what nobody has seen yet.
    pub(super) fn new_evidence(&self, case: &Case, child: &Case) -> Result<(), Refusal> {
        let children = self.world().children.get(&case.key);
        let former: BTreeSet<&CaseKey> =
            children.into_iter().flatten().filter(|key| key.kind == child.key.kind && **key != child.key).collect();
        if former.is_empty() {
            return Ok(());
        }
        let held = |key: &CaseKey, sha256: &String| {
            self.world().evidence.get(key).is_some_and(|contents| contents.contains(sha256))
        };
        let seen = |sha256: &String| held(&case.key, sha256) || former.iter().any(|key| held(key, sha256));
        let mut brought = self.changes().iter().filter_map(|change| match change {
            Change::Version(version) if version.case == child.key => Some(&version.sha256),
            _ => None,
        });
        if brought.any(|sha256| !seen(sha256)) {
            return Ok(());
        }
        let detail = format!("уже было: {}; приложите документы, которых в деле ещё нет", numbers(former.into_iter()));
        Err(Refusal::with(Code::NoNewEvidence, detail))
    }

    /// No other living case of the kind has a party with the same identifier in a role where there may be one only.
    pub(super) fn free(&self, lifecycle: &Lifecycle, key: &CaseKey, rows: &[PartyRow]) -> Result<(), Refusal> {
        let kind = KindName { system: lifecycle.system().to_owned(), kind: lifecycle.kind().code.clone() };
        let living = |other: &CaseKey| {
            let status = self.case(other).and_then(|case| lifecycle.status(&case.status));
            other != key && status.is_some_and(lives)
        };
        for row in rows.iter().filter(|row| lifecycle.kind().unique.contains(&row.role)) {
            let others: BTreeSet<&CaseKey> =
                self.world().people.cases(&kind, &row.role, &row.hash).filter(|other| living(other)).collect();
            if !others.is_empty() {
                let detail = format!(
                    "{} {} уже в деле {}; объедините дела или укажите другие сведения",
                    called(row.identifier),
                    row.shown,
                    numbers(others.into_iter())
                );
                return Err(Refusal::with(Code::IdentifierTaken, detail));
            }
        }
        Ok(())
    }
}

/// Whether a case that stands here counts as one: it may still come to something, or be in force.
fn lives(status: &Status) -> bool {
    !status.class.is_end() && status.class != Class::Decision
}

fn numbers<'k>(keys: impl ExactSizeIterator<Item = &'k CaseKey>) -> String {
    let all = keys.len();
    let named: Vec<&str> = keys.take(NAMED_MAX).map(|key| key.number.as_str()).collect();
    let more = all - named.len();
    if more == 0 { named.join(", ") } else { format!("{} и ещё {more}", named.join(", ")) }
}

/// What people call an identifier.
fn called(identifier: &str) -> &str {
    match identifier {
        "snils" => "СНИЛС",
        "inn" => "ИНН",
        "ogrn" => "ОГРН",
        "ogrnip" => "ОГРНИП",
        other => other,
    }
}
