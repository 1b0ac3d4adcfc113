//! The form of schema documents: which elements and attributes may stand where, and what their values look like (the
//! schema for schemas, XML Schema Part 1, appendix A). Here is the table; `syntax` checks documents by it.

/// What an element of the schema language is in its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Schema,
    Include,
    Import,
    Redefine,
    Annotation,
    /// `appinfo` and `documentation`: anything inside.
    Foreign,
    TopElement,
    LocalElement,
    AllElement,
    TopAttribute,
    LocalAttribute,
    TopSimpleType,
    LocalSimpleType,
    SimpleRestriction,
    List,
    Union,
    Facet,
    /// `pattern` and `enumeration`, which cannot be fixed.
    FreeFacet,
    TopComplexType,
    LocalComplexType,
    SimpleContent,
    SimpleContentRestriction,
    SimpleContentExtension,
    ComplexContent,
    ComplexRestriction,
    ComplexExtension,
    TopGroup,
    GroupReference,
    NamedAll,
    All,
    /// A choice or sequence right inside a named group, without bounds of its own.
    NamedOrder,
    Order,
    Any,
    AnyAttribute,
    TopAttributeGroup,
    AttributeGroupReference,
    Unique,
    Keyref,
    Path,
    Notation,
}

/// What the value of an attribute looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    Boolean,
    Count,
    /// A count, or `unbounded`.
    MaxOccurs,
    /// `0` or `1`.
    ZeroOrOne,
    /// `1`.
    One,
    NcName,
    QName,
    QNames,
    Uri,
    /// A URI that is not empty.
    Namespace,
    Token,
    Language,
    Id,
    Words(&'static [&'static str]),
    /// `#all`, or any of the words.
    Set(&'static [&'static str]),
    Namespaces,
}

/// An attribute: name, form, whether it must be there.
pub(super) type AttributeRule = (&'static str, Form, bool);

/// A place in the content of an element: what may stand there, and how often at least and at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) names: &'static [(&'static str, Role)],
    pub(super) min: usize,
    pub(super) max: usize,
}

const MANY: usize = usize::MAX;

const fn slot(names: &'static [(&'static str, Role)], min: usize, max: usize) -> Slot {
    Slot { names, min, max }
}

/// The content of an element: alternatives, the first whose first name fits is meant, else the last.
pub(super) type ContentRule = &'static [&'static [Slot]];

const ANNOTATION: Slot = slot(&[("annotation", Role::Annotation)], 0, 1);

const ANNOTATION_ONLY: ContentRule = &[&[ANNOTATION]];

const TOP: &[(&str, Role)] = &[
    ("annotation", Role::Annotation),
    ("simpleType", Role::TopSimpleType),
    ("complexType", Role::TopComplexType),
    ("group", Role::TopGroup),
    ("attributeGroup", Role::TopAttributeGroup),
    ("element", Role::TopElement),
    ("attribute", Role::TopAttribute),
    ("notation", Role::Notation),
];

const SCHEMA: ContentRule = &[&[
    slot(
        &[
            ("include", Role::Include),
            ("import", Role::Import),
            ("redefine", Role::Redefine),
            ("annotation", Role::Annotation),
        ],
        0,
        MANY,
    ),
    slot(TOP, 0, MANY),
]];

const REDEFINE: ContentRule = &[&[slot(
    &[
        ("annotation", Role::Annotation),
        ("simpleType", Role::TopSimpleType),
        ("complexType", Role::TopComplexType),
        ("group", Role::TopGroup),
        ("attributeGroup", Role::TopAttributeGroup),
    ],
    0,
    MANY,
)]];

const ANNOTATED: ContentRule = &[&[slot(&[("appinfo", Role::Foreign), ("documentation", Role::Foreign)], 0, MANY)]];

const IDENTITIES: Slot = slot(&[("unique", Role::Unique), ("key", Role::Unique), ("keyref", Role::Keyref)], 0, MANY);

const ELEMENT: ContentRule = &[&[
    ANNOTATION,
    slot(&[("simpleType", Role::LocalSimpleType), ("complexType", Role::LocalComplexType)], 0, 1),
    IDENTITIES,
]];

