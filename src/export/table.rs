//! The table that a file holds: which columns, under which headings, and how a row as it was read becomes the values of it. Labels
//! come from the lifecycles, fields from the JSON that a case keeps; what is personal is masked here, whatever the format.

use std::borrow::Cow;

use chrono::DateTime;
use serde_json::{Map, Value as Json};

use super::format::Headings;
use super::marks::DeclaredField;
use crate::apply::Lifecycles;
use crate::domain::identifiers;
use crate::domain::language::Language;
use crate::domain::lifecycle::{Action, Due, FieldType, Lifecycle};
use crate::domain::money;
use crate::domain::wording::Labelled;
use crate::outcome::Code;
use crate::store::{Cell, Column, ColumnType, Labels, PageRow, Value};

/// What a declared field's code is written with among columns.
pub(super) const FIELD: &str = "field.";

/// Whose a term is that no status has.
const WHOLE_LIFE: &str = "Дело в целом";
const WHOLE_LIFE_EN: &str = "The whole case";
/// The column of every register and report that holds a system's code.
const SYSTEM: &str = "system";
/// The column that holds a kind's code.
const KIND: &str = "kind";

/// A column of the file.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its code: of the register's column, or `field.CODE`.
    pub code: String,
    /// What stands over it.
    pub heading: String,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it leaves masked.
    pub masked: bool,
    /// The column, where it is one.
    pub column: Option<&'static Column>,
    /// Where system and kind are read whose cases have their short name here: the kind says whether it leaves masked.
    titles: Option<[usize; 2]>,
    from: From,
}

/// Where its values come from.
#[derive(Debug, Clone)]
enum From {
    /// The value at this place.
    Read(usize),
    /// The label of the values at these places.
    Label(Labels, Vec<usize>),
    /// A field of the case.
    Field { code: String, kind: FieldType },
}

/// A column that a job asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its code.
    pub code: String,
    /// Its own heading.
    pub heading: Option<String>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown<'r> {
    /// There is none.
    Nothing,
    /// A number; the column's type says of what.
    Number(i64),
    /// Text as it was read.
    Text(&'r str),
    /// Text that was made.
    Made(String),
}

/// The columns of a file.
#[derive(Debug, Clone)]
pub struct Table {
    /// In the order of the file.
    pub columns: Vec<Chosen>,
    /// What has to be read for them.
    pub reads: Vec<&'static Column>,
    /// Whether the fields of the case have to be read too; they come behind.
    pub fields: bool,
    declared: Vec<DeclaredField>,
    /// Of labels: that of the headings, Russian where these are codes.
    language: Language,
}

impl Table {
    /// The columns asked for, or all.
    ///
    /// # Errors
    /// The codes that there are not.
    pub fn new(
        columns: &'static [Column],
        declared: Vec<DeclaredField>,
        asked: Option<&[Asked]>,
        headings: Headings,
    ) -> Result<Self, Vec<String>> {
        let everything: Vec<Asked>;
        let asked = match asked {
            Some(asked) => asked,
            None => {
                let fields = declared.iter().map(|field| format!("{FIELD}{}", field.code));
                let codes = columns.iter().map(|column| column.code.to_owned()).chain(fields);
                everything = codes.map(|code| Asked { code, heading: None }).collect();
                &everything
            }
        };
        let language = if headings == Headings::English { Language::English } else { Language::Russian };
        let mut table = Self { columns: Vec::new(), reads: Vec::new(), fields: false, declared, language };
        let unknown: Vec<String> =
            asked.iter().filter(|one| !table.take(columns, one, headings)).map(|one| one.code.clone()).collect();
        if unknown.is_empty() { Ok(table) } else { Err(unknown) }
    }

    fn take(&mut self, columns: &'static [Column], asked: &Asked, headings: Headings) -> bool {
        if let Some(code) = asked.code.strip_prefix(FIELD) {
            return self.take_field(code, asked, headings);
        }
        let Some(column) = columns.iter().find(|column| column.code == asked.code) else { return false };
        let from = match column.value {
            Value::Read(_) => From::Read(self.read(column)),
            Value::Label(labels, of) => {
                let find = |code: &&str| columns.iter().find(|one| one.code == *code);
                let of = of.iter().filter_map(find).map(|one| self.read(one)).collect();
                From::Label(labels, of)
            }
        };
        let code = |code: &str| columns.iter().find(|one| one.code == code);
        let titles = match (code(SYSTEM), code(KIND)) {
            (Some(system), Some(kind)) if column.titles => Some([self.read(system), self.read(kind)]),
            _ => None,
        };
        let heading = match headings {
            Headings::Codes => column.code,
            Headings::Russian => column.ru,
            Headings::English => column.en,
        };
        self.columns.push(Chosen {
            code: asked.code.clone(),
            heading: asked.heading.clone().unwrap_or_else(|| heading.to_owned()),
            kind: column.kind,
            masked: column.masked,
            column: Some(column),
            titles,
            from,
        });
        true
    }

