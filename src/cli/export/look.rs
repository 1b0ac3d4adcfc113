//! Looking at exports: jobs, registers, schemas, history.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{bench, jobs};
use crate::cli::listing::{Cell, Form, Page};
use crate::cli::{Done, Exit, Failed, assemble, known, show};
use crate::config::Config;
use crate::export::{self, Format, Jobs, Origin, Schemas, Subject};
use crate::store::{ColumnType, ExportFilter, ExportRun};

/// Which jobs.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    form: Form,
}

/// Check jobs.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    form: Form,
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
    #[command(flatten)]
    page: Page,
}

/// Which register.
#[derive(Debug, Args)]
pub(in crate::cli) struct Columns {
    /// Code of a register or report; without it, all are listed.
    register: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// Which job.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowJob {
    /// Its code.
    job: String,
}

/// Which schema.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved export schema cases --into schemas\n  mezhved validate --schema schemas/cases.xsd cases.xml"
)]
pub(in crate::cli) struct Schema {
    /// Code of a register or report.
    register: String,
    /// Write it into this folder with the documents that it takes in, so that it can be used; made where it is not there.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

/// A job as it is listed.
#[derive(Debug, Serialize)]
struct JobLine<'a> {
    job: &'a str,
    label: &'a str,
    of: &'a str,
    format: Format,
    schedule: Option<&'a str>,
    destinations: Vec<String>,
    origin: &'a Origin,
    last: Option<&'a ExportRun>,
    /// How its files end.
    #[serde(skip)]
    ending: String,
}

impl JobLine<'_> {
    fn cells(&self) -> Vec<Cell> {
        let origin = match self.origin {
            Origin::BuiltIn => "built-in".to_owned(),
            Origin::File(path) => path.display().to_string(),
        };
        vec![
            self.job.into(),
            self.label.into(),
            self.of.into(),
            (&self.ending).into(),
            self.schedule.into(),
            origin.into(),
            Cell::moment(self.last.map(|run| run.slot)),
            self.last.map(|run| &run.state).into(),
        ]
    }
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
        let rows: Vec<JobLine<'_>> = jobs
            .listed
            .iter()
            .map(|listed| JobLine {
                job: &listed.job.code,
                label: &listed.job.label,
                of: listed.job.subject.code(),
                format: listed.job.format,
                schedule: listed.schedule().map(|schedule| schedule.cron.written()),
                destinations: listed.job.destinations.iter().map(ToString::to_string).collect(),
                origin: &listed.origin,
                last: last.iter().find(|run| run.job == listed.job.code),
                ending: listed.job.ending(),
            })
            .collect();
        let headings = [
            ("job", "job"),
            ("label", "label"),
            ("of", "of"),
            ("file", "ending"),
            ("schedule", "schedule"),
            ("from", "origin"),
            ("last slot", "last.slot"),
            ("ended", "last.state"),
        ];
        self.form.print(&rows, &headings, config.zone, JobLine::cells)?;
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
        if self.form.for_people() {
            for export::Finding { of, text } in &findings {
                // A fault of a file begins with the place in it.
                let of = if text.starts_with(of.as_str()) { String::new() } else { format!("{of}: ") };
                show::line(&format!("FAULT {of}{text}"));
            }
            show::line(&format!("{} jobs can run, {} faults", jobs.listed.len(), findings.len()));
        } else {
            let rows: Vec<Finding<'_>> = findings.iter().map(|one| Finding { job: &one.of, text: &one.text }).collect();
            self.form.print(&rows, &[("job", "job"), ("text", "text")], config.zone, |one| {
                vec![one.job.into(), one.text.into()]
            })?;
        }
        Ok(if findings.is_empty() { Exit::Well } else { Exit::Found })
    }
}

impl History {
    pub(super) fn run(self, config: &Config) -> Done {
        let filter = ExportFilter { job: self.job, state: self.state, after: self.page.after, limit: self.page.limit };
        let runs = assemble::runtime()?.block_on(async {
            let store = assemble::store(config).await?;
            store.export_runs(&filter).await.map_err(Failed::away)
        })?;
        if let Some(job) = filter.job.as_deref().filter(|_| runs.is_empty()) {
            let rules = assemble::rules(config)?;
            let jobs = jobs(config, &bench(config, &rules))?;
            known::among("--job", job, jobs.listed.iter().map(|listed| listed.job.code.as_str()))?;
        }
        let headings = [
            ("no", "id"),
            ("job", "job"),
            ("slot", "slot"),
            ("try", "attempt"),
            ("state", "state"),
            ("rows", "rows"),
            ("bytes", "size"),
            ("sha256", "sha256"),
            ("finished", "finished_at"),
            ("by", "actor"),
            ("error", "error"),
        ];
        let short = self.page.form().for_people();
        self.page.print(&runs, &headings, config.zone, |run| cells(run, short), |run| run.id)
    }
}

