//! The handbook as tables of text.

use super::words::said;
use super::{Handbook, Section};
use crate::grid::Grid;

/// Columns below which nothing can be read.
const COLUMNS_MIN: usize = 60;

/// Writes it.
pub(super) fn write(book: &Handbook, columns: u16) -> String {
    let mut out = book.title.clone();
    if !book.namespace.is_empty() {
        out.push_str(&format!(" ({})", book.namespace));
    }
    out.push('\n');
    if !book.documentation.is_empty() {
        out.push_str(&format!("{}\n", book.documentation));
    }
    for section in &book.sections {
        out.push_str(&format!("\n{}\n", section.path));
        if !section.type_words.is_empty() {
            out.push_str(&format!("{}: {}\n", said(book.language, "Type", "Тип"), section.type_words));
        }
        if !section.documentation.is_empty() && section.documentation != book.documentation {
            out.push_str(&format!("{}\n", section.documentation));
        }
        if !section.formula.is_empty() {
            out.push_str(&format!("{}: {}\n", said(book.language, "Content", "Содержание"), section.formula));
        }
        if !section.rows.is_empty() {
            out.push_str(&format!("{}\n", table(book, section, columns)));
        }
        for remark in &section.remarks {
            out.push_str(&format!("• {remark}\n"));
        }
    }
    out
}

fn table(book: &Handbook, section: &Section, columns: u16) -> String {
    let mut table = Grid::new(&section.columns(book.headings()));
    for row in &section.rows {
        let mut types = row.type_words.clone();
        if let Some(section) = row.section {
            if !types.is_empty() {
                types.push('\n');
            }
            types.push_str(&format!("→ {}", book.sections[section].path));
        }
        table.add_row(section.columns([
            row.name.clone(),
            types,
            row.occurs.clone(),
            row.values.join("\n"),
            row.checks.join("\n"),
            row.documentation.clone(),
        ]));
    }
    table.text(Some(usize::from(columns).max(COLUMNS_MIN)))
}
