//! Values: literals that a simple type takes. Each is drawn at random, in several ways one after the other, and shown to the
//! type itself, so that nothing here has to know how facets, patterns and checks work together.

mod moment;
mod number;
mod pattern;
mod text;

use std::collections::{HashMap, HashSet};

use super::prefixes::Table;
use super::{Extent, Impossible};
use crate::random::Random;
use crate::rules::sealed::{FacetKind, Lexical, SimpleId, SimpleType, Variety};
use crate::rules::{Rules, SimpleView};

/// How often a value is drawn before the type is given up.
const DRAWS_MAX: usize = 600;
/// How many values that occurred before are passed over in the hope of a new one.
const REPEATS_MAX: usize = 60;
/// How deep lists and unions are followed.
const DEPTH_MAX: usize = 16;
/// Items of a list where its type does not say.
const ITEMS_USUAL_MAX: usize = 3;
/// Characters or octets more than there must be.
const LENGTH_USUAL: usize = 24;
/// Items, characters or octets of one value at most.
const LENGTH_MAX: usize = 1 << 20;

/// Stands for a reference to an ID until all IDs are known; no document can hold it.
pub(super) const REFERENCE: &str = "\u{1}";

/// Draws values.
#[derive(Debug)]
pub(super) struct Values<'r> {
    pub(super) rules: &'r Rules,
    pub(super) table: Table,
    pub(super) random: Random,
    extent: Extent,
    /// Values that occurred, by the type that drew them; all IDs share one space.
    used: HashMap<Option<SimpleId>, HashSet<String>>,
}

/// The least and the greatest length that a type asks for.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    min: usize,
    max: Option<usize>,
}

impl<'r> Values<'r> {
    pub(super) fn new(rules: &'r Rules, extent: Extent, random: Random) -> Self {
        Self { rules, table: Table::of(rules), random, extent, used: HashMap::new() }
    }

    /// A literal of a type, if possible one that has not occurred yet.
    pub(super) fn draw(&mut self, simple: SimpleId) -> Result<String, Impossible> {
        let space = if self.rules.is_id(simple) { None } else { Some(simple) };
        let mut repeated = None;
        let mut repeats = 0;
        for draw in 0..DRAWS_MAX {
            let Some(text) = self.try_draw(simple, draw, DEPTH_MAX)? else { continue };
            if self.used.entry(space).or_default().insert(text.clone()) {
                return Ok(text);
            }
            repeated.get_or_insert(text);
            repeats += 1;
            if repeats == REPEATS_MAX {
                break;
            }
        }
        match repeated {
            Some(text) if space.is_some() => Ok(text),
            Some(_) => Err(self.impossible(simple, "there are not enough different IDs")),
            None => Err(self.impossible(simple, "no value was found that its facets and patterns take")),
        }
    }

    /// Whether a type takes a literal.
    pub(super) fn takes(&self, simple: SimpleId, text: &str) -> bool {
        text.contains(REFERENCE) || self.rules.assess(simple, text, &self.table, |_, _| ()).is_ok()
    }

    /// A text where a type takes it; check digits are made right.
    pub(super) fn fitting(&self, simple: SimpleId, text: &str) -> Option<String> {
        if self.rules.simple(simple).checks.is_empty() {
            return self.takes(simple, text).then(|| text.to_owned());
        }
        text::completed(text, |text| self.takes(simple, text))
    }

    pub(super) fn impossible(&self, simple: SimpleId, reason: &str) -> Impossible {
        let (name, place) = self.rules.simple_words(simple);
        let component = if place.is_empty() { format!("type {name}") } else { format!("type {name} ({place})") };
        Impossible { component, reason: reason.to_owned() }
    }

    /// One draw; nothing where the type does not take it.
    fn try_draw(&mut self, simple: SimpleId, draw: usize, depth: usize) -> Result<Option<String>, Impossible> {
        let Some(text) = self.literal(simple, draw, depth)? else { return Ok(None) };
        if text.contains(REFERENCE) {
            return Ok(Some(text));
        }
        // A number with check digits may be right by chance, and then somebody's.
        if let Some(check) = self.rules.simple(simple).checks.first() {
            return Ok(text::checked(&text, check.name, |text| self.takes(simple, text)));
        }
        Ok(Some(text).filter(|text| self.takes(simple, text)))
    }

