//! When jobs run: their sections, checked, with what `[schedule]` says for all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::checked::ConfigFault;
use super::written::{Job, Schedule, Written};
use crate::clock;
use crate::schedule::cron::{Cron, CronFault};
use crate::schedule::plan::{Missed, Plan};

/// An expression that fits every day.
const EVERY_DAY: &str = "0 0 * * *";
/// A day.
const DAY_SECONDS: u64 = 86_400;

/// Why a job has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {text}")]
pub struct PlanFault {
    /// The key that is wrong.
    pub key: &'static str,
    /// Whether it stands in the job's own section, or in `[schedule]` for all of them.
    pub own: bool,
    /// What is wrong.
    pub text: String,
}

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// Whether the daemon runs jobs and lets timers fire.
    pub enabled: bool,
    /// How long slots that have ended are remembered.
    pub history: Duration,
    /// How long a content that nothing refers to is kept: a message that is still on its way may name it.
    pub orphans: Duration,
    /// The built-in jobs that are on, by code.
    pub jobs: BTreeMap<&'static str, Plan>,
    defaults: Schedule,
}

impl ScheduleSettings {
    pub(super) fn check(w: &Written) -> Result<Self, ConfigFault> {
        let mut defaults = w.schedule.clone();
        if defaults.zone.is_empty() {
            defaults.zone.clone_from(&w.time.zone);
        } else if let Err(fault) = Cron::parse(EVERY_DAY, &defaults.zone, clock::now()) {
            return Err(ConfigFault(format!("schedule.zone: {fault}")));
        }
        let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
        let history = hours(defaults.history_days.max(1) * 24);
        let orphans = hours(w.contents.orphan_hours.max(1));
        let mut settings = Self { enabled: defaults.enabled, history, orphans, jobs: BTreeMap::new(), defaults };
        let j = &w.jobs;
        for (code, job) in [
            ("timers", &j.timers),
            ("overdue", &j.overdue),
            ("expiry", &j.expiry),
            ("relay-retries", &j.relay_retries),
            ("retention", &j.retention),
            ("upkeep", &j.upkeep),
            ("calendar", &j.calendar),
        ] {
            if job.cron.is_empty() {
                continue;
            }
            let plan = settings.plan(job).map_err(|PlanFault { key, own, text }| {
                let section = if own { format!("jobs.{code}") } else { "schedule".to_owned() };
                ConfigFault(format!("{section}.{key}: {text}"))
            })?;
            settings.jobs.insert(code, plan);
        }
        Ok(settings)
    }

    /// When a job runs whose section this is: of any room's jobs.
    ///
    /// # Errors
    /// The expression is none or never fires, the zone or the policy is unknown, or a number is out of bounds.
    pub fn plan(&self, job: &Job) -> Result<Plan, PlanFault> {
        let d = &self.defaults;
        let wrong = |key, own, text: String| PlanFault { key, own, text };
        let zone = job.zone.as_deref().unwrap_or(&d.zone);
        let cron = Cron::parse(&job.cron, zone, clock::now()).map_err(|fault| {
            let key = if matches!(fault, CronFault::Zone(_)) { "zone" } else { "cron" };
            wrong(key, true, fault.to_string())
        })?;
        let missed = match job.missed.as_deref().unwrap_or(&d.missed) {
            "all" => Missed::All,
            "last" => Missed::Last,
            "skip" => Missed::Skip,
            other => {
                return Err(wrong("missed", job.missed.is_some(), format!("`{other}` is none of all, last, skip")));
            }
        };
        let timeout = job.timeout_seconds.unwrap_or(d.timeout_seconds);
        if timeout == 0 {
            return Err(wrong("timeout_seconds", job.timeout_seconds.is_some(), "must be above zero".into()));
        }
        Ok(Plan {
            cron,
            working_days: job.working_days.unwrap_or_default(),
            missed,
            horizon: Duration::from_secs(u64::from(job.horizon_days.unwrap_or(d.horizon_days)) * DAY_SECONDS),
            timeout: Duration::from_secs(timeout),
            retries: job.retries.unwrap_or(d.retries),
            retry_pause: Duration::from_secs(job.retry_pause_seconds.unwrap_or(d.retry_pause_seconds)),
            jitter: Duration::from_secs(job.jitter_seconds.unwrap_or(d.jitter_seconds)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flags: &[(&str, &str)]) -> Result<ScheduleSettings, String> {
        let flags: Vec<_> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let written = super::super::load(None, &flags).map_err(|fault| fault.to_string())?;
        ScheduleSettings::check(&written).map_err(|fault| fault.to_string())
    }

    #[test]
    fn every_built_in_job_has_a_plan_and_an_empty_expression_turns_it_off() {
        assert_eq!(check(&[]).unwrap().jobs.len(), 7);
        let jobs = check(&[("jobs.calendar.cron", "''"), ("jobs.upkeep.zone", "Asia/Yakutsk")]).unwrap().jobs;
        assert_eq!((jobs.len(), jobs["upkeep"].cron.zone()), (6, chrono_tz::Asia::Yakutsk));
    }

    #[test]
    fn what_no_job_can_run_by_is_refused() {
        for (key, value, said) in [
            ("jobs.upkeep.cron", "0 0 30 2 *", "jobs.upkeep.cron: cron.never"),
            ("jobs.upkeep.cron", "soon", "jobs.upkeep.cron: cron.unreadable"),
            ("jobs.upkeep.zone", "Moscow", "jobs.upkeep.zone: cron.zone: there is no zone `Moscow`"),
            ("jobs.upkeep.missed", "some", "jobs.upkeep.missed: `some` is none of all, last, skip"),
            ("jobs.upkeep.timeout_seconds", "0", "jobs.upkeep.timeout_seconds: must be above zero"),
            ("schedule.timeout_seconds", "0", "schedule.timeout_seconds: must be above zero"),
            ("schedule.missed", "some", "schedule.missed: `some` is none of"),
            ("jobs.upkep.cron", "* * * * *", "upkep"),
            ("schedule.zone", "Nowhere", "schedule.zone: cron.zone: there is no zone `Nowhere`"),
        ] {
            let fault = check(&[(key, value)]).unwrap_err();
            assert!(fault.contains(said), "{key}: {fault}");
        }
    }
}
