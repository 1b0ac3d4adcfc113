//! What waits for something that has not come: when it is tried again, for how long, and what becomes of it then.

use std::path::Path;
use std::sync::Arc;

use mezhved::pipeline::Pipeline;
use mezhved::store::{DeadLetterFilter, DueMax, StoreFault};
use mezhved::{clock, daemon};
use sqlx::SqlitePool;

use crate::support::{Folder, delivery, house, settle};

const UPDATE: &str = "fixtures/epgu/valid/an-update-overtakes-its-application/01-update.xml";

/// When an item that waits was tried, when it is due, how long it waits at most: milliseconds.
struct Wait {
    due_at: i64,
    give_up_after: i64,
    attempts: i64,
}

struct Waiting {
    pipeline: Arc<Pipeline>,
    store: SqlitePool,
}

impl Waiting {
    /// An update of a case that nobody knows has come.
    async fn of(folder: &Folder, more: &str) -> Self {
        let pipeline = house(folder.path(), more).await;
        let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
        let waiting = Self { pipeline, store: SqlitePool::connect(&url).await.unwrap() };
        let body = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(UPDATE)).unwrap();
        settle(&waiting.pipeline, vec![delivery(&waiting.pipeline, body)]).await;
        waiting
    }

    async fn row(&self) -> Option<Wait> {
        let row: Option<(i64, i64, i64)> =
            sqlx::query_as("SELECT due_at, give_up_at - parked_at, attempts FROM parked")
                .fetch_optional(&self.store)
                .await
                .unwrap();
        row.map(|(due_at, give_up_after, attempts)| Wait { due_at, give_up_after, attempts })
    }

    /// Lets it be due now, and has it tried; gives the pause until the next try, between two readings of the clock.
    async fn tried(&self) -> Option<(i64, i64)> {
        sqlx::query("UPDATE parked SET due_at = 0").execute(&self.store).await.unwrap();
        let before = clock::now().timestamp_millis();
        assert_eq!(daemon::parked_once(&self.pipeline).await.unwrap(), 1);
        let after = clock::now().timestamp_millis();
        self.row().await.map(|row| (row.due_at - after, row.due_at - before))
    }

    async fn ended(self) -> (String, Option<String>) {
        let code: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT outcome, code FROM inbox").fetch_all(&self.store).await.unwrap();
        self.store.close().await;
        self.pipeline.store.close().await;
        code.into_iter().next().unwrap()
    }
}

