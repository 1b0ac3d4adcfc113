//! A case and a dialog as sheets that people read, print and keep, as a page of HTML or as PDF: nothing from elsewhere, no scripts.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Done, Exit, Failed, show};
use crate::apply::Lifecycles;
use crate::apply::world::Entry;
use crate::config::Config;
use crate::domain::dialog::DialogRole;
use crate::domain::lifecycle::Lifecycle;
use crate::export::Part as File;
use crate::sheet::{Part, Sheet, Table, cell};
use crate::store::{CaseView, DialogView, HistoryView};

/// A case: how it stands, its history, its documents.
pub(super) fn case(case: &CaseView, config: &Config, lifecycles: &Lifecycles) -> Sheet {
    let lifecycle = lifecycles.kind(&case.system, &case.kind);
    let kind = lifecycle.map_or(case.kind.as_str(), |one| &one.kind().label);
    let service = lifecycle.and_then(|one| one.service(&case.service)).map(|service| service.label.clone());
    let since = show::for_people(case.since, config.zone);
    let mut parts = vec![
        Part::Paragraph(service.unwrap_or_default()),
        Part::Paragraph(case.title.clone().unwrap_or_default()),
        Part::Paragraph(format!("{}, с {since}. Ведомство: {}.", label(lifecycle, &case.status), case.agency)),
    ];
    if let Some(deadline) = case.deadline {
        parts.push(Part::Paragraph(format!("Срок: {}.", show::term_end_for_people(deadline, config.zone))));
    }
    parts.push(Part::Heading("История".into()));
    parts.push(Part::Table(history(case, lifecycle, config)));
    if !case.documents.is_empty() {
        parts.push(Part::Heading("Документы".into()));
        parts.push(Part::Table(documents(case, config, lifecycles)));
    }
    Sheet { title: format!("{kind} {}", case.number), as_of: moment(case.changed_at), parts }
}

