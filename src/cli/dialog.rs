//! `dialog`: which dialogs there are, found by word, date and participant, and what was written in one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::listing::{Cell, Page, csv};
use super::period::Period;
use super::{Done, Exit, Failed, Layers, assemble, known, page, show};
use crate::apply::Lifecycles;
use crate::config::Config;
use crate::domain::dialog::{DialogRole, words};
use crate::sheet::Sheet;
use crate::store::{DialogFilter, DialogRow, DialogView, LetterView};

/// Dialogs.
#[derive(Debug, Subcommand)]
pub(super) enum Dialog {
    /// List dialogs, oldest first.
    List(List),
    /// Show a dialog: who takes part, what was written, what is unread.
    Show(Show),
}

const LIST_AFTER: &str = "Example:
  mezhved dialog list --participant MINSTROY --unread --word отчёт --since 2026-03-01";

/// Which dialogs.
#[derive(Debug, Args)]
#[command(after_help = LIST_AFTER)]
pub(super) struct List {
    /// Only of this system.
    #[arg(long)]
    system: Option<String>,
    /// Only with this participant.
    #[arg(long, value_name = "CODE")]
    participant: Option<String>,
    /// Only where one letter holds this word; several: all of them.
    #[arg(long, value_name = "WORD")]
    word: Vec<String>,
    /// Only with a letter of this time.
    #[command(flatten)]
    written: Period,
    /// Only where something is unread, by the participant if one is named.
    #[arg(long)]
    unread: bool,
    #[command(flatten)]
    page: Page,
}

const SHOW_AFTER: &str = "Example:
  mezhved dialog show ПР-2026-00000001 --csv > dialog.csv
  mezhved dialog show ПР-2026-00000001 --pdf dialog.pdf";

/// Which dialog.
#[derive(Debug, Args)]
#[command(after_help = SHOW_AFTER)]
pub(super) struct Show {
    /// Its number.
    number: String,
    /// Its system, where several have this number.
    #[arg(long)]
    system: Option<String>,
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print its letters as CSV.
    #[arg(long)]
    csv: bool,
    /// Print a page to read and print.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    html: bool,
    /// Write the same as PDF into this file; `-`: standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv", "html"])]
    pdf: Option<PathBuf>,
}

impl Dialog {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let lifecycles = assemble::rules(&config)?.lifecycles;
        let runtime = assemble::runtime()?;
        match self {
            Self::List(list) => {
                known::case_system(list.system.as_ref(), &lifecycles)?;
                let filter = list.filter(&config)?;
                let rows = runtime.block_on(async {
                    let store = assemble::store(&config).await?;
                    store.dialogs(&filter).await.map_err(Failed::away)
                })?;
                list.print(&rows, &config, &lifecycles)
            }
            Self::Show(show) => {
                known::case_system(show.system.as_ref(), &lifecycles)?;
                let found = runtime.block_on(async {
                    let store = assemble::store(&config).await?;
                    store.dialog(show.system.as_deref(), &show.number).await.map_err(Failed::away)
                })?;
                match found {
                    Some(dialog) => show.print(&dialog, &config, &lifecycles),
                    None => Err(Failed { exit: Exit::Found, text: format!("there is no dialog {}", show.number) }),
                }
            }
        }
    }
}

impl List {
    fn filter(&self, config: &Config) -> Result<DialogFilter, Failed> {
        let searched: Vec<String> = self.word.iter().flat_map(|word| words(word)).collect();
        if searched.is_empty() && !self.word.is_empty() {
            return Err(Failed::wrong("--word wants a word of at least two letters"));
        }
        Ok(DialogFilter {
            system: self.system.clone(),
            participant: self.participant.clone(),
            words: searched,
            written: self.written.span(config.zone)?,
            unread: self.unread,
            after: self.page.after,
            limit: self.page.limit,
        })
    }

    fn print(&self, rows: &[DialogRow], config: &Config, lifecycles: &Lifecycles) -> Done {
        let headings = [
            ("no", "id"),
            ("system", "system"),
            ("number", "number"),
            ("title", "title"),
            ("status", "status"),
            ("participants", "participants"),
            ("letters", "letters"),
            ("last", "last_at"),
            ("unread", "unread"),
        ];
        let cells = |row: &DialogRow| {
            vec![
                row.id.into(),
                (&row.system).into(),
                (&row.number).into(),
                (&row.title).into(),
                page::label(lifecycles.kind(&row.system, &row.kind), &row.status).into(),
                row.participants.join(" ").into(),
                row.letters.into(),
                Cell::moment(row.last_at),
                row.unread.into(),
            ]
        };
        self.page.print(rows, &headings, config.zone, cells, |row| row.id)
    }
}

impl Show {
    fn print(&self, dialog: &DialogView, config: &Config, lifecycles: &Lifecycles) -> Done {
        let moment = |at: i64| show::moment(at, config.zone);
        if self.json {
            show::json(dialog)?;
            return Ok(Exit::Well);
        }
        if self.csv {
            let cells = |letter: &LetterView| {
                vec![
                    letter.number.into(),
                    Cell::Moment(letter.posted_at),
                    (&letter.author).into(),
                    (&letter.text).into(),
                    attached(letter).into(),
                    files(letter).into(),
                ]
            };
            let headings = ["number", "posted_at", "author", "text", "attached", "files"];
            csv(&headings, dialog.letters.iter().map(cells))?;
            return Ok(Exit::Well);
        }
        if self.html {
            page::print(&[sheet(dialog, config)]);
            return Ok(Exit::Well);
        }
        if let Some(path) = &self.pdf {
            return page::keep(&[sheet(dialog, config)], path);
        }
        let status = page::label(lifecycles.kind(&dialog.system, &dialog.kind), &dialog.status);
        show::line(&format!("dialog {} of {}: {}, {status}", dialog.number, dialog.system, dialog.title));
        let mut table = show::table(&["participant", "role", "unread", "last read"]);
        for reader in &dialog.readers {
            let role = DialogRole::parse(&reader.role).map_or(reader.role.as_str(), |role| role.label());
            let read = reader.read_at.map(moment);
            let unread = reader.unread.to_string();
            table.add_row([reader.participant.as_str(), role, &unread, &show::or_dash(read.as_deref())]);
        }
        show::print(&table);
        for letter in &dialog.letters {
            show::line(&format!("{}. {}, {}", letter.number, letter.author, moment(letter.posted_at)));
            letter.text.lines().for_each(|line| show::line(&format!("   {line}")));
            for (what, list) in [("attached", attached(letter)), ("files", files(letter))] {
                if !list.is_empty() {
                    show::line(&format!("   {what}: {list}"));
                }
            }
        }
        Ok(Exit::Well)
    }
}

fn sheet(dialog: &DialogView, config: &Config) -> Sheet {
    let with = |letter: &LetterView| {
        let parts = [attached(letter), files(letter)].into_iter();
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    let with: Vec<_> = dialog.letters.iter().map(with).collect();
    page::dialog(dialog, &with, config)
}

fn attached(letter: &LetterView) -> String {
    let one = |attached: &crate::apply::letters::Attached| match &attached.kind {
        Some(kind) => format!("{} {kind} {}", attached.what, attached.number),
        None => format!("{} {}", attached.what, attached.number),
    };
    letter.attached.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn files(letter: &LetterView) -> String {
    letter
        .files
        .iter()
        .map(|file| format!("{} (version {})", file.file_name, file.version))
        .collect::<Vec<_>>()
        .join("; ")
}
