//! Cares for the data base: statistics for its planner, a check of its file, its log folded.

use crate::schedule::job::{JobFault, Report, Run, Work, Working};

#[derive(Debug)]
pub(super) struct Upkeep;

impl Work for Upkeep {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let store = &run.pipeline.store;
            let faults = store.check_file().await.map_err(JobFault::again)?;
            if let Some(first) = faults.first() {
                let said =
                    format!("the data base is damaged ({} faults), restore it from a copy: {first}", faults.len());
                return Err(JobFault::never(said));
            }
            store.optimize().await.map_err(JobFault::again)?;
            store.fold_log().await.map_err(JobFault::again)?;
            Ok(Report::of(1, "the data base is whole, its statistics are fresh"))
        })
    }
}
