//! The compiler's state: what has been read, what is being made of it, and the ways from a reference to what it means.

use std::collections::{BTreeSet, HashMap, VecDeque};

use roxmltree::Document as Tree;

use super::automaton::Shared;
use super::complex::Shape;
use super::fault::SchemaFault;
use super::globals::{Global, Kind};
use super::load::{Document, Instance};
use super::particle::Group;
use super::tree::{Item, Lines};
use crate::rules::draft::{
    ANY_SIMPLE_TYPE, ANY_TYPE, AttributeId, ComplexId, DocumentId, Draft, ElementId, NameId, Place, Prefixes, SimpleId,
    TypeId,
};
use crate::rules::{Strictness, XS_NAMESPACE};
use crate::xml::{Position, split_qname};

/// Faults told of one set at most.
pub(super) const FAULTS_MAX: usize = 100;

/// A complex type whose content has to be worked out after the global ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting<'d> {
    pub(super) item: Item<'d>,
    pub(super) id: ComplexId,
}

/// A default or fixed value that can be judged when all types are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingElement<'d> {
    pub(super) item: Item<'d>,
    pub(super) id: ElementId,
}

/// Everything that compiling one set needs.
pub(super) struct Compiler<'d> {
    pub(super) documents: &'d [Document],
    pub(super) trees: &'d [Tree<'d>],
    pub(super) instances: &'d [Instance],
    pub(super) lines: Vec<Lines>,
    pub(super) strictness: Strictness,
    pub(super) draft: Draft,
    pub(super) faults: Vec<SchemaFault>,
    pub(super) warnings: Vec<String>,
    pub(super) globals: Vec<Global<'d>>,
    pub(super) by_name: HashMap<(Kind, NameId), usize>,
    /// What the schema says of each complex type beyond what the tables keep.
    pub(super) shapes: Vec<Shape>,
    /// Whether derivations by restriction, list and union are final, for each simple type.
    pub(super) simple_final: HashMap<SimpleId, crate::rules::draft::Derivations>,
    /// How much work values of each simple type are, where it is more than one type's.
    pub(super) efforts: HashMap<SimpleId, super::simple::Effort>,
    pub(super) groups: HashMap<usize, Group>,
    pub(super) attribute_groups: HashMap<usize, super::attribute::AttributeSet>,
    pub(super) waiting: VecDeque<Waiting<'d>>,
    pub(super) elements: Vec<PendingElement<'d>>,
    pub(super) element_final: HashMap<ElementId, crate::rules::draft::Derivations>,
    /// The element that each global element substitutes directly.
    pub(super) substitution: HashMap<ElementId, ElementId>,
    /// Where each identity constraint is written.
    pub(super) identity_items: Vec<Item<'d>>,
    /// Where each complex type is written.
    pub(super) complex_items: Vec<Option<Item<'d>>>,
    pub(super) shared: Shared,
    /// Namespaces of which a document is missing, where that is tolerated.
    pub(super) missing: BTreeSet<String>,
    /// Particles, attributes and heads of elements that may still be written out.
    pub(super) particles_left: usize,
    pub(super) attributes_left: usize,
    pub(super) heads_left: usize,
    /// Attribute uses met, to tell them apart.
    pub(super) attribute_uses: u32,
}

