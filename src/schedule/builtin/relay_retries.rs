//! Tries stuck rows of the outbox again: a queue that was missing may be there now. What has been tried too often waits for an operator.

use crate::apply::rows::AuditRow;
use crate::schedule::job::{JobFault, Report, Run, Work, Working};

/// Tries after which only an operator tries again.
const ATTEMPTS_MAX: u32 = 20;

#[derive(Debug)]
pub(super) struct RelayRetries;

impl Work for RelayRetries {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let audit = AuditRow {
                before: Some(r#"{"state":"stuck"}"#.to_owned()),
                after: Some(r#"{"state":"pending"}"#.to_owned()),
                ..AuditRow::by_job(run.now, run.job, "outbox.retry", "outbox:all-stuck")
            };
            let rows = run.pipeline.store.outbox_retry_stuck(ATTEMPTS_MAX, audit).await.map_err(JobFault::again)?;
            if rows > 0 {
                run.pipeline.owed.notify_one();
            }
            Ok(Report::of(rows, format!("{rows} rows of the outbox are tried again")))
        })
    }
}
