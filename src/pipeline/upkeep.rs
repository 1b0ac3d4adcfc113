//! What jobs do beside messages: contents that nothing refers to are removed, timers that are missing are started.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Pipeline;
use crate::apply::world::Needs;
use crate::apply::{self, Change};
use crate::clock;
use crate::store::StoreFault;

/// Names of one look.
const NAMES_MAX: usize = 500;
/// Documents and cases of one transaction.
const WATCHED_MAX: u32 = 500;

impl Pipeline {
    /// Removes contents that were last kept before a moment and that nothing refers to. Gives how many. Looking and removing is done while
    /// nobody else can write, so nothing begins to refer to them meanwhile: a message looks for the contents that it refers to in the
    /// transaction that names them. What a message brings, or found while it waits, may not be named yet: it was kept after the moment, and
    /// stays (see [`Contents::remove`](crate::store::Contents::remove)).
    ///
    /// # Errors
    /// The store or the contents' folder is away; what was removed so far was nobody's.
    pub async fn forget_orphans(&self, before: DateTime<Utc>) -> Result<u64, StoreFault> {
        let contents = self.contents.clone();
        let names = blocking(move || contents.kept_before(before)).await?;
        let mut removed = 0;
        for part in names.chunks(NAMES_MAX) {
            let mut transaction = self.store.begin().await?;
            let orphans = transaction.unreferred(part).await?;
            if !orphans.is_empty() {
                let contents = self.contents.clone();
                removed += blocking(move || contents.remove(&orphans, before)).await?;
            }
            transaction.commit(()).await?.into_run();
        }
        Ok(removed)
    }

    /// Starts the timers of documents and cases with a validity that have none. Gives how many.
    ///
    /// # Errors
    /// The store is away, or cannot be worked with.
    pub async fn watch(self: &Arc<Self>) -> Result<u64, StoreFault> {
        let watched = apply::watched(&self.lifecycles);
        let (mut started, mut after) = (0, 0);
        loop {
            let mut transaction = self.store.begin().await?;
            let (unwatched, last) = transaction.unwatched(&watched, after, WATCHED_MAX).await?;
            let Some(last) = last else { return Ok(started) };
            let mut needs = Needs::default();
            needs.cases.extend(unwatched.iter().map(|one| one.case.clone()));
            needs.documents.clone_from(&needs.cases);
            let world = transaction.facts(&needs).await?;
            let writes = apply::watch(&unwatched, &world, &self.context(clock::now(), [0; 32], &|_| None));
            started += writes.changes.iter().filter(|change| matches!(change, Change::Timer(..))).count() as u64;
            transaction.write(&writes).await?;
            transaction.commit(()).await?.into_run();
            after = last;
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::store::ContentFault> + Send + 'static,
) -> Result<T, StoreFault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|fault| StoreFault::Away(fault.to_string())),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
