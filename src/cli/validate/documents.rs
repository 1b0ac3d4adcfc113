//! `validate --schema`: any document against given schemas, of any size, in constant memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Stdin};
use std::path::Path;

use super::excerpt::{self, Excerpt};
use super::finding::{Judged, Wording};
use super::piped::Piped;
use super::{Found, STANDARD_INPUT};
use crate::decode::{Stream, Undecodable};
use crate::rules::Rules;
use crate::validate::{self, Options, Verdict};
use crate::xml::{Doctype, Limits};

/// Limits for documents of others: far beyond those for messages, but still limits.
const DEPTH_MAX: usize = 10_000;
const ATTRIBUTES_MAX: usize = 100_000;
/// Every prefix is looked up among those in scope.
const NAMESPACES_MAX: usize = 4096;
const BYTES_MAX: usize = 1 << 30;

/// Validates documents one after the other.
#[derive(Debug)]
pub(super) struct Documents<'r> {
    pub(super) rules: &'r Rules,
    pub(super) violations_max: usize,
    pub(super) wording: Wording,
    /// Whether places are to be shown.
    pub(super) excerpts: bool,
    /// Whether documents may have a DOCTYPE.
    pub(super) doctype: Doctype,
}

/// What is read from the beginning, twice if need be.
enum Source {
    File(File),
    /// A pipe, or what else cannot be read twice.
    Pipe(Piped<File>),
    Input(Piped<Stdin>),
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == STANDARD_INPUT {
            return Ok(Self::Input(Piped::new(io::stdin())));
        }
        let file = File::open(path)?;
        Ok(if file.metadata()?.is_file() { Self::File(file) } else { Self::Pipe(Piped::new(file)) })
    }

    /// There will be no second look.
    fn let_go(&mut self) {
        match self {
            Self::File(_) => {}
            Self::Pipe(pipe) => pipe.let_go(),
            Self::Input(input) => input.let_go(),
        }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Pipe(pipe) => pipe.read(into),
            Self::Input(input) => input.read(into),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Pipe(pipe) => pipe.seek(to),
            Self::Input(input) => input.seek(to),
        }
    }
}

impl Documents<'_> {
    /// The verdict on a file, and an excerpt for each finding where they are wanted.
    pub(super) fn judge(&self, path: &Path) -> io::Result<Found> {
        let file = path.display().to_string();
        let mut source = Source::open(path)?;
        let mut stream = match Stream::open(&mut source)? {
            Ok(stream) => stream,
            Err(refusal) => return Ok((Judged::undecodable(file, &refusal, self.wording), Vec::new())),
        };
        if !self.excerpts {
            stream.source_mut().let_go();
        }
        let verdict = self.verdict(stream)?;
        let judged = Judged::verdict(file, &verdict, self.wording);
        let excerpts = if self.excerpts && !judged.violations.is_empty() {
            source.rewind()?;
            let again = Stream::open(&mut source)?
                .map_err(|refusal: Undecodable| io::Error::other(refusal.text(self.wording.language)))?;
            excerpts(again, &judged)?
        } else {
            Vec::new()
        };
        Ok((judged, excerpts))
    }
}

impl Documents<'_> {
    fn verdict(&self, mut stream: impl Read) -> io::Result<Verdict> {
        let (violations_max, doctype) = (self.violations_max, self.doctype);
        let options = Options { violations_max, limits: limits(), doctype, ..Options::default() };
        if doctype == Doctype::Refused {
            return Ok(validate::check_read(stream, self.rules, &options));
        }
        // Entities are looked up all over a document, so one that may have them is held as a whole.
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(match std::str::from_utf8(&bytes) {
            Ok(text) => validate::check(text, self.rules, &options),
            Err(_) => validate::check_read(bytes.as_slice(), self.rules, &options),
        })
    }
}

/// An excerpt for each finding that has a place.
pub(super) fn excerpts(text: impl Read, judged: &Judged) -> io::Result<Vec<Option<Excerpt>>> {
    let placed = judged.violations.iter().enumerate();
    let mut places: Vec<(u64, u64, usize)> =
        placed.filter_map(|(number, found)| Some((found.offset?, found.length?, number))).collect();
    places.sort_unstable();
    let stretches: Vec<(u64, u64)> = places.iter().map(|&(offset, length, _)| (offset, length)).collect();
    let mut excerpts: Vec<Option<Excerpt>> = judged.violations.iter().map(|_| None).collect();
    for (excerpt, (.., number)) in excerpt::gather(text, &stretches)?.into_iter().zip(places) {
        excerpts[number] = Some(excerpt);
    }
    Ok(excerpts)
}

fn limits() -> Limits {
    Limits {
        document_bytes_max: u64::MAX,
        depth_max: DEPTH_MAX,
        attributes_max: ATTRIBUTES_MAX,
        namespaces_max: NAMESPACES_MAX,
        name_bytes_max: BYTES_MAX,
        text_bytes_max: BYTES_MAX,
        attribute_value_bytes_max: BYTES_MAX,
        markup_bytes_max: BYTES_MAX,
        ..Limits::default()
    }
}
