//! Where outcomes become lasting: one transaction a batch, and the reads that people need afterwards. The sole user of
//! sqlx. It knows no broker and no XML: what it writes was decided before.

mod content;
mod dialogs;
mod exports;
mod fault;
mod journal;
mod moment;
mod notify;
mod reads;
pub mod registers;
pub mod reports;
mod schedule;
mod search;
mod sqlite;
mod timers;
mod upkeep;
mod work;

use std::path::PathBuf;
use std::time::Duration;

pub use content::{ContentFault, Contents};
pub use dialogs::{DialogFilter, DialogRow, DialogView, LetterView, ReaderView};
pub use exports::{BegunExport, ExportFilter, ExportRun, MadeExport, Watermark, WatermarkView};
pub use fault::{Fate, StoreFault};
pub use journal::{JournalFilter, JournalView, Piece, Sealer, Sealing, Unsealed};
pub use notify::{
    Becomes, ChoiceRow, ConsentKind, DueNotification, LetterFile, NotificationCount, NotificationFilter,
    NotificationRow, NotificationView, Reader, Told,
};
pub use reads::{
    AttemptView, CaseView, DeadLetterFilter, DeadLetterView, DocumentView, FormerView, HistoryView, MessageView,
    OutboxFilter, OutboxView, OutcomeCount, RequestView, TimerView, VersionView, Waiting,
};
pub use registers::{Cell, Column, ColumnType, Dialect, Labels, Page, PageRow, Period, Register, Selection, Value};
pub use reports::{Report, ReportAsk};
pub use schedule::{Claimed, JobSeen, Lease, NewSlots, SCHEDULE, SlotFilter, SlotView, Tried};
pub use search::{
    CaseFilter, CaseRow, DocumentFilter, DocumentPlace, DocumentRow, MessageFilter, MessageRow, PartyView, Place,
    Sought, Span,
};
pub use sqlite::{Snapshot, Transaction};
pub use timers::{Overdue, TimerFilter, TimerListed};
pub use upkeep::{Misfit, Tally};
pub use work::{DueItem, DueMax, DueMessage, Handover, NextTry, StoredBody, StoredMessage, Untold};

/// How the embedded store is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data base file.
    pub path: PathBuf,
    /// The most bytes that the file may grow to; `None`: as the disk allows.
    pub bytes_max: Option<u64>,
    /// How long a statement waits for another process' writing.
    pub busy_timeout: Duration,
    /// Connections for reading.
    pub readers: u32,
}

/// Proof that a batch's outcome is lasting. Only a commit makes one; acknowledging asks for it.
///
/// `T` is whatever must be acknowledged: for a queue, a contiguous run of delivery tags of one channel.
#[derive(Debug)]
#[must_use = "what is committed must be acknowledged"]
pub struct Committed<T> {
    run: T,
}

impl<T> Committed<T> {
    /// Gives up the proof for what it proves.
    pub fn into_run(self) -> T {
        self.run
    }
}

/// The agency's own store.
#[derive(Debug, Clone)]
pub struct Store {
    db: sqlite::Sqlite,
}

impl Store {
    /// Migrates the store and opens it; creates the file where there is none.
    pub async fn open(settings: &Settings) -> Result<Self, StoreFault> {
        Ok(Self { db: sqlite::Sqlite::open(settings).await? })
    }

    /// Opens a store without changing it: a missing file or another version of the tables is an error.
    pub async fn open_existing(settings: &Settings) -> Result<Self, StoreFault> {
        Ok(Self { db: sqlite::Sqlite::open_existing(settings).await? })
    }

    /// Brings the tables to this program's version; returns the versions that were applied now.
    pub async fn migrate(settings: &Settings) -> Result<Vec<i64>, StoreFault> {
        sqlite::Sqlite::migrate(settings).await
    }

    /// Begins the one writing transaction of a batch; waits for its turn.
    pub async fn begin(&self) -> Result<Transaction, StoreFault> {
        self.db.begin().await
    }

    /// Says whether the store can be written to now.
    pub async fn ready(&self) -> Result<(), StoreFault> {
        self.db.ready().await
    }

    /// Folds what the write-ahead log holds into the file, beside the writing, so that commits need not.
    pub async fn fold_log(&self) -> Result<(), StoreFault> {
        self.db.fold_log().await
    }

    /// What is wrong with the file; nothing where it is whole.
    pub async fn check_file(&self) -> Result<Vec<String>, StoreFault> {
        self.db.check_file().await
    }

    /// Gives the planner fresh statistics.
    pub async fn optimize(&self) -> Result<(), StoreFault> {
        self.db.optimize().await
    }

    /// Finishes reading and writing, folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
