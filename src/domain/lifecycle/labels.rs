//! What of a lifecycle has a label, in Russian and in English.

use super::{
    Authority, DocumentType, Event, Extract, Field, Kind, Lifecycle, Named, Reason, Role, Service, SignatureKind,
    Status, System,
};
use crate::domain::wording::{Labelled, Wording};

macro_rules! labelled {
    ($($name:ident)*) => { $(
        impl Labelled for $name {
            fn label(&self) -> &str {
                &self.label
            }

            fn label_en(&self) -> Option<&str> {
                self.label_en.as_deref()
            }
        }
    )* };
}

labelled! {
    Authority DocumentType Event Extract Field Kind Lifecycle Named Reason Role Service SignatureKind Status System
}

impl Lifecycle {
    /// What people call a type of document: its label, else its code.
    #[must_use]
    pub fn document_wording(&self, code: &str) -> Wording {
        let known = self.documents.as_ref().and_then(|rules| rules.document_type(code));
        known.map_or_else(|| code.into(), Labelled::wording)
    }
}

#[cfg(test)]
mod tests {
    use crate::binding::Library;

    /// Keys that hold a label in Russian; each has its English beside it.
    const LABELS: [&str; 4] = ["label", "open_label", "category", "access"];

    /// Every table of a file, with what it is called by.
    fn tables<'t>(value: &'t toml::Value, path: String, found: &mut Vec<(String, &'t toml::Table)>) {
        match value {
            toml::Value::Table(table) => {
                let code = table.get("code").and_then(toml::Value::as_str).unwrap_or_default();
                let path = format!("{path}/{code}");
                for (key, inner) in table {
                    tables(inner, format!("{path}.{key}"), found);
                }
                found.push((path, table));
            }
            toml::Value::Array(list) => list.iter().for_each(|inner| tables(inner, path.clone(), found)),
            _ => {}
        }
    }

    #[test]
    fn every_built_in_label_is_there_in_both_languages() {
        let library = Library::load(None).unwrap();
        let shared = ["common/kinds.toml", "common/documents.toml"].into_iter();
        let mut labels = 0;
        for path in library.ending("/lifecycle.toml").chain(shared) {
            let file: toml::Value = toml::from_str(str::from_utf8(library.get(path).unwrap()).unwrap()).unwrap();
            let mut found = Vec::new();
            tables(&file, path.to_owned(), &mut found);
            for (place, table) in found {
                for key in LABELS {
                    // `access` of a document's type is a list of operations.
                    let Some(russian) = table.get(key).and_then(toml::Value::as_str) else { continue };
                    let english = table.get(&format!("{key}_en")).and_then(toml::Value::as_str);
                    assert!(english.is_some_and(|english| !english.is_empty()), "{place}: {russian} has no {key}_en");
                    let (_, _, lost) = encoding_rs::WINDOWS_1251.encode(russian);
                    assert!(!lost, "{place}: {russian} cannot be exported in windows-1251");
                    labels += 1;
                }
            }
        }
        assert!(labels > 600, "{labels}");
    }
}
