//! The values that texts are made with: what happened, in the words of a language. Every name is always there; a value that is
//! not shows as a dash.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Language;
use crate::apply::Event;
use crate::config::Config;
use crate::domain::calendar::Calendar;
use crate::domain::lifecycle::{Event as Texts, Lifecycle, Place};
use crate::domain::routing::Routing;
use crate::domain::term::{remaining, told_end};

/// Names beside those of the lifecycles' texts.
pub(super) const MORE: [&str; 3] = ["system", "event", "link"];

/// The values of an event, by name.
pub type Values = BTreeMap<&'static str, Option<String>>;

/// Every name that a text may use.
#[must_use]
pub fn names() -> Vec<&'static str> {
    Place::ALL.map(Place::name).into_iter().chain(MORE).collect()
}

/// What values are told with.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The language.
    pub language: Language,
    /// The zone in which moments are told, links, names of agencies.
    pub config: &'a Config,
    /// Labels of units.
    pub routing: &'a Routing,
    /// Working days, for what is left of a term.
    pub calendar: &'a Calendar,
    /// When it is told.
    pub now: DateTime<Utc>,
}

/// The values of an event.
#[must_use]
pub fn values(event: &Event, lifecycle: &Lifecycle, texts: &Texts, telling: &Telling<'_>) -> Values {
    let Config { zone, ref notify, .. } = *telling.config;
    let until = |end: DateTime<Utc>| told_end(end, zone);
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join("; "));
    let happened = event.happened_at.with_timezone(&zone).format("%d.%m.%Y %H:%M").to_string();
    let word = |code: &str, label: Option<&str>| telling.language.word(code, label);
    let service = lifecycle.service(&event.service).map_or(event.service.as_str(), |one| one.label.as_str());
    let status = lifecycle.status(&event.status).map(|one| one.label.as_str());
    let kind = lifecycle.kind();
    let unit = event.unit.as_ref().map(|code| telling.routing.unit(code).map_or(code, |unit| &unit.label).clone());
    let link = notify
        .link
        .as_ref()
        .map(|link| link.replace("{system}", &event.case.system).replace("{number}", &event.case.number));
    let known = [
        (Place::Number.name(), Some(event.case.number.clone())),
        (Place::Kind.name(), Some(word(&kind.code, Some(&kind.label)))),
        (Place::Title.name(), event.title.clone()),
        (Place::Parent.name(), event.parent.clone()),
        (Place::Until.name(), event.valid_until.map(until)),
        (Place::Status.name(), Some(word(&event.status, status))),
        (Place::Service.name(), Some(service.to_owned()).filter(|service| !service.is_empty())),
        (Place::Happened.name(), Some(happened)),
        (Place::Deadline.name(), event.deadline.map(until)),
        (Place::Expected.name(), event.expected_on.map(|day| day.format("%d.%m.%Y").to_string())),
        (Place::Comment.name(), event.comment.clone()),
        (Place::Reasons.name(), list(&event.reasons)),
        (Place::Missing.name(), list(&event.missing)),
        (Place::Amount.name(), event.amount.clone()),
        (Place::Result.name(), event.result.clone()),
        (Place::Officer.name(), event.officer.clone()),
        (Place::Agency.name(), Some(telling.config.agency_name(&event.agency).to_owned())),
        (Place::Unit.name(), unit),
        (Place::Code.name(), event.secret.as_ref().map(|secret| secret.reveal().to_owned())),
        (Place::Remaining.name(), left(event, telling)),
        ("system", Some(lifecycle.label().to_owned())),
        ("event", Some(word(&event.code, Some(&texts.label)))),
        ("link", link),
    ];
    let mut values: Values = names().into_iter().map(|name| (name, None)).collect();
    values.extend(known);
    values
}

/// What is left of the deadline, else of the validity.
fn left(event: &Event, telling: &Telling<'_>) -> Option<String> {
    let ends = [event.deadline, event.valid_until].into_iter().flatten();
    let mut left = ends.filter_map(|end| remaining(telling.now, end, telling.config.zone, telling.calendar));
    left.next().map(|term| telling.language.term(term))
}

/// Values as an event might have them: all of them, or only those that every event has.
#[must_use]
pub fn sample(whole: bool) -> Values {
    let usual = [
        (Place::Number.name(), "77-2026-000101"),
        (Place::Kind.name(), "Заявление"),
        (Place::Status.name(), "На рассмотрении"),
        (Place::Happened.name(), "02.03.2026 10:00"),
        (Place::Agency.name(), "Минстрой области"),
        ("system", "Госуслуги"),
        ("event", "Изменился статус"),
    ];
    let rare = [
        (Place::Title.name(), "Разрешение на строительство"),
        (Place::Parent.name(), "77-2026-000100"),
        (Place::Until.name(), "01.03.2027"),
        (Place::Service.name(), "Выдача разрешения на строительство"),
        (Place::Deadline.name(), "13.03.2026"),
        (Place::Expected.name(), "11.03.2026"),
        (Place::Comment.name(), "Проверьте приложенный план."),
        (Place::Reasons.name(), "Нет обязательных документов"),
        (Place::Missing.name(), "план участка"),
        (Place::Amount.name(), "1500,00"),
        (Place::Result.name(), "https://example.org/result"),
        (Place::Officer.name(), "Отдел разрешений"),
        (Place::Unit.name(), "Отдел разрешений"),
        (Place::Code.name(), "482913"),
        (Place::Remaining.name(), "11 дней"),
        ("link", "https://example.org/epgu/77-2026-000101"),
    ];
    let mut values: Values = names().into_iter().map(|name| (name, None)).collect();
    values.extend(usual.map(|(name, value)| (name, Some(value.to_owned()))));
    if whole {
        values.extend(rare.map(|(name, value)| (name, Some(value.to_owned()))));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_sample() {
        let whole = sample(true);
        let names = names();
        assert_eq!(whole.len(), names.len());
        for name in names {
            assert!(whole[name].is_some(), "{name}");
        }
        assert!(sample(false).values().any(Option::is_none));
    }
}
