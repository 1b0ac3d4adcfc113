//! What the store's own order is held against: contents that rows name, and rows that fit together.

use serde::Serialize;

use super::{Store, StoreFault};

/// Rows that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// Stable code of the rule that they break.
    pub rule: &'static str,
    /// Which rows.
    pub subject: String,
}

/// How many cases stand somewhere, or moved from one status to another, or have timers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// System.
    pub system: String,
    /// Kind.
    pub kind: String,
    /// Status before; none: they stand in `to`, or were opened there.
    pub from: Option<String>,
    /// Status.
    pub to: String,
    /// Whether they count as open applications.
    pub open: bool,
    /// How many.
    pub rows: i64,
    /// The number of one of them.
    pub example: String,
}

impl Store {
    /// SHA-256 of contents that rows name, in order, after one; at most `limit`.
    pub async fn contents_named(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreFault> {
        self.db.contents_named(after, limit).await
    }

    /// Which of these contents no row names.
    pub async fn contents_unnamed(&self, among: &[String]) -> Result<Vec<String>, StoreFault> {
        self.db.contents_unnamed(among).await
    }

    /// Which rows name a content, in words; a few of them.
    pub async fn content_named_by(&self, sha256: &str) -> Result<Vec<String>, StoreFault> {
        self.db.content_named_by(sha256).await
    }

    /// Rows that do not fit together; of each rule at most `limit`.
    pub async fn misfits(&self, limit: u32) -> Result<Vec<Misfit>, StoreFault> {
        self.db.misfits(limit).await
    }

    /// Where cases stand.
    pub async fn standing(&self) -> Result<Vec<Tally>, StoreFault> {
        self.db.standing().await
    }

    /// Which moves cases made, and where they were opened.
    pub async fn moves(&self) -> Result<Vec<Tally>, StoreFault> {
        self.db.moves().await
    }

    /// Where cases stand whose timers are still to go off, but for those of documents and requests, which outlive their case.
    pub async fn timed(&self) -> Result<Vec<Tally>, StoreFault> {
        self.db.timed().await
    }
}
