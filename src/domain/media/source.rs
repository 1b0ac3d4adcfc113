//! Bytes of a content wherever they lie, read in bounded stretches: a file's content is never whole in memory.

use std::io::{self, Read, Seek, SeekFrom};

/// A content that can be read anywhere.
#[derive(Debug)]
pub(super) struct Source<'a, R> {
    reader: &'a mut R,
    length: u64,
}

impl<'a, R: Read + Seek> Source<'a, R> {
    pub(super) fn new(reader: &'a mut R) -> io::Result<Self> {
        let length = reader.seek(SeekFrom::End(0))?;
        Ok(Self { reader, length })
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes from `at` on, at most `bytes_max`; fewer where the content ends.
    pub(super) fn stretch(&mut self, at: u64, bytes_max: usize) -> io::Result<Vec<u8>> {
        let mut stretch = Vec::new();
        if at < self.length {
            self.reader.seek(SeekFrom::Start(at))?;
            self.reader.by_ref().take(bytes_max as u64).read_to_end(&mut stretch)?;
        }
        Ok(stretch)
    }

    /// The last bytes, at most so many, and where they begin.
    pub(super) fn tail(&mut self, bytes_max: usize) -> io::Result<(u64, Vec<u8>)> {
        let at = self.length.saturating_sub(bytes_max as u64);
        Ok((at, self.stretch(at, bytes_max)?))
    }
}

/// A little-endian number of up to eight bytes.
pub(super) fn number(content: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = content.get(at..)?.get(..bytes)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
