//! `notify templates`: check the texts of the folder, or write the built-in ones as files to edit.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::{Done, Exit, Failed, Layers, assemble, show};
use crate::assemble::template_files;
use crate::notify::{Language, Texts};

/// The texts.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Templates {
    /// Check every file of the folder in every language: unknown events and values, syntax, length of short texts.
    Check(Check),
    /// Write the built-in texts into a folder, one file each, to be edited there.
    Export(Export),
}

/// Which folder.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The folder; without it the configured one.
    folder: Option<PathBuf>,
}

/// Where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// The folder; files that are there already are kept.
    folder: PathBuf,
    /// `ru` or `en`; without it both.
    #[arg(long, value_parser = ["ru", "en"])]
    language: Option<String>,
}

impl Templates {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::Check(check) => check.run(layers),
            Self::Export(export) => export.run(layers),
        }
    }
}

impl Check {
    fn run(self, layers: &Layers) -> Done {
        let mut config = layers.checked()?;
        let folder = self.folder.or_else(|| config.notify.templates.take());
        // The folder is judged here, language by language: it must not stop the rules from being made.
        config.notify.templates = None;
        let rules = assemble::rules(&config)?;
        let files = template_files(folder.as_deref()).map_err(Failed::wrong)?;
        let mut faults = 0;
        for language in Language::ALL {
            match Texts::compile(&rules.lifecycles, language, &files) {
                Ok(texts) => {
                    texts.warnings().iter().for_each(|warning| show::line(&format!("note  {warning}")));
                    show::line(&format!("ok    {}: {} texts", language.code(), texts.sources().len()));
                }
                Err(found) => {
                    faults += found.len();
                    found.iter().for_each(|fault| show::line(&format!("FAULT {fault}")));
                }
            }
        }
        Ok(if faults == 0 { Exit::Well } else { Exit::Found })
    }
}

impl Export {
    fn run(self, layers: &Layers) -> Done {
        let mut config = layers.checked()?;
        config.notify.templates = None;
        let rules = assemble::rules(&config)?;
        let chosen = self.language.as_deref().and_then(Language::parse);
        let (mut written, mut kept) = (0, 0);
        for language in Language::ALL.into_iter().filter(|one| chosen.is_none_or(|chosen| chosen == *one)) {
            let texts = Texts::compile(&rules.lifecycles, language, &std::collections::BTreeMap::new());
            let texts = texts.map_err(|faults| Failed::wrong(faults.join("\n")))?;
            for (name, source) in texts.sources() {
                let path = self.folder.join(&name);
                if path.exists() {
                    kept += 1;
                    continue;
                }
                let unwritable = |fault: std::io::Error| Failed::wrong(format!("{}: {fault}", path.display()));
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(unwritable)?;
                }
                std::fs::write(&path, format!("{}\n", source.trim_end())).map_err(unwritable)?;
                written += 1;
            }
        }
        show::line(&format!("{written} texts written, {kept} were there already"));
        Ok(Exit::Well)
    }
}
