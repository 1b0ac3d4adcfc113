//! `message list`: messages by id, sender, kind, outcome and period, and by the cases that they are about.

use clap::Args;

use crate::cli::listing::{Cell, Page};
use crate::cli::period::Period;
use crate::cli::seek::{Party, known_code, words};
use crate::cli::{Done, Failed, Layers, assemble, known};
use crate::store::{MessageFilter, MessageRow};

/// Which messages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mezhved message list --case 77-2026-000123          everything that came about a case
  mezhved message list --outcome failed --since 2026-03-01 --csv
  mezhved message list --sender MFC-77 --kind StatusUpdate --after 1200")]
pub(in crate::cli) struct List {
    /// Only this id, whoever sent it.
    #[arg(long)]
    id: Option<String>,
    /// Only about the case with this number; one that ends in * stands for all that begin like it.
    #[arg(long)]
    case: Option<String>,
    #[command(flatten)]
    party: Party,
    /// Only about cases with these words; each may be the beginning of one.
    #[arg(long)]
    text: Option<String>,
    /// Only of this sender.
    #[arg(long, alias = "agency")]
    sender: Option<String>,
    /// Only of this system.
    #[arg(long)]
    system: Option<String>,
    /// Only of this kind, such as `StatusUpdate`.
    #[arg(long)]
    kind: Option<String>,
    /// Only with this outcome.
    #[arg(long, value_parser = ["parked", "applied", "failed"])]
    outcome: Option<String>,
    /// Only those that failed with this code.
    #[arg(long, value_parser = known_code)]
    code: Option<String>,
    #[command(flatten)]
    received: Period,
    #[command(flatten)]
    page: Page,
}

impl List {
    pub(in crate::cli) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        if self.system.is_some() || self.kind.is_some() {
            let rules = assemble::rules(&config)?;
            known::system(self.system.as_ref(), &rules)?;
            known::message_kind(self.kind.as_ref(), self.system.as_ref(), &rules)?;
        }
        let filter = MessageFilter {
            message_id: self.id.map(|id| id.to_lowercase()),
            case: self.case,
            party: self.party.sought(None)?,
            text: self.text,
            sender: self.sender,
            system: self.system,
            kind: self.kind,
            outcome: self.outcome,
            code: self.code,
            received: self.received.span(config.zone)?,
            after: self.page.after,
            limit: self.page.limit,
        };
        let rows = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            if filter.text.is_some() {
                words(&store).await?;
            }
            store.find_messages(&filter).await.map_err(Failed::away)
        })?;
        if rows.is_empty() {
            known::agency("--sender", filter.sender.as_ref(), &config)?;
        }
        let headings = [
            ("no", "id"),
            ("received", "received_at"),
            ("sender", "sender"),
            ("message id", "message_id"),
            ("system", "system"),
            ("kind", "kind"),
            ("outcome", "outcome"),
            ("code", "code"),
            ("repeats", "repeats"),
        ];
        self.page.print(&rows, &headings, config.zone, cells, |row| row.seq)
    }
}

fn cells(row: &MessageRow) -> Vec<Cell> {
    let outcome = if row.test { format!("{} (test)", row.outcome) } else { row.outcome.clone() };
    vec![
        row.seq.into(),
        Cell::Moment(row.received_at),
        (&row.sender).into(),
        (&row.message_id).into(),
        row.system.as_ref().into(),
        row.kind.as_ref().into(),
        outcome.into(),
        row.code.as_ref().into(),
        row.repeats.into(),
    ]
}
