//! The handbook as one page of HTML: no scripts, nothing from elsewhere, fit for printing.

use super::words::said;
use super::{Handbook, Row, Section};
use crate::xml::Language;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}\
h1{margin-bottom:.2rem}h2{margin:2.2rem 0 .3rem;font-size:1.1rem;overflow-wrap:anywhere}\
code,.formula{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}\
.formula{background:#8881;padding:.5rem .7rem;border-radius:.3rem;margin:.5rem 0}\
.quiet{color:#777}\
table{border-collapse:collapse;width:100%;margin:.6rem 0}\
th,td{border:1px solid #8886;padding:.3rem .5rem;text-align:left;vertical-align:top}\
th{background:#8882}td:first-child{font-weight:600}td.number{white-space:nowrap}\
td ul{margin:0;padding-left:1.1rem}nav ol{columns:2;padding-left:1.4rem}\
@media print{body{margin:0;max-width:none;font-size:11px}nav{display:none}h2{break-after:avoid}tr{break-inside:avoid}\
thead{display:table-header-group}a{color:inherit;text-decoration:none}}";

/// Writes it.
pub(super) fn write(book: &Handbook) -> String {
    let language = said(book.language, "en", "ru");
    let title = escaped(&book.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n"
    );
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
    out.push_str("</body>\n</html>\n");
    out
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
        out.push_str("<table>\n<thead><tr>");
        for heading in book.headings() {
            out.push_str(&format!("<th scope=\"col\">{heading}</th>"));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        section.rows.iter().for_each(|one| row(book, one, out));
        out.push_str("</tbody>\n</table>\n");
    }
    if !section.remarks.is_empty() {
        out.push_str(&format!("{}\n", list(&section.remarks)));
    }
}

fn row(book: &Handbook, row: &Row, out: &mut String) {
    let mut types = escaped(&row.type_words);
    if let Some(section) = row.section {
        let path = escaped(&book.sections[section].path);
        let gap = if types.is_empty() { "" } else { "<br/>" };
        types.push_str(&format!("{gap}<a href=\"#s{section}\">→ <code>{path}</code></a>"));
    }
    out.push_str(&format!(
        "<tr><td>{}</td><td>{types}</td><td class=\"number\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escaped(&row.name),
        row.occurs,
        list(&row.values),
        list(&row.checks),
        escaped(&row.documentation)
    ));
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => escaped(only),
        several => {
            let items: String = several.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
            format!("<ul>{items}</ul>")
        }
    }
}

fn paragraph(text: &str, out: &mut String) {
    if !text.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", escaped(text)));
    }
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

/// A text as it stands in HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
