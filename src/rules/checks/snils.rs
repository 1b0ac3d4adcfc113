//! `snils`: the check digits of a pension insurance number (SNILS).

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "snils",
    code: "check-snils",
    holds: identifiers::snils,
    english: "a SNILS with right check digits",
    russian: "СНИЛС с верными контрольными цифрами",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["11223344595"], &["11223344596", "1"]);
    }
}
