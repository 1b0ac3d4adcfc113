//! Compound files (OLE): what older office programs write, and what an office document with a password is wrapped into. Told by
//! the names in the file's directory, a bounded number of sectors of it.

use std::io::{self, Read, Seek};

use super::source::{Source, number};
use super::{ENCRYPTED_OFFICE, Told};

/// What every compound file begins with.
pub(super) const MAGIC: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// The stream that holds the encrypted document.
const PACKAGE: &str = "EncryptedPackage";
const HEADER_BYTES: usize = 512;
const ENTRY_BYTES: usize = 128;
/// Sectors of the directory that are read.
const SECTORS_MAX: usize = 64;
/// The table of sectors is followed so far as the header itself names its parts.
const TABLE_PARTS: u64 = 109;

/// What a compound file tells; `otherwise` is what it is where it is no locked office document.
pub(super) fn told<R: Read + Seek>(content: &mut Source<'_, R>, otherwise: Option<&'static str>) -> io::Result<Told> {
    let locked = is_locked(content)?;
    Ok(Told { media_type: if locked { Some(ENCRYPTED_OFFICE) } else { otherwise }, locked })
}

fn is_locked<R: Read + Seek>(content: &mut Source<'_, R>) -> io::Result<bool> {
    let header = content.stretch(0, HEADER_BYTES)?;
    let shift = number(&header, 30, 2).unwrap_or_default();
    let Some(mut sector) = number(&header, 48, 4).filter(|_| shift == 9 || shift == 12) else { return Ok(false) };
    let size = 1_u64 << shift;
    for _ in 0..SECTORS_MAX {
        let directory = content.stretch((sector + 1) * size, 1 << shift)?;
        if directory.chunks_exact(ENTRY_BYTES).any(|entry| named(entry, PACKAGE)) {
            return Ok(true);
        }
        // The next sector stands in the table, whose parts the header lists.
        let (part, place) = (sector / (size / 4), sector % (size / 4));
        let listed = usize::try_from(part).ok().filter(|_| part < TABLE_PARTS).map(|part| 76 + part * 4);
        let Some(part) = listed.and_then(|at| number(&header, at, 4)) else { return Ok(false) };
        let entry = content.stretch((part + 1) * size + place * 4, 4)?;
        match number(&entry, 0, 4) {
            // Beyond are the marks of an end and of free sectors.
            Some(next) if next < 0xFFFF_FFFA => sector = next,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Whether an entry of the directory has this name, in UTF-16 with a zero behind it.
fn named(entry: &[u8], name: &str) -> bool {
    let mut written = entry.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    name.encode_utf16().chain([0]).all(|unit| written.next() == Some(unit))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// A compound file of sectors of 512 bytes: the table, then a directory with these names, four a sector.
    pub(in crate::domain::media) fn compound(names: &[&str]) -> Vec<u8> {
        let sectors = names.len().div_ceil(4);
        let mut file = vec![0; HEADER_BYTES * (2 + sectors)];
        file[..8].copy_from_slice(MAGIC);
        file[30..32].copy_from_slice(&9_u16.to_le_bytes());
        file[48..52].copy_from_slice(&1_u32.to_le_bytes());
        file[76..80].copy_from_slice(&0_u32.to_le_bytes());
        let table = HEADER_BYTES;
        for sector in 1..=sectors {
            let next = if sector == sectors { 0xFFFF_FFFE } else { u32::try_from(sector + 1).unwrap() };
            file[table + sector * 4..table + sector * 4 + 4].copy_from_slice(&next.to_le_bytes());
        }
        for (number, name) in names.iter().enumerate() {
            let at = HEADER_BYTES * 2 + number * ENTRY_BYTES;
            for (place, unit) in name.encode_utf16().enumerate() {
                file[at + place * 2..at + place * 2 + 2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        file
    }

    fn locked(file: &[u8]) -> bool {
        is_locked(&mut Source::new(&mut Cursor::new(file)).unwrap()).unwrap()
    }

    #[test]
    fn the_directory_tells_a_locked_document() {
        for (names, is) in [
            (&["Root Entry", "EncryptionInfo", "EncryptedPackage"][..], true),
            (&["Root Entry", "\u{6}DataSpaces", "Version", "DataSpaceMap", "DataSpaceInfo", "EncryptedPackage"], true),
            (&["Root Entry", "WordDocument", "1Table"], false),
            (&["Root Entry", "EncryptedPackageX"], false),
            (&[], false),
        ] {
            assert_eq!(locked(&compound(names)), is, "{names:?}");
        }
    }

    #[test]
    fn a_directory_in_a_circle_ends() {
        let mut file = compound(&["Root Entry"]);
        file[HEADER_BYTES + 4..HEADER_BYTES + 8].copy_from_slice(&1_u32.to_le_bytes());
        assert!(!locked(&file));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(mut file in prop::collection::vec(any::<u8>(), 0..1500), shift in 0_u16..20) {
            file.splice(0..0, MAGIC.iter().copied());
            if file.len() > 32 {
                file[30..32].copy_from_slice(&shift.to_le_bytes());
            }
            locked(&file);
        }
    }
}
