//! `fractionDigits`: at most so many digits behind the point.

use super::{Base, FacetFault, Subject, check_fixed, count};
use crate::rules::value::{Atom, Datum};

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct FractionDigits {
    pub(crate) value: u64,
    pub(crate) fixed: bool,
}

impl FractionDigits {
    pub(crate) fn compile(text: &str, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        let value = count(text)?;
        if let Some(inherited) = base.fraction_digits() {
            check_fixed(inherited.fixed, inherited.value == value)?;
            if value > inherited.value {
                return Err(FacetFault::new(
                    "fractionDigits-valid-restriction",
                    "greater than the base type's fractionDigits",
                ));
            }
        }
        Ok(Self { value, fixed })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        match subject.datum {
            Datum::Atom(Atom::Decimal(value) | Atom::Integer(value)) => value.fraction_digits() as u64 <= self.value,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, decimal};
    use super::*;

    #[test]
    fn trailing_zeros_do_not_count() {
        let facet = FractionDigits { value: 2, fixed: false };
        check_holds(
            |subject| facet.holds(subject),
            &[decimal("1.25"), decimal("1.2500"), decimal("1")],
            &[decimal("1.255")],
        );
    }

    #[test]
    fn it_may_only_shrink() {
        let base = base(&["fractionDigits=2"]);
        for (value, allowed) in [("2", true), ("0", true), ("3", false)] {
            assert_eq!(FractionDigits::compile(value, false, Base { facets: &base }).is_ok(), allowed, "{value}");
        }
    }
}
