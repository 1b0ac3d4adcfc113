//! Dead letters that are tried again, and repeats: an effect happens once whatever was booked how.

use std::path::Path;
use std::sync::Arc;

use mezhved::clock;
use mezhved::desk;
use mezhved::failpoint;
use mezhved::intake::{Delivery, Origin};
use mezhved::pipeline::Pipeline;
use sqlx::SqlitePool;

use crate::support::daemon::Home;
use crate::support::{Folder, delivery, house, settle, until_due, wake};

const STORY: &str = "fixtures/epgu/valid/an-update-overtakes-its-application";
const ROSREESTR: &str = "[[agencies]]\ncode = 'NEW-1'\nuser = 'new1'\nreceipts = 'receipts.new1'\nsystems = ['epgu']\nkinds = ['StatusUpdate']";

/// A house of an application, and its store.
async fn begun(folder: &Folder, more: &str) -> (Arc<Pipeline>, SqlitePool) {
    let pipeline = house(folder.path(), more).await;
    let store =
        SqlitePool::connect(&format!("sqlite://{}", folder.path().join("store.sqlite").display())).await.unwrap();
    (pipeline, store)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(STORY).join(name)).unwrap()
}

fn of(pipeline: &Pipeline, text: &str) -> Delivery {
    delivery(pipeline, text.as_bytes().to_vec())
}

async fn one(pipeline: &Arc<Pipeline>, text: &str) {
    settle(pipeline, vec![of(pipeline, text)]).await;
}

async fn number(store: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(store).await.unwrap()
}

async fn ends(store: &SqlitePool) -> Vec<(String, String, Option<String>, i64)> {
    let rows = sqlx::query_as("SELECT sender, outcome, code, repeats FROM inbox ORDER BY seq");
    rows.fetch_all(store).await.unwrap()
}

const LAST: &str = "SELECT last FROM sequences WHERE sender = 'MFC-77'";
const MOVES: &str = "SELECT count(*) FROM history WHERE entry = 'moved'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_message_holds_its_own_id_from_then_on() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    one(&pipeline, &text("02-application.xml")).await;
    let update = text("01-update.xml").replace("<env:Agency>MFC-77<", "<env:Agency>NEW-1<");
    let mut unknown = of(&pipeline, &update);
    unknown.properties.user_id = Some("new1".to_owned());
    settle(&pipeline, vec![unknown]).await;
    assert_eq!(ends(&store).await[1], ("?new1".into(), "failed".into(), Some("unknown-sender".into()), 0));
    pipeline.store.close().await;

    // The agency is configured now: the letter is tried again, and the sender sends once more, too.
    let pipeline = house(folder.path(), ROSREESTR).await;
    assert_eq!(desk::replay(&pipeline, 1, "trial").await.unwrap().state, "replayed");
    assert_eq!(ends(&store).await[1], ("NEW-1".into(), "applied".into(), None, 0));
    one(&pipeline, &update).await;
    assert_eq!(ends(&store).await.len(), 2, "the same bytes are a repeat");
    assert_eq!((ends(&store).await[1].3, number(&store, MOVES).await), (1, 1));
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_whose_id_is_taken_stays_refused() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let update = text("01-update.xml");
    one(&pipeline, &text("02-application.xml")).await;
    one(&pipeline, &update).await;
    one(&pipeline, &update.replace("</env:Envelope>", "</env:Envelope>\n\n")).await;
    let conflict = |ends: &[(String, String, Option<String>, i64)]| {
        assert_eq!((ends[2].1.as_str(), ends[2].2.as_deref()), ("failed", Some("message-id-conflict")), "{ends:?}");
    };
    conflict(&ends(&store).await);
    // The answer says which message it is about.
    let body: String = sqlx::query_scalar("SELECT body FROM outbox WHERE message = 3 AND what = 'receipt'")
        .fetch_one(&store)
        .await
        .unwrap();
    assert!(body.contains("InReplyTo>00200001-15f2-11f1-8020-02005e100020<"), "{body}");
    desk::replay(&pipeline, 1, "trial").await.unwrap();
    conflict(&ends(&store).await);
    assert_eq!(number(&store, MOVES).await, 1, "one effect");
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_in_the_batch_of_its_original_gets_its_receipt_too() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let application = text("02-application.xml");
    settle(&pipeline, vec![of(&pipeline, &application), of(&pipeline, &application)]).await;
    assert_eq!(ends(&store).await[0].3, 1);
    assert_eq!(number(&store, "SELECT count(*) FROM outbox WHERE what = 'receipt' AND message = 1").await, 2);
    store.close().await;
    pipeline.store.close().await;
}

