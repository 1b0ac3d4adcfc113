//! Looking at exports: jobs, registers, schemas, history.

use clap::Args;
use serde::Serialize;

use super::{bench, jobs};
use crate::cli::{Done, Exit, Failed, assemble, show};
use crate::config::Config;
use crate::export::{self, Format, Jobs, Listed, Origin, Schemas, Subject};
use crate::store::{ColumnType, ExportFilter, ExportRun};

/// Which jobs.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Check jobs.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Print one JSON object a fault.
    #[arg(long)]
    json: bool,
}

/// Which runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct History {
    /// Only of this job.
    #[arg(long)]
    job: Option<String>,
    /// Only those that ended so.
    #[arg(long, value_parser = ["running", "done", "failed"])]
    state: Option<String>,
    /// Only runs after this number.
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print one JSON object a line, with the manifest of each file.
    #[arg(long)]
    json: bool,
}

/// Which register.
#[derive(Debug, Args)]
pub(in crate::cli) struct Columns {
    /// Code of a register or report; without it, all are listed.
    register: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Which job.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowJob {
    /// Its code.
    job: String,
}

/// Which schema.
#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// Code of a register or report.
    register: String,
}

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct JobLine<'a> {
    code: &'a str,
    label: &'a str,
    of: &'a str,
    format: Format,
    schedule: Option<&'a str>,
    destinations: Vec<String>,
    origin: &'a Origin,
    last: Option<&'a ExportRun>,
}

impl List {
    pub(super) fn run(self, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        let jobs = jobs(config, &bench(config, &rules))?;
        let last = assemble::runtime()?.block_on(async {
            if !config.store.path.exists() {
                return Ok(Vec::new());
            }
            let store = assemble::store(config).await?;
            store.export_last_runs().await.map_err(Failed::away)
        })?;
        let last_of = |code: &str| last.iter().find(|run| run.job == code);
        if self.json {
            for Listed { origin, job, .. } in &jobs.listed {
                show::json(&JobLine {
                    code: &job.code,
                    label: &job.label,
                    of: job.subject.code(),
                    format: job.format,
                    schedule: job.schedule.as_ref().map(|schedule| schedule.cron.written()),
                    destinations: job.destinations.iter().map(ToString::to_string).collect(),
                    origin,
                    last: last_of(&job.code),
                })?;
            }
            return Ok(told(&jobs));
        }
        let mut table = show::table(&["job", "label", "of", "file", "schedule", "from", "last slot", "ended"]);
        for Listed { origin, job, .. } in &jobs.listed {
            let run = last_of(&job.code);
            table.add_row([
                job.code.clone(),
                job.label.clone(),
                job.subject.code().to_owned(),
                job.ending(),
                show::or_dash(job.schedule.as_ref().map(|schedule| schedule.cron.written())),
                match origin {
                    Origin::BuiltIn => "built-in".to_owned(),
                    Origin::File(path) => path.display().to_string(),
                },
                show::or_dash(run.map(|run| show::moment(run.slot, config.zone)).as_deref()),
                show::or_dash(run.map(|run| run.state.as_str())),
            ]);
        }
        show::line(&table.to_string());
        Ok(told(&jobs))
    }
}

/// Says what is wrong with the jobs that are not listed.
fn told(jobs: &Jobs) -> Exit {
    jobs.faults.iter().for_each(|fault| show::error(&fault.to_string()));
    if jobs.faults.is_empty() { Exit::Well } else { Exit::Found }
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    job: &'a str,
    text: &'a str,
}

impl Check {
    pub(super) fn run(self, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        let jobs = jobs(config, &bench(config, &rules))?;
        let findings = export::findings(&jobs, &bench(config, &rules));
        for export::Finding { of, text } in &findings {
            if self.json {
                show::json(&Finding { job: of, text })?;
            } else {
                // A fault of a file begins with the place in it.
                let of = if text.starts_with(of.as_str()) { String::new() } else { format!("{of}: ") };
                show::line(&format!("FAULT {of}{text}"));
            }
        }
        if !self.json {
            show::line(&format!("{} jobs can run, {} faults", jobs.listed.len(), findings.len()));
        }
        Ok(if findings.is_empty() { Exit::Well } else { Exit::Found })
    }
}

