//! Breaking it on purpose: the store, the broker, the connection between them, the process itself at any moment. After
//! each, every message id has exactly one outcome, every receipt is there, and the cases are as a plain run makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use mezhved::failpoint;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{Oddity, SampleMessage, Shares};
use mezhved::store::Store;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::daemon::settled;
use crate::support::client::{Client, Letter};
use crate::support::daemon::{Home, Looks};
use crate::support::proxy::Proxy;
use crate::support::rabbitmq::{RabbitMq, vhost};
use crate::support::traffic::{ended, expected, letters, traffic};
use crate::support::{Folder, damage, delivery, house, settle, sound, wake};

const QUICK_PARKING: &str = "[parking]\ndelays_milliseconds = [100, 200]\npatience_seconds = 3\n";

/// Messages with an address for an answer to which none was sent.
pub(crate) const UNANSWERED: &str = "SELECT count(*) FROM inbox i WHERE i.reply IS NOT NULL AND NOT EXISTS \
     (SELECT 1 FROM outbox o WHERE o.message = i.seq AND o.what = 'receipt' AND o.state = 'sent')";

/// Everything that must be the same whatever went wrong on the way: outcomes, cases and all that belongs to them, what people are told.
async fn picture(path: &Path) -> BTreeMap<String, Vec<String>> {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path).read_only(true)).await.unwrap();
    let mut picture = BTreeMap::new();
    for (what, query) in [
        (
            "outcomes",
            "SELECT sender || ' ' || message_id || ' ' || outcome || ' ' || coalesce(code, '') FROM inbox ORDER BY 1",
        ),
        (
            "cases",
            "SELECT system || ' ' || number || ' ' || status || ' ' || open || ' ' || since FROM cases ORDER BY 1",
        ),
        (
            "history",
            "SELECT c.number || ' ' || h.entry || ' ' || coalesce(h.from_status, '') || '>' || h.to_status || ' ' || h.happened_at \
             || ' ' || h.turn || ' ' || h.agency || ' ' || coalesce(h.officer, '') || ' ' || coalesce(h.comment, '') || ' ' || \
             coalesce(h.details, '') FROM history h JOIN cases c ON c.id = h.case_id ORDER BY 1",
        ),
        (
            "documents",
            "SELECT c.number || ' ' || d.type || ' ' || d.number || ' ' || d.state || ' ' || d.versions || ' ' || \
             coalesce(d.title, '') || ' ' || coalesce(d.issued_on, '') || ' ' || coalesce(d.signed, '') \
             FROM documents d JOIN cases c ON c.id = d.case_id ORDER BY 1",
        ),
        (
            "versions",
            "SELECT c.number || ' ' || d.type || ' ' || d.number || ' ' || v.version || ' ' || v.sha256 || ' ' || v.file_name \
             || ' ' || v.uploader FROM document_versions v JOIN documents d ON d.id = v.document_id \
             JOIN cases c ON c.id = d.case_id ORDER BY 1",
        ),
        (
            "parties",
            "SELECT c.number || ' ' || p.role || ' ' || p.place || ' ' || p.identifier || ' ' || hex(p.hash) \
             FROM parties p JOIN cases c ON c.id = p.case_id ORDER BY 1",
        ),
        // What begins and is void within one batch leaves no row.
        (
            "timers",
            "SELECT c.number || ' ' || t.code || ' ' || coalesce(t.turn, '') || ' ' || t.state FROM timers t \
             JOIN cases c ON c.id = t.case_id WHERE t.state <> 'void' ORDER BY 1",
        ),
        ("sequences", "SELECT sender || ' ' || system || ' ' || number || ' ' || last FROM sequences ORDER BY 1"),
        (
            "events",
            "SELECT case_number || ' ' || code || ' ' || count(*) FROM events GROUP BY case_number, code ORDER BY 1",
        ),
        (
            "dead letters",
            "SELECT sender || ' ' || message_id || ' ' || item || ' ' || code || ' ' || state FROM dead_letters ORDER BY 1",
        ),
    ] {
        let rows = sqlx::query(query).fetch_all(&pool).await.unwrap();
        picture.insert(what.to_owned(), rows.iter().map(|row| row.get(0)).collect());
    }
    pool.close().await;
    picture
}

