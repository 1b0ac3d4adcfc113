//! Facets of a restriction step: gathered, compiled each by its own file in `rules`, checked against each other.

use std::collections::HashSet;
use std::sync::Arc;

use super::compiler::Compiler;
use super::tree::Item;
use crate::rules::draft::{
    Base, Datum, Enumeration, Facet, FacetFault, FractionDigits, Length, Lexical, MaxExclusive, MaxInclusive,
    MaxLength, MinExclusive, MinInclusive, MinLength, PatternFacet, SimpleId, SimpleType, TotalDigits, Variety,
};
use crate::rules::{FacetKind, WhiteSpace};

/// Steps of derivation at most that have patterns of their own, all of which every value must match.
const PATTERN_STEPS_MAX: usize = 100;

impl<'d> Compiler<'d> {
    /// Puts the facets of one restriction step of `base` onto `restricted`, which has inherited those of its base.
    pub(super) fn apply_facets(&mut self, items: &[Item<'d>], base: SimpleId, restricted: &mut SimpleType) {
        let mut fresh: Vec<(Item<'d>, Facet)> = Vec::new();
        let mut patterns: Vec<&'d str> = Vec::new();
        let mut values = Vec::new();
        let mut singles = HashSet::new();
        for item in items.iter().copied() {
            let (Some(kind), Some(written)) = (FacetKind::named(item.tag()), item.raw_attribute("value")) else {
                self.fault(item, "s4s-att-must-appear", "a facet needs a value");
                continue;
            };
            if !applies(kind, &restricted.variety) {
                let text = format!("{} cannot be used on this type", kind.name());
                self.fault(item, "cos-applicable-facets", text);
                continue;
            }
            let many = matches!(kind, FacetKind::Pattern | FacetKind::Enumeration);
            if !many && !singles.insert(kind) {
                self.fault(item, "src-single-facet-value", format!("{} is given twice", kind.name()));
                continue;
            }
            match kind {
                FacetKind::Pattern => patterns.push(written),
                FacetKind::Enumeration => values.extend(self.enumerated(item, base, written)),
                FacetKind::WhiteSpace => self.white_space(item, base, restricted),
                _ => match self.single(item, kind, base) {
                    Ok(facet) => fresh.push((item, facet)),
                    Err(fault) => self.fault(item, fault.constraint, format!("{}: {}", kind.name(), fault.text)),
                },
            }
        }
        self.check_together(&fresh, &restricted.facets.clone());
        let mut facets = inherit(&restricted.facets, &fresh);
        self.check_digits(&fresh, &facets);
        if let Some(item) = items.iter().copied().find(|item| item.tag() == "pattern") {
            if facets.iter().filter(|facet| facet.kind() == FacetKind::Pattern).count() == PATTERN_STEPS_MAX {
                let text = format!("more than {PATTERN_STEPS_MAX} steps of derivation have patterns");
                return self.fault(item, "schema-too-large", text);
            }
            facets.extend(self.pattern(item, &patterns));
            restricted.trims = restricted.trims && !matches!(restricted.variety, Variety::Atomic(Lexical::Base64));
        }
        if !values.is_empty() {
            facets.retain(|facet| facet.kind() != FacetKind::Enumeration);
            facets.push(Facet::Enumeration(Arc::new(Enumeration::new(values))));
        }
        // Cheap facets first, so that the dear ones see fewer values.
        facets.sort_by_key(|facet| matches!(facet, Facet::Pattern(_) | Facet::Enumeration(_)));
        restricted.facets = facets.into();
    }

    fn pattern(&mut self, item: Item<'d>, sources: &[&str]) -> Option<Facet> {
        match PatternFacet::compile(sources, self.strictness) {
            Ok((facet, lenient)) => {
                if lenient {
                    self.warn(item, "this pattern does not follow the grammar of XML Schema; it was read loosely");
                }
                Some(Facet::Pattern(Arc::new(facet)))
            }
            Err(fault) => {
                self.fault(item, fault.constraint, format!("pattern: {}", fault.text));
                None
            }
        }
    }

    fn enumerated(&mut self, item: Item<'d>, base: SimpleId, written: &str) -> Option<(String, Datum<'static>)> {
        let prefixes = item.prefixes();
        let own = |datum: &Datum<'_>, _| datum.clone().into_owned();
        let value = self.simple_types().assess(base, written, &prefixes, own);
        let Ok(value) = value else {
            let text = "the value of an enumeration must be a value of the base type";
            self.fault(item, "enumeration-valid-restriction", text);
            return None;
        };
        if self.is_notation(base) {
            self.check_notation(item, written);
        }
        let literal = self.draft.simple_types[base.index()].white_space.apply(written).into_owned();
        Some((literal, value))
    }

    fn white_space(&mut self, item: Item<'d>, base: SimpleId, restricted: &mut SimpleType) {
        let inherited = &self.draft.simple_types[base.index()];
        let fixed = inherited.white_space_fixed;
        match WhiteSpace::compile(item.attribute("value").unwrap_or(""), inherited.white_space, fixed) {
            Ok(value) => {
                restricted.white_space = value;
                restricted.white_space_fixed |= item.flag("fixed");
            }
            Err(fault) => self.fault(item, fault.constraint, format!("whiteSpace: {}", fault.text)),
        }
    }

    /// Compiles a facet that has one value, against the facets of the base type.
    fn single(&mut self, item: Item<'d>, kind: FacetKind, base: SimpleId) -> Result<Facet, FacetFault> {
        let fixed = item.flag("fixed");
        let text = item.attribute("value").unwrap_or("");
        let inherited = &self.draft.simple_types[base.index()];
        let facets = Base { facets: &inherited.facets };
        let prefixes = item.prefixes();
        let bound = || {
            let Variety::Atomic(lexical) = inherited.variety else {
                return Err(FacetFault { constraint: "cos-applicable-facets", text: "lists have no order".to_owned() });
            };
            // First a literal of the primitive type, so that a bound beyond that of the base is told as such.
            let mut datum = Datum::EMPTY;
            match lexical.parse(text, &prefixes, &mut datum) {
                Ok(()) => Ok(datum),
                Err(_) => Err(none_of_base()),
            }
        };
        let facet = compile_single(kind, text, fixed, facets, bound)?;
        // An exclusive bound may be the base type's own, which is none of its values.
        let repeats = match &facet {
            Facet::MaxInclusive(_) | Facet::MinInclusive(_) => false,
            Facet::MaxExclusive(own) => {
                facets.max_exclusive().is_some_and(|base| base.bound.value.equals(&own.bound.value))
            }
            Facet::MinExclusive(own) => {
                facets.min_exclusive().is_some_and(|base| base.bound.value.equals(&own.bound.value))
            }
            _ => true,
        };
        if !repeats && self.simple_types().assess(base, text, &prefixes, |_, _| ()).is_err() {
            return Err(none_of_base());
        }
        Ok(facet)
    }

    /// Checks the digits that a step leaves, those inherited among them.
    fn check_digits(&mut self, fresh: &[(Item<'d>, Facet)], facets: &[Facet]) {
        let digits = |(_, facet): &&(Item<'d>, Facet)| {
            matches!(facet.kind(), FacetKind::TotalDigits | FacetKind::FractionDigits)
        };
        let facets = Base { facets };
        if let (Some((item, _)), Some(total), Some(fraction)) =
            (fresh.iter().find(digits), facets.total_digits(), facets.fraction_digits())
            && fraction.value > total.value
        {
            self.fault(*item, "fractionDigits-totalDigits", "fractionDigits is greater than totalDigits");
        }
    }

    /// Checks the facets of one step against each other.
    fn check_together(&mut self, fresh: &[(Item<'d>, Facet)], inherited: &[Facet]) {
        let has = |kind| fresh.iter().find(|(_, facet)| facet.kind() == kind).map(|(item, _)| *item);
        for (one, other, constraint) in [
            (FacetKind::MaxInclusive, FacetKind::MaxExclusive, "maxInclusive-maxExclusive"),
            (FacetKind::MinInclusive, FacetKind::MinExclusive, "minInclusive-minExclusive"),
        ] {
            if let (Some(item), Some(_)) = (has(one), has(other)) {
                self.fault(item, constraint, format!("{} and {} exclude each other", one.name(), other.name()));
            }
        }
        for kind in [FacetKind::MinLength, FacetKind::MaxLength] {
            let repeats =
                |facet: &Facet| inherited.iter().any(|old| old.kind() == kind && old.sources() == facet.sources());
            let fresh_bound = fresh.iter().find(|(_, facet)| facet.kind() == kind && !repeats(facet));
            if let (Some((item, _)), Some(_)) = (fresh_bound, has(FacetKind::Length)) {
                let text = format!("length and {} exclude each other", kind.name());
                self.fault(*item, "length-minLength-maxLength", text);
            }
        }
        for (index, (item, facet)) in fresh.iter().enumerate() {
            // What the base type has of the same kind has been minded; with it, a length may come to a bound that was
            // there before.
            let inherited = inherited.iter().filter(|old| old.kind() == facet.kind());
            let others = fresh.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, (_, facet))| facet);
            let others = others.filter(|other| !is_empty_interval(facet, other));
            let others: Vec<Facet> = others.chain(inherited).cloned().collect();
            let text = facet.sources().first().cloned().unwrap_or_default();
            let bound = || match facet {
                Facet::MaxInclusive(facet) => Ok(Datum::Atom(facet.bound.value.clone())),
                Facet::MaxExclusive(facet) => Ok(Datum::Atom(facet.bound.value.clone())),
                Facet::MinInclusive(facet) => Ok(Datum::Atom(facet.bound.value.clone())),
                Facet::MinExclusive(facet) => Ok(Datum::Atom(facet.bound.value.clone())),
                _ => Err(FacetFault { constraint: "", text: String::new() }),
            };
            if let Err(fault) = compile_single(facet.kind(), &text, false, Base { facets: &others }, bound) {
                let crossed = others.iter().find_map(|other| Some((other, crossing(facet.kind(), other.kind())?)));
                return match crossed {
                    Some((other, constraint)) => {
                        let (one, two) = (facet.kind().name(), other.kind().name());
                        let limit = other.sources().first().cloned().unwrap_or_default();
                        self.fault(*item, constraint, format!("{one} {text} and {two} {limit} leave no value"));
                    }
                    None => self.fault(*item, fault.constraint, format!("{}: {}", facet.kind().name(), fault.text)),
                };
            }
        }
    }
}

fn none_of_base() -> FacetFault {
    FacetFault { constraint: "cvc-datatype-valid.1.2.1", text: "the value is none of the base type".to_owned() }
}

/// The constraint that a lower and an upper bound of one step must keep.
fn crossing(one: FacetKind, other: FacetKind) -> Option<&'static str> {
    use FacetKind::{MaxExclusive, MaxInclusive, MinExclusive, MinInclusive};
    Some(match (one, other) {
        (MinInclusive, MaxInclusive) | (MaxInclusive, MinInclusive) => "minInclusive-less-than-equal-to-maxInclusive",
        (MinExclusive, MaxExclusive) | (MaxExclusive, MinExclusive) => "minExclusive-less-than-equal-to-maxExclusive",
        (MinExclusive, MaxInclusive) | (MaxInclusive, MinExclusive) => "minExclusive-less-than-maxInclusive",
        (MinInclusive, MaxExclusive) | (MaxExclusive, MinInclusive) => "minInclusive-less-than-maxExclusive",
        _ => return None,
    })
}

/// Whether two facets are exclusive bounds of one value, which one step may write though nothing lies between them.
fn is_empty_interval(one: &Facet, other: &Facet) -> bool {
    match (one, other) {
        (Facet::MinExclusive(least), Facet::MaxExclusive(greatest))
        | (Facet::MaxExclusive(greatest), Facet::MinExclusive(least)) => {
            least.bound.value.equals(&greatest.bound.value)
        }
        _ => false,
    }
}

/// Compiles one facet with one value; `bound` gives its value where it is a bound.
fn compile_single<'b>(
    kind: FacetKind,
    text: &str,
    fixed: bool,
    base: Base<'_>,
    bound: impl Fn() -> Result<Datum<'b>, FacetFault>,
) -> Result<Facet, FacetFault> {
    Ok(match kind {
        FacetKind::Length => Facet::Length(Length::compile(text, fixed, base)?),
        FacetKind::MinLength => Facet::MinLength(MinLength::compile(text, fixed, base)?),
        FacetKind::MaxLength => Facet::MaxLength(MaxLength::compile(text, fixed, base)?),
        FacetKind::TotalDigits => Facet::TotalDigits(TotalDigits::compile(text, fixed, base)?),
        FacetKind::FractionDigits => Facet::FractionDigits(FractionDigits::compile(text, fixed, base)?),
        FacetKind::MaxInclusive => Facet::MaxInclusive(MaxInclusive::compile(text, &bound()?, fixed, base)?),
        FacetKind::MaxExclusive => Facet::MaxExclusive(MaxExclusive::compile(text, &bound()?, fixed, base)?),
        FacetKind::MinInclusive => Facet::MinInclusive(MinInclusive::compile(text, &bound()?, fixed, base)?),
        FacetKind::MinExclusive => Facet::MinExclusive(MinExclusive::compile(text, &bound()?, fixed, base)?),
        FacetKind::Pattern | FacetKind::Enumeration | FacetKind::WhiteSpace => {
            return Err(FacetFault {
                constraint: "cos-applicable-facets",
                text: "not a facet of one value".to_owned(),
            });
        }
    })
}

/// The inherited facets that stay beside the new ones. A new upper bound takes the place of both kinds of upper bounds,
/// for it is the tighter one; so for lower bounds.
fn inherit(inherited: &[Facet], fresh: &[(Item<'_>, Facet)]) -> Vec<Facet> {
    use FacetKind::{MaxExclusive, MaxInclusive, MinExclusive, MinInclusive};
    let replaces = |old: FacetKind, new: FacetKind| {
        old == new
            || matches!(old, MaxInclusive | MaxExclusive) && matches!(new, MaxInclusive | MaxExclusive)
            || matches!(old, MinInclusive | MinExclusive) && matches!(new, MinInclusive | MinExclusive)
    };
    let stays = |old: &&Facet| !fresh.iter().any(|(_, new)| replaces(old.kind(), new.kind()));
    inherited.iter().filter(stays).cloned().chain(fresh.iter().map(|(_, facet)| facet.clone())).collect()
}

/// Which facets may stand on which types (Part 2, section 4.1.5).
fn applies(kind: FacetKind, variety: &Variety) -> bool {
    use FacetKind::{
        Enumeration, FractionDigits, Length, MaxExclusive, MaxInclusive, MaxLength, MinExclusive, MinInclusive,
        MinLength, Pattern, TotalDigits, WhiteSpace,
    };
    let lengths = matches!(kind, Length | MinLength | MaxLength);
    let bounds = matches!(kind, MaxInclusive | MaxExclusive | MinInclusive | MinExclusive);
    let digits = matches!(kind, TotalDigits | FractionDigits);
    match variety {
        Variety::Any => false,
        Variety::Union(_) => matches!(kind, Pattern | Enumeration),
        Variety::List(_) => lengths || matches!(kind, Pattern | Enumeration | WhiteSpace),
        Variety::Atomic(Lexical::Boolean) => matches!(kind, Pattern | WhiteSpace),
        Variety::Atomic(Lexical::Decimal | Lexical::Integer) => !lengths,
        Variety::Atomic(Lexical::Float | Lexical::Double | Lexical::Duration | Lexical::Moment(_)) => {
            !lengths && !digits
        }
        Variety::Atomic(_) => !bounds && !digits,
    }
}
