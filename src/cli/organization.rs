//! `organization list`: cases of the kinds that staff, powers, roles and certificates belong to.

use clap::Subcommand;

use super::case::List;
use super::{Done, Layers};

/// Organizations.
#[derive(Debug, Subcommand)]
pub(super) enum Organization {
    /// List organizations, by INN, OGRN, status, agency, period and words.
    List(Box<List>),
}

impl Organization {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let Self::List(list) = self;
        list.organizations(layers)
    }
}