/// Two pictures are the same; else the first rows in which they differ are told.
fn alike(found: &BTreeMap<String, Vec<String>>, expected: &BTreeMap<String, Vec<String>>) {
    for (what, expected) in expected {
        let found = &found[what];
        let only = |these: &[String], those: &[String]| {
            let those: BTreeSet<&String> = those.iter().collect();
            these.iter().filter(|row| !those.contains(row)).take(5).cloned().collect::<Vec<_>>()
        };
        let (more, less) = (only(found, expected), only(expected, found));
        assert!(
            found == expected,
            "{what}: {} rows instead of {}; {more:#?} instead of {less:#?}",
            found.len(),
            expected.len()
        );
    }
}

/// The same messages, one after another, in one undisturbed process.
async fn undisturbed(messages: &[SampleMessage]) -> BTreeMap<String, Vec<String>> {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "[parking]\ndelays_milliseconds = [3600000]\n").await;
    for message in messages {
        settle(&pipeline, vec![delivery(&pipeline, message.bytes.to_vec())]).await;
        wake(&pipeline).await;
    }
    pipeline.store.close().await;
    picture(&folder.path().join("store.sqlite")).await
}

/// What no fault may break.
async fn whole(store: &Store, home: &Home, messages: &[SampleMessage], broker: String) {
    let ids: BTreeSet<&[u8]> = messages.iter().map(|message| message.bytes.as_slice()).collect();
    // What comes again is booked as a repeat: it is the ids that must all have come.
    let mut looks = Looks::new("every id has come");
    while store.outcomes().await.unwrap().iter().map(|one| one.messages).sum::<i64>()
        < i64::try_from(ids.len()).unwrap()
    {
        looks.next().await;
    }
    settled(store, messages.len()).await;
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(home.store_path()).read_only(true))
        .await
        .unwrap();
    let count = |query: &'static str| {
        let pool = pool.clone();
        async move { sqlx::query(query).fetch_one(&pool).await.unwrap().get::<i64, _>(0) }
    };
    assert_eq!(count("SELECT count(*) FROM inbox").await, i64::try_from(ids.len()).unwrap(), "one outcome an id");
    assert_eq!(count("SELECT count(*) FROM inbox WHERE outcome = 'parked'").await, 0);
    assert_eq!(count(UNANSWERED).await, 0, "every receipt is there");
    let doubled = "SELECT count(*) FROM (SELECT 1 FROM history GROUP BY message, item, entry HAVING count(*) > 1)";
    assert_eq!(count(doubled).await, 0, "no history row is doubled");
    let invisible = "SELECT count(*) FROM inbox i WHERE outcome = 'failed' AND NOT EXISTS \
         (SELECT 1 FROM dead_letters d WHERE d.message = i.seq)";
    assert_eq!(count(invisible).await, 0, "what failed is visible");
    arrived(&pool, &Client::new(broker).await).await;
    pool.close().await;
}

/// Every receipt that the store calls sent lies in its sender's queue, and nothing else does. One may lie there twice, under one id.
async fn arrived(pool: &SqlitePool, agencies: &Client) {
    let sent =
        "SELECT DISTINCT address, message_id FROM outbox WHERE what = 'receipt' AND kind = 'queue' AND state = 'sent'";
    let rows: Vec<(String, String)> = sqlx::query_as(sent).fetch_all(pool).await.unwrap();
    let mut sent = BTreeMap::<String, BTreeSet<String>>::new();
    for (queue, id) in rows {
        sent.entry(queue).or_default().insert(id);
    }
    assert!(!sent.is_empty());
    for (queue, ids) in sent {
        let taken = agencies.take_all(&queue).await;
        let taken: BTreeSet<String> = taken.into_iter().map(|one| one.properties.message_id.unwrap()).collect();
        assert_eq!(taken.symmetric_difference(&ids).collect::<Vec<_>>(), Vec::<&String>::new(), "{queue}");
    }
}

