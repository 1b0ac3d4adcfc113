//! Messages made of commands: a binding read backwards says where each field stands, the rules of the message make up the rest.
//! So every kind of message of any system can be made by its files alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use super::senders::Senders;
use crate::binding::Rulebook;
use crate::binding::outline::{Fields, Outline, Part, QualifiedName, Role, Stand};
use crate::rules::Rules;
use crate::specimen::{self, Extent, Impossible, Lexicon, Plan, Voice, Wish};

const KIND: &str = "case_kind";
const VALUES: &str = "values";

/// What an item is to say: fields of its command by name, declared fields by code, entries of lists. A field without a value must be
/// there; which value it has does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saying {
    fields: BTreeMap<String, Option<String>>,
    details: BTreeMap<String, Option<String>>,
    lists: Vec<(String, Self)>,
    /// Fields that may be left out where there is no place for them. Declared fields always may: a party may tell them.
    soft: BTreeSet<String>,
}

/// A body that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Kind of message.
    pub message: String,
    /// The body, XML.
    pub text: String,
    /// Fields that were left out.
    pub left_out: BTreeSet<String>,
}

impl Saying {
    /// With a field of this value.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<String>) -> Self {
        self.fields.insert(field.to_owned(), Some(value.into()));
        self
    }

    /// With a field of this value, if there is a place for it.
    #[must_use]
    pub fn if_possible(mut self, field: &str, value: impl Into<String>) -> Self {
        self.soft.insert(field.to_owned());
        self.with(field, value)
    }

    /// With a field, whatever its value.
    #[must_use]
    pub fn with_any(mut self, field: &str) -> Self {
        self.fields.insert(field.to_owned(), None);
        self
    }

    /// The number of the case that it is about.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.fields.get("case_number").or_else(|| self.fields.get("number"))?.as_deref()
    }

    /// Whether a part has a place for all of it.
    fn fits(&self, part: &Part) -> bool {
        self.fields.keys().all(|name| part.fields.named.contains_key(name))
            && self.details.keys().all(|code| detail(part, code).is_some())
    }

    /// With a declared field, with this value or with any.
    pub fn detail(&mut self, code: &str, value: Option<String>) {
        self.details.insert(code.to_owned(), value);
    }

    /// With one more entry of a list, if there is a place for it.
    pub fn entry_if_possible(&mut self, list: &str, entry: Self) {
        self.soft.insert(list.to_owned());
        self.entry(list, entry);
    }

    /// With one more entry of a list.
    pub fn entry(&mut self, list: &str, entry: Self) {
        self.lists.push((list.to_owned(), entry));
    }
}

/// Why a message cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsayable {
    /// No message of the system means the command for the kind of case.
    #[error("sample.unsayable: no message of `{system}` means `{command}` of `{kind}`")]
    NoMessage {
        /// The system.
        system: String,
        /// The command.
        command: String,
        /// Kind of the case.
        kind: String,
    },
    /// The binding has no place for something.
    #[error("sample.unsayable: {message} of `{system}` has no place for {what}")]
    NoPlace {
        /// The system.
        system: String,
        /// Kind of message.
        message: String,
        /// What.
        what: String,
    },
    /// The rules do not take it.
    #[error("sample.unsayable: {message} of `{system}`: {fault}")]
    Impossible {
        /// The system.
        system: String,
        /// Kind of message.
        message: String,
        /// What stands in the way.
        fault: Impossible,
    },
}

/// Makes messages.
#[derive(Debug)]
pub struct Composer {
    bound: Vec<(Outline, Arc<Rules>)>,
    words: Arc<Lexicon>,
}

impl Composer {
    /// Over the families of a rulebook; these words stand where nothing else is said.
    #[must_use]
    pub fn over(rulebook: &Rulebook, words: Lexicon) -> Self {
        Self { bound: rulebook.outlines().collect(), words: Arc::new(words) }
    }

    /// Its words.
    #[must_use]
    pub fn words(&self) -> &Lexicon {
        &self.words
    }

    /// The kinds of message of a system.
    pub fn messages<'c>(&'c self, system: &'c str) -> impl Iterator<Item = &'c str> {
        self.bound.iter().filter(move |(outline, _)| outline.system == system).map(|(outline, _)| outline.kind.as_str())
    }

    /// A composer that knows one kind of message alone.
    #[must_use]
    pub fn only(&self, system: &str, message: &str) -> Self {
        let own = self.bound.iter().filter(|(outline, _)| outline.system == system && outline.kind == message);
        Self { bound: own.cloned().collect(), words: Arc::clone(&self.words) }
    }

    /// A composer of those kinds of message alone that these may send.
    #[must_use]
    pub fn permitted(mut self, senders: &Senders) -> Self {
        self.bound.retain(|(outline, _)| !senders.all(&outline.system, &outline.kind).is_empty());
        self
    }

