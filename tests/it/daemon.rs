//! The daemon on a real broker: the main job, and what agencies and operators meet on its edges.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mezhved::broker::{Session, Settings};
use mezhved::sample::{Oddity, Shares};
use mezhved::store::{OutboxFilter, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::faults::UNANSWERED;
use crate::support::Folder;
use crate::support::client::{Client, Letter};
use crate::support::daemon::{Daemon, Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::traffic::{ended, expected, letters, traffic};

const QUICK_PARKING: &str = "[parking]\ndelays_milliseconds = [100, 200]\npatience_seconds = 3\n";

/// Waits until nothing waits any more and so many deliveries are booked.
pub(crate) async fn settled(store: &Store, deliveries: usize) {
    let mut looks = Looks::new("all is settled");
    loop {
        let outcomes = store.outcomes().await.unwrap();
        let booked: i64 = outcomes.iter().map(|one| one.messages + one.repeats).sum();
        let waiting = store.waiting().await.unwrap();
        if booked >= i64::try_from(deliveries).unwrap() && waiting.parked == 0 && waiting.pending == 0 {
            return;
        }
        looks.next().await;
    }
}

pub(crate) fn fixture(story: &str, file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(story).join(file)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_of_all_kinds_ends_as_it_must_and_every_message_is_answered() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), QUICK_PARKING);
    let mut daemon = home.start();
    daemon.ready().await;
    let messages = traffic(11, 600, Shares::usual());
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(letters(&messages)).await;
    let store = home.store().await;
    settled(&store, messages.len()).await;
    assert_eq!(ended(&store).await, expected(&messages));
    let mut answered = 0;
    for queue in ["receipts.epgu", "receipts.mfc77", "receipts.rosreestr"] {
        let user = queue.strip_prefix("receipts.").unwrap();
        let client = Client::new(vhost.url(user)).await;
        let sent = store_receipts(&store, queue).await;
        answered += sent.len();
        let got = client.take(queue, sent.len()).await;
        let ids: Vec<String> = got.into_iter().map(|one| one.properties.message_id.unwrap()).collect();
        assert_eq!(sorted(ids), sorted(sent), "{queue}");
    }
    let unanswerable = unanswerable(&store).await;
    // A repeat of a message that still waits has no receipt to repeat.
    let ids: i64 = store.outcomes().await.unwrap().iter().map(|one| one.messages).sum();
    let all = answered + unanswerable;
    assert!(all >= usize::try_from(ids).unwrap() && all <= messages.len(), "{all} answers for {ids} ids");
    assert_eq!(counted(&home, UNANSWERED).await, 0, "no id is without its receipt");
    assert!(!daemon.log_text().contains("the store refused"), "{}", daemon.log_text());
    daemon.stop().await;
}

