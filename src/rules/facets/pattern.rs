//! `pattern`: the literal is matched by one of the expressions of each derivation step.

use super::{FacetFault, Subject};
use crate::rules::pattern::{Pattern, PatternFault, Strictness};

/// The expressions of one derivation step, of which one has to match.
#[derive(Debug, Clone)]
pub(crate) struct PatternFacet {
    pattern: Pattern,
    sources: Box<[String]>,
}

impl PatternFacet {
    /// Compiles the expressions; also tells whether leniency was needed.
    pub(crate) fn compile(sources: &[&str], strictness: Strictness) -> Result<(Self, bool), FacetFault> {
        let (pattern, lenient) = Pattern::compile(sources, strictness).map_err(|fault| {
            let constraint = if fault == PatternFault::TooLarge { "pattern-too-large" } else { "src-pattern-value" };
            FacetFault::new(constraint, fault.to_string())
        })?;
        let sources = pattern.sources().iter().map(ToString::to_string).collect();
        Ok((Self { pattern, sources }, lenient))
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        self.pattern.matches(subject.literal)
    }

    pub(crate) fn sources(&self) -> &[String] {
        &self.sources
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_holds, decimal, text};
    use super::*;

    #[test]
    fn the_literal_is_matched_not_the_value() {
        let (facet, _) = PatternFacet::compile(&["[0-9]+", "a+"], Strictness::Strict).unwrap();
        check_holds(|subject| facet.holds(subject), &[decimal("007"), text("aa")], &[decimal("1.0"), text("a1")]);
    }

    #[test]
    fn a_malformed_expression_is_refused() {
        assert_eq!(PatternFacet::compile(&["("], Strictness::Strict).unwrap_err().constraint, "src-pattern-value");
    }
}
