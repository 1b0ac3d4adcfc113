//! Numbers between bounds. Bounds that do not fit into 128 bits are tried as they are written.

use crate::random::Random;
use crate::rules::sealed::{FacetKind, SimpleType};

/// How far from a bound a number is drawn where there is no other bound.
const REACH: i128 = 1000;
/// Digits behind the point where the type does not say.
const FRACTION_USUAL: u32 = 2;
/// Digits behind the point that are tried at most.
const FRACTION_MAX: u32 = 18;

/// The bounds of a type, in units of a power of ten.
struct Range {
    low: Option<i128>,
    high: Option<i128>,
}

/// A decimal, or an integer.
pub(super) fn decimal(random: &mut Random, definition: &SimpleType, integer: bool, draw: usize) -> Option<String> {
    let written = [FacetKind::MinInclusive, FacetKind::MaxInclusive, FacetKind::MinExclusive, FacetKind::MaxExclusive];
    let digits = |kind| definition.facet(kind).and_then(|text| text.parse::<u32>().ok());
    // Every seventh draw is a bound as the schema writes it.
    if draw % 7 == 6 {
        return written.iter().filter_map(|kind| definition.facet(*kind)).nth(draw / 7 % 2);
    }
    let fraction =
        if integer { 0 } else { digits(FacetKind::FractionDigits).unwrap_or(FRACTION_MAX).min(FRACTION_MAX) };
    let usual = fraction.min(FRACTION_USUAL);
    let scale = if draw < 14 { usual } else { u32::try_from(draw).unwrap_or(0) / 14 % (fraction + 1) };
    let mut range = Range::of(definition, scale);
    if let Some(total) = digits(FacetKind::TotalDigits) {
        let most = 10_i128.checked_pow(total).map(|power| power - 1);
        range.high = least(range.high, most);
        range.low = greatest(range.low, most.map(|most| -most));
    }
    let unit = 10_i128.pow(scale);
    let (low, high) = match (range.low, range.high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low.checked_add(REACH * unit)?),
        (None, Some(high)) => (high.checked_sub(REACH * unit)?, high),
        (None, None) => (1, REACH * unit),
    };
    let span = usize::try_from(high.checked_sub(low)?.min(REACH * unit)).ok()?;
    let step = i128::try_from(random.below(span.saturating_add(1))).ok()?;
    let value = match draw % 4 {
        0 | 1 => low.checked_add(step)?,
        2 => high.checked_sub(step)?,
        _ => low,
    };
    Some(at_scale(value, scale))
}

/// A floating-point number.
pub(super) fn float(random: &mut Random, definition: &SimpleType, draw: usize) -> String {
    if draw.is_multiple_of(2)
        && let Some(text) = decimal(random, definition, false, draw / 2)
    {
        return text;
    }
    let bound = |kind| definition.facet(kind).and_then(|text| text.parse::<f64>().ok());
    let low = bound(FacetKind::MinInclusive).or(bound(FacetKind::MinExclusive));
    let high = bound(FacetKind::MaxInclusive).or(bound(FacetKind::MaxExclusive));
    let (low, high) = match (low, high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low.abs().mul_add(2.0, low + 1.0)),
        (None, Some(high)) => (high.abs().mul_add(-2.0, high - 1.0), high),
        (None, None) => (0.5, 100.0),
    };
    let part = f64::from(u16::try_from(random.below(1000)).unwrap_or_default()) / 1000.0;
    format!("{:e}", (high - low).mul_add(part, low)).replace('e', "E")
}

impl Range {
    fn of(definition: &SimpleType, scale: u32) -> Self {
        let bound = |kind, up| definition.facet(kind).and_then(|text| in_units(&text, scale, up));
        // An exclusive bound is one unit off an inclusive one.
        let above = |value: Option<i128>| value.and_then(|value| value.checked_add(1));
        let below = |value: Option<i128>| value.and_then(|value| value.checked_sub(1));
        Self {
            low: greatest(bound(FacetKind::MinInclusive, true), above(bound(FacetKind::MinExclusive, false))),
            high: least(bound(FacetKind::MaxInclusive, false), below(bound(FacetKind::MaxExclusive, true))),
        }
    }
}

fn least(one: Option<i128>, other: Option<i128>) -> Option<i128> {
    one.into_iter().chain(other).min()
}

fn greatest(one: Option<i128>, other: Option<i128>) -> Option<i128> {
    one.into_iter().chain(other).max()
}

/// A decimal in units of ten to the minus `scale`, rounded up or down.
fn in_units(text: &str, scale: u32, up: bool) -> Option<i128> {
    let text = text.trim();
    let negative = text.starts_with('-');
    let (whole, fraction) =
        text.trim_start_matches(['-', '+']).split_once('.').unwrap_or((text.trim_start_matches(['-', '+']), ""));
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(scale as usize).collect();
    let lost = fraction.chars().skip(scale as usize).any(|digit| digit != '0');
    let size: i128 = format!("0{whole}{kept}").parse().ok()?;
    let value = if negative { -size } else { size };
    Some(match (lost, up, negative) {
        (true, true, false) => value + 1,
        (true, false, true) => value - 1,
        _ => value,
    })
}

/// Units written out.
fn at_scale(value: i128, scale: u32) -> String {
    if scale == 0 {
        return value.to_string();
    }
    let unit = 10_u128.pow(scale);
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction:0width$}", width = scale as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_rounded_inwards() {
        for (text, scale, up, expected) in [
            ("1", 2, true, 100),
            ("1.005", 2, true, 101),
            ("1.005", 2, false, 100),
            ("-1.005", 2, true, -100),
            ("-1.005", 2, false, -101),
            ("+.5", 0, true, 1),
            ("-0", 0, false, 0),
        ] {
            assert_eq!(in_units(text, scale, up), Some(expected), "{text}");
        }
        assert_eq!(in_units(&"9".repeat(60), 0, true), None);
    }

    #[test]
    fn units_are_written_as_decimals() {
        assert_eq!([at_scale(-5, 2), at_scale(1234, 2), at_scale(7, 0)], ["-0.05", "12.34", "7"]);
    }
}
