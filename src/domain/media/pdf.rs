//! PDF with a password: the dictionary at the end of its table of objects (a trailer, or the dictionary of a cross-reference stream)
//! names an encryption dictionary. The tables are followed from the end of the file, each once; where they cannot be, the
//! whole file is searched for the name, stretch by stretch.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek};

use memchr::memmem;

use super::source::Source;

/// Where the end of a file says where its table begins.
const TAIL_BYTES: usize = 4096;
/// The longest dictionary that is read.
const DICTIONARY_BYTES_MAX: usize = 64 * 1024;
/// How many tables are followed.
const TABLES_MAX: usize = 64;
/// How deep dictionaries and lists may nest.
const DEPTH_MAX: usize = 64;
/// Bytes of an entry of a table.
const ENTRY_BYTES: u64 = 20;
/// Stretch of a search.
const STRETCH_BYTES: usize = 64 * 1024;

const ENCRYPT: &[u8] = b"Encrypt";

/// Whether a PDF asks for a password.
pub(super) fn is_locked<R: Read + Seek>(content: &mut Source<'_, R>) -> io::Result<bool> {
    let (_, tail) = content.tail(TAIL_BYTES)?;
    let Some(start) = start(&tail) else { return named_anywhere(content) };
    let mut waiting = vec![start];
    let mut seen = BTreeSet::new();
    while let Some(at) = waiting.pop() {
        if seen.len() == TABLES_MAX || !seen.insert(at) {
            continue;
        }
        match table(content, at)? {
            Some(table) if table.locked => return Ok(true),
            Some(table) => waiting.extend(table.others),
            None => return named_anywhere(content),
        }
    }
    Ok(false)
}

/// Where the last table begins.
fn start(tail: &[u8]) -> Option<u64> {
    const WORD: &[u8] = b"startxref";
    let at = tail.windows(WORD.len()).rposition(|window| window == WORD)?;
    Words { text: &tail[at + WORD.len()..] }.number()
}

/// What the dictionary of a table says.
struct Table {
    locked: bool,
    /// Where other tables begin.
    others: Vec<u64>,
}

/// The table that begins there; none where none does.
fn table<R: Read + Seek>(content: &mut Source<'_, R>, at: u64) -> io::Result<Option<Table>> {
    let stretch = content.stretch(at, DICTIONARY_BYTES_MAX)?;
    let mut words = Words { text: &stretch };
    if !words.takes(b"xref") {
        // A stream: two numbers, `obj`, and its dictionary.
        let object = words.number().is_some() && words.number().is_some() && words.takes(b"obj");
        return Ok(if object { dictionary(words.text) } else { None });
    }
    // Sections: the first number and how many; then so many entries of one length.
    let mut at = at + (stretch.len() - words.text.len()) as u64;
    for _ in 0..TABLES_MAX * TABLES_MAX {
        let stretch = content.stretch(at, DICTIONARY_BYTES_MAX)?;
        let mut words = Words { text: &stretch };
        if words.takes(b"trailer") {
            return Ok(dictionary(words.text));
        }
        let (Some(_), Some(entries)) = (words.number(), words.number()) else { return Ok(None) };
        words.skip_space();
        let Some(bytes) = entries.checked_mul(ENTRY_BYTES) else { return Ok(None) };
        let Some(next) = at.checked_add((stretch.len() - words.text.len()) as u64 + bytes) else { return Ok(None) };
        if next <= at || next > content.length() {
            return Ok(None);
        }
        at = next;
    }
    Ok(None)
}

