//! `document list` finds documents; `document verify` holds the content files against what the store names.

mod list;
mod verify;

use clap::Subcommand;

use super::{Done, Layers};

/// Documents of cases.
#[derive(Debug, Subcommand)]
pub(super) enum Document {
    /// Find documents by case, party, type, number, state, period and words.
    List(Box<list::List>),
    /// Find missing, changed and left-over content files; exit code 1 where there are any.
    Verify(verify::Verify),
}

impl Document {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::List(list) => list.run(layers),
            Self::Verify(verify) => verify.run(layers),
        }
    }
}
