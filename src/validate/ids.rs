//! ID and IDREF: every ID once, every IDREF with its ID, over the whole of a document.

use std::collections::HashSet;

use crate::rules::Rules;
use crate::rules::sealed::{Atom, SimpleId};
use crate::rules::sealed::{Datum, Lexical, Variety};
use crate::xml::{Position, Span};

/// A reference that waits for the end of the document.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) id: Box<str>,
    pub(super) position: Position,
    pub(super) span: Span,
    pub(super) path: String,
}

/// The IDs of a document and the references to them.
#[derive(Debug, Default)]
pub(super) struct Ids {
    known: HashSet<Box<str>>,
    references: Vec<Reference>,
}

/// What a value is to the document's IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    None,
    Id,
    Reference,
    Entity,
}

/// The role of values of a type; of a list, of its items.
#[inline]
pub(super) fn role(rules: &Rules, simple: SimpleId) -> Role {
    match &rules.simple(simple).variety {
        Variety::Atomic(Lexical::Id) => Role::Id,
        Variety::Atomic(Lexical::Idref) => Role::Reference,
        Variety::Atomic(Lexical::Entity) => Role::Entity,
        Variety::List(item) => match &rules.simple(*item).variety {
            Variety::Atomic(Lexical::Idref) => Role::Reference,
            Variety::Atomic(Lexical::Entity) => Role::Entity,
            _ => Role::None,
        },
        _ => Role::None,
    }
}

impl Ids {
    /// Notes an ID; false where it is there already.
    pub(super) fn define(&mut self, datum: &Datum<'_>) -> bool {
        match datum {
            Datum::Atom(Atom::Text(id)) => self.known.insert(Box::from(id.as_ref())),
            _ => true,
        }
    }

    /// Notes references.
    pub(super) fn refer(&mut self, datum: &Datum<'_>, position: Position, span: Span, path: &str) {
        match datum {
            // Mostly the ID has come before; then nothing has to be kept.
            Datum::Atom(Atom::Text(id)) if self.known.contains(id.as_ref()) => {}
            Datum::Atom(Atom::Text(id)) => {
                let id = Box::from(id.as_ref());
                self.references.push(Reference { id, position, span, path: path.to_owned() });
            }
            Datum::List(items) => items.iter().for_each(|item| self.refer(item, position, span, path)),
            Datum::Atom(_) => {}
        }
    }

    /// The references without an ID, at the end of the document.
    pub(super) fn dangling(&mut self) -> Vec<Reference> {
        let known = &self.known;
        let references = std::mem::take(&mut self.references);
        references.into_iter().filter(|reference| !known.contains(&reference.id)).collect()
    }
}