/// What a query over the store counts.
async fn counted(home: &Home, query: &'static str) -> i64 {
    let options = SqliteConnectOptions::new().filename(home.store_path()).read_only(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let count = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

async fn store_receipts(store: &Store, queue: &str) -> Vec<String> {
    let rows = store.outbox(&OutboxFilter { state: Some("sent".into()), after: 0, limit: u32::MAX }).await.unwrap();
    rows.into_iter().filter(|row| row.what == "receipt" && row.address == queue).map(|row| row.message_id).collect()
}

/// Deliveries from senders to whom no answer can go.
async fn unanswerable(store: &Store) -> usize {
    let outcomes = store.outcomes().await.unwrap();
    let strange = ["unknown-sender", "sender-not-allowed"];
    let without: i64 = outcomes
        .iter()
        .filter(|one| one.code.as_deref().is_some_and(|code| strange.contains(&code)))
        .map(|one| one.messages + one.repeats)
        .sum();
    usize::try_from(without).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_has_one_effect_and_the_same_receipt_again() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let application = fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    let publisher = Client::new(vhost.url("publisher")).await;
    for _ in 0..3 {
        publisher.publish(vec![Letter::new(application.clone(), "epgu")]).await;
    }
    let portal = Client::new(vhost.url("epgu")).await;
    let receipts = portal.take("receipts.epgu", 3).await;
    assert!(
        receipts
            .iter()
            .all(|one| one.body == receipts[0].body && one.properties.message_id == receipts[0].properties.message_id)
    );
    let store = home.store().await;
    settled(&store, 3).await;
    assert_eq!(ended(&store).await, BTreeMap::from([("applied".into(), 1), ("repeat".into(), 2)]));
    let cases = store.cases_by_number(Some("epgu"), "77-2026-038001").await.unwrap();
    assert_eq!((cases.len(), cases[0].history.len()), (1, 1), "one effect");
    // The stories' letters carry ids of their own beside the envelope's: the envelope wins, and it is noted.
    let id = receipts[0].properties.message_id.clone().unwrap();
    assert!(!id.starts_with("letter"));
    let known = store.messages_by_id("00260001-15f2-11f1-8026-02005e100026").await.unwrap();
    assert!(known[0].notes.as_deref().unwrap().contains("property message_id"), "{known:?}");
    let properties = &receipts[0].properties;
    assert_eq!(properties.kind.as_deref(), Some("Receipt"));
    assert_eq!(properties.user_id.as_deref(), Some("mezhved"));
    assert!(properties.timestamp.is_some() && properties.content_type.as_deref() == Some("application/xml"));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_is_not_its_user_is_believed_in_nothing() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let application = fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    let publisher = Client::new(vhost.url("publisher")).await;
    let nobody = Letter { user: None, ..Letter::new(application.clone(), "") };
    // The publisher's own name is filled in where none is given: it belongs to no agency.
    publisher.publish(vec![Letter::new(application.clone(), "mfc77"), nobody]).await;
    let store = home.store().await;
    settled(&store, 2).await;
    assert_eq!(ended(&store).await, BTreeMap::from([("sender-not-allowed".into(), 2)]));
    // The impostors have not taken the id: the true sender's message is applied.
    publisher.publish(vec![Letter::new(application, "epgu")]).await;
    settled(&store, 3).await;
    assert_eq!(ended(&store).await["applied"], 1);
    let portal = Client::new(vhost.url("epgu")).await;
    assert_eq!(portal.take("receipts.epgu", 1).await.len(), 1);
    portal.depth("receipts.epgu", 0).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_before_its_application_waits_and_is_applied_in_order() {
    let (folder, vhost) = (Folder::new(), vhost());
    let patient = "[parking]\ndelays_milliseconds = [3600000]\npatience_seconds = 3600\n";
    let home = Home::new(folder.path(), &vhost.url("mezhved"), patient);
    let mut daemon = home.start();
    daemon.ready().await;
    let messages = traffic(5, 400, Shares::none().with(Oddity::Overtaking, 200).with(Oddity::Gap, 100));
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(letters(&messages)).await;
    let store = home.store().await;
    settled(&store, messages.len()).await;
    assert_eq!(ended(&store).await, expected(&messages));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unroutable_receipt_is_stuck_and_visible_until_it_is_retried() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let node = vhost.node();
    node.ctl(["-p", vhost.name(), "delete_queue", "receipts.epgu"]);
    let publisher = Client::new(vhost.url("publisher")).await;
    let application = fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    publisher.publish(vec![Letter::new(application, "epgu")]).await;
    let store = home.store().await;
    let mut looks = Looks::new("the receipt is stuck");
    while store.waiting().await.unwrap().stuck == 0 {
        looks.next().await;
    }
    let listed = home.verb(&["outbox", "list", "--state", "stuck"], 0);
    assert!(listed.contains("receipts.epgu") && listed.contains("unroutable"), "{listed}");
    // A restart declares the queue again; the row waits for its operator all the same.
    daemon.stop().await;
    let mut daemon = home.start();
    daemon.ready().await;
    assert!(home.verb(&["outbox", "retry", "--all"], 0).contains("1 row is pending again"));
    let portal = Client::new(vhost.url("epgu")).await;
    portal.take("receipts.epgu", 1).await;
    settled(&store, 1).await;
    assert_eq!(store.waiting().await.unwrap().stuck, 0);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_is_used_only_where_the_agency_may() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let text = fs::read_to_string(home.config()).unwrap();
    let text = text.replace("receipts = \"receipts.mfc77\"", "reply_to = [\"receipts.mfc77\"]");
    fs::write(home.config(), text.replace("receipts = \"receipts.rosreestr\"", "receipts = \"receipts.mfc77\""))
        .unwrap();
    let mut daemon = home.start();
    daemon.ready().await;
    let update = fixture("epgu/valid/a-cancelled-case", "02-cancelled.xml");
    let publisher = Client::new(vhost.url("publisher")).await;
    let body = String::from_utf8(update).unwrap().replace("</Envelope>", "</Envelope").into_bytes();
    let letter = |reply_to: &str, mark: u8| {
        let mut body = body.clone();
        body.push(mark);
        Letter { reply_to: Some(reply_to.to_owned()), ..Letter::new(body, "mfc77") }
    };
    publisher
        .publish(vec![letter("receipts.mfc77", b'1'), letter("receipts.epgu", b'2'), letter("amq.gen-x", b'3')])
        .await;
    let store = home.store().await;
    settled(&store, 3).await;
    let reader = Client::new(vhost.url("mfc77")).await;
    reader.take("receipts.mfc77", 1).await;
    reader.depth("receipts.mfc77", 0).await;
    assert_eq!(store_receipts(&store, "receipts.epgu").await.len(), 0);
    daemon.stop().await;
}

/// What a daemon with an address for machines answers: the status and the text.
async fn asked(daemon: &Daemon, path: &str) -> (u16, String) {
    let mut looks = Looks::new("the address is served");
    let address = loop {
        let log = daemon.log_text();
        let served =
            log.lines().find(|line| line.contains("/healthz")).and_then(|line| line.split("127.0.0.1:").nth(1));
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
        match served.map(digits) {
            Some(port) => break format!("http://127.0.0.1:{port}{path}"),
            None => looks.next().await,
        }
    };
    drop(rustls::crypto::ring::default_provider().install_default());
    let answer = reqwest::Client::new().get(address).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

const COUNTED: [&str; 4] = [
    "mezhved_messages_total{system=\"epgu\",outcome=\"applied\",code=\"\"} 1",
    "mezhved_repeats_total 1",
    "mezhved_dead_letters_total 1",
    "mezhved_waiting{what=\"dead-letters\"} 1",
];
const SERVED: &[(&str, &str)] = &[("MEZHVED__HTTP__ADDRESS", "127.0.0.1:0")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_told_that_it_works_and_what_it_has_counted() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start_with(SERVED);
    daemon.ready().await;
    assert_eq!(asked(&daemon, "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(asked(&daemon, "/readyz").await, (200, "ready\n".to_owned()));
    let application = fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    let publisher = Client::new(vhost.url("publisher")).await;
    let letter = |body: &[u8]| Letter::new(body.to_vec(), "epgu");
    publisher.publish(vec![letter(&application), letter(&application), letter(b"no message at all")]).await;
    let store = home.store().await;
    settled(&store, 3).await;
    let (status, text) = asked(&daemon, "/metrics").await;
    assert_eq!(status, 200);
    COUNTED.iter().for_each(|line| assert!(text.lines().any(|one| one == *line), "{line}:\n{text}"));
    fs::rename(home.store_path(), folder.path().join("elsewhere")).unwrap();
    let (status, text) = asked(&daemon, "/readyz").await;
    assert!(status == 503 && text.contains("store.sqlite"), "{status} {text}");
    assert_eq!(asked(&daemon, "/healthz").await.0, 200);
    fs::rename(folder.path().join("elsewhere"), home.store_path()).unwrap();
    assert_eq!(asked(&daemon, "/readyz").await.0, 200);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_told_that_the_broker_is_away() {
    let folder = Folder::new();
    let daemon = Home::new(folder.path(), "amqp://127.0.0.1:1", "").start_with(SERVED);
    let (status, text) = asked(&daemon, "/readyz").await;
    assert!(
        status == 503 && text.contains("broker (receiving)") && text.contains("broker (sending)"),
        "{status} {text}"
    );
    assert_eq!(asked(&daemon, "/healthz").await, (200, "ok\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_are_kept_without_parsing_and_memory_stays_bounded() {
    const BYTES: usize = 100 << 20;
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let mut body = b"<Envelope>".to_vec();
    body.resize(BYTES, b' ');
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(vec![Letter::new(body.clone(), "epgu").large()]).await;
    let store = home.store().await;
    settled(&store, 1).await;
    assert_eq!(ended(&store).await, BTreeMap::from([("too-large".into(), 1)]));
    let peak = daemon.memory_peak_bytes();
    assert!(peak < 4 * BYTES as u64, "{peak} bytes for a body of {BYTES}");
    let raw = home.command().args(["dlq", "show", "1", "--raw"]).output().unwrap().stdout;
    assert!(raw == body, "the whole body is kept: {} bytes", raw.len());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giants_of_nesting_attributes_and_namespaces_are_refused_and_the_daemon_works_on() {
    const MEMORY_BYTES_MAX: u64 = 400 << 20;
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let million = |each: &dyn Fn(usize) -> String| format!("<a{}/>", (0..1_000_000).map(each).collect::<String>());
    let giants = [
        "<a>".repeat(100_000),
        million(&|number| format!(" a{number}=''")),
        million(&|number| format!(" xmlns:p{number}='u:{number}'")),
    ];
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(giants.into_iter().map(|giant| Letter::new(giant, "epgu").large()).collect()).await;
    publisher.publish(vec![Letter::new(fixture("epgu/valid/a-cancelled-case", "01-application.xml"), "epgu")]).await;
    let store = home.store().await;
    settled(&store, 4).await;
    assert_eq!(ended(&store).await, BTreeMap::from([("applied".into(), 1), ("xml-limit".into(), 3)]));
    let peak = daemon.memory_peak_bytes();
    assert!(peak < MEMORY_BYTES_MAX, "{peak} bytes");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_gave_up_is_drained_and_visible() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let application = fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    let publisher = Client::new(vhost.url("publisher")).await;
    let astray = Letter { key: "no-such-system".into(), ..Letter::new(application.clone(), "epgu") };
    publisher.publish(vec![astray]).await;
    let store = home.store().await;
    settled(&store, 1).await;
    assert_eq!(ended(&store).await, BTreeMap::from([("broker-dead-letter".into(), 1)]));
    // The id is settled: the same message through the right queue is a repeat; the operator replays it instead.
    publisher.publish(vec![Letter::new(application, "epgu")]).await;
    settled(&store, 2).await;
    assert_eq!(ended(&store).await["repeat"], 1);
    assert!(home.verb(&["dlq", "replay", "1"], 0).contains("1: replayed"));
    assert_eq!(ended(&store).await["applied"], 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_differs_stops_the_start_with_a_clear_message() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let simple = format!(
        "rabbit_amqqueue:declare({{resource, <<\"{}\">>, queue, <<\"mezhved.in.epgu\">>}}, true, false, [], none, <<\"it\">>).",
        vhost.name()
    );
    vhost.node().ctl(["eval", &simple]);
    let mut daemon = home.start();
    let status = daemon.ended().await;
    assert_eq!(status.code(), Some(3), "{}", daemon.log_text());
    let log = daemon.log_text();
    assert!(log.contains("queue mezhved.in.epgu") && log.contains("but must be mezhved.dead"), "{log}");
    let checked = home.verb(&["check", "--broker"], 1);
    assert!(checked.contains("FAULT broker") && checked.contains("mezhved.in.epgu"), "{checked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_order_leaves_nothing_unacknowledged_and_nothing_unsent() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), QUICK_PARKING);
    let mut daemon = home.start();
    daemon.ready().await;
    let messages = traffic(3, 1500, Shares::none());
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(letters(&messages)).await;
    daemon.stop().await;
    let store = home.store().await;
    let booked: i64 = store.outcomes().await.unwrap().iter().map(|one| one.messages + one.repeats).sum();
    assert_eq!(store.waiting().await.unwrap().pending, 0, "the outbox is flushed");
    for queue in ["receipts.epgu", "receipts.mfc77", "receipts.rosreestr"] {
        let user = queue.strip_prefix("receipts.").unwrap();
        let sent = u32::try_from(store_receipts(&store, queue).await.len()).unwrap();
        Client::new(vhost.url(user)).await.depth(queue, sent).await;
    }
    let left = u32::try_from(messages.len()).unwrap() - u32::try_from(booked).unwrap();
    let session = Session::open(&Settings::new(vhost.url("mezhved").into())).await.unwrap();
    let mut looks = Looks::new("what was not taken is still in the queue");
    while session.depth("mezhved.in.epgu").await.unwrap().messages != left {
        looks.next().await;
    }
    let mut daemon = home.start();
    daemon.ready().await;
    settled(&store, messages.len()).await;
    // The broker may lose the last acknowledgements of a channel that closes: those come again, as repeats.
    let mut ended = ended(&store).await;
    ended.remove("repeat");
    assert_eq!(ended, expected(&messages));
    daemon.stop().await;
}
