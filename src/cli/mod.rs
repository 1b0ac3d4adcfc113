//! The command line: one file a command, on top of the rooms. Prints to standard output what was asked for, to standard
//! error what went wrong. Exit codes are documented in the help and the same for every command.

mod assemble;
mod audit;
mod case;
mod check;
mod complete;
mod config;
mod db;
mod dialog;
mod dlq;
mod document;
mod export;
mod jobs;
mod known;
mod lifecycle;
mod listing;
mod member;
mod message;
mod moment;
mod notify;
mod organization;
mod outbox;
mod page;
mod period;
mod process;
mod publish;
mod rules;
mod run;
mod sample;
mod schemas;
mod seek;
mod show;
mod status;
mod timers;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all is well.
    Well,
    /// 1: the command worked and found something wrong: an invalid message, a failed check, nothing of that number.
    Found,
    /// 2: wrong use, wrong configuration, wrong schema.
    Wrong,
    /// 3: the store or the broker is away or unfit.
    Away,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Found => 1,
            Exit::Wrong => 2,
            Exit::Away => 3,
        })
    }
}

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failed {
    exit: Exit,
    text: String,
}

impl Failed {
    fn wrong(fault: impl std::fmt::Display) -> Self {
        Self { exit: Exit::Wrong, text: fault.to_string() }
    }

    fn away(fault: impl std::fmt::Display) -> Self {
        Self { exit: Exit::Away, text: fault.to_string() }
    }
}

type Done = Result<Exit, Failed>;

const AFTER: &str =
    "Exit codes: 0 all is well; 1 the command worked and found something wrong; 2 wrong use, configuration or \
schema; 3 the store or the broker is away or unfit (`check` reports that as a finding: 1). `run` ends with 1 where its deadline \
came before the stop was done, with 130 at a second signal.

Examples:
  mezhved check --broker                 is everything in order before the start?
  mezhved run --config mezhved.toml      run the daemon
  mezhved process inbox/                 apply files without any broker, receipts beside them
  mezhved dlq list --code unknown-case   what failed, and why
  mezhved dlq replay 17                  try a dead letter again";

/// The interagency message daemon: RabbitMQ queues in, a checked and receipted store out.
#[derive(Debug, Parser)]
#[command(name = "mezhved", version, about, after_help = AFTER, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    layers: Layers,
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
struct Layers {
    /// Configuration file; also from the environment variable `MEZHVED_CONFIG`.
    #[arg(long, short, global = true, value_name = "FILE", help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// One setting, such as `--set store.path=data/store.sqlite`; wins over file and environment.
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE", help_heading = "Configuration")]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon until SIGTERM or SIGINT; a second signal aborts.
    #[command(
        after_help = "Examples:\n  mezhved run --config mezhved.toml\n  MEZHVED__BROKER__URL_FILE=/run/secrets/broker mezhved run"
    )]
    Run,
    /// Apply files or folders through the same pipeline without any broker; receipts are written beside them.
    Process(process::Process),
    /// Send files to the broker with confirms, each as its sender.
    Publish(publish::Publish),
    /// Validate messages, or any documents against schemas, without applying them.
    Validate(validate::Validate),
    /// Rules: show them as tables, make sample documents that follow them.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Check configuration, schemas, bindings, lifecycles, store and, if asked, the broker.
    Check(check::Check),
    /// Show the configuration in force.
    #[command(subcommand)]
    Config(config::Config),
    /// Care for the embedded data base.
    #[command(subcommand)]
    Db(db::Db),
    /// Dead letters: list, show, replay, discard.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Cases: find them; status, history, documents of one.
    #[command(subcommand)]
    Case(case::Case),
    /// Dialogs: who takes part, letters, what is unread.
    #[command(subcommand)]
    Dialog(dialog::Dialog),
    /// Documents of cases: find them, verify the files that hold them.
    #[command(subcommand, visible_alias = "documents")]
    Document(document::Document),
    /// Organizations: find them.
    #[command(subcommand)]
    Organization(organization::Organization),
    /// How the cases of a system live: a table, or a diagram.
    #[command(subcommand)]
    Lifecycle(lifecycle::Lifecycles),
    /// Messages: find them; outcome, attempts, receipt, raw text of one.
    #[command(subcommand)]
    Message(message::Message),
    /// What is owed to others: list, retry, resend.
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// The journal of what persons and jobs did: show, seal, verify.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// What people are told: notifications, texts, previews.
    #[command(subcommand)]
    Notify(notify::Notify),
    /// What is done by the clock: list, next, run, history, pause, resume.
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Timers of cases: let them fire, list, retry.
    #[command(subcommand)]
    Timers(timers::Timers),
    /// Registers and reports as files: jobs, runs, history.
    #[command(subcommand)]
    Export(export::Export),
    /// How many message ids ended how, and what is not done yet.
    Status(status::Status),
    /// Make realistic, seeded traffic as files.
    Sample(sample::Sample),
    /// Print a completion script for a shell.
    Completions(complete::Completions),
    /// Print the manual page, or write one page a command into a folder.
    Man(complete::Man),
}

/// Runs the command line and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match cli.run().and_then(|exit| show::end().map(|()| exit)) {
        Ok(exit) => exit,
        Err(Failed { exit, text }) => {
            show::error(&text);
            exit
        }
    };
    exit.into()
}

impl Cli {
    fn run(self) -> Done {
        let layers = &self.layers;
        match self.command {
            Command::Run => run::run(layers),
            Command::Process(command) => command.run(layers),
            Command::Publish(command) => command.run(layers),
            Command::Validate(command) => command.run(layers),
            Command::Rules(command) => command.run(layers),
            Command::Check(command) => command.run(layers),
            Command::Config(command) => command.run(layers),
            Command::Db(command) => command.run(layers),
            Command::Dlq(command) => command.run(layers),
            Command::Case(command) => command.run(layers),
            Command::Dialog(command) => command.run(layers),
            Command::Document(command) => command.run(layers),
            Command::Organization(command) => command.run(layers),
            Command::Lifecycle(command) => command.run(layers),
            Command::Message(command) => command.run(layers),
            Command::Outbox(command) => command.run(layers),
            Command::Audit(command) => command.run(layers),
            Command::Notify(command) => command.run(layers),
            Command::Jobs(command) => command.run(layers),
            Command::Timers(command) => command.run(layers),
            Command::Export(command) => command.run(layers),
            Command::Status(command) => command.run(layers),
            Command::Sample(command) => command.run(layers),
            Command::Completions(command) => Ok(command.run()),
            Command::Man(command) => command.run(),
        }
    }
}
