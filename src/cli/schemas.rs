//! Schema documents as files: where commands that are given schemas by path read them, and what they say when one is wrong.

use std::path::PathBuf;

use super::{Failed, show};
use crate::assemble::SchemaFiles;
use crate::rules::{Rules, Strictness};
use crate::schema::{self, SchemaFault, SchemaSet};

/// Compiles the schemas of a command; what the compiler let pass is told as notes.
pub(super) fn compile(paths: &[PathBuf], strictness: Strictness) -> Result<Rules, Failed> {
    judged(paths, strictness)?.map_err(|faults| told(&faults))
}

/// As [`compile`], with the faults of the schemas inside.
pub(super) fn judged(paths: &[PathBuf], strictness: Strictness) -> Result<Result<Rules, Vec<SchemaFault>>, Failed> {
    let mut set = SchemaSet::new(&SchemaFiles).with_strictness(strictness);
    for path in paths {
        let Some(path) = path.to_str() else {
            return Err(Failed::wrong(format!("{}: the path is not UTF-8", path.display())));
        };
        set = set.with(path);
    }
    let judged = schema::compile(&set);
    for warning in judged.iter().flat_map(Rules::warnings) {
        show::error(&format!("note: {warning}"));
    }
    Ok(judged)
}

/// Faults of schemas as what hinders a command.
pub(super) fn told(faults: &[SchemaFault]) -> Failed {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Failed::wrong(lines.join("\n"))
}