const ATTRIBUTE: ContentRule = &[&[ANNOTATION, slot(&[("simpleType", Role::LocalSimpleType)], 0, 1)]];

const SIMPLE_TYPE: ContentRule = &[&[
    ANNOTATION,
    slot(&[("restriction", Role::SimpleRestriction), ("list", Role::List), ("union", Role::Union)], 1, 1),
]];

const FACETS: &[(&str, Role)] = &[
    ("minExclusive", Role::Facet),
    ("minInclusive", Role::Facet),
    ("maxExclusive", Role::Facet),
    ("maxInclusive", Role::Facet),
    ("totalDigits", Role::Facet),
    ("fractionDigits", Role::Facet),
    ("length", Role::Facet),
    ("minLength", Role::Facet),
    ("maxLength", Role::Facet),
    ("whiteSpace", Role::Facet),
    ("enumeration", Role::FreeFacet),
    ("pattern", Role::FreeFacet),
];

const SIMPLE_RESTRICTION: ContentRule =
    &[&[ANNOTATION, slot(&[("simpleType", Role::LocalSimpleType)], 0, 1), slot(FACETS, 0, MANY)]];

const UNION: ContentRule = &[&[ANNOTATION, slot(&[("simpleType", Role::LocalSimpleType)], 0, MANY)]];

const ATTRIBUTES: Slot =
    slot(&[("attribute", Role::LocalAttribute), ("attributeGroup", Role::AttributeGroupReference)], 0, MANY);

const ANY_ATTRIBUTE: Slot = slot(&[("anyAttribute", Role::AnyAttribute)], 0, 1);

const PARTICLE: Slot = slot(
    &[("group", Role::GroupReference), ("all", Role::All), ("choice", Role::Order), ("sequence", Role::Order)],
    0,
    1,
);

const COMPLEX_TYPE: ContentRule = &[
    &[ANNOTATION, slot(&[("simpleContent", Role::SimpleContent)], 1, 1)],
    &[ANNOTATION, slot(&[("complexContent", Role::ComplexContent)], 1, 1)],
    &[ANNOTATION, PARTICLE, ATTRIBUTES, ANY_ATTRIBUTE],
];

const SIMPLE_CONTENT: ContentRule = &[&[
    ANNOTATION,
    slot(&[("restriction", Role::SimpleContentRestriction), ("extension", Role::SimpleContentExtension)], 1, 1),
]];

const SIMPLE_CONTENT_RESTRICTION: ContentRule = &[&[
    ANNOTATION,
    slot(&[("simpleType", Role::LocalSimpleType)], 0, 1),
    slot(FACETS, 0, MANY),
    ATTRIBUTES,
    ANY_ATTRIBUTE,
]];

const COMPLEX_CONTENT: ContentRule =
    &[&[ANNOTATION, slot(&[("restriction", Role::ComplexRestriction), ("extension", Role::ComplexExtension)], 1, 1)]];

const COMPLEX_DERIVATION: ContentRule = &[&[ANNOTATION, PARTICLE, ATTRIBUTES, ANY_ATTRIBUTE]];

const ATTRIBUTES_ONLY: ContentRule = &[&[ANNOTATION, ATTRIBUTES, ANY_ATTRIBUTE]];

const GROUP: ContentRule = &[&[
    ANNOTATION,
    slot(&[("all", Role::NamedAll), ("choice", Role::NamedOrder), ("sequence", Role::NamedOrder)], 1, 1),
]];

const ALL: ContentRule = &[&[ANNOTATION, slot(&[("element", Role::AllElement)], 0, MANY)]];

const ORDER: ContentRule = &[&[
    ANNOTATION,
    slot(
        &[
            ("element", Role::LocalElement),
            ("group", Role::GroupReference),
            ("choice", Role::Order),
            ("sequence", Role::Order),
            ("any", Role::Any),
        ],
        0,
        MANY,
    ),
]];

const IDENTITY: ContentRule =
    &[&[ANNOTATION, slot(&[("selector", Role::Path)], 1, 1), slot(&[("field", Role::Path)], 1, MANY)]];

