//! A case and a dialog as pages that people read, print and keep as PDF: nothing from elsewhere, no scripts.

use std::fmt::Write as _;

use super::show;
use crate::apply::Lifecycles;
use crate::config::Config;
use crate::domain::dialog::DialogRole;
use crate::domain::lifecycle::Lifecycle;
use crate::hypertext::{self, escaped, head, list, paragraph};
use crate::store::{CaseView, DialogView, HistoryView};

const TABLE_END: &str = "</tbody>\n</table>\n";

/// A case: how it stands, its history, its documents.
pub(super) fn case(case: &CaseView, config: &Config, lifecycles: &Lifecycles) -> String {
    let lifecycle = lifecycles.kind(&case.system, &case.kind);
    let kind = lifecycle.map_or(case.kind.as_str(), |one| &one.kind().label);
    let service = lifecycle.and_then(|one| one.service(&case.service)).map(|service| service.label.as_str());
    let mut body = String::new();
    paragraph(service.unwrap_or_default(), &mut body);
    paragraph(case.title.as_deref().unwrap_or_default(), &mut body);
    let since = show::moment(case.since, config.zone);
    paragraph(&format!("{}, с {since}. Ведомство: {}.", label(lifecycle, &case.status), case.agency), &mut body);
    if let Some(deadline) = case.deadline {
        paragraph(&format!("Срок: {}.", show::moment(deadline, config.zone)), &mut body);
    }
    body.push_str("<h2>История</h2>\n");
    head(["Произошло", "Записано", "Статус", "Ведомство", "Исполнитель", "Комментарий", "Источник"], &mut body);
    case.history.iter().for_each(|row| history(row, lifecycle, config, &mut body));
    body.push_str(TABLE_END);
    if !case.documents.is_empty() {
        body.push_str("<h2>Документы</h2>\n");
        documents(case, config, lifecycles, &mut body);
    }
    hypertext::page("ru", &format!("{kind} {}", case.number), &body)
}

fn label<'a>(lifecycle: Option<&'a Lifecycle>, code: &'a str) -> &'a str {
    lifecycle.and_then(|one| one.status(code)).map_or(code, |status| &status.label)
}

fn history(row: &HistoryView, lifecycle: Option<&Lifecycle>, config: &Config, out: &mut String) {
    let cells = [
        show::moment(row.happened_at, config.zone),
        show::moment(row.recorded_at, config.zone),
        label(lifecycle, &row.to).to_owned(),
        row.agency.clone(),
        row.officer.clone().unwrap_or_default(),
        row.comment.clone().unwrap_or_default(),
        row.message_id.clone().or(row.timer.clone()).unwrap_or_default(),
    ];
    cells_of(&cells, out);
}

fn documents(case: &CaseView, config: &Config, lifecycles: &Lifecycles, out: &mut String) {
    head(["Документ", "Номер", "Состояние", "Версия", "Файл", "Загружен"], out);
    let rules = lifecycles.kind(&case.system, &case.kind).and_then(Lifecycle::documents);
    for document in &case.documents {
        let kind = rules.and_then(|rules| rules.document_type(&document.r#type));
        let state = lifecycles.documents.status(&document.state);
        for version in &document.versions {
            let cells = [
                kind.map_or(&document.r#type, |kind| &kind.label).clone(),
                document.number.clone(),
                state.map_or(&document.state, |state| &state.label).clone(),
                version.version.to_string(),
                version.file_name.clone(),
                show::moment(version.uploaded_at, config.zone),
            ];
            cells_of(&cells, out);
        }
    }
    out.push_str(TABLE_END);
}

/// A dialog: who takes part, and the letters; `attached` tells what each letter has with it.
pub(super) fn dialog(dialog: &DialogView, attached: &[Vec<String>], config: &Config) -> String {
    let mut body = String::new();
    paragraph(&dialog.title, &mut body);
    head(["Участник", "Роль", "Не прочитано"], &mut body);
    for reader in &dialog.readers {
        let role = DialogRole::parse(&reader.role).map_or(reader.role.as_str(), |role| role.label());
        cells_of(&[reader.participant.clone(), role.to_owned(), reader.unread.to_string()], &mut body);
    }
    body.push_str(TABLE_END);
    body.push_str("<h2>Сообщения</h2>\n");
    head(["№", "Отправлено", "От кого", "Текст", "Приложено"], &mut body);
    for (letter, with) in dialog.letters.iter().zip(attached) {
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            letter.number,
            show::moment(letter.posted_at, config.zone),
            escaped(&letter.author),
            escaped(&letter.text).replace('\n', "<br/>"),
            list(with)
        );
    }
    body.push_str(TABLE_END);
    hypertext::page("ru", &format!("Переписка {}", dialog.number), &body)
}

fn cells_of(cells: &[String], out: &mut String) {
    out.push_str("<tr>");
    for cell in cells {
        let _ = write!(out, "<td>{}</td>", escaped(cell));
    }
    out.push_str("</tr>\n");
}
