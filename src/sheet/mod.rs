//! A sheet: a heading, paragraphs and tables that people read, print and keep. What it says is made once and written down as a page of
//! HTML or, with the feature `pdf`, as PDF. Pure.

#[cfg(feature = "pdf")]
mod columns;
#[cfg(feature = "pdf")]
mod letters;
#[cfg(feature = "pdf")]
mod paging;
#[cfg(feature = "pdf")]
pub mod pdf;
#[cfg(feature = "pdf")]
mod tags;

use chrono::{DateTime, Utc};

use crate::hypertext::{self, head, list, paragraph};

/// The language that sheets are written in.
pub const LANGUAGE: &str = "ru";

/// A sheet.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its heading.
    pub title: String,
    /// The moment whose state it tells: nothing that it says happened later.
    pub as_of: DateTime<Utc>,
    /// What it says, in order.
    pub parts: Vec<Part>,
}

/// A part of a sheet.
#[derive(Debug, Clone)]
pub enum Part {
    /// A paragraph; an empty one is not written.
    Paragraph(String),
    /// The heading of what follows.
    Heading(String),
    /// A table.
    Table(Table),
}

/// A table: every row has a cell for each heading.
#[derive(Debug, Clone)]
pub struct Table {
    /// Headings of the columns.
    pub headings: Vec<&'static str>,
    /// Rows of cells.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a cell: nothing, one thing, or several below each other. A thing may have line ends.
pub type Cell = Vec<String>;

/// A cell with one thing, or none if it is empty.
#[must_use]
pub fn cell(text: impl Into<String>) -> Cell {
    let text = text.into();
    if text.is_empty() { Vec::new() } else { vec![text] }
}

impl Sheet {
    /// The sheet as a page of HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut body = String::new();
        for part in &self.parts {
            match part {
                Part::Paragraph(text) => paragraph(text, &mut body),
                Part::Heading(text) => {
                    body.push_str("<h2>");
                    body.push_str(&hypertext::escaped(text));
                    body.push_str("</h2>\n");
                }
                Part::Table(table) => table.html(&mut body),
            }
        }
        hypertext::page(LANGUAGE, &self.title, &body)
    }
}

impl Table {
    fn html(&self, out: &mut String) {
        head(self.headings.iter().copied(), out);
        for row in &self.rows {
            out.push_str("<tr>");
            for cell in row {
                out.push_str("<td>");
                out.push_str(&list(cell).replace('\n', "<br/>"));
                out.push_str("</td>");
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_the_sheet_says() {
        let table = Table {
            headings: vec!["№"],
            rows: vec![vec![cell("a\n<b>")], vec![cell("")], vec![vec!["x".into(), "y".into()]]],
        };
        let parts = vec![Part::Paragraph(String::new()), Part::Heading("A & B".into()), Part::Table(table)];
        let page = Sheet { title: "Дело <1>".into(), parts, ..Sheet::default() }.html();
        for said in
            ["<h1>Дело &lt;1&gt;</h1>", "<h2>A &amp; B</h2>", "<td>a<br/>&lt;b&gt;</td>", "<td></td>", "<li>y</li>"]
        {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("<p>"));
    }
}
