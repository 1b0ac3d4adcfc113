//! The short way for simple expressions: a few alternatives, each a row of character classes with counts that can be
//! matched from left to right without ever going back. Most patterns of real schemas are such.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Alternatives of one expression at most.
const ALTERNATIVES_MAX: usize = 16;
/// Pieces of one alternative at most.
const PIECES_MAX: usize = 64;

/// An expression that is matched from left to right.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    alternatives: Box<[Box<[Piece]>]>,
}

/// So many characters of a set.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    set: CharacterSet,
    min: u32,
    max: u32,
}

/// A set of characters.
#[derive(Debug, Clone, PartialEq)]
struct CharacterSet {
    /// Characters below 128, one bit each.
    ascii: u128,
    /// The others, as sorted ranges.
    ranges: Box<[(char, char)]>,
}

impl CharacterSet {
    fn new(ranges: impl Iterator<Item = (char, char)>) -> Self {
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
    fn has(&self, character: char) -> bool {
        if character.is_ascii() {
            return self.ascii >> u32::from(character) & 1 == 1;
        }
        let at = self.ranges.partition_point(|(_, last)| *last < character);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= character)
    }

    fn meets(&self, other: &Self) -> bool {
        let overlap = |(first, last): &(char, char)| {
            other.ranges.iter().any(|(other_first, other_last)| first <= other_last && other_first <= last)
        };
        self.ascii & other.ascii != 0 || self.ranges.iter().any(overlap)
    }
}

impl Linear {
    /// The expression as a row of pieces, if it is one.
    pub(super) fn compile(expression: &Hir) -> Option<Self> {
        let mut rows = vec![Vec::new()];
        append(expression, &mut rows)?;
        rows.iter().all(|row| is_decided(row)).then(|| Self { alternatives: rows.into_iter().map(Vec::into).collect() })
    }

    /// Whether the whole of `text` is matched.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.alternatives.iter().any(|row| matches_row(row, text))
    }
}

fn matches_row(row: &[Piece], text: &str) -> bool {
    let mut characters = text.chars();
    let mut next = characters.next();
    for piece in row {
        let mut count = 0;
        while count < piece.max
            && let Some(character) = next
            && piece.set.has(character)
        {
            count += 1;
            next = characters.next();
        }
        if count < piece.min {
            return false;
        }
    }
    next.is_none()
}

/// Whether taking as many characters as possible is always right: what may follow a piece with a choice of counts begins
/// with none of its characters.
fn is_decided(row: &[Piece]) -> bool {
    row.iter().enumerate().filter(|(_, piece)| piece.min < piece.max).all(|(index, piece)| {
        let rest = &row[index + 1..];
        let reach = rest.iter().position(|next| next.min > 0).map_or(rest.len(), |found| found + 1);
        !rest[..reach].iter().any(|next| next.set.meets(&piece.set))
    })
}

/// Appends what `expression` may match to every row; `None` where that cannot be said with rows.
fn append(expression: &Hir, rows: &mut Vec<Vec<Piece>>) -> Option<()> {
    match expression.kind() {
        // The two ends of the text, which a row means by itself.
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            for character in std::str::from_utf8(&literal.0).ok()?.chars() {
                push(rows, &Piece { set: CharacterSet::new(std::iter::once((character, character))), min: 1, max: 1 })?;
            }
        }
        HirKind::Class(_) => push(rows, &Piece { set: set(expression)?, min: 1, max: 1 })?,
        HirKind::Capture(group) => append(&group.sub, rows)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, rows))?,
        HirKind::Alternation(parts) => {
            let before = std::mem::take(rows);
            for part in parts {
                let mut branch = before.clone();
                append(part, &mut branch)?;
                rows.append(&mut branch);
                if rows.len() > ALTERNATIVES_MAX {
                    return None;
                }
            }
        }
        HirKind::Repetition(repetition) => {
            let max = repetition.max.unwrap_or(u32::MAX);
            if let Some(set) = set(&repetition.sub) {
                return push(rows, &Piece { set, min: repetition.min, max });
            }
            for _ in 0..repetition.min {
                append(&repetition.sub, rows)?;
            }
            // The last, optional rounds are alternatives: with one more each.
            let mut grown = rows.clone();
            for _ in repetition.min..max {
                append(&repetition.sub, &mut grown)?;
                rows.extend_from_slice(&grown);
                if rows.len() > ALTERNATIVES_MAX {
                    return None;
                }
            }
        }
    }
    Some(())
}

fn push(rows: &mut [Vec<Piece>], piece: &Piece) -> Option<()> {
    for row in rows {
        if row.len() == PIECES_MAX {
            return None;
        }
        match row.last_mut() {
            // The same characters again: one piece with both counts.
            Some(last) if last.set == piece.set => {
                last.min = last.min.checked_add(piece.min)?;
                last.max = last.max.saturating_add(piece.max);
            }
            _ => row.push(piece.clone()),
        }
    }
    Some(())
}

/// The set that an expression for one character stands for.
fn set(expression: &Hir) -> Option<CharacterSet> {
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
