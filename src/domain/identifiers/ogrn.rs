//! OGRN, the state registration number of an organization: 13 digits. The first twelve by 11, the
//! last digit of the remainder, is the thirteenth. The first digit tells what kind of record it is.

use super::digits::{digits, number};
use super::identifier;

identifier!(
    /// A valid OGRN of 13 digits.
    Ogrn, "check-ogrn", "OGRN", |text| ogrn(text).then(|| text.to_owned())
);

/// Whether the text is an OGRN with a right check digit.
#[must_use]
pub fn ogrn(text: &str) -> bool {
    digits::<13>(text).is_some_and(|all| all[0] != 0 && number(&all[..12]) % 11 % 10 == u64::from(all[12]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_vectors() {
        for (text, right) in [
            ("1027700132195", true),
            ("1037739010891", true),
            ("1027700132196", false),
            ("0000000000000", false),
            ("102770013219", false),
            ("10277001321955", false),
            ("1o27700132195", false),
        ] {
            assert_eq!(ogrn(text), right, "{text}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_last_digit_fits(body in "[1-9][0-9]{11}") {
            prop_assert_eq!((0..10).filter(|last| ogrn(&format!("{body}{last}"))).count(), 1);
        }

        #[test]
        fn any_text_is_judged(text in ".*") {
            prop_assert!(!ogrn(&text) || text.len() == 13);
        }
    }
}
