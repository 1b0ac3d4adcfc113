//! `inn`: the check digits of a taxpayer number (INN) of 10 or 12 digits.

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "inn",
    code: "check-inn",
    holds: identifiers::inn,
    english: "an INN with right check digits",
    russian: "ИНН с верными контрольными цифрами",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["7700000016", "770000001287"], &["7700000017", "770000001288", "77"]);
    }
}
