//! `bik`: the form of a bank code (BIK).

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "bik",
    code: "check-bik",
    holds: identifiers::bik,
    english: "a BIK of a bank of Russia",
    russian: "БИК банка в России",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["044525225"], &["04452522", "x44525225"]);
    }
}
