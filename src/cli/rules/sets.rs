//! The schemas that a `rules` command is about: those given by path, or the families that are built in or configured.

use std::path::PathBuf;

use clap::Args;

use crate::binding::Library;
use crate::cli::{Failed, Layers, schemas};
use crate::rules::{ElementView, Rules, Strictness, nearest};
use crate::schema::{self, SchemaSet, Source};

/// Which schemas.
#[derive(Debug, Args)]
pub(in crate::cli) struct Chosen {
    /// Schema document; may be given several times. Without it, the built-in and configured families.
    #[arg(long = "schema", short, value_name = "FILE")]
    schemas: Vec<PathBuf>,
    /// Read patterns of the schemas as libxml2 takes them, such as `[a-z-.]`.
    #[arg(long)]
    lenient_patterns: bool,
}

/// Rules that were compiled together.
#[derive(Debug)]
pub(super) struct Set {
    /// The document whose elements the set is for; none where all of them are.
    document: Option<String>,
    pub(super) rules: Rules,
}

impl Set {
    /// The elements that documents may begin with, each set telling those of its own document.
    pub(super) fn elements(&self) -> impl Iterator<Item = ElementView<'_>> {
        self.rules.global_elements().filter(|element| match &self.document {
            Some(document) => element.place().rsplit_once(':').is_some_and(|(path, _)| path == document),
            None => true,
        })
    }
}

impl Chosen {
    /// Compiles the schemas.
    pub(super) fn sets(&self, layers: &Layers) -> Result<Vec<Set>, Failed> {
        let strictness = if self.lenient_patterns { Strictness::Lenient } else { Strictness::Strict };
        if !self.schemas.is_empty() {
            return Ok(vec![Set { document: None, rules: schemas::compile(&self.schemas, strictness)? }]);
        }
        let folder = layers.written()?.schemas.folder;
        let folder = Some(PathBuf::from(folder)).filter(|folder| !folder.as_os_str().is_empty());
        let library = Library::load(folder.as_deref()).map_err(Failed::wrong)?;
        let shelf = Shelf(&library);
        let mut sets = Vec::new();
        for path in library.ending(".xsd") {
            let set = SchemaSet::new(&shelf).with(path).with_strictness(strictness);
            let rules = schema::compile(&set).map_err(|faults| {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                Failed::wrong(lines.join("\n"))
            })?;
            sets.push(Set { document: Some(path.to_owned()), rules });
        }
        Ok(sets)
    }
}

/// The library as a source of schema documents.
struct Shelf<'l>(&'l Library);

impl Source for Shelf<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(<[u8]>::to_vec).ok_or_else(|| format!("there is no schema file {path}"))
    }
}

/// The one element that is called so: by its local name, or by `{namespace}name`.
pub(super) fn find<'s>(sets: &'s [Set], name: &str) -> Result<(&'s Set, ElementView<'s>), Failed> {
    let (namespace, local) = match name.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((namespace, local)) => (Some(namespace), local),
        None => (None, name),
    };
    let all = || sets.iter().flat_map(|set| set.elements().map(move |element| (set, element)));
    let named = |element: &ElementView<'_>| {
        element.local() == local && namespace.is_none_or(|namespace| element.namespace() == namespace)
    };
    let found: Vec<_> = all().filter(|(_, element)| named(element)).collect();
    match found[..] {
        [only] => Ok(only),
        [] => {
            let mut known: Vec<&str> = all().map(|(_, element)| element.local()).collect();
            known.sort_unstable();
            known.dedup();
            let meant = nearest(local, known.iter().copied(), 1);
            let meant = meant.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let known = known.join(", ");
            Err(Failed::wrong(format!("no document begins with `{name}`{meant}\nthere are {known}")))
        }
        _ => {
            let names: Vec<String> =
                found.iter().map(|(_, element)| format!("{{{}}}{}", element.namespace(), element.local())).collect();
            Err(Failed::wrong(format!("several elements are called `{name}`; name one of: {}", names.join(", "))))
        }
    }
}