const ID: AttributeRule = ("id", Form::Id, false);
const NAME: AttributeRule = ("name", Form::NcName, true);
const MIN: AttributeRule = ("minOccurs", Form::Count, false);
const MAX: AttributeRule = ("maxOccurs", Form::MaxOccurs, false);
const MIXED: AttributeRule = ("mixed", Form::Boolean, false);
const QUALIFIED: Form = Form::Words(&["qualified", "unqualified"]);
const DERIVATION: Form = Form::Set(&["extension", "restriction"]);
const BLOCK: Form = Form::Set(&["extension", "restriction", "substitution"]);
const SIMPLE_FINAL: Form = Form::Set(&["list", "union", "restriction"]);
const PROCESS: AttributeRule = ("processContents", Form::Words(&["skip", "lax", "strict"]), false);
const NAMESPACES: AttributeRule = ("namespace", Form::Namespaces, false);

impl Role {
    /// What may stand inside.
    pub(super) fn content(self) -> ContentRule {
        match self {
            Self::Schema => SCHEMA,
            Self::Redefine => REDEFINE,
            Self::Annotation => ANNOTATED,
            Self::Foreign => &[],
            Self::TopElement | Self::LocalElement | Self::AllElement => ELEMENT,
            Self::TopAttribute | Self::LocalAttribute | Self::List => ATTRIBUTE,
            Self::TopSimpleType | Self::LocalSimpleType => SIMPLE_TYPE,
            Self::SimpleRestriction => SIMPLE_RESTRICTION,
            Self::Union => UNION,
            Self::TopComplexType | Self::LocalComplexType => COMPLEX_TYPE,
            Self::SimpleContent => SIMPLE_CONTENT,
            Self::SimpleContentRestriction => SIMPLE_CONTENT_RESTRICTION,
            Self::ComplexContent => COMPLEX_CONTENT,
            Self::ComplexRestriction | Self::ComplexExtension => COMPLEX_DERIVATION,
            Self::SimpleContentExtension | Self::TopAttributeGroup => ATTRIBUTES_ONLY,
            Self::TopGroup => GROUP,
            Self::NamedAll | Self::All => ALL,
            Self::NamedOrder | Self::Order => ORDER,
            Self::Unique | Self::Keyref => IDENTITY,
            Self::Include
            | Self::Import
            | Self::Facet
            | Self::FreeFacet
            | Self::GroupReference
            | Self::Any
            | Self::AnyAttribute
            | Self::AttributeGroupReference
            | Self::Path
            | Self::Notation => ANNOTATION_ONLY,
        }
    }

