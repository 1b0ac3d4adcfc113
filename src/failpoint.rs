//! Named points at which a test may end the process or fail the store, to show that nothing is lost there. They exist
//! only with the feature `fail-points`, which no release build has; without it every call is empty.
//!
//! The environment variable `MEZHVED_FAIL_POINT` arms them: `NAME` aborts the process at the first hit, `NAME:N` at the
//! N-th. A test in the same process makes the N-th step of one store fail once, as if the store were away.

#[cfg(not(feature = "fail-points"))]
use std::path::Path;

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
    "notify.told",
    "notify.claimed",
    "notify.handed-over",
    "notify.marked",
];

/// Every named point of the journal's sealer, in their order.
pub const SEALER_POINTS: &[&str] = &["sealer.leased", "sealer.written", "sealer.before-commit", "sealer.after-commit"];

/// The named points that due timers meet.
pub const TIMER_POINTS: &[&str] = &["timers.before-write", "timers.before-commit", "timers.after-commit"];

/// The named point between the work of a job and its mark.
pub const SCHEDULE_POINTS: &[&str] = &["schedule.ran"];

/// Every named point of an export, in order. `export.disk:N` is none of them: the disk is full after N bytes of a file.
pub const EXPORT_POINTS: &[&str] = &[
    "export.begun",
    "export.read",
    "export.written",
    "export.kept",
    "export.made",
    "export.before-rename",
    "export.delivered",
];

/// Ends the process here if the point is armed.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn hit(_name: &str) {}

/// Fails here if the disk is to be full by now.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn disk(_bytes: usize) -> std::io::Result<()> {
    Ok(())
}

/// Panics here over a message that a test has armed.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn stumble(_step: &str, _body: &[u8]) {}

/// Fails here if this step of the store is armed.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub fn store(_path: &Path) -> Result<(), StoreFault> {
    Ok(())
}

#[cfg(feature = "fail-points")]
pub use armed::{arm_store, arm_stumble, disarm_store, disk, hit, store, stumble};

#[cfg(feature = "fail-points")]
mod armed {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    use super::StoreFault;

    /// The point at which a disk is full.
    const DISK: &str = "export.disk";

    static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);
    static STORES: Mutex<Option<HashMap<PathBuf, Steps>>> = Mutex::new(None);
    static STUMBLES: Mutex<Vec<(&'static str, Vec<u8>)>> = Mutex::new(Vec::new());

    /// Steps of one store since it was armed.
    #[derive(Debug, Clone, Copy, Default)]
    struct Steps {
        made: u64,
        fails_at: u64,
    }

    fn armed() -> Option<&'static (String, u64)> {
        ARMED
            .get_or_init(|| {
                let written = crate::config::fail_point()?;
                let (name, count) = written.split_once(':').unwrap_or((&written, "1"));
                Some((name.to_owned(), count.parse().unwrap_or(1)))
            })
            .as_ref()
    }

    fn stores() -> MutexGuard<'static, Option<HashMap<PathBuf, Steps>>> {
        STORES.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Fails here if the disk is to be full by now: `export.disk:N` takes N bytes.
    pub fn disk(bytes: usize) -> std::io::Result<()> {
        if let Some((point, limit)) = armed()
            && point == DISK
            && HITS.fetch_add(bytes as u64, Ordering::SeqCst) + bytes as u64 > *limit
        {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Fails here if this step of the store is armed.
    pub fn store(path: &Path) -> Result<(), StoreFault> {
        let mut stores = stores();
        let Some(steps) = stores.as_mut().and_then(|stores| stores.get_mut(path)) else { return Ok(()) };
        steps.made += 1;
        if steps.made == steps.fails_at {
            return Err(StoreFault::Away(format!("fail point at step {}", steps.made)));
        }
        Ok(())
    }

    /// Panics here over a message that is armed.
    ///
    /// # Panics
    /// That is what it is for.
    pub fn stumble(step: &str, body: &[u8]) {
        let over = {
            let armed = STUMBLES.lock().unwrap_or_else(PoisonError::into_inner);
            armed.iter().any(|(at, word)| *at == step && body.windows(word.len()).any(|part| part == word))
        };
        assert!(!over, "a fail point");
    }

    /// Makes this step panic over every message that holds this word, from now on.
    pub fn arm_stumble(step: &'static str, word: &str) {
        STUMBLES.lock().unwrap_or_else(PoisonError::into_inner).push((step, word.as_bytes().to_vec()));
    }

    /// Makes this store's `step`-th step from now fail once; counts from 1.
    pub fn arm_store(path: &Path, step: u64) {
        stores().get_or_insert_default().insert(path.to_path_buf(), Steps { made: 0, fails_at: step });
    }

    /// Lets the store work again; gives how many steps it has made since it was armed.
    pub fn disarm_store(path: &Path) -> u64 {
        stores().as_mut().and_then(|stores| stores.remove(path)).unwrap_or_default().made
    }
}
