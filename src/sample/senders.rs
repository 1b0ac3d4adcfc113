//! Who sends what: the agencies that the configuration lets send a kind of message to a system.

use std::collections::BTreeMap;

use crate::binding::Rulebook;
use crate::random::Random;

/// Agencies by what they may send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders {
    by_system: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Senders {
    /// Of every kind that the bindings know, those agencies that may send it; `agencies` gives them for a system and a kind.
    #[must_use]
    pub fn among(rulebook: &Rulebook, agencies: impl Fn(&str, &str) -> Vec<String>) -> Self {
        let mut by_system: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for family in rulebook.families() {
            let able = agencies(&family.system, &family.kind);
            if !able.is_empty() {
                by_system.entry(family.system.clone()).or_default().insert(family.kind.clone(), able);
            }
        }
        Self { by_system }
    }

    /// Whether somebody may send something to a system.
    #[must_use]
    pub fn reach(&self, system: &str) -> bool {
        self.by_system.contains_key(system)
    }

    /// All that may send a kind to a system.
    #[must_use]
    pub fn all(&self, system: &str, kind: &str) -> &[String] {
        self.by_system.get(system).and_then(|kinds| kinds.get(kind)).map_or(&[], Vec::as_slice)
    }

    /// The one that sends a kind where it is about this subject; it is the same for all kinds that the same agencies may send.
    #[must_use]
    pub fn of(&self, system: &str, kind: &str, subject: &str) -> Option<&str> {
        let all = self.all(system, kind);
        let mixed = subject.bytes().fold(0, |mixed: u64, byte| mixed.wrapping_mul(31).wrapping_add(byte.into()));
        all.get(Random::new(mixed).below(all.len())).map(String::as_str)
    }
}
