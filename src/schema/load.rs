//! Loading: from the roots of a set to all documents that they include, import and redefine, each read once, each
//! compiled once for every target namespace that it is given (a document without one takes its includer's).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};

use super::compiler::FAULTS_MAX;
use super::fault::SchemaFault;
use super::source::{Missing, SchemaSet, locate};
use crate::decode;
use crate::rules::XS_NAMESPACE;
use crate::xml::{self, Event, Expanded, Fault, Language, Limits, Origins, Position, Start, TextReader};

/// Documents of one set at most.
const DOCUMENTS_MAX: usize = 5000;
/// Bytes of one document at most.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

impl Document {
    /// The text that places are told in.
    pub(super) fn written(&self) -> &str {
        self.written.as_ref().map_or(&self.text, |(text, _)| text)
    }

    /// The place in it of an offset in the text without a DOCTYPE.
    pub(super) fn place(&self, offset: u64) -> u64 {
        self.written.as_ref().map_or(offset, |(_, origins)| origins.written(offset))
    }
}

/// How one document refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceKind {
    Include,
    Import,
    Redefine,
}

/// A reference from one document to another.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) kind: ReferenceKind,
    pub(super) namespace: Option<String>,
    pub(super) location: Option<String>,
    pub(super) offset: u64,
}

/// A document as read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: String,
    /// The text without a DOCTYPE, its entities put in.
    pub(super) text: String,
    /// The text as it was written and the way back to it, where there was a DOCTYPE.
    pub(super) written: Option<(String, Origins)>,
    pub(super) target: Option<String>,
    pub(super) references: Vec<Reference>,
}

/// A document with the target namespace that it is compiled for.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) document: usize,
    /// The effective target namespace, `""` for none.
    pub(super) target: String,
    /// Whether the document has taken its includer's namespace.
    pub(super) chameleon: bool,
    /// Namespaces that it may refer to.
    pub(super) visible: BTreeSet<String>,
    /// Redefinitions: offset of the element and the instance redefined, none where its document is missing.
    pub(super) redefines: Vec<(u64, Option<usize>)>,
    /// Instances included or redefined, for telling what a redefinition covers.
    pub(super) includes: Vec<usize>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) documents: Vec<Document>,
    pub(super) instances: Vec<Instance>,
    pub(super) faults: Vec<SchemaFault>,
    pub(super) warnings: Vec<String>,
    /// Namespaces of which a document was not found.
    pub(super) missing: BTreeSet<String>,
}

struct Loader<'s> {
    set: &'s SchemaSet<'s>,
    loaded: Loaded,
    /// Namespaces that are imported without a location; one of the set's other documents may be theirs.
    unlocated: BTreeSet<String>,
    by_identity: HashMap<String, Option<usize>>,
    by_target: HashMap<(usize, String), usize>,
    waiting: VecDeque<usize>,
}

/// Reads a set.
pub(super) fn load(set: &SchemaSet<'_>) -> Loaded {
    let mut loader = Loader {
        set,
        loaded: Loaded::default(),
        unlocated: BTreeSet::new(),
        by_identity: HashMap::new(),
        by_target: HashMap::new(),
        waiting: VecDeque::new(),
    };
    for root in &set.roots {
        match loader.document(root) {
            Ok(Some(document)) => {
                let target = loader.loaded.documents[document].target.clone().unwrap_or_default();
                loader.instance(document, target, false);
            }
            Ok(None) => {}
            Err(reason) => loader.loaded.faults.push(SchemaFault {
                file: root.clone(),
                position: Position::START,
                constraint: "schema-unreadable",
                text: reason,
            }),
        }
    }
    while let Some(instance) = loader.waiting.pop_front() {
        loader.follow(instance);
    }
    let Loader { mut loaded, unlocated, .. } = loader;
    let known: BTreeSet<&str> = loaded.instances.iter().map(|instance| instance.target.as_str()).collect();
    let unknown =
        unlocated.iter().filter(|namespace| *namespace != XS_NAMESPACE && !known.contains(namespace.as_str()));
    loaded.missing.extend(unknown.chain(&set.lacking).cloned());
    loaded
}

