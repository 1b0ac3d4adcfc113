//! What the built-in jobs find and do, each on a store that has something for it; and that doing it again comes to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mezhved::apply;
use mezhved::pipeline::FiredTimer;
use mezhved::store::{NotificationFilter, OutboxFilter, StoredBody};
use serde_json::Value;

use super::*;
use crate::notify::{application, tell, update};
use crate::support::scenes::Scenes;
use crate::support::{FIVE, damage, delivery, own_house, settle, tell as tell_stories};

/// Runs a job for a slot, be it done or not.
async fn ran(pipeline: &Arc<Pipeline>, code: &str, slot: DateTime<Utc>) -> Tried {
    let jobs = mezhved::schedule::jobs(&pipeline.config).unwrap();
    let job = jobs.iter().find(|job| job.code == code).unwrap();
    assert!(pipeline.store.order_slot(code, slot, audit(clock::now())).await.unwrap());
    run_slot(pipeline, job, "one", slot, &CancellationToken::new()).await.unwrap().unwrap()
}

/// Runs a job now; gives its report.
async fn report(pipeline: &Arc<Pipeline>, code: &str) -> Value {
    match ran(pipeline, code, clock::now()).await {
        Tried::Done(report) => serde_json::from_str(&report).unwrap(),
        other => panic!("{code}: {other:?}"),
    }
}

async fn fire(pipeline: &Arc<Pipeline>, at: DateTime<Utc>) -> Vec<FiredTimer> {
    let mut fired = Vec::new();
    loop {
        let piece = pipeline.fire(at).await.unwrap();
        if piece.is_empty() {
            return fired;
        }
        fired.extend(piece);
    }
}

fn moment(milliseconds: i64) -> DateTime<Utc> {
    Utc.timestamp_millis_opt(milliseconds).unwrap()
}

