//! Constraining facets (XML Schema Part 2, section 4.3): one file each, with its compile, its check and its tests. What
//! is shared: how a facet sees the value it judges, and which facets may stand on which types.

mod bounds;
mod enumeration;
mod fraction_digits;
mod length;
mod max_exclusive;
mod max_inclusive;
mod max_length;
mod min_exclusive;
mod min_inclusive;
mod min_length;
mod pattern;
mod total_digits;
mod white_space;

pub(crate) use enumeration::Enumeration;
pub(crate) use fraction_digits::FractionDigits;
pub(crate) use length::Length;
pub(crate) use max_exclusive::MaxExclusive;
pub(crate) use max_inclusive::MaxInclusive;
pub(crate) use max_length::MaxLength;
pub(crate) use min_exclusive::MinExclusive;
pub(crate) use min_inclusive::MinInclusive;
pub(crate) use min_length::MinLength;
pub(crate) use pattern::PatternFacet;
pub(crate) use total_digits::TotalDigits;
pub use white_space::WhiteSpace;
pub(crate) use white_space::{trim, words};

use std::borrow::Cow;
use std::sync::Arc;

use super::value::{Atom, Datum};

/// The twelve kinds of facets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacetKind {
    /// `length`
    Length,
    /// `minLength`
    MinLength,
    /// `maxLength`
    MaxLength,
    /// `pattern`
    Pattern,
    /// `enumeration`
    Enumeration,
    /// `whiteSpace`
    WhiteSpace,
    /// `maxInclusive`
    MaxInclusive,
    /// `maxExclusive`
    MaxExclusive,
    /// `minInclusive`
    MinInclusive,
    /// `minExclusive`
    MinExclusive,
    /// `totalDigits`
    TotalDigits,
    /// `fractionDigits`
    FractionDigits,
}

impl FacetKind {
    /// The facet as schemas write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::MinLength => "minLength",
            Self::MaxLength => "maxLength",
            Self::Pattern => "pattern",
            Self::Enumeration => "enumeration",
            Self::WhiteSpace => "whiteSpace",
            Self::MaxInclusive => "maxInclusive",
            Self::MaxExclusive => "maxExclusive",
            Self::MinInclusive => "minInclusive",
            Self::MinExclusive => "minExclusive",
            Self::TotalDigits => "totalDigits",
            Self::FractionDigits => "fractionDigits",
        }
    }

    /// The facet that schemas write as `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        const ALL: [FacetKind; 12] = [
            FacetKind::Length,
            FacetKind::MinLength,
            FacetKind::MaxLength,
            FacetKind::Pattern,
            FacetKind::Enumeration,
            FacetKind::WhiteSpace,
            FacetKind::MaxInclusive,
            FacetKind::MaxExclusive,
            FacetKind::MinInclusive,
            FacetKind::MinExclusive,
            FacetKind::TotalDigits,
            FacetKind::FractionDigits,
        ];
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The validation rule of the standard that a value breaks with this facet.
    #[must_use]
    pub fn constraint(self) -> &'static str {
        match self {
            Self::Length => "cvc-length-valid",
            Self::MinLength => "cvc-minLength-valid",
            Self::MaxLength => "cvc-maxLength-valid",
            Self::Pattern => "cvc-pattern-valid",
            Self::Enumeration => "cvc-enumeration-valid",
            Self::WhiteSpace => "cvc-datatype-valid.1",
            Self::MaxInclusive => "cvc-maxInclusive-valid",
            Self::MaxExclusive => "cvc-maxExclusive-valid",
            Self::MinInclusive => "cvc-minInclusive-valid",
            Self::MinExclusive => "cvc-minExclusive-valid",
            Self::TotalDigits => "cvc-totalDigits-valid",
            Self::FractionDigits => "cvc-fractionDigits-valid",
        }
    }
}

/// A value under judgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The literal after the white space facet.
    pub(crate) literal: &'a str,
    /// What it means.
    pub(crate) datum: &'a Datum<'a>,
}

impl Subject<'_> {
    /// Whether the length is at most `most`, without counting characters where the bytes tell.
    fn is_at_most(&self, most: u64) -> bool {
        match self.datum {
            Datum::Atom(Atom::Text(text) | Atom::Uri(text)) if text.len() as u64 <= most => true,
            _ => self.length().is_none_or(|length| length <= most),
        }
    }

    /// Whether the length is at least `least`, without counting characters where the bytes tell.
    fn is_at_least(&self, least: u64) -> bool {
        match self.datum {
            // No character has more than four bytes.
            Datum::Atom(Atom::Text(text) | Atom::Uri(text)) if text.len() as u64 >= least.saturating_mul(4) => true,
            _ => self.length().is_none_or(|length| length >= least),
        }
    }

    /// Length in the unit of the type: items, octets or characters. `None` where lengths mean nothing (`QName`).
    fn length(&self) -> Option<u64> {
        match self.datum {
            Datum::List(items) => Some(items.len() as u64),
            Datum::Atom(Atom::Hex(_, octets) | Atom::Base64(_, octets)) => Some(*octets as u64),
            Datum::Atom(Atom::Text(text) | Atom::Uri(text)) => Some(characters(text)),
            Datum::Atom(_) => None,
        }
    }
}

