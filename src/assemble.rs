//! From a checked configuration to rooms that work: rulebook, lifecycles, store, pipeline. Every fault of the files is
//! told, not only the first.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::admit::Answers;
use crate::apply::{self, Lifecycles};
use crate::binding::{Library, Rulebook};
use crate::config::Config;
use crate::domain::calendar::Calendar;
use crate::domain::lifecycle::{Fault as LifecycleFault, Lifecycle, Shelf, System};
use crate::domain::routing::Routing;
use crate::notify::{Language, Texts};
use crate::pipeline::Pipeline;
use crate::schema::{self, SchemaSet, Source};
use crate::store::{ContentFault, Contents, Store, StoreFault};

/// Bytes of one schema document at most.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// The file system, paths as the caller gave them. Nothing is ever fetched.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFiles;

impl Source for SchemaFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = local(path);
        if path.contains("://") {
            return Err("only files are read, nothing is fetched".to_owned());
        }
        let about = fs::metadata(path).map_err(|fault| fault.to_string())?;
        if !about.is_file() {
            return Err("this is no file".to_owned());
        }
        if about.len() > DOCUMENT_BYTES_MAX {
            return Err(format!("longer than {DOCUMENT_BYTES_MAX} bytes"));
        }
        fs::read(path).map_err(|fault| fault.to_string())
    }

    /// The real path: a document is the same one wherever the way to it begins.
    fn identity(&self, path: &str) -> String {
        let real = fs::canonicalize(local(path)).ok();
        real.and_then(|real| real.into_os_string().into_string().ok()).unwrap_or_else(|| path.to_owned())
    }
}

fn local(path: &str) -> &str {
    path.strip_prefix("file://").unwrap_or(path)
}

/// Where the lifecycle of documents stands, whatever the system.
const DOCUMENTS: &str = "common/documents.toml";
/// Where the kinds stand that several systems have alike.
const SHELF: &str = "common/kinds.toml";
/// How a system's lifecycle file is called.
const LIFECYCLE: &str = "/lifecycle.toml";

/// Why the rooms cannot be made.
#[derive(Debug, Error)]
pub enum AssembleFault {
    /// Schemas, bindings or lifecycles; a line for each fault.
    #[error("{}", .0.join("\n"))]
    Rules(Vec<String>),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// The contents' folder.
    #[error("{0}")]
    Contents(#[from] ContentFault),
}

/// What the schema library and the files beside it say.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How messages look and what they mean.
    pub rulebook: Arc<Rulebook>,
    /// How cases live.
    pub lifecycles: Arc<Lifecycles>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// Which unit is responsible for what.
    pub routing: Arc<Routing>,
    /// What people read of events.
    pub texts: Arc<Texts>,
    /// What answers of state services must look like.
    pub answers: Arc<Answers>,
}

/// Compiles schemas and bindings, loads lifecycles.
pub fn rules(config: &Config) -> Result<Rules, AssembleFault> {
    let calendar = calendar(config)?;
    let library =
        Library::load(config.schemas.as_deref()).map_err(|fault| AssembleFault::Rules(vec![fault.to_string()]))?;
    let mut faults = Vec::new();
    let (rulebook, lifecycles) = std::thread::scope(|scope| {
        let lifecycles = scope.spawn(|| lifecycles(&library, &mut faults));
        let rulebook = Rulebook::compile(&library, config);
        (rulebook, lifecycles.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked)))
    });
    if let Err(more) = &rulebook {
        faults.extend(more.iter().map(ToString::to_string));
    }
    if let Some(lifecycles) = &lifecycles {
        for system in config.systems.iter().filter(|system| lifecycles.get(system).is_none()) {
            faults.push(format!("config.invalid: intake.systems: there is no lifecycle for `{system}`"));
        }
    }
    if let (Ok(rulebook), Some(lifecycles), true) = (&rulebook, &lifecycles, faults.is_empty()) {
        let unfit = rulebook.held_against(|system| lifecycles.system(system));
        faults.extend(unfit.iter().map(ToString::to_string));
    }
    let routing = lifecycles.as_ref().and_then(|lifecycles| routing(config, lifecycles, &mut faults));
    let texts = lifecycles.as_ref().and_then(|lifecycles| texts(config, lifecycles, &mut faults));
    let answers = answers(config, &mut faults);
    match (rulebook, lifecycles, routing, texts) {
        (Ok(rulebook), Some(lifecycles), Some(routing), Some(texts)) if faults.is_empty() => Ok(Rules {
            rulebook: Arc::new(rulebook),
            lifecycles: Arc::new(lifecycles),
            calendar: Arc::new(calendar),
            routing: Arc::new(routing),
            texts: Arc::new(texts),
            answers: Arc::new(answers),
        }),
        _ => Err(AssembleFault::Rules(faults)),
    }
}

/// The routing rules; without a file there are none.
fn routing(config: &Config, lifecycles: &Lifecycles, faults: &mut Vec<String>) -> Option<Routing> {
    let Some(path) = &config.routing else { return Some(Routing::default()) };
    let file = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) => {
            faults.push(format!("config.unreadable: routing.file: {file}: {fault}"));
            return None;
        }
    };
    Routing::load(&file, &text, |system| lifecycles.system(system))
        .map_err(|more| faults.extend(more.iter().map(ToString::to_string)))
        .ok()
}