    /// Whether some message of a system means a command for a kind of case.
    #[must_use]
    pub fn says(&self, system: &str, command: &str, kind: &str, main: bool) -> bool {
        let own = self.bound.iter().filter(|(outline, _)| outline.system == system);
        own.into_iter().any(|(outline, _)| !items(outline, command, kind, main).is_empty())
    }

    /// The value that the binding itself gives a field of a command for a kind of case.
    #[must_use]
    pub fn constant(&self, (system, kind, main): (&str, &str, bool), command: &str, field: &str) -> Option<&str> {
        let own = self.bound.iter().filter(|(outline, _)| outline.system == system);
        let parts = own.flat_map(|(outline, _)| items(outline, command, kind, main)).flatten();
        parts.filter_map(|part| part.fields.named.get(field)).find_map(|stand| match stand {
            Stand::Fixed(value) => Some(value.as_str()),
            Stand::At { .. } => None,
        })
    }

    /// The body of a message with an item for each saying, which means `command` for a case of `kind` and says this.
    ///
    /// # Errors
    /// No message of the system can say it.
    pub fn body(
        &self,
        (system, kind, main): (&str, &str, bool),
        command: &str,
        sayings: &[&Saying],
        voice: &mut Voice<'_>,
    ) -> Result<Body, Unsayable> {
        let mut failed = None;
        for (outline, rules) in self.bound.iter().filter(|(outline, _)| outline.system == system) {
            for part in items(outline, command, kind, main) {
                match self.one((outline, rules), part, kind, sayings, voice) {
                    Ok(body) => return Ok(body),
                    Err(fault) => failed = failed.or(Some(fault)),
                }
            }
        }
        Err(failed.unwrap_or_else(|| Unsayable::NoMessage {
            system: system.to_owned(),
            command: command.to_owned(),
            kind: kind.to_owned(),
        }))
    }

    fn one(
        &self,
        (outline, rules): (&Outline, &Rules),
        part: Option<&Part>,
        kind: &str,
        sayings: &[&Saying],
        voice: &mut Voice<'_>,
    ) -> Result<Body, Unsayable> {
        let (system, message) = (outline.system.clone(), outline.kind.clone());
        let no_place = |what: String| Unsayable::NoPlace { system: system.clone(), message: message.clone(), what };
        let mut wish = Wish::default();
        let mut left_out = BTreeSet::new();
        for saying in sayings {
            item(&mut wish, outline, part, kind, (*saying).clone(), &mut left_out).map_err(&no_place)?;
            // What stands around the items can be said once.
            if sayings.len() > 1 && part.is_none_or(|part| !saying.fits(part)) {
                return Err(no_place("several items".to_owned()));
            }
        }
        let (namespace, local) = &outline.root;
        let root = rules.element(namespace, local).ok_or_else(|| no_place(local.clone()))?;
        let plan = Plan { seed: voice.seed(), extent: Extent::Minimal };
        specimen::make_with(rules, root, plan, &wish, voice)
            .map(|made| Body { message: message.clone(), text: without_declaration(&made.text).to_owned(), left_out })
            .map_err(|fault| Unsayable::Impossible { system: system.clone(), message: message.clone(), fault })
    }
}

/// Wishes for one item of a message.
fn item(
    wish: &mut Wish,
    outline: &Outline,
    part: Option<&Part>,
    kind: &str,
    mut saying: Saying,
    left_out: &mut BTreeSet<String>,
) -> Result<(), String> {
    let named = |fields: &Fields| fields.named.contains_key(KIND);
    if named(&outline.fields) || part.is_some_and(|part| named(&part.fields)) {
        saying = saying.with(KIND, kind);
    }
    // What the item has no place for may stand in the message around it.
    let mut around = Saying { soft: saying.soft.clone(), ..Saying::default() };
    if let Some(part) = part {
        another(wish, &part.path);
        around.fields = take(&mut saying.fields, |name| part.fields.named.contains_key(name));
        around.details = take(&mut saying.details, |name| detail(part, name).is_some());
        write(at(wish, &part.path), &part.fields, &part.parts, &saying, left_out)?;
    } else {
        around = saying;
    }
    write(wish, &outline.fields, &outline.parts, &around, left_out)
}

/// A document that is to stand in another one.
fn without_declaration(text: &str) -> &str {
    match text.split_once("?>") {
        Some((declaration, rest)) if declaration.starts_with("<?xml") => rest.trim_start(),
        _ => text,
    }
}

/// The parts of a message that mean a command for a kind of case; none stands for the message as a whole.
fn items<'o>(outline: &'o Outline, command: &str, kind: &str, main: bool) -> Vec<Option<&'o Part>> {
    let takes = |fields: [&Fields; 2]| match fields.iter().find_map(|fields| fields.named.get(KIND)) {
        None => main,
        Some(Stand::Fixed(fixed)) => fixed == kind,
        Some(Stand::At { .. }) => true,
    };
    let parts: Vec<&Part> = outline.parts.iter().filter(|part| matches!(part.role, Role::Item(_))).collect();
    if parts.is_empty() {
        let fits = outline.command == command && takes([&outline.fields, &Fields::default()]);
        return if fits { vec![None] } else { Vec::new() };
    }
    let fits = |part: &&Part| part.role == Role::Item(command.to_owned()) && takes([&part.fields, &outline.fields]);
    parts.into_iter().filter(fits).map(Some).collect()
}

