//! A lifecycle file as written. Names keep their place in the text so that faults can name a line; nothing
//! here is checked beyond its shape.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::documents::DocumentRules;
use super::service::{Duplicates, Extension};
use super::status::{Class, Party, Requirement};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) system: Spanned<String>,
    pub(super) label: Spanned<String>,
    pub(super) version: String,
    pub(super) status: Vec<WrittenStatus>,
    #[serde(default)]
    pub(super) words: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) timer: Vec<WrittenTimer>,
    #[serde(default)]
    pub(super) event: Vec<WrittenEvent>,
    #[serde(default)]
    pub(super) reason: Vec<WrittenReason>,
    #[serde(default)]
    pub(super) service: Vec<WrittenService>,
    #[serde(default)]
    pub(super) documents: Option<DocumentRules>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenStatus {
    pub(super) code: Spanned<String>,
    pub(super) label: Spanned<String>,
    pub(super) class: Class,
    pub(super) waits_for: Option<Party>,
    #[serde(default)]
    pub(super) next: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) requires: Vec<Requirement>,
    pub(super) term: Option<Spanned<String>>,
    pub(super) event: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) timers: Vec<WrittenTimer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTimer {
    pub(super) code: Spanned<String>,
    pub(super) after: Spanned<String>,
    #[serde(rename = "move")]
    pub(super) to: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) choices: Vec<Spanned<String>>,
    pub(super) reason: Option<Spanned<String>>,
    pub(super) remind: Option<Spanned<String>>,
    pub(super) escalate: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEvent {
    pub(super) code: Spanned<String>,
    pub(super) label: Spanned<String>,
    pub(super) channels: Vec<Spanned<String>>,
    pub(super) title: Spanned<String>,
    pub(super) short: Spanned<String>,
    pub(super) long: Spanned<String>,
    pub(super) to_do: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenReason {
    pub(super) code: Spanned<String>,
    pub(super) label: Spanned<String>,
    #[serde(default)]
    pub(super) statuses: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenService {
    pub(super) code: Spanned<String>,
    pub(super) label: Spanned<String>,
    pub(super) term: Spanned<String>,
    pub(super) earliest: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) extension: Extension,
    #[serde(default)]
    pub(super) duplicates: Duplicates,
    #[serde(default)]
    pub(super) deadlines: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) timers: BTreeMap<String, Spanned<String>>,
}
