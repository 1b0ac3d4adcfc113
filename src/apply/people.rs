//! Who takes part in the cases that a batch knows, found both ways: the parties of a case, and the cases of a party. Nobody is known
//! here but by the hash of an identifier.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::world::CaseKey;
use crate::domain::lifecycle::KindName;

/// A party of a case, as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRow {
    /// In which role.
    pub role: String,
    /// `snils`, `inn`, `ogrn` or `ogrnip`.
    pub identifier: &'static str,
    /// SHA-256 of identifier and value.
    pub hash: [u8; 32],
    /// The masked form.
    pub shown: String,
}

/// A party whose cases of a kind are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sought {
    /// Kind of the cases.
    pub kind: KindName,
    /// In which role.
    pub role: String,
    /// SHA-256 of identifier and value.
    pub hash: [u8; 32],
}

/// Cases that have a party in common with a known one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kin {
    /// The known case.
    pub case: CaseKey,
    /// The role of the party in it.
    pub role: String,
    /// System of the cases that are looked for.
    pub system: String,
    /// Their kind; none: any.
    pub kind: Option<String>,
    /// The role of the party in them.
    pub as_role: String,
}

/// A field by which cases of a kind name a case of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The kind that has the field.
    pub from: KindName,
    /// The field.
    pub field: String,
    /// The kind that it names.
    pub to: KindName,
    /// Cases of that kind with the same party in this role are needed too.
    pub role: String,
}

/// The parties of cases.
#[derive(Debug, Clone, Default)]
pub struct People {
    of: HashMap<CaseKey, Vec<PartyRow>>,
    cases: HashMap<[u8; 32], BTreeSet<CaseKey>>,
}

impl People {
    /// The parties of a case, as far as they are known.
    #[must_use]
    pub fn of(&self, key: &CaseKey) -> &[PartyRow] {
        self.of.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The known cases of a kind in which somebody has a role.
    pub fn cases<'p>(
        &'p self,
        kind: &'p KindName,
        role: &'p str,
        hash: &'p [u8; 32],
    ) -> impl Iterator<Item = &'p CaseKey> {
        let all = self.cases.get(hash).into_iter().flatten();
        all.filter(|key| key.system == kind.system && key.kind == kind.kind).filter(|key| self.has(key, role, hash))
    }

    /// The known cases of any kind of a system in which somebody has a role.
    pub fn cases_of_any<'p>(
        &'p self,
        system: &'p str,
        role: &'p str,
        hash: &'p [u8; 32],
    ) -> impl Iterator<Item = &'p CaseKey> {
        let all = self.cases.get(hash).into_iter().flatten();
        all.filter(move |key| key.system == system).filter(|key| self.has(key, role, hash))
    }

    fn has(&self, key: &CaseKey, role: &str, hash: &[u8; 32]) -> bool {
        self.of(key).iter().any(|row| row.role == role && row.hash == *hash)
    }

    /// These parties take the place of those in the same roles.
    pub fn set(&mut self, key: &CaseKey, rows: &[PartyRow]) {
        let roles: HashSet<&str> = rows.iter().map(|row| row.role.as_str()).collect();
        let all = self.of.entry(key.clone()).or_default();
        all.retain(|row| !roles.contains(row.role.as_str()));
        all.extend_from_slice(rows);
        for row in rows {
            self.cases.entry(row.hash).or_default().insert(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(role: &str, hash: u8) -> PartyRow {
        PartyRow { role: role.to_owned(), identifier: "inn", hash: [hash; 32], shown: "***".to_owned() }
    }

    #[test]
    fn a_party_is_found_where_it_stands_now() {
        let kind = KindName { system: "org".to_owned(), kind: "staff".to_owned() };
        let key = CaseKey { system: "org".to_owned(), kind: "staff".to_owned(), number: "1".to_owned() };
        let mut people = People::default();
        people.set(&key, &[row("member", 1), row("principal", 2)]);
        people.set(&key, &[row("member", 3)]);
        for (role, hash, found) in
            [("member", 1, 0), ("member", 3, 1), ("principal", 2, 1), ("principal", 3, 0), ("member", 4, 0)]
        {
            assert_eq!(people.cases(&kind, role, &[hash; 32]).count(), found, "{role} {hash}");
            assert_eq!(people.cases_of_any("org", role, &[hash; 32]).count(), found, "{role} {hash}");
            assert_eq!(people.cases_of_any("gge", role, &[hash; 32]).count(), 0, "{role} {hash}");
        }
        assert_eq!(people.of(&key).len(), 2);
    }
}
