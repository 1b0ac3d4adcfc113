//! Checks schema documents by the grammar of the schema language: names, order, attributes and the form of their values.

use std::collections::HashSet;

use super::compiler::Compiler;
use super::grammar::{ContentRule, Form, LATER, LATER_ATTRIBUTES, LATER_IN_ALL, Role, Slot};
use super::tree::Item;
use crate::rules::XS_NAMESPACE;
use crate::rules::draft::{SimpleTypes, built_in, whole};
use crate::xml::{self, XML_NAMESPACE};

impl<'d> Compiler<'d> {
    /// Checks the form of every document, each once.
    pub(super) fn check_syntax(&mut self) {
        let mut checked = HashSet::new();
        for instance in 0..self.instances.len() {
            if !checked.insert(self.instances[instance].document) {
                continue;
            }
            let mut ids = HashSet::new();
            let mut waiting = vec![(self.root(instance), Role::Schema)];
            while let Some((item, role)) = waiting.pop() {
                self.check_attributes(item, role, &mut ids);
                if role != Role::Foreign {
                    let children = self.check_content(item, role.content());
                    waiting.extend(children.into_iter().rev());
                }
            }
        }
    }

    /// Checks the order of child elements; each with what it is.
    fn check_content(&mut self, item: Item<'d>, rule: ContentRule) -> Vec<(Item<'d>, Role)> {
        let mut children = Vec::new();
        for node in item.node.children() {
            let child = Item { node, ..item };
            if node.is_element() {
                children.push(child);
            } else if node.is_text() && !node.text().unwrap_or("").chars().all(xml::is_space) {
                self.fault(item, "s4s-elt-character", "text cannot stand in an element of the schema language");
            }
        }
        let slots = alternative(rule, &children);
        let mut roles = Vec::new();
        let (mut slot, mut count) = (0, 0);
        for child in children {
            let name = child.tag();
            let found = (slot..slots.len()).find_map(|index| {
                let full = index == slot && count == slots[index].max;
                let role = slots[index].names.iter().find(|(known, _)| *known == name);
                role.filter(|_| !full).map(|(_, role)| (index, *role))
            });
            let Some((index, role)) = found else {
                self.misplaced(child, item);
                continue;
            };
            if slots[slot..index]
                .iter()
                .enumerate()
                .any(|(skipped, passed)| passed.min > if skipped == 0 { count } else { 0 })
            {
                self.misplaced(child, item);
            }
            count = if index == slot { count + 1 } else { 1 };
            slot = index;
            roles.push((child, role));
        }
        let missing =
            slots.iter().enumerate().skip(slot).find(|(index, left)| left.min > if *index == slot { count } else { 0 });
        if let Some((_, missing)) = missing {
            let names: Vec<&str> = missing.names.iter().map(|(name, _)| *name).collect();
            let text = format!("<{}> needs {} inside", item.tag(), names.join(" or "));
            self.fault(item, "s4s-elt-must-match", text);
        }
        roles
    }

    fn misplaced(&mut self, child: Item<'d>, parent: Item<'d>) {
        let name = child.node.tag_name().name();
        let later = LATER.contains(&name) || parent.tag() == "all" && LATER_IN_ALL.contains(&name);
        if child.node.tag_name().namespace() == Some(XS_NAMESPACE) && later {
            let inside = parent.tag();
            let text = format!("<{name}> inside <{inside}> belongs to XSD 1.1; this is XSD 1.0");
            return self.fault(child, "needs-xsd-1.1", text);
        }
        self.fault(child, "s4s-elt-must-match", format!("<{name}> cannot stand here in <{}>", parent.tag()));
    }

    fn check_attributes(&mut self, item: Item<'d>, role: Role, ids: &mut HashSet<&'d str>) {
        let rules = role.attributes();
        for attribute in item.node.attributes() {
            match attribute.namespace() {
                None => {
                    let rule = rules.iter().find(|(name, ..)| *name == attribute.name());
                    match rule {
                        Some((name, form, _)) => self.check_value(item, name, *form, attribute.value(), ids),
                        None => self.unknown_attribute(item, attribute.name()),
                    }
                }
                Some(XS_NAMESPACE) => self.unknown_attribute(item, attribute.name()),
                Some(XML_NAMESPACE) if attribute.name() == "lang" => {
                    self.check_value(item, "xml:lang", Form::Language, attribute.value(), ids);
                }
                Some(_) => {}
            }
        }
        for (name, _, required) in rules {
            if *required && item.attribute(name).is_none() {
                self.fault(item, "s4s-att-must-appear", format!("<{}> needs the attribute {name}", item.tag()));
            }
        }
    }