    fn take_field(&mut self, code: &str, asked: &Asked, headings: Headings) -> bool {
        let Some(field) = self.declared.iter().find(|field| field.code == code) else { return false };
        let heading = match headings {
            Headings::Codes => asked.code.clone(),
            Headings::Russian | Headings::English => field.told(self.language).to_owned(),
        };
        self.columns.push(Chosen {
            code: asked.code.clone(),
            heading: asked.heading.clone().unwrap_or(heading),
            kind: match field.kind {
                FieldType::Text | FieldType::List => ColumnType::Text,
                FieldType::Number => ColumnType::Whole,
                FieldType::Money => ColumnType::Decimal(2),
                FieldType::Day => ColumnType::Day,
                FieldType::Moment => ColumnType::Moment,
                FieldType::Flag => ColumnType::Flag,
            },
            masked: field.masked,
            column: None,
            titles: None,
            from: From::Field { code: code.to_owned(), kind: field.kind },
        });
        self.fields = true;
        true
    }

    fn read(&mut self, column: &'static Column) -> usize {
        match self.reads.iter().position(|known| known.code == column.code) {
            Some(at) => at,
            None => {
                self.reads.push(column);
                self.reads.len() - 1
            }
        }
    }

    /// The columns that a page for people has unless it is asked for others: where a label stands beside its code, the label alone, under
    /// the heading of the code.
    pub(super) fn for_people(columns: &'static [Column], declared: &[DeclaredField], headings: Headings) -> Vec<Asked> {
        let code_of = |column: &Column| match column.value {
            Value::Label(_, of) => of.last().copied(),
            Value::Read(_) => None,
        };
        let is_labelled = |code: &str| columns.iter().any(|column| code_of(column) == Some(code));
        let asked = columns.iter().filter(|column| !is_labelled(column.code)).map(|column| {
            let code = code_of(column).and_then(|code| columns.iter().find(|one| one.code == code));
            let heading = code.map(|code| match headings {
                Headings::Codes => code.code,
                Headings::Russian => code.ru,
                Headings::English => code.en,
            });
            Asked { code: column.code.to_owned(), heading: heading.map(str::to_owned) }
        });
        let fields = declared.iter().map(|field| Asked { code: format!("{FIELD}{}", field.code), heading: None });
        asked.chain(fields).collect()
    }

    /// A row with the fields of its case.
    pub(super) fn row<'r>(&'r self, row: PageRow<'r>, words: &'r Lifecycles) -> Row<'r> {
        let fields = if self.fields {
            serde_json::from_str(row.cell(self.reads.len()).text()).unwrap_or_default()
        } else {
            Map::new()
        };
        Row { row, fields, words, language: self.language }
    }
}

/// A row of the file.
#[derive(Debug)]
pub(super) struct Row<'r> {
    row: PageRow<'r>,
    fields: Map<String, Json>,
    words: &'r Lifecycles,
    language: Language,
}

impl<'r> Row<'r> {
    /// The value in a column of the file.
    pub(super) fn value(&self, column: &Chosen) -> Shown<'_> {
        let shown = match &column.from {
            From::Read(at) => match self.row.cell(*at) {
                Cell::Nothing => Shown::Nothing,
                Cell::Number(number) => Shown::Number(number),
                Cell::Text(text) => Shown::Text(text),
            },
            From::Label(labels, of) => {
                let mut values = [""; 3];
                for (value, at) in values.iter_mut().zip(of) {
                    *value = self.row.cell(*at).text();
                }
                match label(*labels, values, self.words, self.language) {
                    None => Shown::Nothing,
                    Some(Cow::Borrowed(text)) => Shown::Text(text),
                    Some(Cow::Owned(text)) => Shown::Made(text),
                }
            }
            From::Field { code, kind } => self.fields.get(code).map_or(Shown::Nothing, |value| field(value, *kind)),
        };
        match shown {
            Shown::Text(text) if column.masked || self.is_masked_title(column) => Shown::Made(identifiers::mask(text)),
            Shown::Made(text) if column.masked => Shown::Made(identifiers::mask(&text)),
            shown => shown,
        }
    }
}

