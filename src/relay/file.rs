//! Receipts as files: each appears whole or not at all, and what is told to be written outlasts a loss of power.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Writes files, each a path and a text: beside, made lasting together, then renamed. Tells of each what went wrong.
pub(super) fn write(files: &[(&str, &str)]) -> Vec<io::Result<()>> {
    // One of its own for each: a receipt may go out twice to the same path.
    let beside = |at: usize, path: &str| Path::new(path).with_extension(format!("{at}.part"));
    let written = files.iter().enumerate().map(|(at, (path, text))| fs::write(beside(at, path), text));
    let mut results: Vec<io::Result<()>> = written.collect();
    let folders = folders(files.iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|((path, _), _)| *path));
    make_lasting(&folders, &mut results);
    for (at, ((path, _), result)) in files.iter().zip(&mut results).enumerate() {
        if result.is_ok() {
            *result = fs::rename(beside(at, path), path);
        }
    }
    make_lasting(&folders, &mut results);
    for (at, ((path, _), result)) in files.iter().zip(&results).enumerate() {
        if result.is_err() {
            let _gone = fs::remove_file(beside(at, path));
        }
    }
    results
}

/// A folder of each file system that the paths lie on.
fn folders<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<PathBuf> {
    let mut found = BTreeMap::new();
    for path in paths {
        let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Ok(about) = fs::metadata(folder) {
            found.entry(about.dev()).or_insert_with(|| folder.to_path_buf());
        }
    }
    found.into_values().collect()
}

/// Everything that was written so far; where that fails, nothing counts as written.
fn make_lasting(folders: &[PathBuf], results: &mut [io::Result<()>]) {
    for folder in folders {
        let synced = File::open(folder).and_then(|folder| Ok(rustix::fs::syncfs(&folder)?));
        if let Err(fault) = synced {
            results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(fault.kind().into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_there_whole_and_what_cannot_be_written_is_told_alone() {
        let folder = std::env::temp_dir().join(format!("mezhved-receipts-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(folder.join("taken.xml")).unwrap();
        fs::write(folder.join("taken.xml/inside"), "").unwrap();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let paths = [path("one.xml"), path("nowhere/two.xml"), path("taken.xml"), path("four.xml"), path("one.xml")];
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "<receipt/>")).collect();
        let written: Vec<bool> = write(&files).iter().map(Result::is_ok).collect();
        assert_eq!(written, [true, false, false, true, true]);
        for name in ["one.xml", "four.xml"] {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "<receipt/>");
        }
        let left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(left.len(), 3, "nothing is left beside: {left:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}
