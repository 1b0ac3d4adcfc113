//! Somebody, known by the hashes of their identifiers only, and whether a party of a case is the same one.

use super::OWNERS;
use crate::apply::world::PartyRow;
use crate::binding::Author;
use crate::domain::identifiers;

/// Somebody that a message names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Who {
    identifiers: Vec<(&'static str, [u8; 32])>,
}

/// Whether two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// An identifier is the same.
    Same,
    /// Both have an identifier of one kind, and it differs.
    Other,
    /// Nothing to compare.
    Unknown,
}

impl Who {
    /// Who acts; none where the author does not say.
    pub(super) fn actor(author: &Author) -> Option<Self> {
        Self::named(&[("snils", author.actor_snils.as_deref()), ("inn", author.actor_inn.as_deref())])
    }

    /// In whose name it is done; none where the author does not say.
    pub(super) fn principal(author: &Author) -> Option<Self> {
        Self::named(&[("ogrn", author.principal_ogrn.as_deref()), ("inn", author.principal_inn.as_deref())])
    }

    /// Those who stand in a role.
    pub(super) fn in_role(rows: &[PartyRow], role: &str) -> Self {
        let rows = rows.iter().filter(|row| row.role == role);
        Self { identifiers: rows.map(|row| (row.identifier, row.hash)).collect() }
    }

    /// Those for whom a case is.
    pub(super) fn owners(rows: &[PartyRow]) -> Self {
        let rows = rows.iter().filter(|row| OWNERS.contains(&row.role.as_str()));
        Self { identifiers: rows.map(|row| (row.identifier, row.hash)).collect() }
    }

    fn named(told: &[(&'static str, Option<&str>)]) -> Option<Self> {
        let identifiers: Vec<_> =
            told.iter().filter_map(|(what, value)| Some((*what, identifiers::lookup(what, (*value)?)))).collect();
        (!identifiers.is_empty()).then_some(Self { identifiers })
    }

    /// Hashes of the identifiers.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.identifiers.iter().map(|(_, hash)| hash)
    }

    /// Whether this one is among the parties in some of these roles.
    pub(super) fn among<'r>(&self, rows: impl IntoIterator<Item = &'r PartyRow>) -> Fit {
        let mut fit = Fit::Unknown;
        for row in rows {
            for (identifier, hash) in &self.identifiers {
                if *identifier == row.identifier {
                    if *hash == row.hash {
                        return Fit::Same;
                    }
                    fit = Fit::Other;
                }
            }
        }
        fit
    }

    /// Whether this one is the other.
    pub(super) fn is(&self, other: &Self) -> Fit {
        let mut fit = Fit::Unknown;
        for (identifier, hash) in &self.identifiers {
            for (other, theirs) in &other.identifiers {
                match (identifier == other, hash == theirs) {
                    (true, true) => return Fit::Same,
                    (true, false) => fit = Fit::Other,
                    _ => {}
                }
            }
        }
        fit
    }
}
