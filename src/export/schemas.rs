//! The schemas of documents, `export/1.0/CODE.xsd` among the schema families: compiled when the first document asks for one.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::ExportFault;
use super::manifest::ManifestSchema;
use super::xml::namespace;
use crate::binding::Library;
use crate::rules::Rules;
use crate::schema::{self, SchemaSet};
use crate::validate::{self, Options};
use crate::xml::{Language, Limits};

/// Violations told of a document that is not what it must be.
const VIOLATIONS_MAX: usize = 5;

/// The schemas of documents.
#[derive(Debug)]
pub struct Schemas {
    texts: Library,
    compiled: Mutex<HashMap<String, Arc<Rules>>>,
}

impl Schemas {
    /// Those built into the program, and over them those of a folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn load(folder: Option<&Path>) -> Result<Self, ExportFault> {
        let texts = Library::load(folder).map_err(|fault| ExportFault::Schema(fault.to_string()))?;
        Ok(Self { texts, compiled: Mutex::default() })
    }

    /// The file of a register's or report's schema.
    #[must_use]
    pub fn file(code: &str) -> String {
        format!("export/1.0/{code}.xsd")
    }

    /// The text of a schema file.
    #[must_use]
    pub fn text(&self, code: &str) -> Option<&[u8]> {
        self.texts.get(&Self::file(code))
    }

    /// A schema and the documents that it takes in, each with the name under which it stands beside the others.
    ///
    /// # Errors
    /// There is no such schema, or it does not compile.
    pub fn whole(&self, code: &str) -> Result<Vec<(String, &[u8])>, ExportFault> {
        let rules = self.rules(code)?;
        let own = Self::file(code);
        let beside = own.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let named = |path: &String| {
            let text = self.texts.get(path)?;
            Some((path.strip_prefix(&beside).unwrap_or(path).to_owned(), text))
        };
        Ok(rules.documents().iter().filter_map(named).collect())
    }

    /// What a manifest says of a schema.
    pub(super) fn told(&self, code: &str) -> Result<ManifestSchema, ExportFault> {
        let file = Self::file(code);
        let text = self.text(code).ok_or_else(|| ExportFault::Schema(format!("there is no schema file {file}")))?;
        Ok(ManifestSchema { namespace: namespace(code), file, sha256: hex::encode(Sha256::digest(text)) })
    }

    /// Holds a document against its schema, in constant memory.
    pub(super) fn check(&self, code: &str, document: impl Read) -> Result<(), ExportFault> {
        let rules = self.rules(code)?;
        let limits = Limits { document_bytes_max: u64::MAX, ..Limits::default() };
        let options = Options { violations_max: VIOLATIONS_MAX, limits, ..Options::default() };
        let verdict = validate::check_read(document, &rules, &options);
        let found = verdict.fault.map(|fault| (fault.position, fault.text(Language::English).to_owned()));
        let found = found.or_else(|| {
            // The values of rows are nobody's business in a log.
            verdict.violations.first().map(|one| (one.position, one.text(Language::English, false)))
        });
        match found {
            None => Ok(()),
            Some((position, text)) => Err(ExportFault::Invalid { line: position.line, column: position.column, text }),
        }
    }

    fn rules(&self, code: &str) -> Result<Arc<Rules>, ExportFault> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = compiled.get(code) {
            return Ok(Arc::clone(rules));
        }
        let set = SchemaSet::new(&self.texts).with(Self::file(code));
        let rules = schema::compile(&set).map_err(|faults| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            ExportFault::Schema(told.join("; "))
        })?;
        let rules = Arc::new(rules);
        compiled.insert(code.to_owned(), Arc::clone(&rules));
        Ok(rules)
    }
}
