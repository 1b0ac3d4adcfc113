//! `float` and `double`: IEEE numbers in decimal or scientific notation, `INF`, `-INF` and one `NaN`.

use std::cmp::Ordering;

/// Reads the lexical form of `double`.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    match text {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ if is_number(text) => text.parse().ok(),
        _ => None,
    }
}

/// Reads the lexical form of `float`, rounding to the nearest.
pub(crate) fn parse_float(text: &str) -> Option<f32> {
    match text {
        "INF" => Some(f32::INFINITY),
        "-INF" => Some(f32::NEG_INFINITY),
        "NaN" => Some(f32::NAN),
        _ if is_number(text) => text.parse().ok(),
        _ => None,
    }
}

/// A decimal mantissa, then optionally an exponent: the words that Rust's parser also takes are not numbers here.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    !(integer.is_empty() && fraction.is_empty()) && digits(integer) && digits(fraction) && exponent_fits
}

/// The order of the value space: NaN equals itself and is comparable with nothing else.
pub(crate) fn compare(left: f64, right: f64) -> Option<Ordering> {
    if left.is_nan() && right.is_nan() { Some(Ordering::Equal) } else { left.partial_cmp(&right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexical_space_is_exact() {
        for right in ["1", "-1E4", "1267.43233E12", "12.78e-2", "12", "INF", "-INF", "NaN", "-0", "0", "+.5", "5."] {
            assert!(parse_double(right).is_some() && parse_float(right).is_some(), "{right}");
        }
        for wrong in ["", "inf", "+INF", "nan", "infinity", "1e", "e5", ".", "1e1.5", "0x1", "1_000", "- 1"] {
            assert!(parse_double(wrong).is_none() && parse_float(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn nan_equals_only_itself() {
        assert_eq!(compare(f64::NAN, f64::NAN), Some(Ordering::Equal));
        assert_eq!(compare(f64::NAN, 1.0), None);
        assert_eq!(compare(-0.0, 0.0), Some(Ordering::Equal));
    }
}
