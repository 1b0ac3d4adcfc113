//! Stand-ins on this machine for the world that people are told through: a mail server and a gateway that keep what they take and
//! answer by rule. For trials of settings and texts, for the demo, and for tests, where the rule is to misbehave.

pub mod gateway;
pub mod mail;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was taken so far.
#[derive(Debug)]
struct Taken<T>(Mutex<Vec<T>>);

impl<T: Clone> Taken<T> {
    fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn list(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