/// Traffic whose end does not depend on the order between cases.
fn steady(seed: u64, messages: u64) -> Vec<SampleMessage> {
    let shares = Shares::none().with(Oddity::Late, 30).with(Oddity::Forbidden, 30).with(Oddity::Many, 60);
    traffic(seed, messages, shares.with(Oddity::Schema, 20).with(Oddity::Malformed, 20))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_thirty_random_moments_loses_nothing_and_doubles_nothing() {
    const KILLS: u64 = 30;
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "[intake]\nbatch_messages_max = 20\nprefetch = 60\n");
    let messages = steady(21, 3000);
    let publisher = Client::new(vhost.url("publisher")).await;
    declare_topology(&home).await;
    let store = home.store().await;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sent = 0;
    for kill in 0..KILLS {
        let mut daemon = home.start();
        let next = messages.len() * usize::try_from(kill + 1).unwrap() / usize::try_from(KILLS).unwrap();
        publisher.publish(letters(&messages[sent..next])).await;
        sent = next;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Some way into what there is to do: sometimes before the first commit, sometimes after the last.
        let booked = booked(&store).await;
        let some_way = i64::try_from(random >> 33).unwrap() % 130;
        let target = (booked + some_way).min(i64::try_from(sent).unwrap());
        let mut looks = Looks::new("the daemon works");
        while self::booked(&store).await < target {
            looks.next().await;
        }
        daemon.kill();
    }
    let mut daemon = home.start();
    daemon.ready().await;
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    alike(&picture(&home.store_path()).await, &undisturbed(&messages).await);
    daemon.stop().await;
}

/// A first start makes the store and the queues.
async fn declare_topology(home: &Home) {
    let mut daemon = home.start();
    daemon.ready().await;
    daemon.stop().await;
}

async fn booked(store: &Store) -> i64 {
    store.outcomes().await.unwrap().iter().map(|one| one.messages).sum()
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_any_two_steps_loses_nothing() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), QUICK_PARKING);
    let messages = steady(22, 200);
    let publisher = Client::new(vhost.url("publisher")).await;
    declare_topology(&home).await;
    let store = home.store().await;
    let part = messages.len() / failpoint::POINTS.len();
    for (number, point) in failpoint::POINTS.iter().enumerate() {
        let mut daemon = home.start_with(&[("MEZHVED_FAIL_POINT", point)]);
        let last = if number + 1 == failpoint::POINTS.len() { messages.len() } else { part * (number + 1) };
        publisher.publish(letters(&messages[part * number..last])).await;
        let status = daemon.ended().await;
        assert!(!status.success(), "{point}: the process was killed");
        assert_eq!(status.code(), None, "{point}: by a signal of its own");
    }
    let mut daemon = home.start();
    daemon.ready().await;
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    alike(&picture(&home.store_path()).await, &undisturbed(&messages).await);
    daemon.stop().await;
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_at_any_step_is_waited_for() {
    let messages = steady(23, 60);
    let expected_picture = undisturbed(&messages).await;
    let mut step = 1;
    loop {
        let folder = Folder::new();
        let pipeline = house(folder.path(), "[parking]\ndelays_milliseconds = [3600000]\n").await;
        let path = folder.path().join("store.sqlite");
        failpoint::arm_store(&path, step);
        run(&pipeline, &messages).await;
        let steps = failpoint::disarm_store(&path);
        sound(&pipeline).await;
        pipeline.store.close().await;
        alike(&picture(&folder.path().join("store.sqlite")).await, &expected_picture);
        if step > steps {
            break;
        }
        step += 1;
    }
    assert!(step > 20, "the store has many steps: {step}");
}

