//! A lifecycle file as written. Names keep their place in the text so that faults can name a line; nothing
//! here is checked beyond its shape.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::documents::DocumentRules;
use super::event::{Attach, Audience};
use super::extract::Sends;
use super::field::FieldType;
use super::reaction::Guard;
use super::service::{Duplicates, Extension};
use super::status::{Class, Party, Requirement};

/// A name with its place in the file.
pub(super) type Name = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) system: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) version: String,
    pub(super) main: Option<WrittenKind>,
    #[serde(default, rename = "use")]
    pub(super) uses: Vec<Name>,
    #[serde(default)]
    pub(super) status: Vec<WrittenStatus>,
    #[serde(default)]
    pub(super) words: BTreeMap<String, Name>,
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
    #[serde(default)]
    pub(super) rights: WrittenRights,
    #[serde(default)]
    pub(super) operation: Vec<WrittenNamed>,
    #[serde(default)]
    pub(super) role: Vec<WrittenRole>,
    #[serde(default)]
    pub(super) authority: Vec<WrittenRole>,
    #[serde(default)]
    pub(super) signature: Vec<WrittenSignature>,
    #[serde(default)]
    pub(super) kind: Vec<WrittenKind>,
    #[serde(default)]
    pub(super) extract: Vec<WrittenExtract>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenExtract {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) document: Name,
    pub(super) kinds: Vec<Name>,
    pub(super) role: Name,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Vec<Name>>,
    pub(super) period: Vec<Name>,
    pub(super) declined: Name,
    pub(super) no_rights: Name,
    pub(super) nothing_found: Name,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSending {
    pub(super) what: Sends,
    pub(super) to: Name,
}

/// A file of shared kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenShelf {
    pub(super) version: String,
    #[serde(default)]
    pub(super) event: Vec<WrittenEvent>,
    #[serde(default)]
    pub(super) reason: Vec<WrittenReason>,
    pub(super) kind: Vec<WrittenKind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenKind {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    #[serde(default)]
    pub(super) journal: bool,
    #[serde(default)]
    pub(super) consent: Vec<Name>,
    #[serde(default)]
    pub(super) while_blocked: bool,
    #[serde(default)]
    pub(super) inherits: BTreeMap<String, Name>,
    pub(super) term_from: Option<Name>,
    pub(super) extension: Option<WrittenExtension>,
    pub(super) numbering: Option<Name>,
    pub(super) letters: Option<Name>,
    pub(super) register: Option<Name>,
    pub(super) open_label: Option<Name>,
    pub(super) open_label_en: Option<Name>,
    pub(super) titled_by: Option<Name>,
    #[serde(default)]
    pub(super) listed: Vec<Name>,
    #[serde(default)]
    pub(super) parties: Vec<Name>,
    #[serde(default)]
    pub(super) unique: Vec<Name>,
    #[serde(default)]
    pub(super) editable: Vec<Name>,
    pub(super) editable_until: Option<Name>,
    #[serde(default)]
    pub(super) signed: Vec<Name>,
    #[serde(default)]
    pub(super) signatures: Vec<Name>,
    pub(super) signed_or: Option<Name>,
    #[serde(default)]
    pub(super) operations: BTreeMap<String, Name>,
    #[serde(default)]
    pub(super) parent: Vec<WrittenParent>,
    #[serde(default)]
    pub(super) purpose: Vec<WrittenNamed>,
    #[serde(default)]
    pub(super) act: Vec<WrittenNamed>,
    #[serde(default)]
    pub(super) field: Vec<WrittenField>,
    #[serde(default)]
    pub(super) words: BTreeMap<String, Name>,
    #[serde(default)]
    pub(super) status: Vec<WrittenStatus>,
    #[serde(default)]
    pub(super) timer: Vec<WrittenTimer>,
    #[serde(default)]
    pub(super) reason: Vec<WrittenReason>,
    #[serde(default)]
    pub(super) service: Vec<WrittenService>,
    #[serde(default)]
    pub(super) documents: Option<DocumentRules>,
}

