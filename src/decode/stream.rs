//! Bytes become text piece by piece, by the same rule as a whole body, in constant memory: for files of any size.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{DECLARATION_BYTES_MAX, Undecodable, marked, named};

/// Bytes read from the source at once.
const CHUNK_BYTES: usize = 64 << 10;
/// A byte that no UTF-8 text holds: stands where the source is not text in its encoding, so that whoever reads the text
/// meets the fault at its place.
const NO_TEXT: u8 = 0xFF;

/// The text of a source as UTF-8 bytes, without a byte order mark.
#[derive(Debug)]
pub struct Stream<S> {
    source: S,
    encoding: &'static Encoding,
    /// None for UTF-8, which passes as it is.
    recoding: Option<Box<Recoding>>,
}

/// A source that is not in UTF-8.
struct Recoding {
    decoder: Decoder,
    chunk: Vec<u8>,
    /// The part of the chunk that has not been decoded yet.
    start: usize,
    end: usize,
    source_ended: bool,
    text: Vec<u8>,
    /// The part of the text that has not been handed out yet.
    given: usize,
    finished: bool,
}

impl std::fmt::Debug for Recoding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Recoding").field("encoding", &self.decoder.encoding().name()).finish_non_exhaustive()
    }
}

impl<S: Read + Seek> Stream<S> {
    /// The text of a source from its beginning. Where an eight-bit encoding is declared, the source is read twice: bytes
    /// that are UTF-8 throughout are UTF-8.
    ///
    /// # Errors
    /// Outside, what reading meets; inside, a declared encoding that is not known.
    pub fn open(mut source: S) -> io::Result<Result<Self, Undecodable>> {
        let mut head = Vec::with_capacity(DECLARATION_BYTES_MAX);
        (&mut source).take(DECLARATION_BYTES_MAX as u64).read_to_end(&mut head)?;
        let (mut encoding, skip) = match marked(&head).and_then(|found| found.map_or_else(|| named(&head), Ok)) {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let two_byte = encoding == UTF_16LE || encoding == UTF_16BE;
        if encoding != UTF_8 && !two_byte && is_utf8(&mut source)? {
            encoding = UTF_8;
        }
        source.seek(SeekFrom::Start(skip as u64))?;
        let recoding = (encoding != UTF_8).then(|| Box::new(Recoding::new(encoding)));
        Ok(Ok(Self { source, encoding, recoding }))
    }

    /// The source.
    pub fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// The name of the encoding.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.encoding.name()
    }
}

impl<S: Read> Read for Stream<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.recoding {
            None => self.source.read(into),
            Some(recoding) => recoding.read(&mut self.source, into),
        }
    }
}

impl Recoding {
    fn new(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder_without_bom_handling(),
            chunk: vec![0; CHUNK_BYTES],
            start: 0,
            end: 0,
            source_ended: false,
            text: Vec::new(),
            given: 0,
            finished: false,
        }
    }

    fn read(&mut self, source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.finished {
            self.fill(source)?;
        }
        let count = into.len().min(self.text.len() - self.given);
        into[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }

    /// Decodes one more chunk.
    fn fill(&mut self, source: &mut impl Read) -> io::Result<()> {
        if self.start == self.end && !self.source_ended {
            (self.start, self.end) = (0, source.read(&mut self.chunk)?);
            self.source_ended = self.end == 0;
        }
        let input = &self.chunk[self.start..self.end];
        // One byte of a source becomes three of text at most, and a little may be carried over.
        self.text.resize(input.len() * 3 + 16, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, self.source_ended);
        self.start += read;
        self.given = 0;
        self.text.truncate(written);
        match result {
            DecoderResult::InputEmpty => self.finished = self.source_ended,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.text.push(NO_TEXT);
                self.finished = true;
            }
        }
        Ok(())
    }
}

/// Whether a source is UTF-8 throughout.
fn is_utf8(source: &mut (impl Read + Seek)) -> io::Result<bool> {
    source.seek(SeekFrom::Start(0))?;
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut text = vec![0; CHUNK_BYTES * 3 + 16];
    loop {
        let count = source.read(&mut chunk)?;
        let (result, ..) = decoder.decode_to_utf8_without_replacement(&chunk[..count], &mut text, count == 0);
        match result {
            DecoderResult::Malformed(..) => return Ok(false),
            DecoderResult::InputEmpty | DecoderResult::OutputFull if count == 0 => return Ok(true),
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;
    use std::io::Cursor;

    /// Whole and piecewise, the same bytes become the same text; bytes that are none, a text that is none.
    fn check(body: &[u8]) {
        let whole = decode(body, usize::MAX);
        let stream = Stream::open(Cursor::new(body)).unwrap();
        match (whole, stream) {
            (Ok(whole), Ok(mut stream)) => {
                assert_eq!(stream.encoding(), whole.encoding);
                let mut text = Vec::new();
                stream.read_to_end(&mut text).unwrap();
                assert_eq!(std::str::from_utf8(&text).unwrap(), whole.text);
            }
            (Err(_), Err(_)) => {}
            (Err(refusal), Ok(mut stream)) => {
                let mut text = Vec::new();
                stream.read_to_end(&mut text).unwrap();
                assert!(text.is_empty() || std::str::from_utf8(&text).is_err(), "{refusal:?}");
            }
            (Ok(whole), Err(refusal)) => panic!("{} but {refusal:?}", whole.encoding),
        }
    }

    #[test]
    fn pieces_make_the_same_text_as_the_whole() {
        let long = "Ж€𝄞 z".repeat(50_000);
        let text = format!("<?xml version='1.0' encoding='windows-1251'?><а>{}</а>", "я".repeat(200_000));
        let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let marked = format!("\u{feff}<a>{long}</a>");
        check(text.as_bytes());
        check(&encoding_rs::WINDOWS_1251.encode(&text).0);
        check(marked.as_bytes());
        check(&utf_16(&marked, u16::to_le_bytes));
        check(&utf_16(&marked, u16::to_be_bytes));
        check(&utf_16(&format!("<a>{long}</a>"), u16::to_be_bytes));
        let declared = "<?xml version='1.0' encoding='Shift_JIS'?><a>ソソソ</a>";
        check(&encoding_rs::SHIFT_JIS.encode(declared).0);
        check(b"");
    }

    #[test]
    fn what_is_no_text_stays_none() {
        check(b"<?xml version='1.0' encoding='klingon'?><a/>");
        check(b"<?xml version='1.0' encoding='Shift_JIS'?><a>\xFF\xFF</a>");
        check(&[0xff, 0xfe, b'<', 0, 0x00, 0xd8]);
        check(&[0xff, 0xfe, b'<', 0, b'a']);
        check(b"<a>\xFF</a>");
    }
}
