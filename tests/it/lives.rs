//! The sample traffic of systems that is made from their bindings: after the walk, life follows life until there are as many messages as
//! are wanted. Each ends as it was foretold, in batches as queues bring them; what is unusual occurs as often as was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use mezhved::assemble::Rules;
use mezhved::binding::Library;
use mezhved::clock;
use mezhved::config::Config;
use mezhved::decode;
use mezhved::domain::lifecycle::System;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{self, Composer, Expected, Oddity, SampleMessage, Shares, Templates, Walk, WalkPlan};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::sixth::sixth;
use crate::support::traffic::{senders, words};
use crate::support::{FIVE, Folder, delivery, house, item_results, settle, sound, wake, written};
use crate::walk::message_id;

/// Words that stand for any.
const FILLER: [&str; 8] = ["образец", "пример", "эталон", "проба", "макет", "запись", "данные", "заметка"];
/// Identifiers, and how those begin that nobody is given.
const UNUSED: [(&str, &str); 4] = [("Inn", "9999"), ("Snils", "999"), ("Ogrn", "126990"), ("Ogrnip", "326990")];
/// Messages that come together.
const BATCH: usize = 23;
/// Two agencies share the work of a system, and a third has no part in it.
const TWO: &str = r#"
[intake]
systems = ["agis2", "epgu", "fgis", "gge", "org"]
[[agencies]]
code = "EXPERTS"
user = "experts"
systems = ["gge"]
kinds = ["StatusUpdate", "DocumentExchange"]
[[agencies]]
code = "BUREAU"
user = "bureau"
systems = ["gge"]
kinds = ["*"]
[[agencies]]
code = "ARCHIVE"
user = "archive"
systems = ["org"]
kinds = ["*"]
"#;

/// Traffic that is wanted: of a seed, so many messages beyond the walk, or of the walk.
struct Wanted {
    seed: u64,
    beyond: i64,
    shares: Shares,
    base: DateTime<Utc>,
}

impl Wanted {
    fn usual(seed: u64, beyond: i64) -> Self {
        Self { seed, beyond, shares: Shares::usual(), base: clock::now() - Duration::minutes(20) }
    }

    /// The length of the walk, and the messages.
    fn of(&self, system: &System, rules: &Rules, config: &Config) -> (usize, Vec<SampleMessage>) {
        let senders = senders(config, rules);
        let envelope = sample::envelope(&Library::load(None).unwrap()).unwrap();
        let composer = Composer::over(&rules.rulebook, words()).permitted(&senders);
        let plan =
            WalkPlan { seed: self.seed, base: self.base, zone: config.zone, recipient: "MINSTROY".into(), senders };
        let walk = Walk::new(plan, system, (&rules.rulebook, &composer, &envelope));
        let traffic = walk.traffic(self.shares.clone(), &rules.lifecycles.documents).unwrap();
        let length = traffic.walk_len();
        let wanted = length.checked_add_signed(self.beyond).unwrap();
        let mut traffic = traffic.spread(wanted, self.base + Duration::minutes(20));
        let all: Vec<SampleMessage> = traffic.by_ref().collect();
        assert!(traffic.fault().is_none(), "{}: {:?}", system.code(), traffic.fault());
        assert_eq!(all.len() as u64, wanted, "{}", system.code());
        assert!(all.iter().zip(1..).all(|(one, number)| one.number == number && one.system == system.code()));
        (usize::try_from(length).unwrap(), all)
    }
}

/// The systems whose traffic is made from their bindings: those without templates.
fn others(rules: &Rules) -> impl Iterator<Item = &System> {
    let library = Library::load(None).unwrap();
    let has_templates = move |system: &System| Templates::of(&library, system.code(), &words()).unwrap().is_some();
    rules.lifecycles.systems().filter(move |system| !has_templates(system))
}

async fn ends_as_foretold(pipeline: &Arc<Pipeline>, all: &[SampleMessage]) -> Vec<String> {
    let before = repeats(pipeline).await;
    for batch in all.chunks(BATCH) {
        settle(pipeline, batch.iter().map(|one| delivery(pipeline, one.bytes.to_vec())).collect()).await;
        wake(pipeline).await;
    }
    let mut faults = Vec::new();
    for one in all.iter().filter(|one| one.expected != Expected::Repeat) {
        let (found, expected) = (found(pipeline, one).await, foretold(&one.expected));
        if found.0 != expected {
            faults.push(format!("{}: {}, expected {expected}: {}", one.what, found.0, found.1));
        }
    }
    let (counted, repeats) = (repeats(pipeline).await - before, repeated(all));
    if counted != repeats {
        faults.push(format!("{counted} repeats, expected {repeats}"));
    }
    faults
}

