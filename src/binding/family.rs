//! Compiling families: the bindings of a folder and the schemas that they name. The schemas of one folder are one set, so
//! that what they share is compiled once; where they cannot be one (two of them define the same name), each is a set of
//! its own. Families are compiled on all processors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::command::COMMANDS;
use super::compile::{Plan, compile};
use super::file::{BindingFault, File};
use super::library::Library;
use super::parts::Envelope;
use super::rulebook::{Entry, Family, RulebookFault};
use super::shape::Shaped;
use crate::rules::{Rules, Strictness};
use crate::schema::{self, SchemaSet};

const ENVELOPE: &str = "envelope";
const BINDING: &str = ".binding.toml";

/// Namespace and local name of a root element.
type Root = (String, String);

/// What the bindings of one folder came to.
#[derive(Default)]
pub(super) struct Compiled {
    pub(super) envelope: Option<(Arc<Rules>, Plan)>,
    pub(super) bodies: Vec<(Root, Entry)>,
    pub(super) warnings: Vec<String>,
    pub(super) faults: Vec<RulebookFault>,
}

/// The schemas of a folder, compiled; `None` where one is faulty.
type Schemas = BTreeMap<String, Option<Arc<Rules>>>;

/// Compiles every binding file of a library with its schema, folder by folder, in the order of their paths.
pub(super) fn compile_families(library: &Library, lenient: bool) -> Vec<Compiled> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in library.ending(BINDING) {
        folders.entry(folder(path)).or_default().push(path);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(folders.len());
    let (waiting, done) = (Mutex::new(folders.iter()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((folder, paths)) = next else { break };
            let compiled = family(library, paths, lenient);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(*folder, compiled);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn family(library: &Library, paths: &[&str], lenient: bool) -> Compiled {
    let mut compiled = Compiled::default();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match read(library, path) {
            Ok(file) => files.push(file),
            Err(fault) => compiled.faults.push(fault.into()),
        }
    }
    let named: BTreeSet<&str> = files.iter().map(|(_, schema)| schema.as_str()).collect();
    let schemas = schemas(library, &named, lenient, &mut compiled);
    for (file, schema) in files {
        let Some(rules) = schemas.get(&schema).cloned().flatten() else { continue };
        if let Err(faults) = bind(library, file, rules, &mut compiled) {
            compiled.faults.extend(faults.into_iter().map(RulebookFault::from));
        }
    }
    compiled
}

/// A binding file, and the path of its schema.
fn read(library: &Library, path: &str) -> Result<(File, String), BindingFault> {
    let file = File::read(path, &text(library, path))?;
    let schema = match folder(path) {
        "" => file.written.schema.clone(),
        folder => format!("{folder}/{}", file.written.schema),
    };
    if library.get(&schema).is_none() {
        return Err(file.fault(&["schema"], format!("there is no file {schema}")));
    }
    Ok((file, schema))
}

fn text<'l>(library: &'l Library, path: &str) -> std::borrow::Cow<'l, str> {
    String::from_utf8_lossy(library.get(path).unwrap_or_default())
}

/// All schemas as one set, or, where that is faulty, each by itself, so that faults are those of the schema alone.
fn schemas(library: &Library, named: &BTreeSet<&str>, lenient: bool, compiled: &mut Compiled) -> Schemas {
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let set = SchemaSet::new(library).with_strictness(strictness);
    if let Ok(rules) = schema::compile(&named.iter().fold(set.clone(), SchemaSet::with)) {
        compiled.warnings.extend(rules.warnings().iter().cloned());
        let rules = Arc::new(rules);
        return named.iter().map(|path| ((*path).to_owned(), Some(Arc::clone(&rules)))).collect();
    }
    let mut alone = |path: &&str| {
        let rules = match schema::compile(&set.clone().with(path)) {
            Ok(rules) => {
                compiled.warnings.extend(rules.warnings().iter().cloned());
                Some(Arc::new(rules))
            }
            Err(faults) => {
                compiled.faults.extend(faults.into_iter().map(RulebookFault::Schema));
                None
            }
        };
        ((*path).to_owned(), rules)
    };
    named.iter().map(&mut alone).collect()
}

fn bind(library: &Library, file: File, rules: Arc<Rules>, into: &mut Compiled) -> Result<(), Vec<BindingFault>> {
    let written = &file.written;
    if written.command == ENVELOPE {
        let plan = compile(&file, &rules, Envelope::SHAPE)?;
        into.envelope = Some((rules, plan));
        return Ok(());
    }
    let Some((shape, make)) = COMMANDS.iter().find(|(shape, _)| shape.name == written.command) else {
        let known: Vec<&str> = COMMANDS.iter().map(|(shape, _)| shape.name).collect();
        let detail = format!("there is no command `{}`; there are {}", written.command, known.join(", "));
        return Err(vec![file.fault(&["command"], detail)]);
    };
    let plan = compile(&file, &rules, shape)?;
    let family = Family {
        system: written.system.clone(),
        version: written.version.clone(),
        kind: written.kind.clone(),
        label: written.label.clone(),
        rules: version(&rules, &text(library, &file.path)),
    };
    let root = match written.root.split_once(':') {
        Some((prefix, local)) => (written.prefixes.get(prefix).cloned().unwrap_or_default(), local.to_owned()),
        None => (String::new(), written.root.clone()),
    };
    into.bodies.push((root, Entry { family: Arc::new(family), rules, plan, make: *make, file }));
    Ok(())
}

/// Names what judged a message: schemas and binding, eight bytes of each hash.
fn version(rules: &Rules, binding: &str) -> String {
    let binding = hex::encode(crate::decode::hash(binding.as_bytes()));
    let schema = rules.hash();
    format!("{}-{}", schema.get(..16).unwrap_or(schema), &binding[..16])
}
