//! `rules`: what schemas say, as people read it, and sample documents that follow them.

mod example;
mod sets;
mod show;

use clap::Subcommand;

use super::{Done, Layers};

/// Rules of messages and documents.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Rules {
    /// Show the rules of an element as tables, or list the elements that documents may begin with.
    Show(show::Show),
    /// Print a sample document for an element: made up, seeded, valid.
    Example(example::Example),
}

impl Rules {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::Show(command) => command.run(layers),
            Self::Example(command) => command.run(layers),
        }
    }
}