/// The names of a dictionary's own members, and where its `Prev` and `XRefStm` point. None where it is cut short.
fn dictionary(text: &[u8]) -> Option<Table> {
    let mut words = Words { text };
    let mut table = Table { locked: false, others: Vec::new() };
    let mut depth = 0_usize;
    loop {
        words.skip_space();
        match words.text {
            [b'<', b'<', rest @ ..] => {
                (words.text, depth) = (rest, depth + 1);
            }
            [b'>', b'>', rest @ ..] => {
                (words.text, depth) = (rest, depth.checked_sub(1)?);
                if depth == 0 {
                    return Some(table);
                }
            }
            [b'[', rest @ ..] => {
                (words.text, depth) = (rest, depth + 1);
            }
            [b']', rest @ ..] => {
                (words.text, depth) = (rest, depth.checked_sub(1)?);
            }
            [b'(', ..] => words.skip_string()?,
            [b'<', rest @ ..] => words.text = after(rest, b'>')?,
            [b'/', rest @ ..] => {
                words.text = rest;
                let name = plain(words.regular());
                if depth == 1 && *name == *ENCRYPT {
                    table.locked = true;
                }
                if depth == 1 && (*name == *b"Prev" || *name == *b"XRefStm") {
                    table.others.extend(words.number());
                }
            }
            [_, ..] if depth > 0 => {
                if words.regular().is_empty() {
                    return None;
                }
            }
            _ => return None,
        }
        if depth > DEPTH_MAX {
            return None;
        }
    }
}

/// Whether the name of an encryption dictionary stands anywhere in the file.
fn named_anywhere<R: Read + Seek>(content: &mut Source<'_, R>) -> io::Result<bool> {
    const SOUGHT: &[u8] = b"/Encrypt";
    let mut at = 0;
    while at < content.length() {
        let stretch = content.stretch(at, STRETCH_BYTES)?;
        let ends = |end: usize| stretch.get(end).is_none_or(|byte| !is_regular(*byte));
        if memmem::find_iter(&stretch, SOUGHT).any(|at| ends(at + SOUGHT.len())) {
            return Ok(true);
        }
        if stretch.len() < STRETCH_BYTES {
            break;
        }
        at += (STRETCH_BYTES - SOUGHT.len()) as u64;
    }
    Ok(false)
}