/// The pauses after each try, as they were found, are these seconds.
async fn check(more: &str, pauses: &[i64], patience: i64) {
    let folder = Folder::new();
    let waiting = Waiting::of(&folder, more).await;
    let first = waiting.row().await.unwrap();
    assert_eq!((first.attempts, first.give_up_after), (1, patience * 1000));
    for (tries, seconds) in (2..).zip(pauses) {
        let (least, most) = waiting.tried().await.unwrap();
        assert!(least <= seconds * 1000 && seconds * 1000 <= most, "try {tries}: {least} to {most}, not {seconds} s");
        assert_eq!(waiting.row().await.unwrap().attempts, tries);
    }
    // Its patience is over: the next try is the last.
    sqlx::query("UPDATE parked SET give_up_at = 0").execute(&waiting.store).await.unwrap();
    assert_eq!(waiting.tried().await, None, "it does not wait any more");
    let letters =
        waiting.pipeline.store.dead_letters(&DeadLetterFilter { limit: 9, ..Default::default() }).await.unwrap();
    let codes: Vec<&str> = letters.iter().map(|letter| letter.code.as_str()).collect();
    assert_eq!(codes, ["unknown-case"]);
    assert_eq!(waiting.ended().await, ("failed".to_owned(), Some("unknown-case".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_tried_after_growing_pauses_for_an_hour() {
    // The first pause, of 5 seconds, is that before the first try; the last one holds from then on.
    check("", &[15, 60, 300, 300, 300], 3600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pauses_and_patience_are_configured() {
    check("[parking]\ndelays_milliseconds = [1000, 30000]\npatience_seconds = 7200", &[30, 30], 7200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_pause_goes_beyond_the_patience() {
    let folder = Folder::new();
    let more = "[parking]\ndelays_milliseconds = [1000, 600000]\npatience_seconds = 60";
    let waiting = Waiting::of(&folder, more).await;
    let (_, most) = waiting.tried().await.unwrap();
    assert!(most <= 60_000, "{most}");
    assert_eq!(waiting.ended().await.0, "parked");
}

/// An update of a case that nobody knows, with so many items and a comment of so many bytes.
fn update(number: u32, items: usize, comment: usize) -> Vec<u8> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(UPDATE)).unwrap();
    let text = text.replace("<env:MessageId>00200001", &format!("<env:MessageId>{number:08}"));
    let (from, to) = (text.find("<Update>").unwrap(), text.find("</Update>").unwrap() + "</Update>".len());
    let all: String = (0..items)
        .map(|item| text[from..to].replace("77-2026-032001", &format!("77-2026-9{number:02}{item:03}")))
        .collect();
    let comment = format!("<!--{}-->", "x".repeat(comment));
    format!("{}{all}{comment}{}", &text[..from], &text[to..]).into_bytes()
}

const PATIENT: &str = "[parking]\ndelays_milliseconds = [3600000]\npatience_seconds = 7200\n";

/// A pipeline with these messages, all of whose items wait and are due; they are given up at this moment.
async fn due(folder: &Folder, more: &str, messages: Vec<Vec<u8>>, give_up_at: i64) -> Waiting {
    let pipeline = house(folder.path(), more).await;
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let waiting = Waiting { pipeline, store: SqlitePool::connect(&url).await.unwrap() };
    for body in messages {
        settle(&waiting.pipeline, vec![delivery(&waiting.pipeline, body)]).await;
    }
    sqlx::query("UPDATE parked SET due_at = 0, give_up_at = ?1")
        .bind(give_up_at)
        .execute(&waiting.store)
        .await
        .unwrap();
    waiting
}

impl Waiting {
    async fn codes(&self) -> Vec<(String, Option<String>)> {
        sqlx::query_as("SELECT outcome, code FROM inbox ORDER BY seq").fetch_all(&self.store).await.unwrap()
    }

    async fn closed(self) {
        self.store.close().await;
        self.pipeline.store.close().await;
    }
}

/// Bytes that are lost end their message alone, and what else waits is tried all the same.
async fn lost(more: &str, long: usize, lose: impl AsyncFn(&Folder, &Waiting)) {
    let folder = Folder::new();
    let waiting = due(&folder, &format!("{PATIENT}{more}"), vec![update(1, 2, long), update(2, 1, 0)], 0).await;
    lose(&folder, &waiting).await;
    while daemon::parked_once(&waiting.pipeline).await.unwrap() > 0 {}
    let failed = |code: &str| ("failed".to_owned(), Some(code.to_owned()));
    assert_eq!(waiting.codes().await, [failed("store-refused"), failed("unknown-case")]);
    let letters: Vec<(i64, String, i64, bool)> = sqlx::query_as(
        "SELECT d.item, d.code, d.size, d.content = lower(hex(i.hash)) FROM dead_letters d JOIN inbox i ON i.seq = d.message \
         WHERE i.seq = 1 ORDER BY d.item",
    )
    .fetch_all(&waiting.store)
    .await
    .unwrap();
    let size = i64::try_from(update(1, 2, long).len()).unwrap();
    let letter = |item| (item, "store-refused".to_owned(), size, true);
    assert_eq!(letters, [letter(1), letter(2)], "who finds the bytes can put them there and replay them");
    waiting.closed().await;
}

const LONG: &str = "[contents]\ndead_letter_inline_bytes_max = 3000\n";

fn content(folder: &Folder) -> std::path::PathBuf {
    let mut path = folder.path().join("contents");
    while path.is_dir() {
        path = std::fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_message_whose_content_is_gone_ends_alone() {
    lost(LONG, 4000, async |folder, _| std::fs::remove_file(content(folder)).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_message_whose_content_has_other_bytes_ends_alone() {
    lost(LONG, 4000, async |folder, _| std::fs::write(content(folder), b"other bytes").unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_message_whose_block_is_damaged_ends_alone() {
    lost("", 0, async |_, waiting| {
        let damage = "UPDATE batches SET block = x'00112233' WHERE id = (SELECT batch FROM inbox WHERE seq = 1)";
        sqlx::query(damage).execute(&waiting.store).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_message_whose_content_is_out_of_reach_waits_and_holds_up_nobody() {
    let folder = Folder::new();
    let messages = vec![update(1, 1, 4000), update(2, 1, 0)];
    let waiting = due(&folder, &format!("{PATIENT}{LONG}[intake]\nbatch_bytes_max = 1\n"), messages, 0).await;
    // A folder in the place of the file can be opened, but not read.
    let (file, aside) = (content(&folder), folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(daemon::parked_once(&waiting.pipeline).await.unwrap(), 1);
    assert!(matches!(daemon::parked_once(&waiting.pipeline).await, Err(StoreFault::Away(_))));
    let failed = ("failed".to_owned(), Some("unknown-case".to_owned()));
    assert_eq!(waiting.codes().await, [("parked".to_owned(), None), failed.clone()]);
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(daemon::parked_once(&waiting.pipeline).await.unwrap(), 1);
    assert_eq!(waiting.codes().await, [failed.clone(), failed]);
    waiting.closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_items_of_a_waiting_message_are_tried_together_and_a_batch_is_bounded() {
    const MANY: usize = 300;
    let folder = Folder::new();
    let messages = vec![update(1, MANY, 0), update(2, 3, 0), update(3, 1, 0)];
    let bytes = messages[1].len() + messages[2].len();
    let give_up_at = clock::now().timestamp_millis() + 7_200_000;
    let waiting = due(&folder, PATIENT, messages, give_up_at).await;
    let store = &waiting.pipeline.store;
    let due = async |items, bytes, but_for: &[i64]| {
        let due = store.due_parked(clock::now(), DueMax { items, bytes }, but_for).await.unwrap();
        due.iter().map(|one| (one.message.seq, one.items.len())).collect::<Vec<_>>()
    };
    assert_eq!(due(200, usize::MAX, &[]).await, [(1, MANY)]);
    assert_eq!(due(200, usize::MAX, &[1]).await, [(2, 3), (3, 1)]);
    assert_eq!(due(200, bytes - 1, &[1]).await, [(2, 3)]);
    assert_eq!(due(3, bytes, &[1]).await, [(2, 3)]);
    assert_eq!(daemon::parked_once(&waiting.pipeline).await.unwrap(), MANY);
    assert_eq!(daemon::parked_once(&waiting.pipeline).await.unwrap(), 4);
    assert_eq!(daemon::parked_once(&waiting.pipeline).await.unwrap(), 0, "each waits on for its next time");
    waiting.closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_waits_for_a_store_that_was_closed() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let prepared = pipeline.prepare(vec![delivery(&pipeline, update(1, 1, 0))]).await;
    pipeline.store.close().await;
    assert!(matches!(pipeline.settle(prepared, ()).await, Err(StoreFault::Unusable(_))));
}