    fn unknown_attribute(&mut self, item: Item<'d>, name: &str) {
        let (constraint, text) = if LATER_ATTRIBUTES.contains(&name) {
            ("needs-xsd-1.1", format!("the attribute {name} belongs to XSD 1.1; this is XSD 1.0"))
        } else {
            ("s4s-att-not-allowed", format!("<{}> cannot have the attribute {name} here", item.tag()))
        };
        self.fault(item, constraint, text);
    }

    fn check_value(&mut self, item: Item<'d>, name: &str, form: Form, value: &'d str, ids: &mut HashSet<&'d str>) {
        let trimmed = value.trim_matches(xml::is_space);
        if form == Form::Id && xml::is_ncname(trimmed) && !ids.insert(trimmed) {
            return self.fault(item, "cvc-id.2", format!("the id {trimmed} is given twice in this document"));
        }
        if !self.has_form(item, form, trimmed) {
            let text = format!("\"{trimmed}\" is no value for the attribute {name}");
            match later_form(name, form) {
                Some(later) if self.has_form(item, later, trimmed) => {
                    self.fault(
                        item,
                        "needs-xsd-1.1",
                        format!("{text} here; it is one in XSD 1.1, but this is XSD 1.0"),
                    );
                }
                _ => self.fault(item, "s4s-att-invalid-value", text),
            }
        }
    }

    fn has_form(&self, item: Item<'d>, form: Form, value: &str) -> bool {
        let has_type = |text: &str, type_name: &str| {
            let simple = built_in(type_name);
            let types = SimpleTypes { types: &self.draft.simple_types };
            simple.is_some_and(|simple| types.assess(simple, text, &item.prefixes(), |_, _| ()).is_ok())
        };
        let is = |type_name: &str| has_type(value, type_name);
        let mut words = value.split_ascii_whitespace();
        match form {
            Form::Any | Form::Token => true,
            Form::Boolean => is("boolean"),
            Form::Count => is("nonNegativeInteger"),
            Form::MaxOccurs => value == "unbounded" || is("nonNegativeInteger"),
            Form::ZeroOrOne => matches!(whole(value), Some("" | "1")),
            Form::One => whole(value) == Some("1"),
            Form::NcName | Form::Id => xml::is_ncname(value),
            // Whether the prefix is declared is a matter of resolving.
            Form::QName => xml::split_qname(value).is_some(),
            Form::QNames => words.all(|word| xml::split_qname(word).is_some()),
            Form::Uri => is("anyURI"),
            Form::Namespace => !value.is_empty() && is("anyURI"),
            Form::Language => is("language"),
            Form::Words(known) => known.contains(&value),
            Form::Set(known) => value == "#all" || words.all(|word| known.contains(&word)),
            Form::Namespaces => {
                matches!(value, "##any" | "##other")
                    || words.all(|word| {
                        matches!(word, "##targetNamespace" | "##local")
                            || !word.starts_with("##") && has_type(word, "anyURI")
                    })
            }
        }
    }
}

/// What XSD 1.1 lets the value of an attribute look like, where that is more.
fn later_form(name: &str, form: Form) -> Option<Form> {
    match (name, form) {
        ("maxOccurs", Form::ZeroOrOne) => Some(Form::MaxOccurs),
        ("substitutionGroup", Form::QName) => Some(Form::QNames),
        _ => None,
    }
}

/// The alternative that the first child which is no annotation begins.
fn alternative(rule: ContentRule, children: &[Item<'_>]) -> &'static [Slot] {
    let first = children.iter().map(|child| child.tag()).find(|tag| *tag != "annotation").unwrap_or("");
    let begins = |slots: &&&'static [Slot]| {
        slots.iter().any(|slot| slot.min > 0 && slot.names.iter().any(|(name, _)| *name == first))
    };
    rule.iter().find(begins).or(rule.last()).copied().unwrap_or(&[])
}
