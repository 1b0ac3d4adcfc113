//! The last steps: from what types are found to be to the tables that the validator reads.

use super::compiler::Compiler;
use super::complex::{Shape, ShapeContent};
use crate::rules::draft::{Attributes, AttributesId, ComplexId, Content, TypeId, WildcardId};

impl<'d> Compiler<'d> {
    /// Puts content models and attributes of all complex types into the tables.
    pub(super) fn finish_types(&mut self) {
        for index in 0..self.shapes.len() {
            let id = ComplexId::at(index);
            let item = self.complex_items[index];
            let Shape { content, attributes, .. } = self.shapes[index].clone();
            let content = match content {
                ShapeContent::Simple(simple) => Content::Simple(simple),
                ShapeContent::Particles { mixed: false, particle: None } => Content::Empty,
                ShapeContent::Particles { mixed, particle } => {
                    let empty =
                        crate::rules::Particle { min: 1, max: Some(1), term: crate::rules::Term::Sequence(Vec::new()) };
                    let model = self.compile_model(item, &particle.unwrap_or(empty));
                    if mixed { Content::Mixed(model) } else { Content::Elements(model) }
                }
            };
            let mut uses = attributes.uses;
            uses.sort_by_key(|attribute| attribute.name);
            let wildcard = attributes.wildcard.map(|wildcard| {
                self.draft.wildcards.push(wildcard);
                WildcardId::at(self.draft.wildcards.len() - 1)
            });
            let matter_when_absent = uses.iter().any(|attribute| attribute.required || attribute.constraint.is_some());
            self.draft.attribute_sets.push(Attributes { uses: uses.into(), wildcard, matter_when_absent });
            let definition = &mut self.draft.complex_types[index];
            definition.content = content;
            definition.attributes = AttributesId::at(index);
            if let Some(item) = item {
                self.compile_pairs(item, id);
            }
        }
        self.inherit_pairs();
    }

    /// Adds the checks of base types, nearest last, to those of the types that derive from them.
    fn inherit_pairs(&mut self) {
        let own: Vec<_> = self.draft.complex_types.iter().map(|definition| definition.pairs.clone()).collect();
        for index in 0..own.len() {
            let mut pairs = own[index].to_vec();
            let mut here = ComplexId::at(index);
            while let TypeId::Complex(base) = self.draft.complex_types[here.index()].base
                && base != here
            {
                pairs.extend(own[base.index()].iter().cloned());
                here = base;
            }
            self.draft.complex_types[index].pairs = pairs.into();
        }
    }
}
