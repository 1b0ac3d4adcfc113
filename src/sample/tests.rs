//! The traffic as a whole: the same everywhere, whole, in the shares asked for, in constant memory.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::*;
use crate::binding::Library;

struct Ground {
    lifecycle: Lifecycle,
    documents: Lifecycle,
    templates: Templates,
}

fn ground() -> Ground {
    let lifecycle = Lifecycle::load("lifecycle", include_str!("../../xsd/epgu/lifecycle.toml")).unwrap();
    let documents = Lifecycle::load("documents", include_str!("../../xsd/common/documents.toml")).unwrap();
    let templates = Templates::parse(
        ("envelope", include_str!("../../xsd/envelope/1.0/envelope.sample.xml")),
        ("submit", include_str!("../../xsd/epgu/1.0/submit-application.sample.xml")),
        ("update", include_str!("../../xsd/epgu/1.0/status-update.sample.xml")),
        ("exchange", include_str!("../../xsd/epgu/1.0/document-exchange.sample.xml")),
        words(&Library::load(None).unwrap()).unwrap(),
    );
    Ground { lifecycle, documents, templates: templates.unwrap() }
}

fn plan(seed: u64, messages: u64, shares: Shares) -> Plan {
    Plan {
        seed,
        messages,
        base: "2026-10-01T06:00:00Z".parse().unwrap(),
        span: Duration::days(30),
        recipient: "MINSTROY".into(),
        portal: "EPGU".into(),
        agencies: vec!["MFC-77".into(), "ROSREESTR".into()],
        shares,
    }
}

impl Ground {
    fn sample(&self, plan: Plan) -> Sample<'_> {
        Sample::new(plan, &self.lifecycle, &self.documents, &self.templates)
    }
}

fn digest(messages: impl Iterator<Item = SampleMessage>) -> String {
    let mut hash = Sha256::new();
    messages.for_each(|message| hash.update(message.bytes.as_slice()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() {
    let ground = ground();
    let run = |seed| digest(ground.sample(plan(seed, 2000, Shares::usual())));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    // Changes on purpose only: who has noted a seed relies on it.
    assert_eq!(run(1), GOLDEN);
}

const GOLDEN: &str = "cc4f564c10c84c0e549467c6fba2b48445520592599a97207ecd59c91a4d069c";

#[test]
fn as_many_as_asked_for_in_order() {
    let ground = ground();
    for messages in [0, 1, 2, 3, 500] {
        let numbers: Vec<_> = ground.sample(plan(3, messages, Shares::usual())).map(|message| message.number).collect();
        assert_eq!(numbers, (1..=messages).collect::<Vec<_>>());
    }
    let names: Vec<_> = ground.sample(plan(3, 300, Shares::usual())).map(|one| one.file_name()).collect();
    assert!(names.is_sorted());
}

#[test]
fn without_oddities_everything_is_applied() {
    let ground = ground();
    for message in ground.sample(plan(4, 2000, Shares::none())) {
        assert_eq!((message.oddity, &message.expected), (None, &Expected::Applied), "{}", message.what);
        let text = std::str::from_utf8(&message.bytes).unwrap();
        assert!(text.ends_with("</env:Envelope>\n") && !text.contains(['{', '}']), "{text}");
    }
}

#[test]
fn every_transition_is_taken_and_every_end_is_reached() {
    let ground = ground();
    let mut sample = ground.sample(plan(5, 6000, Shares::none()));
    while sample.next().is_some() {}
    for from in ground.lifecycle.statuses() {
        for to in &from.next {
            let taken = sample.taken.get(&(from.code.as_str(), to.as_str())).copied().unwrap_or(0);
            assert!(taken > 0, "{} → {to}", from.code);
        }
    }
}

#[test]
fn every_oddity_occurs_about_as_often_as_asked() {
    let ground = ground();
    let mut seen: HashMap<Oddity, u64> = HashMap::new();
    for message in ground.sample(plan(6, 20_000, Shares::usual())) {
        if let Some(oddity) = message.oddity {
            *seen.entry(oddity).or_default() += 1;
        }
    }
    for oddity in Oddity::ALL {
        let (count, wanted) = (seen.get(oddity).copied().unwrap_or(0), u64::from(oddity.usual()) * 20);
        assert!(count * 2 >= wanted && count <= wanted * 2, "{oddity}: {count} of {wanted}");
    }
}

#[test]
fn what_waits_is_followed_by_what_it_waits_for() {
    let ground = ground();
    let shares = Shares::none().with(Oddity::Overtaking, 100).with(Oddity::Gap, 100);
    let messages: Vec<_> = ground.sample(plan(7, 3000, shares)).collect();
    let mut parked = 0;
    for (at, message) in messages.iter().enumerate() {
        if matches!(message.expected, Expected::ParkedThenApplied(_)) {
            parked += 1;
            let soon = &messages[at + 1..(at + 2 + PATIENCE_MESSAGES_MAX).min(messages.len())];
            assert!(soon.iter().any(|later| later.what.ends_with("overtaken")), "{}", message.what);
        }
    }
    assert!(parked > 200, "{parked}");
}

#[test]
fn repeats_are_byte_for_byte_and_ids_are_otherwise_new() {
    let ground = ground();
    let mut seen = HashSet::new();
    for message in ground.sample(plan(8, 5000, Shares::usual())) {
        let new = seen.insert(digest_of(&message.bytes));
        assert_eq!(new, message.expected != Expected::Repeat, "{}", message.what);
    }
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[test]
fn sizes_are_those_of_real_messages() {
    let ground = ground();
    let sizes: Vec<usize> = ground
        .sample(plan(9, 4000, Shares::none()))
        .filter(|message| message.what.starts_with("application"))
        .map(|message| message.bytes.len())
        .collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((3000..4500).contains(&mean), "{mean}");
}

#[test]
fn what_is_kept_does_not_grow() {
    let ground = ground();
    let mut sample = ground.sample(plan(10, 30_000, Shares::usual()));
    while sample.next().is_some() {}
    assert_eq!((sample.lives.len(), sample.recent.len()), (LIVES, RECENT_MESSAGES_MAX));
    let papers = sample.lives.iter().map(|life| life.folder.len()).max();
    assert!(papers < Some(50), "{papers:?}");
}
