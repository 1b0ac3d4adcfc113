//! BIK, the identification code of a bank: 9 digits. The first two tell the kind of participant (04 a credit
//! organization or an office of the Bank of Russia, 00 a treasury body, 01 and 02 other participants); the last three are
//! the number within the office. It has no check digit of its own; accounts carry one made with it.

use super::digits::digits;

/// Whether the text has the form of a BIK.
#[must_use]
pub fn bik(text: &str) -> bool {
    digits::<9>(text)
        .is_some_and(|all| all[0] == 0 && matches!(all[1], 0 | 1 | 2 | 4) && all[2..].iter().any(|digit| *digit != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form() {
        for (text, right) in [
            ("044525225", true),
            ("049805000", true),
            ("004525988", true),
            ("144525225", false),
            ("034525225", false),
            ("040000000", false),
            ("04452522", false),
            ("0445252255", false),
            ("04452522x", false),
        ] {
            assert_eq!(bik(text), right, "{text}");
        }
    }
}
