//! The stories: messages through the real pipeline, on the real store and the real broker.

mod daemon;
mod faults;
mod fixtures;
mod logs;
mod outcomes;
mod sixth;
mod support;
mod tidy;
