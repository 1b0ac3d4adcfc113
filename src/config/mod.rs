//! Configuration in two steps, as written and checked; the sole reader of the environment. Layers in order of force: the
//! embedded default file, the given file, `MEZHVED__SECTION__KEY`, flags. A fault names the layer, and in a file the line.

mod checked;
mod mail;
mod notify;
mod partners;
mod place;
mod schedule;
mod services;
mod written;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

pub use checked::{Config, ConfigFault, ExportSettings, HttpAddress, LogFormat, Parking, RelaySettings, S3Settings};
pub use partners::{Partner, Partners};
pub use place::place;
pub use schedule::{PlanFault, ScheduleSettings};
pub use services::{StateService, StateServices};
pub use written::{Job as JobWritten, Written};

/// The documented default file.
pub const DEFAULT: &str = include_str!("../../deploy/mezhved.toml");

const PREFIX: &str = "MEZHVED__";
const CONFIG_VARIABLE: &str = "MEZHVED_CONFIG";

/// A layer that cannot be taken.
#[derive(Debug, Error)]
pub enum LayerFault {
    /// The file cannot be read.
    #[error("config.unreadable: {path}: {fault}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A key or value that does not fit.
    #[error("config.wrong: {layer}: {detail}")]
    Wrong {
        /// The file, the variable or the flag.
        layer: String,
        /// What is wrong and where.
        detail: String,
    },
}

/// The configuration file that the environment names.
#[must_use]
pub fn file_from_environment() -> Option<PathBuf> {
    std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from)
}

/// The user on whose behalf an operator's verb runs, for the journal.
#[must_use]
pub fn operator() -> String {
    ["MEZHVED_OPERATOR", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "operator".to_owned())
}

/// Where files may lie that nobody needs afterwards.
pub(crate) fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// Whether the user wants no colours (the convention of `NO_COLOR`: set and not empty).
#[must_use]
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The fail point that a test has armed.
#[cfg(feature = "fail-points")]
#[must_use]
pub fn fail_point() -> Option<String> {
    std::env::var("MEZHVED_FAIL_POINT").ok()
}

/// Merges all layers. `flags` are `(section.key, value)` pairs in TOML form.
pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Written, LayerFault> {
    let mut single = variables(std::env::vars_os())?;
    single.extend(flags.iter().map(|(path, value)| (path.clone(), value.clone(), format!("--set {path}"))));
    layered(file, single.into_iter())
}

/// The settings among the variables of the environment; those of other programs may hold anything.
fn variables(all: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String, String)>, LayerFault> {
    let ours = all.filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    ours.map(|(name, value)| match (name.to_str(), value.to_str()) {
        (Some(name), Some(value)) => {
            let path = name.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
            Ok((path, value.to_owned(), name.to_owned()))
        }
        _ => Err(LayerFault::Wrong {
            layer: name.to_string_lossy().into_owned(),
            detail: "the variable is not written in UTF-8".to_owned(),
        }),
    })
    .collect()
}

fn layered(file: Option<&Path>, single: impl Iterator<Item = (String, String, String)>) -> Result<Written, LayerFault> {
    let mut merged = parse(DEFAULT, "the built-in default file")?;
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|fault| LayerFault::Unreadable { path: path.to_path_buf(), fault })?;
        merge(&mut merged, parse(&text, &path.display().to_string())?);
    }
    for (path, value, layer) in single {
        let table = nested(&path, literal(&value));
        merge(&mut merged, fitting(table, &layer)?);
    }
    merged.try_into().map_err(|fault| LayerFault::Wrong { layer: "merged".into(), detail: fault.to_string() })
}

/// A layer's table, after its text alone has been held against the known keys, so that the fault names its line.
fn parse(text: &str, layer: &str) -> Result<Table, LayerFault> {
    let wrong = |fault: toml::de::Error| LayerFault::Wrong { layer: layer.to_owned(), detail: fault.to_string() };
    toml::from_str::<Written>(text).map_err(wrong)?;
    toml::from_str(text).map_err(wrong)
}

