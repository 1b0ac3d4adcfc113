//! `maxLength`: at most so many characters, octets or items.

use super::{Base, FacetFault, Subject, check_fixed, count};

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct MaxLength {
    pub(crate) value: u64,
    pub(crate) fixed: bool,
}

impl MaxLength {
    pub(crate) fn compile(text: &str, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        let value = count(text)?;
        if let Some(inherited) = base.max_length() {
            check_fixed(inherited.fixed, inherited.value == value)?;
            if value > inherited.value {
                return Err(FacetFault::new("maxLength-valid-restriction", "greater than the base type's maxLength"));
            }
        }
        if base.min_length().is_some_and(|least| value < least.value) {
            return Err(FacetFault::new(
                "minLength-less-than-equal-to-maxLength",
                "less than the base type's minLength",
            ));
        }
        if base.length().is_some_and(|exact| value < exact.value) {
            return Err(FacetFault::new("length-minLength-maxLength", "less than the base type's length"));
        }
        Ok(Self { value, fixed })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        subject.is_at_most(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, list, octets, text};
    use super::*;

    #[test]
    fn longer_values_break_it() {
        let facet = MaxLength { value: 2, fixed: false };
        check_holds(
            |subject| facet.holds(subject),
            &[text("ыы"), list(0), octets(2)],
            &[text("abc"), list(3), octets(3)],
        );
    }

    #[test]
    fn it_may_only_shrink() {
        let base = base(&["minLength=2", "maxLength=5"]);
        for (value, allowed) in [("2", true), ("5", true), ("1", false), ("6", false), ("-1", false)] {
            assert_eq!(MaxLength::compile(value, false, Base { facets: &base }).is_ok(), allowed, "{value}");
        }
    }
}