#[cfg(feature = "fail-points")]
async fn run(pipeline: &Arc<Pipeline>, messages: &[SampleMessage]) {
    let batch = messages.iter().map(|message| delivery(pipeline, message.bytes.to_vec())).collect();
    settle(pipeline, batch).await;
    // What the daemon does: a fault while looking for parked items is waited for.
    while mezhved::daemon::parked_once(pipeline).await.ok() != Some(0) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_restarted_under_load_is_waited_for() {
    let folder = Folder::new();
    let node = RabbitMq::start();
    let home = Home::new(folder.path(), &node.url("mezhved"), "[intake]\nbatch_messages_max = 50\nprefetch = 100\n");
    declare_topology(&home).await;
    let messages = steady(24, 2000);
    let publisher = Client::new(node.url("publisher")).await;
    publisher.publish(letters(&messages)).await;
    let daemon = home.start();
    let store = home.store().await;
    let mut looks = Looks::new("the daemon works");
    while booked(&store).await == 0 {
        looks.next().await;
    }
    node.kill();
    assert!(booked(&store).await < i64::try_from(messages.len()).unwrap(), "there is work left");
    node.start_again();
    whole(&store, &home, &messages, node.url("mezhved")).await;
    alike(&picture(&home.store_path()).await, &undisturbed(&messages).await);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_the_middle_of_batches_is_made_anew() {
    let (folder, vhost) = (Folder::new(), vhost());
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let home = Home::new(folder.path(), &url, "[intake]\nbatch_messages_max = 50\nprefetch = 100\n");
    let mut daemon = home.start();
    daemon.ready().await;
    let messages = steady(25, 2000);
    let publisher = Client::new(vhost.url("publisher")).await;
    let store = home.store().await;
    for part in messages.chunks(400) {
        let before = booked(&store).await;
        publisher.publish(letters(part)).await;
        let mut looks = Looks::new("the daemon works");
        while booked(&store).await == before {
            looks.next().await;
        }
        proxy.cut();
    }
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    alike(&picture(&home.store_path()).await, &undisturbed(&messages).await);
    daemon.stop().await;
}

/// Prefetch counts messages: without a bound on their bytes all of these would be held while the store is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_only_so_many_bytes_are_taken_and_the_connection_lives_on() {
    const BYTES: usize = 40 << 20;
    const BODIES: usize = 12;
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "[store]\nbusy_timeout_milliseconds = 1000\n");
    let mut daemon = home.start_with(&[("MEZHVED__BROKER__HEARTBEAT_SECONDS", "1")]);
    daemon.ready().await;
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(home.store_path())).await.unwrap();
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let publisher = Client::new(vhost.url("publisher")).await;
    for number in 0..BODIES {
        let mut body = format!("<Envelope number=\"{number}\">").into_bytes();
        body.resize(BYTES, b' ');
        publisher.publish(vec![Letter::new(body, "epgu")]).await;
    }
    // Longer than a connection lives from which nothing is heard.
    let mut looks = Looks::new("the store was away for a while");
    while daemon.log_text().matches("the store is away").count() < 3 {
        looks.next().await;
    }
    let peak = daemon.memory_peak_bytes();
    assert!(peak < (BODIES * BYTES / 2) as u64, "{peak} bytes for {BODIES} bodies of {BYTES}");
    drop(lock);
    let store = home.store().await;
    settled(&store, BODIES).await;
    let all = i64::try_from(BODIES).unwrap();
    assert_eq!(ended(&store).await, BTreeMap::from([("too-large".into(), all)]), "no connection was lost");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_store_is_waited_for() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "[store]\nbusy_timeout_milliseconds = 50\n");
    let mut daemon = home.start();
    daemon.ready().await;
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(home.store_path())).await.unwrap();
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let messages = steady(26, 100);
    Client::new(vhost.url("publisher")).await.publish(letters(&messages)).await;
    let mut looks = Looks::new("the daemon says that the store is away");
    while !daemon.log_text().contains("the store is away") {
        looks.next().await;
    }
    let store = home.store().await;
    assert_eq!(booked(&store).await, 0);
    drop(lock);
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    assert_eq!(ended(&store).await, expected(&messages));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_keeps_its_messages_in_the_queue_until_it_may_grow() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "[store]\nbytes_max = 400000\n");
    let mut daemon = home.start();
    daemon.ready().await;
    let messages = steady(27, 600);
    Client::new(vhost.url("publisher")).await.publish(letters(&messages)).await;
    let mut looks = Looks::new("the daemon says that the store is full");
    while !daemon.log_text().contains("full") {
        looks.next().await;
    }
    daemon.kill();
    let store = home.store().await;
    assert!(booked(&store).await < i64::try_from(messages.len()).unwrap());
    home.configure(&vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    let mut ended = ended(&store).await;
    // What was committed but not acknowledged when the process was killed came again.
    ended.remove("repeat");
    assert_eq!(ended, expected(&messages));
    daemon.stop().await;
}

