//! `account`: the key of a bank account agrees with the code of its bank.

use super::PairCheck;
use crate::domain::identifiers;
use crate::rules::value::{Atom, Datum};

/// The registered check.
pub(super) static CHECK: PairCheck = PairCheck {
    name: "account",
    paths: ["number", "bik"],
    code: "check-account",
    holds,
    english: "the key of the account does not agree with the BIK",
    russian: "контрольный ключ счёта не соответствует БИК",
};

fn holds(number: &Datum<'_>, bik: &Datum<'_>) -> bool {
    match (number, bik) {
        (Datum::Atom(Atom::Text(number)), Datum::Atom(Atom::Text(bik))) => identifiers::account(number, bik),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn one_key_of_ten_agrees() {
        let text = |text: &str| Datum::Atom(Atom::Text(Cow::Owned(text.to_owned())));
        let bik = text("044525225");
        let agreeing = (0..10).filter(|key| holds(&text(&format!("40702810{key}00000000001")), &bik)).count();
        assert_eq!(agreeing, 1);
    }
}
