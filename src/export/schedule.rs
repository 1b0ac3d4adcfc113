//! Exports by the clock: each job of the folder that has a schedule is a job of [`crate::schedule`]. What it exports is read when its
//! moment comes, so that a fault in one file is told in the history of that job and hinders no other.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::job::{Bench, Job, WrittenJob};
use super::jobs::files;
use super::run::{Asked, Exporter};
use super::{ExportFault, Progress};
use crate::assemble::Rules;
use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::schedule::{self, JobFault, Report, Run, Work, Working};

/// What the codes of such jobs begin with.
const BEFORE: &str = "export-";

/// The jobs of the configured folder that run by the clock. A file that cannot be read or has no usable plan gives none, and of several
/// with one code only the first counts, as in [`Jobs`]: [`findings`] tells of it.
///
/// [`Jobs`]: super::Jobs
///
/// [`findings`]: super::findings()
///
/// # Errors
/// The folder cannot be read: none of its jobs would run.
pub fn scheduled(config: &Config) -> Result<Vec<schedule::Job>, ExportFault> {
    let Some(folder) = &config.exports.folder else { return Ok(Vec::new()) };
    let mut jobs: Vec<schedule::Job> = files(folder)?.into_iter().filter_map(|path| job(path, config)).collect();
    let mut codes = BTreeSet::new();
    jobs.retain(|job| codes.insert(job.code.clone()));
    Ok(jobs)
}

fn job(path: PathBuf, config: &Config) -> Option<schedule::Job> {
    let text = std::fs::read_to_string(&path).ok()?;
    let written = toml::from_str::<WrittenJob>(&text).ok()?;
    let plan = written.plan(&config.schedule)?.ok()?;
    let code = format!("{BEFORE}{}", written.code()?);
    let about = format!("exports {}", written.subject()?);
    Some(schedule::Job::new(code, about, plan, Scheduled { path }))
}

/// One job of the folder.
#[derive(Debug)]
struct Scheduled {
    path: PathBuf,
}

impl Work for Scheduled {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let job = self.load(run.pipeline)?;
            let exporter = exporter(run.pipeline).map_err(fate)?;
            let asked = Asked { slot: run.slot, actor: run.actor.to_owned(), anew: false };
            let outcome = exporter.run(&job, &asked, &Silent).await.map_err(fate)?;
            let manifest = &outcome.manifest;
            let said = format!("{} rows, {} bytes", manifest.rows, manifest.bytes);
            let report = Report::of(1, said).with("run", outcome.run).with("rows", manifest.rows);
            Ok(report.with("sha256", manifest.sha256.clone()).with("places", outcome.places))
        })
    }
}

impl Scheduled {
    fn load(&self, pipeline: &Pipeline) -> Result<Job, JobFault> {
        let file = self.path.display().to_string();
        let text = std::fs::read_to_string(&self.path).map_err(|fault| JobFault::again(format!("{file}: {fault}")))?;
        let bench = Bench::of(&pipeline.config, &pipeline.lifecycles);
        Job::load(&file, &text, &bench).map_err(|faults| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            JobFault::never(told.join("; "))
        })
    }
}

fn exporter(pipeline: &Pipeline) -> Result<Exporter, ExportFault> {
    let rules = Rules {
        rulebook: pipeline.rulebook.clone(),
        lifecycles: pipeline.lifecycles.clone(),
        calendar: pipeline.calendar.clone(),
        routing: pipeline.routing.clone(),
        texts: pipeline.texts.clone(),
        answers: pipeline.answers.clone(),
    };
    Exporter::new(pipeline.store.clone(), &pipeline.config, &rules)
}

/// Whether another try may end otherwise.
fn fate(fault: ExportFault) -> JobFault {
    match fault {
        ExportFault::Store(_)
        | ExportFault::Content(_)
        | ExportFault::Unwritable { .. }
        | ExportFault::Undelivered { .. }
        | ExportFault::Overtaken => JobFault::again(fault),
        _ => JobFault::never(fault),
    }
}

/// Nobody watches; the log has the rows and the rate.
struct Silent;

impl Progress for Silent {
    fn read(&self, _rows: u64, _key: i64, _last_key: i64) {}
}