impl History {
    pub(super) fn run(self, config: &Config) -> Done {
        let filter = ExportFilter { job: self.job, state: self.state, after: self.after, limit: self.limit };
        let runs = assemble::runtime()?.block_on(async {
            let store = assemble::store(config).await?;
            store.export_runs(&filter).await.map_err(Failed::away)
        })?;
        if self.json {
            runs.iter().try_for_each(show::json)?;
            return Ok(Exit::Well);
        }
        let headings = ["run", "job", "slot", "try", "state", "rows", "bytes", "sha256", "finished", "by", "error"];
        let mut table = show::table(&headings);
        for run in &runs {
            let number = |number: Option<i64>| number.map(|number| number.to_string());
            table.add_row([
                run.id.to_string(),
                run.job.clone(),
                show::moment(run.slot, config.zone),
                run.attempt.to_string(),
                run.state.clone(),
                show::or_dash(number(run.rows).as_deref()),
                show::or_dash(number(run.bytes).as_deref()),
                show::or_dash(run.sha256.as_ref().map(|hash| hash.chars().take(12).collect::<String>()).as_deref()),
                show::or_dash(run.finished_at.map(|at| show::moment(at, config.zone)).as_deref()),
                run.actor.clone(),
                show::or_dash(run.error.as_deref()),
            ]);
        }
        show::line(&table.to_string());
        Ok(Exit::Well)
    }
}

#[derive(Debug, Serialize)]
struct ColumnLine<'a> {
    code: &'a str,
    ru: &'a str,
    en: &'a str,
    kind: String,
    optional: bool,
    masked: bool,
}

#[derive(Debug, Serialize)]
struct SubjectLine<'a> {
    code: &'a str,
    label: &'a str,
    label_en: &'a str,
    columns: usize,
}

impl Columns {
    pub(super) fn run(self, config: &Config) -> Done {
        match &self.register {
            Some(code) => self.columns(code, config),
            None => self.subjects(),
        }
    }

    fn subjects(&self) -> Done {
        let mut table = show::table(&["code", "label", "in English", "columns"]);
        for subject in Subject::all() {
            let (code, label, label_en) = (subject.code(), subject.label(), subject.label_en());
            let columns = subject.columns().len();
            if self.json {
                show::json(&SubjectLine { code, label, label_en, columns })?;
            } else {
                table.add_row([code, label, label_en, &columns.to_string()]);
            }
        }
        if !self.json {
            show::line(&table.to_string());
        }
        Ok(Exit::Well)
    }

    fn columns(&self, code: &str, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        let job = super::ask::plain(code, &bench(config, &rules))?;
        let mut table = show::table(&["code", "heading", "in English", "holds", "may be empty", "masked"]);
        for column in &job.table.columns {
            let (en, optional) = column.column.map_or(("", true), |column| (column.en, column.optional));
            let kind = kind(column.kind);
            if self.json {
                let (code, ru, masked) = (column.code.as_str(), column.heading.as_str(), column.masked);
                show::json(&ColumnLine { code, ru, en, kind, optional, masked })?;
            } else {
                let yes = |yes| if yes { "yes" } else { "" };
                table.add_row([&column.code, &column.heading, en, &kind, yes(optional), yes(column.masked)]);
            }
        }
        if !self.json {
            show::line(&table.to_string());
        }
        Ok(Exit::Well)
    }
}

fn kind(kind: ColumnType) -> String {
    match kind {
        ColumnType::Text => "text".to_owned(),
        ColumnType::State(states) => states.join(" | "),
        ColumnType::Whole => "whole number".to_owned(),
        ColumnType::Decimal(decimals) => format!("number with {decimals} decimals"),
        ColumnType::Day => "day".to_owned(),
        ColumnType::Moment => "moment".to_owned(),
        ColumnType::Flag => "yes or no".to_owned(),
    }
}

impl ShowJob {
    pub(super) fn run(self, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        let jobs = jobs(config, &bench(config, &rules))?;
        match jobs.get(&self.job) {
            Some(listed) => {
                show::bytes(listed.text.as_bytes());
                Ok(Exit::Well)
            }
            None => Err(Failed { exit: Exit::Found, text: format!("there is no job {}", self.job) }),
        }
    }
}

impl Schema {
    pub(super) fn run(self, config: &Config) -> Done {
        let schemas = Schemas::load(config.schemas.as_deref())?;
        match schemas.text(&self.register) {
            Some(text) => {
                show::bytes(text);
                Ok(Exit::Well)
            }
            None => Err(Failed { exit: Exit::Found, text: format!("there is no schema of {}", self.register) }),
        }
    }
}
