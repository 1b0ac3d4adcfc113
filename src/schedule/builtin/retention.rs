//! Removes what has been kept long enough: raw bytes of messages, ended runs, notifications that came to their end, contents that nothing
//! refers to, files of exports.

use chrono::{DateTime, Utc};

use crate::apply::rows::AuditRow;
use crate::export;
use crate::schedule::job::{JobFault, Report, Run, Work, Working};
use crate::store::StoreFault;

/// Rows of one statement.
const ROWS_MAX: u32 = 1000;

#[derive(Debug)]
pub(super) struct Retention;

impl Work for Retention {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let (store, config) = (&run.pipeline.store, &run.pipeline.config);
            let audit = |action, subject| AuditRow::by_job(run.now, run.job, action, subject);
            let before = |keep: std::time::Duration| run.now - keep;
            let (batches, long) = match config.raw_retention.map(before) {
                Some(before) => (
                    piecewise(before, |at| store.forget_raw(at, ROWS_MAX, audit("raw.forget", "batches"))).await?,
                    piecewise(before, |at| store.forget_long(at, ROWS_MAX, audit("raw.forget", "messages"))).await?,
                ),
                None => (0, 0),
            };
            let runs = piecewise(before(config.schedule.history), |at| store.forget_slots(at, ROWS_MAX)).await?;
            let notifications = match config.notify.retention.map(before) {
                Some(before) => {
                    let audit = || audit("notification.forget", "notifications");
                    let removed = piecewise(before, |at| store.forget_notifications(at, ROWS_MAX, audit())).await?;
                    piecewise(before, |at| store.forget_events(at, ROWS_MAX)).await?;
                    removed
                }
                None => 0,
            };
            let contents =
                run.pipeline.forget_orphans(before(config.schedule.orphans)).await.map_err(JobFault::again)?;
            let exports = &config.exports;
            let files = match exports.keep.map(before) {
                Some(before) => {
                    export::forget(store, &exports.work_folder, before).await.map_err(JobFault::again)? as u64
                }
                None => 0,
            };
            let said = format!(
                "removed: raw bytes of {batches} batches and {long} long messages, {runs} runs of jobs, {notifications} notifications, {contents} contents, \
                 {files} files of exports"
            );
            let report = Report::of(batches + long + runs + notifications + contents + files, said);
            Ok(report
                .with("batches", batches)
                .with("long", long)
                .with("runs", runs)
                .with("notifications", notifications)
                .with("contents", contents)
                .with("files", files))
        })
    }
}

/// Removes piece by piece until a piece is not full.
async fn piecewise<F>(before: DateTime<Utc>, piece: impl Fn(DateTime<Utc>) -> F) -> Result<u64, JobFault>
where
    F: Future<Output = Result<u64, StoreFault>>,
{
    let mut removed = 0;
    loop {
        let some = piece(before).await.map_err(JobFault::again)?;
        removed += some;
        if some < u64::from(ROWS_MAX) {
            return Ok(removed);
        }
    }
}
