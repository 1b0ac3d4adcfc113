//! Work that gives way: on a thread of its own which the system runs when nobody else wants the processor, so that an export takes what
//! intake leaves. What such a thread starts gives way like it: SQLite's own thread of a connection that is opened here.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use tokio::sync::oneshot;

use super::ExportFault;

/// The lowest of the usual priorities. A thread cannot take it back, so no thread of a pool is ever given it.
const NICENESS: i32 = 19;

/// Does something that gives way. Left unfinished by whoever waits for it, it is done to its end all the same.
///
/// # Errors
/// The system gives no thread.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ExportFault> {
    let (sender, receiver) = oneshot::channel();
    let no_thread = || ExportFault::unwritable("a thread for an export");
    let thread = thread::Builder::new().name("export".to_owned()).spawn(move || {
        // Nobody is forbidden to give way; should it be so one day, the work is still to be done.
        let _as_it_was = rustix::process::setpriority_process(None, NICENESS);
        drop(sender.send(panic::catch_unwind(AssertUnwindSafe(work))));
    });
    thread.map_err(no_thread())?;
    match receiver.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panicked)) => panic::resume_unwind(panicked),
        Err(_) => Err(no_thread()(std::io::Error::other("it ended before its work did"))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The niceness of the thread that asks, as the system tells it.
    fn niceness() -> i32 {
        let told = fs::read_to_string("/proc/thread-self/stat").unwrap();
        // Behind the name, which may hold anything, the 17th value.
        told.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_done_aside_gives_way_with_all_that_it_starts_and_nobody_else_does() {
        let before = niceness();
        let (own, started) = aside(|| (niceness(), thread::spawn(niceness).join().unwrap())).await.unwrap();
        assert_eq!((own, started), (NICENESS, NICENESS));
        assert_eq!(
            tokio::task::spawn_blocking(niceness).await.unwrap(),
            before,
            "threads of the pool are as they were"
        );
    }

    #[tokio::test]
    #[should_panic(expected = "told")]
    async fn a_panic_aside_is_a_panic_of_whoever_waits() {
        drop(aside(|| panic!("told")).await);
    }
}
