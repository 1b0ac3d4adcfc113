//! OGRNIP, the state registration number of a sole trader: 15 digits beginning with 3 or 4. The
//! first fourteen by 13, the last digit of the remainder, is the fifteenth.

use super::digits::{digits, number};
use super::identifier;

identifier!(
    /// A valid OGRNIP of 15 digits.
    Ogrnip, "check-ogrnip", "OGRNIP", |text| ogrnip(text).then(|| text.to_owned())
);

/// Whether the text is an OGRNIP with a right check digit.
#[must_use]
pub fn ogrnip(text: &str) -> bool {
    digits::<15>(text).is_some_and(|all| matches!(all[0], 3 | 4) && number(&all[..14]) % 13 % 10 == u64::from(all[14]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_vectors() {
        for (text, right) in [
            ("304500116000157", true),
            ("304500116000158", false),
            ("104500116000157", false),
            ("30450011600015", false),
            ("3045001160001577", false),
            ("30450011600015x", false),
        ] {
            assert_eq!(ogrnip(text), right, "{text}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_last_digit_fits(body in "[34][0-9]{13}") {
            prop_assert_eq!((0..10).filter(|last| ogrnip(&format!("{body}{last}"))).count(), 1);
        }

        #[test]
        fn any_text_is_judged(text in ".*") {
            prop_assert!(!ogrnip(&text) || text.len() == 15);
        }
    }
}
