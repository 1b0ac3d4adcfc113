//! `outbox`: what is owed to others, and the verb for what is stuck.

use clap::{Args, Subcommand};

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::config::operator;
use crate::desk;
use crate::store::OutboxFilter;

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
                let filter = OutboxFilter { state: list.state.clone(), after: list.after, limit: list.limit };
                let rows = store.outbox(&filter).await.map_err(Failed::away)?;
                if list.json {
                    rows.iter().try_for_each(show::json)?;
                    return Ok(Exit::Well);
                }
                let mut table = show::table(&["no", "what", "to", "message id", "state", "tries", "error"]);
                for row in &rows {
                    table.add_row([
                        row.id.to_string(),
                        row.what.clone(),
                        format!("{}:{}", row.kind, row.address),
                        row.message_id.clone(),
                        row.state.clone(),
                        row.attempts.to_string(),
                        show::or_dash(row.error.as_deref()),
                    ]);
                }
                show::line(&table.to_string());
                if rows.len() == list.limit as usize
                    && let Some(last) = rows.last()
                {
                    show::line(&format!("more: --after {}", last.id));
                }
                Ok(Exit::Well)
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
                show::line(&match (count, retry.id) {
                    (0, Some(id)) => format!("row {id} is not stuck"),
                    (0, None) => "no row is stuck".to_owned(),
                    (1, _) => "1 row is pending again".to_owned(),
                    _ => format!("{count} rows are pending again"),
                });
                Ok(if count == 0 { Exit::Found } else { Exit::Well })
            }),
        }
    }
}
