//! `decimal`: numbers of any length, compared digit by digit so that nothing is rounded.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A decimal number: sign and digits, without leading zeros before the point and trailing zeros behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal<'t> {
    negative: bool,
    integer: Cow<'t, str>,
    fraction: Cow<'t, str>,
}

impl<'t> Decimal<'t> {
    /// Reads the lexical form of `decimal`: an optional sign, digits, at most one point.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if integer.is_empty() && fraction.is_empty() || !all_digits(integer) || !all_digits(fraction) {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let negative = negative && !(integer.is_empty() && fraction.is_empty());
        Some(Self { negative, integer: Cow::Borrowed(integer), fraction: Cow::Borrowed(fraction) })
    }

    /// Reads the lexical form of `integer`: no point.
    pub(crate) fn parse_integer(text: &'t str) -> Option<Self> {
        if text.as_bytes().contains(&b'.') { None } else { Self::parse(text) }
    }

    /// Digits that the value needs (facet `totalDigits`): the fewest with which it can be written.
    pub(crate) fn total_digits(&self) -> usize {
        self.integer.len() + self.fraction.len()
    }

    /// Digits behind the point (facet `fractionDigits`).
    pub(crate) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    /// The value as an `i64`, where it is a whole number that fits.
    pub(crate) fn to_i64(&self) -> Option<i64> {
        if !self.fraction.is_empty() {
            return None;
        }
        if self.integer.is_empty() {
            return Some(0);
        }
        let magnitude: i128 = self.integer.parse().ok()?;
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    /// The shortest way to write the value, without a point for whole numbers.
    pub(crate) fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let integer = if self.integer.is_empty() { "0" } else { &self.integer };
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{sign}{integer}{point}{}", self.fraction)
    }

    pub(crate) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
        }
    }

    fn compare_magnitude(&self, other: &Decimal<'_>) -> Ordering {
        (self.integer.len().cmp(&other.integer.len()))
            .then_with(|| self.integer.as_bytes().cmp(other.integer.as_bytes()))
            // Without trailing zeros, comparing the digits as text compares the fractions.
            .then_with(|| self.fraction.as_bytes().cmp(other.fraction.as_bytes()))
    }

    pub(crate) fn into_owned(self) -> Decimal<'static> {
        Decimal {
            negative: self.negative,
            integer: Cow::Owned(self.integer.into_owned()),
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Decimal<'_> {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn the_lexical_space_is_exact() {
        for (text, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("+1", "1"),
            ("001.500", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-.10", "-0.1"),
            ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ] {
            assert_eq!(parse(text).canonical(), canonical);
        }
        for wrong in ["", "+", "-", ".", "1e5", "1,5", " 1", "1.2.3", "--1", "NaN", "٣"] {
            assert!(Decimal::parse(wrong).is_none(), "{wrong}");
        }
        assert!(Decimal::parse_integer("1.").is_none());
    }

    #[test]
    fn digits_are_those_of_the_value() {
        for (text, total, fraction) in [("0", 0, 0), ("001.500", 2, 1), ("0.001", 3, 3), ("100", 3, 0)] {
            assert_eq!((parse(text).total_digits(), parse(text).fraction_digits()), (total, fraction), "{text}");
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_numbers(left in -10_000_i64..10_000, right in -10_000_i64..10_000) {
            let write = |value: i64| format!("{}{}.{:02}", if value < 0 { "-" } else { "" }, value.abs() / 100, value.abs() % 100);
            let (a, b) = (write(left), write(right));
            prop_assert_eq!(parse(&a).compare(&parse(&b)), left.cmp(&right));
        }
    }
}