/// A run; people need only the beginning of a hash.
fn cells(run: &ExportRun, short: bool) -> Vec<Cell> {
    let hash = run.sha256.as_ref().map(|hash| hash.get(..12).filter(|_| short).unwrap_or(hash));
    vec![
        run.id.into(),
        (&run.job).into(),
        Cell::Moment(run.slot),
        run.attempt.into(),
        (&run.state).into(),
        run.rows.into(),
        run.bytes.into(),
        hash.into(),
        Cell::moment(run.finished_at),
        (&run.actor).into(),
        run.error.as_ref().into(),
    ]
}

#[derive(Debug, Serialize)]
struct ColumnLine<'a> {
    code: &'a str,
    label: &'a str,
    label_en: &'a str,
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
            None => self.subjects(config),
        }
    }

    fn subjects(&self, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        // Of a register of kinds with the fields that these declare.
        let columns = |subject: Subject| match subject {
            Subject::Register(_) => {
                super::ask::plain(subject.code(), &bench(config, &rules)).map(|job| job.table.columns.len())
            }
            Subject::Report(_) | Subject::Overview => Ok(subject.columns().len()),
        };
        let all = Subject::all().map(|subject| -> Result<_, Failed> {
            let columns = columns(subject)?;
            Ok(SubjectLine { code: subject.code(), label: subject.label(), label_en: subject.label_en(), columns })
        });
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let cells = |one: &SubjectLine<'_>| {
            vec![one.code.into(), one.label.into(), one.label_en.into(), one.columns.to_string().into()]
        };
        let headings = [("code", "code"), ("label", "label"), ("in English", "label_en"), ("columns", "columns")];
        self.form.print(&all, &headings, config.zone, cells)?;
        Ok(Exit::Well)
    }

    fn columns(&self, code: &str, config: &Config) -> Done {
        let rules = assemble::rules(config)?;
        let job = super::ask::plain(code, &bench(config, &rules))?;
        let mut rows = Vec::new();
        for column in &job.table.columns {
            let (label_en, optional) = column.column.map_or(("", true), |column| (column.en, column.optional));
            let (code, label, masked) = (column.code.as_str(), column.heading.as_str(), column.masked);
            rows.push(ColumnLine { code, label, label_en, kind: kind(column.kind), optional, masked });
        }
        let yes = |yes: bool| Cell::from(yes.then_some("yes"));
        let cells = |one: &ColumnLine<'_>| {
            let kind = Cell::from(&one.kind);
            vec![one.code.into(), one.label.into(), one.label_en.into(), kind, yes(one.optional), yes(one.masked)]
        };
        let headings = [
            ("code", "code"),
            ("heading", "label"),
            ("in English", "label_en"),
            ("holds", "kind"),
            ("may be empty", "optional"),
            ("masked", "masked"),
        ];
        self.form.print(&rows, &headings, config.zone, cells)?;
        Ok(Exit::Well)
    }
}

fn kind(kind: ColumnType) -> String {
    match kind {
        ColumnType::Text => "text".to_owned(),
        ColumnType::State(states) => states.join(" | "),
        ColumnType::Whole => "whole number".to_owned(),
        ColumnType::Decimal(decimals) => format!("number with {}", show::counted(decimals, "decimal")),
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
            None => {
                let codes = jobs.listed.iter().map(|listed| listed.job.code.as_str());
                Err(known::unknown("the job", &self.job, codes))
            }
        }
    }
}

impl Schema {
    pub(super) fn run(self, config: &Config) -> Done {
        let schemas = Schemas::load(config.schemas.as_deref())?;
        let Some(text) = schemas.text(&self.register) else {
            let codes = Subject::all().map(Subject::code).filter(|code| schemas.text(code).is_some());
            return Err(known::unknown("the register", &self.register, codes));
        };
        let whole = schemas.whole(&self.register)?;
        let Some(folder) = &self.into else {
            show::bytes(text);
            if whole.len() > 1 {
                show::error("note: it takes in other documents; --into FOLDER writes them beside it");
            }
            return Ok(Exit::Well);
        };
        for (name, text) in &whole {
            let path = folder.join(name);
            let unwritable = |fault: std::io::Error| Failed::wrong(format!("{}: {fault}", path.display()));
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritable)?;
            std::fs::write(&path, text).map_err(unwritable)?;
            show::line(&path.display().to_string());
        }
        Ok(Exit::Well)
    }
}
