//! The stories: messages through the real pipeline, on the real store and the real broker.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story fails where something is not as it must be")]

mod bad_input;
mod broker;
mod codes;
mod commands;
mod consistency;
mod contents;
mod coverage;
mod daemon;
mod differential;
mod every_kind;
mod exports;
mod extracts;
mod faults;
mod fixtures;
mod fuzzed;
mod hostile;
mod journal;
mod logs;
mod messages;
mod notify;
mod orders;
mod outcomes;
mod outgoing;
mod routing;
mod schedule;
mod search;
mod sixth;
mod specimens;
mod steps;
mod support;
mod tidy;
mod timers;
mod walk;
mod well_formed;
mod xsts;
