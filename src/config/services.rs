//! State services that requests of ours go out to: which agency serves each, how long an answer is waited for, and the schema that it
//! must be valid by.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::written;

/// A state service.
#[derive(Debug, Clone)]
pub struct StateService {
    /// Its code, as requests name it.
    pub code: String,
    /// Code of the agency that serves it.
    pub agency: String,
    /// How long an answer is waited for, where the request does not say; none: as the lifecycle says.
    pub answer_within: Option<Duration>,
    /// The schema of its answers; none: they are not checked.
    pub answer_schema: Option<PathBuf>,
}

/// All state services, by code.
#[derive(Debug, Clone, Default)]
pub struct StateServices {
    by_code: BTreeMap<String, StateService>,
}

impl StateServices {
    pub(super) fn check(written: &[written::StateService], knows: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut by_code = BTreeMap::new();
        for one in written {
            if one.code.is_empty() {
                return Err("state_services: a service without `code`".to_owned());
            }
            if !knows(&one.agency) {
                return Err(format!("state_services: {}: there is no agency `{}`", one.code, one.agency));
            }
            let service = StateService {
                code: one.code.clone(),
                agency: one.agency.clone(),
                answer_within: (one.answer_minutes > 0).then(|| Duration::from_secs(60 * one.answer_minutes)),
                answer_schema: Some(&one.answer_schema).filter(|path| !path.is_empty()).map(PathBuf::from),
            };
            if by_code.insert(one.code.clone(), service).is_some() {
                return Err(format!("state_services: {} stands twice", one.code));
            }
        }
        Ok(Self { by_code })
    }

    /// The service of this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&StateService> {
        self.by_code.get(code)
    }

    /// All of them, by code.
    pub fn all(&self) -> impl Iterator<Item = &StateService> {
        self.by_code.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_served_by_a_known_agency_and_stands_once() {
        let service = |code: &str, agency: &str| written::StateService {
            code: code.into(),
            agency: agency.into(),
            answer_minutes: 90,
            answer_schema: String::new(),
        };
        let check = |list: &[written::StateService]| StateServices::check(list, |code| code == "FNS");
        let known = check(&[service("egrul", "FNS")]).unwrap();
        assert_eq!(known.get("egrul").unwrap().answer_within, Some(Duration::from_mins(90)));
        assert!(check(&[service("egrul", "FSS")]).unwrap_err().contains("no agency `FSS`"));
        assert!(check(&[service("egrul", "FNS"), service("egrul", "FNS")]).unwrap_err().contains("twice"));
        assert!(check(&[service("", "FNS")]).is_err());
    }
}
