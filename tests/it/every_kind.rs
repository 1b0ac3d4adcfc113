//! Every kind of message that the systems take in goes through a real broker into a real daemon: it ends once, it is answered once,
//! and what follows from it arrives in the queues of those whom it is for. The list of kinds is that of the bindings.

use std::collections::{BTreeMap, BTreeSet};

use mezhved::broker::Received;
use mezhved::config::Config;
use mezhved::domain::lifecycle::Lifecycle;
use mezhved::export::READY_QUEUE;
use mezhved::sample::{Composer, Expected, SampleMessage};
use mezhved::store::{OutboxFilter, Store};
use mezhved::validate::{self, Options};

use crate::daemon::settled;
use crate::logs;
use crate::outgoing::{self, state_request, state_service};
use crate::support::client::{Client, Letter};
use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::{Vhost, vhost};
use crate::support::traffic::words;
use crate::support::{FIVE, Folder, rules, written};
use crate::walk::{message_id, walk};

const RECEIPTS: &str = "receipts.cabinet";
const DOCUMENTS: &str = "documents.cabinet";

/// A message on its way: which kind of which system it is, and how it must end.
struct Sent {
    kind: (String, String),
    id: String,
    end: String,
    bytes: Vec<u8>,
}

impl Sent {
    fn of(one: &SampleMessage, config: &Config) -> Self {
        let end = match &one.expected {
            Expected::Failed(code) => code.to_string(),
            _ => "applied".to_owned(),
        };
        Self::new(one.bytes.to_vec(), end, config)
    }

    fn new(bytes: Vec<u8>, end: String, config: &Config) -> Self {
        let text = std::str::from_utf8(&bytes).unwrap();
        let family = rules(config).rulebook.read(text).family.expect("a kind that is known");
        Self { kind: (family.system.clone(), family.kind.clone()), id: message_id(text), end, bytes }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_every_kind_ends_once_is_answered_once_and_what_follows_arrives() {
    let (folder, vhost) = (Folder::new(), vhost());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let exports = format!("[exports]\noutput = '{}'\nwork_folder = '{}'\n", at("out"), at("work"));
    let log = "[log]\nlevel = \"mezhved=trace,sqlx=warn\"\n";
    let more = format!("{FIVE}\n{exports}\n{log}\n{}", state_service(folder.path()));
    let config = Config::check(&written(folder.path(), &more)).unwrap();
    let sent = messages(&config);
    let home = Home::new(folder.path(), &vhost.url("mezhved"), &more);
    let mut daemon = home.start();
    daemon.ready().await;
    let publisher = Client::new(vhost.url("publisher")).await;
    let letter = |one: &Sent| Letter { key: one.kind.0.clone(), ..Letter::new(one.bytes.clone(), "cabinet") };
    publisher.publish(sent.iter().map(letter).collect()).await;
    let store = home.store().await;
    settled(&store, sent.len()).await;

    let ends = ends(&store, &sent).await;
    let wrong: Vec<String> = sent
        .iter()
        .filter(|one| ends[&one.id] != one.end)
        .map(|one| format!("{:?} {}: {}, expected {}", one.kind, one.id, ends[&one.id], one.end))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), sent.len(), wrong.join("\n"));
    let done: BTreeSet<_> = sent.iter().filter(|one| one.end == "applied").map(|one| one.kind.clone()).collect();
    assert_eq!(done, kinds(&config), "of each kind one is applied");

    // Extracts are made by the clock.
    home.verb(&["timers", "run", "--all"], 0);
    settled(&store, sent.len()).await;
    let client = Client::new(vhost.url("cabinet")).await;
    let receipts = client.take(RECEIPTS, sent.len()).await;
    client.depth(RECEIPTS, 0).await;
    answered(&sent, &ends, &receipts);
    let documents = owed(&store, "document").await;
    let arrived = client.take(DOCUMENTS, documents).await;
    client.depth(DOCUMENTS, 0).await;
    assert_eq!(told(&arrived), sendable(&config), "of each kind that goes out one arrives");
    noticed(&store, &vhost).await;
    home.verb(&["export", "run", "cases-daily", "--slot", "2026-03-04"], 0);
    let own = Client::new(vhost.url("mezhved")).await;
    let ready = own.take(READY_QUEUE, 1).await;
    assert_eq!(ready[0].properties.kind.as_deref(), Some("ExportReady"));
    let mut personal = BTreeSet::new();
    sent.iter().for_each(|one| logs::values(std::str::from_utf8(&one.bytes).unwrap(), &mut personal));
    assert!(personal.len() > 50, "there are values to look for: {}", personal.len());
    let log = daemon.log_text();
    assert!(log.contains(" DEBUG ") && log.lines().count() > 15, "{log}");
    logs::holds_none(&log, &personal);
    daemon.stop().await;
}

/// The kinds that the bindings know.
fn kinds(config: &Config) -> BTreeSet<(String, String)> {
    rules(config).rulebook.families().map(|family| (family.system.clone(), family.kind.clone())).collect()
}

