//! All schema families that messages may belong to, compiled: the envelope's rules and, by system, root element and
//! version, those of the bodies. Immutable; shared by all threads.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use thiserror::Error;

use super::command::{Command, Make};
use super::compile::{Claim, ClaimedKind, Plan};
use super::family::compile_families;
use super::file::{BindingFault, File};
use super::fill::{Filled, items};
use super::library::Library;
use super::outline::Outline;
use super::parts::Envelope;
use super::shape::{Missing, Record, Shaped};
use crate::config::Config;
use crate::domain::lifecycle::{Lifecycle, System};
use crate::rules::{Captured, Rules, nearest};
use crate::schema::SchemaFault;
use crate::validate::{self, Bodies, Options, Pass, Pick, Violation};
use crate::xml::{Fault, Position, Span};

/// Of the root element of an unknown kind at most so many characters are told.
const ROOT_CHARACTERS_MAX: usize = 64;

/// A schema family's message: what its rules are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The system that it is for.
    pub system: String,
    /// Version of the family.
    pub version: String,
    /// Kind of message.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// Version of the compiled rules: a hash of the family's schemas and of the binding.
    pub rules: String,
}

/// An item of a message.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its number, from 1.
    pub number: u32,
    /// Line of its element.
    pub line: u64,
    /// Column of its element, in characters.
    pub column: u64,
    /// Path of its element.
    pub path: String,
    /// What it asks for.
    pub command: Command,
}

/// What a message was found to be.
#[derive(Debug)]
pub struct Reading {
    /// Its header, as far as it could be read.
    pub envelope: Envelope,
    /// The family of its body, where there is one.
    pub family: Option<Arc<Family>>,
    /// Its items, or what is wrong with it.
    pub verdict: Result<Vec<Item>, Faulted>,
}

impl Reading {
    /// A message of which nothing could be read.
    #[must_use]
    pub fn nothing() -> Self {
        Self { envelope: no_envelope(), family: None, verdict: Ok(Vec::new()) }
    }
}

/// What is wrong with a message.
#[derive(Debug)]
pub enum Faulted {
    /// It is no well-formed XML, or beyond a limit.
    Xml(Box<Fault>),
    /// Its body has no rules here.
    UnknownKind(UnknownKind),
    /// It breaks its rules; the flag says that there are more violations than listed.
    Violations(Vec<Violation>, bool),
    /// A field that the command needs is not there or has another form.
    Field {
        /// The field.
        field: &'static str,
        /// Where it should be.
        line: u64,
        /// Column.
        column: u64,
        /// Path of the element.
        path: String,
    },
}

/// A body that has no rules in a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind {
    /// Local name of its root element, cut short.
    pub root: String,
    /// Code of the system that the envelope names; empty: none.
    pub system: String,
    /// The root element of the system that is most like it, where one is.
    pub nearest: Option<String>,
}

/// Why a rulebook cannot be compiled.
#[derive(Debug, Error)]
pub enum RulebookFault {
    /// A schema.
    #[error("{0}")]
    Schema(SchemaFault),
    /// A binding.
    #[error("{0}")]
    Binding(#[from] BindingFault),
    /// Something that must be there is not.
    #[error("schemas.missing: {0}")]
    Missing(String),
}

/// The rules of one kind of message, and what they mean.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) family: Arc<Family>,
    pub(super) rules: Arc<Rules>,
    pub(super) plan: Plan,
    pub(super) make: Make,
    pub(super) file: File,
}

/// All compiled families.
#[derive(Debug)]
pub struct Rulebook {
    envelope: (Arc<Rules>, Plan),
    entries: Vec<Entry>,
    /// By system, namespace and local name of the root: entries, newest version last.
    by_root: HashMap<(String, String, String), Vec<usize>>,
    zone: Tz,
    options: Options,
    warnings: Vec<String>,
}

