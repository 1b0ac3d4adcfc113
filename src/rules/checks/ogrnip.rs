//! `ogrnip`: the check digit of a registration number of a sole trader (OGRNIP).

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "ogrnip",
    code: "check-ogrnip",
    holds: identifiers::ogrnip,
    english: "an OGRNIP with a right check digit",
    russian: "ОГРНИП с верной контрольной цифрой",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["304770000000127"], &["304770000000128", "1027700000019"]);
    }
}
