//! Files of slots are kept for as long as it is said, and then forgotten.

use std::time::Duration;

use mezhved::clock;
use mezhved::export::forget;
use mezhved::store::ExportFilter;

use super::moment::connected;
use super::*;

/// Runs of one job: so many that ended long ago and named the content that the last one names, which ended now; between them one that alone
/// names its content.
const RUNS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + 2) \
    INSERT INTO export_runs (id, job, slot, attempt, actor, state, started_at, finished_at, rows, bytes, sha256, manifest) \
    SELECT i, 'nightly', i, 1, 'schedule', 'done', 1, iif(i = ?1 + 2, ?2, 1), 1, 1, iif(i = ?1 + 1, ?3, ?4), '{}' FROM n";

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
        fs::write(kept(sha256), "content").unwrap();
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
