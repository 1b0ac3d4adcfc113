//! `export`: registers and reports as files. Jobs are listed, checked and run; what there is to export is shown; what was exported is told.

mod ask;
mod look;
mod progress;
mod run;

use clap::Subcommand;

use super::{Done, Failed, Layers, assemble};
use crate::assemble::Rules;
use crate::config::Config;
use crate::export::{Bench, ExportFault, Exporter, Jobs};

const AFTER: &str = "Examples:
  mezhved export list                                    the jobs, and how each ended last
  mezhved export columns cases                           what a register holds
  mezhved export run cases-daily --slot 2026-03-04       the file of a slot, to the job's destinations
  mezhved export run cases --from 2026-03-01 --to 2026-03-04 > cases.csv
  mezhved export run overview --period \"previous week\" --format html --output week.html
  mezhved export history --job cases-daily --state failed";

/// Registers and reports as files.
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER)]
pub(super) enum Export {
    /// List the jobs: what each exports, when it runs, how it ended last.
    List(look::List),
    /// Check every job and its destinations.
    Check(look::Check),
    /// Run a job for a slot; or show a register or report for any period.
    Run(run::Run),
    /// What was run and how it ended, oldest first.
    History(look::History),
    /// What can be exported, or the columns of one register.
    Columns(look::Columns),
    /// Print a job as it is written, for copying into the folder of jobs.
    Job(look::ShowJob),
    /// Print the schema of a register's documents.
    Schema(look::Schema),
    /// Let a job that gives changes begin anew: its next file holds everything.
    Restart(run::Restart),
}

impl Export {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        match self {
            Self::List(list) => list.run(&config),
            Self::Check(check) => check.run(&config),
            Self::Run(run) => run.run(config),
            Self::History(history) => history.run(&config),
            Self::Columns(columns) => columns.run(&config),
            Self::Job(show) => show.run(&config),
            Self::Schema(schema) => schema.run(&config),
            Self::Restart(restart) => restart.run(&config),
        }
    }
}

impl From<ExportFault> for Failed {
    fn from(fault: ExportFault) -> Self {
        match fault {
            ExportFault::Store(_) | ExportFault::Content(_) | ExportFault::Unwritable { .. } => Self::away(fault),
            ExportFault::Schema(_) | ExportFault::Period(_) | ExportFault::Folder { .. } => Self::wrong(fault),
            _ => Self { exit: super::Exit::Found, text: fault.to_string() },
        }
    }
}

fn bench<'a>(config: &'a Config, rules: &'a Rules) -> Bench<'a> {
    Bench::of(config, &rules.lifecycles)
}

fn jobs(config: &Config, bench: &Bench<'_>) -> Result<Jobs, Failed> {
    Ok(Jobs::load(config.exports.folder.as_deref(), bench)?)
}

async fn exporter(config: &Config, rules: &Rules) -> Result<Exporter, Failed> {
    let store = assemble::store(config).await?;
    Ok(Exporter::new(store, config, rules)?)
}
