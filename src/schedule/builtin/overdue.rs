//! Cases past a deadline that no timer of their status watches (a message may name one where the lifecycle has none): the agency is told, once,
//! as the lifecycle tells of overdue terms.

use crate::apply;
use crate::schedule::job::{JobFault, Report, Run, Work, Working};

/// Cases of one sweep.
const CASES_MAX: u32 = 1000;

#[derive(Debug)]
pub(super) struct Overdue;

impl Work for Overdue {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let statuses = apply::sweepable(&run.pipeline.lifecycles);
            let store = &run.pipeline.store;
            let mut swept = 0;
            loop {
                let some = store.sweep_overdue(run.now, &statuses, CASES_MAX).await.map_err(JobFault::again)?;
                swept += some;
                while !run.pipeline.fire(run.now).await.map_err(JobFault::again)?.is_empty() {}
                if some < u64::from(CASES_MAX) {
                    break;
                }
            }
            let overdue = store.overdue(run.now).await.map_err(JobFault::again)?;
            let cases: i64 = overdue.iter().map(|one| one.cases).sum();
            let listed = serde_json::to_value(&overdue).map_err(JobFault::never)?;
            let said = format!("{cases} open cases are past their deadline; agencies were told of {swept} more");
            Ok(Report::of(swept, said).with("overdue", listed))
        })
    }
}
