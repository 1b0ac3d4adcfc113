//! Simple types: from a literal in a document to its value, or to the reason why it has none.

use std::borrow::Cow;

use super::checks::ValueCheck;
use super::facets::{Facet, FacetKind, Subject, WhiteSpace, trim, words};
use super::ids::{NameId, SimpleId};
use super::lexical::decimal::Decimal;
use super::lexical::duration::Duration;
use super::lexical::moment::{Moment, MomentKind};
use super::lexical::{binary, float, strings};
use super::tables::Rules;
use super::value::{Atom, Datum};
use crate::xml;

/// The lexical space of an atomic type, before any facet of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lexical {
    String,
    Language,
    Nmtoken,
    Name,
    Ncname,
    Id,
    Idref,
    Entity,
    Boolean,
    Decimal,
    Integer,
    Float,
    Double,
    Duration,
    Moment(MomentKind),
    Hex,
    Base64,
    Uri,
    Qname,
    Notation,
}

/// How the values of a type are made up.
#[derive(Debug, Clone)]
pub(crate) enum Variety {
    /// `anySimpleType`: any text.
    Any,
    Atomic(Lexical),
    List(SimpleId),
    Union(Box<[SimpleId]>),
}

/// A simple type with all that it inherits.
#[derive(Debug, Clone)]
pub(crate) struct SimpleType {
    /// [`NameId::UNKNOWN`] for anonymous types.
    pub(crate) name: NameId,
    /// The type that it restricts; `anySimpleType` for lists, unions and primitives.
    pub(crate) base: SimpleId,
    pub(crate) variety: Variety,
    pub(crate) white_space: WhiteSpace,
    /// No type derived from this one may treat white space otherwise.
    pub(crate) white_space_fixed: bool,
    /// White space inside a literal makes no difference, so trimming is enough.
    pub(crate) trims: bool,
    pub(crate) facets: Box<[Facet]>,
    pub(crate) checks: Box<[&'static ValueCheck]>,
}

/// What prefixes of a document mean at one place, for `QName` and `NOTATION`.
pub(crate) trait Prefixes {
    /// The namespace that `prefix` is bound to; `""` for the empty prefix without a default.
    fn namespace(&self, prefix: &str) -> Option<&str>;
}

impl<W: xml::Window> Prefixes for xml::Reader<W> {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        self.namespace_of_prefix(prefix)
    }
}

/// Why a literal is not valid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Flaw {
    /// The type that refused it; of a list, the item type.
    pub(crate) simple: SimpleId,
    pub(crate) reason: Reason,
}

/// What a type found wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    /// The literal is not in the lexical space.
    Literal,
    /// No member type of a union takes it.
    Member,
    /// The prefix of a `QName` is not declared.
    Prefix,
    /// The facet at this place of [`SimpleType::facets`].
    Facet(FacetKind, usize),
    /// A check from `xs:appinfo`.
    Check(&'static ValueCheck),
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal, Self::Literal) | (Self::Member, Self::Member) | (Self::Prefix, Self::Prefix) => true,
            (Self::Facet(kind, at), Self::Facet(other_kind, other_at)) => kind == other_kind && at == other_at,
            (Self::Check(check), Self::Check(other)) => check.name == other.name,
            _ => false,
        }
    }
}

impl Rules {
    /// Judges the literal `raw`, as it stands in the document, by a simple type; see [`SimpleTypes::assess`].
    #[inline]
    pub(crate) fn assess<T>(
        &self,
        simple: SimpleId,
        raw: &str,
        prefixes: &dyn Prefixes,
        then: impl FnOnce(&Datum<'_>, SimpleId) -> T,
    ) -> Result<T, Flaw> {
        SimpleTypes { types: &self.simple_types }.assess(simple, raw, prefixes, then)
    }
}

/// A table of simple types, complete or still growing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimpleTypes<'r> {
    pub(crate) types: &'r [SimpleType],
}