// ---- expiry ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_and_powers_that_nothing_watches_are_watched_again_and_warned_of_30_7_and_1_days_before() {
    let scenes = Scenes::from(clock::now() - Duration::hours(1));
    let mut told = BTreeSet::new();
    for system in scenes.rules().lifecycles.systems() {
        for lifecycle in system.kinds() {
            let timers: Vec<&str> = lifecycle.start().timers.iter().map(|timer| timer.code.as_str()).collect();
            let [.., end] = timers.as_slice() else { continue };
            if !timers.contains(&"ending-30") {
                continue;
            }
            let folder = Folder::new();
            let pipeline = house(folder.path(), FIVE).await;
            let scene = scenes.scene(system, lifecycle, &[]);
            for one in scene.before.iter().chain([&scene.opening]) {
                settle(&pipeline, vec![delivery(&pipeline, one.bytes.to_vec())]).await;
            }
            // As if the lifecycle had had no timers when it was stored.
            damage(folder.path(), &["DELETE FROM timers"]).await.unwrap();
            let report = report(&pipeline, "expiry").await;
            assert!(report["done"].as_i64().unwrap() >= 4, "{report}");
            assert_eq!(self::report(&pipeline, "expiry").await["done"], 0, "each once");
            let cases = pipeline.store.cases_by_number(None, &scene.number).await.unwrap();
            let case = cases.into_iter().find(|case| case.kind == lifecycle.kind().code).unwrap();
            let until = moment(case.valid_until.expect("it has a term"));
            for (days, code) in [(32, None), (30, Some("ending-30")), (7, Some("ending-7")), (1, Some("ending-1"))] {
                let fired = fire(&pipeline, until - Duration::days(days) + Duration::minutes(1)).await;
                let own = fired.iter().filter(|one| one.case.number == scene.number && one.case.kind == case.kind);
                let codes: Vec<_> = own.map(|one| (one.code.clone(), one.end.text().to_owned())).collect();
                let expected = code.map(|code| (format!("{}/{code}", lifecycle.start().code), "expiring"));
                match (&codes[..], &expected) {
                    ([], None) => {}
                    ([(found, text)], Some((wanted, what))) => {
                        assert!(found == wanted && text.contains(what), "{codes:?}");
                    }
                    _ => panic!("{days} days before: {codes:?}, expected {expected:?}"),
                }
            }
            let over = fire(&pipeline, until + Duration::minutes(1)).await;
            let own = over.iter().find(|one| one.case.number == scene.number && one.case.kind == case.kind).unwrap();
            assert_eq!(own.code, format!("{}/{end}", lifecycle.start().code));
            let cases = pipeline.store.cases_by_number(None, &scene.number).await.unwrap();
            let case = cases.into_iter().find(|case| case.kind == lifecycle.kind().code).unwrap();
            assert_eq!(case.status, "expired");
            told.insert(case.kind);
            pipeline.store.close().await;
        }
    }
    assert_eq!(told, BTreeSet::from(["certificate".to_owned(), "power".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_nothing_watches_are_watched_again() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell_stories(&pipeline, &["epgu/valid/documents-uploaded-requested-judged-and-signed"]).await;
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/timers/a-plan-valid-until-2035.xml");
    settle(&pipeline, vec![delivery(&pipeline, fs::read(plan).unwrap())]).await;
    let timers = async || {
        let case = pipeline.store.cases_by_number(None, "77-2026-014001").await.unwrap().remove(0);
        let own = case.timers.into_iter().filter(|timer| timer.code.starts_with("document/"));
        own.map(|timer| (timer.code, timer.due_at)).collect::<Vec<_>>()
    };
    let before = timers().await;
    assert!(before.len() >= 4, "{before:?}");
    damage(folder.path(), &["DELETE FROM timers WHERE code LIKE 'document/%'"]).await.unwrap();
    assert!(timers().await.is_empty());
    assert!(report(&pipeline, "expiry").await["done"].as_u64().unwrap() >= before.len() as u64);
    assert_eq!(timers().await, before, "as they were");
    pipeline.store.close().await;
}

// ---- overdue ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_is_told_once_of_a_deadline_that_no_timer_watches() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    let deadline = |day: &str| format!("<Deadline>{day}</Deadline>");
    for body in [
        application(1),
        application(2),
        application(3),
        update(1, 1, "verified", &deadline("2026-03-10")),
        update(2, 1, "verified", &deadline("2099-03-10")),
    ] {
        settle(&pipeline, vec![delivery(&pipeline, body)]).await;
    }
    let sweepable = apply::sweepable(&pipeline.lifecycles);
    assert!(sweepable.iter().any(|[system, _, status]| system == "epgu" && status == "verified"));
    let first = report(&pipeline, "overdue").await;
    assert_eq!(first["done"], 1, "{first}");
    assert_eq!(first["details"]["overdue"].as_array().map(Vec::len), Some(1), "{first}");
    tell(&pipeline).await;
    let filter = NotificationFilter { limit: u32::MAX, ..NotificationFilter::default() };
    let told = pipeline.store.notifications(&filter).await.unwrap();
    let overdue: BTreeSet<_> = told
        .iter()
        .filter(|row| row.event == "overdue")
        .map(|row| (row.case.as_str(), row.audience.as_str(), row.agency.as_deref()))
        .collect();
    let late = crate::notify::case(1);
    assert_eq!(overdue, BTreeSet::from([(&*late, "agency", Some("MFC-77")), (&*late, "applicant", None)]));
    let case = pipeline.store.cases_by_number(None, &crate::notify::case(1)).await.unwrap().remove(0);
    assert!(case.status == "verified" && case.history.iter().any(|row| row.timer.is_some()), "{:?}", case.history);
    assert_eq!(report(&pipeline, "overdue").await["done"], 0, "once");
    pipeline.store.close().await;
}

// ---- retention ----

async fn count(folder: &Folder, what: &'static str) -> i64 {
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let (count,): (i64,) = sqlx::query_as(what).fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_go_after_their_time_with_what_they_told_and_nothing_else_does() {
    const KEPT: &str = "SELECT count(*) FROM notifications";
    const EVENTS: &str = "SELECT count(*) FROM events";
    let folder = Folder::new();
    let more = format!("{FIVE}\n[notify]\nretention_days = 30\n[notify.channel.push]\nway = \"off\"\n");
    let pipeline = house(folder.path(), &more).await;
    for number in 1..=4 {
        settle(&pipeline, vec![delivery(&pipeline, application(number))]).await;
    }
    tell(&pipeline).await;
    // An application is told of by the cabinet, e-mail and push; push is off, so that it is settled at once.
    assert_eq!((count(&folder, KEPT).await, count(&folder, EVENTS).await), (12, 4));
    assert_eq!(report(&pipeline, "retention").await["details"]["notifications"], 0);
    damage(
        folder.path(),
        &[
            "UPDATE notifications SET created_at = created_at - 31 * 86400000",
            "UPDATE events SET created_at = created_at - 31 * 86400000",
            // Of the first application all is over, of the second push alone; the third's push was settled yesterday.
            "UPDATE notifications SET state = 'confirmed', sent_at = created_at, settled_at = created_at WHERE event = 1 AND state = 'pending'",
            "UPDATE notifications SET settled_at = settled_at - 31 * 86400000 WHERE state = 'suppressed' AND event <> 3",
            // An export has yet to give the fourth's.
            "INSERT INTO export_watermarks (job, source, position) VALUES ('nightly', 'notifications', 0)",
            "INSERT INTO export_changes (source, row) SELECT 'notifications', id FROM notifications WHERE event = 4",
        ],
    )
    .await
    .unwrap();
    let report = report(&pipeline, "retention").await;
    assert_eq!(report["details"]["notifications"], 4, "{report}");
    assert_eq!((count(&folder, KEPT).await, count(&folder, EVENTS).await), (8, 3));
    assert_eq!(count(&folder, "SELECT count(*) FROM notifications WHERE event = 4").await, 3);
    assert_eq!(self::report(&pipeline, "retention").await["details"]["notifications"], 0);
    crate::support::sound(&pipeline).await;
    let rows =
        pipeline.store.journal(&mezhved::store::JournalFilter { limit: 100, ..Default::default() }).await.unwrap();
    let gone = rows.iter().find(|row| row.action == "notification.forget").expect("it stands in the journal");
    assert_eq!(gone.after.as_ref().unwrap()["notifications"], 4);
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_bytes_runs_and_orphans_go_after_their_time_but_not_what_still_waits_or_is_named() {
    let folder = Folder::new();
    let more = format!("{FIVE}\n[store]\nraw_retention_days = 30\n[schedule]\nhistory_days = 10\n");
    let pipeline = house(folder.path(), &more).await;
    // An update that waits for its application; a case with a document.
    settle(&pipeline, vec![delivery(&pipeline, update(7, 1, "verified", ""))]).await;
    tell_stories(&pipeline, &["epgu/valid/documents-uploaded-requested-judged-and-signed"]).await;
    let named = count(&folder, "SELECT count(DISTINCT sha256) FROM document_versions").await;
    assert!(named > 0);
    let contents = || {
        let mut files = 0;
        let mut folders = vec![folder.path().join("contents")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files += 1 }
            }
        }
        files
    };
    let orphan = folder.path().join("contents/ab").join(format!("ab{}", "0".repeat(62)));
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, b"nobody's").unwrap();
    let before = contents();
    age_files(&folder.path().join("contents"));
    report(&pipeline, "upkeep").await;
    let month_ago = [
        "UPDATE batches SET received_at = received_at - 31 * 86400000",
        "UPDATE slots SET finished_at = finished_at - 11 * 86400000 WHERE job = 'upkeep'",
    ];
    damage(folder.path(), &month_ago).await.unwrap();
    let batches = count(&folder, "SELECT count(*) FROM batches WHERE block IS NOT NULL").await;
    let report = report(&pipeline, "retention").await;
    assert_eq!(
        (report["details"]["batches"].as_i64(), report["details"]["runs"].as_i64()),
        (Some(batches - 1), Some(1)),
        "{report}"
    );
    assert_eq!(count(&folder, "SELECT count(*) FROM batches WHERE block IS NOT NULL").await, 1, "of what waits");
    assert_eq!((report["details"]["contents"].as_i64(), contents()), (Some(1), before - 1), "{report}");
    assert!(!orphan.exists());
    // The application comes at last: what waited can still be read.
    settle(&pipeline, vec![delivery(&pipeline, application(7))]).await;
    crate::support::wake(&pipeline).await;
    let case = pipeline.store.cases_by_number(None, &crate::notify::case(7)).await.unwrap().remove(0);
    assert_eq!(case.status, "verified");
    pipeline.store.close().await;
}

