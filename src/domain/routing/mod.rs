//! Routing: which unit of the agency is responsible for a case, by service, territory and load. The rules are a file that is
//! checked whole when it is loaded; choosing is pure and says why.

mod check;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

pub use check::RoutingFault;

use super::language::Language;
use super::lifecycle::System;
use super::wording::{Labelled, Wording};

/// A rule for every service, or for every territory.
const ANY: &str = "*";

/// A name with its place in the file.
type Name = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: String,
    #[serde(default)]
    territory: Vec<WrittenTerritory>,
    #[serde(default)]
    unit: Vec<WrittenUnit>,
    #[serde(default)]
    rule: Vec<WrittenRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTerritory {
    code: Name,
    label: Name,
    label_en: Option<Name>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUnit {
    code: Name,
    label: Name,
    label_en: Option<Name>,
    open_cases_max: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    system: Name,
    services: Vec<Name>,
    territories: Vec<Name>,
    units: Vec<Name>,
}

/// A unit of the agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Code in tables and history.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// It takes no more open cases than so many.
    pub open_cases_max: Option<u32>,
}

impl Labelled for Unit {
    fn label(&self) -> &str {
        &self.label
    }

    fn label_en(&self) -> Option<&str> {
        self.label_en.as_deref()
    }
}

/// Who is responsible for which services in which territories.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    system: String,
    /// Codes, or [`ANY`].
    services: Vec<String>,
    /// Codes that a territory's own begins with, or [`ANY`].
    territories: Vec<String>,
    /// Places in the list of units.
    units: Vec<usize>,
}

/// All rules. Without a file there are none, and nobody is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    version: String,
    /// Labels of the territories, by code.
    territories: BTreeMap<String, Wording>,
    units: Vec<Unit>,
    rules: Vec<Rule>,
}

/// What a case is routed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Code of the system.
    pub system: &'a str,
    /// Code of the service; empty where there is none.
    pub service: &'a str,
    /// Code of the territory (ОКТМО).
    pub territory: Option<&'a str>,
}

/// The unit that is responsible, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'r> {
    /// The unit; none: nobody is found.
    pub unit: Option<&'r Unit>,
    /// Why, in words.
    pub reason: Wording,
}

impl Routing {
    /// Reads and checks a file of rules. `file` is its name for faults; `system` gives the systems whose cases are routed.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines; the author's fault.
    pub fn load<'s>(
        file: &str,
        text: &str,
        system: impl Fn(&str) -> Option<&'s System>,
    ) -> Result<Self, Vec<RoutingFault>> {
        let written = check::read(file, text, &system)?;
        let places: BTreeMap<String, usize> =
            written.unit.iter().enumerate().map(|(at, unit)| (unit.code.get_ref().clone(), at)).collect();
        let plain = |names: Vec<Name>| names.into_iter().map(Spanned::into_inner).collect::<Vec<_>>();
        let rules = written.rule.into_iter().map(|rule| Rule {
            system: rule.system.into_inner(),
            services: plain(rule.services),
            territories: plain(rule.territories),
            units: plain(rule.units).iter().filter_map(|code| places.get(code).copied()).collect(),
        });
        let rules = rules.collect();
        let units = written.unit.into_iter().map(|unit| Unit {
            code: unit.code.into_inner(),
            label: unit.label.into_inner(),
            label_en: unit.label_en.map(Spanned::into_inner),
            open_cases_max: unit.open_cases_max,
        });
        let territories = written.territory.into_iter().map(|one| {
            let label = match (one.label.into_inner(), one.label_en) {
                (ru, Some(en)) => Wording::Each { ru, en: en.into_inner() },
                (label, None) => label.into(),
            };
            (one.code.into_inner(), label)
        });
        let territories = territories.collect();
        Ok(Self { version: written.version, territories, units: units.collect(), rules })
    }

    /// Version of the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The units, in the order of the file.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The unit with this code.
    #[must_use]
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    /// Whether cases of a system are routed at all.
    #[must_use]
    pub fn serves(&self, system: &str) -> bool {
        self.rules.iter().any(|rule| rule.system == system)
    }

    /// Chooses the responsible unit: the rule with the nearest territory, and among those the one that names the service; in it
    /// the unit with the fewest open cases that may take one more, the first named of equals.
    #[must_use]
    pub fn choose(&self, asked: &Asked<'_>, load: impl Fn(&str) -> i64) -> Choice<'_> {
        let found = self.rules.iter().filter_map(|rule| Some((rule.nearness(asked)?, rule)));
        // The first of equals; the check leaves none.
        let found = found.reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, rule)) = found else {
            return Choice {
                unit: None,
                reason: self.because(asked, ": такого правила нет", ": there is no such rule"),
            };
        };
        let loads: Vec<(&Unit, i64)> =
            rule.units.iter().filter_map(|at| self.units.get(*at)).map(|unit| (unit, load(&unit.code))).collect();
        let free = |(unit, load): &&(&Unit, i64)| unit.open_cases_max.is_none_or(|most| *load < i64::from(most));
        let unit = loads.iter().filter(free).min_by_key(|(_, load)| *load).map(|(unit, _)| *unit);
        let told: Vec<String> = loads.iter().map(|(unit, load)| format!("{} — {load}", unit.code)).collect();
        let end = if unit.is_some() { ["", ""] } else { ["; все заняты", "; all of them are busy"] };
        let told = told.join(", ");
        let (ru, en) = (format!("; открытых дел: {told}{}", end[0]), format!("; open cases: {told}{}", end[1]));
        Choice { unit, reason: self.because(asked, &ru, &en) }
    }

    /// What was asked for, and what follows from it in each language.
    fn because(&self, asked: &Asked<'_>, ru: &str, en: &str) -> Wording {
        Wording::each(|language| {
            let [service, territory, none, ends] = match language {
                Language::Russian => ["услуга", "территория", "не указана", ru],
                Language::English => ["service", "territory", "not named", en],
            };
            let named = if asked.service.is_empty() { none } else { asked.service };
            format!("{service} {named}, {territory} {}{ends}", self.territory(asked.territory, language, none))
        })
    }

    fn territory(&self, code: Option<&str>, language: Language, none: &str) -> String {
        let Some(code) = code else { return none.to_owned() };
        let label = self.territories.iter().rfind(|(known, _)| code.starts_with(known.as_str()));
        label.map_or_else(|| code.to_owned(), |(_, label)| format!("{code} ({})", label.told(language)))
    }
}

impl Rule {
    /// How near the rule comes to what is asked; none where it does not fit.
    fn nearness(&self, asked: &Asked<'_>) -> Option<(usize, bool)> {
        let named = self.services.iter().any(|code| code == asked.service);
        if self.system != asked.system || !(named || self.services.iter().any(|code| code == ANY)) {
            return None;
        }
        let near = |code: &String| {
            if code == ANY {
                return Some(0);
            }
            asked.territory.filter(|territory| territory.starts_with(code.as_str())).map(|_| code.len())
        };
        Some((self.territories.iter().filter_map(near).max()?, named))
    }
}

#[cfg(test)]
mod tests;
