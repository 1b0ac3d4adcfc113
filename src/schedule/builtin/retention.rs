//! Removes what has been kept long enough: raw bytes of messages, ended runs, contents that nothing refers to, files of exports.

use crate::apply::rows::AuditRow;
use crate::export;
use crate::schedule::job::{JobFault, Report, Run, Work, Working};

/// Rows of one statement.
const ROWS_MAX: u32 = 1000;

#[derive(Debug)]
pub(super) struct Retention;

impl Work for Retention {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let (store, config) = (&run.pipeline.store, &run.pipeline.config);
            let (mut batches, mut runs) = (0, 0);
            let audit = || AuditRow::by_job(run.now, run.job, "raw.forget", "batches");
            if let Some(retention) = config.raw_retention {
                loop {
                    let some =
                        store.forget_raw(run.now - retention, ROWS_MAX, audit()).await.map_err(JobFault::again)?;
                    batches += some;
                    if some < u64::from(ROWS_MAX) {
                        break;
                    }
                }
            }
            loop {
                let before = run.now - config.schedule.history;
                let some = store.forget_slots(before, ROWS_MAX).await.map_err(JobFault::again)?;
                runs += some;
                if some < u64::from(ROWS_MAX) {
                    break;
                }
            }
            let contents =
                run.pipeline.forget_orphans(run.now - config.schedule.orphans).await.map_err(JobFault::again)?;
            let exports = &config.exports;
            let mut files = 0;
            if let Some(keep) = exports.keep {
                files =
                    export::forget(store, &exports.work_folder, run.now - keep).await.map_err(JobFault::again)? as u64;
            }
            let said = format!(
                "removed: raw bytes of {batches} batches, {runs} runs of jobs, {contents} contents, {files} files of exports"
            );
            let report = Report::of(batches + runs + contents + files, said);
            Ok(report.with("batches", batches).with("runs", runs).with("contents", contents).with("files", files))
        })
    }
}
