//! The systems held against tables of what the trade asks of them: statuses with their labels and ways, reasons, timers, terms, events
//! with their channels, documents, sizes, roles, words of other agencies. The tables are written down apart from the lifecycles.

use std::collections::BTreeSet;
use std::path::Path;

use mezhved::assemble::Rules;
use mezhved::config::{self, Config};
use mezhved::domain::lifecycle::{Class, Due, Event, Lifecycle, Sends, Status, System, Timer};

use crate::support;

fn built_in() -> &'static Rules {
    let written = config::load(None, &[("agency.code".into(), "MINSTROY".into())]).unwrap();
    support::rules(&Config::check(&written).unwrap())
}

/// The rows of a table, by columns; a missing last column is empty.
fn rows<const COLUMNS: usize>(table: &str) -> Vec<[String; COLUMNS]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/coverage").join(table);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut rows = Vec::new();
    for line in lines {
        let mut columns = line.split('\t').map(str::to_owned);
        rows.push(std::array::from_fn(|_| columns.next().unwrap_or_default()));
        assert_eq!(columns.next(), None, "{table}: {line}");
    }
    rows
}

/// What a rule's story may be: a story of `fixtures/` or of `commands/` by its path, or a test by its file and name.
fn told(story: &str) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some((file, test)) = story.split_once("::") else {
        let folder = if story.starts_with("commands/") { "tests/it" } else { "fixtures" };
        let path = root.join(folder).join(story);
        let is = path.is_file() || path.join("expected.toml").is_file() || path.join("case.toml").is_file();
        return is.then_some(()).ok_or(format!("there is no story {folder}/{story}"));
    };
    let text = std::fs::read_to_string(root.join(file)).map_err(|fault| format!("{file}: {fault}"))?;
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let named = |line: &str| line.trim_start_matches("async ").starts_with(&format!("fn {test}("));
    let at = lines.iter().position(|line| named(line)).ok_or(format!("{file} has no function {test}"))?;
    let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with('#') || line.starts_with("///"));
    let is = above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
    is.then_some(()).ok_or(format!("{file}: {test} is no test"))
}

