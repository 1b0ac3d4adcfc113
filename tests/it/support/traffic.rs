//! Sample traffic for stories, and what must become of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use mezhved::assemble::Rules;
use mezhved::binding::{Library, Rulebook};
use mezhved::config::{Config, Written};
use mezhved::sample::{Expected, Plan, Sample, SampleMessage, Senders, Shares, Templates};
use mezhved::specimen::Lexicon;
use mezhved::store::{OutcomeCount, Store};

use super::client::Letter;
use super::rules;

/// Messages of a seed, spread over the thirty days before now.
pub(crate) fn traffic(seed: u64, messages: u64, shares: Shares) -> Vec<SampleMessage> {
    traffic_from(mezhved::clock::now() - Duration::days(30), seed, messages, shares)
}

pub(crate) fn traffic_from(base: DateTime<Utc>, seed: u64, messages: u64, shares: Shares) -> Vec<SampleMessage> {
    let mut written: Written = mezhved::config::load(None, &[]).unwrap();
    written.agency.code = "MINSTROY".into();
    let config = Config::check(&written).unwrap();
    let rules = rules(&config);
    let templates = templates(&Library::load(None).unwrap());
    let plan = Plan {
        seed,
        messages,
        base,
        span: Duration::days(30),
        recipient: "MINSTROY".into(),
        portal: "EPGU".into(),
        agencies: vec!["MFC-77".into(), "ROSREESTR".into()],
        shares,
    };
    Sample::new(plan, rules.lifecycles.get("epgu").unwrap(), &rules.lifecycles.documents, &templates).collect()
}

/// Who may send what by a configuration.
pub(crate) fn senders(config: &Config, rules: &Rules) -> Senders {
    Senders::among(&rules.rulebook, |system, kind| {
        config.partners.senders(system, kind).into_iter().map(str::to_owned).collect()
    })
}

/// The agency that may send everything sends everything.
pub(crate) fn cabinet(rulebook: &Rulebook) -> Senders {
    Senders::among(rulebook, |_, _| vec!["CABINET".to_owned()])
}

/// The words that are built in.
pub(crate) fn words() -> Lexicon {
    mezhved::sample::words(&Library::load(None).unwrap()).unwrap()
}

/// The templates of messages of the system that has some.
pub(crate) fn templates(library: &Library) -> Templates {
    Templates::of(library, "epgu", &mezhved::sample::words(library).unwrap()).unwrap().unwrap()
}

/// The broker user of an agency of the stories.
pub(crate) fn user(agency: &str) -> &'static str {
    match agency {
        "EPGU" => "epgu",
        "MFC-77" => "mfc77",
        "ROSREESTR" => "rosreestr",
        other => panic!("no user for {other}"),
    }
}

pub(crate) fn letters(messages: &[SampleMessage]) -> Vec<Letter> {
    messages.iter().map(|message| Letter::new(message.bytes.to_vec(), user(&message.sender))).collect()
}

/// How many messages must end how: `applied`, `repeat`, or the code of the failure.
pub(crate) fn expected(messages: &[SampleMessage]) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for message in messages {
        let end = match &message.expected {
            Expected::Applied | Expected::Partly(_) | Expected::ParkedThenApplied(_) => "applied".to_owned(),
            Expected::Repeat => "repeat".to_owned(),
            Expected::Failed(code) | Expected::ParkedThenFailed(code) => code.to_string(),
        };
        *counts.entry(end).or_insert(0) += 1;
    }
    counts
}

/// How many messages have ended how, in the same words.
pub(crate) async fn ended(store: &Store) -> BTreeMap<String, i64> {
    counted(&store.outcomes().await.unwrap())
}

fn counted(outcomes: &[OutcomeCount]) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for one in outcomes {
        let end = one.code.clone().unwrap_or_else(|| one.outcome.clone());
        *counts.entry(end).or_insert(0) += one.messages;
        if one.repeats > 0 {
            *counts.entry("repeat".to_owned()).or_insert(0) += one.repeats;
        }
    }
    counts
}