async fn repeats(pipeline: &Pipeline) -> i64 {
    pipeline.store.outcomes().await.unwrap().iter().map(|one| one.repeats).sum()
}

fn repeated(all: &[SampleMessage]) -> i64 {
    all.iter().map(|one| i64::from(one.expected == Expected::Repeat)).sum()
}

/// How a message ended, and what its items say.
async fn found(pipeline: &Pipeline, one: &SampleMessage) -> (String, String) {
    let hash = hex::encode(decode::hash(&one.bytes));
    let text = decode::decode(&one.bytes, one.bytes.len()).map(|text| text.text).ok();
    let id = text.filter(|text| text.contains("MessageId>")).map(|text| message_id(&text));
    let mut views = pipeline.store.messages_by_id(&format!("sha256:{hash}")).await.unwrap();
    if let Some(id) = id {
        views.extend(pipeline.store.messages_by_id(&id).await.unwrap());
    }
    let Some(view) = views.iter().find(|view| view.hash == hash) else { return ("lost".to_owned(), String::new()) };
    let refused: Vec<_> = item_results(&view.items).into_iter().filter(|(_, result, _)| *result == "refused").collect();
    let end = match (&view.code, refused.as_slice()) {
        (Some(code), _) => code.clone(),
        (None, []) => view.outcome.clone(),
        (None, refused) => {
            let codes: Vec<&str> = refused.iter().filter_map(|(.., code)| code.as_deref()).collect();
            format!("{}, but {}", view.outcome, codes.join(" "))
        }
    };
    (end, view.items.clone())
}

