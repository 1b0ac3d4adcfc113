//! `timers`: the terms that run for cases: what is due, what fired, what is stuck.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::listing::{Cell, Form, Page};
use super::{Done, Exit, Failed, Layers, assemble, known, show};
use crate::apply::rows::AuditRow;
use crate::apply::world::TimerEnd;
use crate::clock;
use crate::config::{Config, operator};
use crate::desk;
use crate::domain::term::day_end;
use crate::notify;
use crate::pipeline::{FiredTimer, Pipeline};
use crate::store::{TimerFilter, TimerListed};

const EXAMPLES: &str = "Examples:
  mezhved timers run                              let everything fire that is due now
  mezhved timers run --at 2026-12-01              what is due by the end of that day
  mezhved timers run --at 2026-12-01T09:00:00+03:00
  mezhved timers list --state stuck               what cannot fire, and why
  mezhved timers retry --all                      after mending it";

/// Timers of cases.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Timers {
    /// Let timers fire that are due: one bounded piece, each exactly once; show what they did.
    Run(Run),
    /// List timers, in the order in which they were started.
    List(List),
    /// Make stuck timers pending again: one by number, or all.
    Retry(Retry),
}

/// As of when.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// As of this moment (RFC 3339) or the end of this day (YYYY-MM-DD); without it: now.
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Piece after piece, until nothing is due any more.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    form: Form,
}

/// Which timers.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this state.
    #[arg(long, value_parser = ["pending", "fired", "void", "stuck"])]
    state: Option<String>,
    /// Only those of cases with this number.
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    /// Only those of this system.
    #[arg(long)]
    system: Option<String>,
    /// Only those due by this moment or the end of this day.
    #[arg(long, value_name = "MOMENT")]
    due: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Which timer.
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Number of the timer.
    #[arg(required_unless_present = "all")]
    id: Option<i64>,
    /// All stuck timers.
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

impl Timers {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let runtime = assemble::runtime()?;
        match self {
            Self::Run(run) => {
                assemble::log(&config)?;
                let at = moment(run.at.as_deref(), &config)?.unwrap_or_else(clock::now);
                runtime.block_on(run.fire(config, at))
            }
            Self::List(list) => {
                let due_by = moment(list.due.as_deref(), &config)?;
                runtime.block_on(list.show(&config, due_by))
            }
            Self::Retry(retry) => runtime.block_on(async {
                let store = assemble::store(&config).await?;
                let count = desk::retry_timers(&store, retry.id, &operator()).await.map_err(Failed::away)?;
                show::line(&again(count, "timer", retry.id));
                Ok(if count == 0 { Exit::Found } else { Exit::Well })
            }),
        }
    }
}

impl Run {
    async fn fire(self, config: Config, at: DateTime<Utc>) -> Done {
        let zone = config.zone;
        let pipeline = assemble::pipeline(config).await?;
        let mut fired = piece(&pipeline, at).await?;
        let mut away = None;
        while self.all && away.is_none() {
            match piece(&pipeline, at).await {
                Ok(more) if more.is_empty() => break,
                Ok(more) => fired.extend(more),
                Err(fault) => away = Some(fault),
            }
        }
        if !fired.is_empty() {
            let audit = AuditRow {
                at: clock::now(),
                actor: operator(),
                action: "timers.run",
                subject: "timer:all-due".to_owned(),
                before: None,
                after: Some(serde_json::json!({ "due_by": at, "fired": fired.len() }).to_string()),
            };
            pipeline.store.note(&[audit]).await.map_err(Failed::away)?;
        }
        pipeline.store.close().await;
        if let Some(away) = away {
            return Err(away);
        }
        let stuck = fired.iter().filter(|timer| matches!(timer.end, TimerEnd::Stuck(_))).count();
        let rows: Vec<Fired> = fired.iter().map(Fired::of).collect();
        if !rows.is_empty() || !self.form.for_people() {
            let headings = [
                ("no", "id"),
                ("system", "system"),
                ("kind", "kind"),
                ("case", "case"),
                ("timer", "timer"),
                ("due", "due_at"),
                ("state", "state"),
                ("what it did", "result"),
            ];
            self.form.print(&rows, &headings, zone, Fired::cells)?;
        }
        if self.form.for_people() {
            let due = show::moment(at.timestamp_millis(), zone);
            show::line(&format!("{} timers due by {due}: {stuck} of them stuck", rows.len()));
        }
        Ok(if stuck > 0 { Exit::Found } else { Exit::Well })
    }
}

