//! Places in a text: byte offsets while reading, lines and columns when somebody asks.

use std::fmt;

/// A place in a document as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1. Lines end with a line feed (as `\n` or `\r\n`) or a lone carriage return.
    pub line: u64,
    /// Column, from 1, in characters (Unicode scalar values), not bytes.
    pub column: u64,
    /// Bytes before this place, from the start of the decoded text.
    pub offset: u64,
}

impl Position {
    /// The first character of a document.
    pub const START: Self = Self { line: 1, column: 1, offset: 0 };

    /// The position of the byte `offset` in `text`; an offset beyond the end means the end.
    #[must_use]
    pub fn of(text: &str, offset: u64) -> Self {
        let end = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        Self::START.advance(&text.as_bytes()[..end])
    }

    /// The position after `bytes`, which follow this one directly.
    #[must_use]
    pub(crate) fn advance(self, bytes: &[u8]) -> Self {
        let mut line = self.line;
        let mut tail = bytes;
        let mut column = self.column;
        for (index, byte) in bytes.iter().enumerate() {
            let ends_line = match byte {
                b'\n' => true,
                b'\r' => bytes.get(index + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends_line {
                line += 1;
                column = 1;
                tail = &bytes[index + 1..];
            }
        }
        let characters = tail.iter().filter(|byte| !is_continuation(**byte)).count();
        Self { line, column: column + characters as u64, offset: self.offset + bytes.len() as u64 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

/// Whether `byte` continues a UTF-8 sequence.
fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// A stretch of the source text, in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
}

impl Span {
    /// The stretch from one offset up to, not including, another.
    #[must_use]
    pub fn between(from: u64, to: u64) -> Self {
        Self { offset: from, length: to.saturating_sub(from) }
    }

    /// Offset of the first byte behind the stretch.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset + self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: u64, line: u64, column: u64) {
        let found = Position::of(text, offset);
        assert_eq!((found.line, found.column), (line, column), "{text:?} at {offset}");
    }

    #[test]
    fn lines_and_columns_count_characters() {
        check("", 0, 1, 1);
        check("abc", 2, 1, 3);
        check("a\nb", 2, 2, 1);
        check("a\r\nb", 3, 2, 1);
        check("a\rb", 2, 2, 1);
        check("привет", 4, 1, 3);
        check("a\n\nпр", 5, 3, 2);
        check("a", 99, 1, 2);
    }
}
