//! Contents outside the tables: documents and large dead letters, each a file named by the SHA-256 of its bytes. A file
//! appears whole or not at all (written beside, synced, renamed), and is never changed.
//!
//! Keeping and removing may meet, in one process or in several. Whoever wants a content that is there already marks it as kept now, with the
//! lock of its folder shared; whoever removes holds the lock alone while it looks when the content was last kept and takes the file away. So
//! a content that somebody wanted since the moment that removal goes by stays, named by a row or not yet.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::StoredBody;
use crate::domain::media::{self, Held};

/// Bytes of a content that are in memory while it is read through.
const STRETCH_BYTES: usize = 64 * 1024;
/// New contents from which on they are synced together.
const TOGETHER_FROM: usize = 16;

/// A fault of the content store.
#[derive(Debug, Error)]
pub enum ContentFault {
    /// The folder cannot be read or written.
    #[error("content.away: {path}: {fault}")]
    Away {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// There is no such content.
    #[error("content.missing: sha256 {0} is not in the content store")]
    Missing(String),
    /// The file's bytes are not those it is named by.
    #[error("content.changed: the file of sha256 {0} has other bytes")]
    Changed(String),
    /// The message lies in the tables, in a block that cannot be unpacked.
    #[error("content.damaged: the packed block that holds the message is damaged")]
    Damaged,
}

/// A folder of contents.
#[derive(Debug, Clone)]
pub struct Contents {
    folder: PathBuf,
}

impl Contents {
    /// Contents in this folder; it is made when the first one comes.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps contents, named by their SHA-256 and lasting when it returns; those that are there already stay as they
    /// are. Many new ones are synced together.
    pub fn keep(&self, contents: &[(String, Arc<Vec<u8>>)]) -> Result<(), ContentFault> {
        let new: Vec<(PathBuf, &[u8])> = contents
            .iter()
            .map(|(sha256, bytes)| (self.path(sha256), bytes.as_slice()))
            .filter(|(path, _)| !there(path))
            .collect();
        let sync = if new.len() < TOGETHER_FROM { Sync::Each } else { Sync::Together };
        let mut parts = Parts::default();
        let mut folders = BTreeSet::new();
        for (path, bytes) in new {
            let folder = path.parent().unwrap_or(&self.folder).to_path_buf();
            let part = folder.join(format!("{}.part", uuid::Uuid::now_v7()));
            let away = |fault| ContentFault::Away { path: path.clone(), fault };
            if !folder.exists() {
                fs::create_dir_all(&folder).map_err(away)?;
                // A new folder lasts when the one that it stands in is synced, too.
                folders.insert(self.folder.clone());
            }
            parts.0.push((part.clone(), path.clone()));
            write(&part, bytes, sync).map_err(away)?;
        }
        self.synced(sync, &[])?;
        for (part, path) in &parts.0 {
            fs::rename(part, path).map_err(|fault| ContentFault::Away { path: path.clone(), fault })?;
            folders.extend(path.parent().map(Path::to_path_buf));
        }
        parts.0.clear();
        self.synced(sync, &folders.into_iter().collect::<Vec<_>>())
    }

    /// Makes lasting what was written: these folders, or everything on the file system at once.
    fn synced(&self, sync: Sync, folders: &[PathBuf]) -> Result<(), ContentFault> {
        let away = |path: &Path| {
            let path = path.to_path_buf();
            move |fault| ContentFault::Away { path, fault }
        };
        match sync {
            Sync::Each => folders
                .iter()
                .try_for_each(|folder| File::open(folder).and_then(|folder| folder.sync_all()).map_err(away(folder))),
            Sync::Together => File::open(&self.folder)
                .and_then(|folder| rustix::fs::syncfs(&folder).map_err(io::Error::from))
                .map_err(away(&self.folder)),
        }
    }

    /// Takes a file in that has been written and synced beside, on the same file system; its bytes have this SHA-256.
    pub fn adopt(&self, file: &Path, sha256: &str) -> Result<(), ContentFault> {
        let path = self.path(sha256);
        let folder = path.parent().unwrap_or(&self.folder).to_path_buf();
        fs::create_dir_all(&folder)
            .and_then(|()| {
                let lock = File::open(&folder)?;
                lock.lock_shared()?;
                fs::rename(file, &path)
            })
            .map_err(|fault| ContentFault::Away { path: path.clone(), fault })?;
        self.synced(Sync::Each, &[folder, self.folder.clone()])
    }

