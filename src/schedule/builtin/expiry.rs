//! Documents, certificates, powers, consents and whatever else has a validity are watched by timers that start with them: warnings before the
//! end, and the end. This job starts those that are missing: what was stored before the lifecycle had the timer.

use crate::schedule::job::{JobFault, Report, Run, Work, Working};

#[derive(Debug)]
pub(super) struct Expiry;

impl Work for Expiry {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let started = run.pipeline.watch().await.map_err(JobFault::again)?;
            Ok(Report::of(started, format!("{started} timers were started that were missing")))
        })
    }
}
