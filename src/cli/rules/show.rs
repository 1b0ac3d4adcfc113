//! `rules show`: the rules of an element as a person reads them.

use clap::Args;

use super::sets::Chosen;
use crate::cli::{Done, Exit, Layers, show};

/// Show rules.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    chosen: Chosen,
}

impl Show {
    pub(super) fn run(self, layers: &Layers) -> Done {
        for set in &self.chosen.sets(layers)? {
            for element in set.elements() {
                show::line(&format!("{{{}}}{}", element.namespace(), element.local()));
            }
        }
        Ok(Exit::Well)
    }
}