    /// A content to be read piece by piece; who reads it all can hold the bytes against the name.
    pub fn open(&self, sha256: &str) -> Result<File, ContentFault> {
        if !named(sha256) {
            return Err(ContentFault::Missing(sha256.to_owned()));
        }
        let path = self.path(sha256);
        File::open(&path).map_err(|fault| match fault.kind() {
            io::ErrorKind::NotFound => ContentFault::Missing(sha256.to_owned()),
            _ => ContentFault::Away { path, fault },
        })
    }

    /// Whether a content is there.
    #[must_use]
    pub fn has(&self, sha256: &str) -> bool {
        named(sha256) && self.path(sha256).exists()
    }

    /// The bytes of a content, checked against its name.
    pub fn read(&self, sha256: &str) -> Result<Vec<u8>, ContentFault> {
        if !named(sha256) {
            return Err(ContentFault::Missing(sha256.to_owned()));
        }
        let path = self.path(sha256);
        let bytes = fs::read(&path).map_err(|fault| match fault.kind() {
            io::ErrorKind::NotFound => ContentFault::Missing(sha256.to_owned()),
            _ => ContentFault::Away { path, fault },
        })?;
        if hex::encode(Sha256::digest(&bytes)) == sha256 {
            Ok(bytes)
        } else {
            Err(ContentFault::Changed(sha256.to_owned()))
        }
    }

    /// A content's size and what it tells of itself; `None` where it is not there, or cannot be read. Who asks wants it: it counts as kept
    /// now, so that it is there when a message that refers to it has waited.
    #[must_use]
    pub fn held(&self, sha256: &str) -> Option<Held> {
        if !named(sha256) {
            return None;
        }
        let path = self.path(sha256);
        if !there(&path) {
            return None;
        }
        let mut file = File::open(path).ok()?;
        let bytes = file.metadata().ok()?.len();
        media::probe(&mut file).ok().map(|told| Held { bytes, told })
    }

    /// Reads a content through, stretch by stretch, and holds its bytes against its name.
    pub fn verify(&self, sha256: &str) -> Result<u64, ContentFault> {
        if !named(sha256) {
            return Err(ContentFault::Missing(sha256.to_owned()));
        }
        let path = self.path(sha256);
        let away = |fault: io::Error| match fault.kind() {
            io::ErrorKind::NotFound => ContentFault::Missing(sha256.to_owned()),
            _ => ContentFault::Away { path: path.clone(), fault },
        };
        let mut file = File::open(&path).map_err(away)?;
        let (mut hash, mut bytes, mut stretch) = (Sha256::new(), 0, vec![0; STRETCH_BYTES]);
        loop {
            let read = file.read(&mut stretch).map_err(away)?;
            if read == 0 {
                break;
            }
            hash.update(&stretch[..read]);
            bytes += read as u64;
        }
        if hex::encode(hash.finalize()) == sha256 { Ok(bytes) } else { Err(ContentFault::Changed(sha256.to_owned())) }
    }

    /// The folders that hold contents, by name. None where there is nothing yet.
    pub fn folders(&self) -> Result<Vec<PathBuf>, ContentFault> {
        let mut folders: Vec<PathBuf> = files(&self.folder)?.into_iter().map(|(path, _)| path).collect();
        folders.sort_unstable();
        Ok(folders)
    }

