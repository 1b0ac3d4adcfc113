//! Whether something was in force at a moment: the status that it stood in then, and its own period.

use chrono::{DateTime, Utc};

use super::Asked;
use crate::apply::Context;
use crate::apply::world::{CaseKey, World};

/// Why a case was not in force at a moment; none: it was.
pub(super) fn lapse(key: &CaseKey, at: DateTime<Utc>, world: &World, context: &Context<'_>) -> Option<String> {
    let day = |moment: DateTime<Utc>| moment.with_timezone(&context.zone).format("%d.%m.%Y");
    let Some(case) = world.case(key) else { return Some("такой записи нет".to_owned()) };
    let Some(status) = world.status_at(key, at) else {
        return Some("к моменту действия ещё не существует".to_owned());
    };
    let known = context.lifecycles.kind(&key.system, &key.kind).and_then(|one| one.status(status));
    if known.is_none_or(|status| !status.standing) {
        let label = known.map_or(status, |status| &status.label);
        return Some(format!("статус «{label}»"));
    }
    if let Some(from) = case.valid_from.filter(|from| at < *from) {
        return Some(format!("срок начинается {}", day(from)));
    }
    // What ends is over at the first moment after its last day.
    let until = case.valid_until.filter(|until| *until <= at)?;
    Some(format!("срок закончился {}", day(until - chrono::Duration::milliseconds(1))))
}

impl Asked<'_> {
    /// Why a case was not in force at a moment; none: it was.
    pub(super) fn lapse(&self, key: &CaseKey, at: DateTime<Utc>) -> Option<String> {
        lapse(key, at, self.world, self.setting.context)
    }

    /// The texts of a list among the fields of a case.
    pub(super) fn listed(&self, key: &CaseKey, field: &str) -> Vec<&str> {
        let told = self.world.case(key).and_then(|case| case.details.get(field));
        let list = told.and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(serde_json::Value::as_str).collect()
    }

    /// A text among the fields of a case.
    pub(super) fn told(&self, key: &CaseKey, field: &str) -> Option<&str> {
        self.world.case(key)?.details.get(field)?.as_str()
    }
}
