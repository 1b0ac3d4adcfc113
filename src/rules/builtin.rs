//! The simple types that are built into XML Schema (Part 2, section 3), at fixed places of every table.

use super::facets::{Base, Facet, FractionDigits, MaxInclusive, MinInclusive, MinLength, WhiteSpace};
use super::ids::{NamespaceId, SimpleId};
use super::lexical::decimal::Decimal;
use super::lexical::moment::MomentKind;
use super::names::NamesDraft;
use super::simple::{Lexical, SimpleType, Variety};
use super::value::{Atom, Datum};

/// `anySimpleType`, the root of all simple types.
pub(crate) const ANY_SIMPLE_TYPE: SimpleId = SimpleId(0);

/// One row of the table.
struct BuiltIn {
    name: &'static str,
    base: &'static str,
    shape: Shape,
    /// Least and greatest value, for the integer types.
    bounds: (Option<&'static str>, Option<&'static str>),
}

enum Shape {
    Any,
    Text(WhiteSpace),
    Atomic(Lexical),
    List(&'static str),
}

const fn row(name: &'static str, base: &'static str, shape: Shape) -> BuiltIn {
    BuiltIn { name, base, shape, bounds: (None, None) }
}

const fn integer(
    name: &'static str,
    base: &'static str,
    least: Option<&'static str>,
    greatest: Option<&'static str>,
) -> BuiltIn {
    BuiltIn { name, base, shape: Shape::Atomic(Lexical::Integer), bounds: (least, greatest) }
}

/// All of them, bases first.
static BUILT_IN: [BuiltIn; 45] = [
    row("anySimpleType", "anySimpleType", Shape::Any),
    row("string", "anySimpleType", Shape::Text(WhiteSpace::Preserve)),
    row("boolean", "anySimpleType", Shape::Atomic(Lexical::Boolean)),
    row("decimal", "anySimpleType", Shape::Atomic(Lexical::Decimal)),
    row("float", "anySimpleType", Shape::Atomic(Lexical::Float)),
    row("double", "anySimpleType", Shape::Atomic(Lexical::Double)),
    row("duration", "anySimpleType", Shape::Atomic(Lexical::Duration)),
    row("dateTime", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::DateTime))),
    row("time", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::Time))),
    row("date", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::Date))),
    row("gYearMonth", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::YearMonth))),
    row("gYear", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::Year))),
    row("gMonthDay", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::MonthDay))),
    row("gDay", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::Day))),
    row("gMonth", "anySimpleType", Shape::Atomic(Lexical::Moment(MomentKind::Month))),
    row("hexBinary", "anySimpleType", Shape::Atomic(Lexical::Hex)),
    row("base64Binary", "anySimpleType", Shape::Atomic(Lexical::Base64)),
    row("anyURI", "anySimpleType", Shape::Atomic(Lexical::Uri)),
    row("QName", "anySimpleType", Shape::Atomic(Lexical::Qname)),
    row("NOTATION", "anySimpleType", Shape::Atomic(Lexical::Notation)),
    row("normalizedString", "string", Shape::Text(WhiteSpace::Replace)),
    row("token", "normalizedString", Shape::Text(WhiteSpace::Collapse)),
    row("language", "token", Shape::Atomic(Lexical::Language)),
    row("NMTOKEN", "token", Shape::Atomic(Lexical::Nmtoken)),
    row("NMTOKENS", "anySimpleType", Shape::List("NMTOKEN")),
    row("Name", "token", Shape::Atomic(Lexical::Name)),
    row("NCName", "Name", Shape::Atomic(Lexical::Ncname)),
    row("ID", "NCName", Shape::Atomic(Lexical::Id)),
    row("IDREF", "NCName", Shape::Atomic(Lexical::Idref)),
    row("IDREFS", "anySimpleType", Shape::List("IDREF")),
    row("ENTITY", "NCName", Shape::Atomic(Lexical::Entity)),
    row("ENTITIES", "anySimpleType", Shape::List("ENTITY")),
    integer("integer", "decimal", None, None),
    integer("nonPositiveInteger", "integer", None, Some("0")),
    integer("negativeInteger", "nonPositiveInteger", None, Some("-1")),
    integer("long", "integer", Some("-9223372036854775808"), Some("9223372036854775807")),
    integer("int", "long", Some("-2147483648"), Some("2147483647")),
    integer("short", "int", Some("-32768"), Some("32767")),
    integer("byte", "short", Some("-128"), Some("127")),
    integer("nonNegativeInteger", "integer", Some("0"), None),
    integer("unsignedLong", "nonNegativeInteger", Some("0"), Some("18446744073709551615")),
    integer("unsignedInt", "unsignedLong", Some("0"), Some("4294967295")),
    integer("unsignedShort", "unsignedInt", Some("0"), Some("65535")),
    integer("unsignedByte", "unsignedShort", Some("0"), Some("255")),
    integer("positiveInteger", "nonNegativeInteger", Some("1"), None),
];

