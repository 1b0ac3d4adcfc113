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
use crate::domain::wording::{Labelled, Wording};

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
    let (language, Config { zone, notify, .. }) = (telling.language, telling.config);
    let until = |end: DateTime<Utc>| told_end(end, *zone, language);
    let word = |wording: &Wording| wording.told(language).to_owned();
    let list = |list: &[Wording]| {
        (!list.is_empty()).then(|| list.iter().map(|one| one.told(language)).collect::<Vec<_>>().join("; "))
    };
    let happened = language.moment(event.happened_at.with_timezone(zone));
    let service = lifecycle.service(&event.service).map_or(event.service.as_str(), |one| one.told(language));
    let status = lifecycle.status(&event.status).map_or(event.status.as_str(), |one| one.told(language));
    let unit = event.unit.as_deref().map(|code| telling.routing.unit(code).map_or(code, |one| one.told(language)));
    let link = notify
        .link
        .as_ref()
        .map(|link| link.replace("{system}", &event.case.system).replace("{number}", &event.case.number));
    let known = [
        (Place::Number.name(), Some(event.case.number.clone())),
        (Place::Kind.name(), Some(lifecycle.kind().told(language).to_owned())),
        (Place::Title.name(), event.title.as_ref().map(word)),
        (Place::Parent.name(), event.parent.clone()),
        (Place::Until.name(), event.valid_until.map(until)),
        (Place::Status.name(), Some(status.to_owned())),
        (Place::Service.name(), Some(service.to_owned()).filter(|service| !service.is_empty())),
        (Place::Happened.name(), Some(happened)),
        (Place::Deadline.name(), event.deadline.map(until)),
        (Place::Expected.name(), event.expected_on.map(|day| language.day(day))),
        (Place::Comment.name(), event.comment.as_ref().map(word)),
        (Place::Reasons.name(), list(&event.reasons)),
        (Place::Missing.name(), list(&event.missing)),
        (Place::Amount.name(), event.amount.as_deref().map(|written| language.amount(written))),
        (Place::Result.name(), event.result.as_ref().map(word)),
        (Place::Officer.name(), event.officer.clone()),
        (Place::Agency.name(), Some(telling.config.agency_name(&event.agency).to_owned())),
        (Place::Unit.name(), unit.map(str::to_owned)),
        (Place::Code.name(), event.secret.as_ref().map(|secret| secret.reveal().to_owned())),
        (Place::Remaining.name(), left(event, telling)),
        ("system", Some(lifecycle.told(language).to_owned())),
        ("event", Some(texts.told(language).to_owned())),
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
pub fn sample(language: Language, whole: bool) -> Values {
    // Russian and English where people read it, alike where it is a value.
    let usual = [
        (Place::Number.name(), "77-2026-000101", ""),
        (Place::Kind.name(), "Заявление", "Application"),
        (Place::Status.name(), "На рассмотрении", "Under review"),
        (Place::Happened.name(), "02.03.2026 10:00", "2 March 2026 10:00"),
        (Place::Agency.name(), "Минстрой области", "MINSTROY"),
        ("system", "Госуслуги", "Gosuslugi"),
        ("event", "Изменился статус", "The status has changed"),
    ];
    let rare = [
        (Place::Title.name(), "Разрешение на строительство", "Construction permit"),
        (Place::Parent.name(), "77-2026-000100", ""),
        (Place::Until.name(), "01.03.2027", "1 March 2027"),
        (Place::Service.name(), "Выдача разрешения на строительство", "Issue of a construction permit"),
        (Place::Deadline.name(), "13.03.2026", "13 March 2026"),
        (Place::Expected.name(), "11.03.2026", "11 March 2026"),
        (Place::Comment.name(), "Проверьте приложенный план.", "Check the plan that is attached."),
        (Place::Reasons.name(), "Нет обязательных документов", "Mandatory documents are missing"),
        (Place::Missing.name(), "план участка", "Site plan"),
        (Place::Amount.name(), "1\u{a0}500,00", "1,500.00"),
        (Place::Result.name(), "https://example.org/result", ""),
        (Place::Officer.name(), "Отдел разрешений", "Permits office"),
        (Place::Unit.name(), "Отдел разрешений", "Permits office"),
        (Place::Code.name(), "482913", ""),
        (Place::Remaining.name(), "11 дней", "11 days"),
        ("link", "https://example.org/epgu/77-2026-000101", ""),
    ];
    let told = |(name, russian, english): (&'static str, &str, &str)| {
        let alike = english.is_empty() || language == Language::Russian;
        (name, Some(if alike { russian } else { english }.to_owned()))
    };
    let mut values: Values = names().into_iter().map(|name| (name, None)).collect();
    values.extend(usual.map(told));
    if whole {
        values.extend(rare.map(told));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_sample() {
        for language in Language::ALL {
            let whole = sample(language, true);
            let names = names();
            assert_eq!(whole.len(), names.len());
            for name in names {
                assert!(whole[name].is_some(), "{name}");
            }
            assert!(sample(language, false).values().any(Option::is_none));
        }
    }
}
