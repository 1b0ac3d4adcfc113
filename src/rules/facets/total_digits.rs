//! `totalDigits`: the value can be written with at most so many digits.

use super::{Base, FacetFault, Subject, check_fixed, count};
use crate::rules::value::{Atom, Datum};

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct TotalDigits {
    pub(crate) value: u64,
    pub(crate) fixed: bool,
}

impl TotalDigits {
    pub(crate) fn compile(text: &str, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        let value = count(text)?;
        if value == 0 {
            return Err(FacetFault::new("cvc-datatype-valid.1.2.1", "totalDigits must be positive"));
        }
        if let Some(inherited) = base.total_digits() {
            check_fixed(inherited.fixed, inherited.value == value)?;
            if value > inherited.value {
                return Err(FacetFault::new(
                    "totalDigits-valid-restriction",
                    "greater than the base type's totalDigits",
                ));
            }
        }
        Ok(Self { value, fixed })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        match subject.datum {
            Datum::Atom(Atom::Decimal(value) | Atom::Integer(value)) => value.total_digits() as u64 <= self.value,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, decimal};
    use super::*;

    #[test]
    fn needless_zeros_do_not_count() {
        let facet = TotalDigits { value: 3, fixed: false };
        let right = [decimal("123"), decimal("-1.23"), decimal("000123.000"), decimal("0.001")];
        check_holds(|subject| facet.holds(subject), &right, &[decimal("1234"), decimal("0.0001"), decimal("12.34")]);
    }

    #[test]
    fn it_may_only_shrink() {
        let base = base(&["totalDigits=5"]);
        for (value, allowed) in [("5", true), ("1", true), ("6", false), ("0", false)] {
            assert_eq!(TotalDigits::compile(value, false, Base { facets: &base }).is_ok(), allowed, "{value}");
        }
    }
}
