//! The symbol table: every namespace and expanded name that the rules use, found by one hash of the local part.

use std::collections::HashMap;

use super::ids::{NameId, NamespaceId};
use crate::xml::{XML_NAMESPACE, same_name};

/// The namespace of attributes such as `xsi:type`.
pub const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The namespace of XML Schema.
pub const XS_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema";

/// Multiplier of the hash: 2^64 divided by the golden ratio, which spreads consecutive words well.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Debug, Clone)]
struct Entry {
    namespace: NamespaceId,
    local: Box<str>,
}

/// One place of the hash table.
#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    name: NameId,
}

const FREE: Slot = Slot { hash: 0, name: NameId::UNKNOWN };

/// The sealed table.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    namespaces: Vec<Box<str>>,
    entries: Vec<Entry>,
    slots: Vec<Slot>,
}

/// A hash of a name: whole words, the last of them overlapping the one before where the length is no multiple.
#[inline]
fn hash(namespace: NamespaceId, local: &str) -> u32 {
    let bytes = local.as_bytes();
    let mut state = (u64::from(namespace.0) << 8 ^ bytes.len() as u64).wrapping_mul(SPREAD);
    let mut mix = |word: u64| state = (state.rotate_left(26) ^ word).wrapping_mul(SPREAD);
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        mix(u64::from_le_bytes(*first));
        bytes[8..]
            .chunks_exact(8)
            .for_each(|chunk| mix(chunk.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))));
        mix(u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        mix(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
    } else if let [first, .., last] | [first @ last] = bytes {
        mix(u64::from(*first) << 16 | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(*last));
    }
    // The high half is the well-mixed one; the shift leaves exactly 32 bits.
    u32::try_from(state >> 32).unwrap_or(0)
}

impl Names {
    /// The name of `local` in `namespace`, if the rules use it.
    #[inline]
    pub(crate) fn find(&self, namespace: NamespaceId, local: &str) -> NameId {
        let mask = self.slots.len() - 1;
        let hash = hash(namespace, local);
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots[place];
            if slot.name == NameId::UNKNOWN {
                return NameId::UNKNOWN;
            }
            if slot.hash == hash {
                let entry = &self.entries[slot.name.index()];
                if entry.namespace == namespace && same_name(entry.local.as_bytes(), local.as_bytes()) {
                    return slot.name;
                }
            }
            place = (place + 1) & mask;
        }
    }

    /// The namespace with this name, if the rules name it.
    pub(crate) fn namespace(&self, uri: &str) -> NamespaceId {
        let found = self.namespaces.iter().position(|known| **known == *uri);
        found.map_or(NamespaceId::UNKNOWN, NamespaceId::at)
    }

    /// How many namespaces there are.
    pub(crate) fn namespace_count(&self) -> usize {
        self.namespaces.len()
    }

    /// The name written out.
    pub(crate) fn local(&self, name: NameId) -> &str {
        self.entries.get(name.index()).map_or("", |entry| &entry.local)
    }

    /// The namespace of a name.
    pub(crate) fn namespace_of(&self, name: NameId) -> NamespaceId {
        self.entries.get(name.index()).map_or(NamespaceId::UNKNOWN, |entry| entry.namespace)
    }

    /// A namespace written out.
    pub(crate) fn uri(&self, namespace: NamespaceId) -> &str {
        self.namespaces.get(namespace.index()).map_or("", |uri| uri)
    }
}

/// The table while it grows.
#[derive(Debug)]
pub(crate) struct NamesDraft {
    namespaces: Vec<Box<str>>,
    by_uri: HashMap<Box<str>, NamespaceId>,
    entries: Vec<Entry>,
    by_name: HashMap<(NamespaceId, Box<str>), NameId>,
}

impl NamesDraft {
    /// A table with the names that every rule set knows, at the ids that are constants.
    pub(crate) fn new() -> Self {
        let mut draft =
            Self { namespaces: Vec::new(), by_uri: HashMap::new(), entries: Vec::new(), by_name: HashMap::new() };
        for uri in ["", XML_NAMESPACE, XSI_NAMESPACE, XS_NAMESPACE] {
            draft.namespace(uri);
        }
        for local in ["type", "nil", "schemaLocation", "noNamespaceSchemaLocation"] {
            draft.name(NamespaceId::XSI, local);
        }
        draft
    }

    pub(crate) fn namespace(&mut self, uri: &str) -> NamespaceId {
        if let Some(known) = self.by_uri.get(uri) {
            return *known;
        }
        let id = NamespaceId::at(self.namespaces.len());
        self.namespaces.push(uri.into());
        self.by_uri.insert(uri.into(), id);
        id
    }

    pub(crate) fn name(&mut self, namespace: NamespaceId, local: &str) -> NameId {
        let key = (namespace, Box::from(local));
        if let Some(known) = self.by_name.get(&key) {
            return *known;
        }
        let id = NameId::at(self.entries.len());
        self.entries.push(Entry { namespace, local: local.into() });
        self.by_name.insert(key, id);
        id
    }

    pub(crate) fn local(&self, name: NameId) -> &str {
        self.entries.get(name.index()).map_or("", |entry| &entry.local)
    }

    pub(crate) fn namespace_of(&self, name: NameId) -> NamespaceId {
        self.entries.get(name.index()).map_or(NamespaceId::UNKNOWN, |entry| entry.namespace)
    }

    pub(crate) fn uri(&self, namespace: NamespaceId) -> &str {
        self.namespaces.get(namespace.index()).map_or("", |uri| uri)
    }

    /// The name of `local` in the namespace `uri`, if it is in the table already.
    pub(crate) fn peek(&self, uri: &str, local: &str) -> Option<NameId> {
        let namespace = *self.by_uri.get(uri)?;
        self.by_name.get(&(namespace, Box::from(local))).copied()
    }

    pub(crate) fn seal(self) -> Names {
        let mut slots = vec![FREE; (self.entries.len() * 2 + 1).next_power_of_two()];
        let mask = slots.len() - 1;
        for (index, entry) in self.entries.iter().enumerate() {
            let hash = hash(entry.namespace, &entry.local);
            let mut place = hash as usize & mask;
            while slots[place].name != NameId::UNKNOWN {
                place = (place + 1) & mask;
            }
            slots[place] = Slot { hash, name: NameId::at(index) };
        }
        Names { namespaces: self.namespaces, entries: self.entries, slots }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut draft = NamesDraft::new();
        let namespace = draft.namespace("urn:a");
        let locals: Vec<String> = (0..500).map(|index| format!("Имя{index}")).collect();
        let ids: Vec<NameId> = locals.iter().map(|local| draft.name(namespace, local)).collect();
        assert_eq!(draft.name(namespace, "Имя7"), ids[7]);
        let names = draft.seal();
        for (local, id) in locals.iter().zip(&ids) {
            assert_eq!(names.find(namespace, local), *id);
            assert_eq!(names.local(*id), local);
        }
        assert_eq!(names.find(namespace, "Имя500"), NameId::UNKNOWN);
        assert_eq!(names.find(NamespaceId::ABSENT, "Имя1"), NameId::UNKNOWN);
        assert_eq!(names.find(NamespaceId::XSI, "nil"), NameId::XSI_NIL);
        assert_eq!(names.namespace("urn:b"), NamespaceId::UNKNOWN);
    }
}