/// Characters of a text, which for ASCII is its length.
fn characters(text: &str) -> u64 {
    text.bytes().filter(|byte| byte & 0xC0 != 0x80).count() as u64
}

/// A facet of a type, ready to judge. Types that inherit it share what is large.
#[derive(Debug, Clone)]
pub(crate) enum Facet {
    Length(Length),
    MinLength(MinLength),
    MaxLength(MaxLength),
    Pattern(Arc<PatternFacet>),
    Enumeration(Arc<Enumeration>),
    MaxInclusive(MaxInclusive),
    MaxExclusive(MaxExclusive),
    MinInclusive(MinInclusive),
    MinExclusive(MinExclusive),
    TotalDigits(TotalDigits),
    FractionDigits(FractionDigits),
}

impl Facet {
    pub(crate) fn kind(&self) -> FacetKind {
        match self {
            Self::Length(_) => FacetKind::Length,
            Self::MinLength(_) => FacetKind::MinLength,
            Self::MaxLength(_) => FacetKind::MaxLength,
            Self::Pattern(_) => FacetKind::Pattern,
            Self::Enumeration(_) => FacetKind::Enumeration,
            Self::MaxInclusive(_) => FacetKind::MaxInclusive,
            Self::MaxExclusive(_) => FacetKind::MaxExclusive,
            Self::MinInclusive(_) => FacetKind::MinInclusive,
            Self::MinExclusive(_) => FacetKind::MinExclusive,
            Self::TotalDigits(_) => FacetKind::TotalDigits,
            Self::FractionDigits(_) => FacetKind::FractionDigits,
        }
    }

    /// Whether the value satisfies the facet.
    #[inline]
    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Length(facet) => facet.holds(subject),
            Self::MinLength(facet) => facet.holds(subject),
            Self::MaxLength(facet) => facet.holds(subject),
            Self::Pattern(facet) => facet.holds(subject),
            Self::Enumeration(facet) => facet.holds(subject),
            Self::MaxInclusive(facet) => facet.holds(subject),
            Self::MaxExclusive(facet) => facet.holds(subject),
            Self::MinInclusive(facet) => facet.holds(subject),
            Self::MinExclusive(facet) => facet.holds(subject),
            Self::TotalDigits(facet) => facet.holds(subject),
            Self::FractionDigits(facet) => facet.holds(subject),
        }
    }

    /// The values that the schema wrote; several for `pattern` and `enumeration`, which are lent.
    pub(crate) fn sources(&self) -> Cow<'_, [String]> {
        Cow::Owned(match self {
            Self::Length(facet) => vec![facet.value.to_string()],
            Self::MinLength(facet) => vec![facet.value.to_string()],
            Self::MaxLength(facet) => vec![facet.value.to_string()],
            Self::Pattern(facet) => return facet.sources().into(),
            Self::Enumeration(facet) => return facet.sources().into(),
            Self::MaxInclusive(facet) => vec![facet.bound.source.to_string()],
            Self::MaxExclusive(facet) => vec![facet.bound.source.to_string()],
            Self::MinInclusive(facet) => vec![facet.bound.source.to_string()],
            Self::MinExclusive(facet) => vec![facet.bound.source.to_string()],
            Self::TotalDigits(facet) => vec![facet.value.to_string()],
            Self::FractionDigits(facet) => vec![facet.value.to_string()],
        })
    }
}

/// Why a facet cannot stand where the schema puts it: the constraint of the standard, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FacetFault {
    pub(crate) constraint: &'static str,
    pub(crate) text: String,
}

impl FacetFault {
    pub(crate) fn new(constraint: &'static str, text: impl Into<String>) -> Self {
        Self { constraint, text: text.into() }
    }
}

/// The effective facets of the base type, which a restriction may only narrow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) facets: &'a [Facet],
}

/// Declares how one kind of facet is found among others.
macro_rules! find {
    ($($method:ident $variant:ident $facet:ident;)*) => {
        impl<'a> Base<'a> {
            $(pub(crate) fn $method(&self) -> Option<&'a $facet> {
                self.facets.iter().find_map(|facet| match facet {
                    Facet::$variant(found) => Some(found),
                    _ => None,
                })
            })*
        }
    };
}

