//! Zip archives, told by their directory alone: an office document from a plain archive, a locked one from an open one. Nothing is
//! unpacked, so that no archive costs more than its directory, and of that only so much is read.

use std::io::{self, Read, Seek};

use super::source::{Source, number};
use super::{DOCX, Told, XLSX, ZIP};

/// How many entries of a directory are read.
const ENTRIES_MAX: usize = 10_000;
/// How many bytes of a directory are read at once; an entry is never longer than three of the longest texts and its head.
const STRETCH_BYTES: usize = 4 * ENTRY_BYTES_MAX;
const ENTRY_BYTES_MAX: usize = ENTRY_BYTES + 3 * u16::MAX as usize;
/// The head of a directory's entry.
const ENTRY_BYTES: usize = 46;
/// The record at the end of an archive, without its comment.
const END_BYTES: usize = 22;
/// The record that says where the end of a large archive is.
const LOCATOR_BYTES: usize = 20;
/// In a field of the end record: look into the large archive's own record.
const ELSEWHERE: u64 = u32::MAX as u64;

/// What the names in an archive's directory tell.
const NAMES: [(&[u8], &str); 5] = [
    (b"word/document.xml", DOCX),
    (b"xl/workbook.xml", XLSX),
    (b"xl/workbook.bin", XLSX),
    (b"ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"META-INF/manifest.xml", "application/vnd.oasis.opendocument"),
];

pub(super) fn told<R: Read + Seek>(content: &mut Source<'_, R>) -> io::Result<Told> {
    let mut told = Told { media_type: Some(ZIP), locked: false };
    let Some(mut at) = directory(content)? else { return Ok(told) };
    let (mut stretch, mut offset) = (content.stretch(at, STRETCH_BYTES)?, 0);
    for _ in 0..ENTRIES_MAX {
        // An entry may say that it is longer than what there is.
        if stretch.len().saturating_sub(offset) < ENTRY_BYTES_MAX && stretch.len() == STRETCH_BYTES {
            at += offset as u64;
            (stretch, offset) = (content.stretch(at, STRETCH_BYTES)?, 0);
        }
        let Some(entry) = stretch.get(offset..).and_then(Entry::at) else { break };
        offset += entry.bytes;
        told.locked |= entry.locked;
        if let Some(&(_, kind)) = NAMES.iter().find(|(name, _)| *name == entry.name)
            && told.media_type == Some(ZIP)
        {
            told.media_type = Some(kind);
        }
    }
    Ok(told)
}

/// An entry of the directory.
struct Entry<'a> {
    name: &'a [u8],
    locked: bool,
    bytes: usize,
}

impl<'a> Entry<'a> {
    /// The entry that begins here; none where none does, or where it is cut short.
    fn at(directory: &'a [u8]) -> Option<Self> {
        let head = directory.get(..ENTRY_BYTES)?;
        if !head.starts_with(b"PK\x01\x02") {
            return None;
        }
        let field = |at| number(head, at, 2).and_then(|value| usize::try_from(value).ok());
        let [name, extra, comment] = [field(28)?, field(30)?, field(32)?];
        Some(Self {
            name: directory.get(ENTRY_BYTES..ENTRY_BYTES + name)?,
            locked: field(8)? & 1 == 1,
            bytes: ENTRY_BYTES + name + extra + comment,
        })
    }
}

/// Where the directory begins, as the end of the archive says.
fn directory<R: Read + Seek>(content: &mut Source<'_, R>) -> io::Result<Option<u64>> {
    let (from, tail) = content.tail(END_BYTES + u16::MAX as usize)?;
    let Some(end) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else { return Ok(None) };
    match number(&tail, end + 16, 4) {
        Some(ELSEWHERE) => large(content, (from + end as u64).saturating_sub(LOCATOR_BYTES as u64)),
        at => Ok(at),
    }
}

/// The same of an archive that is too large for the usual end; its locator stands before that.
fn large<R: Read + Seek>(content: &mut Source<'_, R>, locator: u64) -> io::Result<Option<u64>> {
    const RECORD_BYTES: usize = 56;
    let locator = content.stretch(locator, LOCATOR_BYTES)?;
    let Some(record) = number(&locator, 8, 8).filter(|_| locator.starts_with(b"PK\x06\x07")) else { return Ok(None) };
    let record = content.stretch(record, RECORD_BYTES)?;
    Ok(number(&record, 48, 8).filter(|_| record.starts_with(b"PK\x06\x06")))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn told(file: &[u8]) -> Told {
        super::told(&mut Source::new(&mut Cursor::new(file)).unwrap()).unwrap()
    }

    /// A zip file whose directory names these entries; the entries themselves are empty.
    pub(in crate::domain::media) fn zip(names: &[&str]) -> Vec<u8> {
        file(names, 0, false)
    }

    fn file(names: &[&str], flags: u16, large: bool) -> Vec<u8> {
        let mut file = b"PK\x03\x04".to_vec();
        let directory = file.len() as u64;
        for name in names {
            let mut entry = [0; ENTRY_BYTES];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[8..10].copy_from_slice(&flags.to_le_bytes());
            entry[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
            file.extend(entry);
            file.extend(name.bytes());
        }
        let mut end = [0; END_BYTES];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[16..20].copy_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
        if large {
            let record = file.len() as u64;
            let mut own = [0; 56];
            own[..4].copy_from_slice(b"PK\x06\x06");
            own[48..56].copy_from_slice(&directory.to_le_bytes());
            file.extend(own);
            let mut locator = [0; LOCATOR_BYTES];
            locator[..4].copy_from_slice(b"PK\x06\x07");
            locator[8..16].copy_from_slice(&record.to_le_bytes());
            file.extend(locator);
            end[16..20].fill(0xFF);
        }
        file.extend(end);
        file
    }

    #[test]
    fn the_directory_tells() {
        let many: Vec<String> = (0..9_000).map(|number| format!("{number:0>60}")).collect();
        let mut late: Vec<&str> = many.iter().map(String::as_str).collect();
        late.push("word/document.xml");
        for (file, media_type, locked) in [
            (file(&["[Content_Types].xml", "word/document.xml"], 0, false), DOCX, false),
            (file(&["[Content_Types].xml", "xl/workbook.xml"], 0, true), XLSX, false),
            (file(&["word/document.xml"], 1, false), DOCX, true),
            (file(&["план.pdf"], 0x801, false), ZIP, true),
            (file(&late, 0, false), DOCX, false),
            (file(&[], 0, false), ZIP, false),
            (b"PK\x03\x04 cut short".to_vec(), ZIP, false),
        ] {
            assert_eq!(told(&file), Told { media_type: Some(media_type), locked });
        }
    }

    #[test]
    fn of_a_directory_without_end_so_much_is_read() {
        let many = vec!["a"; ENTRIES_MAX];
        let mut names = many.clone();
        names.push("word/document.xml");
        assert_eq!(told(&file(&names, 0, false)).media_type, Some(ZIP));
    }

    proptest! {
        #[test]
        fn a_directory_with_any_bytes_changed_is_judged(
            at in prop::collection::vec((0_usize..400, any::<u8>()), 0..12),
            cut in 0_usize..400,
            large: bool,
        ) {
            let mut file = file(&["[Content_Types].xml", "word/document.xml", "план.pdf"], 0, large);
            for (at, byte) in at {
                let at = at % file.len();
                file[at] = byte;
            }
            let length = file.len();
            file.truncate(length - cut % length);
            prop_assert!(told(&file).media_type.is_some());
        }
    }
}
