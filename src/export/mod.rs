//! Exports: registers and reports as files, for a job of TOML or for somebody's question. A file is made beside, checked, synced, kept
//! under its hash and only then delivered; what is made for a slot is the slot's for ever. It reads the store through one snapshot and
//! knows no SQL.
//!
//! What is long works aside and gives way to intake. In the order of an export: [`job`] says what is wanted, [`period`] from when to when, [`table`] which columns; `make` reads and writes
//! a file in a format, [`manifest`] says what it is; `deliver` brings it to its destinations; [`run`] conducts and records.

mod announce;
mod aside;
mod chart;
mod copies;
mod csv;
mod deliver;
mod digest;
mod findings;
mod format;
mod html;
mod job;
mod jobs;
mod letter;
mod make;
mod manifest;
mod marks;
mod name;
mod outlet;
mod part;
mod period;
mod report;
mod run;
#[cfg(feature = "s3")]
mod s3;
mod schedule;
mod schemas;
mod table;
mod value;
#[cfg(feature = "xlsx")]
mod xlsx;
mod xml;

#[cfg(test)]
mod tests;

use std::io::ErrorKind;

use thiserror::Error;

use crate::store::{ContentFault, StoreFault};

pub use announce::{READY_QUEUE, job_queue};
pub use findings::{Finding, findings};
pub use format::{Compression, Encoding, Format, Headings, Profile};
pub use job::{Bench, Destination, Empty, Job, JobFault, Mode, Subject, WrittenJob};
pub use jobs::{Jobs, Listed, Origin};
pub(crate) use make::rate;
pub use make::{Making, Progress};
pub use manifest::Manifest;
pub use marks::{kinds_of, unknown_marks};
pub use outlet::Outlet;
pub(crate) use part::Part;
pub use period::Relative;
pub use run::{Asked, Exporter, Outcome, forget};
pub use schedule::scheduled;
pub use schemas::Schemas;
pub use table::{Chosen, Table};

/// Why an export failed.
#[derive(Debug, Error)]
pub enum ExportFault {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// The folder of kept files.
    #[error("{}{}", .0, lost(.0))]
    Content(#[from] ContentFault),
    /// The folder of jobs.
    #[error("export.folder: {path}: {fault}; name a folder that can be read in exports.folder, or leave it empty")]
    Folder {
        /// Which.
        path: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A file cannot be written.
    #[error("export.unwritable: {path}: {fault}{}", remedy(fault))]
    Unwritable {
        /// Which file or folder.
        path: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A character that the encoding asked for does not have.
    #[error(
        "export.unmappable: row {row}, column {column}: windows-1251 has no {character:?} (U+{code:04X}); leave the column out or write UTF-8",
        code = u32::from(*character)
    )]
    Unmappable {
        /// Number of the row, from 1.
        row: u64,
        /// Code of the column.
        column: String,
        /// The character.
        character: char,
    },
    /// A character that XML does not have.
    #[error("export.unwritable-text: row {row}, column {column}: {fault}")]
    Text {
        /// Number of the row, from 1.
        row: u64,
        /// Code of the column.
        column: String,
        /// What the writer said.
        fault: crate::xml::WriteFault,
    },
    /// The file is not what its schema says.
    #[error("export.invalid: line {line}, column {column}: {text}; the file was not published")]
    Invalid {
        /// Line, from 1.
        line: u64,
        /// Column in characters, from 1.
        column: u64,
        /// What is wrong.
        text: String,
    },
    /// There was nothing to export, and the job says that this must not be.
    #[error("export.empty: there are no rows, and the job says when_empty = \"fail\"")]
    Empty,
    /// Another run works for the same slot, or has moved the job's watermark.
    #[error("export.overtaken: another run has taken this slot over or has given the same changes; this one is left")]
    Overtaken,
    /// A period that no calendar has.
    #[error("export.period: {0}")]
    Period(String),
    /// Something that this program was built without.
    #[error("export.not-built: this program was built without the feature `{0}`")]
    NotBuilt(&'static str),
    /// A destination that cannot be reached or does not take the file.
    #[error("export.undelivered: {destination}: {why}")]
    Undelivered {
        /// Which.
        destination: String,
        /// Why.
        why: String,
    },
    /// A destination that will not take the file at another try either.
    #[error("export.refused: mail: {0}")]
    Refused(String),
    /// The schema of a document.
    #[error("export.schema: {0}")]
    Schema(String),
}

/// What to do where the file of a slot is not what was kept.
const ANEW: &str = "; the kept file of this slot is lost: `export run JOB --slot SLOT --anew` makes a new one";

fn lost(fault: &ContentFault) -> &'static str {
    if matches!(fault, ContentFault::Missing(_) | ContentFault::Changed(_)) { ANEW } else { "" }
}

/// What to do where the system says why something cannot be written.
fn remedy(fault: &std::io::Error) -> &'static str {
    match fault.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; nothing is left of the file: free some space, and run it again"
        }
        // Said of a kept file that changed on the disk.
        ErrorKind::InvalidData => ANEW,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            "; let the program write there, or name another folder"
        }
        _ => "",
    }
}

impl ExportFault {
    fn unwritable(path: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |fault| Self::Unwritable { path, fault }
    }
}
