//! `audit`: the journal of what persons and jobs did, its seals, and the proof that nobody changed it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::listing::{Cell, Page};
use super::period::Period;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::config::Config;
use crate::desk::journal::{self, FindingView, Verified};
use crate::domain::journal::SealHash;
use crate::store::{JournalFilter, JournalView, Sealing};

const AFTER: &str = "Examples:
  mezhved audit show --subject 'case:org/organization/*' --since 2026-03-01
  mezhved audit show --actor ivanova --action dead-letter.discard --csv
  mezhved audit verify --anchor 1204:9f2c…   the seal noted last time must still be in the chain";

/// The journal.
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER)]
pub(super) enum Audit {
    /// Show rows of the journal, oldest first.
    Show(Show),
    /// Find rows that were changed, removed or inserted; exit code 1 where there are any.
    Verify(Verify),
    /// Seal committed rows now: one bounded piece, as the daemon does every two seconds.
    Seal(Seal),
}

/// Which rows.
#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    period: Period,
    /// Only what this one did; a last * stands for any ending.
    #[arg(long)]
    actor: Option<String>,
    /// Only such acts, such as dead-letter.replay or `case.*`.
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to this, such as `dead-letter:17` or `case:org/staff/*`.
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// How to verify.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A seal that was noted outside the store, as `audit seal` and the log tell it: the chain must go through it.
    #[arg(long, value_name = "SEAL:SHA256", value_parser = anchor)]
    anchor: Option<(i64, SealHash)>,
    /// Print one JSON object: findings, seals, the chain's end, rows that wait for their seal.
    #[arg(long)]
    json: bool,
}

/// How to seal.
#[derive(Debug, Args)]
pub(super) struct Seal {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        assemble::runtime()?.block_on(async {
            match self {
                Self::Show(show) => show.run(&config).await,
                Self::Verify(verify) => verify.run(&config).await,
                Self::Seal(seal) => seal.run(&config).await,
            }
        })
    }
}

impl Show {
    async fn run(self, config: &Config) -> Done {
        let filter = JournalFilter {
            span: self.period.span(config.zone)?,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            after: self.page.after,
            limit: self.page.limit,
        };
        let store = assemble::store(config).await?;
        let rows = store.journal(&filter).await.map_err(Failed::away)?;
        let headings = [
            ("no", "id"),
            ("when", "recorded_at"),
            ("who", "actor"),
            ("what", "action"),
            ("on what", "subject"),
            ("before", "before"),
            ("after", "after"),
            ("seal", "seal"),
        ];
        self.page.print(&rows, &headings, config.zone, cells, |row| row.id)
    }
}

fn cells(row: &JournalView) -> Vec<Cell> {
    let json = |value: &Option<serde_json::Value>| Cell::from(value.as_ref().map(ToString::to_string));
    vec![
        row.id.into(),
        Cell::Moment(row.at),
        (&row.actor).into(),
        (&row.action).into(),
        (&row.subject).into(),
        json(&row.before),
        json(&row.after),
        row.seal.into(),
    ]
}

impl Verify {
    async fn run(self, config: &Config) -> Done {
        let store = assemble::store(config).await?;
        let verified = journal::verify(&store, self.anchor).await.map_err(Failed::away)?;
        let exit = if verified.findings.is_empty() { Exit::Well } else { Exit::Found };
        let Verified { seals, findings, end, unsealed } = verified;
        if self.json {
            let findings: Vec<FindingView> = findings.iter().map(FindingView::from).collect();
            show::json(&json!({
                "seals": seals,
                "end": { "seal": end.0, "hash": hex::encode(end.1) },
                "findings": findings,
                "unsealed": unsealed,
            }))?;
            return Ok(exit);
        }
        for finding in &findings {
            show::line(&format!("{}: {finding}", finding.code()));
        }
        let text =
            if findings.is_empty() { "the journal is as it was sealed" } else { "the journal was tampered with" };
        show::line(&format!("{text}: {seals} seals, the last one {}:{}", end.0, hex::encode(end.1)));
        if unsealed.rows > 0 {
            let since = unsealed.since.map(|since| show::moment(since, config.zone));
            let since = show::or_dash(since.as_deref());
            show::line(&format!("not sealed yet: {} rows, the oldest of {since}", unsealed.rows));
        }
        Ok(exit)
    }
}

impl Seal {
    async fn run(self, config: &Config) -> Done {
        let store = assemble::store(config).await?;
        let owner = journal::owner();
        let sealing = journal::seal_once(&store, &owner).await.map_err(Failed::away)?;
        store.release_sealer(&owner).await.map_err(Failed::away)?;
        match sealing {
            Sealing::Done { rows, seal, hash } if self.json => {
                show::json(&json!({ "rows": rows, "seal": seal, "hash": hex::encode(hash) }))?;
            }
            Sealing::Done { rows, seal, hash } => {
                show::line(&format!("{rows} rows sealed, the last seal is {seal}:{}", hex::encode(hash)));
            }
            Sealing::Leased { owner, until } if self.json => {
                show::json(&json!({ "rows": 0, "leased_by": owner, "leased_until": until }))?;
            }
            Sealing::Leased { owner, until } => {
                let until = show::moment(until, config.zone);
                show::line(&format!("{owner} seals the journal; others may from {until} on if it has died"));
            }
        }
        Ok(Exit::Well)
    }
}

/// A seal as it is told: its place and its hash.
fn anchor(text: &str) -> Result<(i64, SealHash), String> {
    let wrong = || "write SEAL:SHA256, as `audit seal` tells it".to_owned();
    let (seal, hash) = text.split_once(':').ok_or_else(wrong)?;
    let seal = seal.parse().ok().filter(|seal| *seal > 0).ok_or_else(wrong)?;
    let mut bytes = SealHash::default();
    hex::decode_to_slice(hash, &mut bytes).map_err(|_| wrong())?;
    Ok((seal, bytes))
}
