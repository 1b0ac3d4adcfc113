//! Schema documents as files: where commands that are given schemas by path read them, and what they say when one is wrong.

use std::path::PathBuf;

use super::{Failed, show};
use crate::assemble::SchemaFiles;
use crate::rules::{Rules, Strictness};
use crate::schema::{self, SchemaSet};

/// Compiles the schemas of a command; what the compiler let pass is told as notes.
pub(super) fn compile(paths: &[PathBuf], strictness: Strictness) -> Result<Rules, Failed> {
    let mut set = SchemaSet::new(&SchemaFiles).with_strictness(strictness);
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
