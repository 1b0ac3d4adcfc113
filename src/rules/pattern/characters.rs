//! Sets of characters, as the matchers of one character at a time ask them.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CharacterSet {
    /// Characters below 128, one bit each.
    ascii: u128,
    /// The others, as sorted ranges.
    ranges: Box<[(char, char)]>,
}

impl CharacterSet {
    pub(super) fn new(ranges: impl Iterator<Item = (char, char)>) -> Self {
        let mut ascii = 0;
        let mut others = Vec::new();
        for (first, last) in ranges {
            for character in (first..=last).take_while(char::is_ascii) {
                ascii |= 1 << u32::from(character);
            }
            if !last.is_ascii() {
                others.push((first.max('\u{80}'), last));
            }
        }
        Self { ascii, ranges: others.into() }
    }

    #[inline]
    pub(super) fn has(&self, character: char) -> bool {
        if character.is_ascii() {
            return self.ascii >> u32::from(character) & 1 == 1;
        }
        let at = self.ranges.partition_point(|(_, last)| *last < character);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= character)
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let overlap = |(first, last): &(char, char)| {
            other.ranges.iter().any(|(other_first, other_last)| first <= other_last && other_first <= last)
        };
        self.ascii & other.ascii != 0 || self.ranges.iter().any(overlap)
    }
}

/// The set that an expression for one character stands for.
pub(super) fn set(expression: &Hir) -> Option<CharacterSet> {
    match expression.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Some(CharacterSet::new(class.ranges().iter().map(|range| (range.start(), range.end()))))
        }
        HirKind::Class(Class::Bytes(class)) if class.is_ascii() => {
            let ranges = class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end())));
            Some(CharacterSet::new(ranges))
        }
        HirKind::Literal(literal) => {
            let mut characters = std::str::from_utf8(&literal.0).ok()?.chars();
            let only = characters.next().filter(|_| characters.next().is_none())?;
            Some(CharacterSet::new(std::iter::once((only, only))))
        }
        HirKind::Capture(group) => set(&group.sub),
        _ => None,
    }
}
