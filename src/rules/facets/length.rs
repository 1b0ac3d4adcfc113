//! `length`: exactly so many characters, octets or items.

use super::{Base, FacetFault, Subject, check_fixed, count};

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct Length {
    pub(crate) value: u64,
    pub(crate) fixed: bool,
}

impl Length {
    pub(crate) fn compile(text: &str, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        let value = count(text)?;
        if let Some(inherited) = base.length() {
            check_fixed(inherited.fixed, inherited.value == value)?;
            if inherited.value != value {
                return Err(FacetFault::new("length-valid-restriction", "the base type has another length"));
            }
        }
        if base.min_length().is_some_and(|least| value < least.value) {
            return Err(FacetFault::new("length-minLength-maxLength", "length is less than the base type's minLength"));
        }
        if base.max_length().is_some_and(|most| value > most.value) {
            return Err(FacetFault::new(
                "length-minLength-maxLength",
                "length is greater than the base type's maxLength",
            ));
        }
        Ok(Self { value, fixed })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        subject.length().is_none_or(|length| length == self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, list, octets, text};
    use super::*;

    #[test]
    fn lengths_are_counted_in_the_unit_of_the_type() {
        let facet = Length { value: 2, fixed: false };
        check_holds(
            |subject| facet.holds(subject),
            &[text("ab"), text("ыы"), list(2), octets(2)],
            &[text("a"), text("abc"), list(1)],
        );
    }

    #[test]
    fn only_the_same_length_restricts_a_length() {
        let base = base(&["length=2"]);
        assert!(Length::compile("2", false, Base { facets: &base }).is_ok());
        assert_eq!(
            Length::compile("3", false, Base { facets: &base }).unwrap_err().constraint,
            "length-valid-restriction"
        );
        assert!(Length::compile("-1", false, Base { facets: &[] }).is_err());
    }
}
