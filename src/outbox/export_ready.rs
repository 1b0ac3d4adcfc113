//! What follows a finished export: which job, of when, which file, where it lies; a small file may come along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::envelope::{Header, id, message, moment};
use super::{OutboxRow, OutboxWhat, Sending};
use crate::xml::{WriteFault, Writer};

const NAMESPACE: &str = "urn:mezhved:export-ready:1.0";
/// An export is no message of one system.
const SYSTEM: &str = "exchange";

/// A finished export.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// Code of the job.
    pub job: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// Code of the register or report.
    pub of: &'a str,
    /// The moment that it stands for.
    pub slot: DateTime<Utc>,
    /// From when to when, where it has a period.
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Rows.
    pub rows: u64,
    /// The file; none: there were no rows, and an empty file was not wanted.
    pub file: Option<ExportedFile<'a>>,
}

/// Its file.
#[derive(Debug, Clone, Copy)]
pub struct ExportedFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its media type before it was packed.
    pub media_type: &'a str,
    /// How it is packed: `gzip`, `zstd`.
    pub compression: Option<&'a str>,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: &'a str,
    /// Where it lies.
    pub places: &'a [String],
    /// The bytes themselves, where they come along.
    pub content: Option<&'a [u8]>,
}

/// The message about an export to a queue. The same file to the same queue has the same id.
pub fn export_ready(exported: &Exported<'_>, queue: &str, sending: &Sending<'_>) -> Result<OutboxRow, WriteFault> {
    let sha256 = exported.file.map_or("", |file| file.sha256);
    let message_id = id(&["export", exported.job, &moment(exported.slot), sha256, queue]);
    let header = Header {
        message_id: &message_id,
        in_reply_to: None,
        correlation: &message_id,
        recipient: sending.agency,
        system: SYSTEM,
        test: false,
    };
    let body = message(&header, sending, NAMESPACE, |w| {
        w.start("b:ExportReady")?.element("b:Job", exported.job)?.element("b:Label", exported.label)?;
        w.element("b:Of", exported.of)?.element("b:Slot", &moment(exported.slot))?;
        if let Some((from, to)) = exported.period {
            w.start("b:Period")?.attribute("from", &moment(from))?.attribute("to", &moment(to))?.end()?;
        }
        w.element("b:Rows", &exported.rows.to_string())?;
        if let Some(file) = &exported.file {
            write_file(w, file)?;
        }
        w.end().map(drop)
    })?;
    Ok(OutboxRow {
        what: OutboxWhat::Export,
        message: None,
        case_number: None,
        kind: "queue",
        address: queue.to_owned(),
        order_key: Some(format!("export:{}:{queue}", exported.job)),
        correlation: message_id.clone(),
        system: None,
        message_id,
        r#type: "ExportReady",
        traceparent: None,
        body,
        created_at: sending.now,
    })
}

fn write_file(w: &mut Writer, file: &ExportedFile<'_>) -> Result<(), WriteFault> {
    w.start("b:File")?.element("b:Name", file.name)?.element("b:MediaType", file.media_type)?;
    if let Some(compression) = file.compression {
        w.element("b:Compression", compression)?;
    }
    w.element("b:Size", &file.size.to_string())?.element("b:Sha256", file.sha256)?;
    for place in file.places {
        w.element("b:Place", place)?;
    }
    if let Some(content) = file.content {
        w.element("b:Content", &STANDARD.encode(content))?;
    }
    w.end().map(drop)
}