/// SQLite itself ends a transaction that meets a full disk, at whatever statement: the batch is tried again all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_goes_on_in_place_once_there_is_room() {
    const PAGE_BYTES: i64 = 8192;
    let messages = steady(31, 200);
    for spare_pages in [1, 4, 12, 25, 40, 60] {
        let folder = Folder::new();
        house(folder.path(), "").await.store.close().await;
        let path = folder.path().join("store.sqlite");
        let ballast = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
        sqlx::raw_sql("CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(16000000))")
            .execute(&ballast)
            .await
            .unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&ballast).await.unwrap();
        let bytes_max = (pages + spare_pages) * PAGE_BYTES;
        let pipeline = house(folder.path(), &format!("[store]\nbytes_max = {bytes_max}\n")).await;
        let batch = messages.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect();
        let room = async {
            let mut looks = Looks::new("the store is full");
            while !pipeline.counters.is_store_away() {
                looks.next().await;
            }
            sqlx::query("DROP TABLE ballast").execute(&ballast).await.unwrap();
        };
        tokio::join!(settle(&pipeline, batch), room);
        assert_eq!(ended(&pipeline.store).await, expected(&messages), "{spare_pages} pages to spare");
        ballast.close().await;
        pipeline.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_takes_nothing_until_it_is_back() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    let away = folder.path().join("away.sqlite");
    std::fs::rename(home.store_path(), &away).unwrap();
    let messages = steady(28, 100);
    Client::new(vhost.url("publisher")).await.publish(letters(&messages)).await;
    let mut looks = Looks::new("the daemon says that the store is away");
    while !daemon.log_text().contains("no longer there") {
        looks.next().await;
    }
    std::fs::rename(&away, home.store_path()).unwrap();
    let store = home.store().await;
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    assert_eq!(ended(&store).await, expected(&messages));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_cannot_finish_ends_at_its_deadline_and_a_second_signal_ends_at_once() {
    let (folder, vhost) = (Folder::new(), vhost());
    let more = "[store]\nbusy_timeout_milliseconds = 50\n[stop]\ndeadline_seconds = 1\n";
    let home = Home::new(folder.path(), &vhost.url("mezhved"), more);
    let mut daemon = home.start();
    daemon.ready().await;
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(home.store_path())).await.unwrap();
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let messages = steady(29, 20);
    Client::new(vhost.url("publisher")).await.publish(letters(&messages)).await;
    let mut looks = Looks::new("the daemon says that the store is away");
    while !daemon.log_text().contains("the store is away") {
        looks.next().await;
    }
    daemon.terminate();
    assert_eq!(daemon.ended().await.code(), Some(1), "{}", daemon.log_text());
    home.configure(&vhost.url("mezhved"), "[store]\nbusy_timeout_milliseconds = 50\n[stop]\ndeadline_seconds = 600\n");
    // The tables are there already: only a batch asks for the lock.
    let mut daemon = home.start();
    let mut looks = Looks::new("the daemon says that the store is away");
    while !daemon.log_text().contains("the store is away") {
        looks.next().await;
    }
    daemon.terminate();
    let mut looks = Looks::new("the daemon stops");
    while !daemon.log_text().contains("stopping") {
        looks.next().await;
    }
    daemon.terminate();
    assert_eq!(daemon.ended().await.code(), Some(130), "{}", daemon.log_text());
    drop(lock);
    let mut daemon = home.start();
    daemon.ready().await;
    let store = home.store().await;
    whole(&store, &home, &messages, vhost.url("mezhved")).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_worked_with_ends_the_daemon_though_nothing_more_arrives() {
    let (folder, vhost) = (Folder::new(), vhost());
    let home = Home::new(folder.path(), &vhost.url("mezhved"), "");
    let mut daemon = home.start();
    daemon.ready().await;
    damage(folder.path(), &["ALTER TABLE batches RENAME TO elsewhere"]).await.unwrap();
    Client::new(vhost.url("publisher")).await.publish(letters(&steady(30, 1))).await;
    assert_eq!(daemon.ended().await.code(), Some(3), "{}", daemon.log_text());
    damage(folder.path(), &["ALTER TABLE elsewhere RENAME TO batches"]).await.unwrap();
    let mut daemon = home.start();
    daemon.ready().await;
    settled(&home.store().await, 1).await;
    daemon.stop().await;
}