    /// The files of one of those folders that were last written before a moment, by name.
    pub fn files(&self, folder: &Path, before: SystemTime) -> Result<Vec<PathBuf>, ContentFault> {
        let old = |about: &fs::Metadata| about.modified().is_ok_and(|written| written < before);
        let found = files(folder)?.into_iter().filter(|(_, about)| old(about));
        let mut paths: Vec<PathBuf> = found.map(|(path, _)| path).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// Contents that were last kept before a moment, by name.
    pub fn kept_before(&self, moment: DateTime<Utc>) -> Result<Vec<String>, ContentFault> {
        let mut names = Vec::new();
        for folder in entries(&self.folder)?.into_iter().filter(|path| path.is_dir()) {
            for path in entries(&folder)? {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if named(&name) && kept_at(&path).is_some_and(|kept| kept < moment) {
                    names.push(name);
                }
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Removes contents, but for those that were kept again since a moment. Gives how many. Whoever keeps one at the same time keeps it.
    pub fn remove(&self, names: &[String], kept_before: DateTime<Utc>) -> Result<u64, ContentFault> {
        let mut removed = 0;
        for path in names.iter().filter(|name| named(name)).map(|name| self.path(name)) {
            match removed_alone(&path, kept_before) {
                Ok(gone) => removed += u64::from(gone),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(ContentFault::Away { path, fault }),
            }
        }
        Ok(removed)
    }

    /// The bytes of a stored message, wherever they are; `None` where retention removed them.
    pub fn resolve(&self, body: StoredBody) -> Result<Option<Vec<u8>>, ContentFault> {
        match body {
            StoredBody::Here(bytes) => Ok(Some(bytes)),
            StoredBody::Content(sha256) => self.read(&sha256).map(Some),
            StoredBody::Gone => Ok(None),
            StoredBody::Damaged => Err(ContentFault::Damaged),
        }
    }

    /// Whether the folder can be written to.
    pub fn ready(&self) -> Result<(), ContentFault> {
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::metadata(&self.folder))
            .map_err(|fault| ContentFault::Away { path: self.folder.clone(), fault })
            .map(drop)
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256.get(..2).unwrap_or("00")).join(sha256)
    }
}

/// What a folder holds.
fn files(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, ContentFault> {
    let away = |fault| ContentFault::Away { path: folder.to_path_buf(), fault };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(away(fault)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(away)?;
        match entry.metadata() {
            Ok(about) => found.push((entry.path(), about)),
            // It was moved to its place meanwhile.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(away(fault)),
        }
    }
    Ok(found)
}

/// Removes a content while nobody keeps one in its folder, unless it was kept since. Whether it was removed.
fn removed_alone(path: &Path, kept_before: DateTime<Utc>) -> io::Result<bool> {
    let lock = File::open(path.parent().unwrap_or(path))?;
    lock.lock()?;
    if kept_at(path).is_none_or(|kept| kept >= kept_before) {
        return Ok(false);
    }
    fs::remove_file(path).map(|()| true)
}

/// Whether a content is there; if so, it counts as kept now. The lock of its folder is held: it is not being removed meanwhile.
fn there(path: &Path) -> bool {
    let touched = File::open(path.parent().unwrap_or(path)).and_then(|lock| {
        lock.lock_shared()?;
        let now = std::time::SystemTime::from(crate::clock::now());
        File::open(path)?.set_times(fs::FileTimes::new().set_modified(now))
    });
    match touched {
        Ok(()) => true,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => false,
        Err(_) => path.exists(),
    }
}

fn kept_at(path: &Path) -> Option<DateTime<Utc>> {
    fs::metadata(path).and_then(|about| about.modified()).ok().map(DateTime::from)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ContentFault> {
    let away = |fault| ContentFault::Away { path: folder.to_path_buf(), fault };
    match fs::read_dir(folder) {
        Ok(list) => list.map(|entry| entry.map(|entry| entry.path()).map_err(away)).collect(),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(fault) => Err(away(fault)),
    }
}

/// Whether this can be the name of a content: it also becomes a file name.
fn named(sha256: &str) -> bool {
    sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// How written files are made lasting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// File by file, folder by folder.
    Each,
    /// All that the file system holds, by one call: far cheaper for many small files.
    Together,
}

/// Files beside their places, with these places. Unless all could be put there, they are removed; one that stays behind
/// after a crash is harmless.
#[derive(Default)]
struct Parts(Vec<(PathBuf, PathBuf)>);

impl Drop for Parts {
    fn drop(&mut self) {
        // Those already in place are no longer beside it; the fault that ended it all is the one to tell.
        self.0.iter().for_each(|(part, _)| drop(fs::remove_file(part)));
    }
}

fn write(path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    if sync == Sync::Each { file.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        std::env::temp_dir().join(format!("mezhved-contents-{}", uuid::Uuid::now_v7()))
    }

    #[test]
    fn a_content_is_kept_once_and_read_back_checked() {
        let contents = Contents::at(folder());
        let name = hex::encode(Sha256::digest(b"abc"));
        assert!(!contents.has(&name));
        let content = (name.clone(), Arc::new(b"abc".to_vec()));
        contents.keep(&[content.clone(), content.clone()]).unwrap();
        contents.keep(&[content]).unwrap();
        assert_eq!(contents.read(&name).unwrap(), b"abc");
        fs::write(contents.path(&name), b"abd").unwrap();
        assert!(matches!(contents.read(&name), Err(ContentFault::Changed(_))));
        fs::remove_dir_all(&contents.folder).unwrap();
    }

    #[test]
    fn many_contents_are_kept_together_and_nothing_stays_beside_them() {
        let contents = Contents::at(folder());
        let content = |number: usize| {
            let bytes = number.to_string().into_bytes();
            (hex::encode(Sha256::digest(&bytes)), Arc::new(bytes))
        };
        let list: Vec<_> = (0..TOGETHER_FROM * 3).map(content).collect();
        contents.keep(&list[..2]).unwrap();
        contents.keep(&list).unwrap();
        for (name, bytes) in &list {
            assert_eq!(&contents.read(name).unwrap(), &**bytes);
        }
        let folders = fs::read_dir(&contents.folder).unwrap();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap()).count();
        assert_eq!(files, list.len());
        fs::remove_dir_all(&contents.folder).unwrap();
    }

    #[test]
    fn contents_that_cannot_be_put_in_place_leave_nothing_beside() {
        let contents = Contents::at(folder());
        let bytes = b"abc".to_vec();
        let name = hex::encode(Sha256::digest(&bytes));
        fs::create_dir_all(&contents.folder).unwrap();
        let taken = contents.folder.join(&name[..2]);
        fs::write(&taken, b"a file where a folder must be").unwrap();
        let kept = contents.keep(&[(name, Arc::new(bytes))]);
        assert!(matches!(kept, Err(ContentFault::Away { .. })), "{kept:?}");
        assert_eq!(fs::read_dir(&contents.folder).unwrap().count(), 1);
        fs::remove_dir_all(&contents.folder).unwrap();
    }

    /// Whoever keeps a content that is being removed has it afterwards: written anew, marked as kept, or taken in from beside.
    #[test]
    fn what_is_kept_while_it_is_removed_is_there() {
        let contents = Contents::at(folder());
        let bytes = Arc::new(b"abc".to_vec());
        let name = hex::encode(Sha256::digest(bytes.as_slice()));
        let path = contents.path(&name);
        let before = crate::clock::now() - chrono::Duration::hours(1);
        let old = fs::FileTimes::new().set_modified(SystemTime::from(before - chrono::Duration::hours(1)));
        let keepers: [&(dyn Fn() + std::marker::Sync); 3] = [
            &|| contents.keep(&[(name.clone(), Arc::clone(&bytes))]).unwrap(),
            &|| {
                let part = contents.folder.join(uuid::Uuid::now_v7().to_string());
                fs::write(&part, bytes.as_slice()).unwrap();
                contents.adopt(&part, &name).unwrap();
            },
            &|| {
                // Not there: it was removed before anybody asked.
                if contents.held(&name).is_none() {
                    contents.keep(&[(name.clone(), Arc::clone(&bytes))]).unwrap();
                }
            },
        ];
        let (mut removed, mut kept) = (0, 0);
        for round in 0..600 {
            contents.keep(&[(name.clone(), Arc::clone(&bytes))]).unwrap();
            File::open(&path).unwrap().set_times(old).unwrap();
            let gate = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    gate.wait();
                    keepers[round % keepers.len()]();
                });
                gate.wait();
                match contents.remove(std::slice::from_ref(&name), before).unwrap() {
                    0 => kept += 1,
                    gone => removed += gone,
                }
            });
            assert_eq!(contents.read(&name).unwrap(), *bytes, "round {round}: {removed} removed, {kept} kept");
        }
        assert_eq!(removed + kept, 600);
        // Nobody wants it: it goes.
        File::open(&path).unwrap().set_times(old).unwrap();
        assert_eq!(contents.kept_before(before).unwrap(), std::slice::from_ref(&name));
        assert_eq!(contents.remove(std::slice::from_ref(&name), before).unwrap(), 1);
        assert_eq!(contents.remove(&[name.clone(), "../x".to_owned()], before).unwrap(), 0);
        assert!(!contents.has(&name));
        fs::remove_dir_all(&contents.folder).unwrap();
    }

    #[test]
    fn a_name_that_is_no_hash_is_never_a_path() {
        let contents = Contents::at(folder());
        for name in ["../../etc/passwd", "", "AB", &"g".repeat(64)] {
            assert!(!contents.has(name));
            assert!(matches!(contents.read(name), Err(ContentFault::Missing(_))));
        }
    }
}
