//! Files as deliveries: what `process` is given, in the order of their paths.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Delivery, Origin};
use crate::domain::properties::Properties;

/// Receipts are written beside the messages; they are not messages to us.
const RECEIPT_ENDING: &str = ".receipt.xml";

/// The files under these paths: a file itself, of a folder every file in and below it whose name ends in `.xml`,
/// sorted by path. Receipts are left out, also where a shell's pattern names them; but where nothing else is named, they are meant.
pub fn files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let named = |path: &Path, fault: &io::Error| io::Error::new(fault.kind(), format!("{}: {fault}", path.display()));
    let only_receipts = paths.iter().all(|path| is_receipt(path));
    let mut files = Vec::new();
    for path in paths {
        if fs::metadata(path).map_err(|fault| named(path, &fault))?.is_dir() {
            below(path, &mut files)?;
        } else if only_receipts || !is_receipt(path) {
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
    name.to_lowercase().ends_with(".xml") && !is_receipt(path)
}

fn is_receipt(path: &Path) -> bool {
    path.file_name().unwrap_or_default().to_string_lossy().ends_with(RECEIPT_ENDING)
}

/// A file as a delivery, whole: what is too long is refused later and kept like any other dead letter.
pub fn delivery(path: &Path, bytes_max: usize, received_at: chrono::DateTime<chrono::Utc>) -> io::Result<Delivery> {
    let mut body = Vec::new();
    fs::File::open(path)?.read_to_end(&mut body)?;
    Ok(Delivery {
        body,
        properties: Properties::default(),
        // Its receipt may be written by another process, from another folder.
        origin: Origin::File { path: std::path::absolute(path)?, bytes_max },
        received_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_in_the_order_of_their_paths_and_receipts_never() {
        let folder = std::env::temp_dir().join(format!("mezhved-folder-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(folder.join("b")).unwrap();
        for name in ["c.xml", "a.XML", "a.receipt.xml", "notes.txt", "b/d.xml", "b/d.receipt.xml"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let taken = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
            let files = files(&paths).unwrap();
            files
                .iter()
                .map(|file| file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(&[""]), ["a.XML", "b/d.xml", "c.xml"]);
        assert_eq!(taken(&["notes.txt", "a.receipt.xml", "b"]), ["notes.txt", "b/d.xml"]);
        assert_eq!(taken(&["a.receipt.xml"]), ["a.receipt.xml"], "whoever names a receipt alone means it");
        let fault = files(&[folder.join("nothing")]).unwrap_err();
        assert!(fault.to_string().contains("nothing"), "{fault}");
        fs::remove_dir_all(folder).unwrap();
    }
}
