//! Identity constraints and checks between values, streaming: scopes are open while their element is, candidates gather
//! the values of their fields, tables hold the keys.

use std::collections::{HashMap, HashSet};

use super::matcher::{Hit, Matcher};
use crate::rules::sealed::{Datum, Identity, IdentityId, IdentityKind, NameId, NameTest, NamespaceId, Pair};
use crate::xml::Span;

/// Parts what stands between the values of a key.
const SEPARATOR: char = '\u{1F}';

/// A value that a field may lead to.
#[derive(Debug, Clone)]
pub(super) struct FieldValue {
    pub(super) datum: Datum<'static>,
    pub(super) span: Span,
    /// The declaration of the element allows nil.
    pub(super) nillable: bool,
}

/// A constraint at work below the element that declares it.
#[derive(Debug)]
struct Scope<'r> {
    id: IdentityId,
    identity: &'r Identity,
    level: usize,
    selector: Matcher<'r>,
    keys: HashSet<Box<str>>,
    references: Vec<KeyReference>,
}

#[derive(Debug)]
struct KeyReference {
    key: Box<str>,
    span: Span,
    path: String,
}

/// An element whose fields are being gathered.
#[derive(Debug)]
struct Candidate<'r> {
    level: usize,
    target: Target<'r>,
    fields: Vec<Matcher<'r>>,
    values: Vec<Option<FieldValue>>,
    /// How many levels down its fields lead at most.
    reach: usize,
    /// A field has led to more than one value, or to none that is simple; it has been told.
    spoilt: bool,
    span: Span,
}

#[derive(Debug, Clone, Copy)]
enum Target<'r> {
    Scope(usize),
    Pair(&'r Pair),
}

/// Keys that an inner element hands to the elements around it.
#[derive(Debug)]
struct HandedUp {
    level: usize,
    id: IdentityId,
    /// Whether each key came from two children, which makes it stand for neither.
    keys: HashMap<Box<str>, bool>,
}

