//! How verdicts are printed: places as compilers show them, plain lines, or JSON.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::Found;
use super::excerpt::Excerpt;
use super::finding::{Finding, Judged};
use crate::cli::{Exit, Failed, show};
use crate::schema::SchemaFault;
use crate::xml::Language;

/// Columns where the width of the terminal is not known.
const COLUMNS: u16 = 110;
/// Alternatives told of a long list.
const EXPECTED_MAX: usize = 12;

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// A form of printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object a file.
    Json,
    /// `file:line:column: code (constraint): text`, one line a finding.
    Lines,
    /// With the place in the document.
    Places {
        /// In colour.
        colour: bool,
    },
}

/// Prints verdicts and counts them.
#[derive(Debug)]
pub(super) struct Report {
    form: Form,
    language: Language,
    columns: usize,
    files: usize,
    invalid: usize,
    unread: usize,
    findings: usize,
}

impl Report {
    pub(super) fn new(form: Form, language: Language) -> Self {
        let columns = show::width().unwrap_or(COLUMNS).into();
        Self { form, language, columns, files: 0, invalid: 0, unread: 0, findings: 0 }
    }

    /// Prints the verdict on a file with the excerpts of its findings, or why there is none.
    pub(super) fn add(&mut self, path: &Path, judged: io::Result<Found>) -> Result<(), Failed> {
        let (judged, excerpts) = match judged {
            Ok(judged) => judged,
            Err(fault) => return self.unreadable(path, &format!("{}: {fault}", path.display())),
        };
        self.files += 1;
        self.invalid += usize::from(!judged.valid);
        self.findings += judged.violations.len();
        match self.form {
            Form::Json => return show::json(&judged),
            Form::Lines => self.lines(&judged),
            Form::Places { colour } => self.places(&judged, &excerpts, Paint(colour)),
        }
        Ok(())
    }

    /// Tells of a file that could not be read, and why.
    pub(super) fn unreadable(&mut self, path: &Path, why: &str) -> Result<(), Failed> {
        self.files += 1;
        self.unread += 1;
        show::error(why);
        match self.form {
            Form::Json => show::json(&Judged::unreadable(path.display().to_string(), why.to_owned())),
            Form::Lines | Form::Places { .. } => Ok(()),
        }
    }

    /// Tells programs of schemas that are wrong, one object a document; people are told otherwise.
    pub(super) fn refused(&self, faults: &[SchemaFault]) -> Result<(), Failed> {
        if self.form != Form::Json {
            return Ok(());
        }
        let mut by_file: BTreeMap<&str, Vec<&SchemaFault>> = BTreeMap::new();
        for fault in faults {
            by_file.entry(&fault.file).or_default().push(fault);
        }
        by_file.into_iter().try_for_each(|(file, faults)| show::json(&Judged::schema(file.to_owned(), &faults)))
    }

    /// Prints what it comes to, and gives the exit code of that.
    pub(super) fn finish(&self) -> Exit {
        let (files, invalid, findings) = (self.files, self.invalid, self.findings);
        let valid = files - invalid - self.unread;
        let unread = |word: &str| if self.unread > 0 { format!(", {word}: {}", self.unread) } else { String::new() };
        match (self.form, self.language) {
            (Form::Json, _) => {}
            (_, Language::English) => {
                let unread = unread("unreadable");
                show::line(&format!(
                    "files: {files}, valid: {valid}, invalid: {invalid}{unread}, violations: {findings}"
                ));
            }
            (_, Language::Russian) => {
                let unread = unread("не прочитано");
                show::line(&format!(
                    "файлов: {files}, верных: {valid}, неверных: {invalid}{unread}, нарушений: {findings}"
                ));
            }
        }
        match (self.unread, invalid) {
            (0, 0) => Exit::Well,
            (0, _) => Exit::Found,
            _ => Exit::Wrong,
        }
    }

    fn lines(&self, judged: &Judged) {
        if judged.valid {
            return show::line(&format!("{}: {}", judged.file, self.word("valid", "верен")));
        }
        for found in &judged.violations {
            let place = match (found.line, found.column) {
                (Some(line), Some(column)) => format!(":{line}:{column}"),
                _ => String::new(),
            };
            show::line(&format!("{}{place}: {}: {}", judged.file, rule(found), flat(&found.text)));
        }
        self.more(judged);
    }

    fn places(&self, judged: &Judged, excerpts: &[Option<Excerpt>], paint: Paint) {
        if judged.valid {
            let word = paint.with(GREEN, self.word("valid", "верен"));
            return show::line(&format!("{}: {word}", judged.file));
        }
        for (number, found) in judged.violations.iter().enumerate() {
            let head = paint.with(RED, &rule(found));
            show::line(&format!("{head}: {}", paint.with(BOLD, &flat(&found.text))));
            let line = found.line.map(|line| line.to_string()).unwrap_or_default();
            let gutter = " ".repeat(line.len());
            let edge = paint.with(BLUE, "|");
            let column = found.column.map(|column| format!(":{line}:{column}")).unwrap_or_default();
            show::line(&format!("{gutter}{} {}{column}", paint.with(BLUE, "-->"), judged.file));
            if let Some(Some(excerpt)) = excerpts.get(number) {
                let (text, mark) = excerpt.shown(self.columns.saturating_sub(line.len() + 3));
                show::line(&format!("{gutter} {edge}"));
                show::line(&format!("{} {edge} {text}", paint.with(BLUE, &line)));
                show::line(&format!("{gutter} {edge} {}", paint.with(RED, &mark)));
            }
            for note in self.notes(found) {
                show::line(&format!("{gutter} {} {note}", paint.with(BLUE, "=")));
            }
            show::line("");
        }
        self.more(judged);
    }

    /// What else is known of a finding.
    fn notes(&self, found: &Finding) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(path) = &found.path {
            notes.push(format!("{}: {path}", self.word("path", "путь")));
        }
        if !found.expected.is_empty() {
            let shown = found.expected.len().min(EXPECTED_MAX);
            let mut expected = flat(&found.expected[..shown].join(", "));
            let count = found.expected_count.unwrap_or(found.expected.len());
            if shown < count {
                expected.push_str(&format!(" … (+{})", count - shown));
            }
            notes.push(format!("{}: {expected}", self.word("expected", "ожидается")));
        }
        if let Some(component) = &found.component {
            let mut rule = format!("{}: {}", self.word("rule", "правило"), component.name);
            if !component.defined.is_empty() {
                rule.push_str(&format!("{} {}", self.word(", defined in", ", описано в"), component.defined));
            }
            notes.push(rule);
        }
        notes
    }

    fn more(&self, judged: &Judged) {
        if judged.truncated {
            let text = self.word("there are more violations than are listed", "перечислены не все нарушения");
            show::line(&format!("{}: {text}", judged.file));
        }
    }

    fn word(&self, english: &'static str, russian: &'static str) -> &'static str {
        match self.language {
            Language::English => english,
            Language::Russian => russian,
        }
    }
}

/// `code (constraint)`.
fn rule(found: &Finding) -> String {
    match &found.constraint {
        Some(constraint) => format!("{} ({constraint})", found.code),
        None => found.code.clone(),
    }
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, colour: &str, text: &str) -> String {
        if self.0 { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }
}
