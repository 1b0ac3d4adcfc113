//! A job: what a file of TOML says, checked against what there is. Every fault names its line; a faulty job does not run, and hinders no
//! other.

use std::fmt;
use std::path::PathBuf;

use chrono_tz::Tz;

use super::format::{Compression, Encoding, Format, Profile};
use super::name::NameTemplate;
use super::period::Relative;
use super::table::Table;
use crate::apply::Lifecycles;
use crate::config::{Config, ScheduleSettings};
use crate::schedule::plan::Plan;
use crate::store::{Column, Register, Report, registers, reports};

pub use written::{Empty, Mode, WrittenJob};

mod check;
mod destinations;
mod written;

/// What is exported.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    /// The rows of a register.
    Register(&'static Register),
    /// The rows of a report.
    Report(&'static Report),
    /// All reports with their charts, on one page.
    Overview,
}

/// The code of the page of all reports.
const OVERVIEW: &str = "overview";

impl Subject {
    /// The register or report of this code.
    #[must_use]
    pub fn get(code: &str) -> Option<Self> {
        if code == OVERVIEW {
            return Some(Self::Overview);
        }
        Register::get(code).map(Self::Register).or_else(|| Report::get(code).map(Self::Report))
    }

    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        let registers = registers::ALL.iter().copied().map(Self::Register);
        registers.chain(reports::ALL.iter().copied().map(Self::Report)).chain([Self::Overview])
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Register(register) => register.code,
            Self::Report(report) => report.code,
            Self::Overview => OVERVIEW,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Register(register) => register.label,
            Self::Report(report) => report.label,
            Self::Overview => "Сводный отчёт",
        }
    }

    /// The same in English.
    #[must_use]
    pub fn label_en(self) -> &'static str {
        match self {
            Self::Register(register) => register.label_en,
            Self::Report(report) => report.label_en,
            Self::Overview => "All reports on one page",
        }
    }

    /// Its columns; the page of all reports has none of its own.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Register(register) => register.columns,
            Self::Report(report) => report.columns,
            Self::Overview => &[],
        }
    }

    /// Names of its document's root and of a row of it.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Register(register) => register.names,
            Self::Report(report) => report.names,
            Self::Overview => ("", ""),
        }
    }
}

/// Where a file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A folder.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Whether it is ours to make.
        made: bool,
        /// The names of files in it.
        name: NameTemplate,
    },
    /// The queue `export.JOB`: a message about the file, with the file in it where it is wanted and small enough.
    Queue {
        /// Whether the file comes along.
        content: bool,
    },
    /// People, by e-mail: a letter of its own to each, with the file in it where it is wanted and small enough, else with its place.
    Mail {
        /// Their addresses.
        to: Vec<String>,
        /// Whether the file comes along.
        content: bool,
        /// The name of the file in the letter.
        name: NameTemplate,
    },
    /// A bucket of the configured S3-compatible store; the feature `s3`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The keys of objects in it.
        name: NameTemplate,
    },
}

impl Destination {
    /// The folder that files are put into, where it is one.
    pub(super) fn folder(&self) -> Option<&PathBuf> {
        match self {
            Self::Folder { path, .. } => Some(path),
            Self::Queue { .. } | Self::Mail { .. } | Self::S3 { .. } => None,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, .. } => write!(out, "folder {}", path.display()),
            Self::Queue { .. } => out.write_str("queue"),
            Self::Mail { to, .. } => write!(out, "mail ({} readers)", to.len()),
            Self::S3 { bucket, .. } => write!(out, "s3 {bucket}"),
        }
    }
}

/// A job that can run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its code.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// What is exported.
    pub subject: Subject,
    /// The columns of its files.
    pub table: Table,
    /// Columns that must hold one of these texts.
    pub filter: Vec<(&'static Column, Vec<String>)>,
    /// From when to when.
    pub period: Relative,
    /// By which moment.
    pub moment: Option<&'static Column>,
    /// Everything, or what changed.
    pub mode: Mode,
    /// The format of its files.
    pub format: Format,
    /// For whom, where it is CSV.
    pub profile: Profile,
    /// Their encoding.
    pub encoding: Encoding,
    /// How they are packed.
    pub compression: Compression,
    /// What becomes of a file without rows.
    pub when_empty: Empty,
    /// The zone of days.
    pub zone: Tz,
    /// When it runs by itself.
    pub schedule: Option<Plan>,
    /// Where its files go.
    pub destinations: Vec<Destination>,
    /// Whether a message tells of each finished run.
    pub announce: bool,
}

/// One thing wrong with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFault {
    /// The file, or how it was asked for.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for JobFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: export.job: {}", self.file, self.line, self.text)
    }
}

impl std::error::Error for JobFault {}

/// What jobs are checked with.
#[derive(Debug, Clone)]
pub struct Bench<'a> {
    /// Labels, kinds, fields.
    pub lifecycles: &'a Lifecycles,
    /// The zone of jobs that name none.
    pub zone: Tz,
    /// The folder of jobs that name none.
    pub output: PathBuf,
    /// Whether there is a mail server.
    pub has_mail: bool,
    /// What holds for schedules that do not say otherwise.
    pub schedule: &'a ScheduleSettings,
}

impl<'a> Bench<'a> {
    /// As the configuration has it.
    #[must_use]
    pub fn of(config: &'a Config, lifecycles: &'a Lifecycles) -> Self {
        let output = config.exports.output.clone();
        Self { lifecycles, zone: config.zone, output, has_mail: config.mail.is_some(), schedule: &config.schedule }
    }
}

impl Job {
    /// Reads and checks a job. `file` is its name for faults.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(file: &str, text: &str, bench: &Bench<'_>) -> Result<Self, Vec<JobFault>> {
        let written = toml::from_str::<WrittenJob>(text).map_err(|fault| {
            let offset = fault.span().map_or(0, |span| span.start);
            let line = crate::domain::calendar::line_of(text, offset);
            vec![JobFault { file: file.to_owned(), line, text: fault.message().to_owned() }]
        })?;
        check::check(file, text, written, bench)
    }

    /// A job that was put together elsewhere, such as on a command line.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn asked(by: &str, written: WrittenJob, bench: &Bench<'_>) -> Result<Self, Vec<JobFault>> {
        check::check(by, "", written, bench)
    }

    /// Whether its files go to its own queue.
    #[must_use]
    pub fn has_queue(&self) -> bool {
        self.destinations.iter().any(|destination| matches!(destination, Destination::Queue { .. }))
    }

    /// What its files' names end with.
    #[must_use]
    pub fn ending(&self) -> String {
        format!("{}{}", self.format.as_str(), self.compression.ending())
    }
}