impl Rulebook {
    /// Compiles every binding file of the library with its schema. Every fault is told.
    pub fn compile(library: &Library, config: &Config) -> Result<Self, Vec<RulebookFault>> {
        let mut envelope = None;
        let (mut entries, mut warnings, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for compiled in compile_families(library, config.patterns_lenient) {
            envelope = envelope.or(compiled.envelope);
            entries.extend(compiled.bodies);
            warnings.extend(compiled.warnings);
            faults.extend(compiled.faults);
        }
        let Some(envelope) = envelope else {
            faults.push(RulebookFault::Missing("the envelope's binding".into()));
            return Err(faults);
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        entries.sort_by(|(_, a), (_, b)| {
            (&a.family.system, &a.family.version).cmp(&(&b.family.system, &b.family.version))
        });
        let mut by_root: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, ((namespace, local), entry)) in entries.iter().enumerate() {
            let key = (entry.family.system.clone(), namespace.clone(), local.clone());
            by_root.entry(key).or_default().push(at);
        }
        let options =
            Options { violations_max: config.violations_max, limits: config.xml.clone(), ..Options::default() };
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        Ok(Self { envelope, entries, by_root, zone: config.zone, options, warnings })
    }

    /// The families, by system and kind.
    pub fn families(&self) -> impl Iterator<Item = &Family> {
        self.entries.iter().map(|entry| &*entry.family)
    }

    /// The families' bindings read backwards, each with the rules of its messages.
    pub fn outlines(&self) -> impl Iterator<Item = (Outline, Arc<Rules>)> {
        self.entries.iter().map(|entry| (Outline::of(&entry.file), Arc::clone(&entry.rules)))
    }

    /// What bindings say of kinds of cases that the systems' lifecycles do not know.
    #[must_use]
    pub fn held_against<'s>(&self, system: impl Fn(&str) -> Option<&'s System>) -> Vec<BindingFault> {
        let mut faults = Vec::new();
        for entry in &self.entries {
            match system(&entry.family.system) {
                None => {
                    let detail = format!("there is no lifecycle for `{}`", entry.family.system);
                    faults.push(entry.file.fault(&["system"], detail));
                }
                Some(system) => {
                    entry.plan.claims.iter().for_each(|claim| held_against(entry, claim, system, &mut faults));
                }
            }
        }
        faults
    }

    /// What was tolerated while compiling, and where.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Reads a message in one pass: header, body by its own rules, attachments.
    #[must_use]
    pub fn read(&self, text: &str) -> Reading {
        let (rules, plan) = &self.envelope;
        let pass = validate::run(text, rules, &plan.captures, &self, &self.options);
        let envelope = self.header(&pass.captured);
        let entry = pass.body.as_ref().and_then(|body| self.entries.get(body.tag));
        let family = entry.map(|entry| Arc::clone(&entry.family));
        let verdict = self.verdict(text, pass, entry, envelope.recipient_system.as_deref().unwrap_or_default());
        Reading { envelope, family, verdict }
    }

    fn verdict(&self, text: &str, pass: Pass, entry: Option<&Entry>, system: &str) -> Result<Vec<Item>, Faulted> {
        if let Some(fault) = pass.fault {
            return Err(Faulted::Xml(Box::new(fault)));
        }
        if let Some(refused) = &pass.refused_body {
            return Err(Faulted::UnknownKind(self.unknown(system, &refused.local)));
        }
        if !pass.violations.is_empty() {
            return Err(Faulted::Violations(pass.violations, pass.violations_truncated));
        }
        let (Some(body), Some(entry)) = (pass.body, entry) else {
            return Err(Faulted::UnknownKind(self.unknown(system, "")));
        };
        let filled = items(&body.captured, &entry.plan, self.zone).map_err(|misfit| {
            let (line, column) = place(text, misfit.span);
            Faulted::Field { field: misfit.field, line, column, path: misfit.path }
        })?;
        (1..).zip(filled).map(|(number, one)| item(number, one, entry.make, text)).collect()
    }

