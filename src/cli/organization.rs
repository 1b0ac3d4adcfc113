//! `organization list`: cases of the kinds that staff, powers, roles and certificates belong to.

use clap::Subcommand;

use super::case::List;
use super::{Done, Layers};

const EXAMPLES: &str = "Examples:
  mezhved organization list --status 'Зарегистрировано' --since 2026-03-01
  mezhved organization list --inn 9999000014
  mezhved organization list --text 'Образец' --csv";

/// Organizations.
#[derive(Debug, Subcommand)]
pub(super) enum Organization {
    /// List organizations, by INN, OGRN, status, agency, period and words.
    #[command(after_help = EXAMPLES)]
    List(Box<List>),
}

impl Organization {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let Self::List(list) = self;
        list.organizations(layers)
    }
}
