//! One element: its type, what `xsi:` attributes change about it, its attributes and its place among the captures.

use super::UndeclaredRoot;
use super::content::counters_of;
use super::identity::{Begun, Found, Place};
use super::report::Circumstances;
use super::value::{Awaited, Destination, Literal};
use super::violation::{Component, Detail};
use super::walk::{Mode, Open, Walk};
use crate::rules::sealed::ModelId;
use crate::rules::sealed::{
    ANY_TYPE, Atom, Attributes, ComplexType, Constraint, Content, Datum, Derivations, Element, ElementId, ModelKind,
    NameId, NamespaceId, StateId, TypeId,
};
use crate::rules::{Frame, NodeId, Process, Rules};
use crate::xml::{self, Attribute, Reader, Span, Start, Window};

/// What `xsi:` attributes say.
#[derive(Debug, Clone, Copy, Default)]
struct Instructions<'a> {
    type_name: Option<(&'a str, Span)>,
    nil: Option<(&'a str, Span)>,
}

impl<'r> Walk<'r> {
    /// A root that no declaration is there for: judged by the type that it names, else told.
    pub(super) fn undeclared_root<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, begun: Begun) {
        let lax = self.undeclared_root == UndeclaredRoot::Lax || self.rules().is_incomplete(begun.namespace);
        if lax || self.names_type(reader, start) {
            return self.element(reader, start, begun, None, 0);
        }
        let rules = self.rules();
        let name = start.name.local.to_owned();
        let nearest = rules.nearest_global(start.name.namespace, &name);
        self.report_element(reader, start.span, Detail::UnknownRoot { name, nearest });
        self.skipped = Some(begun.level);
    }

    /// Whether `xsi:type` names a type that is known.
    pub(super) fn names_type<W: Window>(&self, reader: &Reader<W>, start: &Start<'_>) -> bool {
        let instructions = self.instructions(start);
        instructions.type_name.is_some_and(|(name, _)| self.type_called(reader, name).is_some())
    }

    /// Opens an element by its declaration, or without one as `anyType`.
    pub(super) fn element<W: Window>(
        &mut self,
        reader: &Reader<W>,
        start: &Start<'_>,
        begun: Begun,
        element: Option<ElementId>,
        ordinal: u32,
    ) {
        let rules = self.rules();
        let declaration = element.map(|element| rules.element_declaration(element));
        let (node, frame) = self.capture_node(begun.level, begun.name);
        let open = Open {
            mode: Mode::Empty,
            element,
            type_id: declaration.map_or(TypeId::Complex(ANY_TYPE), |declaration| declaration.type_id),
            model: ModelId(0),
            state: StateId(0),
            counters: self.counters.len(),
            configurations: 1,
            siblings: 0,
            disturbed: false,
            lost: false,
            has_children: false,
            judged: false,
            awaited: false,
            ordinal,
            node,
            frame,
            text: self.mixed_text.len(),
            span: start.span,
        };
        let mut instructions = Instructions::default();
        if start.attributes.any_prefixed() {
            instructions = self.instructions(start);
        }
        let abstract_element = declaration.is_some_and(|declaration| declaration.is_abstract);
        // Pushed first, so that what is found wrong with it has its path.
        self.push(open);
        let top = self.open.len() - 1;
        if abstract_element {
            self.report_abstract(reader, start, declaration);
        }
        let mut type_id = open.type_id;
        if let Some((name, span)) = instructions.type_name {
            type_id = self.instance_type(reader, type_id, declaration, name, span);
            self.open[top].type_id = type_id;
        }
        let nil = instructions.nil.is_some_and(|(value, span)| self.is_nil(reader, declaration, value, span));
        if node.is_some() {
            self.open_frame(reader, begun.level);
        }
        self.set_content(top, nil);
        let identities = declaration.map_or(&[][..], |declaration| &declaration.identities);
        let complex = match type_id {
            TypeId::Complex(id) => Some(rules.complex(id)),
            TypeId::Simple(_) => None,
        };
        let pairs = complex.map_or(&[][..], |complex| &complex.pairs);
        if let Some(complex) = complex.filter(|complex| complex.is_abstract) {
            let name = rules.local_name(complex.name).to_owned();
            self.report_element(reader, start.span, Detail::AbstractType { name });
        }
        let mut watched = self.realm.identities.is_active() || !identities.is_empty() || !pairs.is_empty();
        if watched {
            let own = identities.iter().map(|id| (*id, rules.identity(*id)));
            self.open[top].awaited = self.realm.identities.start(begun, own, pairs);
            watched = self.realm.identities.wants_attributes();
        }
        let absence_matters = complex.is_some_and(|complex| rules.attribute_set(complex.attributes).matter_when_absent);
        if absence_matters || start.attributes.len() > 0 {
            self.attributes(reader, start, complex, watched);
        }
        if watched {
            self.report_findings(reader);
        }
    }

    /// Sets what the content may be, and the start of its model.
    fn set_content(&mut self, top: usize, nil: bool) {
        let rules = self.rules();
        let open = &mut self.open[top];
        let content = match open.type_id {
            TypeId::Simple(simple) => Content::Simple(simple),
            TypeId::Complex(id) => rules.complex(id).content,
        };
        open.mode = match content {
            _ if nil => Mode::Nil,
            Content::Empty => Mode::Empty,
            Content::Simple(simple) => Mode::Simple(simple),
            Content::Elements(model) => {
                open.model = model;
                Mode::Elements
            }
            Content::Mixed(model) => {
                open.model = model;
                Mode::Mixed
            }
        };
        if let Mode::Elements | Mode::Mixed = open.mode {
            let kind = &rules.model(open.model).kind;
            if let ModelKind::Automaton { start, .. } = kind {
                open.state = *start;
            }
            let wanted = counters_of(kind);
            if wanted > 0 {
                self.counters.resize(open.counters + wanted, 0);
            }
        }
    }

    fn instructions<'a>(&self, start: &Start<'a>) -> Instructions<'a> {
        let mut instructions = Instructions::default();
        for attribute in start.attributes.clone().filter(|attribute| !attribute.name.prefix.is_empty()) {
            if self.realm.namespaces[attribute.name.binding] == NamespaceId::XSI {
                match attribute.name.local {
                    "type" => instructions.type_name = Some((attribute.value, attribute.value_span)),
                    "nil" => instructions.nil = Some((attribute.value, attribute.value_span)),
                    _ => {}
                }
            }
        }
        instructions
    }

    /// The type that a `QName` of the document means.
    fn type_called<W: Window>(&self, reader: &Reader<W>, text: &str) -> Option<TypeId> {
        let (prefix, local) = xml::split_qname(crate::rules::sealed::trim(text))?;
        let rules = self.rules();
        let namespace = rules.namespace_id(reader.namespace_of_prefix(prefix)?);
        rules.global_type(rules.name_id(namespace, local))
    }

    /// The type that `xsi:type` puts in place of the declared one, if it may.
    fn instance_type<W: Window>(
        &mut self,
        reader: &Reader<W>,
        declared: TypeId,
        declaration: Option<&'r Element>,
        name: &str,
        span: Span,
    ) -> TypeId {
        let rules = self.rules();
        let Some(named) = self.type_called(reader, name) else {
            self.report_value(reader, span, Detail::UnknownType, Some("xsi:type"), name);
            return declared;
        };
        let mut blocked = declaration.map(|declaration| declaration.block).unwrap_or_default();
        if let TypeId::Complex(id) = declared {
            blocked = blocked.join(rules.complex(id).block);
        }
        if rules.derives(named, declared, Derivations { substitution: false, ..blocked }) {
            return named;
        }
        let local = rules.type_name(named).to_owned();
        self.report_value(reader, span, Detail::WrongType { name: local }, Some("xsi:type"), name);
        declared
    }

    fn is_nil<W: Window>(
        &mut self,
        reader: &Reader<W>,
        declaration: Option<&'r Element>,
        value: &str,
        span: Span,
    ) -> bool {
        let nil = match crate::rules::sealed::trim(value) {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                self.report_value(
                    reader,
                    span,
                    Detail::BadLiteral { type_name: "boolean".to_owned() },
                    Some("xsi:nil"),
                    value,
                );
                return false;
            }
        };
        // Nil is a matter of declarations (cvc-elt.3); without one the content is judged by the type alone.
        let Some(declaration) = declaration else { return false };
        if !declaration.nillable {
            self.report_value(reader, span, Detail::NotNillable, Some("xsi:nil"), value);
            return false;
        }
        if nil && declaration.constraint.as_ref().is_some_and(|constraint| constraint.fixed) {
            self.report_value(reader, span, Detail::NilWithFixed, Some("xsi:nil"), value);
        }
        nil
    }

    fn report_abstract<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, declaration: Option<&Element>) {
        let rules = self.rules();
        let head = declaration.and_then(|declaration| rules.global_element(declaration.name));
        let substitutes = head.map(|head| rules.substitutes(head)).unwrap_or_default();
        let expected = substitutes.iter().map(|id| rules.local_name(rules.element_declaration(*id).name).to_owned());
        let detail = Detail::AbstractElement { name: start.name.local.to_owned(), expected: expected.collect() };
        self.report_element(reader, start.span, detail);
    }

    /// Judges the attributes of an element.
    fn attributes<W: Window>(
        &mut self,
        reader: &Reader<W>,
        start: &Start<'_>,
        complex: Option<&'r ComplexType>,
        watched: bool,
    ) {
        let rules = self.rules();
        let set: Option<&'r Attributes> = complex.map(|complex| rules.attribute_set(complex.attributes));
        let mut seen = Seen::default();
        let mut wild_ids = 0;
        for attribute in start.attributes.clone() {
            let plain = attribute.name.prefix.is_empty();
            let namespace = if plain { NamespaceId::ABSENT } else { self.realm.namespaces[attribute.name.binding] };
            let name = rules.name_id(namespace, attribute.name.local);
            if namespace == NamespaceId::XSI && is_instruction(name) {
                if watched {
                    self.supply_untyped(reader, namespace, name, &attribute);
                }
                continue;
            }
            if let Some((at, used)) = set.and_then(|set| set.find(name)) {
                seen.add(at);
                let simple = rules.attribute(used.declaration).simple;
                let destination = self.attribute_destination(namespace, name, watched);
                self.value(reader, simple, literal_of(&attribute), used.constraint.as_ref(), destination);
                continue;
            }
            let wildcard = set.and_then(|set| set.wildcard).map(|wildcard| rules.wildcard(wildcard));
            let process =
                wildcard.filter(|wildcard| wildcard.namespaces.allows(namespace)).map(|wildcard| wildcard.process);
            match (process, rules.global_attribute(name)) {
                (None, _) => self.report_unknown_attribute(reader, &attribute, set),
                (Some(Process::Lax), None) if namespace == NamespaceId::XSI && self.is_undeclared() => {
                    self.report_unknown_attribute(reader, &attribute, set);
                }
                (Some(Process::Skip), _) | (Some(Process::Lax), None) => {
                    self.let_pass(reader, namespace, name, &attribute, watched);
                }
                (Some(Process::Strict), None) if rules.is_incomplete(namespace) => {
                    self.let_pass(reader, namespace, name, &attribute, watched);
                }
                (Some(_), Some(id)) => {
                    let declared = rules.attribute(id);
                    let is_id = rules.is_id(declared.simple);
                    wild_ids += usize::from(is_id);
                    let constraint = declared.constraint.as_ref();
                    if is_id && (wild_ids > 1 || set.is_some_and(|set| rules.has_id(set))) {
                        self.report_value(
                            reader,
                            attribute.value_span,
                            Detail::DuplicateId,
                            Some(attribute.name.local),
                            attribute.value,
                        );
                    }
                    let destination = self.attribute_destination(namespace, name, watched);
                    let literal = Literal { fixed_by: "cvc-attribute.4", ..literal_of(&attribute) };
                    self.value(reader, declared.simple, literal, constraint, destination);
                }
                (Some(Process::Strict), None) => {
                    let detail = Detail::Undeclared { name: attribute.name.local.to_owned() };
                    self.report_attribute(reader, attribute.span, detail, attribute.name.local);
                }
            }
        }
        if let Some(set) = set.filter(|set| set.matter_when_absent) {
            self.absent_attributes(reader, set, &seen, start.span, watched);
        }
    }

    /// Whether the innermost element is one that nothing declares. The namespace of schema instances has four attributes
    /// and cannot be added to (`no-xsi`), so that any other in it, such as `xsi:Type`, is a slip of the pen; where a
    /// schema lets all attributes pass, it lets these pass too.
    fn is_undeclared(&self) -> bool {
        self.open.last().is_some_and(|open| open.element.is_none() && open.type_id == TypeId::Complex(ANY_TYPE))
    }

    /// An attribute that nothing declares. Where documents of the schema are missing, a key may need it all the same.
    fn let_pass<W: Window>(
        &mut self,
        reader: &Reader<W>,
        namespace: NamespaceId,
        name: NameId,
        attribute: &Attribute<'_>,
        watched: bool,
    ) {
        if watched && self.rules().misses_documents() {
            self.supply_untyped(reader, namespace, name, attribute);
        }
    }

    fn supply_untyped<W: Window>(
        &mut self,
        reader: &Reader<W>,
        namespace: NamespaceId,
        name: NameId,
        attribute: &Attribute<'_>,
    ) {
        let datum = Datum::Atom(Atom::Text(attribute.value.into()));
        let place = Place::of(reader, attribute.value_span);
        let found = Found { datum: &datum, raw: attribute.value, place, nillable: false };
        self.realm.identities.supply_attribute(namespace, name, found);
    }

    /// Required attributes that are missing, and defaults of those that are left out.
    fn absent_attributes<W: Window>(
        &mut self,
        reader: &Reader<W>,
        set: &'r Attributes,
        seen: &Seen,
        span: Span,
        watched: bool,
    ) {
        let rules = self.rules();
        for (at, used) in set.uses.iter().enumerate() {
            if seen.has(at) {
                continue;
            }
            if used.required {
                let name = rules.local_name(used.name).to_owned();
                self.report_element(reader, span, Detail::MissingAttribute { name });
            } else if let Some(Constraint { value: Some(value), literal, .. }) = &used.constraint {
                let destination = self.attribute_destination(rules.namespace_of_name(used.name), used.name, watched);
                let attribute = Some(rules.local_name(used.name));
                let literal = Literal { raw: literal, span, attribute, fixed_by: "cvc-au" };
                self.use_default(reader, rules.attribute(used.declaration).simple, value, literal, destination);
            }
        }
    }

    /// Who wants the value of an attribute of the innermost element.
    fn attribute_destination(&self, namespace: NamespaceId, name: NameId, watched: bool) -> Destination {
        let (node, frame) = self.open.last().map_or((None, 0), |open| (open.node, open.frame));
        let slot = self.realm.captures.zip(node).and_then(|(captures, node)| captures.attribute(node, name));
        let awaited = watched.then_some(Awaited::Attribute { namespace, name });
        Destination { slot, frame, awaited }
    }

    fn report_unknown_attribute<W: Window>(
        &mut self,
        reader: &Reader<W>,
        attribute: &Attribute<'_>,
        set: Option<&Attributes>,
    ) {
        let rules = self.rules();
        let known = set.map_or(&[][..], |set| &set.uses).iter().map(|used| rules.local_name(used.name));
        let local = attribute.name.local;
        let nearest = crate::rules::sealed::nearest(local, known, 1).first().map(|near| (*near).to_owned());
        self.report_attribute(
            reader,
            attribute.span,
            Detail::UnknownAttribute { name: local.to_owned(), nearest },
            local,
        );
    }

    /// The capture node of an element that has just begun, and the frame that it lies in.
    fn capture_node(&self, level: usize, name: NameId) -> (Option<NodeId>, u32) {
        let Some(captures) = self.realm.captures else { return (None, 0) };
        if level == self.realm.root {
            return (Some(NodeId::ROOT), 0);
        }
        let Some(parent) = self.open.last() else { return (None, 0) };
        (parent.node.and_then(|node| captures.child(node, name)), parent.frame)
    }

    /// Begins a frame, if the element is one that is kept apart.
    fn open_frame<W: Window>(&mut self, reader: &Reader<W>, level: usize) {
        let Some(open) = self.open.last().copied() else { return };
        let Some((captures, node)) = self.realm.captures.zip(open.node) else { return };
        let Some(spec) = captures.frame(node) else { return };
        let parent = (level > self.realm.root).then_some(open.frame);
        let path = self.report.path(reader, &self.open, level, None);
        let frames = &mut self.realm.captured.frames;
        let index = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        frames.push(Frame { spec, parent, span: open.span, path, values: Vec::new() });
        if let Some(top) = self.open.last_mut() {
            top.frame = index;
        }
    }

    /// Reports something about the element that has just begun, or about its parent's view of it.
    pub(super) fn report_element<W: Window>(&mut self, reader: &Reader<W>, span: Span, detail: Detail) {
        let level = reader.depth() - 1;
        let component = self.component(level);
        let circumstances = Circumstances { component, ..Circumstances::default() };
        self.report.add(reader, &self.open, level, span, detail, circumstances);
    }

    fn report_attribute<W: Window>(&mut self, reader: &Reader<W>, span: Span, detail: Detail, local: &str) {
        let level = reader.depth() - 1;
        let component = self.component(level);
        let circumstances = Circumstances { attribute: Some(local), component, value: None };
        self.report.add(reader, &self.open, level, span, detail, circumstances);
    }

    pub(super) fn report_value<W: Window>(
        &mut self,
        reader: &Reader<W>,
        span: Span,
        detail: Detail,
        attribute: Option<&str>,
        value: &str,
    ) {
        let level = reader.depth() - 1;
        let component = self.component(level);
        let circumstances = Circumstances { attribute, component, value: Some(value) };
        self.report.add(reader, &self.open, level, span, detail, circumstances);
    }

    /// The component that judges the element at `level`: its own type, or its parent's where it has none.
    fn component(&self, level: usize) -> Option<Component> {
        let open = self.open.get(level).or_else(|| self.open.last())?;
        self.rules().component_words(open.type_id, open.element).map(|(name, place)| Component { name, place })
    }
}