#[test]
fn every_rule_of_the_trade_has_its_story() {
    let rows = rows::<3>("rules.tsv");
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for [system, rule, stories] in &rows {
        if !seen.insert((system, rule)) {
            faults.push(format!("{system}: {rule}: stands twice"));
        }
        if stories.is_empty() {
            faults.push(format!("{system}: {rule}: has no story"));
        }
        let missing = stories.split(' ').filter(|story| !story.is_empty()).filter_map(|story| told(story).err());
        faults.extend(missing.map(|fault| format!("{system}: {rule}: {fault}")));
    }
    let least = [("shared", 80), ("agis2", 20), ("epgu", 45), ("org", 55), ("gge", 28), ("fgis", 22), ("exchange", 15)];
    for (system, least) in least {
        let count = rows.iter().filter(|[of, _, _]| of == system).count();
        if count < least {
            faults.push(format!("{system}: {count} rules, expected {least} or more"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    for nothing in ["epgu/valid/no-such-story", "tests/it/coverage.rs::no_such_test", "tests/it/coverage.rs::kind"] {
        assert!(told(nothing).is_err(), "{nothing}");
    }
}

fn kind(code: &str, kind: &str) -> Result<&'static Lifecycle, String> {
    let system = built_in().lifecycles.system(code).ok_or(format!("there is no system {code}"))?;
    system.kind(kind).ok_or(format!("{code} has no kind {kind}"))
}

#[test]
fn every_status_of_the_trade_is_there_with_its_label_and_its_ways() {
    let rows = rows::<5>("statuses.tsv");
    assert!(rows.len() >= 90, "{} rows", rows.len());
    let faults: Vec<String> = rows.iter().filter_map(|row| status(row).err()).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn status([system, of, code, label, next]: &[String; 5]) -> Result<(), String> {
    let at = format!("{system}/{of}/{code}");
    let status = kind(system, of)?.status(code).ok_or(format!("{at}: there is no such status"))?;
    if status.label != *label {
        return Err(format!("{at}: «{}», expected «{label}»", status.label));
    }
    let (next, whole) = next.strip_suffix('*').map_or((next.as_str(), false), |next| (next, true));
    let wanted: Vec<&str> = next.split(',').filter(|code| !code.is_empty()).collect();
    let lacks: Vec<&&str> = wanted.iter().filter(|code| !status.next.iter().any(|one| one == *code)).collect();
    if !lacks.is_empty() || whole && wanted.len() != status.next.len() {
        return Err(format!("{at}: goes to {:?}, expected {wanted:?}", status.next));
    }
    Ok(())
}

#[test]
fn reasons_timers_terms_events_and_documents_of_the_trade_are_there() {
    let rows = rows::<5>("parts.tsv");
    assert!(rows.len() >= 160, "{} rows", rows.len());
    let faults: Vec<String> = rows.iter().filter_map(|row| part(row).err()).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn final_decisions_of_every_system_go_to_cabinet_and_sms_whatever_was_chosen() {
    let mut decided = 0;
    let mut faults = Vec::new();
    let systems = ["agis2", "epgu", "org", "gge", "fgis"].map(|code| built_in().lifecycles.system(code).unwrap());
    for lifecycle in systems.iter().flat_map(|system| system.kinds()) {
        for status in lifecycle.statuses() {
            let sent = status.sends.as_ref().is_some_and(|one| matches!(one.what, Sends::Decision | Sends::Result));
            if status.class != Class::Decision && !sent {
                continue;
            }
            decided += 1;
            let by = |event: &Event, channel: &str| event.channels.iter().any(|one| one == channel);
            let told = |event: &Event| event.required && by(event, "cabinet") && by(event, "sms");
            if !lifecycle.event_of(status).is_some_and(told) {
                faults.push(format!("{}/{}", lifecycle.kind().code, status.code));
            }
        }
    }
    assert!(decided >= 20, "{decided} decisions");
    assert!(faults.is_empty(), "decisions that may stay untold: {faults:?}");
}

fn part([code, of, what, name, value]: &[String; 5]) -> Result<(), String> {
    let system = built_in().lifecycles.system(code).ok_or(format!("there is no system {code}"))?;
    let lifecycle = if of == "-" { system.main() } else { kind(code, of)? };
    let found = match what.as_str() {
        "reason" => lifecycle.status(value).and_then(|status| lifecycle.reason(status, name)).map(|_| value.clone()),
        "timer" => timer(lifecycle, name).map(|timer| due(timer.due)),
        "term" => lifecycle.status(name).and_then(|status| status.term).map(|term| term.to_string()),
        "service" => lifecycle.service(name).map(|service| service.term.to_string()),
        "event" => event(system, name).map(|_| String::new()),
        "channels" => event(system, name).map(|event| among(&event.channels, value)),
        "document" => lifecycle.documents().and_then(|rules| rules.document_type(name)).map(|_| String::new()),
        "size" => lifecycle.documents().map(|rules| rules.size_bytes_max.to_string()),
        "format" => {
            let rules = lifecycle.documents();
            rules.filter(|rules| rules.formats.contains(name)).map(|_| String::new())
        }
        "role" => system.vocabulary().roles.iter().find(|role| role.code == *name).map(|_| String::new()),
        "authority" => system.vocabulary().authorities.iter().find(|one| one.code == *name).map(|_| String::new()),
        "word" => lifecycle.recognize(name).map(|status| status.code.clone()),
        other => return Err(format!("the table knows no {other}")),
    };
    match found {
        Some(found) if found == *value => Ok(()),
        found => Err(format!("{code}/{of}: {what} {name}: {found:?}, expected {value:?}")),
    }
}

/// A timer by `status/code`, or one of the whole life by its code.
fn timer<'l>(lifecycle: &'l Lifecycle, name: &str) -> Option<&'l Timer> {
    let of = |timers: &'l [Timer], code: &str| timers.iter().find(|timer| timer.code == code);
    match name.split_once('/') {
        Some((status, code)) => of(lifecycle.status(status).map(|status: &Status| &status.timers[..])?, code),
        None => of(lifecycle.timers(), name),
    }
}

fn due(due: Due) -> String {
    match due {
        Due::Deadline => "deadline".to_owned(),
        Due::After(term) => term.to_string(),
        Due::ServiceTerm => "service term".to_owned(),
        Due::Validity => "validity".to_owned(),
        Due::BeforeDeadline(term) => format!("{term} before deadline"),
        Due::BeforeValidity(term) => format!("{term} before validity"),
        Due::Now => "now".to_owned(),
    }
}

fn event<'s>(system: &'s System, code: &str) -> Option<&'s Event> {
    system.kinds().iter().find_map(|lifecycle| lifecycle.event(code))
}

/// Those of the wanted channels that an event goes out by.
fn among(channels: &[String], wanted: &str) -> String {
    wanted.split(',').filter(|channel| channels.iter().any(|one| one == channel)).collect::<Vec<_>>().join(",")
}
