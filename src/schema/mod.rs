//! The compiler: XSD documents in, sealed rules out. It reads all of a set, checks it against the constraints of XML
//! Schema 1.0, and tells every fault with its place. It knows nothing of messages and never meets the validator.

mod annotation;
mod attribute;
mod automaton;
mod compiler;
mod complex;
mod element;
mod facet;
mod fault;
mod finish;
mod globals;
mod glushkov;
mod grammar;
mod identity;
mod load;
mod missing;
mod model;
mod narrowing;
mod notation;
mod order;
mod particle;
mod redefine;
mod restriction;
mod simple;
mod source;
mod syntax;
mod tree;

#[cfg(test)]
mod tests;

pub use fault::SchemaFault;
pub(crate) use source::locate;
pub use source::{Missing, SchemaSet, Source};

use roxmltree::{Document as Tree, ParsingOptions};
use sha2::{Digest, Sha256};

use crate::rules::Rules;
use crate::rules::draft::Component;
use crate::xml::Position;
use compiler::Compiler;
use load::{Document, Loaded};

/// Nodes of one document at most.
const NODES_MAX: u32 = 10_000_000;

/// Compiles a set of schema documents, with all that they include and import, into rules.
///
/// # Errors
/// Everything that is found wrong, in the order of finding; never empty.
pub fn compile(set: &SchemaSet<'_>) -> Result<Rules, Vec<SchemaFault>> {
    let Loaded { documents, instances, faults, warnings, missing } = load::load(set);
    if !faults.is_empty() {
        return Err(faults);
    }
    let trees = plant(&documents)?;
    let mut compiler = Compiler::new(&documents, &trees, &instances, set.strictness);
    compiler.warnings = warnings;
    if set.missing == Missing::Tolerated {
        compiler.missing = missing;
    }
    compiler.define_any_type();
    compiler.check_syntax();
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    compiler.collect();
    compiler.reserve();
    compiler.check_notations();
    compiler.compile_simple_types();
    if compiler.faults.is_empty() {
        compiler.compile_attributes();
        compiler.compile_attribute_groups();
        compiler.compile_groups();
        compiler.compile_complex_types();
        compiler.compile_elements();
        compiler.compile_waiting();
        compiler.compile_values();
        compiler.compile_keyrefs();
        compiler.compile_substitutions();
    }
    if compiler.faults.is_empty() {
        compiler.share_substitutes();
        compiler.check_redefinitions();
        compiler.check_groups();
        compiler.check_restrictions();
        compiler.finish_types();
    }
    for instance in 0..instances.len() {
        let root = compiler.root(instance);
        compiler.document(root, Component::Schema);
    }
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    let mut draft = compiler.draft;
    draft.hash = digest(&documents);
    draft.warnings = compiler.warnings;
    draft.incomplete = compiler.missing.iter().map(|uri| draft.names.namespace(uri)).collect();
    Ok(draft.seal())
}

/// Parses the documents, which have been found well-formed.
fn plant(documents: &[Document]) -> Result<Vec<Tree<'_>>, Vec<SchemaFault>> {
    let options = || ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let planted = documents.iter().map(|document| {
        let text = document.text.strip_prefix('\u{FEFF}').unwrap_or(&document.text);
        Tree::parse_with_options(text, options()).map_err(|error| {
            let place = error.pos();
            let position = Position { line: place.row.into(), column: place.col.into(), offset: 0 };
            let file = document.path.clone();
            vec![SchemaFault { file, position, constraint: "schema-unreadable", text: error.to_string() }]
        })
    });
    planted.collect()
}

/// The version of rules: a digest of the paths and texts that they were compiled from.
fn digest(documents: &[Document]) -> String {
    let mut hasher = Sha256::new();
    for document in documents {
        for part in [document.path.as_str(), document.text.as_str()] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
