//! `outbox`: what is owed to others, and the verb for what is stuck.

use clap::{Args, Subcommand};

use super::listing::{Cell, Page};
use super::timers::again;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::config::operator;
use crate::desk;
use crate::store::{OutboxFilter, OutboxView};

/// What is owed to others.
#[derive(Debug, Subcommand)]
pub(super) enum Outbox {
    /// List rows, oldest first.
    List(List),
    /// Make stuck rows pending again: one by number, or all.
    Retry(Retry),
    /// Send a row once more that was sent already, under the same message id.
    Resend(Resend),
}

/// Which rows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mezhved outbox list --state stuck\n  mezhved outbox list --after 50 --json")]
pub(super) struct List {
    /// Only this state.
    #[arg(long, value_parser = ["pending", "sent", "stuck"])]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Which row.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: nothing of the kind is stuck.\n\nExamples:\n  mezhved outbox retry 17\n  mezhved outbox retry --all"
)]
pub(super) struct Retry {
    /// Number of the row.
    #[arg(required_unless_present = "all")]
    id: Option<i64>,
    /// All stuck rows.
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

/// Which row.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 1: no row of this number was sent.\n\nExample:\n  mezhved outbox resend 17")]
pub(super) struct Resend {
    /// Number of the row.
    id: i64,
}

impl Outbox {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let runtime = assemble::runtime()?;
        match self {
            Self::List(list) => runtime.block_on(async {
                let store = assemble::store(&config).await?;
                let filter = OutboxFilter { state: list.state, after: list.page.after, limit: list.page.limit };
                let rows = store.outbox(&filter).await.map_err(Failed::away)?;
                let headings = [
                    ("no", "id"),
                    ("what", "what"),
                    ("way", "way"),
                    ("to", "address"),
                    ("message id", "message_id"),
                    ("case", "case"),
                    ("state", "state"),
                    ("tries", "attempts"),
                    ("due", "due_at"),
                    ("sent", "sent_at"),
                    ("error", "error"),
                ];
                list.page.print(&rows, &headings, config.zone, cells, |row| row.id)
            }),
            Self::Resend(resend) => runtime.block_on(async {
                let store = assemble::store(&config).await?;
                let done = desk::resend(&store, resend.id, &operator()).await.map_err(Failed::away)?;
                let said = if done { "will be sent again" } else { "was not sent yet, or is not there" };
                show::line(&format!("row {} {said}", resend.id));
                Ok(if done { Exit::Well } else { Exit::Found })
            }),
            Self::Retry(retry) => runtime.block_on(async {
                let store = assemble::store(&config).await?;
                let count = desk::retry_outbox(&store, retry.id, &operator()).await.map_err(Failed::away)?;
                show::line(&again(count, "row", retry.id));
                Ok(if count == 0 { Exit::Found } else { Exit::Well })
            }),
        }
    }
}

fn cells(row: &OutboxView) -> Vec<Cell> {
    vec![
        row.id.into(),
        (&row.what).into(),
        (&row.kind).into(),
        (&row.address).into(),
        (&row.message_id).into(),
        row.case_number.as_ref().into(),
        (&row.state).into(),
        row.attempts.into(),
        Cell::moment((row.state == "pending").then_some(row.due_at)),
        Cell::moment(row.sent_at),
        row.error.as_ref().into(),
    ]
}
