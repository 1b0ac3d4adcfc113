//! SNILS, the personal insurance account number: 9 digits and 2 check digits, written together or as
//! `000-000-000 00`. Check digits exist above number 001-001-998 only; below it any are taken.
//! Source: the Pension Fund's rule; test vector 112-233-445 95.

use super::digits::{digits, number, weighed};
use super::identifier;

const WEIGHTS: [u32; 9] = [9, 8, 7, 6, 5, 4, 3, 2, 1];
const FIRST_CHECKED: u64 = 1_001_999;

identifier!(
    /// A valid SNILS, kept as 11 digits.
    Snils, "check-snils", "SNILS", |text| snils(text).then(|| plain(text)).flatten()
);

/// Whether the text is a SNILS in one of its two forms, with right check digits. A zero number is refused.
#[must_use]
pub fn snils(text: &str) -> bool {
    let Some(all) = plain(text).and_then(|plain| digits::<11>(&plain)) else {
        return false;
    };
    let (own, check) = (number(&all[..9]), number(&all[9..]));
    own != 0 && (own < FIRST_CHECKED || u64::from(weighed(&all, &WEIGHTS) % 101 % 100) == check)
}

/// The 11 digits without separators, if the text has one of the two forms.
fn plain(text: &str) -> Option<String> {
    match text.len() {
        11 => Some(text.to_owned()),
        14 => {
            let bytes = text.as_bytes();
            let separators = [(3, b'-'), (7, b'-'), (11, b' ')];
            separators
                .iter()
                .all(|(at, sign)| bytes.get(*at) == Some(sign))
                .then(|| text.chars().filter(char::is_ascii_digit).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_vectors() {
        for (text, right) in [
            ("112-233-445 95", true),
            ("11223344595", true),
            ("087-654-303 00", true),
            ("087-654-302 00", true),
            ("087-654-302 01", false),
            ("112-233-445 96", false),
            ("001-001-998 77", true),
            ("001-001-999 77", false),
            ("000-000-000 00", false),
            ("112 233 445 95", false),
            ("112-233-44595", false),
            ("1122334459", false),
            ("112233445950", false),
            ("112-233-4A5 95", false),
            ("", false),
        ] {
            assert_eq!(snils(text), right, "{text}");
        }
    }

    #[test]
    fn both_forms_are_kept_alike() {
        let [spaced, plain] = ["112-233-445 95", "11223344595"].map(|text| Snils::parse(text).unwrap());
        assert_eq!(spaced, plain);
        assert_eq!(spaced.reveal(), "11223344595");
    }

    proptest! {
        #[test]
        fn exactly_one_pair_fits(body in "[1-9][0-9]{8}") {
            let fits = (0..100).filter(|last| snils(&format!("{body}{last:02}"))).count();
            prop_assert_eq!(fits, 1);
        }

        #[test]
        fn any_text_is_judged(text in ".*") {
            prop_assert!(!snils(&text) || [11, 14].contains(&text.len()));
        }
    }
}
