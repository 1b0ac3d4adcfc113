//! What is done by the clock. A job has a plan (a cron expression in a zone, what becomes of missed moments, time-out, tries); the moments that
//! it stands for are slots in the store, so that each is run once, whoever looks, after a stop as well. The scheduler crate only ticks.

mod builtin;
pub mod cron;
pub mod job;
pub mod plan;
pub mod run;
mod ticker;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::domain::calendar::Calendar;
use crate::export;

pub use job::{Job, JobFault, Report, Run, Work, Working};
pub use run::{Piece, ScheduleFault, run_once, run_slot};
pub use ticker::{TickFault, Ticker};

/// Every job of this configuration, by code. A room that has jobs of its own adds its list here.
///
/// # Errors
/// Two jobs have one code, or one has none that is a name; a line for each. Or a folder of jobs cannot be read.
pub fn jobs(config: &Config) -> Result<Vec<Job>, Vec<String>> {
    let mut jobs = builtin::jobs(config);
    jobs.extend(export::scheduled(config).map_err(|fault| vec![fault.to_string()])?);
    jobs.sort_by(|one, other| one.code.cmp(&other.code));
    let faults = faults(&jobs);
    if faults.is_empty() { Ok(jobs) } else { Err(faults) }
}

/// Jobs that never run although their expressions fire: none of their moments lies on a working day that the calendars know. A line for
/// each.
#[must_use]
pub fn idle(jobs: &[Job], now: DateTime<Utc>, calendar: &Calendar) -> Vec<String> {
    let never = |job: &&Job| job.plan.working_days && job.plan.next(now, 1, calendar).is_err();
    let told = |job: &Job| {
        let cron = job.plan.cron.written();
        format!(
            "cron.never: job {}: `{cron}` fires on no working day that the production calendars know; choose other days, leave \
             working_days out, or add the next year's calendar",
            job.code
        )
    };
    jobs.iter().filter(never).map(told).collect()
}

fn faults(jobs: &[Job]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut faults = Vec::new();
    for job in jobs {
        let named = job.code.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-');
        if !named || job.code.is_empty() {
            faults.push(format!("job.name: `{}`: write lower-case letters, digits, hyphens", job.code));
        }
        if !known.insert(&job.code) {
            faults.push(format!("job.twice: there are two jobs `{}`; name one otherwise", job.code));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config};

    #[test]
    fn the_built_in_jobs_have_names_of_their_own() {
        let mut written = config::load(None, &[]).unwrap();
        written.agency.code = "MINSTROY".into();
        let jobs = jobs(&Config::check(&written).unwrap()).unwrap();
        assert_eq!(jobs.len(), 7);
        let twice: Vec<_> = jobs.iter().chain(&jobs[..1]).cloned().collect();
        assert!(faults(&twice)[0].contains("job.twice: there are two jobs `calendar`"));
        let mut named = jobs[0].clone();
        named.code = "Nightly export".into();
        assert!(faults(&[named])[0].contains("job.name: `Nightly export`"));
    }

    #[test]
    fn a_job_whose_days_are_all_days_off_is_told() {
        let mut written = config::load(None, &[]).unwrap();
        written.agency.code = "MINSTROY".into();
        let jobs = jobs(&Config::check(&written).unwrap()).unwrap();
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(idle(&jobs, now, &Calendar::official()), Vec::<String>::new());
        let upkeep = jobs.iter().position(|job| job.code == "upkeep").unwrap();
        let mut jobs = jobs;
        jobs[upkeep].plan.working_days = true;
        let told = idle(&jobs, now, &Calendar::official());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("cron.never: job upkeep: `10 5 * * SUN`"), "{told:?}");
    }
}
