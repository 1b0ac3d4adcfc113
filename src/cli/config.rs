//! `config show`: what is in force, with secrets left out.

use clap::Subcommand;

use super::{Done, Exit, Failed, Layers, show};
use crate::config::DEFAULT;

/// Show the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// The settings in force: default, file, environment and flags merged; passwords hidden.
    #[command(after_help = "Example:\n  MEZHVED__LOG__LEVEL=debug mezhved config show --config mezhved.toml")]
    Show,
    /// The documented default file, to begin your own from.
    #[command(after_help = "Example:\n  mezhved config default > mezhved.toml")]
    Default,
}

impl Config {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::Show => show::line(layers.written()?.shown().map_err(Failed::wrong)?.trim_end()),
            Self::Default => show::line(DEFAULT.trim_end()),
        }
        Ok(Exit::Well)
    }
}