    fn unknown(&self, system: &str, root: &str) -> UnknownKind {
        let known = self.by_root.keys().filter(|(of, ..)| of == system).map(|(.., local)| local.as_str());
        let nearest = nearest(root, known, 1).first().map(|&local| local.to_owned());
        let root = root.chars().take(ROOT_CHARACTERS_MAX).collect();
        UnknownKind { root, system: system.to_owned(), nearest }
    }

    /// The header from what was captured of it; a truncated message may have only part of it.
    fn header(&self, captured: &Captured) -> Envelope {
        let filled = items(captured, &self.envelope.1, self.zone).ok().and_then(|mut filled| filled.pop());
        let Some(Filled { mut record, .. }) = filled else { return no_envelope() };
        if let Ok(envelope) = Envelope::from_record(record.clone()) {
            return envelope;
        }
        // An attachment that breaks off in the middle must not cost the header.
        record.lists = Record::of(Envelope::SHAPE).lists;
        Envelope::from_record(record).unwrap_or_else(|_| no_envelope())
    }
}

impl<'r> Bodies<'r> for &'r Rulebook {
    fn pick(&self, header: &Captured, namespace: &str, local: &str) -> Pick<'r> {
        let envelope = self.header(header);
        let system = envelope.recipient_system.unwrap_or_default();
        let key = (system, namespace.to_owned(), local.to_owned());
        let versions = self.by_root.get(&key).map(Vec::as_slice).unwrap_or_default();
        let wanted = |at: &&usize| match &envelope.schema_version {
            Some(version) => self.entries[**at].family.version == *version,
            None => true,
        };
        match versions.iter().rev().find(wanted) {
            Some(&at) => {
                let entry = &self.entries[at];
                Pick::Rules { rules: &entry.rules, captures: &entry.plan.captures, tag: at }
            }
            None => Pick::Refuse { code: "unknown-kind" },
        }
    }
}

/// The kind is known, and its fields and roles are those that the binding fills.
fn held_against(entry: &Entry, claim: &Claim, system: &System, faults: &mut Vec<BindingFault>) {
    let lifecycle = match &claim.kind {
        ClaimedKind::Told => return,
        ClaimedKind::Main => system.main(),
        ClaimedKind::Fixed(code) => match system.kind(code) {
            Some(lifecycle) => lifecycle,
            None => {
                let known: Vec<&str> = system.kinds().iter().map(|one| one.kind().code.as_str()).collect();
                let detail = format!("`{}` has no kind `{code}`; it has {}", system.code(), known.join(", "));
                faults.push(entry.file.fault(&["case_kind", code], detail));
                return;
            }
        },
    };
    let kind = Lifecycle::kind(lifecycle);
    for name in claim.details.iter().filter(|name| kind.field(name).is_none()) {
        let known: Vec<&str> = kind.fields.iter().map(|field| field.code.as_str()).collect();
        let detail = format!("`{}` declares no field `{name}`; it declares {}", kind.code, known.join(", "));
        faults.push(entry.file.fault(&[name], detail));
    }
    for role in claim.roles.iter().filter(|role| !kind.parties.contains(role)) {
        let detail = format!("`{}` knows no party `{role}`; it knows {}", kind.code, kind.parties.join(", "));
        faults.push(entry.file.fault(&["role", role], detail));
    }
}

fn no_envelope() -> Envelope {
    Envelope {
        message_id: None,
        in_reply_to: None,
        correlation_id: None,
        sender: None,
        recipient_agency: None,
        recipient_system: None,
        sent_at: None,
        expires_at: None,
        test: None,
        schema_version: None,
        attachments: Vec::new(),
    }
}

fn item(number: u32, filled: Filled, make: Make, text: &str) -> Result<Item, Faulted> {
    let (line, column) = place(text, filled.span);
    let Filled { record, path, make: own, .. } = filled;
    match own.unwrap_or(make)(record) {
        Ok(command) => Ok(Item { number, line, column, path, command }),
        Err(Missing(field)) => Err(Faulted::Field { field, line, column, path }),
    }
}

fn place(text: &str, span: Span) -> (u64, u64) {
    let position = Position::of(text, span.offset);
    (position.line, position.column)
}
