//! Declarations and definitions as the validator reads them: elements, complex types, attributes, wildcards, identity
//! constraints.

use super::checks::PairCheck;
use super::ids::{
    AttributeId, AttributesId, DocumentId, ElementId, IdentityId, ModelId, NameId, NamespaceId, SimpleId, TypeId,
    WildcardId,
};
use super::value::Datum;

/// A place in a schema document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) document: DocumentId,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Ways in which one type or element comes from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Derivations {
    pub(crate) extension: bool,
    pub(crate) restriction: bool,
    pub(crate) substitution: bool,
    pub(crate) list: bool,
    pub(crate) union: bool,
}

impl Derivations {
    /// Whether any way is in both.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.extension && other.extension
            || self.restriction && other.restriction
            || self.substitution && other.substitution
            || self.list && other.list
            || self.union && other.union
    }

    /// The ways that are in either.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            extension: self.extension || other.extension,
            restriction: self.restriction || other.restriction,
            substitution: self.substitution || other.substitution,
            list: self.list || other.list,
            union: self.union || other.union,
        }
    }
}

/// A default or fixed value.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    /// As the schema writes it, white space treated.
    pub(crate) literal: Box<str>,
    /// What it means; `None` for mixed content, which is compared as text.
    pub(crate) value: Option<Datum<'static>>,
    /// Whether the instance may have no other value.
    pub(crate) fixed: bool,
}

/// An element declaration.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) name: NameId,
    pub(crate) type_id: TypeId,
    pub(crate) global: bool,
    pub(crate) nillable: bool,
    pub(crate) is_abstract: bool,
    /// What `xsi:type` may not do here.
    pub(crate) block: Derivations,
    pub(crate) constraint: Option<Constraint>,
    pub(crate) identities: Box<[IdentityId]>,
    /// Heads that this element may stand for, nearest first; those that block it are left out.
    pub(crate) heads: Box<[ElementId]>,
    pub(crate) place: Place,
}

/// What a complex type may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Empty,
    Simple(SimpleId),
    Elements(ModelId),
    Mixed(ModelId),
}

/// A complex type.
#[derive(Debug, Clone)]
pub(crate) struct ComplexType {
    pub(crate) name: NameId,
    pub(crate) base: TypeId,
    /// How it comes from its base: by extension, else by restriction.
    pub(crate) extends: bool,
    pub(crate) is_abstract: bool,
    /// What `xsi:type` may not do to elements of this type.
    pub(crate) block: Derivations,
    pub(crate) content: Content,
    pub(crate) attributes: AttributesId,
    pub(crate) pairs: Box<[Pair]>,
    pub(crate) place: Place,
}

/// The attributes of a complex type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes {
    /// Sorted by name.
    pub(crate) uses: Box<[AttributeUse]>,
    pub(crate) wildcard: Option<WildcardId>,
    /// Whether some use is required or has a default, so that absence has to be looked at.
    pub(crate) matter_when_absent: bool,
}

impl Attributes {
    /// The use of the attribute `name` and its place.
    #[inline]
    pub(crate) fn find(&self, name: NameId) -> Option<(usize, &AttributeUse)> {
        /// Up to this many names are compared one after the other.
        const LINEAR_MAX: usize = 8;
        let at = if self.uses.len() <= LINEAR_MAX {
            self.uses.iter().position(|found| found.name == name)?
        } else {
            self.uses.binary_search_by_key(&name, |found| found.name).ok()?
        };
        Some((at, &self.uses[at]))
    }
}

/// An attribute of a complex type.
#[derive(Debug, Clone)]
pub(crate) struct AttributeUse {
    pub(crate) name: NameId,
    pub(crate) declaration: AttributeId,
    pub(crate) required: bool,
    pub(crate) constraint: Option<Constraint>,
    /// Which of all uses that the schema writes it is: inherited and referred to, it stays the same.
    pub(crate) place: u32,
}

/// An attribute declaration.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: NameId,
    pub(crate) simple: SimpleId,
    pub(crate) constraint: Option<Constraint>,
}

/// How content under a wildcard is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    /// There must be a declaration, and it must be followed.
    Strict,
    /// Where there is a declaration it must be followed.
    Lax,
    /// Well-formedness is enough.
    Skip,
}

/// The namespaces that a wildcard lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Namespaces {
    Any,
    /// Any but this one and none.
    Not(NamespaceId),
    /// One of these, sorted; [`NamespaceId::ABSENT`] stands for none.
    List(Box<[NamespaceId]>),
}

impl Namespaces {
    /// Whether a name in `namespace` is let in; unknown namespaces are in no list.
    pub(crate) fn allows(&self, namespace: NamespaceId) -> bool {
        match self {
            Self::Any => true,
            Self::Not(excluded) => namespace != *excluded && namespace != NamespaceId::ABSENT,
            Self::List(list) => list.contains(&namespace),
        }
    }
}

/// A wildcard for elements or attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard {
    pub(crate) namespaces: Namespaces,
    pub(crate) process: Process,
}

/// The three kinds of identity constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    Unique,
    Key,
    /// The values must be among those of this key.
    Keyref(IdentityId),
}

/// An identity constraint.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: NameId,
    pub(crate) kind: IdentityKind,
    pub(crate) selector: Path,
    pub(crate) fields: Box<[Path]>,
    pub(crate) place: Place,
}

/// A check between two values of one element, from `xs:appinfo`.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) check: &'static PairCheck,
    pub(crate) paths: [Path; 2],
    /// The two paths as the schema writes them.
    pub(crate) sources: [Box<str>; 2],
}

/// Alternatives of the `XPath` subset of identity constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) branches: Box<[Branch]>,
    /// How many levels down it leads at most.
    pub(crate) reach: usize,
}

impl Path {
    pub(crate) fn new(branches: impl Into<Box<[Branch]>>) -> Self {
        let branches = branches.into();
        let reach = branches.iter().map(|branch| if branch.anywhere { usize::MAX } else { branch.steps.len() });
        Self { reach: reach.max().unwrap_or(0), branches }
    }
}

/// One alternative: steps down, then perhaps an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Begins with `.//`: the first step may be at any depth.
    pub(crate) anywhere: bool,
    pub(crate) steps: Box<[NameTest]>,
    pub(crate) attribute: Option<NameTest>,
}

/// Which names a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameTest {
    Any,
    Namespace(NamespaceId),
    Name(NameId),
}

impl NameTest {
    /// Whether a name, known or not, in a namespace passes.
    #[inline]
    pub(crate) fn takes(self, namespace: NamespaceId, name: NameId) -> bool {
        match self {
            Self::Any => true,
            Self::Namespace(wanted) => wanted == namespace,
            Self::Name(wanted) => wanted == name,
        }
    }
}
