//! `jobs`: what is done by the clock: when it runs next, what became of its runs, run it now, pause it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::listing::{Cell, Form, Page};
use super::moment::{moment, not_to_come};
use super::{Done, Exit, Failed, Layers, assemble, known, show};
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
  mezhved jobs pause relay-retries                until `jobs resume`; slots of the pause are never run

With a job file that has a schedule:
  mezhved jobs run export-cases-daily --slot 2026-12-01T23:30:00Z
  mezhved jobs history export-cases-daily --state failed";

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
    #[command(flatten)]
    form: Form,
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
    #[command(flatten)]
    form: Form,
}

/// Which job, which slot.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Code of the job.
    job: String,
    /// The moment that it stands for (RFC 3339), as `jobs next` lists them; without it: the last one up to now.
    #[arg(long, value_name = "MOMENT")]
    slot: Option<String>,
    /// Run it for a slot that has not come yet. The slot is done then: what happens until its moment is not in it.
    #[arg(long)]
    early: bool,
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
    #[command(flatten)]
    page: Page,
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
            Self::History(history) => runtime.block_on(history.show(&config, &jobs)),
            Self::Pause(named) => runtime.block_on(pause(&config, &jobs, &named.job, true)),
            Self::Resume(named) => runtime.block_on(pause(&config, &jobs, &named.job, false)),
        }
    }
}

fn named<'j>(jobs: &'j [Job], code: &str) -> Result<&'j Job, Failed> {
    jobs.iter().find(|job| job.code == code).ok_or_else(|| {
        let Failed { exit, text } = known::unknown("the job", code, jobs.iter().map(|job| job.code.as_str()));
        Failed { exit, text: format!("{text}\n`mezhved check` tells of those that cannot run") }
    })
}

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct Listed<'j> {
    job: &'j str,
    about: &'j str,
    cron: &'j str,
    zone: &'static str,
    next: Option<i64>,
    paused_at: Option<i64>,
    paused_by: Option<String>,
    last: Option<SlotView>,
    /// Why there is no next slot.
    #[serde(skip)]
    fault: Option<String>,
}

impl List {
    async fn show(self, config: &Config, jobs: &[Job]) -> Done {
        let store = assemble::store(config).await?;
        let now = clock::now();
        let calendar = rooms::calendar(config)?;
        let mut rows = Vec::new();
        for job in jobs {
            let seen = store.job(&job.code, now).await.map_err(Failed::away)?;
            let filter = SlotFilter { job: Some(job.code.clone()), limit: 1, ..SlotFilter::default() };
            let last = store.slots(&filter).await.map_err(Failed::away)?.pop();
            let (next, fault) = match next(job, now, &calendar) {
                Ok(next) => (next.map(|next| next.timestamp_millis()), None),
                Err(fault) => (None, Some(fault)),
            };
            let (paused_at, paused_by) = seen.paused.map(|(at, by)| (at.timestamp_millis(), by)).unzip();
            let cron = &job.plan.cron;
            rows.push(Listed {
                job: &job.code,
                about: &job.about,
                cron: cron.written(),
                zone: cron.zone().name(),
                next,
                paused_at,
                paused_by,
                last,
                fault,
            });
        }
        let headings = [
            ("job", "job"),
            ("what it does", "about"),
            ("cron", "cron"),
            ("zone", "zone"),
            ("next", "next"),
            ("last slot", "last.slot"),
            ("state", "last.state"),
            ("result", "last.result"),
        ];
        self.form.print(&rows, &headings, config.zone, Listed::cells)?;
        Ok(Exit::Well)
    }
}

impl Listed<'_> {
    fn cells(&self) -> Vec<Cell> {
        let paused = self.paused_at.zip(self.paused_by.as_ref());
        let paused = paused.map(|(at, by)| Cell::Since(format!("paused by {by}"), at));
        let fault = self.fault.as_ref().map(Cell::from);
        let last = self.last.as_ref();
        vec![
            self.job.into(),
            self.about.into(),
            self.cron.into(),
            self.zone.into(),
            paused.or(fault).unwrap_or(Cell::moment(self.next)),
            Cell::moment(last.map(|last| last.slot)),
            last.map(|last| &last.state).into(),
            last.and_then(said).into(),
        ]
    }
}

