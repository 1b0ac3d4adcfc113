//! `kpp`: the form of a registration reason code (KPP).

use super::ValueCheck;
use crate::domain::identifiers;

/// The registered check.
pub(super) static CHECK: ValueCheck = ValueCheck {
    name: "kpp",
    code: "check-kpp",
    holds: identifiers::kpp,
    english: "a KPP: nine signs, the fifth and sixth digits or capital letters",
    russian: "КПП: девять знаков, пятый и шестой — цифры или заглавные латинские буквы",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_break_it() {
        super::super::tests::check(&CHECK, &["770101001", "7701AB001"], &["77010100", "7701ab001"]);
    }
}
