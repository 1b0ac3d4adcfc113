//! `minLength`: at least so many characters, octets or items.

use super::{Base, FacetFault, Subject, check_fixed, count};

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct MinLength {
    pub(crate) value: u64,
    pub(crate) fixed: bool,
}

impl MinLength {
    pub(crate) fn compile(text: &str, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        let value = count(text)?;
        if let Some(inherited) = base.min_length() {
            check_fixed(inherited.fixed, inherited.value == value)?;
            if value < inherited.value {
                return Err(FacetFault::new("minLength-valid-restriction", "less than the base type's minLength"));
            }
        }
        if base.max_length().is_some_and(|most| value > most.value) {
            return Err(FacetFault::new(
                "minLength-less-than-equal-to-maxLength",
                "greater than the base type's maxLength",
            ));
        }
        if base.length().is_some_and(|exact| value > exact.value) {
            return Err(FacetFault::new("length-minLength-maxLength", "greater than the base type's length"));
        }
        Ok(Self { value, fixed })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        subject.is_at_least(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, list, octets, text};
    use super::*;

    #[test]
    fn shorter_values_break_it() {
        let facet = MinLength { value: 2, fixed: false };
        check_holds(
            |subject| facet.holds(subject),
            &[text("ab"), list(3), octets(2)],
            &[text("a"), text("ы"), list(1), octets(0)],
        );
    }

    #[test]
    fn it_may_only_grow() {
        let base = base(&["minLength=2", "maxLength=5"]);
        for (value, allowed) in [("2", true), ("5", true), ("1", false), ("6", false), ("x", false)] {
            assert_eq!(MinLength::compile(value, false, Base { facets: &base }).is_ok(), allowed, "{value}");
        }
    }
}
