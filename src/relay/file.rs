//! A receipt as a file: it appears whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

/// Writes beside, then renames.
pub(super) fn write(path: &str, body: &str) -> io::Result<()> {
    let path = Path::new(path);
    let beside = path.with_extension("part");
    fs::write(&beside, body)?;
    fs::rename(&beside, path)
}
