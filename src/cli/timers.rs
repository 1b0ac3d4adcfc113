//! `timers`: the terms that run for cases: what is due, what fired, what is stuck.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::apply::world::TimerEnd;
use crate::clock;
use crate::config::{Config, operator};
use crate::desk;
use crate::domain::term::day_end;
use crate::notify;
use crate::pipeline::{FiredTimer, Pipeline};
use crate::store::TimerFilter;

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
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
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
    /// Only rows after this number.
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
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
                show::line(&format!("{count} timers are pending again"));
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
        if self.all {
            loop {
                let more = piece(&pipeline, at).await?;
                if more.is_empty() {
                    break;
                }
                fired.extend(more);
            }
        }
        pipeline.store.close().await;
        let stuck = fired.iter().filter(|timer| matches!(timer.end, TimerEnd::Stuck(_))).count();
        if self.json {
            for timer in &fired {
                show::json(&json!({
                    "id": timer.id, "system": timer.case.system, "kind": timer.case.kind, "number": timer.case.number,
                    "code": timer.code, "due_at": timer.due_at.timestamp_millis(), "state": timer.end.state(),
                    "result": timer.end.text(),
                }))?;
            }
        } else {
            let mut table = show::table(&["no", "case", "timer", "due", "state", "what it did"]);
            for timer in &fired {
                table.add_row([
                    timer.id.to_string(),
                    format!("{}/{} {}", timer.case.system, timer.case.kind, timer.case.number),
                    timer.code.clone(),
                    show::moment(timer.due_at.timestamp_millis(), zone),
                    timer.end.state().to_owned(),
                    timer.end.text().to_owned(),
                ]);
            }
            if !fired.is_empty() {
                show::line(&table.to_string());
            }
            let due = show::moment(at.timestamp_millis(), zone);
            show::line(&format!("{} timers due by {due}: {stuck} of them stuck", fired.len()));
        }
        Ok(if stuck > 0 { Exit::Found } else { Exit::Well })
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
        let store = assemble::store(config).await?;
        let filter = TimerFilter {
            state: self.state,
            number: self.case,
            system: self.system,
            due_by,
            after: self.after,
            limit: self.limit,
        };
        let rows = store.timers(&filter).await.map_err(Failed::away)?;
        if self.json {
            rows.iter().try_for_each(show::json)?;
            return Ok(Exit::Well);
        }
        let mut table = show::table(&["no", "case", "timer", "document", "due", "state", "result"]);
        for row in &rows {
            table.add_row([
                row.id.to_string(),
                format!("{}/{} {}", row.system, row.kind, row.number),
                row.code.clone(),
                show::or_dash(row.document.as_deref()),
                show::moment(row.due_at, config.zone),
                row.state.clone(),
                show::or_dash(row.result.as_deref()),
            ]);
        }
        show::line(&table.to_string());
        if rows.len() == self.limit as usize
            && let Some(last) = rows.last()
        {
            show::line(&format!("more: --after {}", last.id));
        }
        Ok(Exit::Well)
    }
}

/// A moment as people write it: RFC 3339, or a day, which means its end in the configured zone.
pub(super) fn moment(written: Option<&str>, config: &Config) -> Result<Option<DateTime<Utc>>, Failed> {
    let Some(written) = written else { return Ok(None) };
    let day = || written.parse::<NaiveDate>().ok().and_then(|day| day_end(day, config.zone));
    let read = DateTime::parse_from_rfc3339(written).ok().map(|moment| moment.with_timezone(&Utc)).or_else(day);
    read.map(Some)
        .ok_or_else(|| Failed::wrong(format!("{written}: write 2026-12-01T09:00:00+03:00, or a day: 2026-12-01")))
}
