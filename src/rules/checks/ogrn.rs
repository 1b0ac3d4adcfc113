//! `ogrn`: the check digit of a registration number of an organization (OGRN).

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "ogrn",
    code: "check-ogrn",
    holds: identifiers::ogrn,
    english: "an OGRN with a right check digit",
    russian: "ОГРН с верной контрольной цифрой",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["1027700000019"], &["1027700000010", "1"]);
    }
}
