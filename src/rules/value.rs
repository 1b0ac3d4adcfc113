//! Values: what a valid literal of a simple type means. `Datum` is the borrowed form that the facets look at, `Value` the
//! owned one that captures hand out.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use super::lexical::binary;
use super::lexical::decimal::Decimal;
use super::lexical::duration::Duration;
use super::lexical::float;
use super::lexical::moment::{ATTOSECONDS, Moment, MomentKind};

/// A value of an atomic type. The variants are the primitive types; values of different ones are never equal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Atom<'t> {
    Text(Cow<'t, str>),
    Uri(Cow<'t, str>),
    Boolean(bool),
    Decimal(Decimal<'t>),
    /// Whether the type derives from `integer` only decides how the value is handed out.
    Integer(Decimal<'t>),
    Float(f32),
    Double(f64),
    Duration(Duration),
    Moment(Moment),
    /// The literal of valid binary data, and its octets.
    Hex(Cow<'t, str>, usize),
    Base64(Cow<'t, str>, usize),
    /// A `QName`: namespace and local part.
    Name(Cow<'t, str>, Cow<'t, str>),
    /// The name of a notation.
    Notation(Cow<'t, str>, Cow<'t, str>),
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Atom<'_> {
    /// The order of the value space; `None` where there is none between the two.
    pub(crate) fn compare(&self, other: &Atom<'_>) -> Option<Ordering> {
        match (self, other) {
            (Atom::Decimal(left) | Atom::Integer(left), Atom::Decimal(right) | Atom::Integer(right)) => {
                Some(left.compare(right))
            }
            (Atom::Float(left), Atom::Float(right)) => float::compare(f64::from(*left), f64::from(*right)),
            (Atom::Double(left), Atom::Double(right)) => float::compare(*left, *right),
            (Atom::Duration(left), Atom::Duration(right)) => left.compare(right),
            (Atom::Moment(left), Atom::Moment(right)) => left.compare(right),
            _ => None,
        }
    }

    /// Equality of the value space.
    pub(crate) fn equals(&self, other: &Atom<'_>) -> bool {
        match (self, other) {
            (Atom::Text(left), Atom::Text(right)) | (Atom::Uri(left), Atom::Uri(right)) => left == right,
            (Atom::Boolean(left), Atom::Boolean(right)) => left == right,
            (Atom::Hex(left, _), Atom::Hex(right, _)) => left.eq_ignore_ascii_case(right),
            (Atom::Base64(left, _), Atom::Base64(right, _)) => {
                left == right || binary::base64_decode(left) == binary::base64_decode(right)
            }
            (Atom::Name(namespace, local), Atom::Name(other_namespace, other_local))
            | (Atom::Notation(namespace, local), Atom::Notation(other_namespace, other_local)) => {
                namespace == other_namespace && local == other_local
            }
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Appends a text that two atoms share exactly when they are equal.
    pub(crate) fn key(&self, out: &mut String) {
        if let Atom::Text(text) = self {
            // The usual key, and the one for which formatting would cost the most.
            out.push('s');
            return out.push_str(text);
        }
        // Writing to a String cannot fail.
        let _ = match self {
            Atom::Text(text) | Atom::Uri(text) => write!(out, "u{text}"),
            Atom::Boolean(value) => write!(out, "b{value}"),
            Atom::Decimal(value) | Atom::Integer(value) => write!(out, "n{}", value.canonical()),
            Atom::Float(value) => write!(out, "f{}", value + 0.0),
            Atom::Double(value) => write!(out, "d{}", value + 0.0),
            Atom::Duration(value) => {
                let sign = if value.negative { "-" } else { "" };
                write!(out, "p{sign}{},{},{}", value.months, value.seconds, value.attoseconds)
            }
            Atom::Moment(value) => {
                let (seconds, fraction) = value.timeline();
                write!(out, "t{:?}{},{seconds},{fraction}", value.kind, value.zone_minutes.is_some())
            }
            Atom::Hex(text, _) => write!(out, "h{}", text.to_ascii_uppercase()),
            Atom::Base64(text, _) => write!(out, "6{}", text.replace(' ', "")),
            Atom::Name(namespace, local) => write!(out, "q{{{namespace}}}{local}"),
            Atom::Notation(namespace, local) => write!(out, "o{{{namespace}}}{local}"),
        };
    }

    pub(crate) fn into_owned(self) -> Atom<'static> {
        match self {
            Atom::Text(text) => Atom::Text(own(text)),
            Atom::Uri(text) => Atom::Uri(own(text)),
            Atom::Boolean(value) => Atom::Boolean(value),
            Atom::Decimal(value) => Atom::Decimal(value.into_owned()),
            Atom::Integer(value) => Atom::Integer(value.into_owned()),
            Atom::Float(value) => Atom::Float(value),
            Atom::Double(value) => Atom::Double(value),
            Atom::Duration(value) => Atom::Duration(value),
            Atom::Moment(value) => Atom::Moment(value),
            Atom::Hex(text, length) => Atom::Hex(own(text), length),
            Atom::Base64(text, length) => Atom::Base64(own(text), length),
            Atom::Name(namespace, local) => Atom::Name(own(namespace), own(local)),
            Atom::Notation(namespace, local) => Atom::Notation(own(namespace), own(local)),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Atom::Text(text) | Atom::Uri(text) => Value::Text(text.clone().into_owned()),
            Atom::Boolean(value) => Value::Boolean(*value),
            Atom::Decimal(value) => Value::Decimal(value.canonical()),
            Atom::Integer(value) => value.to_i64().map_or_else(|| Value::Decimal(value.canonical()), Value::Integer),
            Atom::Float(value) => Value::Float(*value),
            Atom::Double(value) => Value::Double(*value),
            Atom::Duration(value) => Value::Duration(*value),
            Atom::Moment(value) => moment_value(value),
            Atom::Hex(text, _) => Value::Binary(binary::hex_decode(text)),
            Atom::Base64(text, _) => Value::Binary(binary::base64_decode(text)),
            Atom::Name(namespace, local) | Atom::Notation(namespace, local) => {
                Value::Name { namespace: namespace.clone().into_owned(), local: local.clone().into_owned() }
            }
        }
    }
}

/// A value of a simple type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'t> {
    Atom(Atom<'t>),
    /// The items of a list.
    List(Vec<Datum<'t>>),
}

impl Datum<'_> {
    /// A place for a value to come.
    pub(crate) const EMPTY: Self = Self::Atom(Atom::Boolean(false));

    /// Equality of the value space.
    pub(crate) fn equals(&self, other: &Datum<'_>) -> bool {
        match (self, other) {
            (Datum::Atom(left), Datum::Atom(right)) => left.equals(right),
            (Datum::List(left), Datum::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            _ => false,
        }
    }

    /// Appends a text that two values share exactly when they are equal.
    pub(crate) fn key(&self, out: &mut String) {
        match self {
            Datum::Atom(atom) => atom.key(out),
            Datum::List(items) => {
                out.push('[');
                for item in items {
                    item.key(out);
                    out.push('\u{1F}');
                }
                out.push(']');
            }
        }
    }

    pub(crate) fn into_owned(self) -> Datum<'static> {
        match self {
            Datum::Atom(atom) => Datum::Atom(atom.into_owned()),
            Datum::List(items) => Datum::List(items.into_iter().map(Datum::into_owned).collect()),
        }
    }

    /// The value as it is handed out.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Datum::Atom(atom) => atom.to_value(),
            Datum::List(items) => Value::List(items.iter().map(Datum::to_value).collect()),
        }
    }
}

/// A value of a message, typed by the simple type that it was valid against.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `string` and its derived types, and `anyURI`, after the white space facet.
    Text(String),
    /// `boolean`
    Boolean(bool),
    /// `integer` and its derived types, where an `i64` holds it.
    Integer(i64),
    /// `decimal`, and integers beyond an `i64`: the shortest way to write the number, such as `-12.5`.
    Decimal(String),
    /// `float`
    Float(f32),
    /// `double`
    Double(f64),
    /// `date`
    Date(Date),
    /// `dateTime`
    DateTime(DateTime),
    /// `time` and the partial dates.
    Moment(Moment),
    /// `duration`
    Duration(Duration),
    /// The octets of `base64Binary` and `hexBinary`.
    Binary(Vec<u8>),
    /// `QName` and `NOTATION`, with the prefix resolved.
    Name {
        /// The namespace, `""` for none.
        namespace: String,
        /// The local part.
        local: String,
    },
    /// The items of a list type.
    List(Vec<Value>),
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    /// Year; there is no year 0, and -1 is the year before 1.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Offset from UTC in minutes, where the value has a zone.
    pub zone_minutes: Option<i16>,
}

/// A day and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Year; there is no year 0, and -1 is the year before 1.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 24 (24 only as 24:00:00, the end of the day).
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Nanoseconds within the second; further digits are dropped.
    pub nanosecond: u32,
    /// Offset from UTC in minutes, where the value has a zone.
    pub zone_minutes: Option<i16>,
}

fn moment_value(moment: &Moment) -> Value {
    let Moment { year, month, day, hour, minute, second, zone_minutes, .. } = *moment;
    match moment.kind {
        MomentKind::Date => Value::Date(Date { year, month, day, zone_minutes }),
        MomentKind::DateTime => {
            let nanosecond = u32::try_from(moment.attosecond / (ATTOSECONDS / 1_000_000_000)).unwrap_or(0);
            Value::DateTime(DateTime { year, month, day, hour, minute, second, nanosecond, zone_minutes })
        }
        _ => Value::Moment(*moment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Datum<'_> {
        Datum::Atom(Atom::Decimal(Decimal::parse(text).expect(text)))
    }

    #[test]
    fn equal_values_share_their_key() {
        let key = |datum: &Datum<'_>| {
            let mut key = String::new();
            datum.key(&mut key);
            key
        };
        let text = |text: &'static str| Datum::Atom(Atom::Text(Cow::Borrowed(text)));
        for (left, right) in [
            (decimal("1.0"), decimal("01")),
            (decimal("1"), decimal("2")),
            (text("1"), decimal("1")),
            (Datum::List(vec![decimal("1")]), decimal("1")),
            (Datum::List(vec![decimal("1"), text("")]), Datum::List(vec![decimal("1.0"), text("")])),
            (Datum::Atom(Atom::Float(-0.0)), Datum::Atom(Atom::Float(0.0))),
        ] {
            assert_eq!(left.equals(&right), key(&left) == key(&right), "{left:?} {right:?}");
        }
    }

    #[test]
    fn values_are_typed() {
        assert_eq!(decimal("1.50").to_value(), Value::Decimal("1.5".into()));
        let big = Atom::Integer(Decimal::parse("99999999999999999999").unwrap());
        assert_eq!(Datum::Atom(big).to_value(), Value::Decimal("99999999999999999999".into()));
        let day = Moment::parse(MomentKind::Date, "2024-02-29Z").unwrap();
        let expected = Value::Date(Date { year: 2024, month: 2, day: 29, zone_minutes: Some(0) });
        assert_eq!(Datum::Atom(Atom::Moment(day)).to_value(), expected);
    }
}
