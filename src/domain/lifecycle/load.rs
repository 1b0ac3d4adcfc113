//! From a lifecycle file to a [`System`]: read, check everything, then build. All faults are collected, so that an
//! author mends a file in one go.

use std::sync::OnceLock;

use toml::Spanned;

use super::event::Template;
use super::fault::Fault;
use super::system::{Shelf, System};
use super::written::{Name, Written, WrittenEvent, WrittenKind, WrittenReason, WrittenShelf};
use super::{Lifecycle, build, check};
use crate::domain::calendar::line_of;
use crate::domain::term::Term;

/// The main kind where a file names none.
const MAIN: (&str, &str) = ("application", "Заявление");

/// Collects the faults of one file.
pub(super) struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    /// Notes a fault at a byte offset of the file.
    pub(super) fn at(&mut self, offset: usize, code: &'static str, text: impl Into<String>) {
        let (file, line) = (self.file.to_owned(), line_of(self.text, offset));
        self.found.push(Fault { code, file, line, text: text.into() });
    }

    /// Notes a fault at a name of the file.
    pub(super) fn on<T>(&mut self, name: &Spanned<T>, code: &'static str, text: impl Into<String>) {
        self.at(name.span().start, code, text);
    }

    pub(super) fn term(&mut self, written: &Name) -> Option<Term> {
        let parsed = written.get_ref().parse();
        parsed.map_err(|fault| self.on(written, "lifecycle.term", format!("{fault}"))).ok()
    }

    pub(super) fn template(&mut self, written: &Name) -> Option<Template> {
        let parsed = Template::parse(written.get_ref());
        parsed.map_err(|fault| self.on(written, "lifecycle.text", format!("{fault}"))).ok()
    }

    /// Reads a name as something that has a form of its own.
    pub(super) fn parsed<T: std::str::FromStr>(&mut self, written: &Name, code: &'static str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        written.get_ref().parse().map_err(|fault| self.on(written, code, format!("{fault}"))).ok()
    }

    /// What was built, or everything that was found, in the order of the lines.
    fn judge<T>(mut self, built: Option<T>) -> Result<T, Vec<Fault>> {
        match built {
            Some(built) if self.found.is_empty() => Ok(built),
            _ => {
                self.found.sort_by_key(|fault| fault.line);
                Err(self.found)
            }
        }
    }
}

/// What the kinds of a file share.
pub(super) struct Shared {
    pub(super) events: Vec<WrittenEvent>,
    pub(super) reasons: Vec<WrittenReason>,
}

fn read<'t, T: serde::de::DeserializeOwned>(file: &'t str, text: &'t str) -> Result<(T, Faults<'t>), Vec<Fault>> {
    let mut faults = Faults { file, text, found: Vec::new() };
    match toml::from_str(text) {
        Ok(written) => Ok((written, faults)),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            faults.at(offset, "lifecycle.unreadable", error.message());
            Err(faults.found)
        }
    }
}

/// Reads and checks a file of shared kinds.
pub(super) fn shelf(file: &str, text: &str) -> Result<Shelf, Vec<Fault>> {
    let (written, mut faults) = read::<WrittenShelf>(file, text)?;
    let WrittenShelf { version, event, reason, kind: kinds } = written;
    let shared = Shared { events: event, reasons: reason };
    check::all(&kinds, &shared, &[], &mut faults);
    let built: Vec<_> =
        kinds.into_iter().map(|kind| build::lifecycle(kind, &shared, ("", "", None, &version), &mut faults)).collect();
    faults.judge(built.into_iter().collect::<Option<_>>().map(|kinds| Shelf { kinds }))
}

/// Reads and checks the lifecycle file of a system.
pub(super) fn system(file: &str, text: &str, shelf: &Shelf) -> Result<System, Vec<Fault>> {
    let (mut written, mut faults) = read::<Written>(file, text)?;
    let kinds = kinds(&mut written, &mut faults);
    let shared = Shared { events: std::mem::take(&mut written.event), reasons: std::mem::take(&mut written.reason) };
    let taken = taken(&written, shelf, &mut faults);
    check::file(&written, &kinds, &mut faults);
    check::all(&kinds, &shared, &taken, &mut faults);
    check::extracts(&written.extract, &kinds, &shared, &mut faults);
    let label_en = written.label_en.as_ref().map(|label| label.get_ref().as_str());
    let about =
        (written.system.get_ref().as_str(), written.label.get_ref().as_str(), label_en, written.version.as_str());
    let built: Vec<_> = kinds.into_iter().map(|kind| build::lifecycle(kind, &shared, about, &mut faults)).collect();
    let rights = build::rights(&written.rights, &mut faults);
    let built = built.into_iter().collect::<Option<Vec<Lifecycle>>>().map(|mut kinds| {
        for mut one in taken {
            written.system.get_ref().clone_into(&mut one.system);
            written.label.get_ref().clone_into(&mut one.label);
            one.label_en = label_en.map(str::to_owned);
            kinds.push(one);
        }
        System {
            code: written.system.get_ref().clone(),
            label: written.label.get_ref().clone(),
            label_en: label_en.map(str::to_owned),
            rights,
            extracts: std::mem::take(&mut written.extract).into_iter().map(build::extract).collect(),
            vocabulary: build::vocabulary(written.operation, written.role, written.authority, written.signature),
            kinds,
            derived: OnceLock::new(),
        }
    });
    faults.judge(built)
}

/// The kinds of the file, the main one first: what stands at the top of the file belongs to it.
fn kinds(written: &mut Written, faults: &mut Faults<'_>) -> Vec<WrittenKind> {
    let mut main = written.main.take().unwrap_or_else(|| {
        let name = |text: &str| Spanned::new(0..0, text.to_owned());
        WrittenKind::named(name(MAIN.0), name(MAIN.1))
    });
    if !main.status.is_empty() || !main.timer.is_empty() || !main.service.is_empty() || !main.words.is_empty() {
        let text = "statuses, timers, services and words of the main kind stand at the top of the file, not in [main]";
        faults.on(&main.code, "lifecycle.main", text);
    }
    main.status = std::mem::take(&mut written.status);
    main.timer = std::mem::take(&mut written.timer);
    main.service = std::mem::take(&mut written.service);
    main.words = std::mem::take(&mut written.words);
    main.documents = main.documents.take().or_else(|| written.documents.clone());
    // A reason of the file that names statuses is for those of the main kind; the others are for all.
    let (own, all): (Vec<_>, Vec<_>) =
        std::mem::take(&mut written.reason).into_iter().partition(|one| !one.statuses.is_empty());
    main.reason.extend(own);
    written.reason = all;
    let mut kinds = vec![main];
    kinds.append(&mut written.kind);
    for kind in kinds.iter_mut().skip(1) {
        kind.documents = kind.documents.take().or_else(|| written.documents.clone());
    }
    kinds
}

/// What the file takes from the shelf.
fn taken(written: &Written, shelf: &Shelf, faults: &mut Faults<'_>) -> Vec<Lifecycle> {
    let mut taken = Vec::new();
    for name in &written.uses {
        match shelf.kinds.iter().find(|one| one.kind.code == *name.get_ref()) {
            Some(kind) => {
                let mut kind = kind.clone();
                kind.documents = kind.documents.or_else(|| written.documents.clone());
                taken.push(kind);
            }
            None => faults.on(name, "lifecycle.unknown-kind", format!("there is no shared kind `{}`", name.get_ref())),
        }
    }
    taken
}