fn literal_of<'a>(attribute: &Attribute<'a>) -> Literal<'a> {
    let (raw, span, attribute) = (attribute.value, attribute.value_span, Some(attribute.name.local));
    Literal { raw, span, attribute, fixed_by: "cvc-au" }
}

fn is_instruction(name: NameId) -> bool {
    [NameId::XSI_TYPE, NameId::XSI_NIL, NameId::XSI_SCHEMA_LOCATION, NameId::XSI_NO_NAMESPACE_SCHEMA_LOCATION]
        .contains(&name)
}

/// Which attribute uses have been met.
#[derive(Debug, Default)]
struct Seen {
    first: u64,
    more: Vec<usize>,
}

impl Seen {
    fn add(&mut self, at: usize) {
        if at < 64 { self.first |= 1 << at } else { self.more.push(at) }
    }

    fn has(&self, at: usize) -> bool {
        if at < 64 { self.first >> at & 1 == 1 } else { self.more.contains(&at) }
    }
}

impl Rules {
    /// What people call the component behind a type and a declaration.
    pub(crate) fn component_words(&self, type_id: TypeId, element: Option<ElementId>) -> Option<(String, String)> {
        let named = self.type_name(type_id);
        match (named, element) {
            ("", Some(element)) => {
                let declaration = self.element_declaration(element);
                Some((self.local_name(declaration.name).to_owned(), self.place_words(declaration.place)))
            }
            _ => Some((named.to_owned(), self.type_place(type_id))),
        }
    }
}
