//! How many bytes of bodies one connection has brought that are not acknowledged yet. Beyond a limit its stream is hardly read
//! any more: prefetch counts messages, whatever their size, and a sender may put long ones into any queue. What is not read
//! waits at the broker, whose own socket is full then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

/// Bytes of whole bodies that are under way between the stream and the acknowledgement.
#[derive(Debug, Clone)]
pub(super) struct Held(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes_max: u64,
    trickle: Duration,
    timer: Handle,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    /// Answers of the broker are waited for, or the connection ends.
    unbounded: bool,
    reader: Option<Waker>,
}

impl Held {
    /// Nothing yet. `trickle`: a connection that is silent for several times this long is taken for dead, so a full one still reads a
    /// little so often; lapin reads on a thread of its own, so the runtime whose clock counts comes along.
    pub(super) fn new(bytes_max: usize, trickle: Duration, timer: Handle) -> Self {
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        Self(Arc::new(Inner { bytes_max, trickle, timer, state: Mutex::default() }))
    }

    /// The time that a full connection may stay unread.
    pub(super) fn pause(&self) -> Pin<Box<Sleep>> {
        let _entered = self.0.timer.enter();
        Box::pin(sleep(self.0.trickle))
    }

    /// Bodies are there as a whole.
    pub(super) fn arrived(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_add(bytes);
    }

    /// Bodies are acknowledged.
    pub(super) fn released(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        self.wake(state);
    }

    /// Everything is read from now on, however much that is.
    pub(super) fn unbounded(&self) {
        let mut state = self.state();
        state.unbounded = true;
        self.wake(state);
    }

    /// Waits until more may be read.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if self.has_room(&state) {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn has_room(&self, state: &State) -> bool {
        state.unbounded || state.bytes <= self.0.bytes_max
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let reader = if self.has_room(&state) { state.reader.take() } else { None };
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
