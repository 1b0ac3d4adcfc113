//! Where a reader's text comes from: the whole of it in memory, or a window that slides over a source.

use std::cell::Cell;
use std::io::Read;

use super::{FaultCode, Position};

/// A stretch of valid UTF-8 text that the reader looks at. Sealed: the two ways are [`Whole`] and [`Stream`].
pub trait Window: sealed::Sealed {
    /// Whether the text moves, so that names of open elements have to be kept aside.
    #[doc(hidden)]
    const MOVES: bool;

    /// The text in the window.
    #[doc(hidden)]
    fn text(&self) -> &str;

    /// The offset of the window's first byte in the document.
    #[doc(hidden)]
    fn base(&self) -> u64;

    /// Drops the text before `keep` and adds more behind the rest; false at the end of the source.
    #[doc(hidden)]
    fn extend(&mut self, keep: usize) -> Result<bool, FaultCode>;

    /// The position of an offset of the document, which may not lie before the window.
    #[doc(hidden)]
    fn position(&self, offset: u64) -> Position;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Whole<'_> {}
    impl<R> Sealed for super::Stream<R> {}
}

/// A text that is in memory as a whole; events borrow from it.
#[derive(Debug, Clone)]
pub struct Whole<'t> {
    text: &'t str,
    /// The place asked for last: the next one is mostly near behind it.
    last: Cell<Position>,
}

impl<'t> Whole<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, last: Cell::new(Position::START) }
    }
}

impl Window for Whole<'_> {
    const MOVES: bool = false;

    #[inline]
    fn text(&self) -> &str {
        self.text
    }

    #[inline]
    fn base(&self) -> u64 {
        0
    }

    fn extend(&mut self, _keep: usize) -> Result<bool, FaultCode> {
        Ok(false)
    }

    fn position(&self, offset: u64) -> Position {
        let end = usize::try_from(offset).unwrap_or(usize::MAX).min(self.text.len());
        let last = self.last.get();
        let start = usize::try_from(last.offset).unwrap_or(usize::MAX);
        let found = match self.text.as_bytes().get(start..end) {
            Some(between) => last.advance(between),
            None => Position::START.advance(&self.text.as_bytes()[..end]),
        };
        self.last.set(found);
        found
    }
}

/// Bytes read from the source at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes of a sequence of UTF-8 that a chunk may end within.
const SEQUENCE_BYTES_MAX: usize = 4;

/// A window that slides over a source of UTF-8 bytes; holds one chunk, or one piece of markup where that is longer.
#[derive(Debug)]
pub struct Stream<R> {
    source: R,
    text: String,
    base: Position,
    /// The place in the window asked for last: the next one is mostly near behind it.
    last: Cell<Position>,
    chunk: Vec<u8>,
    /// Bytes at the start of `chunk` that begin a sequence whose rest has not been read yet.
    carried: usize,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(source: R) -> Self {
        let (base, last) = (Position::START, Cell::new(Position::START));
        Self { source, text: String::new(), base, last, chunk: vec![0; CHUNK_BYTES], carried: 0 }
    }

    /// Reads until at least one whole character is there, or the source ends.
    fn fill(&mut self) -> Result<bool, FaultCode> {
        loop {
            let read = match self.source.read(&mut self.chunk[self.carried..]) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(FaultCode::ReadFailed),
            };
            if read == 0 {
                return if self.carried == 0 { Ok(false) } else { Err(FaultCode::BadEncoding) };
            }
            let filled = self.carried + read;
            let valid = match std::str::from_utf8(&self.chunk[..filled]) {
                Ok(text) => {
                    self.text.push_str(text);
                    filled
                }
                Err(error) if error.error_len().is_some() || filled - error.valid_up_to() >= SEQUENCE_BYTES_MAX => {
                    return Err(FaultCode::BadEncoding);
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    let text = std::str::from_utf8(&self.chunk[..valid]).map_err(|_| FaultCode::BadEncoding)?;
                    self.text.push_str(text);
                    valid
                }
            };
            self.chunk.copy_within(valid..filled, 0);
            self.carried = filled - valid;
            if valid > 0 {
                return Ok(true);
            }
        }
    }
}

impl<R: Read> Window for Stream<R> {
    const MOVES: bool = true;

    fn text(&self) -> &str {
        &self.text
    }

    fn base(&self) -> u64 {
        self.base.offset
    }

    fn extend(&mut self, keep: usize) -> Result<bool, FaultCode> {
        self.base = self.base.advance(&self.text.as_bytes()[..keep]);
        self.text.drain(..keep);
        let wanted = self.text.len().max(1);
        let mut grown = false;
        // At least doubles what is kept, so that scanning a long piece again stays linear.
        let before = self.text.len();
        while self.text.len() - before < wanted {
            if !self.fill()? {
                return Ok(grown);
            }
            grown = true;
        }
        Ok(true)
    }

    fn position(&self, offset: u64) -> Position {
        let within = |offset: u64| usize::try_from(offset.saturating_sub(self.base.offset)).unwrap_or(usize::MAX);
        let end = within(offset).min(self.text.len());
        let last = Some(self.last.get()).filter(|last| (self.base.offset..=offset).contains(&last.offset));
        let from = last.unwrap_or(self.base);
        let found = from.advance(&self.text.as_bytes()[within(from.offset).min(end)..end]);
        self.last.set(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drops<'t>(&'t [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            into[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn sequences_may_be_cut_anywhere() {
        let mut window = Stream::new(Drops("я\n€".as_bytes()));
        while window.extend(0).unwrap() {}
        assert_eq!(window.text(), "я\n€");
        assert_eq!(window.position(3), Position { line: 2, column: 1, offset: 3 });
        window.extend(3).unwrap();
        assert_eq!((window.text(), window.base()), ("€", 3));
        assert_eq!(window.position(6), Position { line: 2, column: 2, offset: 6 });
    }

    #[test]
    fn broken_sequences_are_refused() {
        for bytes in [&b"\xFF"[..], b"a\xE2\x82", b"\xC0\x80"] {
            let mut window = Stream::new(Drops(bytes));
            let outcome = loop {
                match window.extend(0) {
                    Ok(true) => {}
                    other => break other,
                }
            };
            assert_eq!(outcome, Err(FaultCode::BadEncoding), "{bytes:?}");
        }
    }
}
