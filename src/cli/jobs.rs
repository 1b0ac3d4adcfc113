//! `jobs`: what is done by the clock: when it runs next, what became of its runs, run it now, pause it.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::timers::moment;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::apply::rows::AuditRow;
use crate::assemble as rooms;
use crate::clock;
use crate::config::{Config, operator};
use crate::domain::calendar::Calendar;
use crate::schedule::{self, Job};
use crate::store::{SlotFilter, SlotView, Tried};

const EXAMPLES: &str = "Examples:
  mezhved jobs list                               every job, when it runs next, how its last run ended
  mezhved jobs next retention --count 5           the next moments that it stands for
  mezhved jobs run retention                      run its last slot now, be it done or not
  mezhved jobs run export-nightly --slot 2026-12-01T00:30:00Z
  mezhved jobs history export-nightly --state failed
  mezhved jobs pause relay-retries                until `jobs resume`; slots of the pause are never run";

/// Jobs.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Jobs {
    /// List jobs.
    List(List),
    /// The next moments that a job stands for.
    Next(Next),
    /// Run a job now, for one slot, here.
    Run(Run),
    /// What became of slots, the newest first.
    History(History),
    /// Let a job rest; what runs is not interrupted.
    Pause(Named),
    /// Let a paused job go on from now.
    Resume(Named),
}

/// How.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Which job.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Code of the job.
    job: String,
}

/// Which job, how many moments.
#[derive(Debug, Args)]
pub(super) struct Next {
    /// Code of the job.
    job: String,
    /// How many.
    #[arg(long, default_value_t = 10)]
    count: usize,
    /// After this moment (RFC 3339) or the end of this day; without it: now.
    #[arg(long, value_name = "MOMENT")]
    after: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Which job, which slot.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Code of the job.
    job: String,
    /// The moment that it stands for (RFC 3339), one that `jobs next` could tell; without it: the last one up to now.
    #[arg(long, value_name = "MOMENT")]
    slot: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which slots.
#[derive(Debug, Args)]
pub(super) struct History {
    /// Only this job.
    job: Option<String>,
    /// Only this state.
    #[arg(long, value_parser = ["due", "running", "done", "failed", "skipped"])]
    state: Option<String>,
    /// Only rows before this number.
    #[arg(long, default_value_t = 0)]
    before: i64,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

impl Jobs {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let jobs = schedule::jobs(&config).map_err(|faults| Failed::wrong(faults.join("\n")))?;
        let runtime = assemble::runtime()?;
        match self {
            Self::List(list) => runtime.block_on(list.show(&config, &jobs)),
            Self::Next(next) => next.show(&config, &jobs),
            Self::Run(run) => runtime.block_on(run.run(config, &jobs)),
            Self::History(history) => runtime.block_on(history.show(&config)),
            Self::Pause(named) => runtime.block_on(pause(&config, &jobs, &named.job, true)),
            Self::Resume(named) => runtime.block_on(pause(&config, &jobs, &named.job, false)),
        }
    }
}

fn named<'j>(jobs: &'j [Job], code: &str) -> Result<&'j Job, Failed> {
    let known = || jobs.iter().map(|job| job.code.as_str()).collect::<Vec<_>>().join(", ");
    jobs.iter().find(|job| job.code == code).ok_or_else(|| {
        let known = known();
        Failed::wrong(format!(
            "there is no job `{code}`; there are {known}. `mezhved check` tells of those that cannot run"
        ))
    })
}

