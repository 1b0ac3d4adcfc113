//! Text and values: literals are judged by simple types, compared with fixed values, captured and given to identities.

use std::num::NonZeroU64;

use super::content;
use super::identity::{Finding, Found, Place};
use super::ids::{Role, role};
use super::report::Circumstances;
use super::violation::{Component, Detail, Unit};
use super::walk::{Mode, Open, Walk};
use crate::rules::sealed::{
    ANY_TYPE, Atom, Constraint, Datum, Facet, FacetKind, Flaw, Identity, Lexical, NameId, NamespaceId, Pair, Reason,
    SimpleId, TypeId, Variety, nearest,
};
use crate::rules::{CapturedValue, Rules, SlotId, Value};
use crate::xml::{Reader, Span, Text, Window};

/// Values that are kept of a long list of allowed ones.
const ALTERNATIVES_MAX: usize = 1000;

/// The rule that an element whose value is fixed must keep.
const FIXED_ELEMENT: &str = "cvc-elt.5.2.2.2";

/// A literal and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'a> {
    pub(super) raw: &'a str,
    pub(super) span: Span,
    /// The local name of the attribute whose value it is.
    pub(super) attribute: Option<&'a str>,
    /// The rule that has it be the fixed value, where there is one.
    pub(super) fixed_by: &'static str,
}

/// Who wants a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination {
    /// The slot and the frame that it is captured in.
    pub(super) slot: Option<SlotId>,
    pub(super) frame: u32,
    /// What it is to identity constraints.
    pub(super) awaited: Option<Awaited>,
}

/// A value that an identity constraint may want.
#[derive(Debug, Clone, Copy)]
pub(super) enum Awaited {
    /// The text of the innermost element.
    Text { nillable: bool },
    /// An attribute of it.
    Attribute { namespace: NamespaceId, name: NameId },
}

