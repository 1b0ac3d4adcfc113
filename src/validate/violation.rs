//! Violations: what a document does that its rules do not allow, told so that a person can mend it.

use crate::rules::FacetKind;
use crate::xml::{Language, Position};

/// One violation.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where it is.
    pub position: Position,
    /// Bytes of the offending stretch.
    pub length: u64,
    /// Path of the element, with indexes where an element can repeat: `/StatusUpdate/Update[2]/Status`. For an attribute
    /// `…/@name` is added.
    pub path: String,
    /// The schema component that was broken, if there is one.
    pub component: Option<Component>,
    pub(super) detail: Detail,
    /// What the document has, cut short. Never shown unless the caller says so.
    pub(super) value: Option<String>,
}

/// A schema component, as people find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Name of the type or element.
    pub name: String,
    /// Where it is defined, `file:line`; empty for what is built in.
    pub place: String,
}

impl Violation {
    /// Our stable code, such as `missing-element`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.detail.code()
    }

    /// The validation rule of the standard, such as `cvc-pattern-valid`; for rules from `xs:appinfo`, `rules-appinfo`.
    #[must_use]
    pub fn constraint(&self) -> &'static str {
        self.detail.constraint()
    }

    /// What was expected: names of elements that could stand here, allowed values, a pattern, a bound.
    #[must_use]
    pub fn expected(&self) -> &[String] {
        self.detail.expected()
    }

    /// How many names, values or patterns were expected; more than [`Self::expected`] tells where they are very many.
    #[must_use]
    pub fn expected_count(&self) -> usize {
        match &self.detail {
            Detail::Facet { count, .. } => *count,
            detail => detail.expected().len(),
        }
    }

    /// The value that the document has, cut short, where the violation is about one. Personal data: not for logs.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The violation in words; with the document's value only where `show_values` says so.
    #[must_use]
    pub fn text(&self, language: Language, show_values: bool) -> String {
        super::words::text(&self.detail, self.value.as_deref().filter(|_| show_values), language)
    }
}

