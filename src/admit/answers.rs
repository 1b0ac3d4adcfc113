//! Answers of state services, held against the schemas that are configured for them: each file that might be one is told which
//! services' answer it can be, and what is wrong with it for the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decode;
use crate::rules::Rules;
use crate::validate::{self, Options, Verdict};
use crate::xml::Language;

/// The kind of file that an answer is.
pub(super) const MEDIA_TYPE: &str = "application/xml";

/// The compiled schemas of answers, by service.
#[derive(Debug, Default)]
pub struct Answers {
    by_service: BTreeMap<String, Arc<Rules>>,
}

/// A file, as the answer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Code of the service.
    pub service: String,
    /// Why it is none, in Russian; none: it is one.
    pub fault: Option<String>,
}

impl Answers {
    /// Schemas by service.
    #[must_use]
    pub fn new(by_service: BTreeMap<String, Arc<Rules>>) -> Self {
        Self { by_service }
    }

    /// Whether answers of the service are checked.
    #[must_use]
    pub fn expects(&self, service: &str) -> bool {
        self.by_service.contains_key(service)
    }

    /// Holds a file against every schema.
    pub(super) fn judge(&self, bytes: &[u8]) -> Vec<Judged> {
        if self.by_service.is_empty() {
            return Vec::new();
        }
        let text = decode::decode(bytes, bytes.len()).map_err(|undecodable| undecodable.text(Language::Russian));
        let judged = |(service, rules): (&String, &Arc<Rules>)| {
            let fault = match &text {
                Ok(text) => fault(&validate::check(&text.text, rules, &Options::default())),
                Err(detail) => Some(detail.clone()),
            };
            Judged { service: service.clone(), fault }
        };
        self.by_service.iter().map(judged).collect()
    }
}

/// The first thing that is wrong; values of the answer are not told.
fn fault(verdict: &Verdict) -> Option<String> {
    if verdict.is_valid() {
        return None;
    }
    let violation = verdict.violations.first();
    Some(match (&verdict.fault, violation) {
        (Some(fault), _) => format!("строка {}: {}", fault.position.line, fault.code()),
        (None, Some(violation)) => {
            format!("строка {}: {}", violation.position.line, violation.text(Language::Russian, false))
        }
        (None, None) => "не соответствует схеме".to_owned(),
    })
}
