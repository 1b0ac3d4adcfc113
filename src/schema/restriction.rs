//! Restriction: whether a derived type lets in only what its base does (`derivation-ok-restriction`).

use super::attribute::{AttributeSet, equal_values};
use super::compiler::Compiler;
use super::tree::Item;
use crate::rules::Process;
use crate::rules::draft::{AttributeUse, Namespaces};

impl<'d> Compiler<'d> {
    /// Clauses 2 to 4: attributes and the attribute wildcard, which must judge as closely as the base's, or as `process`.
    pub(super) fn check_attribute_restriction(
        &mut self,
        item: Item<'d>,
        own: &AttributeSet,
        base: &AttributeSet,
        process: Option<Process>,
    ) {
        for attribute in &own.uses {
            let local = self.draft.names.local(attribute.name).to_owned();
            match base.uses.iter().find(|inherited| inherited.name == attribute.name) {
                Some(inherited) => {
                    if let Some((constraint, text)) = self.narrows_use(attribute, inherited) {
                        self.fault(item, constraint, format!("attribute {local}: {text}"));
                    }
                }
                None => {
                    let namespace = self.draft.names.namespace_of(attribute.name);
                    let allowed = base.wildcard.as_ref().is_some_and(|wildcard| wildcard.namespaces.allows(namespace));
                    if !allowed {
                        let text = format!("the base type does not have the attribute {local}");
                        self.fault(item, "derivation-ok-restriction.2.2", text);
                    }
                }
            }
        }
        for name in &own.prohibited {
            let required = base.uses.iter().any(|inherited| inherited.name == *name && inherited.required);
            if required {
                let local = self.draft.names.local(*name).to_owned();
                let text = format!("the base type requires the attribute {local}");
                self.fault(item, "derivation-ok-restriction.3", text);
            }
        }
        if let Some(wildcard) = &own.wildcard {
            let narrower = base.wildcard.as_ref().is_some_and(|base| {
                subset(&wildcard.namespaces, &base.namespaces)
                    && strictness(wildcard.process) >= strictness(process.unwrap_or(base.process))
            });
            if !narrower {
                let text = "the attribute wildcard lets in more than the base type's";
                self.fault(item, "derivation-ok-restriction.4", text);
            }
        }
    }

    fn narrows_use(&self, own: &AttributeUse, base: &AttributeUse) -> Option<(&'static str, &'static str)> {
        if base.required && !own.required {
            return Some(("derivation-ok-restriction.2.1.1", "it is required in the base type"));
        }
        let simple = |attribute: &AttributeUse| self.draft.attributes[attribute.declaration.index()].simple;
        if !self.simple_derives(simple(own), simple(base)) {
            return Some(("derivation-ok-restriction.2.1.2", "its type is not derived from the one in the base type"));
        }
        match (&own.constraint, &base.constraint) {
            (_, None) => None,
            (_, Some(base)) if !base.fixed => None,
            // "The same string": values of two types need not be comparable.
            (Some(own), Some(base)) if own.fixed && (own.literal == base.literal || equal_values(own, base)) => None,
            _ => Some(("derivation-ok-restriction.2.1.3", "the base type fixes another value")),
        }
    }
}

/// How closely what a wildcard lets in is judged, to compare.
pub(super) fn strictness(process: Process) -> u8 {
    match process {
        Process::Skip => 0,
        Process::Lax => 1,
        Process::Strict => 2,
    }
}

/// `cos-ns-subset`.
pub(super) fn subset(narrow: &Namespaces, wide: &Namespaces) -> bool {
    match (narrow, wide) {
        (_, Namespaces::Any) => true,
        (Namespaces::Not(left), Namespaces::Not(right)) => left == right,
        (Namespaces::List(list), _) => list.iter().all(|namespace| wide.allows(*namespace)),
        _ => false,
    }
}
