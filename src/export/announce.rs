//! The messages that follow a finished run: one about every job to the queue `export.ready`, one with the file to the job's own queue
//! where that is a destination. They leave through the outbox, written in the transaction that ends the run.

use chrono::{DateTime, Utc};

use super::job::{Destination, Job};
use super::{ExportFault, Manifest};
use crate::outbox::{Exported, ExportedFile, OutboxRow, Sending, export_ready};
use crate::store::{Contents, Period};

/// The queue that tells of all jobs.
pub const READY_QUEUE: &str = "export.ready";

/// The queue of a job.
#[must_use]
pub fn job_queue(job: &str) -> String {
    format!("export.{job}")
}

/// What a finished run owes.
pub(super) struct Finished<'a> {
    pub(super) job: &'a Job,
    pub(super) manifest: &'a Manifest,
    pub(super) slot: DateTime<Utc>,
    pub(super) period: Option<Period>,
    pub(super) places: &'a [String],
    /// Files longer than this do not come along, in bytes.
    pub(super) content_bytes_max: u64,
}

/// The messages about it.
pub(super) fn owed(
    finished: &Finished<'_>,
    kept: &Contents,
    sending: &Sending<'_>,
) -> Result<Vec<OutboxRow>, ExportFault> {
    let Finished { job, manifest, .. } = *finished;
    let mut rows = Vec::new();
    if job.announce {
        rows.push(row(finished, READY_QUEUE, None, sending)?);
    }
    for destination in &job.destinations {
        let Destination::Queue { content } = destination else { continue };
        let comes_along = *content && !manifest.sha256.is_empty() && manifest.bytes <= finished.content_bytes_max;
        if *content && !comes_along && !manifest.sha256.is_empty() {
            tracing::warn!(
                job = job.code,
                bytes = manifest.bytes,
                "the file is too long for a message; only its reference goes"
            );
        }
        let content = if comes_along { Some(kept.read(&manifest.sha256)?) } else { None };
        rows.push(row(finished, &job_queue(&job.code), content.as_deref(), sending)?);
    }
    Ok(rows)
}

fn row(
    finished: &Finished<'_>,
    queue: &str,
    content: Option<&[u8]>,
    sending: &Sending<'_>,
) -> Result<OutboxRow, ExportFault> {
    let Finished { job, manifest, .. } = *finished;
    let moment = |of: i64| DateTime::from_timestamp_millis(of).unwrap_or_default();
    let file = (!manifest.sha256.is_empty()).then(|| ExportedFile {
        name: &manifest.file,
        media_type: manifest.format.media_type(manifest.encoding),
        compression: manifest.compression.content_encoding(),
        size: manifest.bytes,
        sha256: &manifest.sha256,
        places: finished.places,
        content,
    });
    let exported = Exported {
        job: &job.code,
        label: &job.label,
        of: job.subject.code(),
        slot: finished.slot,
        period: finished.period.map(|period| (moment(period.from), moment(period.to))),
        rows: manifest.rows,
        file,
    };
    export_ready(&exported, queue, sending).map_err(|fault| ExportFault::Text {
        row: 0,
        column: "ExportReady".to_owned(),
        fault,
    })
}
