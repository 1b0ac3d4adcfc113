//! INN, the taxpayer's number: 10 digits of an organization with one check digit, 12 of a person with two.
//! Source: order of the Federal Tax Service on assigning INN; weights as published there.

use super::digits::{digits, weighed};
use super::identifier;

const TENTH: [u32; 9] = [2, 4, 10, 3, 5, 9, 4, 6, 8];
const ELEVENTH: [u32; 10] = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const TWELFTH: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

identifier!(
    /// A valid INN of 10 or 12 digits.
    Inn, "check-inn", "INN", |text| inn(text).then(|| text.to_owned())
);

impl Inn {
    /// Whether it belongs to an organization (10 digits) and not to a person (12).
    #[must_use]
    pub fn is_organization(&self) -> bool {
        self.0.len() == 10
    }
}

/// Whether the text is an INN of 10 or 12 digits with right check digits. All zeros are refused.
#[must_use]
pub fn inn(text: &str) -> bool {
    match text.len() {
        10 => digits::<10>(text).is_some_and(|all| some_digit(&all) && all[9] == check(&all, &TENTH)),
        12 => digits::<12>(text).is_some_and(|all| {
            some_digit(&all) && all[10] == check(&all, &ELEVENTH) && all[11] == check(&all, &TWELFTH)
        }),
        _ => false,
    }
}

fn check(digits: &[u8], weights: &[u32]) -> u8 {
    // A remainder by 11 and then by 10 is below 10.
    (weighed(digits, weights) % 11 % 10).to_le_bytes()[0]
}

fn some_digit(digits: &[u8]) -> bool {
    digits.iter().any(|digit| *digit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_vectors() {
        for (text, right) in [
            ("7707083893", true),
            ("7830002293", true),
            ("500100732259", true),
            ("7707083894", false),
            ("500100732258", false),
            ("500100732269", false),
            ("0000000000", false),
            ("000000000000", false),
            ("770708389", false),
            ("77070838930", false),
            ("7707O83893", false),
            ("٧٧٠٧٠٨٣٨٩٣", false),
            (" 7707083893", false),
            ("", false),
        ] {
            assert_eq!(inn(text), right, "{text}");
        }
        assert!(Inn::parse("7707083893").unwrap().is_organization());
        assert!(!Inn::parse("500100732259").unwrap().is_organization());
    }

    proptest! {
        #[test]
        fn exactly_one_last_digit_fits_ten(body in "[1-9][0-9]{8}") {
            let fits = (0..10).filter(|last| inn(&format!("{body}{last}"))).count();
            prop_assert_eq!(fits, 1);
        }

        #[test]
        fn exactly_one_pair_fits_twelve(body in "[1-9][0-9]{9}") {
            let fits = (0..100).filter(|last| inn(&format!("{body}{last:02}"))).count();
            prop_assert_eq!(fits, 1);
        }

        #[test]
        fn any_text_is_judged(text in ".*") {
            prop_assert!(!inn(&text) || [10, 12].contains(&text.len()));
        }
    }
}
