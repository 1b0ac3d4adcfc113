//! Tables of keys: what each identity constraint at work has found so far, and what it hands to the elements around it.

use std::collections::{HashMap, hash_map::Entry};
use std::num::NonZeroU64;

use super::identity::{Finding, Place};
use super::matcher::Matcher;
use crate::rules::sealed::{Identity, IdentityId, IdentityKind};

/// A constraint at work below the element that declares it.
#[derive(Debug)]
pub(super) struct Scope<'r> {
    pub(super) id: IdentityId,
    pub(super) identity: &'r Identity,
    pub(super) level: usize,
    pub(super) selector: Matcher<'r>,
    keys: HashMap<Box<str>, First>,
    references: Vec<(Box<str>, KeyReference)>,
}

/// Where a key has come first.
#[derive(Debug, Clone, Copy)]
pub(super) struct First {
    pub(super) offset: u64,
    /// None where it can be told from the offset at any time.
    pub(super) line: Option<NonZeroU64>,
}

impl First {
    pub(super) fn at(place: Place) -> Self {
        let line = place.position.and_then(|position| NonZeroU64::new(position.line));
        Self { offset: place.span.offset, line }
    }
}

/// A reference whose key has not come yet.
#[derive(Debug)]
pub(super) struct KeyReference {
    pub(super) place: Place,
    /// It in words.
    pub(super) value: String,
    pub(super) path: String,
}

/// Keys that an inner element hands to the elements around it.
#[derive(Debug)]
struct HandedUp {
    level: usize,
    id: IdentityId,
    /// Whether each key came from two children, which makes it stand for neither.
    keys: HashMap<Box<str>, bool>,
}

/// The constraints at work, outermost first, and what inner elements have handed up.
#[derive(Debug, Default)]
pub(super) struct Scopes<'r> {
    pub(super) open: Vec<Scope<'r>>,
    handed_up: Vec<HandedUp>,
}

impl<'r> Scopes<'r> {
    /// A constraint begins to work.
    pub(super) fn open(&mut self, id: IdentityId, identity: &'r Identity, level: usize, selector: Matcher<'r>) {
        let (keys, references) = (HashMap::new(), Vec::new());
        self.open.push(Scope { id, identity, level, selector, keys, references });
    }

    /// Whether an element that ends at `level` closes anything here.
    #[inline]
    pub(super) fn ends_at(&self, level: usize) -> bool {
        !self.handed_up.is_empty() || self.open.last().is_some_and(|scope| scope.level == level)
    }

    /// Notes the key of one selected element; where it came first, if it must be unique and is not.
    pub(super) fn define(&mut self, scope: usize, key: &str, first: First) -> Option<First> {
        match self.open[scope].keys.entry(key.into()) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(new) => {
                new.insert(first);
                None
            }
        }
    }

    /// Notes a reference of one selected element to a key of the constraint `referred`.
    pub(super) fn refer(
        &mut self,
        scope: usize,
        referred: IdentityId,
        key: &str,
        reference: impl FnOnce() -> KeyReference,
    ) {
        let level = self.open[scope].level;
        // Mostly the key has come before, beside the reference; then nothing has to be kept.
        let known = self
            .open
            .iter()
            .rev()
            .take_while(|other| other.level == level)
            .any(|other| other.id == referred && other.keys.contains_key(key));
        if !known {
            self.open[scope].references.push((key.into(), reference()));
        }
    }

    /// Closes the scopes of the element at `level`: judges references, hands keys up.
    pub(super) fn close(&mut self, level: usize, findings: &mut Vec<Finding<'r>>) {
        let first = self.open.partition_point(|scope| scope.level < level);
        if first < self.open.len() {
            let closing = self.open.split_off(first);
            for scope in &closing {
                if let IdentityKind::Keyref(referred) = scope.identity.kind {
                    self.judge(scope, referred, &closing, findings);
                }
            }
            for scope in closing {
                if self.is_referred(scope.id) {
                    self.hand_up(level, scope.id, scope.keys);
                }
            }
        }
        // What has come up to this element goes on to the one around it.
        if !self.handed_up.is_empty() {
            self.pass_on(level);
        }
    }

    /// Whether a reference of an element around, which may be one of the same declaration, may mean keys of `id`.
    fn is_referred(&self, id: IdentityId) -> bool {
        self.open.iter().any(|scope| scope.identity.kind == IdentityKind::Keyref(id))
    }

    fn judge(&self, scope: &Scope<'r>, referred: IdentityId, closing: &[Scope<'r>], findings: &mut Vec<Finding<'r>>) {
        let own = closing.iter().find(|other| other.id == referred);
        let handed = self.handed_up.iter().find(|handed| handed.id == referred && handed.level == scope.level);
        for (key, reference) in &scope.references {
            let found = own.is_some_and(|own| own.keys.contains_key(key))
                || handed.and_then(|handed| handed.keys.get(key)).is_some_and(|twice| !twice);
            if !found {
                let KeyReference { place, value, path } = reference;
                let (value, path) = (value.clone(), path.clone());
                findings.push(Finding::NotFound { identity: scope.identity, place: *place, value, path });
            }
        }
    }

    /// Adds the keys of the element at `level` to what has come up to it; its own win over those of its children.
    fn hand_up(&mut self, level: usize, id: IdentityId, keys: HashMap<Box<str>, First>) {
        let keys = keys.into_keys().map(|key| (key, false));
        match self.handed_up.iter_mut().find(|handed| handed.id == id && handed.level == level) {
            Some(handed) => handed.keys.extend(keys),
            None => self.handed_up.push(HandedUp { level, id, keys: keys.collect() }),
        }
    }

    fn pass_on(&mut self, level: usize) {
        let (rising, staying): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.handed_up).into_iter().partition(|handed| handed.level == level);
        self.handed_up = staying;
        for mut rising in
            rising.into_iter().filter(|rising| level > 0 && self.is_referred(rising.id)).collect::<Vec<_>>()
        {
            let known = self.handed_up.iter_mut().find(|known| known.id == rising.id && known.level == level - 1);
            match known {
                Some(known) => {
                    // The fewer are put to the more.
                    if known.keys.len() < rising.keys.len() {
                        std::mem::swap(&mut known.keys, &mut rising.keys);
                    }
                    for (key, twice) in rising.keys {
                        known.keys.entry(key).and_modify(|known| *known = true).or_insert(twice);
                    }
                }
                None => self.handed_up.push(HandedUp { level: level - 1, ..rising }),
            }
        }
    }
}
