//! A file that is written in several places at once: where it is made, and beside the places where it will be delivered, so that delivering
//! is little more than giving it its name there. A copy that cannot be written is given up and not missed: the delivery then copies the kept
//! file, and says what is wrong with the place.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::part::Part;

/// A file being written, and its copies.
#[derive(Debug)]
pub(super) struct Copies {
    own: Part,
    beside: Vec<(PathBuf, Part)>,
}

impl Copies {
    /// Begins a file in a folder, which is made where it is not there, and its copies in others.
    pub(super) fn begin(folder: &Path, beside: &[PathBuf]) -> io::Result<Self> {
        let own = Part::begin(folder)?;
        let beside = beside.iter().filter_map(|folder| Some((folder.clone(), Part::begin(folder).ok()?))).collect();
        Ok(Self { own, beside })
    }

    /// The file itself, where it is made.
    pub(super) fn own(&self) -> &Part {
        &self.own
    }

    /// The file itself; its copies are given up.
    pub(super) fn into_own(self) -> Part {
        self.own
    }

    /// The copies, each with its folder.
    pub(super) fn beside(&mut self) -> Vec<(PathBuf, Part)> {
        std::mem::take(&mut self.beside)
    }
}

impl Write for Copies {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.own.write(bytes)?;
        self.beside.retain_mut(|(_, copy)| copy.write_all(&bytes[..written]).is_ok());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.own.flush()?;
        self.beside.retain_mut(|(_, copy)| copy.flush().is_ok());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn copies_have_the_bytes_of_the_file_and_a_place_that_takes_none_is_left_out() {
        let folder = std::env::temp_dir().join(format!("mezhved-copies-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("no-folder"), b"").unwrap();
        let beside = ["there", "no-folder"].map(|name| folder.join(name));
        let mut copies = Copies::begin(&folder.join("made"), &beside).unwrap();
        copies.write_all(b"whole").unwrap();
        let copied = copies.beside();
        let places: Vec<&PathBuf> = copied.iter().map(|(place, _)| place).collect();
        assert_eq!(places, [&folder.join("there")]);
        assert_eq!(fs::read(copied[0].1.path()).unwrap(), b"whole");
        assert_eq!(fs::read(copies.own().path()).unwrap(), b"whole");
        assert!(copies.beside().is_empty(), "each copy is taken once");
        drop((copies, copied));
        for name in ["made", "there"] {
            assert_eq!(fs::read_dir(folder.join(name)).unwrap().count(), 0, "nothing is left of what nobody published");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
