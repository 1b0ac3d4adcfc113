//! `status`: how many message ids ended how, and what is not done yet.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::listing::{Cell, csv};
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::config::Config;
use crate::store::{OutcomeCount, Waiting};

/// Counts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mezhved status\n  mezhved status --wait-for 400 --within 120")]
pub(super) struct Status {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print the counts as CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// First wait until so many deliveries (messages and repeats) are settled and nothing waits or is to be sent.
    #[arg(long, value_name = "N")]
    wait_for: Option<i64>,
    /// How long to wait, in seconds; then the exit code is 1.
    #[arg(long, default_value_t = 60, requires = "wait_for")]
    within: u64,
}

/// What is counted.
const KEYS: [&str; 5] = ["system", "outcome", "code", "messages", "repeats"];
/// Pause between two looks while waiting.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

impl Status {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let (outcomes, waiting, settled) = assemble::runtime()?.block_on(self.look(&config))?;
        let (messages, repeats) = totals(&outcomes);
        let exit = if settled { Exit::Well } else { Exit::Found };
        if self.json {
            show::json(&json!({
                "messages": messages, "repeats": repeats, "outcomes": outcomes, "waiting": waiting,
            }))?;
            return Ok(exit);
        }
        if self.csv {
            csv(&KEYS, outcomes.iter().map(cells))?;
            return Ok(exit);
        }
        if self.wait_for.is_some() {
            show::line(if settled { "settled" } else { "not settled in time" });
            if settled {
                return Ok(exit);
            }
        }
        let mut table = show::table(&KEYS);
        for one in &outcomes {
            table.add_row([
                show::or_dash(one.system.as_deref()),
                one.outcome.clone(),
                show::or_dash(one.code.as_deref()),
                one.messages.to_string(),
                one.repeats.to_string(),
            ]);
        }
        table.add_row(["total".into(), String::new(), String::new(), messages.to_string(), repeats.to_string()]);
        show::print(&table);
        show::line(&format!("{} deliveries = {messages} message ids + {repeats} repeats", messages + repeats));
        show::line(&format!(
            "waiting: {} parked items, {} to send, {} stuck; {} open dead letters; {} stuck timers; {} notifications to deliver, {} failed",
            waiting.parked,
            waiting.pending,
            waiting.stuck,
            waiting.dead_letters,
            waiting.timers_stuck,
            waiting.notifications,
            waiting.notifications_failed
        ));
        Ok(exit)
    }

    /// What there is; where asked, first waits until it is settled. The flag says whether it is.
    async fn look(&self, config: &Config) -> Result<(Vec<OutcomeCount>, Waiting, bool), Failed> {
        let store = assemble::store(config).await?;
        let deadline = Instant::now() + Duration::from_secs(self.within);
        loop {
            let outcomes = store.outcomes().await.map_err(Failed::away)?;
            let waiting = store.waiting().await.map_err(Failed::away)?;
            let (messages, repeats) = totals(&outcomes);
            let wanted = self.wait_for.unwrap_or(0);
            let settled = messages + repeats >= wanted && waiting.parked == 0 && waiting.pending == 0;
            if self.wait_for.is_none() || settled {
                return Ok((outcomes, waiting, true));
            }
            if Instant::now() >= deadline {
                return Ok((outcomes, waiting, false));
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }
}

fn cells(one: &OutcomeCount) -> Vec<Cell> {
    vec![
        one.system.as_ref().into(),
        (&one.outcome).into(),
        one.code.as_ref().into(),
        one.messages.into(),
        one.repeats.into(),
    ]
}

/// Message ids and repeats.
fn totals(outcomes: &[OutcomeCount]) -> (i64, i64) {
    (outcomes.iter().map(|one| one.messages).sum(), outcomes.iter().map(|one| one.repeats).sum())
}
