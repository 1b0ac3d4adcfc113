//! Rules that XML Schema cannot say, written in `xs:appinfo` in the namespace `urn:mezhved:rules:1.0`: one file per
//! check. Checks of one value stand on simple types, checks between values of one element on complex types.

mod account;
mod bik;
mod inn;
mod kpp;
mod not_after;
mod ogrn;
mod ogrnip;
mod snils;

use super::value::Datum;

/// The namespace of the rules inside `xs:appinfo`.
pub const RULES_NAMESPACE: &str = "urn:mezhved:rules:1.0";

/// A check of one value, by name.
#[derive(Debug)]
pub(crate) struct ValueCheck {
    /// The name that schemas use.
    pub(crate) name: &'static str,
    /// The code of the violation.
    pub(crate) code: &'static str,
    /// Whether a literal, its white space treated, is right.
    pub(crate) holds: fn(&str) -> bool,
    /// What is expected, in English.
    pub(crate) english: &'static str,
    /// What is expected, in Russian.
    pub(crate) russian: &'static str,
}

static VALUE_CHECKS: [&ValueCheck; 6] =
    [&bik::CHECK, &inn::CHECK, &kpp::CHECK, &ogrn::CHECK, &ogrnip::CHECK, &snils::CHECK];

/// The check of one value that schemas call `name`.
pub(crate) fn value_check(name: &str) -> Option<&'static ValueCheck> {
    VALUE_CHECKS.iter().copied().find(|check| check.name == name)
}

/// The names of all checks of one value.
pub(crate) fn value_check_names() -> impl Iterator<Item = &'static str> {
    VALUE_CHECKS.iter().map(|check| check.name)
}

/// A check between two values of one element; absent values are not judged.
#[derive(Debug)]
pub(crate) struct PairCheck {
    /// The name of its element in `xs:appinfo`.
    pub(crate) name: &'static str,
    /// The attributes that hold the paths of the two values.
    pub(crate) paths: [&'static str; 2],
    /// The code of the violation.
    pub(crate) code: &'static str,
    /// Whether the two values fit.
    pub(crate) holds: fn(&Datum<'_>, &Datum<'_>) -> bool,
    /// What is wrong otherwise, in English.
    pub(crate) english: &'static str,
    /// What is wrong otherwise, in Russian.
    pub(crate) russian: &'static str,
}

static PAIR_CHECKS: [&PairCheck; 2] = [&account::CHECK, &not_after::CHECK];

/// The check between two values that schemas call `name`.
pub(crate) fn pair_check(name: &str) -> Option<&'static PairCheck> {
    PAIR_CHECKS.iter().copied().find(|check| check.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn check(check: &ValueCheck, right: &[&str], wrong: &[&str]) {
        assert!(right.iter().all(|text| (check.holds)(text)), "{} refuses one of {right:?}", check.name);
        assert!(!wrong.iter().any(|text| (check.holds)(text)), "{} takes one of {wrong:?}", check.name);
    }

    #[test]
    fn checks_are_found_by_name() {
        for name in value_check_names() {
            assert_eq!(value_check(name).map(|check| check.name), Some(name));
        }
        assert!(value_check("inm").is_none() && pair_check("before").is_none());
        assert_eq!(pair_check("not-after").map(|check| check.code), Some("dates-out-of-order"));
    }
}
