//! The handbook as Markdown.

use super::words::said;
use super::{Handbook, Row};
use crate::xml::Language;

/// Writes it.
pub(super) fn write(book: &Handbook) -> String {
    let mut out = format!("# {}\n\n", plain(&book.title));
    if !book.documentation.is_empty() {
        out.push_str(&format!("{}\n\n", plain(&book.documentation)));
    }
    if !book.namespace.is_empty() {
        let word = said(book.language, "Namespace", "Пространство имён");
        out.push_str(&format!("{word}: `{}`\n\n", book.namespace));
    }
    for section in &book.sections {
        out.push_str(&format!("## `{}`\n\n", section.path));
        if !section.type_words.is_empty() {
            out.push_str(&format!("{}: {}\n\n", said(book.language, "Type", "Тип"), plain(&section.type_words)));
        }
        if !section.documentation.is_empty() {
            out.push_str(&format!("{}\n\n", plain(&section.documentation)));
        }
        if !section.formula.is_empty() {
            out.push_str(&format!("```text\n{}\n```\n\n", section.formula));
        }
        if !section.rows.is_empty() {
            let headings = section.columns(book.headings());
            out.push_str(&format!("| {} |\n|{}\n", headings.join(" | "), " --- |".repeat(headings.len())));
            for row in &section.rows {
                out.push_str(&format!("| {} |\n", section.columns(cells(book, row)).join(" | ")));
            }
            out.push('\n');
        }
        for remark in &section.remarks {
            out.push_str(&format!("- {}\n", plain(remark)));
        }
        if !section.remarks.is_empty() {
            out.push('\n');
        }
    }
    out.push_str(&footer(book.language, &book.version, &book.documents));
    out
}

fn cells(book: &Handbook, row: &Row) -> [String; 6] {
    let more = row.section.map(|section| format!("→ `{}`", book.sections[section].path));
    let mut types: Vec<String> = Some(plain(&row.type_words)).filter(|words| !words.is_empty()).into_iter().collect();
    types.extend(more);
    let listed = |items: &[String]| items.iter().map(|item| plain(item)).collect::<Vec<_>>().join("<br>");
    [
        format!("**{}**", plain(&row.name)),
        types.join("<br>"),
        row.occurs.clone(),
        listed(&row.values),
        listed(&row.checks),
        plain(&row.documentation),
    ]
}

fn footer(language: Language, version: &str, documents: &[String]) -> String {
    let (rules, from) = (said(language, "Rules", "Правила"), said(language, "from", "из"));
    let documents: Vec<String> = documents.iter().map(|document| format!("`{document}`")).collect();
    format!("{rules} `{version}` {from} {}\n", documents.join(", "))
}

/// Text in which nothing means anything to Markdown or its tables.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' | '\t' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