    /// The attributes without a namespace that it may have.
    pub(super) fn attributes(self) -> &'static [AttributeRule] {
        match self {
            Self::Schema => &[
                ID,
                ("targetNamespace", Form::Namespace, false),
                ("version", Form::Token, false),
                ("finalDefault", Form::Set(&["extension", "restriction", "list", "union"]), false),
                ("blockDefault", BLOCK, false),
                ("attributeFormDefault", QUALIFIED, false),
                ("elementFormDefault", QUALIFIED, false),
            ],
            Self::Include | Self::Redefine => &[ID, ("schemaLocation", Form::Uri, true)],
            Self::Import => &[ID, ("namespace", Form::Uri, false), ("schemaLocation", Form::Uri, false)],
            Self::Annotation | Self::SimpleContent => &[ID],
            Self::Foreign => &[("source", Form::Uri, false)],
            Self::TopElement => &[
                ID,
                NAME,
                ("type", Form::QName, false),
                ("substitutionGroup", Form::QName, false),
                ("default", Form::Any, false),
                ("fixed", Form::Any, false),
                ("nillable", Form::Boolean, false),
                ("abstract", Form::Boolean, false),
                ("final", DERIVATION, false),
                ("block", BLOCK, false),
            ],
            Self::LocalElement => LOCAL_ELEMENT,
            Self::AllElement => ALL_ELEMENT,
            Self::TopAttribute => {
                &[ID, NAME, ("type", Form::QName, false), ("default", Form::Any, false), ("fixed", Form::Any, false)]
            }
            Self::LocalAttribute => &[
                ID,
                ("name", Form::NcName, false),
                ("ref", Form::QName, false),
                ("type", Form::QName, false),
                ("use", Form::Words(&["optional", "prohibited", "required"]), false),
                ("default", Form::Any, false),
                ("fixed", Form::Any, false),
                ("form", QUALIFIED, false),
            ],
            Self::TopSimpleType => &[ID, NAME, ("final", SIMPLE_FINAL, false)],
            Self::LocalSimpleType => &[ID],
            Self::SimpleRestriction => &[ID, ("base", Form::QName, false)],
            Self::List => &[ID, ("itemType", Form::QName, false)],
            Self::Union => &[ID, ("memberTypes", Form::QNames, false)],
            Self::Facet => &[ID, ("value", Form::Any, true), ("fixed", Form::Boolean, false)],
            Self::FreeFacet => &[ID, ("value", Form::Any, true)],
            Self::TopComplexType => &[
                ID,
                NAME,
                MIXED,
                ("abstract", Form::Boolean, false),
                ("final", DERIVATION, false),
                ("block", DERIVATION, false),
            ],
            Self::LocalComplexType | Self::ComplexContent => &[ID, MIXED],
            Self::SimpleContentRestriction
            | Self::SimpleContentExtension
            | Self::ComplexRestriction
            | Self::ComplexExtension => &[ID, ("base", Form::QName, true)],
            Self::TopGroup | Self::TopAttributeGroup | Self::Unique => &[ID, NAME],
            Self::GroupReference => &[ID, ("ref", Form::QName, true), MIN, MAX],
            Self::AttributeGroupReference => &[ID, ("ref", Form::QName, true)],
            Self::NamedAll | Self::NamedOrder => &[ID],
            Self::All => &[ID, ("minOccurs", Form::ZeroOrOne, false), ("maxOccurs", Form::One, false)],
            Self::Order => &[ID, MIN, MAX],
            Self::Any => &[ID, NAMESPACES, PROCESS, MIN, MAX],
            Self::AnyAttribute => &[ID, NAMESPACES, PROCESS],
            Self::Keyref => &[ID, NAME, ("refer", Form::QName, true)],
            Self::Path => &[ID, ("xpath", Form::Any, true)],
            Self::Notation => &[ID, NAME, ("public", Form::Token, false), ("system", Form::Uri, false)],
        }
    }
}

const LOCAL_ELEMENT: &[AttributeRule] = &[
    ID,
    ("name", Form::NcName, false),
    ("ref", Form::QName, false),
    ("type", Form::QName, false),
    MIN,
    MAX,
    ("default", Form::Any, false),
    ("fixed", Form::Any, false),
    ("nillable", Form::Boolean, false),
    ("block", BLOCK, false),
    ("form", QUALIFIED, false),
];

const ALL_ELEMENT: &[AttributeRule] = &[
    ID,
    ("name", Form::NcName, false),
    ("ref", Form::QName, false),
    ("type", Form::QName, false),
    ("minOccurs", Form::ZeroOrOne, false),
    ("maxOccurs", Form::ZeroOrOne, false),
    ("default", Form::Any, false),
    ("fixed", Form::Any, false),
    ("nillable", Form::Boolean, false),
    ("block", BLOCK, false),
    ("form", QUALIFIED, false),
];

/// Names of elements that only XSD 1.1 knows.
pub(super) const LATER: &[&str] =
    &["assert", "assertion", "alternative", "openContent", "defaultOpenContent", "override", "explicitTimezone"];

/// Names of elements that only XSD 1.1 lets stand inside `all`.
pub(super) const LATER_IN_ALL: &[&str] = &["any", "group"];

/// Names of attributes that only XSD 1.1 knows.
pub(super) const LATER_ATTRIBUTES: &[&str] = &[
    "defaultAttributes",
    "xpathDefaultNamespace",
    "notNamespace",
    "notQName",
    "inheritable",
    "defaultAttributesApply",
];
