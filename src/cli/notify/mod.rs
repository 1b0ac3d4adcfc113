//! `notify`: what people are told: which events there are, with which texts; what became of each notification; try again, opt out.

mod events;
mod list;
mod preview;
mod sink;
mod templates;

use clap::{Args, Subcommand};

use super::timers::again;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::config::operator;
use crate::desk;
use crate::notify;

/// What people are told.
#[derive(Debug, Subcommand)]
pub(super) enum Notify {
    /// List notifications with their state, oldest first.
    #[command(after_help = "Example: mezhved notify list --state failed --channel sms --json")]
    List(list::List),
    /// Show one notification with everything that is known of it and its texts.
    Show(list::Show),
    /// Try failed notifications again: one by number (a suppressed one too), or all.
    #[command(after_help = "Example: mezhved notify retry --all")]
    Retry(Retry),
    /// Show what people read of an event, by every channel.
    #[command(after_help = "Examples:
  mezhved notify preview decision --case 77-2026-000101
  mezhved notify preview epgu/decision --language en --html > decision.html")]
    Preview(preview::Preview),
    /// List every event of every system: channels, readers, whether it is required.
    Events(events::Events),
    /// The texts: check those of the folder, or write the built-in ones as files to edit.
    #[command(subcommand)]
    Templates(templates::Templates),
    /// Opt a reader out, by the token of a link.
    OptOut(OptOut),
    /// Stand in for a mail server and a gateway on this machine: takes everything, prints a line each. For trials.
    #[command(after_help = "Example: mezhved notify sink --mail 127.0.0.1:2525 --http 127.0.0.1:8025 --folder taken")]
    Sink(sink::Sink),
}

/// Which notification.
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Number of the notification.
    #[arg(required_unless_present = "all")]
    id: Option<i64>,
    /// All failed ones, and all events that could not be planned.
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

/// Who opts out.
#[derive(Debug, Args)]
pub(super) struct OptOut {
    /// The token, as it stands in the link.
    token: String,
}

impl Notify {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::List(list) => list.run(layers),
            Self::Show(show) => show.run(layers),
            Self::Retry(retry) => retry.run(layers),
            Self::Preview(preview) => preview.run(layers),
            Self::Events(events) => events.run(layers),
            Self::Templates(templates) => templates.run(layers),
            Self::OptOut(opt_out) => opt_out.run(layers),
            Self::Sink(sink) => sink.run(),
        }
    }
}

impl Retry {
    fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let patience = config.notify.patience;
        let count = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            desk::retry_notifications(&store, self.id, patience, &operator()).await.map_err(Failed::away)
        })?;
        show::line(&again(count, "notification", self.id));
        Ok(if count == 0 { Exit::Found } else { Exit::Well })
    }
}

impl OptOut {
    fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        if config.notify.opt_out.is_none() {
            return Err(Failed::wrong("notify.opt_out_link is empty: there are no opt-out links"));
        }
        let Some(opt_out) = notify::opt_out_link(&self.token, &config.notify) else {
            return Err(Failed { exit: Exit::Found, text: "the token is not one of ours".to_owned() });
        };
        assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            notify::opt_out(&store, &opt_out, &operator()).await.map_err(Failed::away)
        })?;
        show::line(&format!(
            "no more {} of {} for this reader, but for what is required",
            opt_out.channel, opt_out.system
        ));
        Ok(Exit::Well)
    }
}
