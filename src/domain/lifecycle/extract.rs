//! Extracts: documents that are made from the store itself. What one contains is said here: which kinds of cases, found by whom,
//! with which fields, and how a request is declined that may not or need not be answered.

use std::collections::BTreeMap;

/// What an extract is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Code, as timers name it.
    pub code: String,
    /// What people read: the title of the document.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Type of the document that it becomes.
    pub document: String,
    /// Kinds of the cases that it tells of, of the same system, in the order of the document.
    pub kinds: Vec<String>,
    /// The role in which the one it is about takes part in those cases.
    pub role: String,
    /// Fields that it tells, by kind.
    pub fields: BTreeMap<String, Vec<String>>,
    /// The fields of the request with the first and the last day of the period.
    pub period: (String, String),
    /// The status of a request that is declined.
    pub declined: String,
    /// Why: whoever asks has no right to what is told of somebody else.
    pub no_rights: String,
    /// Why: there is nothing to tell.
    pub nothing_found: String,
}

/// What goes out when a case enters a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// What it is.
    pub what: Sends,
    /// To whom.
    pub to: Addressee,
}

/// What a document that goes out is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sends {
    /// A decision on a case.
    Decision,
    /// The result of a service.
    Result,
    /// An extract from the store.
    Extract,
    /// A request to another agency.
    Request,
}

impl Sends {
    /// The form in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Result => "result",
            Self::Extract => "extract",
            Self::Request => "request",
        }
    }
}

/// To whom something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// The agency that opened the case.
    Origin,
    /// The state service that this field of the case names.
    Service(String),
}

impl std::str::FromStr for Addressee {
    type Err = AddresseeFault;

    fn from_str(written: &str) -> Result<Self, AddresseeFault> {
        match written.split_once(':') {
            None if written == "origin" => Ok(Self::Origin),
            Some(("service", field)) if !field.is_empty() => Ok(Self::Service(field.to_owned())),
            _ => Err(AddresseeFault(written.to_owned())),
        }
    }
}

/// The text names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nobody to send to; write `origin`, or `service:` with the field that names the state service")]
pub struct AddresseeFault(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addressees_are_read() {
        assert_eq!("origin".parse(), Ok(Addressee::Origin));
        assert_eq!("service:service".parse(), Ok(Addressee::Service("service".to_owned())));
        for written in ["", "Origin", "service:", "agency:x"] {
            assert!(written.parse::<Addressee>().is_err(), "{written}");
        }
    }
}
