//! A service of a system: its term and the few rules in which services differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::term::Term;

/// What happens to a second open application of the same applicant for the same service and object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// It is refused and names the first.
    #[default]
    Refused,
    /// It opens a case like any other.
    Allowed,
}

/// Whether the term of a service can be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extension {
    /// No.
    #[default]
    Never,
    /// By an update that gives a reason.
    WithReason,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Term from arrival to decision.
    pub term: Term,
    /// The soonest that a decision is to be expected.
    pub earliest: Option<Term>,
    /// Whether the term can be extended.
    pub extension: Extension,
    /// What happens to duplicates.
    pub duplicates: Duplicates,
    /// Deadlines of its own, by status code.
    pub deadlines: BTreeMap<String, Term>,
    /// Where timers move its cases in place of their own target, by `status/timer`.
    pub timers: BTreeMap<String, String>,
    /// What people group it under.
    pub category: Option<String>,
    /// The same in English.
    pub category_en: Option<String>,
    /// Who may ask for it, in words.
    pub access: Option<String>,
    /// The same in English.
    pub access_en: Option<String>,
    /// Kinds of signature that count for it; empty: none is asked for.
    pub signatures: Vec<String>,
    /// Types of documents that an application must bring.
    pub documents: Vec<String>,
}