impl List {
    async fn show(self, config: &Config, jobs: &[Job]) -> Done {
        let store = assemble::store(config).await?;
        let now = clock::now();
        let calendar = rooms::calendar(config)?;
        let mut table = show::table(&["job", "what it does", "cron", "next", "last slot", "state", "result"]);
        for job in jobs {
            let seen = store.job(&job.code, now).await.map_err(Failed::away)?;
            let filter = SlotFilter { job: Some(job.code.clone()), limit: 1, ..SlotFilter::default() };
            let last = store.slots(&filter).await.map_err(Failed::away)?.pop();
            let next = next(job, now, &calendar);
            let paused = seen
                .paused
                .as_ref()
                .map(|(at, by)| format!("paused by {by}, {}", show::moment(at.timestamp_millis(), config.zone)));
            if self.json {
                show::json(&json!({
                    "job": job.code, "about": job.about, "cron": job.plan.cron.written(), "zone": job.plan.cron.zone().name(),
                    "next": next.as_ref().ok().and_then(|next| next.map(|next| next.timestamp_millis())),
                    "paused_at": seen.paused.as_ref().map(|(at, _)| at.timestamp_millis()),
                    "paused_by": seen.paused.as_ref().map(|(_, by)| by), "last": last,
                }))?;
                continue;
            }
            let next = match (&paused, next) {
                (Some(paused), _) => paused.clone(),
                (None, Ok(Some(next))) => show::moment(next.timestamp_millis(), config.zone),
                (None, Ok(None)) => "-".to_owned(),
                (None, Err(fault)) => fault,
            };
            table.add_row([
                job.code.clone(),
                job.about.clone(),
                format!("{} {}", job.plan.cron.written(), job.plan.cron.zone()),
                next,
                last.as_ref().map_or_else(|| "-".to_owned(), |last| show::moment(last.slot, config.zone)),
                last.as_ref().map_or_else(|| "-".to_owned(), |last| last.state.clone()),
                last.as_ref().map_or_else(|| "-".to_owned(), said),
            ]);
        }
        if !self.json {
            show::line(&table.to_string());
        }
        Ok(Exit::Well)
    }
}

fn next(job: &Job, now: DateTime<Utc>, calendar: &Calendar) -> Result<Option<DateTime<Utc>>, String> {
    job.plan.next(now, 1, calendar).map(|slots| slots.first().copied()).map_err(|fault| fault.to_string())
}

/// What the last try of a slot did, in a line.
fn said(slot: &SlotView) -> String {
    let report = slot.result.as_deref().and_then(|result| serde_json::from_str::<serde_json::Value>(result).ok());
    let said = report.and_then(|report| report["said"].as_str().map(str::to_owned));
    slot.error.clone().or(said).unwrap_or_else(|| "-".to_owned())
}

impl Next {
    fn show(self, config: &Config, jobs: &[Job]) -> Done {
        let job = named(jobs, &self.job)?;
        let after = moment(self.after.as_deref(), config)?.unwrap_or_else(clock::now);
        let slots = job.plan.next(after, self.count, &rooms::calendar(config)?).map_err(Failed::wrong)?;
        for slot in slots {
            let begins = job.plan.begins(&job.code, slot);
            if self.json {
                show::json(&json!({ "slot": slot.timestamp_millis(), "begins": begins.timestamp_millis() }))?;
            } else {
                let later = if begins == slot {
                    String::new()
                } else {
                    format!(", begins {}", begins.with_timezone(&job.plan.cron.zone()))
                };
                show::line(&format!("{}  {}{later}", slot.to_rfc3339(), slot.with_timezone(&job.plan.cron.zone())));
            }
        }
        Ok(Exit::Well)
    }
}

