//! What we send is valid against its own schemas: every receipt and every notice of traffic of all kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::Duration;
use mezhved::binding::Library;
use mezhved::clock;
use mezhved::notify;
use mezhved::sample::Shares;
use mezhved::schema::{self, SchemaSet};
use mezhved::store::NotificationFilter;
use mezhved::validate::{self, Options};

use crate::support::client::Client;
use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::traffic::traffic;
use crate::support::{Folder, delivery, house, settle, wake};

fn rules() -> mezhved::rules::Rules {
    let library = Library::load(None).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        library.ending(".xsd").map(|path| (path.to_owned(), library.get(path).unwrap().to_vec())).collect();
    let set = SchemaSet::new(&files)
        .with("envelope/1.0/envelope.xsd")
        .with("envelope/1.0/receipt.xsd")
        .with("envelope/1.0/notice.xsd");
    schema::compile(&set).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_is_valid_against_its_own_schema() {
    let folder = Folder::new();
    let more = "[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]\n";
    let pipeline = house(folder.path(), more).await;
    let messages = traffic(31, 800, Shares::usual());
    for part in messages.chunks(200) {
        let batch = part.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect();
        settle(&pipeline, batch).await;
        wake(&pipeline).await;
    }
    let rules = rules();
    let options = Options::default();
    let later = clock::now() + Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue"], later, u32::MAX).await.unwrap();
    assert!(rows.len() > 700, "{} receipts", rows.len());
    for row in &rows {
        let verdict = validate::check(&row.body, &rules, &options);
        assert!(verdict.is_valid(), "{} {}: {:?}\n{}", row.what, row.id, verdict.violations, row.body);
    }
    // The check itself can fail: the same receipt without its result is refused.
    let spoilt = rows[0].body.replacen(" result=", " resolt=", 1);
    assert!(!validate::check(&spoilt, &rules, &options).is_valid());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_notice_and_digest_of_the_broker_is_valid_against_its_own_schema() {
    let (folder, vhost) = (Folder::new(), vhost());
    let more = "[parking]\npatience_seconds = 1\ndelays_milliseconds = [1]\n[notify]\nlink = \"https://example.org/{system}/{number}\"\n";
    let pipeline = house(folder.path(), more).await;
    for part in traffic(32, 400, Shares::usual()).chunks(200) {
        settle(&pipeline, part.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect()).await;
        wake(&pipeline).await;
    }
    while notify::tell(&pipeline).await.unwrap() > 0 {}
    join_in_digests(folder.path()).await;
    pipeline.store.close().await;
    let home = Home::new(folder.path(), &vhost.url("mezhved"), more);
    let mut daemon = home.start();
    daemon.ready().await;
    let store = home.store().await;
    let mut looks = Looks::new("all notifications are delivered");
    while store.waiting().await.unwrap().notifications > 0 {
        looks.next().await;
    }
    let filter = NotificationFilter { state: Some("confirmed".into()), limit: u32::MAX, ..Default::default() };
    let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in store.notifications(&filter).await.unwrap() {
        sent.entry(row.channel).or_default().insert(row.delivery);
    }
    let (rules, options) = (rules(), Options::default());
    let client = Client::new(vhost.url("mezhved")).await;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (channel, deliveries) in sent {
        for received in client.take(&format!("notice.{channel}"), deliveries.len()).await {
            let body = String::from_utf8(received.body).unwrap();
            let verdict = validate::check(&body, &rules, &options);
            assert!(verdict.is_valid(), "{channel}: {:?}\n{body}", verdict.violations);
            assert!(deliveries.contains(&received.properties.message_id.unwrap()));
            *kinds.entry(received.properties.kind.unwrap()).or_default() += 1;
        }
    }
    assert!(kinds["Notice"] > 200 && kinds["Digest"] > 0, "{kinds:?}");
    daemon.stop().await;
}

/// Makes digests of some of what waits: as if their readers had chosen so.
async fn join_in_digests(folder: &Path) {
    let url = format!("sqlite://{}", folder.join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "UPDATE notifications SET digest = 'daily', order_key = NULL, delivery = (SELECT min(n.delivery) FROM notifications n \
         WHERE n.channel = notifications.channel AND n.state = 'pending' AND n.id / 20 = notifications.id / 20) \
         WHERE state = 'pending' AND id < 200",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
}
