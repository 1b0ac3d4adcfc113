//! The files of the schema families: those built into the program and, over them, those of a folder. A system that the
//! folder has is taken from the folder whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use thiserror::Error;

use crate::schema::Source;

/// Folders deeper than this are not families.
const DEPTH_MAX: usize = 6;
/// The most bytes of one file.
const FILE_BYTES_MAX: u64 = 16 << 20;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/xsd"]
struct BuiltIn;

/// A folder that cannot be taken.
#[derive(Debug, Error)]
pub enum LibraryFault {
    /// The folder or a file of it cannot be read.
    #[error("schemas.unreadable: {path}: {fault}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A file is too large, or lies too deep.
    #[error("schemas.unfit: {path}: {detail}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why.
        detail: String,
    },
}

/// Files by their path, such as `epgu/1.0/status-update.xsd`.
#[derive(Debug, Clone, Default)]
pub struct Library {
    files: BTreeMap<String, Vec<u8>>,
}

impl Library {
    /// The families built into the program, and over them those of a folder.
    pub fn load(folder: Option<&Path>) -> Result<Self, LibraryFault> {
        let mut files: BTreeMap<String, Vec<u8>> = BuiltIn::iter()
            .filter_map(|path| Some((path.to_string(), BuiltIn::get(&path)?.data.into_owned())))
            .collect();
        if let Some(folder) = folder {
            let mut own = BTreeMap::new();
            read_folder(folder, "", 0, &mut own)?;
            let systems: BTreeSet<&str> = own.keys().filter_map(|path| path.split('/').next()).collect();
            files.retain(|path, _| path.split('/').next().is_none_or(|system| !systems.contains(system)));
            files.extend(own);
        }
        Ok(Self::of(files))
    }

    /// A library of these files alone, by their path.
    #[must_use]
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { files }
    }

    /// The library with more files.
    #[cfg(test)]
    pub(super) fn with(mut self, files: &BTreeMap<&str, &str>) -> Self {
        self.files.extend(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
        self
    }

    /// The bytes of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Paths that end so, in order.
    pub fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.keys().map(String::as_str).filter(move |path| path.ends_with(ending))
    }
}

impl Source for Library {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.get(path).map(<[u8]>::to_vec).ok_or_else(|| format!("there is no schema file {path}"))
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), LibraryFault> {
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        move |fault| LibraryFault::Unreadable { path, fault }
    };
    if depth > DEPTH_MAX {
        return Err(LibraryFault::Unfit { path: folder.into(), detail: format!("deeper than {DEPTH_MAX} folders") });
    }
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let about = fs::metadata(&path).map_err(unreadable(&path))?;
        if about.is_dir() {
            read_folder(&path, &format!("{name}/"), depth + 1, files)?;
        } else if about.len() > FILE_BYTES_MAX {
            return Err(LibraryFault::Unfit { path, detail: format!("longer than {FILE_BYTES_MAX} bytes") });
        } else {
            files.insert(name, fs::read(&path).map_err(unreadable(&path))?);
        }
    }
    Ok(())
}
