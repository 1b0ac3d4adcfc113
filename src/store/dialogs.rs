//! What people ask of dialogs: which there are, by word, date and participant, and what was written.

use serde::Serialize;

use super::{Span, Store, StoreFault};
use crate::apply::letters::{Attached, LetterFile};

/// Which dialogs to list.
#[derive(Debug, Default, Clone)]
pub struct DialogFilter {
    /// Only of this system.
    pub system: Option<String>,
    /// Only with this participant.
    pub participant: Option<String>,
    /// Only where one letter holds all these words, as [`crate::domain::dialog::words`] gives them.
    pub words: Vec<String>,
    /// Only with a letter written then.
    pub written: Span,
    /// Only where somebody (the participant, if one is named) has not read everything.
    pub unread: bool,
    /// Only after this row.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A dialog in a list.
#[derive(Debug, Serialize)]
pub struct DialogRow {
    /// Its row, for paging.
    pub id: i64,
    /// Code of the system.
    pub system: String,
    /// Kind of the case.
    pub kind: String,
    /// Number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Code of the status.
    pub status: String,
    /// When it was opened here, milliseconds.
    pub opened_at: i64,
    /// How many letters.
    pub letters: i64,
    /// When the last one was written, milliseconds.
    pub last_at: Option<i64>,
    /// Who takes part.
    pub participants: Vec<String>,
    /// How many letters of others the participant who was asked for has not read; where none was, the one who has read least.
    pub unread: i64,
}

/// A dialog whole.
#[derive(Debug, Serialize)]
pub struct DialogView {
    /// Code of the system.
    pub system: String,
    /// Kind of the case.
    pub kind: String,
    /// Number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Code of the status.
    pub status: String,
    /// When it was opened here, milliseconds.
    pub opened_at: i64,
    /// Who takes part.
    pub readers: Vec<ReaderView>,
    /// Its letters, oldest first.
    pub letters: Vec<LetterView>,
}

/// Somebody who takes part in a dialog.
#[derive(Debug, Serialize)]
pub struct ReaderView {
    /// By the code that the dialog knows.
    pub participant: String,
    /// `sender`, `receiver`, `controller`.
    pub role: String,
    /// Number of the last letter that it has read; 0: none.
    pub read: i64,
    /// How many letters of others it has not read.
    pub unread: i64,
    /// When it read last, milliseconds.
    pub read_at: Option<i64>,
}

/// A letter.
#[derive(Debug, Serialize)]
pub struct LetterView {
    /// Its number in the dialog.
    pub number: i64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub text: String,
    /// Cases, documents and tasks that it names.
    pub attached: Vec<Attached>,
    /// Its files.
    pub files: Vec<LetterFile>,
    /// When it was written, milliseconds.
    pub posted_at: i64,
    /// When it came here, milliseconds.
    pub recorded_at: i64,
}

impl Store {
    /// Dialogs, oldest first.
    pub async fn dialogs(&self, filter: &DialogFilter) -> Result<Vec<DialogRow>, StoreFault> {
        self.db.dialogs(filter).await
    }

    /// The dialog of this number.
    pub async fn dialog(&self, system: Option<&str>, number: &str) -> Result<Option<DialogView>, StoreFault> {
        self.db.dialog(system, number).await
    }
}