/// It came as a file first: that one got its receipt beside it, and nobody reads there now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_from_the_queue_is_answered_in_the_queue_whatever_came_as_a_file() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let application = text("02-application.xml");
    let path = folder.path().join("application.xml");
    let file = Delivery { origin: Origin::File { path, bytes_max: 1 << 20 }, ..of(&pipeline, &application) };
    settle(&pipeline, vec![file]).await;
    one(&pipeline, &application).await;
    let kinds = sqlx::query_scalar("SELECT kind FROM outbox WHERE what = 'receipt' ORDER BY id");
    let kinds: Vec<String> = kinds.fetch_all(&store).await.unwrap();
    assert_eq!(kinds, ["file", "queue"]);
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_as_a_file_and_waits_is_answered_in_the_queue_that_it_was_repeated_from() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let update = text("01-update.xml");
    let path = folder.path().join("update.xml");
    let file = Delivery { origin: Origin::File { path, bytes_max: 1 << 20 }, ..of(&pipeline, &update) };
    settle(&pipeline, vec![file]).await;
    one(&pipeline, &update).await;
    one(&pipeline, &text("02-application.xml")).await;
    wake(&pipeline).await;
    let answered = sqlx::query_scalar("SELECT kind FROM outbox WHERE what = 'receipt' AND message = 1");
    let kinds: Vec<String> = answered.fetch_all(&store).await.unwrap();
    assert_eq!(kinds, ["queue"]);
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_of_a_file_is_written_anew_when_its_dead_letter_is_replayed() {
    let folder = Folder::new();
    let home = Home::new(
        folder.path(),
        "amqp://nowhere.invalid",
        "[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]",
    );
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("update.xml"), text("01-update.xml")).unwrap();
    std::fs::write(path("application.xml"), text("02-application.xml")).unwrap();
    let receipt = || std::fs::read_to_string(path("update.receipt.xml")).unwrap();
    home.verb(&["process", &path("update.xml")], 1);
    assert!(receipt().contains("code=\"unknown-case\""), "{}", receipt());
    home.verb(&["process", &path("application.xml")], 0);
    home.verb(&["dlq", "replay", "1"], 0);
    assert!(receipt().contains("result=\"accepted\""), "{}", receipt());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_item_does_not_set_its_sequence_back() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    one(&pipeline, &text("02-application.xml")).await;
    for (sequence, status) in [(1, "accepted"), (2, "accepted"), (3, "verified")] {
        let update = text("01-update.xml")
            .replace("00200001-15f2", &format!("0020000{sequence}-25f2"))
            .replace("<Update>", &format!("<Update sequence=\"{sequence}\">"))
            .replace("<Status>verified<", &format!("<Status>{status}<"));
        one(&pipeline, &update).await;
    }
    assert_eq!(number(&store, MOVES).await, 1, "{:?}", ends(&store).await);
    assert_eq!(number(&store, LAST).await, 3);
    desk::replay(&pipeline, 1, "trial").await.unwrap();
    assert_eq!((number(&store, LAST).await, number(&store, MOVES).await), (3, 1), "{:?}", ends(&store).await);
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_tells_so_many_violations_and_that_there_are_more() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let message = text("01-update.xml");
    let (from, to) = (message.find("<Update>").unwrap(), message.find("</StatusUpdate>").unwrap());
    let wrong = message[from..to].replace("<Update>", "<Update sequence=\"first\">");
    for (count, told, truncated) in [(7, 7, false), (50, 50, false), (51, 50, true), (90, 50, true)] {
        let id = format!("002{count:05}-25f2");
        let message = format!("{}{}{}", &message[..from], wrong.repeat(count), &message[to..]);
        one(&pipeline, &message.replace("00200001-15f2", &id)).await;
        let receipt = sqlx::query_scalar("SELECT body FROM outbox WHERE what = 'receipt' ORDER BY id DESC LIMIT 1");
        let receipt: String = receipt.fetch_one(&store).await.unwrap();
        assert_eq!(receipt.matches("<b:Error ").count(), told, "{receipt}");
        assert_eq!(receipt.contains("truncated=\"true\""), truncated, "{receipt}");
    }
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_replay_out_of_its_turn_uses_no_number_up() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]").await;
    one(&pipeline, &text("02-application.xml")).await;
    let update = |sequence: u8, status: &str| {
        text("01-update.xml")
            .replace("00200001-15f2", &format!("0020000{sequence}-25f2"))
            .replace("<Update>", &format!("<Update sequence=\"{sequence}\">"))
            .replace("<Status>verified<", &format!("<Status>{status}<"))
    };
    one(&pipeline, &update(3, "accepted")).await;
    until_due(&pipeline).await;
    wake(&pipeline).await;
    assert_eq!(ends(&store).await[1].2.as_deref(), Some("sequence-gap"));
    desk::replay(&pipeline, 1, "trial").await.unwrap();
    assert_eq!(
        ends(&store).await[1].2.as_deref(),
        Some("forbidden-transition"),
        "tried, and refused for another reason"
    );
    let attempts = sqlx::query_as("SELECT origin, actor, attempt, dead_letter, result FROM attempts ORDER BY attempt");
    let attempts: Vec<(String, String, i64, Option<i64>, String)> = attempts.fetch_all(&store).await.unwrap();
    let (origins, replay) = (attempts.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), attempts.last().unwrap());
    assert_eq!(origins, ["parked", "replay"]);
    assert_eq!(
        replay,
        &("replay".into(), "trial".into(), 3, Some(1), "failed".into()),
        "linked to the letter that was tried"
    );
    one(&pipeline, &update(1, "verified")).await;
    assert_eq!((number(&store, LAST).await, number(&store, MOVES).await), (1, 1), "{:?}", ends(&store).await);
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_of_items_that_are_tried_alone_have_ids_of_their_own() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    one(&pipeline, &text("02-application.xml")).await;
    let update = text("01-update.xml").replace("<Status>verified<", "<Status>accepted<");
    let (from, to) = (update.find("<Update>").unwrap(), update.find("</Update>").unwrap() + "</Update>".len());
    one(&pipeline, &format!("{}{}{}", &update[..to], &update[from..to], &update[to..])).await;
    for letter in [1, 2] {
        desk::replay(&pipeline, letter, "trial").await.unwrap();
    }
    let receipts = "SELECT count(*) FROM outbox WHERE what = 'receipt' AND message = 2";
    let ids = "SELECT count(DISTINCT message_id) FROM outbox WHERE what = 'receipt' AND message = 2";
    assert_eq!((number(&store, receipts).await, number(&store, ids).await), (3, 3));
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_after_a_replay_keeps_its_bytes_though_its_block_is_gone() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let update = text("01-update.xml").replace("<env:Agency>MFC-77<", "<env:Agency>NEW-1<");
    let mut unknown = of(&pipeline, &update);
    unknown.properties.user_id = Some("new1".to_owned());
    settle(&pipeline, vec![unknown]).await;
    sqlx::query("UPDATE batches SET block = NULL").execute(&store).await.unwrap();
    pipeline.store.close().await;
    let pipeline = house(folder.path(), ROSREESTR).await;
    desk::replay(&pipeline, 1, "trial").await.unwrap();
    assert_eq!(ends(&store).await[0].1, "parked", "its application has not come yet");
    one(&pipeline, &text("02-application.xml")).await;
    wake(&pipeline).await;
    assert_eq!(ends(&store).await[0], ("NEW-1".into(), "applied".into(), None, 0));
    assert_eq!(number(&store, MOVES).await, 1);
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_over_which_the_program_fails_ends_alone() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    let failing = |step: &'static str, id: &str| {
        failpoint::arm_stumble(step, id);
        of(&pipeline, &text("01-update.xml").replace("00200001-15f2", id))
    };
    let (reading, settling) = (failing("admit.read", "00200001-35f2"), failing("apply.settle", "00200002-35f2"));
    let application = of(&pipeline, &text("02-application.xml"));
    settle(&pipeline, vec![application, reading, settling, of(&pipeline, &text("01-update.xml"))]).await;
    let ends: Vec<_> = ends(&store).await.into_iter().map(|(_, outcome, code, _)| (outcome, code)).collect();
    let applied = ("applied".to_owned(), None);
    let failed = ("failed".to_owned(), Some("program-fault".to_owned()));
    assert_eq!(ends, [applied.clone(), failed.clone(), failed, applied]);
    let refused = "SELECT count(*) FROM outbox WHERE what = 'receipt' AND message = 3 AND body LIKE '%program-fault%'";
    assert_eq!((number(&store, refused).await, number(&store, MOVES).await), (1, 1));
    store.close().await;
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_one_key_leave_one_after_another() {
    let folder = Folder::new();
    let (pipeline, store) = begun(&folder, "").await;
    sqlx::query(
        "INSERT INTO outbox (id, what, kind, address, order_key, message_id, correlation, type, body, state, attempts, due_at, \
         created_at) VALUES (1, 'document', 'queue', 'q', 'a', 'm1', 'm1', 'Document', '', 'pending', 0, 1, 1), \
         (2, 'document', 'queue', 'q', 'a', 'm2', 'm2', 'Document', '', 'pending', 0, 1, 1), \
         (3, 'document', 'queue', 'q', 'b', 'm3', 'm3', 'Document', '', 'pending', 0, 1, 1)",
    )
    .execute(&store)
    .await
    .unwrap();
    let due = async || {
        let due = pipeline.store.outbox_due(&["queue"], clock::now(), 10).await.unwrap();
        due.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(due().await, [1, 3], "the second one of a key waits for the first");
    let now = clock::now();
    pipeline.store.outbox_done(&[3], &[], &[(1, "unroutable".to_owned())], now).await.unwrap();
    assert!(due().await.is_empty(), "a stuck row holds its own key");
    assert_eq!(pipeline.store.next_outbox(&["queue"]).await.unwrap(), None, "nothing to come back for");
    store.close().await;
    pipeline.store.close().await;
}
