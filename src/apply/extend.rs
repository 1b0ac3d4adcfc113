//! The term of a service is made longer: by an update that tells the new last day and why, where the service allows it. The timers that
//! run by the term start anew.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::steps::{Steps, Told};
use super::world::{Case, CaseKey, Details};
use super::{Refusal, Setting};
use crate::domain::lifecycle::{Due, Extension, Kind, Lifecycle};
use crate::domain::term::day_end;
use crate::outcome::Code;

/// The first moment after the last day that the term of a case was made longer to.
pub(super) fn until(case: &Case, kind: &Kind, setting: &Setting<'_>) -> Option<DateTime<Utc>> {
    let told = last_day(&case.details, kind)?;
    let day: NaiveDate = told.parse().ok()?;
    day_end(day, setting.context.zone)
}

fn last_day<'d>(details: &'d Details, kind: &Kind) -> Option<&'d str> {
    details.get(&kind.extension.as_ref()?.until).and_then(Value::as_str)
}

impl Steps<'_> {
    /// Whether an update makes the term of a case longer; one that may not is refused.
    pub(super) fn extends(&self, former: &Case, next: &Case, lifecycle: &Lifecycle) -> Result<bool, Refusal> {
        let kind = lifecycle.kind();
        let Some(extension) = &kind.extension else { return Ok(false) };
        let field = |code: &str| kind.field(code).map_or(code, |field| field.label.as_str()).to_owned();
        if last_day(&next.details, kind) == last_day(&former.details, kind) {
            return Ok(false);
        }
        let allowed = lifecycle.service(&next.service).is_some_and(|one| one.extension == Extension::WithReason);
        if !allowed {
            let detail = format!("{}: срок этой услуги не продлевается", field(&extension.until));
            return Err(Refusal::with(Code::FieldWrong, detail));
        }
        if !next.details.contains_key(&extension.reason) {
            return Err(Refusal::with(Code::StatusIncomplete, field(&extension.reason)));
        }
        let (setting, new) = (self.setting(), until(next, kind, self.setting()));
        let later = new > Some(self.by().happened_at) && new > until(former, kind, setting);
        if !later {
            let detail = format!("{}: нужен день позже прежнего срока", field(&extension.until));
            return Err(Refusal::with(Code::FieldWrong, detail));
        }
        Ok(true)
    }

    /// The term of a case has another end: its timers start anew, and people are told.
    pub(super) fn extended(&mut self, key: &CaseKey, told: &Told, lifecycle: &Lifecycle) -> Result<(), Refusal> {
        let (Some(case), Some(extension)) = (self.case(key).cloned(), &lifecycle.kind().extension) else {
            return Ok(());
        };
        for timer in lifecycle.timers().iter().filter(|timer| timer.due == Due::ServiceTerm) {
            self.restart(&case, lifecycle, timer)?;
        }
        let reason = case.details.get(&extension.reason).and_then(Value::as_str).unwrap_or_default().to_owned();
        let day = last_day(&case.details, lifecycle.kind()).and_then(|day| day.parse().ok());
        let told = Told { reasons: vec![reason.into()], ..told.clone() };
        self.tell_of(&extension.event, &Case { expected_on: day, ..case }, &told);
        Ok(())
    }
}