/// What people read of events, in the configured language, with the texts of the templates' folder.
fn texts(config: &Config, lifecycles: &Lifecycles, faults: &mut Vec<String>) -> Option<Texts> {
    let files = template_files(config.notify.templates.as_deref()).map_err(|fault| faults.push(fault)).ok()?;
    let texts = Texts::compile(lifecycles, config.notify.language, &files);
    texts.map_err(|more| faults.extend(more)).ok()
}

/// The files of the templates' folder, by their path in it.
pub fn template_files(folder: Option<&Path>) -> Result<BTreeMap<String, String>, String> {
    let mut files = BTreeMap::new();
    let Some(root) = folder else { return Ok(files) };
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = |fault: std::io::Error| format!("template.unreadable: {}: {fault}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !name.rsplit('/').next().is_some_and(|name| name.starts_with('.')) {
                let text = std::fs::read_to_string(&path);
                files.insert(name, text.map_err(|fault| format!("template.unreadable: {}: {fault}", path.display()))?);
            }
        }
    }
    let known = |name: &str| Language::ALL.iter().any(|one| name.starts_with(&format!("{}/", one.code())));
    match files.keys().find(|name| !known(name)) {
        Some(name) => Err(format!("template.unknown: {name}: texts stand in ru/ or en/")),
        None => Ok(files),
    }
}

/// The production calendar: the built-in years, and those of the configured folder over them.
pub fn calendar(config: &Config) -> Result<Calendar, AssembleFault> {
    let Some(folder) = &config.calendar else { return Ok(Calendar::official()) };
    let away = |fault: std::io::Error| {
        AssembleFault::Rules(vec![format!("time.calendar_folder: {}: {fault}", folder.display())])
    };
    let mut files: Vec<_> = fs::read_dir(folder)
        .and_then(|list| list.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>())
        .map_err(away)?;
    files.retain(|path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut calendar = Calendar::official();
    for path in files {
        let text = fs::read_to_string(&path).map_err(away)?;
        let name = path.display().to_string();
        calendar = calendar.with_file(&name, &text).map_err(|fault| AssembleFault::Rules(vec![fault.to_string()]))?;
    }
    Ok(calendar)
}

/// The schemas of the state services' answers, compiled.
fn answers(config: &Config, faults: &mut Vec<String>) -> Answers {
    let mut by_service = BTreeMap::new();
    for service in config.services.all() {
        let Some(path) = &service.answer_schema else { continue };
        match schema::compile(&SchemaSet::new(&SchemaFiles).with(path.to_string_lossy())) {
            Ok(rules) => {
                by_service.insert(service.code.clone(), Arc::new(rules));
            }
            Err(more) => faults.extend(more.iter().map(|fault| format!("state_services: {}: {fault}", service.code))),
        }
    }
    Answers::new(by_service)
}

fn lifecycles(library: &Library, faults: &mut Vec<String>) -> Option<Lifecycles> {
    let shelf = load(library, SHELF, faults, Shelf::load);
    let documents = load(library, DOCUMENTS, faults, Lifecycle::load);
    for path in [SHELF, DOCUMENTS].into_iter().filter(|path| library.get(path).is_none()) {
        faults.push(format!("schemas.missing: {path}"));
    }
    let shelf = shelf?;
    let systems: Vec<System> = library
        .ending(LIFECYCLE)
        .filter_map(|path| load(library, path, faults, |path, text| System::load(path, text, &shelf)))
        .collect();
    let lifecycles = Lifecycles::new(systems, documents?);
    if faults.is_empty() {
        faults.extend(apply::unfit(&lifecycles));
    }
    Some(lifecycles)
}

fn load<T>(
    library: &Library,
    path: &str,
    faults: &mut Vec<String>,
    read: impl FnOnce(&str, &str) -> Result<T, Vec<LifecycleFault>>,
) -> Option<T> {
    let text = library.get(path).map(String::from_utf8_lossy)?;
    read(path, &text).map_err(|more| faults.extend(more.into_iter().map(|fault| fault.to_string()))).ok()
}

/// A pipeline over the configured store, which is made or migrated.
pub async fn pipeline(config: Config, rules: &Rules) -> Result<Arc<Pipeline>, AssembleFault> {
    let store = Store::open(&config.store).await?;
    over(config, rules, store)
}

/// A pipeline over the store that is there; where there is none, or one with other tables, nothing is made.
pub async fn pipeline_existing(config: Config, rules: &Rules) -> Result<Arc<Pipeline>, AssembleFault> {
    let store = Store::open_existing(&config.store).await?;
    over(config, rules, store)
}

fn over(config: Config, rules: &Rules, store: Store) -> Result<Arc<Pipeline>, AssembleFault> {
    Contents::at(config.contents.clone()).ready()?;
    Ok(Arc::new(Pipeline::new(config, rules, store)))
}