impl<'d> Compiler<'d> {
    pub(super) fn new(
        documents: &'d [Document],
        trees: &'d [Tree<'d>],
        instances: &'d [Instance],
        strictness: Strictness,
    ) -> Self {
        let mut draft = Draft::new();
        draft.documents = documents.iter().map(|document| document.path.clone()).collect();
        Self {
            documents,
            trees,
            instances,
            lines: documents.iter().map(|document| Lines::new(document.written())).collect(),
            strictness,
            draft,
            faults: Vec::new(),
            warnings: Vec::new(),
            globals: Vec::new(),
            by_name: HashMap::new(),
            shapes: Vec::new(),
            simple_final: HashMap::new(),
            efforts: HashMap::new(),
            groups: HashMap::new(),
            attribute_groups: HashMap::new(),
            waiting: VecDeque::new(),
            elements: Vec::new(),
            element_final: HashMap::new(),
            substitution: HashMap::new(),
            identity_items: Vec::new(),
            complex_items: Vec::new(),
            shared: Shared::default(),
            missing: BTreeSet::new(),
            particles_left: super::particle::PARTICLES_OF_SET_MAX,
            attributes_left: super::attribute::USES_OF_SET_MAX,
            heads_left: super::element::HEADS_OF_SET_MAX,
            attribute_uses: 0,
        }
    }

    /// Notes a fault at an element.
    pub(super) fn fault(&mut self, item: Item<'d>, constraint: &'static str, text: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            let (file, position) = self.position(item);
            self.faults.push(SchemaFault { file, position, constraint, text: text.into() });
        }
    }

    /// Notes something that is let pass.
    pub(super) fn warn(&mut self, item: Item<'d>, text: &str) {
        let (file, position) = self.position(item);
        self.warnings.push(format!("{file}:{position}: {text}"));
    }

    fn position(&self, item: Item<'d>) -> (String, Position) {
        let document = &self.documents[self.instances[item.instance].document];
        let (line, column, offset) = self.line_and_column(item);
        (document.path.clone(), Position { line: line.into(), column: column.into(), offset })
    }

    /// The place of an element, for the tables.
    pub(super) fn place(&self, item: Item<'d>) -> Place {
        let (line, column, _) = self.line_and_column(item);
        Place { document: DocumentId::at(self.instances[item.instance].document), line, column }
    }

    fn line_and_column(&self, item: Item<'d>) -> (u32, u32, u64) {
        let index = self.instances[item.instance].document;
        let document = &self.documents[index];
        let offset = document.place(item.node.range().start as u64);
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let (line, column) = self.lines[index].position(document.written(), at);
        (line, column, offset)
    }

    /// The effective target namespace of the document that an element is in.
    pub(super) fn target(&self, item: Item<'d>) -> &'d str {
        &self.instances[item.instance].target
    }

    /// The name `local` in the target namespace.
    pub(super) fn target_name(&mut self, item: Item<'d>, local: &str) -> NameId {
        let namespace = self.draft.names.namespace(&self.instances[item.instance].target);
        self.draft.names.name(namespace, local)
    }

    /// The name `local` without a namespace.
    pub(super) fn local_name(&mut self, local: &str) -> NameId {
        self.draft.names.name(crate::rules::draft::NamespaceId::ABSENT, local)
    }

    /// The expanded name that the `QName` `text` means at an element.
    pub(super) fn qname(&mut self, item: Item<'d>, text: &str) -> Option<NameId> {
        let Some((prefix, local)) = split_qname(text) else {
            self.fault(item, "src-resolve", format!("\"{text}\" is no qualified name"));
            return None;
        };
        let prefixes = item.prefixes();
        let Some(namespace) = prefixes.namespace(prefix) else {
            self.fault(item, "src-resolve", format!("the prefix of \"{text}\" is not declared"));
            return None;
        };
        let instance = &self.instances[item.instance];
        let namespace = if namespace.is_empty() && instance.chameleon { &instance.target } else { namespace };
        if !instance.visible.contains(namespace) {
            let text = format!("\"{text}\" is in namespace \"{namespace}\", which this document does not import");
            self.fault(item, "src-resolve.4", text);
            return None;
        }
        let namespace = self.draft.names.namespace(namespace);
        Some(self.draft.names.name(namespace, local))
    }

    /// The global component that the `QName` `text` means at an element.
    pub(super) fn resolve(&mut self, item: Item<'d>, kind: Kind, text: &str) -> Option<usize> {
        let name = self.qname(item, text)?;
        let found = self.find(item, kind, name).or_else(|| self.stand_in(item, kind, name));
        if found.is_none() {
            self.unresolved(item, kind, name);
        }
        found
    }

    /// The global component called `name`; where a redefinition builds on what it redefines, that one. All other
    /// references, those in the component redefined among them, mean the redefinition (section 4.2.2).
    pub(super) fn find(&self, item: Item<'d>, kind: Kind, name: NameId) -> Option<usize> {
        let found = *self.by_name.get(&(kind, name))?;
        // A redefinition of a redefinition refers to the one below it.
        let own = item.within.filter(|index| {
            let global = &self.globals[*index];
            global.kind == kind && global.name == name && builds_on(item, global.item, kind)
        });
        Some(own.map_or(found, |index| self.globals[index].shadows.unwrap_or(index)))
    }

    pub(super) fn unresolved(&mut self, item: Item<'d>, kind: Kind, name: NameId) {
        if self.faults.len() >= FAULTS_MAX {
            // Looking for what is near costs more than the fault is worth where none is told any more.
            return;
        }
        let local = self.draft.names.local(name).to_owned();
        let namespace = self.draft.names.uri(self.draft.names.namespace_of(name)).to_owned();
        let known: Vec<String> = self
            .by_name
            .keys()
            .filter(|(known, _)| *known == kind)
            .map(|(_, name)| self.draft.names.local(*name).to_owned())
            .collect();
        let nearest = crate::rules::draft::nearest(&local, known.iter().map(String::as_str), 1);
        let hint = nearest.first().map_or(String::new(), |near| format!("; did you mean {near}?"));
        let name = if namespace.is_empty() { local } else { format!("{{{namespace}}}{local}") };
        let text = format!("there is no {} {name}{hint}", kind.words());
        self.fault(item, "src-resolve", text);
    }

    /// The type that the `QName` `text` means, built in or defined.
    pub(super) fn resolve_type(&mut self, item: Item<'d>, text: &str) -> Option<TypeId> {
        let name = self.qname(item, text)?;
        if self.draft.names.uri(self.draft.names.namespace_of(name)) == XS_NAMESPACE
            && !self.by_name.contains_key(&(Kind::Type, name))
        {
            let local = self.draft.names.local(name);
            if local == "anyType" {
                return Some(TypeId::Complex(ANY_TYPE));
            }
            if let Some(simple) = crate::rules::draft::built_in(local) {
                return Some(TypeId::Simple(simple));
            }
            if matches!(local, "anyAtomicType" | "dayTimeDuration" | "yearMonthDuration" | "dateTimeStamp" | "error") {
                self.fault(item, "needs-xsd-1.1", format!("the type {text} belongs to XSD 1.1; this is XSD 1.0"));
                return None;
            }
        }
        let Some(global) = self.find(item, Kind::Type, name).or_else(|| self.stand_in(item, Kind::Type, name)) else {
            self.unresolved(item, Kind::Type, name);
            return None;
        };
        self.globals[global].type_id
    }

    /// As [`Self::resolve_type`], for a simple type.
    pub(super) fn resolve_simple(&mut self, item: Item<'d>, text: &str) -> Option<SimpleId> {
        match self.resolve_type(item, text)? {
            TypeId::Simple(simple) => Some(simple),
            TypeId::Complex(ANY_TYPE) if self.names_missing(item, text) => Some(ANY_SIMPLE_TYPE),
            TypeId::Complex(_) => {
                self.fault(item, "src-resolve", format!("{text} is a complex type; a simple one is needed"));
                None
            }
        }
    }

    /// The attribute declaration of a global attribute.
    pub(super) fn global_attribute(&self, global: usize) -> Option<AttributeId> {
        self.globals[global].attribute
    }
}

/// Whether a reference at `item` is a part of the definition `global` itself: the base that a type derives from, or a
/// group among the particles of a group, not one inside the type of an element.
fn builds_on(item: Item<'_>, global: Item<'_>, kind: Kind) -> bool {
    let mut above = item.node.ancestors().skip(1).take_while(|node| *node != global.node);
    match kind {
        Kind::Type => {
            let derivation = matches!(item.tag(), "restriction" | "extension");
            derivation && above.all(|node| matches!(node.tag_name().name(), "simpleContent" | "complexContent"))
        }
        _ => !above.any(|node| node.tag_name().name() == "element"),
    }
}