fn moment(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// What people call a status.
pub(super) fn label<'a>(lifecycle: Option<&'a Lifecycle>, code: &'a str) -> &'a str {
    lifecycle.and_then(|one| one.status(code)).map_or(code, |status| &status.label)
}

fn history(case: &CaseView, lifecycle: Option<&Lifecycle>, config: &Config) -> Table {
    let row = |row: &HistoryView| {
        vec![
            cell(show::for_people(row.happened_at, config.zone)),
            cell(show::for_people(row.recorded_at, config.zone)),
            cell(Entry::parse(&row.entry).map_or_else(|| row.entry.clone(), |entry| entry.label().to_owned())),
            cell(row.from.as_deref().map(|from| label(lifecycle, from)).unwrap_or_default()),
            cell(label(lifecycle, &row.to)),
            cell(row.agency.clone()),
            cell(row.officer.clone().unwrap_or_default()),
            cell(row.comment.clone().unwrap_or_default()),
            told(row, lifecycle, |deadline| show::term_end_for_people(deadline, config.zone)),
            cell(row.message_id.clone().or(row.timer.clone()).unwrap_or_default()),
        ]
    };
    let headings = vec![
        "Произошло",
        "Записано",
        "Запись",
        "Статус до",
        "Статус",
        "Ведомство",
        "Исполнитель",
        "Комментарий",
        "Причины и сведения",
        "Источник",
    ];
    Table { headings, rows: case.history.iter().map(row).collect() }
}

/// What an entry was told beside its comment, in words: reasons, what is missing, terms, amount, result.
/// `term_end` writes the end of a term.
pub(super) fn told(row: &HistoryView, lifecycle: Option<&Lifecycle>, term_end: impl Fn(i64) -> String) -> Vec<String> {
    let details: Value = row.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let status = lifecycle.and_then(|one| one.status(&row.to));
    let words = |one: &Value| {
        let code = one.get("code").and_then(Value::as_str).or_else(|| one.as_str());
        let known = lifecycle.zip(status).zip(code).and_then(|((one, status), code)| one.reason(status, code));
        let text = one.get("text").and_then(Value::as_str).or(known.map(|reason| reason.label.as_str())).or(code)?;
        Some(match one.get("about").and_then(Value::as_str) {
            Some(about) => format!("{about}: {text}"),
            None => text.to_owned(),
        })
    };
    let mut told = Vec::new();
    for (name, before) in [("reasons", "Причина"), ("missing", "Недостаёт"), ("lapsed", "Не поступило в срок")]
    {
        let list = details.get(name).and_then(Value::as_array).into_iter().flatten();
        told.extend(list.filter_map(words).map(|text| format!("{before}: {text}")));
    }
    let single = |name: &str| details.get(name).and_then(Value::as_str);
    if let Some(deadline) = single("deadline") {
        let moment = deadline.parse::<DateTime<Utc>>().map(|at| term_end(at.timestamp_millis()));
        told.push(format!("Срок: {}", moment.unwrap_or_else(|_| deadline.to_owned())));
    }
    let rest = [
        ("expected_on", "Ожидаемая дата"),
        ("amount", "Сумма, руб."),
        ("result_link", "Результат"),
        ("result_place", "Место получения"),
    ];
    told.extend(rest.into_iter().filter_map(|(name, before)| Some(format!("{before}: {}", single(name)?))));
    told
}

fn documents(case: &CaseView, config: &Config, lifecycles: &Lifecycles) -> Table {
    let rules = lifecycles.kind(&case.system, &case.kind).and_then(Lifecycle::documents);
    let mut rows = Vec::new();
    for document in &case.documents {
        let kind = rules.and_then(|rules| rules.document_type(&document.r#type));
        let state = lifecycles.documents.status(&document.state);
        for version in &document.versions {
            rows.push(vec![
                cell(kind.map_or(&document.r#type, |kind| &kind.label).clone()),
                cell(document.number.clone()),
                cell(state.map_or(&document.state, |state| &state.label).clone()),
                cell(version.version.to_string()),
                cell(version.file_name.clone()),
                cell(show::for_people(version.uploaded_at, config.zone)),
            ]);
        }
    }
    Table {
        headings: vec!["Документ", "Номер", "Состояние", "Версия", "Файл", "Загружен"], rows
    }
}

/// A dialog: who takes part, and the letters; `attached` tells what each letter has with it.
pub(super) fn dialog(dialog: &DialogView, attached: &[Vec<String>], config: &Config) -> Sheet {
    let reader = |one: &crate::store::ReaderView| {
        let role = DialogRole::parse(&one.role).map_or(one.role.as_str(), |role| role.label());
        let read = one.read_at.map(|at| format!("до № {}, {}", one.read, show::for_people(at, config.zone)));
        vec![cell(one.participant.clone()), cell(role), cell(read.unwrap_or_default()), cell(one.unread.to_string())]
    };
    let readers = dialog.readers.iter().map(reader).collect();
    let letters = dialog.letters.iter().zip(attached).map(|(letter, with)| {
        vec![
            cell(letter.number.to_string()),
            cell(show::for_people(letter.posted_at, config.zone)),
            cell(letter.author.clone()),
            cell(letter.text.clone()),
            with.clone(),
        ]
    });
    let letters = Table {
        headings: vec!["№", "Отправлено", "От кого", "Текст", "Приложено"], rows: letters.collect()
    };
    let read = dialog.readers.iter().filter_map(|one| one.read_at);
    let last = dialog.letters.iter().map(|letter| letter.recorded_at).chain(read).max();
    let parts = vec![
        Part::Paragraph(dialog.title.clone()),
        Part::Table(Table {
            headings: vec!["Участник", "Роль", "Прочитано", "Не прочитано"], rows: readers
        }),
        Part::Heading("Сообщения".into()),
        Part::Table(letters),
    ];
    let as_of = moment(last.unwrap_or(dialog.opened_at));
    Sheet { title: format!("Переписка {}", dialog.number), as_of, parts }
}

/// Prints sheets as pages of HTML.
pub(super) fn print(sheets: &[Sheet]) {
    sheets.iter().for_each(|sheet| show::bytes(sheet.html().as_bytes()));
}

/// Keeps sheets as one PDF: a file that appears whole or not at all, or standard output for `-`.
pub(super) fn keep(sheets: &[Sheet], path: &Path) -> Done {
    let pdf = pdf(sheets)?;
    if path == Path::new("-") {
        show::bytes(&pdf);
        return Ok(Exit::Well);
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(PathBuf::from("."), PathBuf::from);
    let written = || {
        if !folder.is_dir() {
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, "its folder is not there"));
        }
        let mut file = File::begin(&folder)?;
        file.write_all(&pdf)?;
        // Beside it, also where its name is all that was said.
        file.publish(&folder.join(path.file_name().unwrap_or_default()))
    };
    written().map_err(|fault| Failed::away(format!("{}: {fault}", path.display())))?;
    Ok(Exit::Well)
}

#[cfg(feature = "pdf")]
fn pdf(sheets: &[Sheet]) -> Result<Vec<u8>, Failed> {
    crate::sheet::pdf::written(sheets).map_err(Failed::wrong)
}

#[cfg(not(feature = "pdf"))]
fn pdf(_: &[Sheet]) -> Result<Vec<u8>, Failed> {
    Err(Failed::wrong(
        "this program was built without PDF; build it with the feature `pdf`, or print the page of --html",
    ))
}
