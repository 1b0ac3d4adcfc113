//! Notations: declared names that values of type `NOTATION` must be among.

use super::compiler::Compiler;
use super::globals::Kind;
use super::tree::Item;
use crate::rules::draft::{Lexical, SimpleId, Variety};

impl<'d> Compiler<'d> {
    /// Whether values of the type are names of notations.
    pub(super) fn is_notation(&self, simple: SimpleId) -> bool {
        matches!(self.draft.simple_types[simple.index()].variety, Variety::Atomic(Lexical::Notation))
    }

    /// Checks that the value of an enumeration names a declared notation.
    pub(super) fn check_notation(&mut self, item: Item<'d>, text: &str) {
        self.resolve(item, Kind::Notation, text.trim_matches(crate::xml::is_space));
    }
}
