//! What a job is: a code, a plan, and work that learns the slot it stands for. Rooms that have something to do by the clock give a list of
//! [`Job`]s; [`super::jobs`] joins the lists.
//!
//! ```text
//! // in a room of its own:
//! #[derive(Debug)]
//! struct Nightly { … }
//!
//! impl Work for Nightly {
//!     fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
//!         Box::pin(async move {
//!             let rows = export(run.pipeline, run.slot).await.map_err(JobFault::again)?;
//!             Ok(Report::of(rows, format!("{rows} rows")))
//!         })
//!     }
//! }
//!
//! pub fn jobs(config: &Config) -> Vec<Job> {
//!     vec![Job::new("export-nightly", "Nightly export of cases", plan, Nightly { … })]
//! }
//! ```

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::plan::Plan;
use crate::pipeline::Pipeline;

/// Something that is done by the clock.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name in tables, logs and commands: lower-case words with hyphens.
    pub code: String,
    /// What it does, in a line.
    pub about: String,
    /// When.
    pub plan: Plan,
    work: Arc<dyn Work>,
}

impl Job {
    /// A job.
    pub fn new(code: impl Into<String>, about: impl Into<String>, plan: Plan, work: impl Work + 'static) -> Self {
        Self { code: code.into(), about: about.into(), plan, work: Arc::new(work) }
    }

    pub(super) fn shared(code: &str, about: &str, plan: Plan, work: Arc<dyn Work>) -> Self {
        Self { code: code.to_owned(), about: about.to_owned(), plan, work }
    }

    /// What it does.
    #[must_use]
    pub fn work(&self) -> &dyn Work {
        self.work.as_ref()
    }
}

/// One run of a job: what it is given.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Everything that the daemon works with.
    pub pipeline: &'a Arc<Pipeline>,
    /// Code of the job.
    pub job: &'a str,
    /// The moment that this run stands for: a period is reckoned from it, never from the clock. Running a slot again must do the same.
    pub slot: DateTime<Utc>,
    /// The moment at which the run began.
    pub now: DateTime<Utc>,
    /// Number of this try, from 1.
    pub attempt: u32,
    /// `schedule`, or who ordered it.
    pub actor: &'a str,
}

/// A run under way. It may be dropped at any await: when the time-out ends it, or a stop of the daemon; it is run again then.
pub type Working<'a> = Pin<Box<dyn Future<Output = Result<Report, JobFault>> + Send + 'a>>;

/// What a job does.
pub trait Work: fmt::Debug + Send + Sync {
    /// Does it for one slot. Doing it twice must come to the same: a runner may be lost after its work and before its mark.
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a>;
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// How much was done; a run that did nothing leaves no entry in the journal.
    pub done: u64,
    /// In a line.
    pub said: String,
    /// Particulars for machines.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl Report {
    /// So much was done.
    #[must_use]
    pub fn of(done: u64, said: impl Into<String>) -> Self {
        Self { done, said: said.into(), details: Map::new() }
    }

    /// With a particular.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JobFault {
    /// It may succeed later: the slot is tried again as the plan says.
    #[error("{0}")]
    Again(String),
    /// It will not succeed before somebody mends something: the slot has failed.
    #[error("{0}")]
    Never(String),
}

impl JobFault {
    /// It may succeed later.
    pub fn again(fault: impl fmt::Display) -> Self {
        Self::Again(fault.to_string())
    }

    /// It will not succeed by itself.
    pub fn never(fault: impl fmt::Display) -> Self {
        Self::Never(fault.to_string())
    }
}
