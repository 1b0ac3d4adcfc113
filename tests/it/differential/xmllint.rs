//! The other judge: `xmllint --schema`, many instances a call.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Instances of one call at most.
const CALL_MAX: usize = 400;

/// What it says of an instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Theirs {
    pub(super) valid: bool,
    /// Its own words.
    pub(super) why: String,
}

/// Whether the program can be run.
pub(super) fn is_there() -> bool {
    Command::new("xmllint").arg("--version").output().is_ok()
}

/// Its verdicts, in the order of the texts; none where it takes the schema for ambiguous, as it does with content models in
/// which counted particles repeat.
pub(super) fn verdicts(folder: &Path, schema: &str, texts: &[String]) -> Result<Option<Vec<Theirs>>, String> {
    let mut verdicts = Vec::new();
    for part in texts.chunks(CALL_MAX) {
        let names: Vec<String> = (0..part.len()).map(|number| format!("i{number}.xml")).collect();
        for (name, text) in names.iter().zip(part) {
            fs::write(folder.join(name), text).unwrap();
        }
        let output = Command::new("xmllint")
            .args(["--noout", "--nonet", "--huge", "--schema", schema])
            .args(&names)
            .current_dir(folder)
            .output()
            .map_err(|fault| fault.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("not determinist") {
            return Ok(None);
        }
        let mut by_name: HashMap<&str, Theirs> = HashMap::new();
        let mut words: HashMap<&str, String> = HashMap::new();
        for line in said.lines() {
            if let Some(name) = line.strip_suffix(" validates") {
                by_name.insert(name, Theirs { valid: true, why: String::new() });
            } else if let Some(name) = line.strip_suffix(" fails to validate") {
                by_name.insert(name, Theirs::default());
            } else if let Some((name, _)) = line.split_once(':') {
                words.entry(name).or_default().push_str(&format!("\n  {line}"));
            }
        }
        for name in &names {
            let why = words.remove(name.as_str()).unwrap_or_default();
            match by_name.remove(name.as_str()) {
                Some(theirs) => verdicts.push(Theirs { why, ..theirs }),
                // What is not well-formed it only complains about.
                None if why.contains("parser error") || why.contains("namespace error") => {
                    verdicts.push(Theirs { valid: false, why });
                }
                None => return Err(format!("xmllint gives no verdict on {name}:\n{said}")),
            }
        }
    }
    Ok(Some(verdicts))
}
