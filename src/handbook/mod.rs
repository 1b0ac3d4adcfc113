//! The handbook: the rules of an element as people read them, a section for each kind of content and a row for each element
//! and attribute in it, with types, numbers, allowed values, checks and what the schema says about them. Written as text,
//! Markdown or one page of HTML; and lifecycles as drawings. Pure; knows no file and no terminal.

pub mod drawing;
mod formula;
mod gather;
mod html;
mod markdown;
mod text;
mod words;

#[cfg(test)]
mod tests;

use crate::rules::{ElementView, Rules};
use crate::xml::Language;

/// The rules of one element and of all that it may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handbook {
    /// The language of headings and words.
    language: Language,
    /// Local name of the element.
    title: String,
    /// Its namespace, `""` for none.
    namespace: String,
    /// What the schema says about it.
    documentation: String,
    /// Schema documents that the rules come from.
    documents: Vec<String>,
    /// The version of the rules.
    version: String,
    sections: Vec<Section>,
}

/// One kind of content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Section {
    /// Where it occurs first, such as `/StatusUpdate/Update`.
    path: String,
    /// Its type and where that is defined.
    type_words: String,
    documentation: String,
    /// The content model on one line.
    formula: String,
    rows: Vec<Row>,
    /// What holds between the rows: checks, keys, what may stand in.
    remarks: Vec<String>,
}

/// The column of checks.
const CHECKS_COLUMN: usize = 4;

/// An element or attribute in a section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    name: String,
    type_words: String,
    occurs: String,
    values: Vec<String>,
    checks: Vec<String>,
    documentation: String,
    /// The section that its content has.
    section: Option<usize>,
}

impl Handbook {
    /// The handbook of an element.
    #[must_use]
    pub fn of(rules: &Rules, element: ElementView<'_>, language: Language) -> Self {
        gather::gather(rules, element, language)
    }

    /// As tables of text, each at most so many columns wide.
    #[must_use]
    pub fn text(&self, columns: u16) -> String {
        text::write(self, columns)
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    /// As one page of HTML that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        html::write(self)
    }

    fn headings(&self) -> [&'static str; 6] {
        match self.language {
            Language::Russian => ["Имя", "Тип", "Сколько", "Допустимые значения", "Проверки", "Описание"],
            Language::English => ["Name", "Type", "Occurs", "Allowed values", "Checks", "Description"],
        }
    }
}

impl Section {
    /// What stands in the columns of its table: a column of checks that is empty says nothing, so it is left out.
    fn columns<T>(&self, cells: [T; 6]) -> Vec<T> {
        let checked = self.rows.iter().any(|row| !row.checks.is_empty());
        (0..).zip(cells).filter(|(column, _)| checked || *column != CHECKS_COLUMN).map(|(_, cell)| cell).collect()
    }
}

/// What a schema says about an element, in the language asked for where there is one.
#[must_use]
pub fn documentation(element: ElementView<'_>, language: Language) -> String {
    words::documentation(element.documentation(), language)
}
