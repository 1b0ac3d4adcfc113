//! `message show`: everything that became of a message. `message list` finds messages.

mod list;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::apply::results::{Results, Tried};
use crate::config::Config;
use crate::store::{Contents, MessageView};
use crate::xml;

/// Messages.
#[derive(Debug, Subcommand)]
pub(super) enum Message {
    /// Find messages by id, sender, kind, outcome, period, and by the cases that they are about.
    List(Box<list::List>),
    /// Show a message: outcome, items, attempts, receipt.
    Show(Show),
}

/// Which message.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved message show 0b1d9f3e-15f2-11f1-8002-02005e100002\n  mezhved message show 0b1d9f3e-15f2-11f1-8002-02005e100002 --receipt"
)]
pub(super) struct Show {
    /// Its id: a UUID, or sha256:… where none could be read.
    id: String,
    /// Only of this sender.
    #[arg(long)]
    sender: Option<String>,
    /// Print the message itself, byte for byte, and nothing else.
    #[arg(long)]
    raw: bool,
    /// Print its last receipt, XML laid out in lines, and nothing else.
    #[arg(long, conflicts_with = "raw")]
    receipt: bool,
    /// Print JSON.
    #[arg(long, conflicts_with_all = ["raw", "receipt"])]
    json: bool,
}

impl Message {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let show = match self {
            Self::List(list) => return list.run(layers),
            Self::Show(show) => show,
        };
        let config = layers.checked()?;
        let mut messages = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            store.messages_by_id(&show.id.to_lowercase()).await.map_err(Failed::away)
        })?;
        let senders: Vec<String> = messages.iter().map(|message| message.sender.clone()).collect();
        messages.retain(|message| show.sender.as_ref().is_none_or(|sender| message.sender == *sender));
        let Some(first) = messages.first() else {
            let text = match senders.as_slice() {
                [] => format!("there is no message {}", show.id),
                senders => format!("message {} is from {}", show.id, senders.join(", ")),
            };
            return Err(Failed { exit: Exit::Found, text });
        };
        if (show.raw || show.receipt) && messages.len() > 1 {
            return Err(Failed::wrong("several senders used this id: add --sender"));
        }
        if show.raw {
            let contents = Contents::at(config.contents.clone());
            return match contents.resolve(first.raw.clone()).map_err(Failed::away)? {
                Some(raw) => {
                    show::bytes(&raw);
                    Ok(Exit::Well)
                }
                None => Err(Failed {
                    exit: Exit::Found,
                    text: "the raw bytes were removed by store.raw_retention_days".to_owned(),
                }),
            };
        }
        if show.receipt {
            return match &first.receipt {
                Some(receipt) => {
                    show::line(&xml::laid_out(receipt));
                    Ok(Exit::Well)
                }
                None => Err(Failed { exit: Exit::Found, text: "there is no receipt for it yet".to_owned() }),
            };
        }
        for message in &messages {
            if show.json {
                show::json(message)?;
            } else {
                describe(message, &config);
            }
        }
        Ok(Exit::Well)
    }
}

fn describe(message: &MessageView, config: &Config) {
    let code = message.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    show::line(&format!("message {} from {}: {}{code}", message.message_id, message.sender, message.outcome));
    let kind = [&message.system, &message.kind, &message.version].map(|part| show::or_dash(part.as_deref())).join("/");
    show::line(&format!("  kind      {kind}, rules {}", show::or_dash(message.rules.as_deref())));
    let settled = message.settled_at.map(|at| show::moment(at, config.zone));
    let received = show::moment(message.received_at, config.zone);
    show::line(&format!(
        "  received  {received} from {}, settled {}",
        message.source,
        show::or_dash(settled.as_deref())
    ));
    show::line(&format!(
        "  repeats   {}{}",
        message.repeats,
        if message.test { ", a test: changed nothing" } else { "" }
    ));
    let state = show::or_dash(message.receipt_state.as_deref());
    show::line(&format!("  receipt   to {}: {state}", show::or_dash(message.reply.as_deref())));
    let properties: BTreeMap<String, Value> = serde_json::from_str(&message.properties).unwrap_or_default();
    for (name, value) in &properties {
        // By AMQP's own name.
        let name = if name == "kind" { "type" } else { name };
        show::line(&format!("  property  {name}: {value}"));
    }
    let notes: Vec<String> =
        message.notes.as_deref().and_then(|notes| serde_json::from_str(notes).ok()).unwrap_or_default();
    notes.iter().for_each(|note| show::line(&format!("  note      {note}")));
    let results = Results::from_json(&message.items);
    if !results.0.is_empty() {
        let mut table = show::table(&["item", "case", "result", "code", "text"]);
        for item in &results.0 {
            let result = match item.result {
                Tried::Applied => "applied",
                Tried::Refused => "refused",
                Tried::Parked => "waiting",
                Tried::Test => "test",
            };
            let remark = item.remark.as_ref();
            table.add_row([
                item.number.to_string(),
                item.case.clone(),
                result.to_owned(),
                remark.map(|remark| remark.code.clone()).unwrap_or_default(),
                remark.map(|remark| remark.text.clone()).unwrap_or_default(),
            ]);
        }
        show::print(&table);
    }
    for attempt in &message.attempts {
        let code = show::or_dash(attempt.code.as_deref());
        let at = show::moment(attempt.at, config.zone);
        show::line(&format!(
            "  try {} of item {}: {} by {} at {at}: {} {code}",
            attempt.attempt, attempt.item, attempt.origin, attempt.actor, attempt.result
        ));
    }
    for id in &message.dead_letters {
        show::line(&format!("  dead letter {id}: mezhved dlq show {id}"));
    }
}
