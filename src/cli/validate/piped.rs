//! What can be read only once, such as a pipe: what was read is kept for a second look, the beginning in memory and the rest
//! in a file without a name, so that a document of any size costs no memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use crate::config;

/// Bytes that are kept in memory.
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// Names that are tried for the file.
const NAMES_MAX: u32 = 1000;

/// A source that gives again what it has given.
#[derive(Debug)]
pub(super) struct Piped<R> {
    source: R,
    kept: Kept,
    /// Bytes that have been read of the source.
    read: u64,
    /// The byte that is given next.
    at: u64,
    keeping: bool,
}

impl<R: Read> Piped<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, kept: Kept::default(), read: 0, at: 0, keeping: true }
    }

    /// Nothing more is kept: there will be no second look.
    pub(super) fn let_go(&mut self) {
        self.keeping = false;
    }
}

impl<R: Read> Read for Piped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = if self.at < self.kept.len() {
            self.kept.read_at(self.at, into)?
        } else {
            let count = self.source.read(into)?;
            if self.keeping {
                self.kept.push(&into[..count])?;
            }
            self.read += count as u64;
            count
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read> Seek for Piped<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else {
            return Err(io::Error::new(ErrorKind::Unsupported, "a pipe has no end to count from"));
        };
        if at > self.kept.len() || self.read > self.kept.len() {
            return Err(io::Error::other("what was read of the pipe has not been kept"));
        }
        self.at = at;
        Ok(at)
    }
}

/// Bytes in memory, and further ones in a file.
#[derive(Debug, Default)]
struct Kept {
    memory: Vec<u8>,
    file: Option<File>,
    file_bytes: u64,
}

impl Kept {
    fn len(&self) -> u64 {
        self.memory.len() as u64 + self.file_bytes
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            if self.memory.len() + bytes.len() <= MEMORY_BYTES_MAX {
                self.memory.extend_from_slice(bytes);
                return Ok(());
            }
            self.file = Some(nameless()?);
        }
        if let Some(file) = &self.file {
            file.write_all_at(bytes, self.file_bytes)?;
        }
        self.file_bytes += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let in_memory = usize::try_from(at).ok().and_then(|at| self.memory.get(at..)).unwrap_or_default();
        match &self.file {
            Some(file) if in_memory.is_empty() => file.read_at(into, at - self.memory.len() as u64),
            _ => (&mut &*in_memory).read(into),
        }
    }
}

/// A file that is only there while it is open, and that nobody else may read.
fn nameless() -> io::Result<File> {
    let folder = config::temporary_folder();
    let mut fault = io::Error::from(ErrorKind::AlreadyExists);
    for number in 0..NAMES_MAX {
        let path = folder.join(format!("mezhved-pipe-{}-{number}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return fs::remove_file(&path).map(|()| file),
            Err(taken) if taken.kind() == ErrorKind::AlreadyExists => fault = taken,
            Err(other) => return Err(io::Error::new(other.kind(), format!("{}: {other}", path.display()))),
        }
    }
    Err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of so many bytes, none of them in memory.
    fn source(bytes: u64) -> impl Read {
        io::repeat(b'a').take(bytes / 2).chain(io::repeat(b'b').take(bytes - bytes / 2))
    }

    #[test]
    fn what_was_read_is_given_again() {
        let memory = MEMORY_BYTES_MAX as u64;
        for (bytes, first) in
            [(0, 0), (10, 4), (10, 10), (memory, 5), (3 * memory + 7, 2 * memory), (3 * memory, 3 * memory)]
        {
            let mut piped = Piped::new(source(bytes));
            let mut start = Vec::new();
            (&mut piped).take(first).read_to_end(&mut start).unwrap();
            for from in [0, first / 2] {
                piped.seek(SeekFrom::Start(from)).unwrap();
                let mut got = Vec::new();
                piped.read_to_end(&mut got).unwrap();
                let mut expected = Vec::new();
                source(bytes).read_to_end(&mut expected).unwrap();
                assert!(got == expected[usize::try_from(from).unwrap()..], "{bytes} {first} {from}");
            }
            assert!(piped.kept.memory.len() <= MEMORY_BYTES_MAX);
        }
    }

    #[test]
    fn what_is_not_kept_costs_nothing_and_is_not_given_again() {
        let mut piped = Piped::new(source(5 << 20));
        let mut head = [0; 100];
        piped.read_exact(&mut head).unwrap();
        piped.rewind().unwrap();
        piped.let_go();
        assert_eq!(io::copy(&mut piped, &mut io::sink()).unwrap(), 5 << 20);
        assert_eq!((piped.kept.len(), piped.kept.file.is_none()), (100, true));
        assert!(piped.rewind().is_err());
    }
}
