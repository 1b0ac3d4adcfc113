//! The journal: sealing it piece by piece, and walking its chain to see that nothing was changed, removed or put in.

use std::time::Duration;

use serde::Serialize;

use crate::clock;
use crate::domain::journal::{Chain, Finding, SealHash};
use crate::store::{Piece, Sealing, Store, StoreFault, Unsealed};

/// Rows sealed in one piece.
pub const ROWS_MAX: u32 = 500;
/// How long nobody else seals after a piece: a sealer that died is followed by another one then.
const LEASE: Duration = Duration::from_secs(30);
/// Seals looked at together.
const PAGE: u32 = 1000;

/// What a walk along the chain came to.
#[derive(Debug)]
pub struct Verified {
    /// How many seals there are.
    pub seals: i64,
    /// What is not as it was sealed.
    pub findings: Vec<Finding>,
    /// Where the sealer left the chain: worth noting outside the store.
    pub end: (i64, SealHash),
    /// What waits for its seal.
    pub unsealed: Unsealed,
}

/// A finding, as other programs read it.
#[derive(Debug, Serialize)]
pub struct FindingView {
    /// Stable code.
    pub code: &'static str,
    /// The row that it is about.
    pub row: Option<i64>,
    /// In words.
    pub text: String,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self { code: finding.code(), row: finding.row(), text: finding.to_string() }
    }
}

/// A name for this process as a sealer, that no other one has.
#[must_use]
pub fn owner() -> String {
    format!("{}@{}", std::process::id(), uuid::Uuid::now_v7())
}

/// Seals what has been committed: one bounded piece.
pub async fn seal_once(store: &Store, owner: &str) -> Result<Sealing, StoreFault> {
    let now = clock::now();
    store.seal(Piece { owner, now, leased_until: now + LEASE, rows_max: ROWS_MAX }).await
}

/// Seals what is left and lets others seal at once.
pub async fn finish(store: &Store, owner: &str) -> Result<(), StoreFault> {
    while matches!(seal_once(store, owner).await?, Sealing::Done { rows, .. } if rows == ROWS_MAX as usize) {}
    store.release_sealer(owner).await
}

/// Walks the whole chain. `anchor` is a seal that was noted outside the store.
pub async fn verify(store: &Store, anchor: Option<(i64, SealHash)>) -> Result<Verified, StoreFault> {
    let mut chain = Chain::new(anchor);
    let end = loop {
        let page = store.seals(chain.last(), PAGE).await?;
        page.iter().for_each(|sealed| chain.take(sealed));
        if page.is_empty() {
            // A sealer at work may have gone on meanwhile.
            let end = store.sealer().await?;
            if end.seal <= chain.last() || store.seals(chain.last(), 1).await?.is_empty() {
                break (end.seal, end.hash);
            }
        }
    };
    let (mut findings, seals) = chain.end(end);
    let mut after = i64::MIN;
    loop {
        let page = store.unchained(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        findings.extend(page.into_iter().map(|row| Finding::RowInserted { row }));
    }
    after = i64::MIN;
    loop {
        let page = store.wrongly_unsealed(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        findings.extend(page.into_iter().map(|row| Finding::RowReplaced { row }));
    }
    Ok(Verified { seals, findings, end, unsealed: store.unsealed().await? })
}