/// Messages that together are of every kind, in an order in which they make sense.
fn messages(config: &Config) -> Vec<Sent> {
    let rules = rules(config);
    let composer = Composer::over(&rules.rulebook, words());
    let mut sent: Vec<Sent> = Vec::new();
    for system in rules.lifecycles.systems() {
        let walk = walk(&rules.rulebook, config.zone, system, &composer);
        sent.extend(walk.iter().map(|one| Sent::of(one, config)));
    }
    sent.push(Sent::new(state_request(1), "applied".to_owned(), config));
    let of: BTreeSet<_> = sent.iter().map(|one| one.kind.clone()).collect();
    assert_eq!(of, kinds(config), "there is a message of each kind that a binding takes in");
    sent
}

/// How each message ended: each id stands in the store once.
async fn ends(store: &Store, sent: &[Sent]) -> BTreeMap<String, String> {
    let mut ends = BTreeMap::new();
    for one in sent {
        let views = store.messages_by_id(&one.id).await.unwrap();
        let [view] = views.as_slice() else { panic!("{}: {} messages", one.id, views.len()) };
        let end = if view.outcome == "applied" { view.outcome.clone() } else { view.code.clone().unwrap_or_default() };
        assert!(ends.insert(one.id.clone(), end).is_none(), "{} was sent once", one.id);
    }
    ends
}

/// Every message has one receipt, which is valid and says how it ended.
fn answered(sent: &[Sent], ends: &BTreeMap<String, String>, receipts: &[Received]) {
    let (rules, options) = (outgoing::rules(), Options::default());
    let mut open: BTreeMap<&str, &Sent> = sent.iter().map(|one| (one.id.as_str(), one)).collect();
    for receipt in receipts {
        let body = std::str::from_utf8(&receipt.body).unwrap();
        let verdict = validate::check(body, &rules, &options);
        assert!(verdict.is_valid(), "{:?}\n{body}", verdict.violations);
        let id = part(body, "b:MessageId>", '<');
        let one = open.remove(id).unwrap_or_else(|| panic!("a receipt for {id}, which has one or was not sent"));
        let result = if ends[id] == "applied" { "accepted" } else { "refused" };
        assert_eq!(part(body, "Receipt result=\"", '"'), result, "{body}");
        assert_eq!((part(body, "b:System>", '<'), part(body, "b:Kind>", '<')), (&*one.kind.0, &*one.kind.1));
        assert!(result == "accepted" || body.contains(&ends[id]), "{} is named:\n{body}", ends[id]);
        assert_eq!(receipt.properties.kind.as_deref(), Some("Receipt"));
    }
    assert!(open.is_empty(), "without a receipt: {:?}", open.keys());
}

/// The text between a mark and the first end after it.
fn part<'t>(text: &'t str, mark: &str, end: char) -> &'t str {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("no {mark} in\n{text}"));
    rest.split(end).next().unwrap()
}

/// How many rows of a sort have been handed to the broker; none waits or is stuck.
async fn owed(store: &Store, what: &str) -> usize {
    let mut looks = Looks::new("everything has left");
    loop {
        let rows = store.outbox(&OutboxFilter { state: None, after: 0, limit: u32::MAX }).await.unwrap();
        assert!(rows.iter().all(|row| row.state != "stuck"), "{rows:?}");
        if rows.iter().all(|row| row.state == "sent") {
            return rows.iter().filter(|row| row.what == what).count();
        }
        looks.next().await;
    }
}

/// People are told by every channel: all that is confirmed lies in the channel's queue.
async fn noticed(store: &Store, vhost: &Vhost) {
    let mut looks = Looks::new("everybody is told");
    while store.waiting().await.unwrap().notifications > 0 {
        looks.next().await;
    }
    let own = Client::new(vhost.url("mezhved")).await;
    let counts = store.notification_counts().await.unwrap();
    let confirmed: BTreeMap<&str, i64> =
        counts.iter().filter(|one| one.state == "confirmed").map(|one| (one.channel.as_str(), one.count)).collect();
    assert_eq!(confirmed.keys().copied().collect::<Vec<_>>(), ["cabinet", "email", "push", "sms"]);
    for (channel, count) in confirmed {
        let queue = format!("notice.{channel}");
        own.depth(&queue, u32::try_from(count).unwrap()).await;
        assert_eq!(own.take(&queue, 1).await[0].properties.kind.as_deref(), Some("Notice"), "{channel}");
    }
}

/// What arrived, by system; each valid, none twice.
fn told(arrived: &[Received]) -> BTreeSet<(String, String)> {
    let (rules, options) = (outgoing::rules(), Options::default());
    let mut ids = BTreeSet::new();
    let mut told = BTreeSet::new();
    for one in arrived {
        let body = std::str::from_utf8(&one.body).unwrap();
        let verdict = validate::check(body, &rules, &options);
        assert!(verdict.is_valid(), "{:?}\n{body}", verdict.violations);
        assert!(ids.insert(one.properties.message_id.clone()), "{:?} twice", one.properties.message_id);
        told.insert((part(body, "System>", '<').to_owned(), part(body, "Outgoing what=\"", '"').to_owned()));
    }
    told
}

/// What the lifecycles send, by system.
fn sendable(config: &Config) -> BTreeSet<(String, String)> {
    let of = |lifecycle: &Lifecycle| -> Vec<String> {
        lifecycle.statuses().iter().filter_map(|status| Some(status.sends.as_ref()?.what.as_str().to_owned())).collect()
    };
    let systems = rules(config).lifecycles.systems();
    let all =
        systems.flat_map(|system| system.kinds().iter().flat_map(of).map(|what| (system.code().to_owned(), what)));
    all.collect()
}
