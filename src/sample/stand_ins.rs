//! Who sends where the configuration names nobody: stand-ins, as data beside the schemas (`common/senders.toml`, and `senders.toml` in
//! the folder of a system, which takes its place).

use serde::Deserialize;

use crate::binding::Library;

const FILE: &str = "senders.toml";
const SHARED: &str = "common";
/// Every kind of message.
const ANY: &str = "*";

/// Agencies that stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIns<'l> {
    by_folder: Vec<(&'l str, Vec<StandIn>)>,
}

/// A file of senders that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sample.senders: {file}: {text}")]
pub struct StandInsFault {
    /// Name of the file.
    pub file: String,
    /// What is wrong.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct StandIn {
    agency: String,
    kinds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sender: Vec<StandIn>,
}

impl<'l> StandIns<'l> {
    /// Reads the senders of a library.
    ///
    /// # Errors
    /// A file that is none.
    pub fn of(library: &'l Library) -> Result<Self, StandInsFault> {
        let files = library.ending(FILE).filter_map(|path| Some((path, path.strip_suffix(FILE)?.strip_suffix('/')?)));
        let read = |(path, folder): (&'l str, &'l str)| {
            let text = String::from_utf8_lossy(library.get(path).unwrap_or_default());
            let fault = |fault: toml::de::Error| StandInsFault { file: path.to_owned(), text: fault.to_string() };
            Ok((folder, toml::from_str::<Written>(&text).map_err(fault)?.sender))
        };
        Ok(Self { by_folder: files.map(read).collect::<Result<_, _>>()? })
    }

    /// Who sends a kind of message to a system.
    #[must_use]
    pub fn senders(&self, system: &str, kind: &str) -> Vec<String> {
        let of = |folder: &str| self.by_folder.iter().find(|(known, _)| *known == folder).map(|(_, senders)| senders);
        let all = of(system).or_else(|| of(SHARED)).map(Vec::as_slice).unwrap_or_default();
        let sends = |one: &&StandIn| one.kinds.iter().any(|known| known == kind || known == ANY);
        all.iter().filter(sends).map(|one| one.agency.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn library(files: &[(&str, &str)]) -> Library {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Library::of(files.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn a_system_has_its_own_senders_or_those_of_all() {
        let library = library(&[
            ("common/senders.toml", "[[sender]]\nagency = \"A\"\nkinds = [\"*\"]"),
            (
                "tax/senders.toml",
                "[[sender]]\nagency = \"B\"\nkinds = [\"X\", \"Y\"]\n[[sender]]\nagency = \"C\"\nkinds = [\"Y\"]",
            ),
        ]);
        let senders = StandIns::of(&library).unwrap();
        for (system, kind, named) in
            [("tax", "X", vec!["B"]), ("tax", "Y", vec!["B", "C"]), ("tax", "Z", vec![]), ("other", "Z", vec!["A"])]
        {
            assert_eq!(senders.senders(system, kind), named, "{system} {kind}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_told() {
        let library = library(&[("tax/senders.toml", "[[sender]]\nagency = \"B\"")]);
        let fault = StandIns::of(&library).unwrap_err().to_string();
        assert!(fault.starts_with("sample.senders: tax/senders.toml: ") && fault.contains("kinds"), "{fault}");
        StandIns::of(&Library::load(None).unwrap()).unwrap();
    }
}
