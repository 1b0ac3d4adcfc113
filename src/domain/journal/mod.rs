//! The journal's hash chain: the canonical form of a row, and the SHA-256 that seals it to all rows before it. The form is
//! documented in `docs/journal.md`, so that anybody can compute it anew with other means.

mod chain;

use serde_json::json;
use sha2::{Digest, Sha256};

pub use chain::{Chain, Finding, Sealed};

/// Which canonical form it is: the first member of each.
const FORM: &str = "mezhved-journal/1";

/// The SHA-256 of a canonical form.
pub type SealHash = [u8; 32];

/// What the first seal is chained to.
pub const GENESIS: SealHash = [0; 32];

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What it was before, JSON.
    pub before: Option<String>,
    /// What it is now, JSON.
    pub after: Option<String>,
}

impl Entry {
    /// The canonical form under a seal: a JSON array without white space, in UTF-8, of the form's name, the number of the
    /// seal, the previous seal in lower-case hexadecimal digits, and the row's columns in the order of the table.
    #[must_use]
    pub fn canonical(&self, seal: i64, previous: &SealHash) -> String {
        json!([
            FORM,
            seal,
            hex::encode(previous),
            self.id,
            self.at,
            self.actor,
            self.action,
            self.subject,
            self.before,
            self.after
        ])
        .to_string()
    }

    /// The seal over the canonical form.
    #[must_use]
    pub fn hash(&self, seal: i64, previous: &SealHash) -> SealHash {
        Sha256::digest(self.canonical(seal, previous)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash was computed with Python: `hashlib.sha256(json.dumps([…], ensure_ascii=False, separators=(",", ":")).encode())`.
    #[test]
    fn the_canonical_form_is_what_the_page_says() {
        let entry = Entry {
            id: 17,
            at: 1_772_442_000_123,
            actor: "Иванова \"А\"".into(),
            action: "dead-letter.discard".into(),
            subject: "dead-letter:3".into(),
            before: Some("{\"state\":\"open\"}".into()),
            after: None,
        };
        let canonical = entry.canonical(5, &GENESIS);
        assert_eq!(
            canonical,
            "[\"mezhved-journal/1\",5,\"0000000000000000000000000000000000000000000000000000000000000000\",17,\
             1772442000123,\"Иванова \\\"А\\\"\",\"dead-letter.discard\",\"dead-letter:3\",\
             \"{\\\"state\\\":\\\"open\\\"}\",null]"
        );
        assert_eq!(
            hex::encode(entry.hash(5, &GENESIS)),
            "4446a2b14cc6ce11f2a0d45d77bef3f6a01303175ac7f77db2d3a92d4651aada"
        );
    }
}
