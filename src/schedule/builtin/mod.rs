//! The jobs that every daemon has. Each is one file; when they run is configuration.

mod calendar;
mod expiry;
mod overdue;
mod relay_retries;
mod retention;
mod timers;
mod upkeep;

use std::sync::Arc;

use super::job::{Job, Work};
use crate::config::Config;

/// Those that are on.
pub(super) fn jobs(config: &Config) -> Vec<Job> {
    let built_in: [(&'static str, &str, Arc<dyn Work>); 7] = [
        ("timers", "lets due timers of cases fire", Arc::new(timers::Timers)),
        ("overdue", "tells agencies of cases past their deadline that no timer watches", Arc::new(overdue::Overdue)),
        ("expiry", "sees to it that everything with a validity is watched", Arc::new(expiry::Expiry)),
        ("relay-retries", "tries stuck rows of the outbox again", Arc::new(relay_retries::RelayRetries)),
        ("retention", "removes what has been kept long enough", Arc::new(retention::Retention)),
        ("upkeep", "cares for the data base", Arc::new(upkeep::Upkeep)),
        ("calendar", "warns when the next year's production calendar is missing", Arc::new(calendar::NextYear)),
    ];
    built_in
        .into_iter()
        .filter_map(|(code, about, work)| Some(Job::shared(code, about, config.schedule.jobs.get(code)?.clone(), work)))
        .collect()
}
