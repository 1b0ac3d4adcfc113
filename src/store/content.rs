//! Contents outside the tables: documents and large dead letters, each a file named by the SHA-256 of its bytes. A file
//! appears whole or not at all (written beside, synced, renamed), and is never changed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::StoredBody;

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

    /// Keeps these bytes, lasting when it returns; does nothing for a content that is there already.
    pub fn keep(&self, sha256: &str, bytes: &[u8]) -> Result<(), ContentFault> {
        let path = self.path(sha256);
        if path.exists() {
            return Ok(());
        }
        let away = |fault| ContentFault::Away { path: path.clone(), fault };
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(away)?;
        let beside = folder.join(format!("{sha256}.{}.part", uuid::Uuid::now_v7()));
        let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
        if let Err(fault) = written {
            // The first fault is the one to tell; a part that stays behind is harmless.
            drop(fs::remove_file(&beside));
            return Err(away(fault));
        }
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(away)
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

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
        contents.keep(&name, b"abc").unwrap();
        contents.keep(&name, b"abc").unwrap();
        assert_eq!(contents.read(&name).unwrap(), b"abc");
        fs::write(contents.path(&name), b"abd").unwrap();
        assert!(matches!(contents.read(&name), Err(ContentFault::Changed(_))));
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
