//! `completions` and `man`: what a packager installs beside the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Done, Exit, Failed, show};

/// Print a completion script.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mezhved completions bash > /etc/bash_completion.d/mezhved")]
pub(super) struct Completions {
    /// For which shell.
    shell: Shell,
}

/// Print or write manual pages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mezhved man | man -l -\n  mezhved man --folder /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Write one page a command into this folder; made where it is not there.
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Completions {
    pub(super) fn run(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "mezhved", &mut script);
        show::bytes(&script);
        Exit::Well
    }
}

impl Man {
    pub(super) fn run(self) -> Done {
        match self.folder {
            Some(folder) => std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
                .map_err(|fault| Failed::wrong(format!("{}: {fault}", folder.display())))?,
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failed::wrong)?;
                show::bytes(&page);
            }
        }
        Ok(Exit::Well)
    }
}
