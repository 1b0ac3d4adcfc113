//! Extracts from the store as documents: XML by its own schema (`xsd/extract/1.0`), and a page that people read. What stands in one was
//! decided before; here it is only written down. Pure.

mod html;
mod xml;

pub use html::page;
pub use xml::{NAMESPACE, xml};

/// Everything that stands in an extract, in the words of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Number of the request that it answers.
    pub number: String,
    /// Code of the system.
    pub system: String,
    /// What people call the system.
    pub system_label: String,
    /// Code of the extract.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Code of the agency that gives it.
    pub agency: String,
    /// The moment of which it is true, RFC 3339.
    pub made_at: String,
    /// The first day of the period, ISO 8601.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// What it was asked for.
    pub purpose: String,
    /// Whom it is about: kinds of identifiers and their masked values.
    pub about: Vec<(String, String)>,
    /// Cases, kind by kind; a kind without cases stands here too.
    pub groups: Vec<Group>,
    /// There are more cases than an extract holds: only the latest stand here.
    pub cut: bool,
}

/// The cases of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Code of the kind.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// Its cases, oldest first.
    pub cases: Vec<Case>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its number.
    pub number: String,
    /// Its short name.
    pub title: Option<String>,
    /// Code and label of its status.
    pub status: (String, String),
    /// Since when, RFC 3339.
    pub since: String,
    /// When it was opened, RFC 3339.
    pub opened_at: String,
    /// Fields: code, label, value.
    pub fields: Vec<(String, String, String)>,
    /// Its way so far: moment (RFC 3339), code and label of the status.
    pub steps: Vec<(String, String, String)>,
    /// Its documents.
    pub documents: Vec<Document>,
}

/// A document of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Code of its type.
    pub r#type: String,
    /// What people call the type.
    pub label: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// Label of its state.
    pub state: String,
}

#[cfg(test)]
mod tests;
