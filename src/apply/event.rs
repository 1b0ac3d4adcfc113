//! Something that people are told of, with everything that the notices of it say: what is told later is told of the case
//! as it was then.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::codes::Secret;
use super::world::{Case, CaseKey};
use crate::domain::wording::Wording;

/// Something that people are told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Code of the event in the lifecycle.
    pub code: String,
    /// System, kind and number of the case.
    pub case: CaseKey,
    /// Id of the message that opened the case: the chain that notices belong to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<String>,
    /// Its status after the event.
    pub status: String,
    /// Code of the service asked for.
    pub service: String,
    /// Who deals with it.
    pub agency: String,
    /// Who in the agency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub officer: Option<String>,
    /// The responsible unit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<String>,
    /// Short name of the case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<Wording>,
    /// Number of the case that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
    /// Until when the case is in force: the first moment after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<DateTime<Utc>>,
    /// By when somebody must act: the first moment after the term.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<DateTime<Utc>>,
    /// The day on which the decision is expected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_on: Option<NaiveDate>,
    /// Where the applicant reads mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// Where the applicant reads short messages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<String>,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comment: Option<Wording>,
    /// Reasons, in words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reasons: Vec<Wording>,
    /// What is missing, in words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<Wording>,
    /// Amount due, in roubles.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<String>,
    /// Who of those that take part in a dialog is told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reader: Option<String>,
    /// Where the result is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Wording>,
    /// The one-time code that it brings; taken away once it is told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<Secret>,
}

impl Event {
    /// An event of a case as it is now, without particulars.
    #[must_use]
    pub fn of(code: &str, case: &Case, happened_at: DateTime<Utc>) -> Self {
        Self {
            code: code.to_owned(),
            case: case.key.clone(),
            root: case.root.clone(),
            status: case.status.clone(),
            service: case.service.clone(),
            agency: case.agency.clone(),
            officer: case.officer.clone(),
            unit: case.unit.clone(),
            title: case.title.clone().map(Wording::Same),
            parent: case.parent.as_ref().map(|parent| parent.number.clone()),
            valid_until: case.valid_until,
            deadline: case.deadline,
            expected_on: case.expected_on,
            email: case.email.clone(),
            phone: case.phone.clone(),
            happened_at,
            comment: None,
            reasons: Vec::new(),
            missing: Vec::new(),
            amount: None,
            reader: None,
            result: None,
            secret: None,
        }
    }
}