impl Loader<'_> {
    /// The document at `path`, read if it has not been yet. `Ok(None)`: it was read and is faulty.
    fn document(&mut self, path: &str) -> Result<Option<usize>, String> {
        let identity = self.set.source.identity(path);
        if let Some(known) = self.by_identity.get(&identity) {
            return Ok(*known);
        }
        if self.loaded.documents.len() == DOCUMENTS_MAX {
            return Err(format!("the set has more than {DOCUMENTS_MAX} documents"));
        }
        let bytes = self.set.source.read(path)?;
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(format!("the document is larger than {DOCUMENT_BYTES_MAX} bytes"));
        }
        let document = match decode::decode(&bytes, DOCUMENT_BYTES_MAX) {
            Ok(text) => survey(path, text.text.into_owned()),
            Err(_) if bytes.is_empty() => survey(path, String::new()),
            Err(refusal) => Err(fault(path, Position::START, "xml-bad-encoding", &refusal.text(Language::English))),
        };
        let index = match document {
            Ok(document) => {
                self.loaded.documents.push(document);
                Some(self.loaded.documents.len() - 1)
            }
            Err(fault) => {
                self.loaded.faults.push(fault);
                None
            }
        };
        self.by_identity.insert(identity, index);
        Ok(index)
    }

    /// The instance of a document for a target namespace, followed later if it is new.
    fn instance(&mut self, document: usize, target: String, chameleon: bool) -> usize {
        let key = (document, target.clone());
        if let Some(known) = self.by_target.get(&key) {
            return *known;
        }
        let index = self.loaded.instances.len();
        self.by_target.insert(key, index);
        let visible = BTreeSet::from([target.clone(), XS_NAMESPACE.to_owned()]);
        let instance = Instance { document, target, chameleon, visible, redefines: Vec::new(), includes: Vec::new() };
        self.loaded.instances.push(instance);
        self.waiting.push_back(index);
        index
    }

    fn follow(&mut self, instance: usize) {
        let document = self.loaded.instances[instance].document;
        for reference in self.loaded.documents[document].references.clone() {
            match reference.kind {
                ReferenceKind::Import => self.import(instance, &reference),
                ReferenceKind::Include | ReferenceKind::Redefine => self.include(instance, &reference),
            }
        }
    }

    fn fault(&mut self, instance: usize, offset: u64, constraint: &'static str, text: String) {
        if self.loaded.faults.len() >= FAULTS_MAX {
            return;
        }
        let document = &self.loaded.documents[self.loaded.instances[instance].document];
        let position = Position::of(document.written(), document.place(offset));
        self.loaded.faults.push(SchemaFault { file: document.path.clone(), position, constraint, text });
    }

    /// The document that a reference means. A missing one is only told where the set need not be whole; else what is included
    /// or redefined is a part of the schema, and only the location of an import is a hint.
    fn referred(&mut self, instance: usize, reference: &Reference) -> Option<usize> {
        let from = &self.loaded.documents[self.loaded.instances[instance].document].path;
        let namespace = reference.namespace.as_deref().unwrap_or("");
        let known =
            self.set.locations.iter().find(|(known, _)| reference.kind == ReferenceKind::Import && known == namespace);
        let path = match (known, &reference.location) {
            (Some((_, path)), _) => path.clone(),
            (None, Some(location)) => locate(self.set.source, from, location),
            (None, None) if reference.kind == ReferenceKind::Import => {
                self.unlocated.insert(namespace.to_owned());
                return None;
            }
            (None, None) => {
                self.note_missing(instance, reference);
                return None;
            }
        };
        let told = format!("{from}: {path}: ");
        match self.document(&path) {
            Ok(document) => document,
            Err(reason) if self.set.missing == Missing::Refused && reference.kind != ReferenceKind::Import => {
                let text = format!("{path}, which belongs to this schema, cannot be read: {reason}");
                self.fault(instance, reference.offset, "schema-unreadable", text);
                None
            }
            Err(reason) => {
                self.loaded.warnings.push(told + &reason);
                self.note_missing(instance, reference);
                None
            }
        }
    }

    fn note_missing(&mut self, instance: usize, reference: &Reference) {
        let namespace = match reference.kind {
            ReferenceKind::Import => reference.namespace.clone().unwrap_or_default(),
            ReferenceKind::Include | ReferenceKind::Redefine => self.loaded.instances[instance].target.clone(),
        };
        self.loaded.missing.insert(namespace);
    }

    fn import(&mut self, instance: usize, reference: &Reference) {
        let target = self.loaded.instances[instance].target.clone();
        let namespace = reference.namespace.clone().unwrap_or_default();
        if namespace == target {
            let (constraint, text) = if reference.namespace.is_some() {
                ("src-import.1.1", "a schema cannot import its own target namespace; include the document instead")
            } else {
                ("src-import.1.2", "an import without a namespace needs a schema that has one")
            };
            return self.fault(instance, reference.offset, constraint, text.to_owned());
        }
        self.loaded.instances[instance].visible.insert(namespace.clone());
        let Some(document) = self.referred(instance, reference) else { return };
        let found = self.loaded.documents[document].target.clone().unwrap_or_default();
        if found == namespace {
            self.instance(document, namespace, false);
        } else {
            let constraint = if reference.namespace.is_some() { "src-import.3.1" } else { "src-import.3.2" };
            let text = format!("the imported document's target namespace is \"{found}\", not \"{namespace}\"");
            self.fault(instance, reference.offset, constraint, text);
        }
    }

    fn include(&mut self, instance: usize, reference: &Reference) {
        let target = self.loaded.instances[instance].target.clone();
        let redefines = reference.kind == ReferenceKind::Redefine;
        let Some(document) = self.referred(instance, reference) else {
            if redefines {
                self.loaded.instances[instance].redefines.push((reference.offset, None));
            }
            return;
        };
        let chameleon = match &self.loaded.documents[document].target {
            Some(found) if *found == target => false,
            None => !target.is_empty(),
            Some(found) => {
                let text = format!("the included document's target namespace is \"{found}\", not \"{target}\"");
                let constraint = if redefines { "src-redefine.3.1" } else { "src-include.2.1" };
                return self.fault(instance, reference.offset, constraint, text);
            }
        };
        let included = self.instance(document, target, chameleon);
        self.loaded.instances[instance].includes.push(included);
        if redefines {
            self.loaded.instances[instance].redefines.push((reference.offset, Some(included)));
        }
    }
}

