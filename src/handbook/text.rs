//! The handbook as tables of text.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::words::said;
use super::{Handbook, Row};

/// Columns below which nothing can be read.
const COLUMNS_MIN: u16 = 60;
/// Of the table's columns, what each column gets at most, in percent; how often a thing occurs is short and is not broken.
const LIMITS: [ColumnConstraint; 6] =
    [share(20), share(20), ColumnConstraint::ContentWidth, share(24), share(14), share(30)];
/// The column of checks, which most tables leave empty.
const CHECKS_COLUMN: usize = 4;

const fn share(percent: u16) -> ColumnConstraint {
    ColumnConstraint::UpperBoundary(Width::Percentage(percent))
}

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
            out.push_str(&format!("{}\n", table(book, &section.rows, columns)));
        }
        for remark in &section.remarks {
            out.push_str(&format!("• {remark}\n"));
        }
    }
    out
}

fn table(book: &Handbook, rows: &[Row], columns: u16) -> Table {
    let columns = columns.max(COLUMNS_MIN);
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(columns)
        .set_header(book.headings());
    for (column, limit) in table.column_iter_mut().zip(LIMITS) {
        column.set_constraint(limit);
    }
    for row in rows {
        let mut types = row.type_words.clone();
        if let Some(section) = row.section {
            if !types.is_empty() {
                types.push('\n');
            }
            types.push_str(&format!("→ {}", book.sections[section].path));
        }
        table.add_row([
            row.name.clone(),
            types,
            row.occurs.clone(),
            row.values.join("\n"),
            row.checks.join("\n"),
            row.documentation.clone(),
        ]);
    }
    // An empty column says nothing.
    if rows.iter().all(|row| row.checks.is_empty())
        && let Some(column) = table.column_mut(CHECKS_COLUMN)
    {
        column.set_constraint(ColumnConstraint::Hidden);
    }
    table
}