find! {
    length Length Length;
    min_length MinLength MinLength;
    max_length MaxLength MaxLength;
    max_inclusive MaxInclusive MaxInclusive;
    max_exclusive MaxExclusive MaxExclusive;
    min_inclusive MinInclusive MinInclusive;
    min_exclusive MinExclusive MinExclusive;
    total_digits TotalDigits TotalDigits;
    fraction_digits FractionDigits FractionDigits;
}

/// The digits of a literal of `nonNegativeInteger`, zeros in front left out; none for zero, which may have either sign.
pub(crate) fn whole(text: &str) -> Option<&str> {
    let written = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = written.trim_start_matches('0');
    let signed = text.starts_with('-') && !digits.is_empty();
    (!signed && !written.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Reads the value of a facet that is a count.
fn count(text: &str) -> Result<u64, FacetFault> {
    match whole(text) {
        Some("") => Ok(0),
        // A bound beyond what can be counted is never reached.
        Some(digits) => Ok(digits.parse().unwrap_or(u64::MAX)),
        None => Err(FacetFault::new("cvc-datatype-valid.1.2.1", "a whole number, not negative, is expected")),
    }
}

/// What every restriction step shares: a fixed value may only be repeated.
fn check_fixed(fixed: bool, same: bool) -> Result<(), FacetFault> {
    if fixed && !same {
        return Err(FacetFault::new("st-restrict-facets", "the facet is fixed in the base type"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Values and base types for the tests of the single facets.

    use super::*;
    use crate::rules::lexical::decimal::Decimal;
    use std::borrow::Cow;

    /// A literal and its value.
    pub(super) type Sample = (String, Datum<'static>);

    pub(super) fn text(text: &str) -> Sample {
        (text.to_owned(), Datum::Atom(Atom::Text(Cow::Owned(text.to_owned()))))
    }

    pub(super) fn decimal(text: &str) -> Sample {
        let value = Decimal::parse(text).expect(text).into_owned();
        (text.to_owned(), Datum::Atom(Atom::Decimal(value)))
    }

    pub(super) fn list(items: usize) -> Sample {
        (String::new(), Datum::List((0..items).map(|_| text("x").1).collect()))
    }

    pub(super) fn octets(count: usize) -> Sample {
        (String::new(), Datum::Atom(Atom::Hex(Cow::Owned("00".repeat(count)), count)))
    }

    pub(super) fn check_holds(holds: impl Fn(Subject<'_>) -> bool, right: &[Sample], wrong: &[Sample]) {
        for (samples, expected) in [(right, true), (wrong, false)] {
            for (literal, datum) in samples {
                assert_eq!(holds(Subject { literal, datum }), expected, "{literal} {datum:?}");
            }
        }
    }

    /// Facets written as `name=value`.
    pub(super) fn base(facets: &[&str]) -> Vec<Facet> {
        let none = Base { facets: &[] };
        let compile = |text: &&str| {
            let (name, value) = text.split_once('=').expect(text);
            let number = || decimal(value).1;
            match name {
                "length" => Facet::Length(Length::compile(value, false, none).unwrap()),
                "minLength" => Facet::MinLength(MinLength::compile(value, false, none).unwrap()),
                "maxLength" => Facet::MaxLength(MaxLength::compile(value, false, none).unwrap()),
                "totalDigits" => Facet::TotalDigits(TotalDigits::compile(value, false, none).unwrap()),
                "fractionDigits" => Facet::FractionDigits(FractionDigits::compile(value, false, none).unwrap()),
                "maxInclusive" => Facet::MaxInclusive(MaxInclusive::compile(value, &number(), false, none).unwrap()),
                "maxExclusive" => Facet::MaxExclusive(MaxExclusive::compile(value, &number(), false, none).unwrap()),
                "minInclusive" => Facet::MinInclusive(MinInclusive::compile(value, &number(), false, none).unwrap()),
                "minExclusive" => Facet::MinExclusive(MinExclusive::compile(value, &number(), false, none).unwrap()),
                _ => panic!("{name}"),
            }
        };
        facets.iter().map(compile).collect()
    }

    #[test]
    fn a_fixed_facet_may_only_be_repeated() {
        let fixed = [Facet::MaxLength(MaxLength { value: 5, fixed: true })];
        let base = Base { facets: &fixed };
        assert!(MaxLength::compile("5", false, base).is_ok());
        assert_eq!(MaxLength::compile("4", false, base).unwrap_err().constraint, "st-restrict-facets");
    }

    #[test]
    fn every_kind_is_named() {
        for name in ["length", "whiteSpace", "enumeration", "minExclusive"] {
            assert_eq!(FacetKind::named(name).map(FacetKind::name), Some(name));
        }
        assert_eq!(FacetKind::named("assertion"), None);
    }
}