/// The built-in type called `name`.
pub(crate) fn find(name: &str) -> Option<SimpleId> {
    BUILT_IN.iter().position(|row| row.name == name).map(SimpleId::at)
}

/// How many there are; types of schemas come behind them.
#[cfg(test)]
pub(crate) const COUNT: usize = BUILT_IN.len();

/// The table's first entries.
pub(crate) fn types(names: &mut NamesDraft) -> Vec<SimpleType> {
    BUILT_IN.iter().map(|row| simple_type(row, names)).collect()
}

fn simple_type(row: &BuiltIn, names: &mut NamesDraft) -> SimpleType {
    let place = |name| find(name).unwrap_or(ANY_SIMPLE_TYPE);
    let (variety, white_space, trims) = match row.shape {
        Shape::Any => (Variety::Any, WhiteSpace::Preserve, false),
        Shape::Text(white_space) => (Variety::Atomic(Lexical::String), white_space, false),
        Shape::Atomic(lexical) => (Variety::Atomic(lexical), WhiteSpace::Collapse, lexical.ignores_inner_space()),
        Shape::List(item) => (Variety::List(place(item)), WhiteSpace::Collapse, false),
    };
    SimpleType {
        name: names.name(NamespaceId::XS, row.name),
        base: place(row.base),
        white_space,
        white_space_fixed: !matches!(variety, Variety::Atomic(Lexical::String) | Variety::Any),
        variety,
        trims,
        facets: facets(row).into(),
        checks: Box::default(),
    }
}

fn facets(row: &BuiltIn) -> Vec<Facet> {
    let none = Base { facets: &[] };
    let mut facets = Vec::new();
    if matches!(row.shape, Shape::List(_)) {
        facets.extend(MinLength::compile("1", false, none).ok().map(Facet::MinLength));
    }
    if matches!(row.shape, Shape::Atomic(Lexical::Integer)) {
        facets.extend(FractionDigits::compile("0", true, none).ok().map(Facet::FractionDigits));
    }
    let value = |text| Decimal::parse(text).map(|value| Datum::Atom(Atom::Integer(value)));
    let (least, greatest) = row.bounds;
    if let Some((text, value)) = least.and_then(|text| Some((text, value(text)?))) {
        facets.extend(MinInclusive::compile(text, &value, false, none).ok().map(Facet::MinInclusive));
    }
    if let Some((text, value)) = greatest.and_then(|text| Some((text, value(text)?))) {
        facets.extend(MaxInclusive::compile(text, &value, false, none).ok().map(Facet::MaxInclusive));
    }
    facets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::simple::{Prefixes, SimpleTypes};

    struct Bound;

    impl Prefixes for Bound {
        fn namespace(&self, prefix: &str) -> Option<&str> {
            matches!(prefix, "" | "p").then_some("urn:p")
        }
    }

    fn check(name: &str, right: &[&str], wrong: &[&str]) {
        let types = types(&mut NamesDraft::new());
        let simple = find(name).expect(name);
        let judge = |text: &&str| SimpleTypes { types: &types }.assess(simple, text, &Bound, |_, _| ()).is_ok();
        for text in right {
            assert!(judge(text), "{name} should take {text:?}");
        }
        for text in wrong {
            assert!(!judge(text), "{name} should refuse {text:?}");
        }
    }

    #[test]
    fn every_type_takes_its_values_and_no_others() {
        check("anySimpleType", &["", " x\n"], &[]);
        check("string", &["", " x\n"], &[]);
        check("boolean", &["true", " 0\n"], &["", "TRUE", "2"]);
        check("decimal", &[" 1.50 "], &["1e5", "1 2", ""]);
        check("integer", &["-0", "12345678901234567890123"], &["1.0", ""]);
        check("byte", &["-128", "127"], &["128", "-129"]);
        check("unsignedLong", &["18446744073709551615"], &["18446744073709551616", "-1"]);
        check("positiveInteger", &["1"], &["0"]);
        check("negativeInteger", &["-1"], &["0", "-0"]);
        check("NMTOKENS", &["a b", " 1 "], &["", " ", "a,b"]);
        check("IDREFS", &["a b"], &["1", ""]);
        check("language", &["ru-RU"], &["ru_RU"]);
        check("QName", &["a", "p:a"], &["q:a", ":a", "p:", ""]);
        check("date", &["\n2024-01-01\t"], &["2024-01-01 Z"]);
        check("base64Binary", &["QU\n JD", ""], &["Q"]);
        check("hexBinary", &["0aF1"], &["0"]);
        check("anyURI", &["http://a/ b"], &["1:b"]);
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::HashSet<_> = BUILT_IN.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), COUNT);
    }
}
