//! Files as deliveries: what `process` is given, in the order of their paths.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Delivery, Origin};
use crate::domain::properties::Properties;

/// Receipts are written beside the messages; they are not messages to us.
const RECEIPT_ENDING: &str = ".receipt.xml";

/// The files under these paths: a file itself, of a folder every file in and below it whose name ends in `.xml`,
/// sorted by path. Receipts are left out.
pub fn files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if fs::metadata(path)?.is_dir() {
            below(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort_unstable();
    for path in entries {
        if fs::metadata(&path)?.is_dir() {
            below(&path, files)?;
        } else if is_message(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_message(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.to_lowercase().ends_with(".xml") && !name.ends_with(RECEIPT_ENDING)
}

/// A file as a delivery, whole: what is too long is refused later and kept like any other dead letter.
pub fn delivery(path: &Path, bytes_max: usize, received_at: chrono::DateTime<chrono::Utc>) -> io::Result<Delivery> {
    let mut body = Vec::new();
    fs::File::open(path)?.read_to_end(&mut body)?;
    Ok(Delivery {
        body,
        properties: Properties::default(),
        origin: Origin::File { path: path.to_path_buf(), bytes_max },
        received_at,
    })
}