impl SimpleTypes<'_> {
    /// Judges the literal `raw` by a type. A valid one's value is given to `then`, with the type that gave it, which for
    /// a union is the member; the value is only lent, so that judging moves nothing about.
    #[inline]
    pub(crate) fn assess<T>(
        &self,
        simple: SimpleId,
        raw: &str,
        prefixes: &dyn Prefixes,
        then: impl FnOnce(&Datum<'_>, SimpleId) -> T,
    ) -> Result<T, Flaw> {
        let definition = &self.types[simple.index()];
        if let Variety::Atomic(lexical) = definition.variety {
            let literal = definition.literal(raw);
            let mut datum = Datum::EMPTY;
            if let Err(reason) = lexical.parse(&literal, prefixes, &mut datum) {
                return Err(Flaw { simple, reason });
            }
            definition.check(simple, &literal, &datum)?;
            return Ok(then(&datum, simple));
        }
        let (datum, member) = self.assess_composite(simple, raw, prefixes)?;
        Ok(then(&datum, member))
    }

    /// Judges by a list, a union, or `anySimpleType`.
    fn assess_composite(
        &self,
        simple: SimpleId,
        raw: &str,
        prefixes: &dyn Prefixes,
    ) -> Result<(Datum<'static>, SimpleId), Flaw> {
        let definition = &self.types[simple.index()];
        let own = |datum: &Datum<'_>, member: SimpleId| (datum.clone().into_owned(), member);
        let (datum, member) = match &definition.variety {
            Variety::Any => (Datum::Atom(Atom::Text(Cow::Owned(raw.to_owned()))), simple),
            Variety::Atomic(_) => return self.assess(simple, raw, prefixes, own),
            Variety::List(item) => {
                let items = words(raw).map(|word| self.assess(*item, word, prefixes, |datum, _| own(datum, simple).0));
                (Datum::List(items.collect::<Result<_, Flaw>>()?), simple)
            }
            Variety::Union(members) => {
                let mut members = members.iter();
                let taken = members.find_map(|member| self.assess(*member, raw, prefixes, own).ok());
                taken.ok_or(Flaw { simple, reason: Reason::Member })?
            }
        };
        if !definition.facets.is_empty() || !definition.checks.is_empty() {
            let literal = self.types[member.index()].white_space.apply(raw);
            definition.check(simple, &literal, &datum)?;
        }
        Ok((datum, member))
    }
}

impl SimpleType {
    /// The raw text with its white space treated.
    #[inline]
    fn literal<'t>(&self, raw: &'t str) -> Cow<'t, str> {
        if self.trims { Cow::Borrowed(trim(raw)) } else { self.white_space.apply(raw) }
    }

    /// Facets and checks of this type.
    #[inline]
    fn check(&self, simple: SimpleId, literal: &str, datum: &Datum<'_>) -> Result<(), Flaw> {
        let subject = Subject { literal, datum };
        for (index, facet) in self.facets.iter().enumerate() {
            if !facet.holds(subject) {
                return Err(Flaw { simple, reason: Reason::Facet(facet.kind(), index) });
            }
        }
        match self.checks.iter().find(|check| !(check.holds)(literal)) {
            Some(check) => Err(Flaw { simple, reason: Reason::Check(check) }),
            None => Ok(()),
        }
    }
}

impl Lexical {
    /// Whether white space inside a literal makes no difference, so that only its ends have to be treated: either no
    /// valid literal holds any, or the value is the same with and without it.
    pub(crate) fn ignores_inner_space(self) -> bool {
        !matches!(self, Self::String | Self::Uri)
    }

    /// Reads a literal whose white space has been treated, into `datum`: values are larger than what moves cheaply.
    #[inline]
    pub(crate) fn parse<'t>(
        self,
        literal: &'t str,
        prefixes: &dyn Prefixes,
        datum: &mut Datum<'t>,
    ) -> Result<(), Reason> {
        let mut set = |atom: Option<Atom<'t>>| {
            *datum = Datum::Atom(atom.ok_or(Reason::Literal)?);
            Ok(())
        };
        let text_if = |fits: bool| fits.then_some(Atom::Text(Cow::Borrowed(literal)));
        match self {
            Self::String => *datum = Datum::Atom(Atom::Text(Cow::Borrowed(literal))),
            Self::Language => set(text_if(strings::is_language(literal)))?,
            Self::Nmtoken => set(text_if(xml::is_nmtoken(literal)))?,
            Self::Name => set(text_if(xml::is_name(literal)))?,
            Self::Ncname | Self::Id | Self::Idref | Self::Entity => set(text_if(xml::is_ncname(literal)))?,
            Self::Boolean => set(match literal {
                "true" | "1" => Some(Atom::Boolean(true)),
                "false" | "0" => Some(Atom::Boolean(false)),
                _ => None,
            })?,
            Self::Decimal => set(Decimal::parse(literal).map(Atom::Decimal))?,
            Self::Integer => set(Decimal::parse_integer(literal).map(Atom::Integer))?,
            Self::Float => set(float::parse_float(literal).map(Atom::Float))?,
            Self::Double => set(float::parse_double(literal).map(Atom::Double))?,
            Self::Duration => set(Duration::parse(literal).map(Atom::Duration))?,
            Self::Moment(kind) => set(Moment::parse(kind, literal).map(Atom::Moment))?,
            Self::Hex => set(binary::hex_length(literal).map(|octets| Atom::Hex(Cow::Borrowed(literal), octets)))?,
            Self::Base64 => {
                set(binary::base64_length(literal).map(|octets| Atom::Base64(Cow::Borrowed(literal), octets)))?;
            }
            Self::Uri => set(strings::is_uri(literal).then_some(Atom::Uri(Cow::Borrowed(literal))))?,
            Self::Qname | Self::Notation => {
                let (prefix, local) = xml::split_qname(literal).ok_or(Reason::Literal)?;
                let namespace = Cow::Owned(prefixes.namespace(prefix).ok_or(Reason::Prefix)?.to_owned());
                let local = Cow::Borrowed(local);
                let qname = self == Self::Qname;
                set(Some(if qname { Atom::Name(namespace, local) } else { Atom::Notation(namespace, local) }))?;
            }
        }
        Ok(())
    }
}
