//! What travels beside a body: filled on everything that is sent, kept of everything that is received. The envelope wins over it.

use std::collections::BTreeMap;
use std::fs;

use chrono::DateTime;
use mezhved::broker::Received;
use mezhved::domain::properties::{Properties, TRACEPARENT, is_traceparent};
use roxmltree::{Document, Node};
use serde_json::{Value, json};
use sqlx::sqlite::SqlitePool;

use crate::daemon::{fixture, settled};
use crate::support::Folder;
use crate::support::client::{Client, Letter};
use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::raw::{RawMessage, RawPublisher};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const STEP: &str = "00f067aa0ba902b7";
/// A case that is opened, decided and told of, and another one.
const STORY: (&str, [(&str, &str); 3]) = (
    "epgu/valid/a-new-application-after-a-refusal",
    [("01-first.xml", "epgu"), ("02-rejected.xml", "mfc77"), ("03-again.xml", "epgu")],
);

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// Holds the properties of a message of ours against its envelope; gives the chain and what it answers.
fn filled(received: &Received) -> (String, Option<String>) {
    let body = str::from_utf8(&received.body).unwrap();
    let document = Document::parse(body).unwrap();
    let root = document.root_element();
    let header = child(root, "Header").unwrap();
    let text = |name: &str| child(header, name).and_then(|node| node.text()).map(str::to_owned);
    let kind = child(root, "Body").unwrap().first_element_child().unwrap().tag_name().name();
    let sent_at = DateTime::parse_from_rfc3339(&text("SentAt").unwrap()).unwrap();
    let Properties { headers, priority, expiration, content_encoding, .. } = &received.properties;
    let expected = Properties {
        message_id: text("MessageId"),
        correlation_id: text("CorrelationId"),
        reply_to: Some("mezhved.in.epgu".into()),
        kind: Some(kind.into()),
        content_type: Some("application/xml".into()),
        timestamp: u64::try_from(sent_at.timestamp()).ok(),
        user_id: Some("mezhved".into()),
        app_id: Some("MINSTROY".into()),
        delivery_mode: Some(2),
        headers: headers.clone(),
        content_encoding: content_encoding.clone(),
        expiration: expiration.clone(),
        priority: *priority,
    };
    assert_eq!(received.properties, expected, "{body}");
    let trace = received.properties.traceparent().unwrap_or_else(|| panic!("{headers:?}"));
    assert!(trace.starts_with(&format!("00-{TRACE}-")) && trace.ends_with("-01"), "{trace}");
    assert!(!trace.contains(STEP), "a step of its own: {trace}");
    (expected.correlation_id.expect("a chain"), text("InReplyTo"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_sent_carries_all_properties_and_names_its_chain() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let text = fs::read_to_string(home.config()).unwrap();
    let receipts = "receipts = \"receipts.epgu\"";
    fs::write(home.config(), text.replace(receipts, &format!("{receipts}\ndocuments = \"documents.epgu\""))).unwrap();
    let mut daemon = home.start();
    daemon.ready().await;
    let (story, files) = STORY;
    let publisher = Client::new(vhost.url("publisher")).await;
    let trace = json!(format!("00-{TRACE}-{STEP}-01"));
    let letters = files.into_iter().map(|(file, user)| {
        let headers = BTreeMap::from([(TRACEPARENT.to_owned(), trace.clone())]);
        // The second one names its chain in the property only.
        let correlation_id = (user == "mfc77").then(|| "chain-2".to_owned());
        let more = Properties { headers, correlation_id, ..Properties::default() };
        Letter { more, ..Letter::new(fixture(story, file), user) }
    });
    publisher.publish(letters.collect()).await;
    let store = home.store().await;
    settled(&store, files.len()).await;
    let mut looks = Looks::new("people are told");
    while store.waiting().await.unwrap().notifications > 0 {
        looks.next().await;
    }
    let own = Client::new(vhost.url("mezhved")).await;
    let portal: Vec<_> = own.take("receipts.epgu", 2).await.iter().map(filled).collect();
    for (chain, answered) in &portal {
        assert_eq!(Some(chain), answered.as_ref(), "a message without a chain begins one");
    }
    assert_eq!(filled(&own.take("receipts.mfc77", 1).await[0]).0, "chain-2");
    let (first, _) = portal[0].clone();
    let [decision] = own.take("documents.epgu", 1).await.try_into().unwrap();
    assert_eq!(filled(&decision), (first.clone(), Some(first.clone())), "it belongs to the case's first message");
    let [notice] = own.take("notice.cabinet", 1).await.try_into().unwrap();
    assert_eq!(filled(&notice), (first, None));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_received_is_kept_and_where_it_contradicts_the_envelope_that_wins_and_is_noted() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let (story, [(application, _), ..]) = STORY;
    let body = String::from_utf8(fixture(story, application)).unwrap();
    let id = body.split("MessageId>").nth(1).unwrap().trim_end_matches("</env:").to_owned();
    let body = body.replacen("<env:Sender>", "<env:CorrelationId>chain-7</env:CorrelationId><env:Sender>", 1);
    let sent = Properties {
        message_id: Some("another".into()),
        correlation_id: Some("another-chain".into()),
        reply_to: Some("somewhere".into()),
        kind: Some("StatusUpdate".into()),
        content_type: Some("text/plain".into()),
        content_encoding: Some("utf-8".into()),
        timestamp: Some(7),
        user_id: Some("epgu".into()),
        app_id: Some("portal".into()),
        expiration: Some("600000".into()),
        delivery_mode: Some(2),
        priority: Some(3),
        headers: BTreeMap::from([
            ("x-own".to_owned(), json!({"a": [1, "б"]})),
            (TRACEPARENT.to_owned(), json!(format!("00-{TRACE}-{STEP}-01"))),
        ]),
    };
    let publisher = Client::new(vhost.url("publisher")).await;
    publisher.publish(vec![Letter { more: sent.clone(), ..Letter::new(body, "epgu") }]).await;
    let store = home.store().await;
    settled(&store, 1).await;
    let pool = SqlitePool::connect(&format!("sqlite://{}", home.store_path().display())).await.unwrap();
    let (message_id, outcome, kept, notes): (String, String, String, String) =
        sqlx::query_as("SELECT message_id, outcome, properties, notes FROM inbox").fetch_one(&pool).await.unwrap();
    assert_eq!((message_id, outcome.as_str()), (id.clone(), "applied"));
    assert_eq!(serde_json::from_str::<Properties>(&kept).unwrap(), sent);
    for name in ["message_id", "correlation_id", "type", "timestamp"] {
        assert!(notes.contains(&format!("property {name}: contradicts the envelope, which wins")), "{notes}");
    }
    let shown: Value = serde_json::from_str(&home.verb(&["message", "show", &id, "--json"], 0)).unwrap();
    assert!(shown.to_string().contains("which wins"), "operators see it: {shown}");
    let [receipt] = Client::new(vhost.url("epgu")).await.take("receipts.epgu", 1).await.try_into().unwrap();
    assert_eq!(filled(&receipt), ("chain-7".to_owned(), Some(id)));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_any_property_is_booked_under_nobody_and_visible() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let (story, [(application, _), ..]) = STORY;
    let body = fixture(story, application);
    let mut raw = RawPublisher::connect(&vhost.url("publisher"));
    raw.publish(&RawMessage { exchange: b"mezhved.in", routing_key: b"epgu", body: &body, ..RawMessage::default() });
    let store = home.store().await;
    settled(&store, 1).await;
    let pool = SqlitePool::connect(&format!("sqlite://{}", home.store_path().display())).await.unwrap();
    let (sender, code, properties, notes): (String, String, String, String) =
        sqlx::query_as("SELECT sender, code, properties, notes FROM inbox").fetch_one(&pool).await.unwrap();
    assert_eq!((sender.as_str(), code.as_str(), properties.as_str()), ("?", "sender-not-allowed", "{}"));
    assert!(notes.contains("receipt: there is no address for it"), "{notes}");
    let letters = home.verb(&["dlq", "show", "1"], 0);
    assert!(letters.contains("user_id"), "it says what is missing:\n{letters}");
    // The id is not taken by it: the agency itself is served.
    Client::new(vhost.url("publisher")).await.publish(vec![Letter::new(body, "epgu")]).await;
    settled(&store, 2).await;
    let [receipt] = Client::new(vhost.url("epgu")).await.take("receipts.epgu", 1).await.try_into().unwrap();
    let trace = receipt.properties.traceparent().unwrap();
    assert!(is_traceparent(trace) && !trace.contains(TRACE), "a trace of its own: {trace}");
    daemon.stop().await;
}