/// A long message lies in the content store: its bytes go after the same time, and nothing misses them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_raw_bytes_of_long_messages_go_after_their_time_too() {
    let folder = Folder::new();
    let more = "[store]\nraw_retention_days = 30\n[contents]\ndead_letter_inline_bytes_max = 300\n";
    let pipeline = house(folder.path(), more).await;
    let prepared = pipeline
        .prepare(vec![delivery(&pipeline, application(7)), delivery(&pipeline, update(8, 1, "verified", ""))])
        .await;
    let ids: Vec<String> = prepared.iter().map(|one| one.head.message_id.clone()).collect();
    pipeline.settle(prepared, ()).await.unwrap().into_run();
    age_files(&folder.path().join("contents"));
    let looked = async || {
        let mut raw = Vec::new();
        for id in &ids {
            raw.push(crate::support::message(&pipeline, id).await.raw);
        }
        raw
    };
    assert!(looked().await.iter().all(|raw| matches!(raw, StoredBody::Content(_))));
    assert_eq!(report(&pipeline, "retention").await["details"]["long"], 0, "they are new");
    damage(folder.path(), &["UPDATE inbox SET received_at = received_at - 31 * 86400000"]).await.unwrap();
    let report = report(&pipeline, "retention").await;
    assert_eq!((&report["details"]["long"], &report["details"]["contents"]), (&1.into(), &1.into()), "{report}");
    let [applied, waiting] = looked().await.try_into().unwrap();
    assert!(matches!(applied, StoredBody::Gone) && matches!(waiting, StoredBody::Content(_)));
    crate::support::sound(&pipeline).await;
    pipeline.store.close().await;
}

