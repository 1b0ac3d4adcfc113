//! What a dialog is beside its case: who takes part and how far each has read, and the letters. A letter is never changed; that it
//! was read is told of the reader.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::world::CaseKey;
use crate::domain::dialog::DialogRole;

/// What an attached case is called.
pub(super) const CASE: &str = "case";

/// Somebody who takes part in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// By the code that the dialog knows.
    pub participant: String,
    /// In which role.
    pub role: DialogRole,
    /// Number of the last letter that it has read; 0: none.
    pub read: u32,
    /// When it read last.
    pub read_at: Option<DateTime<Utc>>,
}

/// Something that a letter names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// `case`, `document` or `task`.
    pub what: String,
    /// Kind of the case, type of the document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<String>,
    /// Its number.
    pub number: String,
}

/// A file of a letter: a version of a document of the dialog's case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterFile {
    /// Type of the document.
    pub r#type: String,
    /// Its number, empty where it has none.
    pub number: String,
    /// Which version.
    pub version: u32,
    /// Name of the file.
    pub file_name: String,
}

/// A letter. Append-only.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// The dialog.
    pub case: CaseKey,
    /// Its number in the dialog, from 1.
    pub number: u32,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub text: String,
    /// What it is found by.
    pub words: BTreeSet<String>,
    /// What it names.
    pub attached: Vec<Attached>,
    /// Its files.
    pub files: Vec<LetterFile>,
    /// When it was written.
    pub posted_at: DateTime<Utc>,
    /// When it came here.
    pub recorded_at: DateTime<Utc>,
    /// The message, by its inbox row.
    pub message: Option<i64>,
    /// The item of the message, from 1.
    pub item: u32,
}

/// A letter that names cases: what its receipt is told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referring {
    /// Number of the letter.
    pub number: u32,
    /// Who wrote it.
    pub author: String,
    /// The cases.
    pub cases: Vec<CaseKey>,
}

/// A dialog as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialog {
    /// Who takes part.
    pub readers: Vec<Reader>,
    /// Number of the last letter.
    pub letters: u32,
    /// Letters that name cases and that some receiver has not read yet.
    pub referring: Vec<Referring>,
}

impl Dialog {
    /// Somebody who takes part.
    #[must_use]
    pub fn reader(&self, participant: &str) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.participant == participant)
    }

    /// Takes in who takes part now, and how far each has read.
    pub(super) fn seat(&mut self, readers: &[Reader]) {
        for reader in readers {
            match self.readers.iter_mut().find(|known| known.participant == reader.participant) {
                Some(known) => known.clone_from(reader),
                None => self.readers.push(reader.clone()),
            }
        }
    }

    /// Takes in a letter.
    pub(super) fn post(&mut self, letter: &Letter) {
        self.letters = letter.number;
        let cases = cases(&letter.case.system, &letter.attached);
        if !cases.is_empty() {
            self.referring.push(Referring { number: letter.number, author: letter.author.clone(), cases });
        }
    }
}

/// The cases among what a letter names; each with its kind, which is filled in when the letter comes.
#[must_use]
pub fn cases(system: &str, attached: &[Attached]) -> Vec<CaseKey> {
    attached
        .iter()
        .filter(|one| one.what == CASE)
        .map(|one| CaseKey {
            system: system.to_owned(),
            kind: one.kind.clone().unwrap_or_default(),
            number: one.number.clone(),
        })
        .collect()
}
