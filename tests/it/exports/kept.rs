//! Files of slots are kept for as long as it is said, and then forgotten.

use std::time::Duration;

use mezhved::clock;
use mezhved::export::forget;
use mezhved::store::{Contents, ExportFilter, MadeExport};

use super::moment::connected;
use super::*;

/// Runs of one job: so many that ended long ago and named the content that the last one names, which ended now; between them one that alone
/// names its content.
const RUNS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + 2) \
    INSERT INTO export_runs (id, job, slot, attempt, actor, state, started_at, finished_at, rows, bytes, sha256, manifest) \
    SELECT i, 'nightly', i, 1, 'schedule', 'done', 1, iif(i = ?1 + 2, ?2, 1), 1, 1, iif(i = ?1 + 1, ?3, ?4), '{}' FROM n";

/// A file that was kept two days ago.
fn write_old(path: &Path) {
    fs::write(path, "content").unwrap();
    let long_ago = std::time::SystemTime::from(clock::now()) - Duration::from_hours(48);
    fs::File::open(path).unwrap().set_times(fs::FileTimes::new().set_modified(long_ago)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_a_run_takes_in_while_it_is_forgotten_stays() {
    let folder = Folder::new();
    let pipeline = filled(&folder, Vec::new()).await;
    let (sha256, other) = (hex::encode(Sha256::digest("content")), "cd".repeat(32));
    let work = folder.path().join("work");
    let file = work.join("kept").join(&sha256[..2]).join(&sha256);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    write_old(&file);
    let mut connection = connected(&folder).await;
    let now = clock::now();
    let runs = sqlx::query(RUNS).bind(0).bind(now.timestamp_millis()).bind(&sha256).bind(&other);
    runs.execute(&mut connection).await.unwrap();
    let before = now - Duration::from_hours(1);
    // Another run has made the same bytes and taken them in; that it names them is not written yet.
    let store = &pipeline.store;
    let run = store.export_begin("nightly", now, "tester", true, now).await.unwrap().run;
    let part = work.join("made");
    fs::write(&part, "content").unwrap();
    Contents::at(work.join("kept")).adopt(&part, &sha256).unwrap();
    assert_eq!(forget(store, &work, before).await.unwrap(), 0);
    assert_eq!(fs::read(&file).unwrap(), b"content");
    let made =
        MadeExport { rows: 1, bytes: 7, sha256: Some(sha256.clone()), manifest: "{}".to_owned(), watermark: None };
    assert!(store.export_made(run, &made).await.unwrap());
    // Old again, it stays for as long as the run names it; what a killed run took in and nobody names goes.
    write_old(&file);
    let nobodys = work.join("kept").join("ef").join("ef".repeat(32));
    fs::create_dir_all(nobodys.parent().unwrap()).unwrap();
    write_old(&nobodys);
    assert_eq!(forget(store, &work, before).await.unwrap(), 1);
    assert!(file.exists() && !nobodys.exists());
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_others_still_name_do_not_hide_those_that_can_go() {
    // More than are forgotten in one transaction, so that the first ones free nothing.
    const SHARING: i64 = 1200;
    let folder = Folder::new();
    let pipeline = filled(&folder, Vec::new()).await;
    let (alone, shared) = ("ab".repeat(32), "cd".repeat(32));
    let work = folder.path().join("work");
    let kept = |sha256: &str| work.join("kept").join(&sha256[..2]).join(sha256);
    for sha256 in [&alone, &shared] {
        fs::create_dir_all(kept(sha256).parent().unwrap()).unwrap();
        write_old(&kept(sha256));
    }
    let mut connection = connected(&folder).await;
    let now = clock::now();
    let runs = sqlx::query(RUNS).bind(SHARING).bind(now.timestamp_millis()).bind(&alone).bind(&shared);
    assert_eq!(i64::try_from(runs.execute(&mut connection).await.unwrap().rows_affected()).unwrap(), SHARING + 2);
    let before = now - Duration::from_hours(1);
    assert_eq!(forget(&pipeline.store, &work, before).await.unwrap(), 1, "files");
    assert!(!kept(&alone).exists() && kept(&shared).exists());
    let all = ExportFilter { limit: 10_000, ..ExportFilter::default() };
    let runs = pipeline.store.export_runs(&all).await.unwrap();
    let naming: Vec<i64> = runs.iter().filter(|run| run.manifest.is_some()).map(|run| run.id).collect();
    assert_eq!(naming, [SHARING + 2], "the run that ended now, and of the others their rows");
    assert_eq!(forget(&pipeline.store, &work, before).await.unwrap(), 0, "once is enough");
    // When nobody names it any more, it goes too.
    assert_eq!(forget(&pipeline.store, &work, now + Duration::from_hours(1)).await.unwrap(), 1);
    assert!(!kept(&shared).exists());
    pipeline.store.close().await;
}
