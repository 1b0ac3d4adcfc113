//! What every command begins with: the layers of the configuration, a runtime, the rooms it works on.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Failed, Layers};
use crate::assemble::{self, AssembleFault, Rules};
use crate::config::{self, Config, Written};
use crate::pipeline::Pipeline;
use crate::store::Store;
use crate::telemetry;

impl Layers {
    fn file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(config::file_from_environment)
    }

    fn flags(&self) -> Result<Vec<(String, String)>, Failed> {
        let flag = |pair: &String| match pair.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(Failed::wrong(format!("--set {pair}: write SECTION.KEY=VALUE"))),
        };
        self.set.iter().map(flag).collect()
    }

    /// The merged configuration, as written.
    pub(super) fn written(&self) -> Result<Written, Failed> {
        config::load(self.file().as_deref(), &self.flags()?).map_err(Failed::wrong)
    }

    /// The configuration, checked. A fault says where the setting stands.
    pub(super) fn checked(&self) -> Result<Config, Failed> {
        let flags = self.flags()?;
        Config::check(&self.written()?).map_err(|fault| match config::place(&fault, self.file().as_deref(), &flags) {
            Some(place) => Failed::wrong(format!("{place}: {fault}")),
            None => Failed::wrong(fault),
        })
    }
}

impl From<AssembleFault> for Failed {
    fn from(fault: AssembleFault) -> Self {
        match fault {
            AssembleFault::Rules(_) => Self::wrong(fault),
            AssembleFault::Store(_) | AssembleFault::Contents(_) => Self::away(fault),
        }
    }
}

/// Schemas, bindings and lifecycles.
pub(super) fn rules(config: &Config) -> Result<Rules, Failed> {
    Ok(assemble::rules(config)?)
}

/// A runtime for one command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failed::away)
}

/// Everything, with the store made or migrated: for what takes messages in.
pub(super) async fn founded(config: Config) -> Result<Arc<Pipeline>, Failed> {
    let rules = warned(&config)?;
    Ok(assemble::pipeline(config, &rules).await?)
}

/// Everything, over the store as it is.
pub(super) async fn pipeline(config: Config) -> Result<Arc<Pipeline>, Failed> {
    let rules = warned(&config)?;
    Ok(assemble::pipeline_existing(config, &rules).await?)
}

fn warned(config: &Config) -> Result<Rules, Failed> {
    let rules = rules(config)?;
    for warning in rules.rulebook.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(rules)
}

/// The store alone, as it is.
pub(super) async fn store(config: &Config) -> Result<Store, Failed> {
    Store::open_existing(&config.store).await.map_err(Failed::away)
}

/// Starts logging as configured.
pub(super) fn log(config: &Config) -> Result<(), Failed> {
    telemetry::log(&config.log_level, config.log_format).map_err(Failed::wrong)
}
