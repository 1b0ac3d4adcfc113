//! `maxExclusive`: less than this value.

use std::cmp::Ordering;

use super::bounds::Bound;
use super::{Base, FacetFault, Subject, check_fixed};
use crate::rules::value::Datum;

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct MaxExclusive {
    pub(crate) bound: Bound,
}

impl MaxExclusive {
    pub(crate) fn compile(source: &str, value: &Datum<'_>, fixed: bool, base: Base<'_>) -> Result<Self, FacetFault> {
        use Ordering::{Equal, Greater, Less};
        let bound = Bound::new(source, value, fixed)?;
        if let Some(inherited) = base.max_exclusive() {
            check_fixed(inherited.bound.fixed, inherited.bound.value.equals(&bound.value))?;
        }
        let inherited = base.max_exclusive().map(|facet| &facet.bound);
        bound.restricts(inherited, &[Less, Equal], "maxExclusive-valid-restriction")?;
        let inherited = base.max_inclusive().map(|facet| &facet.bound);
        bound.restricts(inherited, &[Less, Equal], "maxExclusive-valid-restriction")?;
        let inherited = base.min_inclusive().map(|facet| &facet.bound);
        bound.restricts(inherited, &[Greater], "maxExclusive-valid-restriction")?;
        let inherited = base.min_exclusive().map(|facet| &facet.bound);
        bound.restricts(inherited, &[Greater], "maxExclusive-valid-restriction")?;
        Ok(Self { bound })
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        self.bound.order(subject) == Some(Ordering::Less)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{base, check_holds, decimal};
    use super::*;

    #[test]
    fn values_beyond_it_break_it() {
        let facet = MaxExclusive::compile("5", &decimal("5").1, false, Base { facets: &[] }).unwrap();
        check_holds(|subject| facet.holds(subject), &[decimal("4.9")], &[decimal("5.0"), decimal("5.1")]);
    }

    #[test]
    fn it_may_only_narrow() {
        for (inherited, value, allowed) in [
            ("maxExclusive=5", "5", true),
            ("maxExclusive=5", "6", false),
            ("maxInclusive=5", "5", true),
            ("maxInclusive=5", "6", false),
            ("minInclusive=5", "5", false),
            ("minInclusive=5", "6", true),
            ("minExclusive=5", "5", false),
        ] {
            let base = base(&[inherited]);
            let outcome = MaxExclusive::compile(value, &decimal(value).1, false, Base { facets: &base });
            assert_eq!(outcome.is_ok(), allowed, "{inherited} {value}");
        }
    }
}