impl<'r> Walk<'r> {
    /// Character data inside the innermost element.
    pub(super) fn text<W: Window>(&mut self, reader: &Reader<W>, text: &Text<'_>) {
        let Some(open) = self.open.last() else { return };
        match open.mode {
            Mode::Simple(simple) if !open.judged && !open.disturbed => {
                self.simple_text(reader, simple, text.value, text.span);
            }
            Mode::Simple(_) => {}
            Mode::Mixed => {
                if self.wants_mixed_text() {
                    self.mixed_text.push_str(text.value);
                }
            }
            Mode::Nil | Mode::Empty => {
                if !text.value.is_empty() && !open.disturbed {
                    let detail = if open.mode == Mode::Nil { Detail::NilWithContent } else { Detail::NotEmpty };
                    self.disturb();
                    self.report_element(reader, text.span, detail);
                }
            }
            Mode::Elements => {
                if !text.value.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) && !open.disturbed {
                    self.disturb();
                    self.report_element(reader, text.span, Detail::TextBetweenElements);
                }
            }
        }
    }

    fn disturb(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.disturbed = true;
        }
    }

    /// Whether the text of the innermost element, which is mixed, is captured or fixed.
    fn wants_mixed_text(&self) -> bool {
        let Some(open) = self.open.last() else { return false };
        let captured = self.realm.captures.zip(open.node).is_some_and(|(captures, node)| captures.text(node).is_some());
        captured || open.element.is_some_and(|element| self.rules().element_declaration(element).constraint.is_some())
    }

    /// The content of the innermost element is complete.
    pub(super) fn finish_content<W: Window>(&mut self, reader: &Reader<W>, end: Span) {
        let Some(open) = self.open.last() else { return };
        if open.judged && !open.awaited {
            return;
        }
        let open = *open;
        match open.mode {
            Mode::Simple(simple) if !open.judged && !open.disturbed => self.simple_text(reader, simple, "", open.span),
            Mode::Simple(_) | Mode::Empty => {}
            Mode::Nil => {
                if open.awaited {
                    let complex = !self.rules().is_simple(open.type_id);
                    self.realm.identities.supply_nothing(self.open.len() - 1, open.span, complex);
                    self.report_findings(reader);
                }
            }
            Mode::Elements | Mode::Mixed => {
                let rules = self.rules();
                let complete = content::may_end(rules, &open, &self.counters, open.has_children);
                if !complete && !open.disturbed {
                    let expected = content::expected(rules, &open, &self.counters);
                    self.report_element(reader, end, Detail::MissingElement { expected });
                }
                if open.mode == Mode::Mixed {
                    self.finish_mixed(reader, open);
                }
            }
        }
        if open.awaited && !matches!(open.mode, Mode::Simple(_) | Mode::Nil) {
            let level = self.open.len() - 1;
            if self.rules().misses_documents() && open.type_id == TypeId::Complex(ANY_TYPE) {
                // What the missing documents say of it is not known.
                self.realm.identities.spoil(level);
            }
            self.realm.identities.supply_nothing(level, open.span, true);
            self.report_findings(reader);
        }
    }

    /// Fixed and captured text of mixed content.
    fn finish_mixed<W: Window>(&mut self, reader: &Reader<W>, open: Open) {
        if !self.wants_mixed_text() {
            return;
        }
        let rules = self.rules();
        let mut buffer = std::mem::take(&mut self.mixed_text);
        let mut text = &buffer[open.text..];
        let constraint = open.element.and_then(|element| rules.element_declaration(element).constraint.as_ref());
        if let Some(constraint) = constraint {
            if text.is_empty() && !open.has_children {
                text = &constraint.literal;
            } else if constraint.fixed && (*text != *constraint.literal || open.has_children) && !open.disturbed {
                let expected = vec![constraint.literal.to_string()];
                let detail = Detail::NotFixed { expected, constraint: FIXED_ELEMENT };
                self.report_value(reader, open.span, detail, None, text);
            }
        }
        let slot = self.realm.captures.zip(open.node).and_then(|(captures, node)| captures.text(node));
        if let Some(slot) = slot {
            let captured = CapturedValue { slot, value: Value::Text(text.to_owned()), span: open.span };
            self.realm.captured.frames[open.frame as usize].values.push(captured);
        }
        buffer.truncate(open.text);
        self.mixed_text = buffer;
    }

    /// Judges the whole text of the innermost element.
    fn simple_text<W: Window>(&mut self, reader: &Reader<W>, simple: SimpleId, text: &str, span: Span) {
        let rules = self.rules();
        let Some(open) = self.open.last_mut() else { return };
        open.judged = true;
        let Open { element, node, frame, awaited, type_id, .. } = *open;
        let declaration = element.map(|element| rules.element_declaration(element));
        let constraint = declaration.and_then(|declaration| declaration.constraint.as_ref());
        let nillable = declaration.is_some_and(|declaration| declaration.nillable);
        let slot = self.realm.captures.zip(node).and_then(|(captures, node)| captures.text(node));
        let destination = Destination { slot, frame, awaited: awaited.then_some(Awaited::Text { nillable }) };
        let literal = Literal { raw: text, span, attribute: None, fixed_by: FIXED_ELEMENT };
        let same_type = declaration.is_none_or(|declaration| declaration.type_id == type_id);
        let retyped = constraint.filter(|constraint| constraint.fixed && !same_type && !text.is_empty());
        let retyped = retyped.map(|constraint| self.retyped(reader, simple, constraint));
        let valid = match retyped.as_ref().or(constraint) {
            // The value stands in for no text at all, and is judged again only where the type is another one.
            Some(constraint) if text.is_empty() => {
                let literal = Literal { raw: &constraint.literal, ..literal };
                if let Some(value) = constraint.value.as_ref().filter(|_| same_type) {
                    return self.use_default(reader, simple, value, literal, destination);
                }
                self.value(reader, simple, literal, None, destination)
            }
            constraint => self.value(reader, simple, literal, constraint, destination),
        };
        if awaited {
            if !valid {
                self.realm.identities.spoil(self.open.len() - 1);
            }
            self.report_findings(reader);
        }
    }

    /// A fixed value as one of the type that `xsi:type` names, if it can be written as such.
    #[cold]
    fn retyped<W: Window>(&self, reader: &Reader<W>, simple: SimpleId, constraint: &Constraint) -> Constraint {
        let own = |datum: &Datum<'_>, _| datum.clone().into_owned();
        let value = self.rules().assess(simple, &constraint.literal, reader, own).ok();
        Constraint { value: value.or_else(|| constraint.value.clone()), ..constraint.clone() }
    }

    /// A default value stands in for what is not written.
    pub(super) fn use_default<W: Window>(
        &mut self,
        reader: &Reader<W>,
        simple: SimpleId,
        value: &Datum<'_>,
        literal: Literal<'_>,
        destination: Destination,
    ) {
        match role(self.rules(), simple) {
            Role::None => {}
            role => self.note_id(reader, role, value, literal),
        }
        self.deliver(reader, value, literal, destination);
    }

    /// Judges a literal; tells what is wrong with it, or brings its value where it is wanted. Whether it is valid.
    pub(super) fn value<W: Window>(
        &mut self,
        reader: &Reader<W>,
        simple: SimpleId,
        literal: Literal<'_>,
        constraint: Option<&Constraint>,
        destination: Destination,
    ) -> bool {
        let rules = self.rules();
        let outcome = rules.assess(simple, literal.raw, reader, |datum, member| {
            if let Some(constraint) = constraint.filter(|constraint| constraint.fixed)
                && constraint.value.as_ref().is_none_or(|fixed| !fixed.equals(datum))
            {
                let expected = vec![constraint.literal.to_string()];
                let detail = Detail::NotFixed { expected, constraint: literal.fixed_by };
                self.report_value(reader, literal.span, detail, literal.attribute, literal.raw);
            }
            match role(rules, member) {
                Role::None => {}
                role => self.note_id(reader, role, datum, literal),
            }
            self.deliver(reader, datum, literal, destination);
        });
        outcome.map_err(|flaw| self.report_flaw(reader, flaw, literal)).is_ok()
    }

    /// Brings a value where it is wanted.
    #[inline]
    fn deliver<W: Window>(
        &mut self,
        reader: &Reader<W>,
        datum: &Datum<'_>,
        literal: Literal<'_>,
        destination: Destination,
    ) {
        let Literal { raw, span, .. } = literal;
        if let Some(slot) = destination.slot {
            let captured = CapturedValue { slot, value: datum.to_value(), span };
            self.realm.captured.frames[destination.frame as usize].values.push(captured);
        }
        let Some(awaited) = destination.awaited else { return };
        let place = Place::of(reader, span);
        match awaited {
            Awaited::Text { nillable } => {
                self.realm.identities.supply(self.open.len() - 1, Found { datum, raw, place, nillable });
            }
            Awaited::Attribute { namespace, name } => {
                let found = Found { datum, raw, place, nillable: false };
                self.realm.identities.supply_attribute(namespace, name, found);
            }
        }
    }

    fn note_id<W: Window>(&mut self, reader: &Reader<W>, role: Role, datum: &Datum<'_>, literal: Literal<'_>) {
        let Literal { raw, span, attribute, .. } = literal;
        match role {
            Role::None => {}
            Role::Id => {
                if !self.realm.ids.define(datum) {
                    self.report_value(reader, span, Detail::DuplicateId, attribute, raw);
                }
            }
            Role::Reference => {
                let path = self.report.path(reader, &self.open, reader.depth() - 1, attribute);
                self.realm.ids.refer(datum, reader.position(span.offset), span, &path);
            }
            Role::Entity => {
                if !self.names_entities(datum) {
                    self.report_value(reader, span, Detail::UnknownEntity, attribute, raw);
                }
            }
        }
    }

    /// Whether all of a value names unparsed entities of the document.
    fn names_entities(&self, datum: &Datum<'_>) -> bool {
        match datum {
            Datum::Atom(Atom::Text(name)) => self.entities.contains(name.as_ref()),
            Datum::Atom(_) => false,
            Datum::List(items) => items.iter().all(|item| self.names_entities(item)),
        }
    }

    #[cold]
    fn report_flaw<W: Window>(&mut self, reader: &Reader<W>, flaw: Flaw, literal: Literal<'_>) {
        if self.report.is_full() {
            return;
        }
        let Literal { raw, span, attribute, .. } = literal;
        let rules = self.rules();
        let detail = detail_of(rules, flaw, raw);
        let (name, place) = rules.simple_words(flaw.simple);
        let component = Some(Component { name, place });
        let circumstances = Circumstances { attribute, component, value: Some(raw) };
        self.report.add(reader, &self.open, reader.depth() - 1, span, detail, circumstances);
    }

    /// Tells what identity constraints have found.
    pub(super) fn report_findings<W: Window>(&mut self, reader: &Reader<W>) {
        for finding in std::mem::take(&mut self.realm.identities.findings) {
            if !self.report.is_full() {
                self.report_finding(reader, finding);
            }
        }
    }

    fn report_finding<W: Window>(&mut self, reader: &Reader<W>, finding: Finding<'r>) {
        let rules = self.rules();
        let level = self.open.len().saturating_sub(1);
        let name = |identity: &Identity| rules.local_name(identity.name).to_owned();
        let any_name = |identity: Option<&Identity>| identity.map_or(String::new(), name);
        let (mut value, mut path) = (None, None);
        let (detail, place, identity) = match finding {
            Finding::Duplicate { identity, place, value: told, first } => {
                value = Some(told);
                let line = first.line.map_or_else(|| reader.position(first.offset).line, NonZeroU64::get);
                let detail = Detail::DuplicateKey { identity: name(identity), offset: first.offset, line };
                (detail, place, Some(identity))
            }
            Finding::NotFound { identity, place, value: told, path: known } => {
                (value, path) = (Some(told), Some(known));
                (Detail::KeyNotFound { identity: name(identity) }, place, Some(identity))
            }
            Finding::MissingField { identity, place } => {
                (Detail::MissingKeyField { identity: name(identity) }, place, Some(identity))
            }
            Finding::Nillable { identity, place } => {
                (Detail::NillableKey { identity: name(identity) }, place, Some(identity))
            }
            Finding::FieldTwice { identity, place } => {
                (Detail::FieldTwice { identity: any_name(identity) }, place, identity)
            }
            Finding::FieldNotSimple { identity, place } => {
                (Detail::FieldNotSimple { identity: any_name(identity) }, place, identity)
            }
            Finding::Pair { pair, place } => (pair_detail(pair), place, None),
        };
        let component = identity.map(|identity| Component {
            name: rules.local_name(identity.name).to_owned(),
            place: rules.place_words(identity.place),
        });
        let component = component.or_else(|| self.pair_component(level));
        let circumstances = Circumstances { component, value: value.as_deref(), ..Circumstances::default() };
        self.report.add(reader, &self.open, level, place.span, detail, circumstances);
        if let Some(last) = self.report.violations.last_mut() {
            last.path = path.unwrap_or_else(|| std::mem::take(&mut last.path));
            last.position = place.position.unwrap_or(last.position);
        }
    }

    fn pair_component(&self, level: usize) -> Option<Component> {
        let open = self.open.get(level)?;
        self.rules().component_words(open.type_id, open.element).map(|(name, place)| Component { name, place })
    }
}

