//! What the four bounds share: a value of the base type that others are compared with.

use std::cmp::Ordering;

use super::{FacetFault, Subject};
use crate::rules::value::{Atom, Datum};

/// The value of a bound.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// As the schema writes it.
    pub(crate) source: Box<str>,
    pub(crate) value: Atom<'static>,
    pub(crate) fixed: bool,
}

impl Bound {
    /// A bound of `value`, which the schema wrote as `source`.
    pub(crate) fn new(source: &str, value: &Datum<'_>, fixed: bool) -> Result<Self, FacetFault> {
        match value {
            Datum::Atom(atom) => Ok(Self { source: source.into(), value: atom.clone().into_owned(), fixed }),
            Datum::List(_) => Err(FacetFault::new("cos-applicable-facets", "lists have no order")),
        }
    }

    /// How the value under judgement lies to the bound; `None` where they are not comparable.
    #[inline]
    pub(crate) fn order(&self, subject: Subject<'_>) -> Option<Ordering> {
        match subject.datum {
            Datum::Atom(atom) => atom.compare(&self.value),
            Datum::List(_) => None,
        }
    }

    /// Refuses a bound whose order to an inherited one is not among `allowed`.
    pub(crate) fn restricts(
        &self,
        inherited: Option<&Bound>,
        allowed: &[Ordering],
        constraint: &'static str,
    ) -> Result<(), FacetFault> {
        let Some(inherited) = inherited else { return Ok(()) };
        match self.value.compare(&inherited.value) {
            Some(order) if allowed.contains(&order) => Ok(()),
            _ => Err(FacetFault::new(constraint, format!("does not agree with the bound {}", inherited.source))),
        }
    }
}