/// What the length of a value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Characters.
    Character,
    /// Octets of binary data.
    Octet,
    /// Items of a list.
    Item,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Detail {
    /// The root element has no declaration.
    UnknownRoot { name: String, nearest: Vec<String> },
    /// An element that cannot stand here.
    UnexpectedElement { name: String, expected: Vec<String>, nearest: Option<String> },
    /// An element inside content that has text only.
    ElementInText { name: String },
    /// An element or text inside content that must be empty.
    NotEmpty,
    /// The content ends too early.
    MissingElement { expected: Vec<String> },
    /// Text between elements.
    TextBetweenElements,
    /// An attribute that is not allowed.
    UnknownAttribute { name: String, nearest: Option<String> },
    /// A required attribute is missing.
    MissingAttribute { name: String },
    /// A literal outside the lexical space of a built-in type.
    BadLiteral { type_name: String },
    /// A literal that no member of a union takes.
    NoMember { members: Vec<String> },
    /// A `QName` with an undeclared prefix.
    BadPrefix,
    /// A facet is broken. Of many values the first, and how many there are; what lengths of the type are counted in.
    Facet { kind: FacetKind, values: Vec<String>, count: usize, unit: Unit, nearest: Option<String> },
    /// A check of one value from `xs:appinfo`.
    Check { code: &'static str, english: &'static str, russian: &'static str },
    /// A check between two values from `xs:appinfo`.
    Pair { code: &'static str, english: &'static str, russian: &'static str, paths: [String; 2] },
    /// Another value than the fixed one, and the rule of the standard that is broken by it.
    NotFixed { expected: Vec<String>, constraint: &'static str },
    /// An abstract element.
    AbstractElement { name: String, expected: Vec<String> },
    /// An abstract type.
    AbstractType { name: String },
    /// `xsi:type` names no type.
    UnknownType,
    /// `xsi:type` names a type that may not stand here.
    WrongType { name: String },
    /// `xsi:nil` on an element that is not nillable, or not a boolean.
    NotNillable,
    /// Content in an element with `xsi:nil`.
    NilWithContent,
    /// `xsi:nil` on an element with a fixed value.
    NilWithFixed,
    /// No declaration for an element or attribute under a strict wildcard.
    Undeclared { name: String },
    /// A value that must be unique is there twice, and where it stands first.
    DuplicateKey { identity: String, offset: u64, line: u64 },
    /// A part of a key is missing.
    MissingKeyField { identity: String },
    /// A key that is referred to is not there.
    KeyNotFound { identity: String },
    /// A field of an identity constraint has several values.
    FieldTwice { identity: String },
    /// A field of an identity constraint has no simple value.
    FieldNotSimple { identity: String },
    /// Part of a key is nillable.
    NillableKey { identity: String },
    /// An ID is there twice.
    DuplicateId,
    /// An IDREF without its ID.
    IdNotFound,
    /// An ENTITY that is not declared.
    UnknownEntity,
    /// More ways to read the content than are followed.
    TooAmbiguous,
}

impl Detail {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownRoot { .. } => "unknown-root",
            Self::UnexpectedElement { .. } => "unexpected-element",
            Self::ElementInText { .. } => "element-in-text",
            Self::NotEmpty => "not-empty",
            Self::MissingElement { .. } => "missing-element",
            Self::TextBetweenElements => "text-between-elements",
            Self::UnknownAttribute { .. } => "unknown-attribute",
            Self::MissingAttribute { .. } => "missing-attribute",
            Self::BadLiteral { .. } | Self::NoMember { .. } => "wrong-type-of-value",
            Self::BadPrefix => "undeclared-prefix-in-value",
            Self::Facet { kind, .. } => facet_code(*kind),
            Self::Check { code, .. } | Self::Pair { code, .. } => code,
            Self::NotFixed { .. } => "not-the-fixed-value",
            Self::AbstractElement { .. } => "abstract-element",
            Self::AbstractType { .. } => "abstract-type",
            Self::UnknownType => "unknown-type",
            Self::WrongType { .. } => "wrong-type",
            Self::NotNillable => "not-nillable",
            Self::NilWithContent => "nil-with-content",
            Self::NilWithFixed => "nil-with-fixed-value",
            Self::Undeclared { .. } => "undeclared-name",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::MissingKeyField { .. } => "missing-key-field",
            Self::KeyNotFound { .. } => "key-not-found",
            Self::FieldTwice { .. } => "field-twice",
            Self::FieldNotSimple { .. } => "field-not-simple",
            Self::NillableKey { .. } => "nillable-key",
            Self::DuplicateId => "duplicate-id",
            Self::IdNotFound => "id-not-found",
            Self::UnknownEntity => "unknown-entity",
            Self::TooAmbiguous => "content-too-ambiguous",
        }
    }

    fn constraint(&self) -> &'static str {
        match self {
            Self::UnknownRoot { .. } => "cvc-elt.1",
            Self::UnexpectedElement { .. } => "cvc-complex-type.2.4.a",
            Self::MissingElement { .. } => "cvc-complex-type.2.4.b",
            Self::Undeclared { .. } => "cvc-complex-type.2.4.c",
            Self::TooAmbiguous => "cvc-complex-type.2.4",
            Self::ElementInText { .. } => "cvc-complex-type.2.2",
            Self::NotEmpty => "cvc-complex-type.2.1",
            Self::TextBetweenElements => "cvc-complex-type.2.3",
            Self::UnknownAttribute { .. } => "cvc-complex-type.3.2.2",
            Self::MissingAttribute { .. } => "cvc-complex-type.4",
            Self::BadLiteral { .. } | Self::BadPrefix => "cvc-datatype-valid.1.2.1",
            Self::NoMember { .. } => "cvc-datatype-valid.1.2.3",
            Self::Facet { kind, .. } => kind.constraint(),
            Self::Check { .. } | Self::Pair { .. } => "rules-appinfo",
            Self::NotFixed { constraint, .. } => constraint,
            Self::AbstractElement { .. } => "cvc-elt.2",
            Self::AbstractType { .. } => "cvc-type.2",
            Self::UnknownType => "cvc-elt.4.2",
            Self::WrongType { .. } => "cvc-elt.4.3",
            Self::NotNillable => "cvc-elt.3.1",
            Self::NilWithContent => "cvc-elt.3.2.1",
            Self::NilWithFixed => "cvc-elt.3.2.2",
            Self::DuplicateKey { .. } => "cvc-identity-constraint.4.1",
            Self::MissingKeyField { .. } => "cvc-identity-constraint.4.2.1",
            Self::NillableKey { .. } => "cvc-identity-constraint.4.2.3",
            Self::KeyNotFound { .. } => "cvc-identity-constraint.4.3",
            Self::FieldTwice { .. } | Self::FieldNotSimple { .. } => "cvc-identity-constraint.3",
            Self::DuplicateId => "cvc-id.2",
            Self::IdNotFound => "cvc-id.1",
            Self::UnknownEntity => "cvc-simple-type.2",
        }
    }

    fn expected(&self) -> &[String] {
        match self {
            Self::UnexpectedElement { expected, .. }
            | Self::MissingElement { expected }
            | Self::NotFixed { expected, .. }
            | Self::AbstractElement { expected, .. } => expected,
            Self::UnknownRoot { nearest, .. } => nearest,
            Self::Facet { values, .. } => values,
            Self::NoMember { members } => members,
            Self::MissingAttribute { name } => std::slice::from_ref(name),
            Self::BadLiteral { type_name } => std::slice::from_ref(type_name),
            _ => &[],
        }
    }
}

fn facet_code(kind: FacetKind) -> &'static str {
    match kind {
        FacetKind::Length => "wrong-length",
        FacetKind::MinLength => "too-short",
        FacetKind::MaxLength => "too-long",
        FacetKind::Pattern => "pattern-mismatch",
        FacetKind::Enumeration => "value-not-listed",
        FacetKind::WhiteSpace => "wrong-type-of-value",
        FacetKind::MaxInclusive | FacetKind::MaxExclusive => "too-great",
        FacetKind::MinInclusive | FacetKind::MinExclusive => "too-small",
        FacetKind::TotalDigits => "too-many-digits",
        FacetKind::FractionDigits => "too-many-fraction-digits",
    }
}
