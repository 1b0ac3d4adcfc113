//! The short way for simple expressions: a few alternatives, each a row of character classes with counts that can be
//! matched from left to right without ever going back. Most patterns of real schemas are such.

use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::characters::{CharacterSet, set};

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

impl Piece {
    /// The piece so many times over, where that is a piece again: where the counts of one number of rounds and of the next
    /// leave nothing out between them. What holds of the fewest rounds then holds of more.
    fn times(&self, least: u32, most: u32) -> Option<Self> {
        let product = |count: u32, rounds: u32| count.checked_mul(rounds);
        let gapless = most <= least || {
            let next = u64::from(self.min) * (u64::from(least) + 1);
            next <= u64::from(self.max) * u64::from(least) + 1
        };
        let min = product(self.min, least)?;
        let max = if self.max == 0 { 0 } else { self.max.saturating_mul(most) };
        gapless.then(|| Self { set: self.set.clone(), min, max })
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
        HirKind::Repetition(repetition) => repeat(repetition, rows)?,
    }
    Some(())
}

/// Appends the rounds of a repetition to every row.
fn repeat(repetition: &Repetition, rows: &mut Vec<Vec<Piece>>) -> Option<()> {
    let max = repetition.max.unwrap_or(u32::MAX);
    let mut round = vec![Vec::new()];
    append(&repetition.sub, &mut round)?;
    let once = match round.as_slice() {
        [row] if row.is_empty() => return Some(()),
        [row] => row.as_slice(),
        _ => &[],
    };
    if let [piece] = once {
        if let Some(all) = piece.times(repetition.min, max) {
            return push(rows, &all);
        }
        push(rows, &piece.times(repetition.min, repetition.min)?)?;
    } else {
        // Every round adds a piece to each row or makes more rows, so there are never many of them.
        for _ in 0..repetition.min {
            append(&repetition.sub, rows)?;
            if rows.len() > ALTERNATIVES_MAX {
                return None;
            }
        }
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