/// A timer that has fired, as it is told.
#[derive(Debug, Serialize)]
struct Fired<'t> {
    id: i64,
    system: &'t str,
    kind: &'t str,
    case: &'t str,
    timer: &'t str,
    due_at: i64,
    state: &'static str,
    result: &'t str,
}

impl<'t> Fired<'t> {
    fn of(timer: &'t FiredTimer) -> Self {
        Self {
            id: timer.id,
            system: &timer.case.system,
            kind: &timer.case.kind,
            case: &timer.case.number,
            timer: &timer.code,
            due_at: timer.due_at.timestamp_millis(),
            state: timer.end.state(),
            result: timer.end.text(),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.system.into(),
            self.kind.into(),
            self.case.into(),
            self.timer.into(),
            Cell::Moment(self.due_at),
            self.state.into(),
            self.result.into(),
        ]
    }
}

/// One bounded piece, and its notices.
async fn piece(pipeline: &Arc<Pipeline>, at: DateTime<Utc>) -> Result<Vec<FiredTimer>, Failed> {
    let fired = pipeline.fire(at).await.map_err(Failed::away)?;
    while notify::tell(pipeline).await.map_err(Failed::away)? > 0 {}
    Ok(fired)
}

impl List {
    async fn show(self, config: &Config, due_by: Option<DateTime<Utc>>) -> Done {
        if self.system.is_some() {
            known::case_system(self.system.as_ref(), &assemble::rules(config)?.lifecycles)?;
        }
        let store = assemble::store(config).await?;
        let filter = TimerFilter {
            state: self.state,
            number: self.case,
            system: self.system,
            due_by,
            after: self.page.after,
            limit: self.page.limit,
        };
        let rows = store.timers(&filter).await.map_err(Failed::away)?;
        let headings = [
            ("no", "id"),
            ("system", "system"),
            ("kind", "kind"),
            ("case", "case"),
            ("timer", "timer"),
            ("document", "document"),
            ("due", "due_at"),
            ("state", "state"),
            ("result", "result"),
        ];
        self.page.print(&rows, &headings, config.zone, cells, |row| row.id)
    }
}

fn cells(row: &TimerListed) -> Vec<Cell> {
    vec![
        row.id.into(),
        (&row.system).into(),
        (&row.kind).into(),
        (&row.number).into(),
        (&row.code).into(),
        row.document.as_ref().into(),
        Cell::Moment(row.due_at),
        (&row.state).into(),
        row.result.as_ref().into(),
    ]
}

/// What became of a wish to try things again.
pub(super) fn again(count: u64, one: &str, id: Option<i64>) -> String {
    match (count, id) {
        (0, Some(id)) => format!("{one} {id} is not one to be tried again"),
        (0, None) => format!("no {one} is to be tried again"),
        (1, _) => format!("1 {one} is pending again"),
        _ => format!("{count} {one}s are pending again"),
    }
}

/// A moment as people write it: RFC 3339, or a day, which means its end in the configured zone.
pub(super) fn moment(written: Option<&str>, config: &Config) -> Result<Option<DateTime<Utc>>, Failed> {
    let Some(written) = written else { return Ok(None) };
    let day = || written.parse::<NaiveDate>().ok().and_then(|day| day_end(day, config.zone));
    let read = DateTime::parse_from_rfc3339(written).ok().map(|moment| moment.with_timezone(&Utc)).or_else(day);
    read.map(Some).ok_or_else(|| {
        Failed::wrong(format!("`{written}` is no moment; write 2026-12-01T09:00:00+03:00, or a day such as 2026-12-01"))
    })
}
