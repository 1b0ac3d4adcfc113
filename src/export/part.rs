//! A file that is being written: beside its place, under a name that nobody takes for finished, locked by its process. It is renamed when
//! it is whole, and gone when its writer gives up; what a killed process left is swept, because nobody holds its lock any more.

use std::fs::{self, File};
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, FlockOperation, fadvise, flock};

use crate::failpoint;

/// What such a file's name begins and ends with.
const BEFORE: &str = ".mezhved-";
const AFTER: &str = ".part";
/// Bytes after which the system is asked to begin with writing them to the disk: all of them at the end would be one long wait, for the
/// file's writer and for whoever commits at that moment.
const BEGIN_BYTES: u64 = 8 * 1024 * 1024;

/// A file that is not finished.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    /// Bytes that it has, and how many of them the system was asked to write to the disk.
    bytes: u64,
    begun: u64,
}

impl Part {
    /// Begins a file in a folder, which is made where it is not there, and sweeps what killed writers left in it.
    pub(crate) fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        sweep(folder)?;
        let path = folder.join(format!("{BEFORE}{}{AFTER}", uuid::Uuid::now_v7()));
        let file = File::create_new(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { path, file, bytes: 0, begun: 0 })
    }

    /// Where it is as long as it is not finished.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks the system to begin with writing to the disk what it has not been asked for. It is told that the bytes are not needed soon, which
    /// starts the writing and drops only what is written. Only advice: what makes bytes lasting is [`Self::sync`].
    fn begin_writing(&mut self) {
        let length = NonZeroU64::new(self.bytes - self.begun);
        let _not_every_file_system_takes_advice = fadvise(&self.file, self.begun, length, Advice::DontNeed);
        self.begun = self.bytes;
    }

    /// Makes its bytes lasting.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives it its name in its folder, for good.
    pub(crate) fn publish(self, path: &Path) -> io::Result<()> {
        self.sync()?;
        failpoint::hit("export.before-rename");
        fs::rename(&self.path, path)?;
        // The part's own folder, not that of `path`: a name without one has an empty parent.
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        failpoint::disk(bytes.len())?;
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        if self.bytes - self.begun >= BEGIN_BYTES {
            self.begin_writing();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it has its name there is nothing under this one; otherwise the fault that ended it is the one to tell.
        drop(fs::remove_file(&self.path));
    }
}

/// Removes unfinished files of a folder whose writers are no more; gives how many.
pub(super) fn sweep(folder: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(fault) => return Err(fault),
    };
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(BEFORE) && name.ends_with(AFTER)) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() && fs::remove_file(entry.path()).is_ok() {
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("mezhved-part-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = folder();
        let mut part = Part::begin(&folder).unwrap();
        part.write_all(b"whole").unwrap();
        assert!(!names(&folder).contains(&"a.csv".to_owned()));
        part.publish(&folder.join("a.csv")).unwrap();
        let mut given_up = Part::begin(&folder).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(names(&folder), ["a.csv"]);
        assert_eq!(fs::read(folder.join("a.csv")).unwrap(), b"whole");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_name_without_a_folder_is_a_place_too() {
        let name = PathBuf::from(format!("{}.trial", uuid::Uuid::now_v7()));
        Part::begin(Path::new(".")).unwrap().publish(&name).unwrap();
        fs::remove_file(&name).unwrap();
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_a_living_one_is_let_be() {
        let folder = folder();
        let living = Part::begin(&folder).unwrap();
        fs::write(folder.join(format!("{BEFORE}killed{AFTER}")), b"half").unwrap();
        fs::write(folder.join("other.part"), b"not ours").unwrap();
        let another = Part::begin(&folder).unwrap();
        assert!(living.path().exists() && another.path().exists());
        drop((living, another));
        assert_eq!(names(&folder), ["other.part"]);
        assert_eq!(sweep(&folder.join("nowhere")).unwrap(), 0);
        fs::remove_dir_all(folder).unwrap();
    }
}
