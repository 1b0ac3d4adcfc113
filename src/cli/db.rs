//! `db migrate`: brings the tables to this program's version.

use clap::Subcommand;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::store::Store;

/// Care for the embedded data base.
#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Create or upgrade the tables; does nothing where they are up to date.
    #[command(after_help = "Example:\n  mezhved db migrate --set store.path=data/store.sqlite")]
    Migrate,
}

impl Db {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let Self::Migrate = self;
        let config = layers.checked()?;
        let applied = assemble::runtime()?.block_on(Store::migrate(&config.store)).map_err(Failed::away)?;
        let path = config.store.path.display();
        if applied.is_empty() {
            show::line(&format!("{path}: up to date"));
        } else {
            show::line(&format!("{path}: migrated to version {}", applied.last().copied().unwrap_or_default()));
        }
        Ok(Exit::Well)
    }
}