impl Run {
    async fn run(self, config: Config, jobs: &[Job]) -> Done {
        let job = named(jobs, &self.job)?;
        assemble::log(&config)?;
        let slot = self.wanted(job, &config)?;
        let pipeline = assemble::pipeline(config).await?;
        let asked = audit("job.order", job, Some(slot));
        if !pipeline.store.order_slot(&job.code, slot, asked).await.map_err(Failed::away)? {
            return Err(Failed { exit: Exit::Found, text: format!("{} runs for that slot now", job.code) });
        }
        let owner = format!("{}:{}", std::process::id(), uuid::Uuid::now_v7());
        let tried = schedule::run_slot(&pipeline, job, &owner, slot, &CancellationToken::new()).await;
        let tried = tried.map_err(Failed::away)?;
        while crate::notify::tell(&pipeline).await.map_err(Failed::away)? > 0 {}
        pipeline.store.close().await;
        let (state, text) = match &tried {
            Some(Tried::Done(report)) => ("done", report.clone()),
            Some(Tried::Failed(why)) => ("failed", why.clone()),
            Some(Tried::Again(at, why)) => ("again", format!("{why}; it is tried again at {}", at.to_rfc3339())),
            Some(Tried::GivenBack) | None => ("due", "another slot of it runs; this one follows".to_owned()),
        };
        let report: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        if self.json {
            let result = report.unwrap_or_else(|| json!(text));
            show::json(&json!({ "job": job.code, "slot": slot.timestamp_millis(), "state": state, "result": result }))?;
        } else {
            let said = report.as_ref().and_then(|report| report["said"].as_str()).unwrap_or(&text);
            show::line(&format!("{} for {}: {state}: {said}", job.code, slot.to_rfc3339()));
        }
        Ok(if state == "done" { Exit::Well } else { Exit::Found })
    }

    /// The slot that is asked for: one that the job stands for.
    fn wanted(&self, job: &Job, config: &Config) -> Result<DateTime<Utc>, Failed> {
        let wanted = moment(self.slot.as_deref(), config)?;
        let last = job.plan.cron.last(wanted.unwrap_or_else(clock::now));
        let last = last.ok_or_else(|| Failed::wrong(format!("{} has not stood for any moment yet", job.code)))?;
        if wanted.is_some_and(|wanted| wanted != last) {
            let text = format!(
                "{} is no slot of {}; the one before is {}",
                self.slot.as_deref().unwrap_or_default(),
                job.code,
                last.to_rfc3339()
            );
            return Err(Failed::wrong(text));
        }
        Ok(last)
    }
}

fn audit(action: &'static str, job: &Job, slot: Option<DateTime<Utc>>) -> AuditRow {
    let slot = slot.map(|slot| format!(":{}", slot.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default();
    AuditRow {
        at: clock::now(),
        actor: operator(),
        action,
        subject: format!("job:{}{slot}", job.code),
        before: None,
        after: None,
    }
}

impl History {
    async fn show(self, config: &Config) -> Done {
        let store = assemble::store(config).await?;
        let filter = SlotFilter { job: self.job, state: self.state, before: self.before, limit: self.limit };
        let rows = store.slots(&filter).await.map_err(Failed::away)?;
        if self.json {
            rows.iter().try_for_each(show::json)?;
            return Ok(Exit::Well);
        }
        let mut table = show::table(&["no", "job", "slot", "origin", "state", "tries", "started", "took", "result"]);
        let moment = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), |at| show::moment(at, config.zone));
        for row in &rows {
            let took = row.started_at.zip(row.finished_at).map(|(from, to)| format!("{} ms", to - from));
            table.add_row([
                row.id.to_string(),
                row.job.clone(),
                show::moment(row.slot, config.zone),
                row.origin.clone(),
                row.state.clone(),
                row.attempt.to_string(),
                moment(row.started_at),
                show::or_dash(took.as_deref()),
                said(row),
            ]);
        }
        show::line(&table.to_string());
        if rows.len() == self.limit as usize
            && let Some(last) = rows.last()
        {
            show::line(&format!("more: --before {}", last.id));
        }
        Ok(Exit::Well)
    }
}

async fn pause(config: &Config, jobs: &[Job], code: &str, paused: bool) -> Done {
    let job = named(jobs, code)?;
    let store = assemble::store(config).await?;
    let action = if paused { "job.pause" } else { "job.resume" };
    let changed = store.pause_job(&job.code, paused, audit(action, job, None)).await.map_err(Failed::away)?;
    let state = if paused { "paused" } else { "running by its plan" };
    let so = if changed { "is" } else { "was already" };
    show::line(&format!("{} {so} {state}", job.code));
    Ok(if changed { Exit::Well } else { Exit::Found })
}
