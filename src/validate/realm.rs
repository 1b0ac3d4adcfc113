//! A realm: one rule set at work on one part of a document, from the element that is its root. An envelope has its own
//! realm, its body another.

use std::collections::HashMap;

use super::content::Places;
use super::identity::Identities;
use super::ids::Ids;
use crate::rules::sealed::{ModelId, NamespaceId};
use crate::rules::{CaptureTree, Captured, Rules};
use crate::xml::{Reader, Window};

/// What belongs to one rule set during a pass.
#[derive(Debug)]
pub(super) struct Realm<'r> {
    pub(super) rules: &'r Rules,
    pub(super) captures: Option<&'r CaptureTree>,
    pub(super) captured: Captured,
    /// What the namespace declarations in scope mean to these rules, by their place in the reader.
    pub(super) namespaces: Vec<NamespaceId>,
    pub(super) identities: Identities<'r>,
    pub(super) ids: Ids,
    /// Where the elements of content that was out of order are looked up, by content model.
    pub(super) places: HashMap<ModelId, Places>,
    /// Level of the root element.
    pub(super) root: usize,
}

impl<'r> Realm<'r> {
    pub(super) fn new(rules: &'r Rules, captures: Option<&'r CaptureTree>, root: usize) -> Self {
        Self {
            rules,
            captures,
            captured: Captured::default(),
            namespaces: Vec::with_capacity(16),
            identities: Identities::default(),
            ids: Ids::default(),
            places: HashMap::new(),
            root,
        }
    }

    /// Brings the meanings of namespace declarations up to the element that has just begun.
    #[inline]
    pub(super) fn enter<W: Window>(&mut self, reader: &Reader<W>) {
        let (outside, inside) = (reader.namespace_count_outside(), reader.namespace_count());
        if self.namespaces.len() > outside {
            self.namespaces.truncate(outside);
        }
        while self.namespaces.len() < inside {
            let namespace = self.rules.namespace_id(reader.namespace_at(self.namespaces.len()));
            self.namespaces.push(namespace);
        }
    }
}