/// What identity constraints find wrong.
#[derive(Debug)]
pub(super) enum Finding<'r> {
    Duplicate { identity: &'r Identity, span: Span },
    MissingField { identity: &'r Identity, span: Span },
    Nillable { identity: &'r Identity, span: Span },
    NotFound { identity: &'r Identity, span: Span, path: String },
    FieldTwice { identity: Option<&'r Identity>, span: Span },
    FieldNotSimple { identity: Option<&'r Identity>, span: Span },
    Pair { pair: &'r Pair, span: Span },
}

/// All of it, for one realm.
#[derive(Debug, Default)]
pub(super) struct Identities<'r> {
    scopes: Vec<Scope<'r>>,
    candidates: Vec<Candidate<'r>>,
    handed_up: Vec<HandedUp>,
    /// Fields that wait for the value of an open element: level, candidate, field.
    awaiting: Vec<(usize, usize, usize)>,
    /// Attributes of the element that has just begun which fields lead to: candidate, field, names.
    wanted_attributes: Vec<(usize, usize, NameTest)>,
    pub(super) findings: Vec<Finding<'r>>,
    hits: Vec<Hit>,
}

/// An element that has just begun, as paths see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) level: usize,
    pub(super) namespace: NamespaceId,
    pub(super) name: NameId,
    pub(super) span: Span,
}

impl<'r> Identities<'r> {
    /// Whether anything is watched, so that elements and attributes have to be told.
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        !self.scopes.is_empty() || !self.candidates.is_empty()
    }

    /// Whether keys wait to be handed to outer elements.
    #[inline]
    pub(super) fn has_handed_up(&self) -> bool {
        !self.handed_up.is_empty()
    }

    /// An element begins that declares `own` constraints and whose type has `pairs`. Whether its text is awaited.
    pub(super) fn start(
        &mut self,
        begun: Begun,
        own: impl Iterator<Item = (IdentityId, &'r Identity)>,
        pairs: &'r [Pair],
    ) -> bool {
        let older = self.candidates.len();
        for scope in 0..self.scopes.len() {
            self.hits.clear();
            self.scopes[scope].selector.start(begun.level, begun.namespace, begun.name, &mut self.hits);
            if self.hits.contains(&Hit::Element) {
                self.select(begun, scope);
            }
        }
        for (id, identity) in own {
            self.hits.clear();
            let selector = Matcher::begin(&identity.selector, begun.level, &mut self.hits);
            let scope =
                Scope { id, identity, level: begun.level, selector, keys: HashSet::new(), references: Vec::new() };
            self.scopes.push(scope);
            if self.hits.contains(&Hit::Element) {
                self.select(begun, self.scopes.len() - 1);
            }
        }
        for pair in pairs {
            self.candidates.push(Candidate {
                level: begun.level,
                target: Target::Pair(pair),
                fields: Vec::with_capacity(pair.paths.len()),
                values: vec![None; pair.paths.len()],
                reach: 0,
                spoilt: false,
                span: begun.span,
            });
        }
        self.wanted_attributes.clear();
        let mut awaited = false;
        for candidate in 0..self.candidates.len() {
            let (from, reach) = (self.candidates[candidate].level, self.candidates[candidate].reach);
            let fresh = candidate >= older;
            if fresh || begun.level - from <= reach {
                awaited |= self.follow_fields(begun, candidate, fresh);
            }
        }
        awaited
    }

    /// Whether a field leads to an attribute of the element that has just begun.
    #[inline]
    pub(super) fn wants_attributes(&self) -> bool {
        !self.wanted_attributes.is_empty()
    }

    /// The element is one that a constraint selects.
    fn select(&mut self, begun: Begun, scope: usize) {
        let count = self.scopes[scope].identity.fields.len();
        self.candidates.push(Candidate {
            level: begun.level,
            target: Target::Scope(scope),
            fields: Vec::with_capacity(count),
            values: vec![None; count],
            reach: 0,
            spoilt: false,
            span: begun.span,
        });
    }

    /// Follows the fields of a candidate to the element that has just begun.
    fn follow_fields(&mut self, begun: Begun, candidate: usize, fresh: bool) -> bool {
        let mut awaited = false;
        for field in 0..self.candidates[candidate].values.len() {
            self.hits.clear();
            let target = self.candidates[candidate].target;
            if fresh {
                let path = match target {
                    Target::Scope(scope) => &self.scopes[scope].identity.fields[field],
                    Target::Pair(pair) => &pair.paths[field],
                };
                let matcher = Matcher::begin(path, begun.level, &mut self.hits);
                let candidate = &mut self.candidates[candidate];
                candidate.reach = candidate.reach.max(matcher.reach());
                candidate.fields.push(matcher);
            } else {
                let matcher = &mut self.candidates[candidate].fields[field];
                matcher.start(begun.level, begun.namespace, begun.name, &mut self.hits);
            }
            // Two branches may lead to the same node, which counts once.
            if self.hits.contains(&Hit::Element) {
                self.awaiting.push((begun.level, candidate, field));
                awaited = true;
            }
            for index in 0..self.hits.len() {
                let Hit::Attribute(test) = self.hits[index] else { continue };
                if !self.hits[..index].contains(&Hit::Attribute(test)) {
                    self.wanted_attributes.push((candidate, field, test));
                }
            }
        }
        awaited
    }

    /// An attribute of the element that has just begun has a value.
    pub(super) fn supply_attribute(&mut self, namespace: NamespaceId, name: NameId, value: &FieldValue) {
        for index in 0..self.wanted_attributes.len() {
            let (candidate, field, test) = self.wanted_attributes[index];
            if test.takes(namespace, name) {
                self.put(candidate, field, value.clone());
            }
        }
    }

    fn put(&mut self, candidate: usize, field: usize, value: FieldValue) {
        let identity = self.identity_of(candidate);
        let candidate = &mut self.candidates[candidate];
        if candidate.values[field].is_some() && !candidate.spoilt {
            candidate.spoilt = true;
            self.findings.push(Finding::FieldTwice { identity, span: value.span });
        } else {
            candidate.values[field] = Some(value);
        }
    }

    fn identity_of(&self, candidate: usize) -> Option<&'r Identity> {
        match self.candidates[candidate].target {
            Target::Scope(scope) => Some(self.scopes[scope].identity),
            Target::Pair(_) => None,
        }
    }

    /// The text of the element at `level` has a value.
    pub(super) fn supply(&mut self, level: usize, value: &FieldValue) {
        for index in 0..self.awaiting.len() {
            let (at, candidate, field) = self.awaiting[index];
            if at == level {
                self.put(candidate, field, value.clone());
            }
        }
        self.awaiting.retain(|(at, ..)| *at != level);
    }

    /// The element at `level`, whose value is awaited, has none that is simple.
    pub(super) fn supply_nothing(&mut self, level: usize, span: Span, complex: bool) {
        for index in 0..self.awaiting.len() {
            let (at, candidate, _) = self.awaiting[index];
            if at == level && complex && !self.candidates[candidate].spoilt {
                let identity = self.identity_of(candidate);
                self.candidates[candidate].spoilt = true;
                self.findings.push(Finding::FieldNotSimple { identity, span });
            }
        }
        self.awaiting.retain(|(at, ..)| *at != level);
    }

    /// The value of the element at `level` is not valid, which has been told: what needs it is not judged.
    pub(super) fn spoil(&mut self, level: usize) {
        for (at, candidate, _) in &self.awaiting {
            if *at == level {
                self.candidates[*candidate].spoilt = true;
            }
        }
        self.awaiting.retain(|(at, ..)| *at != level);
    }

    /// The element at `level` ends. `path` makes its path, for references that are judged later.
    pub(super) fn end(&mut self, level: usize, path: impl Fn() -> String) {
        if !self.awaiting.is_empty() {
            self.awaiting.retain(|(at, ..)| *at != level);
        }
        while let Some(candidate) = self.candidates.pop_if(|candidate| candidate.level == level) {
            self.complete(candidate, &path);
        }
        for candidate in self.candidates.iter_mut().filter(|candidate| level - candidate.level <= candidate.reach) {
            candidate.fields.iter_mut().for_each(|field| field.end(level));
        }
        for scope in &mut self.scopes {
            if scope.level < level && level - scope.level <= scope.selector.reach() {
                scope.selector.end(level);
            }
        }
        if !self.handed_up.is_empty() || self.scopes.last().is_some_and(|scope| scope.level == level) {
            self.close(level);
        }
    }

    fn complete(&mut self, candidate: Candidate<'r>, path: &impl Fn() -> String) {
        let Candidate { target, values, spoilt, span, .. } = candidate;
        if spoilt {
            return;
        }
        let scope = match target {
            Target::Pair(pair) => {
                if let [Some(first), Some(second)] = values.as_slice()
                    && !(pair.check.holds)(&first.datum, &second.datum)
                {
                    self.findings.push(Finding::Pair { pair, span: first.span });
                }
                return;
            }
            Target::Scope(scope) => &mut self.scopes[scope],
        };
        let identity = scope.identity;
        let is_key = identity.kind == IdentityKind::Key;
        let mut key = String::new();
        for value in &values {
            let Some(value) = value else {
                if is_key {
                    self.findings.push(Finding::MissingField { identity, span });
                }
                return;
            };
            if is_key && value.nillable {
                self.findings.push(Finding::Nillable { identity, span: value.span });
                return;
            }
            value.datum.key(&mut key);
            key.push(SEPARATOR);
        }
        let span = values.first().and_then(Option::as_ref).map_or(span, |value| value.span);
        if let IdentityKind::Keyref(_) = identity.kind {
            scope.references.push(KeyReference { key: key.into(), span, path: path() });
        } else if !scope.keys.insert(key.into()) {
            self.findings.push(Finding::Duplicate { identity, span });
        }
    }

    /// Closes the scopes of the element at `level`: hands keys up, judges references.
    fn close(&mut self, level: usize) {
        let first = self.scopes.partition_point(|scope| scope.level < level);
        if first < self.scopes.len() {
            let closing = self.scopes.split_off(first);
            for scope in &closing {
                if let IdentityKind::Keyref(referred) = scope.identity.kind {
                    self.judge_references(scope, referred, &closing, level);
                }
            }
            for scope in closing {
                if scope.identity.referred_from_outside {
                    self.hand_up(level, scope.id, scope.keys);
                }
            }
        }
        // What has come up to this element goes on to the one around it.
        if !self.handed_up.is_empty() {
            self.pass_on(level);
        }
    }

    fn judge_references(&mut self, scope: &Scope<'r>, referred: IdentityId, closing: &[Scope<'r>], level: usize) {
        let own = closing.iter().find(|other| other.id == referred);
        let handed = self.handed_up.iter().find(|handed| handed.id == referred && handed.level == level);
        for reference in &scope.references {
            let found = own.is_some_and(|own| own.keys.contains(&reference.key))
                || handed.and_then(|handed| handed.keys.get(&reference.key)).is_some_and(|twice| !twice);
            if !found {
                let KeyReference { span, path, .. } = reference;
                self.findings.push(Finding::NotFound { identity: scope.identity, span: *span, path: path.clone() });
            }
        }
    }

    /// Adds the keys of the element at `level` to what has come up to it; its own win over those of its children.
    fn hand_up(&mut self, level: usize, id: IdentityId, keys: HashSet<Box<str>>) {
        let keys = keys.into_iter().map(|key| (key, false));
        match self.handed_up.iter_mut().find(|handed| handed.id == id && handed.level == level) {
            Some(handed) => handed.keys.extend(keys),
            None => self.handed_up.push(HandedUp { level, id, keys: keys.collect() }),
        }
    }

    fn pass_on(&mut self, level: usize) {
        if self.scopes.is_empty() || level == 0 {
            return self.handed_up.retain(|handed| handed.level < level);
        }
        let (rising, staying): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.handed_up).into_iter().partition(|handed| handed.level == level);
        self.handed_up = staying;
        for rising in rising {
            let known = self.handed_up.iter_mut().find(|known| known.id == rising.id && known.level == level - 1);
            match known {
                Some(known) => {
                    for (key, twice) in rising.keys {
                        known.keys.entry(key).and_modify(|known| *known = true).or_insert(twice);
                    }
                }
                None => self.handed_up.push(HandedUp { level: level - 1, ..rising }),
            }
        }
    }
}
