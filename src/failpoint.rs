//! Named points at which a test may end the process or fail the store, to show that nothing is lost there. They exist
//! only with the feature `fail-points`, which no release build has; without it every call is empty.
//!
//! The environment variable `MEZHVED_FAIL_POINT` arms them: `NAME` aborts the process at the first hit, `NAME:N` at the
//! N-th; `store:N` makes the N-th step of the store fail once as if the store were away.

use crate::store::StoreFault;

/// Every named point, in the order in which a message meets them.
pub const POINTS: &[&str] = &[
    "pipeline.received",
    "pipeline.prepared",
    "pipeline.contents-kept",
    "pipeline.before-write",
    "pipeline.before-commit",
    "pipeline.after-commit",
    "pipeline.after-ack",
    "relay.claimed",
    "relay.published",
    "relay.marked",
];

/// Ends the process here if the point is armed.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn hit(_name: &str) {}

/// Fails here if this step of the store is armed.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn store() -> Result<(), StoreFault> {
    Ok(())
}

#[cfg(feature = "fail-points")]
pub use armed::{arm_store, disarm_store, hit, store, store_steps};

#[cfg(feature = "fail-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::StoreFault;

    static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);
    static STORE_STEPS: AtomicU64 = AtomicU64::new(0);
    static STORE_FAILS_AT: AtomicU64 = AtomicU64::new(u64::MAX);

    fn armed() -> Option<&'static (String, u64)> {
        ARMED
            .get_or_init(|| {
                let written = crate::config::fail_point()?;
                let (name, count) = written.split_once(':').unwrap_or((&written, "1"));
                Some((name.to_owned(), count.parse().unwrap_or(1)))
            })
            .as_ref()
    }

    /// Ends the process here if the point is armed.
    pub fn hit(name: &str) {
        if let Some((point, count)) = armed()
            && point == name
            && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *count
        {
            std::process::abort();
        }
    }

    /// Fails here if this step of the store is armed.
    pub fn store() -> Result<(), StoreFault> {
        let step = STORE_STEPS.fetch_add(1, Ordering::SeqCst) + 1;
        let from_environment = armed().is_some_and(|(point, count)| point == "store" && step == *count);
        if from_environment || step == STORE_FAILS_AT.load(Ordering::SeqCst) {
            return Err(StoreFault::Away(format!("fail point at step {step}")));
        }
        Ok(())
    }

    /// Makes the store's `step`-th step from now fail once; counts from 1.
    pub fn arm_store(step: u64) {
        STORE_STEPS.store(0, Ordering::SeqCst);
        STORE_FAILS_AT.store(step, Ordering::SeqCst);
    }

    /// Lets the store work again.
    pub fn disarm_store() {
        STORE_FAILS_AT.store(u64::MAX, Ordering::SeqCst);
    }

    /// How many steps the store has made since it was armed.
    pub fn store_steps() -> u64 {
        STORE_STEPS.load(Ordering::SeqCst)
    }
}