/// A name without its escapes: `#45` is an E.
fn plain(written: &[u8]) -> Cow<'_, [u8]> {
    if !written.contains(&b'#') {
        return Cow::Borrowed(written);
    }
    let mut name = Vec::with_capacity(written.len());
    let mut rest = written;
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'#').and_then(|two| hex::decode(two).ok());
        match escaped.as_deref() {
            Some([byte]) => {
                name.push(*byte);
                rest = &after[2..];
            }
            _ => {
                name.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(name)
}

/// What follows a byte.
fn after(text: &[u8], byte: u8) -> Option<&[u8]> {
    let at = text.iter().position(|one| *one == byte)?;
    text.get(at + 1..)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

/// A walk over the words of a PDF.
struct Words<'a> {
    text: &'a [u8],
}

impl<'a> Words<'a> {
    /// White space and comments.
    fn skip_space(&mut self) {
        loop {
            self.text = &self.text[self.text.iter().take_while(|byte| is_space(**byte)).count()..];
            if !self.text.starts_with(b"%") {
                return;
            }
            let line = self.text.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
            self.text = &self.text[line..];
        }
    }

    /// The regular characters that stand here.
    fn regular(&mut self) -> &'a [u8] {
        let (word, rest) = self.text.split_at(self.text.iter().take_while(|byte| is_regular(**byte)).count());
        self.text = rest;
        word
    }

    fn number(&mut self) -> Option<u64> {
        self.skip_space();
        std::str::from_utf8(self.regular()).ok()?.parse().ok()
    }

    fn takes(&mut self, word: &[u8]) -> bool {
        self.skip_space();
        match self.text.strip_prefix(word) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    /// A text in parentheses, which may nest and be escaped.
    fn skip_string(&mut self) -> Option<()> {
        let (mut depth, mut at) = (0_usize, 0);
        loop {
            match self.text.get(at)? {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                self.text = self.text.get(at..)?;
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn locked(file: &[u8]) -> bool {
        is_locked(&mut Source::new(&mut Cursor::new(file)).unwrap()).unwrap()
    }

    /// A file with a table at its end, whose trailer is this.
    fn with_trailer(body: &str, trailer: &str) -> Vec<u8> {
        let head = format!("%PDF-1.7\n{body}\n");
        let table = "xref\n0 2\n0000000000 65535 f\r\n0000000009 00000 n\r\n5 1\n0000000019 00000 n\r\n";
        format!("{head}{table}trailer\n{trailer}\nstartxref\n{}\n%%EOF\n", head.len()).into_bytes()
    }

    /// A file whose table is a stream with this dictionary.
    fn with_stream(body: &str, dictionary: &str) -> Vec<u8> {
        let head = format!("%PDF-1.7\n{body}\n");
        format!("{head}12 0 obj\n{dictionary}\nstream\n…\nendstream\nendobj\nstartxref\n{}\n%%EOF\n", head.len())
            .into_bytes()
    }

    #[test]
    fn the_dictionary_of_the_table_tells() {
        let nested = "<</Root 1 0 R /Info <</Encrypt 5 0 R>> /ID [<ab> (/Encrypt \\) (x))] % /Encrypt\n /Size 3>>";
        for (file, is) in [
            (with_trailer("", "<</Size 3 /Root 1 0 R>>"), false),
            (with_trailer("", "<</Size 3 /Encrypt 5 0 R /Root 1 0 R>>"), true),
            (with_trailer("", "<</Size 3/Encrypt<</Filter/Standard>>/Root 1 0 R>>"), true),
            (with_trailer("", "<</Size 3 /#45ncr#79pt 5 0 R>>"), true),
            (with_trailer("", "<</EncryptMetadata false /Root 1 0 R>>"), false),
            (with_trailer("(how to /Encrypt a file)", "<</Size 3 /Root 1 0 R>>"), false),
            (with_trailer("", nested), false),
            (with_stream("", "<</Type /XRef /W [1 2 1] /Root 1 0 R /Encrypt 9 0 R>>"), true),
            (with_stream("/Encrypt in a text", "<</Type /XRef /W [1 2 1] /Root 1 0 R>>"), false),
            (b"%PDF-1.7\nno table at all".to_vec(), false),
            (b"%PDF-1.7\ntrailer <</Encrypt 5 0 R>>".to_vec(), true),
            (b"%PDF-1.7\nstartxref\n99999\n%%EOF /Encrypt ".to_vec(), true),
        ] {
            assert_eq!(locked(&file), is, "{}", String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn tables_before_the_last_one_are_followed_and_circles_end() {
        let first = with_trailer("", "<</Size 3 /Encrypt 5 0 R>>");
        let mut file = first.clone();
        let at = file.len();
        let table = "xref\n0 0\ntrailer\n<</Size 3 /Prev 10>>\nstartxref\n";
        file.extend(format!("{table}{at}\n%%EOF").bytes());
        assert!(locked(&file));
        let circle = with_trailer("", "<</Size 3 /Prev 10 /XRefStm 10>>");
        assert!(!locked(&circle));
    }

    #[test]
    fn the_name_is_found_across_stretches() {
        for before in [STRETCH_BYTES - 12, STRETCH_BYTES - 8, STRETCH_BYTES - 3, STRETCH_BYTES, 3 * STRETCH_BYTES] {
            let mut file = b"%PDF-1.7\n".to_vec();
            file.resize(before, b'.');
            file.extend(b"/Encrypt 5 0 R");
            assert!(locked(&file), "{before}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(mut file in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..300) {
            file.splice(0..0, *b"%PDF-");
            file.extend(format!("\nstartxref\n{at}\n%%EOF").bytes());
            locked(&file);
        }

        #[test]
        fn a_file_with_any_bytes_changed_is_judged(
            changes in prop::collection::vec((0_usize..1000, any::<u8>()), 0..10),
            stream: bool,
        ) {
            let dictionary = "<</Size 3 /Root 1 0 R /ID [<aa> (b)] /Prev 9 /Encrypt 5 0 R>>";
            let mut file = if stream { with_stream("", dictionary) } else { with_trailer("", dictionary) };
            prop_assert!(locked(&file));
            for (at, byte) in changes {
                let at = at % file.len();
                file[at] = byte;
            }
            locked(&file);
        }

        #[test]
        fn words_nested_without_end_are_judged(open in prop::sample::select(vec!["<<", "[", "(", "<< /A "]), times in 1_usize..40_000) {
            locked(&with_trailer("", &open.repeat(times)));
        }
    }
}