    fn literal(&mut self, simple: SimpleId, draw: usize, depth: usize) -> Result<Option<String>, Impossible> {
        if depth == 0 {
            return Err(self.impossible(simple, "lists and unions are nested too deep"));
        }
        let enumerated = self.rules.enumerated(simple);
        if !enumerated.is_empty() {
            return Ok(self.one_of(&enumerated, draw));
        }
        let definition = self.rules.simple(simple);
        if definition.has_patterns() && (draw.is_multiple_of(2) || is_free_text(definition)) {
            return Ok(self.by_pattern(definition, draw));
        }
        match &definition.variety {
            Variety::Any => Ok(Some(text::words(&mut self.random, Lengths { min: 1, max: Some(20) }, draw))),
            Variety::List(item) => self.list(definition, *item, draw, depth),
            Variety::Union(members) => {
                // A member that refers to an ID comes last: there may be none.
                let mut members = members.to_vec();
                members.sort_by_key(|member| self.refers(*member));
                let start =
                    if self.extent == Extent::Full && draw == 0 { self.random.below(members.len()) } else { draw };
                match members.get(start % members.len().max(1)) {
                    Some(member) => self.try_draw(*member, draw / members.len(), depth - 1),
                    None => Ok(None),
                }
            }
            Variety::Atomic(lexical) => self.atomic(simple, definition, *lexical, draw),
        }
    }

    /// Whether values of a type refer to IDs.
    pub(super) fn refers(&self, simple: SimpleId) -> bool {
        match &self.rules.simple(simple).variety {
            Variety::Atomic(lexical) => *lexical == Lexical::Idref,
            Variety::List(item) => self.refers(*item),
            Variety::Any | Variety::Union(_) => false,
        }
    }

    /// One value of an enumeration; all of them come up as the draws go on.
    fn one_of(&mut self, enumerated: &[(String, Option<(String, String)>)], draw: usize) -> Option<String> {
        let start = if draw == 0 && self.extent == Extent::Full { self.random.below(enumerated.len()) } else { draw };
        let (written, meant) = &enumerated[start % enumerated.len()];
        let Some((namespace, local)) = meant else { return Some(written.clone()) };
        let prefix = self.table.prefix(namespace)?;
        Some(if prefix.is_empty() { local.clone() } else { format!("{prefix}:{local}") })
    }

    fn by_pattern(&mut self, definition: &SimpleType, draw: usize) -> Option<String> {
        let expressions = definition.expressions();
        // The steps of a derivation narrow down, so the last one's expressions are the best guess.
        let place = expressions.len().checked_sub(1 + draw / 2 % expressions.len().max(1))?;
        let lengths = Lengths::of(definition);
        let spare = match self.extent {
            Extent::Minimal if draw < 20 => 0,
            _ => lengths.min.max(2 + draw / 16).min(lengths.max.unwrap_or(usize::MAX)),
        };
        pattern::matching(&expressions[place], &mut self.random, spare)
    }

    fn list(
        &mut self,
        definition: &SimpleType,
        item: SimpleId,
        draw: usize,
        depth: usize,
    ) -> Result<Option<String>, Impossible> {
        let lengths = Lengths::of(definition);
        let least = lengths.min.max(1).min(lengths.max.unwrap_or(usize::MAX));
        let most = lengths.max.unwrap_or(usize::MAX).min(least.max(ITEMS_USUAL_MAX));
        let count = if self.extent == Extent::Minimal && draw < 20 {
            least
        } else {
            least + self.random.below(most - least + 1)
        };
        let mut items: Vec<String> = Vec::new();
        for number in 0..count.min(LENGTH_MAX) {
            let mut found = None;
            for more in 0..DRAWS_MAX {
                // White space would part an item in two.
                let drawn = self.try_draw(item, draw + number + more, depth - 1)?;
                found = drawn
                    .filter(|text| !text.is_empty() && !text.contains(|letter: char| letter.is_ascii_whitespace()));
                if found.is_some() {
                    break;
                }
            }
            items.push(found.ok_or_else(|| self.impossible(item, "no item of the list was found"))?);
        }
        Ok(Some(items.join(" ")))
    }