/// Makes everything in a folder nine days old.
fn age_files(folder: &Path) {
    let long_ago = std::time::SystemTime::from(clock::now() - Duration::days(9));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age_files(&path);
        } else {
            fs::File::open(&path).unwrap().set_modified(long_ago).unwrap();
        }
    }
}

// ---- calendar, relay ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_october_on_a_missing_calendar_of_the_next_year_is_told_with_its_file() {
    let folder = Folder::new();
    let calendars = folder.path().join("calendars");
    fs::create_dir_all(&calendars).unwrap();
    fs::write(calendars.join("2040.toml"), "year = 2040\ndays_off = [2040-05-09]\n").unwrap();
    let more = format!("{FIVE}\n[time]\ncalendar_folder = \"{}\"\n", calendars.display());
    let pipeline = own_house(folder.path(), &more).await;
    let on = async |pipeline: &Arc<Pipeline>, slot: &str| match ran(pipeline, "calendar", at(slot)).await {
        Tried::Done(report) => format!("done: {report}"),
        Tried::Failed(why) => format!("failed: {why}"),
        other => format!("{other:?}"),
    };
    let september = on(&pipeline, "2040-09-30T12:00:00Z").await;
    assert!(september.starts_with("done") && september.contains("2040 is there"), "{september}");
    for slot in ["2040-10-01T00:30:00Z", "2040-12-31T12:00:00Z"] {
        let told = on(&pipeline, slot).await;
        assert!(told.starts_with("failed") && told.contains("2041.toml"), "{slot}: {told}");
    }
    pipeline.store.close().await;
    fs::write(calendars.join("2041.toml"), "year = 2041\ndays_off = [2041-05-09]\n").unwrap();
    let pipeline = own_house(folder.path(), &more).await;
    let october = on(&pipeline, "2040-10-01T00:30:00Z").await;
    assert!(october.starts_with("done"), "the file is there: {october}");
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_rows_are_tried_again_but_not_for_ever() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    for number in 1..=2 {
        settle(&pipeline, vec![delivery(&pipeline, application(number))]).await;
    }
    let stuck =
        ["UPDATE outbox SET state = 'stuck', error = 'unroutable', attempts = CASE id WHEN 1 THEN 20 ELSE 3 END"];
    damage(folder.path(), &stuck).await.unwrap();
    assert_eq!(report(&pipeline, "relay-retries").await["done"], 1);
    let rows = pipeline.store.outbox(&OutboxFilter { state: None, after: 0, limit: 10 }).await.unwrap();
    let states: BTreeMap<i64, &str> = rows.iter().map(|row| (row.id, row.state.as_str())).collect();
    assert_eq!(states, BTreeMap::from([(1, "stuck"), (2, "pending")]));
    assert_eq!(report(&pipeline, "relay-retries").await["done"], 0);
    pipeline.store.close().await;
}