fn pair_detail(pair: &Pair) -> Detail {
    Detail::Pair {
        code: pair.check.code,
        english: pair.check.english,
        russian: pair.check.russian,
        paths: pair.sources.clone().map(String::from),
    }
}

/// A flaw of a literal as what is wrong with it.
fn detail_of(rules: &Rules, flaw: Flaw, raw: &str) -> Detail {
    let definition = rules.simple(flaw.simple);
    match flaw.reason {
        Reason::Literal => Detail::BadLiteral { type_name: rules.built_in_name(flaw.simple).to_owned() },
        Reason::Prefix => Detail::BadPrefix,
        Reason::Member => {
            let members = match &definition.variety {
                Variety::Union(members) => members.iter().map(|member| rules.simple_words(*member).0).collect(),
                _ => Vec::new(),
            };
            Detail::NoMember { members }
        }
        Reason::Check(check) => Detail::Check { code: check.code, english: check.english, russian: check.russian },
        Reason::Facet(kind, at) => {
            let all = definition.facets.get(at).map(Facet::sources).unwrap_or_default();
            let near = match kind {
                FacetKind::Enumeration => {
                    nearest(raw.trim(), all.iter().map(String::as_str), 1).first().map(|near| (*near).to_owned())
                }
                _ => None,
            };
            let unit = match definition.variety {
                Variety::List(_) => Unit::Item,
                Variety::Atomic(Lexical::Hex | Lexical::Base64) => Unit::Octet,
                _ => Unit::Character,
            };
            let values = all[..all.len().min(ALTERNATIVES_MAX)].to_vec();
            Detail::Facet { kind, values, count: all.len(), unit, nearest: near }
        }
    }
}