    fn atomic(
        &mut self,
        simple: SimpleId,
        definition: &SimpleType,
        lexical: Lexical,
        draw: usize,
    ) -> Result<Option<String>, Impossible> {
        let lengths = Lengths::of(definition).usual(draw);
        let random = &mut self.random;
        Ok(Some(match lexical {
            Lexical::String => text::words(random, lengths, draw),
            Lexical::Language => text::language(random, lengths),
            Lexical::Nmtoken | Lexical::Name | Lexical::Ncname => text::name(random, lengths, draw),
            Lexical::Id => text::id(self.used.get(&None).map_or(1, |used| used.len() + 1), lengths, draw),
            Lexical::Idref => REFERENCE.to_owned(),
            Lexical::Entity => {
                return Err(self.impossible(simple, "an entity needs a DOCTYPE, which no specimen has"));
            }
            Lexical::Uri => text::uri(random, lengths, draw),
            Lexical::Boolean => ["true", "false", "1", "0"][(random.below(2) + draw) % 4].to_owned(),
            Lexical::Decimal | Lexical::Integer => {
                return Ok(number::decimal(random, definition, lexical == Lexical::Integer, draw));
            }
            Lexical::Float | Lexical::Double => number::float(random, definition, draw),
            Lexical::Duration => moment::duration(random, definition, draw),
            Lexical::Moment(kind) => moment::moment(random, definition, kind, draw),
            Lexical::Hex => text::hex(random, lengths),
            Lexical::Base64 => text::base64(random, lengths),
            Lexical::Qname => self.qname(draw),
            Lexical::Notation => {
                return Err(self.impossible(simple, "a NOTATION needs an enumeration of notations"));
            }
        }))
    }

    fn qname(&mut self, draw: usize) -> String {
        let globals: Vec<(&str, &str)> =
            self.rules.global_elements().map(|element| (element.namespace(), element.local())).collect();
        let picked = self.random.pick(&globals).copied().filter(|_| draw < DRAWS_MAX / 2);
        let (namespace, local) = picked.unwrap_or(("", "name"));
        match self.table.prefix(namespace) {
            Some("") | None => local.to_owned(),
            Some(prefix) => format!("{prefix}:{local}"),
        }
    }

    /// Whether values of a type are names with prefixes.
    pub(super) fn is_name(&self, simple: SimpleId) -> bool {
        let built_in = SimpleView::of(self.rules, simple).built_in();
        matches!(built_in, "QName" | "NOTATION")
            || match &self.rules.simple(simple).variety {
                Variety::List(item) => self.is_name(*item),
                Variety::Union(members) => members.iter().any(|member| self.is_name(*member)),
                Variety::Any | Variety::Atomic(_) => false,
            }
    }
}

/// Whether nothing but its patterns and lengths says what a type takes.
fn is_free_text(definition: &SimpleType) -> bool {
    matches!(definition.variety, Variety::Atomic(Lexical::String))
}

impl Lengths {
    fn of(definition: &SimpleType) -> Self {
        let read = |kind| definition.facet(kind).and_then(|text| text.parse::<usize>().ok());
        let exact = read(FacetKind::Length);
        Self {
            min: exact.or_else(|| read(FacetKind::MinLength)).unwrap_or(0).min(LENGTH_MAX),
            max: exact.or_else(|| read(FacetKind::MaxLength)),
        }
    }

    /// Narrowed to what is usual: something rather than nothing, and not longer than a line.
    fn usual(self, draw: usize) -> Self {
        let min = self.min.max(1).min(self.max.unwrap_or(usize::MAX));
        let max = self.max.unwrap_or(usize::MAX).min(min.saturating_add(LENGTH_USUAL + draw));
        Self { min, max: Some(max) }
    }

    /// A length between the two.
    fn pick(self, random: &mut Random) -> usize {
        let max = self.max.unwrap_or(self.min + ITEMS_USUAL_MAX).max(self.min);
        self.min + random.below(max - self.min + 1)
    }
}
