//! `completions` and `man`: what a packager installs beside the program.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man as Pages;
use clap_mangen::roff::{Roff, bold, roman};

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
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        match self.folder {
            Some(folder) => {
                let unwritable = |fault: std::io::Error| Failed::wrong(format!("{}: {fault}", folder.display()));
                std::fs::create_dir_all(&folder).map_err(unwritable)?;
                write_all(&command, &folder).map_err(unwritable)?;
            }
            None => show::bytes(&page(command).map_err(Failed::wrong)?),
        }
        Ok(Exit::Well)
    }
}

/// Writes the pages of a command and of all below it.
fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_all(below, folder)?;
    }
    let name = Pages::new(command.clone()).get_filename();
    std::fs::write(folder.join(name), page(command.clone())?)
}

/// The manual page of a command. What its help says at its end is parted into sections: filled as a paragraph, examples would be no more what
/// one types.
fn page(command: Command) -> io::Result<Vec<u8>> {
    let help = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default();
    let has_version = command.get_version().is_some();
    let has_below = command.get_subcommands().any(|below| !below.is_hide_set());
    let pages = Pages::new(command);
    let mut page = Vec::new();
    pages.render_title(&mut page)?;
    pages.render_name_section(&mut page)?;
    pages.render_synopsis_section(&mut page)?;
    pages.render_description_section(&mut page)?;
    pages.render_options_section(&mut page)?;
    if has_below {
        pages.render_subcommands_section(&mut page)?;
    }
    let (mut exit, mut notes, mut examples) = (Vec::new(), Vec::new(), Vec::new());
    for part in help.split("\n\n").filter(|part| !part.trim().is_empty()) {
        match part.split_once(':') {
            Some(("Example" | "Examples", lines)) => examples.extend(lines.lines()),
            Some(("Exit codes", text)) => exit.push(text.trim()),
            Some((head, _)) if head.starts_with("Exit code ") => exit.push(part.trim_start_matches("Exit code ")),
            _ => notes.push(part),
        }
    }
    paragraphs("EXIT STATUS", &exit).to_writer(&mut page)?;
    paragraphs("NOTES", &notes).to_writer(&mut page)?;
    examples_section(&examples).to_writer(&mut page)?;
    if has_version {
        pages.render_version_section(&mut page)?;
    }
    Ok(page)
}

fn paragraphs(heading: &str, texts: &[&str]) -> Roff {
    let mut section = Roff::new();
    for (number, text) in texts.iter().enumerate() {
        match number {
            0 => section.control("SH", [heading]),
            _ => section.control("PP", []),
        };
        section.text([roman(*text)]);
    }
    section
}

/// Examples, each line as it is; what is said beside a command stands below it.
fn examples_section(lines: &[&str]) -> Roff {
    let mut section = Roff::new();
    let mut lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).peekable();
    if lines.peek().is_none() {
        return section;
    }
    section.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in lines {
        // Within quotes, spaces are part of the command.
        let unquoted = |at: usize| line[..at].matches('\'').count() % 2 == 0;
        let gap = line.match_indices("  ").map(|(at, _)| at).find(|at| unquoted(*at)).unwrap_or(line.len());
        let (command, said) = line.split_at(gap);
        section.text([bold(command)]);
        if !said.is_empty() {
            section.text([roman(format!("    {}", said.trim()))]);
        }
    }
    section.control("fi", []);
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_stay_lines_and_what_is_said_beside_them_stands_below() {
        let help = "Exit code 1: nothing is stuck.\n\nMore\nwords.\n\nExamples:\n  mezhved a --b      why\n  MEZHVED__A=1 mezhved c 'd  e'";
        let page = page(Command::new("mezhved").after_help(help)).unwrap();
        let page = String::from_utf8(page).unwrap();
        for part in [
            ".SH \"EXIT STATUS\"\n1: nothing is stuck.\n",
            ".SH NOTES\nMore\nwords.\n",
            ".SH EXAMPLES\n.nf\n\\fBmezhved a \\-\\-b\\fR\n    why\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(page.trim_end().ends_with("\n.fi"), "{page}");
        assert!(page.contains("'d  e'") || page.contains("\\*(Aqd  e"), "{page}");
    }
}
