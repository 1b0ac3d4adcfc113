//! The stories: messages through the real pipeline, on the real store and the real broker.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story fails where something is not as it must be")]

mod broker;
mod commands;
mod daemon;
mod differential;
mod faults;
mod fixtures;
mod hostile;
mod journal;
mod logs;
mod messages;
mod notify;
mod outcomes;
mod outgoing;
mod routing;
mod sixth;
mod specimens;
mod support;
mod tidy;
mod walk;
mod well_formed;
mod xsts;