impl WrittenKind {
    /// A kind of which nothing is said but its name.
    pub(super) fn named(code: Name, label: Name) -> Self {
        Self {
            code,
            label,
            label_en: None,
            journal: false,
            consent: Vec::new(),
            while_blocked: false,
            inherits: BTreeMap::new(),
            term_from: None,
            extension: None,
            numbering: None,
            letters: None,
            register: None,
            open_label: None,
            open_label_en: None,
            titled_by: None,
            listed: Vec::new(),
            parties: Vec::new(),
            unique: Vec::new(),
            editable: Vec::new(),
            editable_until: None,
            signed: Vec::new(),
            signatures: Vec::new(),
            signed_or: None,
            operations: BTreeMap::new(),
            parent: Vec::new(),
            purpose: Vec::new(),
            act: Vec::new(),
            field: Vec::new(),
            words: BTreeMap::new(),
            status: Vec::new(),
            timer: Vec::new(),
            reason: Vec::new(),
            service: Vec::new(),
            documents: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenExtension {
    pub(super) until: Name,
    pub(super) reason: Name,
    pub(super) event: Name,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenNamed {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRole {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) operations: Vec<Name>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSignature {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    #[serde(default)]
    pub(super) certificate: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenHolder {
    pub(super) kind: Name,
    pub(super) principal: Name,
    pub(super) actor: Name,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRights {
    pub(super) powers: Option<Name>,
    pub(super) staff: Option<Name>,
    pub(super) roles: Option<Name>,
    pub(super) certificates: Option<Name>,
    pub(super) accounts: Option<Name>,
    pub(super) consents: Option<Name>,
    #[serde(default)]
    pub(super) holders: Vec<WrittenHolder>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenParent {
    pub(super) kind: Name,
    #[serde(default)]
    pub(super) purposes: Vec<Name>,
    #[serde(default)]
    pub(super) statuses: Vec<Name>,
    pub(super) within: Option<Name>,
    #[serde(default)]
    pub(super) overdue: bool,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenField {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    #[serde(default, rename = "type")]
    pub(super) kind: FieldType,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) masked: bool,
    pub(super) identifies: Option<Name>,
    pub(super) group: Option<Name>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenStatus {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) class: Class,
    pub(super) waits_for: Option<Party>,
    #[serde(default)]
    pub(super) next: Vec<Name>,
    #[serde(default)]
    pub(super) requires: Vec<Requirement>,
    pub(super) term: Option<Name>,
    pub(super) event: Option<Name>,
    #[serde(default)]
    pub(super) timers: Vec<WrittenTimer>,
    #[serde(default)]
    pub(super) standing: bool,
    #[serde(default)]
    pub(super) blocks: bool,
    pub(super) routes: Option<Name>,
    pub(super) code_sent: Option<WrittenOneTime>,
    #[serde(default)]
    pub(super) asks: Vec<Name>,
    #[serde(default)]
    pub(super) asked_by: Vec<Name>,
    #[serde(default)]
    pub(super) documents: Vec<Name>,
    pub(super) guard: Option<Guard>,
    pub(super) sends: Option<WrittenSending>,
    /// Values are read by hand: a table here would lose its place in the file.
    #[serde(default)]
    pub(super) on: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) opens: Vec<WrittenOpening>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOneTime {
    pub(super) event: Name,
    pub(super) attempts_max: u32,
    pub(super) exhausted: Name,
    pub(super) reason: Option<Name>,
}

/// A reaction written out; a plain text is the status alone.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenReaction {
    #[serde(rename = "move")]
    pub(super) to: Option<String>,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) take_details: bool,
    pub(super) opens: Option<String>,
    #[serde(rename = "if")]
    pub(super) guard: Option<Guard>,
    #[serde(default)]
    pub(super) recheck: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOpening {
    pub(super) kind: Name,
    pub(super) purpose: Option<Name>,
    #[serde(default)]
    pub(super) same_number: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTimer {
    pub(super) code: Name,
    pub(super) after: Option<Name>,
    pub(super) before: Option<Name>,
    /// How long before.
    pub(super) term: Option<Name>,
    pub(super) only: Option<Name>,
    pub(super) from: Option<Name>,
    pub(super) until: Option<Name>,
    #[serde(rename = "move")]
    pub(super) to: Option<Name>,
    #[serde(default)]
    pub(super) choices: Vec<Name>,
    pub(super) reason: Option<Name>,
    pub(super) remind: Option<Name>,
    pub(super) escalate: Option<Name>,
    pub(super) extract: Option<Name>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEvent {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) channels: Vec<Name>,
    pub(super) title: Name,
    pub(super) short: Name,
    pub(super) long: Name,
    pub(super) to_do: Option<Name>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) to: Vec<Audience>,
    pub(super) attach: Option<Attach>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenReason {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    #[serde(default)]
    pub(super) statuses: Vec<Name>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenService {
    pub(super) code: Name,
    pub(super) label: Name,
    pub(super) label_en: Option<Name>,
    pub(super) term: Name,
    pub(super) earliest: Option<Name>,
    #[serde(default)]
    pub(super) extension: Extension,
    #[serde(default)]
    pub(super) duplicates: Duplicates,
    #[serde(default)]
    pub(super) deadlines: BTreeMap<String, Name>,
    #[serde(default)]
    pub(super) timers: BTreeMap<String, Name>,
    pub(super) category: Option<Name>,
    pub(super) category_en: Option<Name>,
    pub(super) access: Option<Name>,
    pub(super) access_en: Option<Name>,
    #[serde(default)]
    pub(super) signatures: Vec<Name>,
    #[serde(default)]
    pub(super) documents: Vec<Name>,
}
