//! Exports in the store: a snapshot to read registers and reports from, the runs of jobs, how far a job that gives changes has come.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::reads::nested_if_any;
use super::{SCHEDULE, Snapshot, Store, StoreFault};
use crate::apply::rows::AuditRow;
use crate::outbox::OutboxRow;

/// A try of an export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportRun {
    /// Its number.
    pub id: i64,
    /// Code of the job.
    pub job: String,
    /// The moment that it stands for, milliseconds.
    pub slot: i64,
    /// Number of the try for this slot, from 1.
    pub attempt: i64,
    /// Who or what asked.
    pub actor: String,
    /// `running`, `done`, `failed`.
    pub state: String,
    /// When it began, milliseconds.
    pub started_at: i64,
    /// When it ended, milliseconds.
    pub finished_at: Option<i64>,
    /// Rows of its file.
    pub rows: Option<i64>,
    /// Bytes of its file.
    #[serde(rename = "size")]
    pub bytes: Option<i64>,
    /// SHA-256 of its file.
    pub sha256: Option<String>,
    /// What is said of its file, JSON; none: no file was made.
    #[serde(serialize_with = "nested_if_any")]
    pub manifest: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Which runs to list.
#[derive(Debug, Default, Clone)]
pub struct ExportFilter {
    /// Only of this job.
    pub job: Option<String>,
    /// `running`, `done`, `failed`; `None`: all.
    pub state: Option<String>,
    /// Only after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A try that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunExport {
    /// Its number.
    pub run: i64,
    /// Number of the try for its slot.
    pub attempt: i64,
    /// What an earlier try for the slot said of the file that it made: this file is the slot's, whatever the tables hold now.
    pub made: Option<String>,
}

/// A file that a run has made.
#[derive(Debug, Clone)]
pub struct MadeExport {
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256; none: nothing is to be delivered, because there were no rows.
    pub sha256: Option<String>,
    /// What is said of it, JSON.
    pub manifest: String,
    /// From where to where in the changes it goes, for a job that gives changes.
    pub watermark: Option<Watermark>,
}

/// How far a job comes by a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The job.
    pub job: String,
    /// Where it was; none: at the beginning.
    pub from: Option<i64>,
    /// Where it is then.
    pub to: i64,
}

/// How far a job has come.
#[derive(Debug, Clone, Serialize)]
pub struct WatermarkView {
    /// The job.
    pub job: String,
    /// The table whose changes it gives.
    pub source: String,
    /// The last change given; none: it has given nothing yet.
    pub position: Option<i64>,
}

impl Store {
    /// A view of everything as it is at one moment, on a connection of its own; it holds nobody up.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreFault> {
        self.db.snapshot().await
    }

    /// Slots of a job, but for one, whose file is made and was never brought to its destinations, in their order.
    pub async fn export_owed(&self, job: &str, but: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, StoreFault> {
        self.db.export_owed(job, but).await
    }

    /// Begins a try for a slot; the journal tells who. A try of the same slot that never said how it ended is closed as failed, and one
    /// of another slot of the job when it has said nothing for a day. With `anew` a file that an earlier try has made is not taken again.
    pub async fn export_begin(
        &self,
        job: &str,
        slot: DateTime<Utc>,
        actor: &str,
        anew: bool,
        now: DateTime<Utc>,
    ) -> Result<BegunExport, StoreFault> {
        let audit = AuditRow {
            at: now,
            actor: if actor == SCHEDULE { format!("job:export-{job}") } else { actor.to_owned() },
            action: "export.run",
            subject: format!("export:{job}:{}", slot.format("%Y-%m-%dT%H:%M:%SZ")),
            before: None,
            after: None,
        };
        self.db.export_begin(job, slot, actor, anew, audit).await
    }

    /// Has the changes of a table noted for a job from now on, if they are not yet; gives how far the job has come.
    pub async fn export_watch(&self, job: &str, source: &str) -> Result<Option<i64>, StoreFault> {
        self.db.export_watch(job, source).await
    }

    /// Records the file that a run has made and how far its job comes by it, both or neither. `false`: another run has taken the slot
    /// over, or has moved the job's watermark meanwhile.
    pub async fn export_made(&self, run: i64, made: &MadeExport) -> Result<bool, StoreFault> {
        self.db.export_made(run, made).await
    }

    /// Records that a run has handed over a letter about its file.
    pub async fn export_letter(&self, run: i64, letter: &str, now: DateTime<Utc>) -> Result<(), StoreFault> {
        self.db.export_letter(run, letter, now).await
    }

    /// Whether a letter was handed over by a try of the slot that is still being delivered: no later one has ended well.
    pub async fn export_letter_taken(&self, letter: &str) -> Result<bool, StoreFault> {
        self.db.export_letter_taken(letter).await
    }

    /// Records that everything is delivered, and what is owed to others for it. `false`: another run has taken the slot over.
    pub async fn export_done(&self, run: i64, owed: &[OutboxRow], now: DateTime<Utc>) -> Result<bool, StoreFault> {
        self.db.export_done(run, owed, now).await
    }

    /// Records that a run failed, and why.
    pub async fn export_failed(&self, run: i64, error: &str, now: DateTime<Utc>) -> Result<(), StoreFault> {
        self.db.export_failed(run, error, now).await
    }

    /// Runs, oldest first.
    pub async fn export_runs(&self, filter: &ExportFilter) -> Result<Vec<ExportRun>, StoreFault> {
        self.db.export_runs(filter).await
    }

    /// The last try of each job's last slot, by job.
    pub async fn export_last_runs(&self) -> Result<Vec<ExportRun>, StoreFault> {
        self.db.export_last_runs().await
    }

    /// How far the jobs that give changes have come.
    pub async fn export_watermarks(&self) -> Result<Vec<WatermarkView>, StoreFault> {
        self.db.export_watermarks().await
    }

    /// Lets a job begin anew: its next run gives everything. `false` where it has no watermark.
    pub async fn export_restart(&self, job: &str, actor: &str, now: DateTime<Utc>) -> Result<bool, StoreFault> {
        let audit = AuditRow {
            at: now,
            actor: actor.to_owned(),
            action: "export.restart",
            subject: format!("export:{job}"),
            before: None,
            after: None,
        };
        self.db.export_restart(job, audit).await
    }

    /// Removes changes that every job has given, at most `limit`; gives how many.
    pub async fn export_forget_changes(&self, limit: u32) -> Result<u64, StoreFault> {
        self.db.export_forget_changes(limit).await
    }

    /// Forgets the files of runs that ended before a moment, at most `limit` runs: their rows stay, their manifests go. Gives how many.
    pub async fn export_forget_files(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.db.export_forget_files(before, limit).await
    }

    /// Which of these contents no run names.
    pub async fn export_files_unnamed(&self, among: &[String]) -> Result<Vec<String>, StoreFault> {
        self.db.export_files_unnamed(among).await
    }
}