fn fitting(table: Table, layer: &str) -> Result<Table, LayerFault> {
    match table.clone().try_into::<Written>() {
        Ok(_) => Ok(table),
        Err(fault) => Err(LayerFault::Wrong { layer: layer.to_owned(), detail: fault.to_string() }),
    }
}

/// A value as TOML, or the text itself where it is none.
fn literal(value: &str) -> Value {
    let as_toml = toml::from_str::<Table>(&format!("v = {value}"));
    match as_toml.ok().and_then(|mut table| table.remove("v")) {
        Some(parsed) => parsed,
        None => Value::String(value.to_owned()),
    }
}

fn nested(path: &str, value: Value) -> Table {
    let mut table = Table::new();
    match path.split_once('.') {
        Some((section, rest)) => table.insert(section.to_owned(), Value::Table(nested(rest, value))),
        None => table.insert(path.to_owned(), value),
    };
    table
}

fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

impl Written {
    /// The configuration as a file again, with secrets left out.
    pub fn shown(&self) -> Result<String, LayerFault> {
        let mut shown = self.clone();
        shown.broker.url = redacted(&shown.broker.url);
        shown.broker.management_url = redacted(&shown.broker.management_url);
        for channel in shown.notify.channel.values_mut() {
            channel.url = redacted(&channel.url);
        }
        if !shown.exports.s3.secret_key.is_empty() {
            "(hidden)".clone_into(&mut shown.exports.s3.secret_key);
        }
        toml::to_string_pretty(&shown)
            .map_err(|fault| LayerFault::Wrong { layer: "config show".into(), detail: fault.to_string() })
    }
}

/// An address without its password.
pub(crate) fn redacted(url: &str) -> String {
    if url.is_empty() {
        return String::new();
    }
    let Some((scheme, rest)) = url.split_once("://") else { return "(hidden)".to_owned() };
    match rest.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:(hidden)@{host}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(pairs: &[(&str, &str)]) -> Result<Written, LayerFault> {
        layered(None, pairs.iter().map(|(path, value)| ((*path).into(), (*value).into(), format!("layer {path}"))))
    }

    fn with_file(text: &str) -> Result<Written, LayerFault> {
        let path = std::env::temp_dir().join(format!("mezhved-config-{}.toml", uuid::Uuid::now_v7()));
        std::fs::write(&path, text).unwrap();
        let written = layered(Some(&path), std::iter::empty());
        std::fs::remove_file(path).unwrap();
        written
    }

    #[test]
    fn later_layers_win_and_leave_the_rest() {
        let written = single(&[("store.readers", "9"), ("store.path", "/x/y.sqlite"), ("intake.systems", "['a']")]);
        let written = written.unwrap();
        assert_eq!((written.store.readers, written.store.path.as_str()), (9, "/x/y.sqlite"));
        assert_eq!(written.intake.systems, ["a"]);
        assert_eq!(written.intake.batch_messages_max, 500);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_place() {
        let fault = with_file("[store]\npath = \"x\"\n\n[intake]\nprefetsh = 3\n").unwrap_err().to_string();
        assert!(fault.contains("line 5") && fault.contains("prefetsh"), "{fault}");
        let fault = single(&[("store.reader", "1")]).unwrap_err().to_string();
        assert!(fault.contains("layer store.reader") && fault.contains("reader"), "{fault}");
        let fault = single(&[("store.readers", "many")]).unwrap_err().to_string();
        assert!(fault.contains("layer store.readers"), "{fault}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let addresses = [
            ("broker.url", "amqp://me:hunter2@host/%2f", "amqp://me:(hidden)@host/%2f"),
            ("broker.management_url", "http://me:hunter2@host:15672", "http://me:(hidden)@host:15672"),
            ("notify.channel.sms.url", "https://me:hunter2@gateway/sms", "https://me:(hidden)@gateway/sms"),
        ];
        for (key, url, told) in addresses {
            let shown = single(&[(key, url)]).unwrap().shown().unwrap();
            assert!(!shown.contains("hunter2") && shown.contains(told), "{shown}");
        }
    }
}
