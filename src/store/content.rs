//! Contents outside the tables: documents and large dead letters, each a file named by the SHA-256 of its bytes. A file
//! appears whole or not at all (written beside, synced, renamed), and is never changed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::StoredBody;

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
            .filter(|(path, _)| !path.exists())
            .collect();
        let sync = if new.len() < TOGETHER_FROM { Sync::Each } else { Sync::Together };
        let mut parts = Parts::default();
        for (path, bytes) in new {
            let folder = path.parent().unwrap_or(&self.folder).to_path_buf();
            let part = folder.join(format!("{}.part", uuid::Uuid::now_v7()));
            let away = |fault| ContentFault::Away { path: path.clone(), fault };
            fs::create_dir_all(&folder).map_err(away)?;
            parts.0.push((part.clone(), path.clone()));
            write(&part, bytes, sync).map_err(away)?;
        }
        self.synced(sync, &[])?;
        let mut folders = BTreeSet::new();
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
            .and_then(|()| fs::rename(file, &path))
            .map_err(|fault| ContentFault::Away { path: path.clone(), fault })?;
        self.synced(Sync::Each, &[folder])
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

    /// Removes a content that nothing names any more; one that is not there is gone already.
    pub fn forget(&self, sha256: &str) -> Result<(), ContentFault> {
        if !named(sha256) {
            return Ok(());
        }
        let path = self.path(sha256);
        match fs::remove_file(&path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(ContentFault::Away { path, fault }),
            _ => Ok(()),
        }
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

    /// The size of a content, in bytes; `None` where it is not there.
    #[must_use]
    pub fn size(&self, sha256: &str) -> Option<u64> {
        if named(sha256) { fs::metadata(self.path(sha256)).ok().map(|about| about.len()) } else { None }
    }

    /// The bytes of a stored message, wherever they are; `None` where retention removed them.
    pub fn resolve(&self, body: StoredBody) -> Result<Option<Vec<u8>>, ContentFault> {
        match body {
            StoredBody::Here(bytes) => Ok(Some(bytes)),
            StoredBody::Content(sha256) => self.read(&sha256).map(Some),
            StoredBody::Gone => Ok(None),
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

    #[test]
    fn a_name_that_is_no_hash_is_never_a_path() {
        let contents = Contents::at(folder());
        for name in ["../../etc/passwd", "", "AB", &"g".repeat(64)] {
            assert!(!contents.has(name));
            assert!(matches!(contents.read(name), Err(ContentFault::Missing(_))));
        }
    }
}