fn fault(path: &str, position: Position, constraint: &'static str, text: &str) -> SchemaFault {
    SchemaFault { file: path.to_owned(), position, constraint, text: text.to_owned() }
}

/// Checks that a text is a well-formed schema document and finds what it refers to. Schemas may have a DOCTYPE; nothing that
/// lies outside of it is read.
fn survey(path: &str, text: String) -> Result<Document, SchemaFault> {
    let limits =
        Limits { attribute_value_bytes_max: 16 << 20, text_bytes_max: DOCUMENT_BYTES_MAX, ..Limits::default() };
    let malformed = |fault: Fault| SchemaFault {
        file: path.to_owned(),
        position: fault.position,
        constraint: fault.code(),
        text: fault.text(Language::English).to_owned(),
    };
    let Expanded { text: expanded, origins, .. } = xml::expand_doctype(&text, &limits).map_err(malformed)?;
    let (target, references) = skim(&expanded, limits).map_err(|stop| match stop {
        Skimmed::Malformed(fault) => {
            malformed(Fault { position: Position::of(&text, origins.written(fault.position.offset)), ..fault })
        }
        Skimmed::NoSchema => {
            self::fault(path, Position::START, "schema-unreadable", "the root element is not xs:schema")
        }
    })?;
    let (text, written) = match expanded {
        Cow::Owned(expanded) => (expanded, Some((text, origins))),
        Cow::Borrowed(_) => (text, None),
    };
    Ok(Document { path: path.to_owned(), text, written, target, references })
}

/// Why a document is not looked at further.
enum Skimmed {
    Malformed(Fault),
    NoSchema,
}

/// The target namespace and the references of a schema document.
fn skim(text: &str, limits: Limits) -> Result<(Option<String>, Vec<Reference>), Skimmed> {
    let mut reader = TextReader::new(text, limits);
    let mut depth = 0;
    let mut target = None;
    let mut references = Vec::new();
    while let Some(event) = reader.next_event().map_err(Skimmed::Malformed)? {
        match event {
            Event::Start(start) => {
                if depth == 0 {
                    if start.name.namespace != XS_NAMESPACE || start.name.local != "schema" {
                        return Err(Skimmed::NoSchema);
                    }
                    target = attribute(&start, "targetNamespace");
                } else if depth == 1 && start.name.namespace == XS_NAMESPACE {
                    references.extend(reference(&start));
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Text(_) => {}
        }
    }
    Ok((target, references))
}

fn reference(start: &Start<'_>) -> Option<Reference> {
    let kind = match start.name.local {
        "include" => ReferenceKind::Include,
        "import" => ReferenceKind::Import,
        "redefine" => ReferenceKind::Redefine,
        _ => return None,
    };
    Some(Reference {
        kind,
        namespace: attribute(start, "namespace"),
        location: attribute(start, "schemaLocation"),
        offset: start.span.offset,
    })
}

fn attribute(start: &Start<'_>, local: &str) -> Option<String> {
    let mut attributes = start.attributes.clone();
    attributes
        .find(|found| found.name.namespace.is_empty() && found.name.local == local)
        .map(|found| found.value.trim().to_owned())
}
