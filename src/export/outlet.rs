//! Files for somebody who asks: nobody keeps them, and they appear whole or not at all like all others.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::ExportFault;
use super::deliver::{folder, placed};

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

    /// Takes a file.
    pub(super) fn take(self, content: &mut dyn Read) -> Result<(), ExportFault> {
        match self {
            Self::Stream(into) => {
                let taken = io::copy(content, into).and_then(|_| into.flush());
                taken.map_err(ExportFault::unwritable("the output"))
            }
            Self::File(path) => into_file(path, content).map_err(ExportFault::unwritable(path.display().to_string())),
        }
    }
}

fn into_file(path: &Path, content: &mut dyn Read) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return io::copy(content, &mut File::options().write(true).open(path)?).map(drop);
    }
    // A link stays one, and what it leads to becomes the file.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    placed(&path, |part| io::copy(content, part).map(drop))
}

/// The folder of a path.
fn beside(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
