//! What a compiled set was read from, to know whether it would still be the same.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::decode;
use crate::schema::Source;

/// A document that was asked for while a set was compiled.
#[derive(Debug)]
pub(super) struct Reading {
    path: String,
    /// The digest of what was there; none where nothing was.
    digest: Option<[u8; 32]>,
}

impl Reading {
    /// Whether the source still gives the same. Times and lengths would not tell: files may be rewritten within a tick of
    /// the file system's clock.
    pub(super) fn holds(&self, source: &dyn Source) -> bool {
        digest(&source.read(&self.path)) == self.digest
    }
}

/// A source that notes what is read from it.
pub(super) struct Recorded<'s> {
    source: &'s dyn Source,
    readings: RefCell<BTreeMap<String, Option<[u8; 32]>>>,
}

impl<'s> Recorded<'s> {
    pub(super) fn new(source: &'s dyn Source) -> Self {
        Self { source, readings: RefCell::default() }
    }

    /// What has been read, each document once.
    pub(super) fn into_readings(self) -> Vec<Reading> {
        self.readings.into_inner().into_iter().map(|(path, digest)| Reading { path, digest }).collect()
    }
}

impl Source for Recorded<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = self.source.read(path);
        self.readings.borrow_mut().insert(path.to_owned(), digest(&read));
        read
    }

    fn identity(&self, path: &str) -> String {
        self.source.identity(path)
    }
}

fn digest(read: &Result<Vec<u8>, String>) -> Option<[u8; 32]> {
    read.as_ref().ok().map(|bytes| decode::hash(bytes))
}
