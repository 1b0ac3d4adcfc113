//! `validate`: messages against their rules, without applying them.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::admit::{Desk, Rejected, prepare};
use crate::clock;
use crate::intake::folder;

/// Validate messages.
#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Message files, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object a file.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        let desk =
            Desk { rulebook: &rules.rulebook, partners: &config.partners, agency: &config.agency, now: clock::now() };
        let files = folder::files(&self.files).map_err(|fault| Failed::wrong(format!("validate: {fault}")))?;
        let mut invalid = 0;
        for path in &files {
            let delivery = folder::delivery(path, config.message_large_bytes_max, clock::now())
                .map_err(|fault| Failed::wrong(format!("{}: {fault}", path.display())))?;
            let prepared = prepare(delivery, &desk);
            invalid += usize::from(prepared.verdict.is_err());
            let name = path.display().to_string();
            match (&prepared.verdict, self.json) {
                (Ok(_), false) => show::line(&format!("{name}: valid")),
                (Ok(_), true) => show::json(&json!({"file": name, "valid": true}))?,
                (Err(rejected), false) => describe(&name, rejected),
                (Err(rejected), true) => show::json(&json!({
                    "file": name, "valid": false, "code": rejected.code.as_str(), "remarks": rejected.told(),
                }))?,
            }
        }
        if !self.json {
            show::line(&format!("{} files, {invalid} invalid", files.len()));
        }
        Ok(if invalid == 0 { Exit::Well } else { Exit::Found })
    }
}

fn describe(name: &str, rejected: &Rejected) {
    show::line(&format!("{name}: {} — {}", rejected.code, rejected.text()));
    for remark in &rejected.remarks {
        let place = match (remark.line, remark.column) {
            (Some(line), Some(column)) => format!("{name}:{line}:{column}: "),
            _ => String::new(),
        };
        let path = remark.path.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
        show::line(&format!("  {place}{}: {}{path}", remark.code, remark.text));
    }
}
