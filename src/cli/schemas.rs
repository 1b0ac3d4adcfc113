//! Schema documents as files: where commands that are given schemas by path read them, and what they say when one is wrong.

use std::fs;
use std::path::PathBuf;

use super::{Failed, show};
use crate::rules::{Rules, Strictness};
use crate::schema::{self, SchemaSet, Source};

/// Bytes of one schema document at most.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// The file system, paths as the caller gave them. Nothing is ever fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files;

impl Source for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = path.strip_prefix("file://").unwrap_or(path);
        if path.contains("://") {
            return Err("only files are read, nothing is fetched".to_owned());
        }
        let about = fs::metadata(path).map_err(|fault| fault.to_string())?;
        if !about.is_file() {
            return Err("this is no file".to_owned());
        }
        if about.len() > DOCUMENT_BYTES_MAX {
            return Err(format!("longer than {DOCUMENT_BYTES_MAX} bytes"));
        }
        fs::read(path).map_err(|fault| fault.to_string())
    }
}

/// Compiles the schemas of a command; what the compiler let pass is told as notes.
pub(super) fn compile(paths: &[PathBuf], strictness: Strictness) -> Result<Rules, Failed> {
    let mut set = SchemaSet::new(&Files).with_strictness(strictness);
    for path in paths {
        let Some(path) = path.to_str() else {
            return Err(Failed::wrong(format!("{}: the path is not UTF-8", path.display())));
        };
        set = set.with(path);
    }
    let rules = schema::compile(&set).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failed::wrong(lines.join("\n"))
    })?;
    for warning in rules.warnings() {
        show::error(&format!("note: {warning}"));
    }
    Ok(rules)
}
