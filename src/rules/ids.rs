//! Numbers by which the tables of one rule set refer to each other.

/// Declares an index into one table.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The id of entry `index`; tables are far smaller than what a `u32` counts.
            #[must_use]
            pub(crate) fn at(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// The place in its table.
            #[inline]
            #[must_use]
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

ids! {
    /// A namespace that the rules name.
    NamespaceId;
    /// An expanded name (namespace and local part) that the rules use.
    NameId;
    /// An element declaration, global or local.
    ElementId;
    /// A simple type, built in or defined by a schema.
    SimpleId;
    /// A complex type.
    ComplexId;
    /// An attribute declaration.
    AttributeId;
    /// The attributes of one complex type.
    AttributesId;
    /// A wildcard.
    WildcardId;
    /// The content model of a complex type.
    ModelId;
    /// A state of a content model.
    StateId;
    /// A condition on counters that a transition has.
    GuardId;
    /// The bands of a state.
    BandsId;
    /// An identity constraint.
    IdentityId;
    /// A schema document.
    DocumentId;
}

impl NamespaceId {
    /// No namespace.
    pub(crate) const ABSENT: Self = Self(0);
    /// The namespace of `xml:lang` and its kin.
    pub(crate) const XML: Self = Self(1);
    /// The namespace of `xsi:type` and its kin.
    pub(crate) const XSI: Self = Self(2);
    /// The namespace of XML Schema itself.
    pub(crate) const XS: Self = Self(3);
    /// A namespace that no rule names.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX);
}

impl NameId {
    /// A name that no rule uses.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX);
    /// `xsi:type`.
    pub(crate) const XSI_TYPE: Self = Self(0);
    /// `xsi:nil`.
    pub(crate) const XSI_NIL: Self = Self(1);
    /// `xsi:schemaLocation`.
    pub(crate) const XSI_SCHEMA_LOCATION: Self = Self(2);
    /// `xsi:noNamespaceSchemaLocation`.
    pub(crate) const XSI_NO_NAMESPACE_SCHEMA_LOCATION: Self = Self(3);
}

impl GuardId {
    /// A transition without a condition.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

impl BandsId {
    /// A state without bands.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// `anyType`, the root of all types: always the first complex type.
pub(crate) const ANY_TYPE: ComplexId = ComplexId(0);

/// A simple or a complex type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeId {
    /// A simple type.
    Simple(SimpleId),
    /// A complex type.
    Complex(ComplexId),
}
