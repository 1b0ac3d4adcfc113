//! Files for somebody who asks: nobody keeps them, and they appear whole or not at all like all others.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::ExportFault;
use super::deliver::{copied, folder};
use super::part::Part;

/// Where a file goes that somebody asked for.
pub enum Outlet<'o> {
    /// On, as it comes.
    Stream(&'o mut (dyn Write + Send)),
    /// To this path: beside it first, and under its name when it is whole. What is there and is no file takes it as it comes.
    File(&'o Path),
}

impl Outlet<'_> {
    /// Looks whether it can take anything, before there is anything.
    pub(super) fn look(&self) -> Result<(), ExportFault> {
        let Self::File(path) = self else { return Ok(()) };
        let undelivered = |why| ExportFault::Undelivered { destination: path.display().to_string(), why };
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => Err(undelivered("it is a folder; name a file".to_owned())),
            Ok(about) if !about.is_file() => Ok(()),
            _ => folder(&beside(path)).map_err(undelivered),
        }
    }

    /// The folder in which a file is made that only needs its name then; none where it is passed on.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) if !passed_on(path) => Some(beside(&target(path))),
            Self::File(_) | Self::Stream(_) => None,
        }
    }

    /// Takes a file that was made in [`Self::folder`], or where files are made.
    pub(super) fn take(self, part: Part) -> Result<(), ExportFault> {
        let passed = |into: &mut dyn Write| {
            let mut made = File::open(part.path())?;
            copied(&mut made, into).and_then(|()| into.flush())
        };
        match self {
            Self::Stream(into) => passed(into).map_err(ExportFault::unwritable("the output")),
            Self::File(path) => {
                let taken = match passed_on(path) {
                    true => File::options().write(true).open(path).and_then(|mut into| passed(&mut into)),
                    false => part.publish(&target(path)),
                };
                taken.map_err(ExportFault::unwritable(path.display().to_string()))
            }
        }
    }
}

/// Whether there is something at a path that is no file, and takes a content as it comes.
fn passed_on(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file())
}

/// Where a file of this path really is: a link stays one, and what it leads to becomes the file.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The folder of a path.
fn beside(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
