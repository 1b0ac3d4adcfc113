//! What waits for something that has not come: when it is tried again, for how long, and what becomes of it then.

use std::path::Path;
use std::sync::Arc;

use mezhved::pipeline::Pipeline;
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
