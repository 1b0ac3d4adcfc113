//! Checks of a file of routing rules: names that exist, no two rules for the same, nobody left without a unit.

use std::collections::BTreeSet;
use std::fmt;

use super::{ANY, Name, Written, WrittenRule};
use crate::domain::calendar::line_of;
use crate::domain::lifecycle::{Lifecycle, System};

/// One thing wrong with a file of routing rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingFault {
    /// Stable code, such as `routing.overlap`.
    pub code: &'static str,
    /// The file, as it was named to the loader.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for RoutingFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.file, self.line, self.code, self.text)
    }
}

impl std::error::Error for RoutingFault {}

struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<RoutingFault>,
}

impl Faults<'_> {
    fn at(&mut self, offset: usize, code: &'static str, text: String) {
        let line = line_of(self.text, offset);
        self.found.push(RoutingFault { code, file: self.file.to_owned(), line, text });
    }

    fn on(&mut self, name: &Name, code: &'static str, text: String) {
        self.at(name.span().start, code, text);
    }
}

/// Reads the file and finds everything that is wrong with it.
pub(super) fn read<'s>(
    file: &str,
    text: &str,
    system: &impl Fn(&str) -> Option<&'s System>,
) -> Result<Written, Vec<RoutingFault>> {
    let mut faults = Faults { file, text, found: Vec::new() };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            faults.at(error.span().map_or(0, |span| span.start), "routing.unreadable", error.message().to_owned());
            return Err(faults.found);
        }
    };
    names(&written, &mut faults);
    for rule in &written.rule {
        services(rule, system(rule.system.get_ref()), &mut faults);
        places(rule, &written, &mut faults);
    }
    overlaps(&written, &mut faults);
    unserved(&written, system, &mut faults);
    if faults.found.is_empty() {
        return Ok(written);
    }
    faults.found.sort_by_key(|fault| fault.line);
    Err(faults.found)
}

fn names(written: &Written, faults: &mut Faults<'_>) {
    let mut seen = BTreeSet::new();
    for unit in &written.unit {
        if !seen.insert(unit.code.get_ref()) {
            faults.on(&unit.code, "routing.twice", format!("the unit `{}` stands twice", unit.code.get_ref()));
        }
        if unit.open_cases_max == Some(0) {
            faults.on(&unit.code, "routing.unit", "a unit that may take no case; leave it out".to_owned());
        }
        if unit.label.get_ref().trim().is_empty() {
            faults.on(&unit.label, "routing.unit", "a unit needs a label".to_owned());
        }
    }
    let mut seen = BTreeSet::new();
    for one in &written.territory {
        let code = one.code.get_ref();
        if !is_territory(code) {
            let text = format!("`{code}` is no beginning of a code of ОКТМО: 2 to 11 digits");
            faults.on(&one.code, "routing.territory", text);
        }
        if !seen.insert(code) {
            faults.on(&one.code, "routing.twice", format!("the territory `{code}` stands twice"));
        }
    }
}

fn is_territory(code: &str) -> bool {
    (2..=11).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
}

fn services(rule: &WrittenRule, system: Option<&System>, faults: &mut Faults<'_>) {
    let Some(system) = system else {
        let text = format!("there is no system `{}`", rule.system.get_ref());
        return faults.on(&rule.system, "routing.unknown-system", text);
    };
    let known: Vec<&str> = offered(system);
    for service in rule.services.iter().filter(|one| one.get_ref() != ANY) {
        if !known.contains(&service.get_ref().as_str()) {
            let text =
                format!("`{}` has no service `{}`; it has {}", system.code(), service.get_ref(), known.join(", "));
            faults.on(service, "routing.unknown-service", text);
        }
    }
    let routed = system.kinds().iter().flat_map(Lifecycle::statuses).any(|status| status.routes.is_some());
    if !routed {
        let text = format!("no status of `{}` asks for the responsible unit (`routes`)", system.code());
        faults.on(&rule.system, "routing.unasked", text);
    }
}

/// The services whose cases come to a status that asks for a unit.
fn offered(system: &System) -> Vec<&str> {
    let asking = system.kinds().iter().filter(|kind| kind.statuses().iter().any(|status| status.routes.is_some()));
    asking.flat_map(Lifecycle::services).map(|service| service.code.as_str()).collect()
}

fn places(rule: &WrittenRule, written: &Written, faults: &mut Faults<'_>) {
    for (list, what) in [(&rule.services, "services"), (&rule.territories, "territories"), (&rule.units, "units")] {
        if list.is_empty() {
            faults.on(&rule.system, "routing.empty", format!("a rule without {what} never fits"));
        }
    }
    for unit in &rule.units {
        if !written.unit.iter().any(|known| known.code.get_ref() == unit.get_ref()) {
            faults.on(unit, "routing.unknown-unit", format!("there is no [[unit]] `{}`", unit.get_ref()));
        }
    }
    for territory in rule.territories.iter().filter(|one| one.get_ref() != ANY) {
        let within = |known: &str| territory.get_ref().starts_with(known);
        if !written.territory.iter().any(|known| within(known.code.get_ref())) {
            let text = format!("`{}` lies in no [[territory]] of the file", territory.get_ref());
            faults.on(territory, "routing.unknown-territory", text);
        }
    }
}

/// Two rules that are equally near to the same case.
fn overlaps(written: &Written, faults: &mut Faults<'_>) {
    let mut taken: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for rule in &written.rule {
        let mut told = false;
        for service in &rule.services {
            for territory in &rule.territories {
                let key = (rule.system.get_ref().as_str(), service.get_ref().as_str(), territory.get_ref().as_str());
                if !taken.insert(key) && !told {
                    told = true;
                    let text = format!(
                        "the service `{}` in the territory `{}` has a rule already",
                        service.get_ref(),
                        territory.get_ref()
                    );
                    faults.on(territory, "routing.overlap", text);
                }
            }
        }
    }
}

/// Every service of a system that is routed must find a unit in every territory.
fn unserved<'s>(written: &Written, system: &impl Fn(&str) -> Option<&'s System>, faults: &mut Faults<'_>) {
    let routed: BTreeSet<&str> = written.rule.iter().map(|rule| rule.system.get_ref().as_str()).collect();
    for system in routed.into_iter().filter_map(system) {
        for territory in &written.territory {
            let code = territory.code.get_ref();
            let serves = |rule: &WrittenRule, service: &str| {
                rule.system.get_ref() == system.code()
                    && rule.services.iter().any(|one| one.get_ref() == ANY || one.get_ref() == service)
                    && rule
                        .territories
                        .iter()
                        .any(|one| one.get_ref() == ANY || code.starts_with(one.get_ref().as_str()))
            };
            let lacks: Vec<&str> = offered(system)
                .into_iter()
                .filter(|service| !written.rule.iter().any(|rule| serves(rule, service)))
                .collect();
            if !lacks.is_empty() {
                let text = format!("nobody serves `{code}` for {} of `{}`", lacks.join(", "), system.code());
                faults.on(&territory.code, "routing.unserved", text);
            }
        }
    }
}
