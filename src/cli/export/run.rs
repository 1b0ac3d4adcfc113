//! `export run`: a job for a slot, or a register for any period. And `export restart`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;

use super::ask::{self, Form};
use super::progress::Shown;
use super::{bench, exporter, jobs};
use crate::cli::moment::{moment, not_to_come};
use crate::cli::{Done, Exit, Failed, assemble, show};
use crate::clock;
use crate::config::{Config, operator};
use crate::export::{Asked, Exporter, Job, Outcome, Outlet, Relative, Subject};
use crate::store::Period;

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// What to run.
#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    /// Code of a job; or of a register or report, which is printed unless `--output` says where it goes.
    what: String,
    /// The moment that the run stands for: 2026-03-04, 2026-03-04T02:30, with an offset or in the configured zone. Default: now.
    #[arg(long, value_name = "MOMENT")]
    slot: Option<String>,
    /// Run a job for a slot that has not come yet. Its file is made once: what happens until then is not in it.
    #[arg(long)]
    early: bool,
    /// Make the slot's file anew although there is one.
    #[arg(long)]
    anew: bool,
    /// From this moment on, instead of the job's own period. The file goes to `--output`, the job's history does not know it.
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Up to this moment, which no longer belongs to it. Default: now.
    #[arg(long, value_name = "MOMENT", requires = "from")]
    to: Option<String>,
    /// A period relative to the slot in place of the job's own, such as `previous month` or `last 6 hours`.
    #[arg(long, value_name = "PERIOD", conflicts_with = "from")]
    period: Option<Relative>,
    /// Write to this file, `-` for standard output, and to no destination.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    /// Print what is said of the file as JSON.
    #[arg(long, conflicts_with_all = ["output", "from", "period"])]
    json: bool,
}

/// Which job.
#[derive(Debug, Args)]
pub(in crate::cli) struct Restart {
    /// Its code.
    job: String,
}

impl Run {
    pub(super) fn run(self, config: Config) -> Done {
        assemble::log(&config)?;
        let rules = assemble::rules(&config)?;
        let bench = bench(&config, &rules);
        let jobs = jobs(&config, &bench)?;
        let (job, is_job) = match jobs.get(&self.what) {
            Some(listed) if !self.form.is_asked() => (listed.job.clone(), true),
            Some(listed) => (self.form.job(listed.job.subject.code(), &bench)?, false),
            None => (self.form.job(&self.what, &bench).map_err(|failed| self.unknown(failed, &jobs))?, false),
        };
        let zone = job.zone;
        let slot = self.slot.as_deref().map_or(Ok(clock::now()), |slot| moment(slot, zone))?;
        if is_job && job.mode == crate::export::Mode::Incremental && self.anew {
            return Err(Failed::wrong(
                "what a job has given once it does not give again: leave --anew out, or see `export restart`",
            ));
        }
        let asked = Asked { slot, actor: operator(), anew: self.anew };
        let period =
            self.from.as_deref().map(|from| ask::period(from, self.to.as_deref(), clock::now(), zone)).transpose()?;
        assemble::runtime()?.block_on(async {
            let exporter = exporter(&config, &rules).await?;
            if is_job && self.output.is_none() && period.is_none() && self.period.is_none() {
                not_to_come(slot, self.early)?;
                return self.deliver(&exporter, &job, &asked).await;
            }
            let period = match period {
                None => self.period.unwrap_or(job.period).at(slot, zone)?,
                period => period,
            };
            self.show(&exporter, &job, &asked, period).await
        })
    }

    /// What is said where nothing has this name; of a register that is asked for in a wrong way, what is wrong is enough.
    fn unknown(&self, failed: Failed, jobs: &crate::export::Jobs) -> Failed {
        if Subject::all().any(|subject| subject.code() == self.what) {
            return failed;
        }
        let told: Vec<String> = jobs.faults.iter().map(ToString::to_string).collect();
        let known: Vec<&str> = Subject::all().map(Subject::code).collect();
        let mut text =
            format!("{} is no job that can run, and no register or report; there are {}", self.what, known.join(", "));
        if !told.is_empty() {
            text = format!("{text}\n{}", told.join("\n"));
        }
        Failed { text, ..failed }
    }

    async fn deliver(&self, exporter: &Exporter, job: &Job, asked: &Asked) -> Done {
        let progress = Shown::new();
        let ended = exporter.run(job, asked, &progress).await;
        progress.finish();
        let Outcome { manifest, again, places, run } = ended?;
        if self.json {
            show::json(&manifest)?;
            return Ok(Exit::Well);
        }
        let how = if again { "as it was made before" } else { "made" };
        show::line(&format!("run {run}: {} rows, {} bytes, {how}", manifest.rows, manifest.bytes));
        if manifest.sha256.is_empty() {
            show::line("nothing to deliver: there were no rows");
        }
        for place in places {
            show::line(&format!("{place}  sha256 {}", manifest.sha256));
        }
        Ok(Exit::Well)
    }

    async fn show(&self, exporter: &Exporter, job: &Job, asked: &Asked, period: Option<Period>) -> Done {
        let output = self.output.as_deref().filter(|path| *path != Path::new(STANDARD_OUTPUT));
        let progress = Shown::new();
        let mut printed = show::Output::default();
        let outlet = output.map_or(Outlet::Stream(&mut printed), Outlet::File);
        let made = exporter.show(job, asked, period, outlet, &progress).await;
        progress.finish();
        let manifest = made?;
        if let Some(path) = output {
            show::line(&format!("{}: {} rows, {} bytes", path.display(), manifest.rows, manifest.bytes));
        }
        Ok(Exit::Well)
    }
}

impl Restart {
    pub(super) fn run(self, config: &Config) -> Done {
        let now: DateTime<Utc> = clock::now();
        let known = assemble::runtime()?.block_on(async {
            let store = assemble::store(config).await?;
            store.export_restart(&self.job, &operator(), now).await.map_err(Failed::away)
        })?;
        if !known {
            let text = format!("{} has given no changes yet", self.job);
            return Err(Failed { exit: Exit::Found, text });
        }
        show::line(&format!("{}: its next file holds everything", self.job));
        Ok(Exit::Well)
    }
}