impl Row<'_> {
    /// Whether it is the short name of a case whose kind makes it of what leaves masked.
    fn is_masked_title(&self, column: &Chosen) -> bool {
        let kind = column.titles.map(|of| of.map(|at| self.row.cell(at).text()));
        let kind = kind.and_then(|[system, kind]| self.words.kind(system, kind));
        kind.is_some_and(|one| one.kind().title_is_masked())
    }

    /// The value as a page for people has it: a code that has no label stands for itself, a system by its label.
    pub(super) fn for_people(&self, column: &Chosen) -> Shown<'_> {
        match (self.value(column), &column.from) {
            (Shown::Text(system), From::Read(_)) if column.code == SYSTEM => {
                Shown::Text(self.words.system(system).map_or(system, |known| known.told(self.language)))
            }
            (Shown::Nothing, From::Label(_, of)) => {
                of.last().map_or(Shown::Nothing, |at| Shown::Text(self.row.cell(*at).text()))
            }
            (shown, _) => shown,
        }
    }
}

/// What people read for codes; nothing where nobody knows them.
fn label<'l>(
    labels: Labels,
    [first, second, third]: [&str; 3],
    words: &'l Lifecycles,
    language: Language,
) -> Option<Cow<'l, str>> {
    let lifecycle = || words.kind(first, second);
    let label = match labels {
        Labels::System => words.system(first).map(|system| system.told(language)),
        Labels::Kind => lifecycle().map(|one| one.kind().told(language)),
        Labels::Status => lifecycle()?.status(third).map(|status| status.told(language)),
        Labels::Service => lifecycle()?.service(third).map(|service| service.told(language)),
        Labels::DocumentType => {
            let kinds = &lifecycle()?.documents()?.types;
            kinds.iter().find(|one| one.code == third).map(|one| one.told(language))
        }
        Labels::DocumentState => words.documents.status(first).map(|status| status.told(language)),
        Labels::Outcome => Code::parse(first).map(|code| match language {
            Language::Russian => code.label(),
            Language::English => code.meaning(),
        }),
        Labels::Timer => return term(lifecycle()?, third, language).map(Cow::Owned),
    };
    label.map(Cow::Borrowed)
}

/// A term in words: whose it is, what follows when it runs out, and how long it is where that is said.
pub(super) fn term(lifecycle: &Lifecycle, code: &str, language: Language) -> Option<String> {
    let (of, timers, timer) = match code.split_once('/') {
        Some((status, timer)) => {
            let status = lifecycle.status(status)?;
            (status.told(language), &status.timers[..], timer)
        }
        None => {
            let whole = if language == Language::English { WHOLE_LIFE_EN } else { WHOLE_LIFE };
            (whole, lifecycle.timers(), code)
        }
    };
    let timer = timers.iter().find(|one| one.code == timer)?;
    let told = match &timer.action {
        Action::Move { to, .. } | Action::Extract { to, .. } => {
            format!("{of} — {}", lifecycle.status(to)?.told(language))
        }
        Action::Remind { event } | Action::Escalate { event } => {
            format!("{of}: {}", lifecycle.event(event)?.told(language))
        }
    };
    // A status may have several terms that end alike; how long they are tells them apart.
    Some(match timer.due {
        Due::After(length) => format!("{told} ({})", language.term(length)),
        _ => told,
    })
}

fn field(value: &Json, kind: FieldType) -> Shown<'_> {
    let text = || match value {
        Json::String(text) => Shown::Text(text),
        Json::Null => Shown::Nothing,
        other => Shown::Made(words_of(other)),
    };
    let number = |number: Option<i64>| number.map_or_else(text, Shown::Number);
    match (kind, value) {
        (FieldType::Number, _) => number(value.as_i64()),
        (FieldType::Flag, _) => number(value.as_bool().map(i64::from)),
        (FieldType::Money, Json::String(written)) => number(money::kopecks(written)),
        (FieldType::Moment, Json::String(written)) => {
            number(DateTime::parse_from_rfc3339(written).ok().map(|moment| moment.timestamp_millis()))
        }
        _ => text(),
    }
}

/// A list as people read it; of an entry with a note the value, then the note.
fn words_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(list) => list.iter().map(words_of).collect::<Vec<_>>().join("; "),
        Json::Object(entry) => match (entry.get("value"), entry.get("note")) {
            (Some(value), Some(note)) => format!("{} ({})", words_of(value), words_of(note)),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}