/// Keeps the fields that a part has; gives the others.
fn take(fields: &mut BTreeMap<String, Option<String>>, has: impl Fn(&str) -> bool) -> BTreeMap<String, Option<String>> {
    let (own, others) = std::mem::take(fields).into_iter().partition(|(name, _)| has(name));
    *fields = own;
    others
}

/// Where a declared field stands in a part: by itself, or as an entry of the list of values.
fn detail<'p>(part: &'p Part, code: &str) -> Option<Place<'p>> {
    place_of_detail(&part.fields, &part.parts, code)
}

enum Place<'p> {
    Stands(&'p Stand),
    Listed(&'p Part),
}

fn place_of_detail<'p>(fields: &'p Fields, parts: &'p [Part], code: &str) -> Option<Place<'p>> {
    if let Some(stand) = fields.details.get(code) {
        return Some(Place::Stands(stand));
    }
    let mut lists = parts.iter().filter(|part| part.role == Role::Entry(VALUES.to_owned()));
    let takes = |part: &&Part| match part.fields.named.get("field") {
        Some(Stand::Fixed(fixed)) => fixed == code,
        Some(Stand::At { .. }) => true,
        None => false,
    };
    lists.find(takes).map(Place::Listed)
}

/// Writes a saying into the wish of a part. An error names what has no place.
fn write(
    wish: &mut Wish,
    fields: &Fields,
    parts: &[Part],
    saying: &Saying,
    left_out: &mut BTreeSet<String>,
) -> Result<(), String> {
    for (name, value) in &saying.fields {
        let Some(stand) = fields.named.get(name) else {
            if saying.soft.contains(name) {
                left_out.insert(name.clone());
                continue;
            }
            return Err(format!("the field `{name}`"));
        };
        put(wish, stand, value.as_deref()).map_err(|()| format!("the value of `{name}`"))?;
    }
    for (code, value) in &saying.details {
        match place_of_detail(fields, parts, code) {
            None => {
                left_out.insert(code.clone());
            }
            Some(Place::Stands(stand)) => {
                put(wish, stand, value.as_deref()).map_err(|()| format!("the value of `{code}`"))?;
            }
            Some(Place::Listed(part)) => {
                let entry = Saying::default().with("field", code.as_str()).field("value", value.clone());
                write(another(wish, &part.path), &part.fields, &part.parts, &entry, left_out)?;
            }
        }
    }
    for (list, entry) in &saying.lists {
        let mut failed = format!("the list `{list}`");
        let lists = parts.iter().filter(|part| part.role == Role::Entry(list.clone()));
        // The part with places for most of what is said.
        let mut written: Option<(&Part, Wish, BTreeSet<String>)> = None;
        for part in lists {
            let (mut tried, mut left) = (Wish::default(), BTreeSet::new());
            match write(&mut tried, &part.fields, &part.parts, entry, &mut left) {
                Ok(()) if written.as_ref().is_none_or(|(.., least)| left.len() < least.len()) => {
                    written = Some((part, tried, left));
                }
                Ok(()) => {}
                Err(what) => failed = format!("{what} in the list `{list}`"),
            }
        }
        let Some((part, tried, left)) = written else {
            if saying.soft.contains(list) {
                left_out.insert(list.clone());
                continue;
            }
            return Err(failed);
        };
        left_out.extend(left);
        *another(wish, &part.path) = tried;
    }
    Ok(())
}

impl Saying {
    fn field(mut self, name: &str, value: Option<String>) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }
}

fn put(wish: &mut Wish, stand: &Stand, value: Option<&str>) -> Result<(), ()> {
    match stand {
        Stand::Fixed(fixed) => value.is_none_or(|value| value == fixed).then_some(()).ok_or(()),
        Stand::At { elements, attribute, theirs } => {
            let value = value.map(|value| theirs.get(value).map_or(value, String::as_str));
            let node = at(wish, elements);
            match (attribute, value) {
                (Some((namespace, local)), value) => node.attribute(namespace, local, value),
                (None, Some(value)) => node.text(value),
                (None, None) => {}
            }
            Ok(())
        }
    }
}

/// The wish at the end of a path.
fn at<'w>(wish: &'w mut Wish, path: &[QualifiedName]) -> &'w mut Wish {
    path.iter().fold(wish, |wish, (namespace, local)| wish.child(namespace, local))
}

/// One more occurrence of what a path leads to.
fn another<'w>(wish: &'w mut Wish, path: &[QualifiedName]) -> &'w mut Wish {
    match path.split_last() {
        None => wish,
        Some(((namespace, local), before)) => at(wish, before).another(namespace, local),
    }
}