fn next(job: &Job, now: DateTime<Utc>, calendar: &Calendar) -> Result<Option<DateTime<Utc>>, String> {
    job.plan.next(now, 1, calendar).map(|slots| slots.first().copied()).map_err(|fault| fault.to_string())
}

/// What the last try of a slot did, in a line.
fn said(slot: &SlotView) -> Option<String> {
    let report = slot.result.as_deref().and_then(|result| serde_json::from_str::<serde_json::Value>(result).ok());
    let said = report.and_then(|report| report["said"].as_str().map(str::to_owned));
    slot.error.clone().or(said)
}

impl Next {
    fn show(self, config: &Config, jobs: &[Job]) -> Done {
        let job = named(jobs, &self.job)?;
        let after = read(self.after.as_deref(), config)?.unwrap_or_else(clock::now);
        let slots = job.plan.next(after, self.count, &rooms::calendar(config)?).map_err(Failed::wrong)?;
        let rows: Vec<Coming> = slots.into_iter().map(|slot| Coming::of(job, slot)).collect();
        if self.form.for_people() {
            rows.iter().for_each(|row| row.tell(job.plan.cron.zone()));
        } else {
            self.form.print(&rows, &[("slot", "slot"), ("begins", "begins_at")], config.zone, Coming::cells)?;
        }
        Ok(Exit::Well)
    }
}

/// A slot that comes.
#[derive(Debug, Serialize)]
struct Coming {
    slot: i64,
    begins_at: i64,
}

impl Coming {
    fn of(job: &Job, slot: DateTime<Utc>) -> Self {
        let begins = job.plan.begins(&job.code, slot);
        Self { slot: slot.timestamp_millis(), begins_at: begins.timestamp_millis() }
    }

    fn tell(&self, zone: Tz) {
        let read = |at| DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
        let (slot, begins) = (read(self.slot), read(self.begins_at));
        let later = if begins == slot { String::new() } else { format!(", begins {}", begins.with_timezone(&zone)) };
        show::line(&format!("{}  {}{later}", slot.to_rfc3339(), slot.with_timezone(&zone)));
    }

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::Moment(self.slot), Cell::Moment(self.begins_at)]
    }
}

impl Run {
    async fn run(self, config: Config, jobs: &[Job]) -> Done {
        let job = named(jobs, &self.job)?;
        assemble::log(&config)?;
        let slot = self.wanted(job, &config)?;
        not_to_come(slot, self.early)?;
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
        let wanted = read(self.slot.as_deref(), config)?;
        let last = job.plan.last(wanted.unwrap_or_else(clock::now), &rooms::calendar(config)?);
        let last = last.map_err(Failed::wrong)?;
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

/// A moment where one is given.
fn read(written: Option<&str>, config: &Config) -> Result<Option<DateTime<Utc>>, Failed> {
    written.map(|written| moment(written, config.zone)).transpose()
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
    async fn show(self, config: &Config, jobs: &[Job]) -> Done {
        let store = assemble::store(config).await?;
        let filter = SlotFilter { job: self.job, state: self.state, before: self.page.after, limit: self.page.limit };
        let rows = store.slots(&filter).await.map_err(Failed::away)?;
        if let Some(job) = filter.job.as_deref().filter(|_| rows.is_empty()) {
            known::among("the job", job, jobs.iter().map(|job| job.code.as_str()))?;
        }
        let headings = [
            ("no", "id"),
            ("job", "job"),
            ("slot", "slot"),
            ("origin", "origin"),
            ("state", "state"),
            ("tries", "attempts"),
            ("started", "started_at"),
            ("finished", "finished_at"),
            ("result", "result"),
        ];
        self.page.print(&rows, &headings, config.zone, cells, |row| row.id)
    }
}

fn cells(row: &SlotView) -> Vec<Cell> {
    vec![
        row.id.into(),
        (&row.job).into(),
        Cell::Moment(row.slot),
        (&row.origin).into(),
        (&row.state).into(),
        row.attempt.into(),
        Cell::moment(row.started_at),
        Cell::moment(row.finished_at),
        said(row).into(),
    ]
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
