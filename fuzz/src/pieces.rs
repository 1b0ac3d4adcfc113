//! A source that gives a few bytes at a time.

use std::io::Read;

/// Gives at most so many of the bytes at once.
#[derive(Debug)]
pub struct Drops<'t>(pub &'t [u8], pub usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(into.len());
        let (now, later) = self.0.split_at(length);
        into[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}
