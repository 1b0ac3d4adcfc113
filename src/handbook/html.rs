//! The handbook as one page of HTML: no scripts, nothing from elsewhere, fit for printing.

use super::words::said;
use super::{Handbook, Row, Section};
use crate::hypertext::{escaped, head, list, page, paragraph};
use crate::xml::Language;

/// Writes it.
pub(super) fn write(book: &Handbook) -> String {
    let language = said(book.language, "en", "ru");
    let mut out = String::new();
    if !book.namespace.is_empty() {
        out.push_str(&format!("<p class=\"quiet\"><code>{}</code></p>\n", escaped(&book.namespace)));
    }
    paragraph(&book.documentation, &mut out);
    if book.sections.len() > 2 {
        out.push_str("<nav><ol>\n");
        for (number, section) in book.sections.iter().enumerate() {
            out.push_str(&format!("<li><a href=\"#s{number}\"><code>{}</code></a></li>\n", escaped(&section.path)));
        }
        out.push_str("</ol></nav>\n");
    }
    for (number, part) in book.sections.iter().enumerate() {
        section(book, number, part, &mut out);
    }
    footer(book, &mut out);
    page(language, &book.title, &out)
}

fn section(book: &Handbook, number: usize, section: &Section, out: &mut String) {
    out.push_str(&format!("<h2 id=\"s{number}\"><code>{}</code></h2>\n", escaped(&section.path)));
    if !section.type_words.is_empty() {
        let word = said(book.language, "Type", "Тип");
        out.push_str(&format!("<p class=\"quiet\">{word}: {}</p>\n", escaped(&section.type_words)));
    }
    paragraph(&section.documentation, out);
    if !section.formula.is_empty() {
        out.push_str(&format!("<div class=\"formula\">{}</div>\n", escaped(&section.formula)));
    }
    if !section.rows.is_empty() {
        head(section.columns(book.headings()), out);
        for one in &section.rows {
            out.push_str(&format!("<tr>{}</tr>\n", section.columns(cells(book, one)).concat()));
        }
        out.push_str("</tbody>\n</table>\n");
    }
    if !section.remarks.is_empty() {
        out.push_str(&format!("{}\n", list(&section.remarks)));
    }
}

fn cells(book: &Handbook, row: &Row) -> [String; 6] {
    let mut types = escaped(&row.type_words);
    if let Some(section) = row.section {
        let path = escaped(&book.sections[section].path);
        let gap = if types.is_empty() { "" } else { "<br/>" };
        types.push_str(&format!("{gap}<a href=\"#s{section}\">→ <code>{path}</code></a>"));
    }
    let cell = |text: String| format!("<td>{text}</td>");
    [
        cell(escaped(&row.name)),
        cell(types),
        format!("<td class=\"number\">{}</td>", row.occurs),
        cell(list(&row.values)),
        cell(list(&row.checks)),
        cell(escaped(&row.documentation)),
    ]
}

fn footer(book: &Handbook, out: &mut String) {
    let word = match book.language {
        Language::Russian => "Правила",
        Language::English => "Rules",
    };
    let documents: Vec<String> =
        book.documents.iter().map(|document| format!("<code>{}</code>", escaped(document))).collect();
    out.push_str(&format!(
        "<footer class=\"quiet\"><p>{word} <code>{}</code>: {}</p></footer>\n",
        escaped(&book.version),
        documents.join(", ")
    ));
}