fn foretold(expected: &Expected) -> String {
    match expected {
        Expected::Applied | Expected::ParkedThenApplied(_) => "applied".to_owned(),
        Expected::Partly(codes) => {
            let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
            format!("applied, but {}", codes.join(" "))
        }
        Expected::Repeat => "repeat".to_owned(),
        Expected::Failed(code) => code.to_string(),
        // The patience of the house outlasts the story.
        Expected::ParkedThenFailed(_) => "parked".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn life_follows_life_and_each_message_ends_as_foretold() {
    for (seed, beyond) in [(7, 500), (19, 120), (23, -25)] {
        let folder = Folder::new();
        let pipeline = house(folder.path(), FIVE).await;
        let config = Config::check(&written(folder.path(), FIVE)).unwrap();
        let rules = crate::support::rules(&config);
        let mut faults = Vec::new();
        for system in others(rules) {
            let (_, all) = Wanted::usual(seed, beyond).of(system, rules, &config);
            let own = ends_as_foretold(&pipeline, &all).await;
            faults.extend(own.into_iter().map(|fault| format!("{}: {fault}", system.code())));
        }
        assert!(faults.is_empty(), "seed {seed}: {} faults:\n{}", faults.len(), faults.join("\n"));
        sound(&pipeline).await;
    }
}

/// What can be done with documents, as the list of the traffic names it.
const EXCHANGES: [&str; 6] = ["document", "new-version", "delivery", "verdict", "signature", "request"];
/// What must have become of documents in a store.
const BECAME: [(&str, &str); 6] = [
    (
        "a new version",
        "SELECT count(*) FROM documents d JOIN cases c ON c.id = d.case_id WHERE c.system = ?1 AND d.versions > 1",
    ),
    (
        "approved",
        "SELECT count(*) FROM documents d JOIN cases c ON c.id = d.case_id WHERE c.system = ?1 AND d.state = 'approved'",
    ),
    (
        "rejected for a reason",
        "SELECT count(*) FROM documents d JOIN cases c ON c.id = d.case_id \
         WHERE c.system = ?1 AND d.state = 'rejected' AND d.reason IS NOT NULL",
    ),
    (
        "signed",
        "SELECT count(*) FROM documents d JOIN cases c ON c.id = d.case_id WHERE c.system = ?1 AND d.signed IS NOT NULL",
    ),
    (
        "asked for",
        "SELECT count(*) FROM document_requests r JOIN cases c ON c.id = r.case_id WHERE c.system = ?1 AND r.state = 'open'",
    ),
    (
        "delivered",
        "SELECT count(*) FROM document_requests r JOIN cases c ON c.id = r.case_id WHERE c.system = ?1 AND r.state = 'closed'",
    ),
];
/// Cases that documents have moved.
const MOVED: &str = "SELECT count(*) FROM history h JOIN cases c ON c.id = h.case_id \
     WHERE c.system = ?1 AND json_extract(h.details, '$.because') LIKE 'documents:%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_go_back_and_forth_in_ordinary_lives_of_every_system() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    let config = Config::check(&written(folder.path(), FIVE)).unwrap();
    let rules = crate::support::rules(&config);
    for system in others(rules) {
        let (walk, all) = Wanted { shares: Shares::none(), ..Wanted::usual(31, 1500) }.of(system, rules, &config);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &all[walk..] {
            assert_eq!((one.oddity, &one.expected), (None, &Expected::Applied), "{}", one.what);
            if let Some(what) = one.what.split(' ').nth(2).filter(|what| EXCHANGES.contains(what)) {
                *counts.entry(what).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), EXCHANGES.len(), "{}: {counts:?}", system.code());
        let share = counts.values().sum::<usize>() * 100 / (all.len() - walk);
        assert!((5..40).contains(&share), "{}: {share} of a hundred messages exchange documents", system.code());
        // The store has what the walk left; only what comes after it counts.
        let (first, further) = all.split_at(walk);
        let mut faults = ends_as_foretold(&pipeline, first).await;
        let mut before = Vec::new();
        for (_, query) in BECAME {
            before.push(count(folder.path(), query, system).await);
        }
        let moved = count(folder.path(), MOVED, system).await;
        faults.extend(ends_as_foretold(&pipeline, further).await);
        assert!(faults.is_empty(), "{}: {} faults:\n{}", system.code(), faults.len(), faults.join("\n"));
        for ((what, query), before) in BECAME.into_iter().zip(before) {
            let after = count(folder.path(), query, system).await;
            assert!(after > before, "{}: no document was {what}", system.code());
        }
        // Cases of rarer kinds are moved where it comes about; stories in steps prove each of them.
        let mut answers = system.main().statuses().iter().flat_map(|status| &status.on);
        let moves = answers.any(|one| one.happening.to_string().starts_with("documents:"));
        let after = count(folder.path(), MOVED, system).await;
        assert!(!moves || after > moved, "{}: documents move cases as the lifecycle says", system.code());
    }
    sound(&pipeline).await;
}

async fn count(folder: &Path, query: &'static str, system: &System) -> i64 {
    let store = SqliteConnectOptions::new().filename(folder.join("store.sqlite")).read_only(true);
    let mut store = store.connect().await.unwrap();
    sqlx::query_scalar(query).bind(system.code()).fetch_one(&mut store).await.unwrap()
}

/// The texts of elements and attributes of a message's body.
fn values(text: &str) -> Vec<(String, String)> {
    let document = roxmltree::Document::parse(text).unwrap();
    let body = document.descendants().find(|node| node.has_tag_name(("urn:mezhved:envelope:1.0", "Body"))).unwrap();
    let mut values = Vec::new();
    for node in body.descendants().filter(roxmltree::Node::is_element) {
        values.extend(node.attributes().map(|one| (one.name().to_owned(), one.value().to_owned())));
        let own = node.text().map(str::trim).filter(|text| !text.is_empty());
        values.extend(own.map(|text| (node.tag_name().name().to_owned(), text.to_owned())));
    }
    values
}

#[test]
fn messages_say_what_people_write_and_are_valid() {
    let folder = Folder::new();
    let config = Config::check(&written(folder.path(), FIVE)).unwrap();
    let rules = crate::support::rules(&config);
    let mut identifiers = BTreeSet::new();
    for system in others(rules) {
        let wanted = Wanted { shares: Shares::none(), ..Wanted::usual(13, 150) };
        let (_, all) = wanted.of(system, rules, &config);
        let mut people = 0;
        for one in &all {
            let text = std::str::from_utf8(&one.bytes).unwrap();
            let verdict = rules.rulebook.read(text).verdict;
            assert!(verdict.is_ok(), "{}: {verdict:?}\n{text}", one.what);
            let values = values(text);
            for (name, value) in &values {
                let filler = FILLER.iter().any(|word| value == word || value.starts_with(&format!("{word} ")));
                assert!(!filler, "{}: {name} is {value:?}", one.what);
                // What belongs to a parent is told again.
                if let Some((_, unused)) = UNUSED.iter().find(|(identifier, _)| identifier == name) {
                    assert!(value.starts_with(unused), "{}: {name} is {value:?}", one.what);
                    identifiers.insert(value.clone());
                }
            }
            let part = |wanted: &'static str| {
                values.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str())
            };
            for (family, given) in part("LastName").zip(part("FirstName")) {
                people += 1;
                let woman = |name: &str| name.ends_with(['а', 'я']);
                assert_eq!(woman(family), woman(given), "{family} {given}");
            }
        }
        assert!(system.code() == "gge" || people > 5, "{}: {people} people", system.code());
    }
    assert!(identifiers.len() > 300, "{} identifiers", identifiers.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agencies_send_what_the_configuration_lets_them_send() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), TWO).await;
    let config = Config::check(&written(folder.path(), TWO)).unwrap();
    let rules = crate::support::rules(&config);
    let system = others(rules).find(|system| system.code() == "gge").unwrap();
    let (_, all) = Wanted::usual(11, 200).of(system, rules, &config);
    let mut by_sender: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &all {
        *by_sender.entry(&one.sender).or_default() += 1;
    }
    let named: Vec<&str> = by_sender.keys().copied().collect();
    assert_eq!(named, ["BUREAU", "EXPERTS"], "{by_sender:?}");
    let faults = ends_as_foretold(&pipeline, &all).await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sixth_system_has_traffic_by_its_files_alone() {
    let folder = Folder::new();
    let more = sixth(folder.path());
    let pipeline = house(folder.path(), &more).await;
    let config = Config::check(&written(folder.path(), &more)).unwrap();
    let rules = mezhved::assemble::rules(&config).unwrap();
    let system = rules.lifecycles.systems().find(|system| system.code() == "reestr").unwrap();
    let (walk, all) = Wanted::usual(5, 150).of(system, &rules, &config);
    assert!(all.iter().all(|one| one.sender == "REESTR"));
    let kinds: BTreeSet<_> = all[walk..].iter().filter_map(|one| one.oddity).collect();
    assert!(kinds.len() > 6, "{kinds:?}");
    let faults = ends_as_foretold(&pipeline, &all).await;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_seed_is_a_traffic_of_as_many_messages_as_are_wanted() {
    let folder = Folder::new();
    let config = Config::check(&written(folder.path(), FIVE)).unwrap();
    let rules = crate::support::rules(&config);
    for system in others(rules) {
        let base = clock::now() - Duration::hours(1);
        let bytes = |seed, beyond| {
            let (_, all) = Wanted { base, ..Wanted::usual(seed, beyond) }.of(system, rules, &config);
            all.into_iter().map(|one| one.bytes).collect::<Vec<_>>()
        };
        let (one, again, other) = (bytes(3, 90), bytes(3, 90), bytes(4, 90));
        assert_eq!(one, again, "{}: the same seed, the same bytes", system.code());
        let same = one.iter().filter(|text| other.contains(text)).count();
        assert_eq!(same, 0, "{}: another seed, other bytes", system.code());
        // What is less than the walk are its first messages; that repeats come between them is a matter of chance.
        let first = Wanted { shares: Shares::none(), base, ..Wanted::usual(3, -10) }.of(system, rules, &config).1;
        let whole = Wanted { shares: Shares::none(), base, ..Wanted::usual(3, 0) }.of(system, rules, &config).1;
        assert!(first.iter().zip(&whole).all(|(one, same)| one.bytes == same.bytes), "{}", system.code());
    }
}

#[test]
fn what_is_unusual_occurs_as_often_as_was_asked_for() {
    let folder = Folder::new();
    let config = Config::check(&written(folder.path(), FIVE)).unwrap();
    let rules = crate::support::rules(&config);
    let asked = [
        (Oddity::Repeat, 100),
        (Oddity::Overtaking, 40),
        (Oddity::Gap, 30),
        (Oddity::Late, 60),
        (Oddity::Forbidden, 50),
        (Oddity::Schema, 50),
        (Oddity::Malformed, 40),
    ];
    let shares = asked.iter().fold(Shares::none(), |shares, (oddity, share)| shares.with(*oddity, *share));
    for system in others(rules) {
        let wanted = Wanted { shares: shares.clone(), ..Wanted::usual(2, 1500) };
        let (walk, all) = wanted.of(system, rules, &config);
        let mut counts: BTreeMap<Oddity, u16> = BTreeMap::new();
        for oddity in all[walk..].iter().filter_map(|one| one.oddity) {
            *counts.entry(oddity).or_default() += 1;
        }
        for (oddity, share) in asked {
            let (found, wanted) = (counts.remove(&oddity).unwrap_or_default(), share * 3 / 2);
            let near = wanted / 2..=wanted * 3 / 2;
            assert!(near.contains(&found), "{}: {found} {oddity} of {wanted}", system.code());
        }
        assert!(counts.is_empty(), "{}: nobody asked for {counts:?}", system.code());
    }
}
