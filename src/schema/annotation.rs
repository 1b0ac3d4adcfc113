//! Annotations: documentation for people, and our own rules in `appinfo`.

use super::compiler::Compiler;
use super::complex::ShapeContent;
use super::tree::Item;
use crate::rules::draft::{
    Branch, ComplexId, Component, ElementId, NameTest, Pair, PairCheck, Path, TypeId, ValueCheck, nearest, pair_check,
    value_check, value_check_names,
};
use crate::rules::{Documentation, Particle, RULES_NAMESPACE, Term};
use crate::xml::XML_NAMESPACE;

impl<'d> Compiler<'d> {
    /// Keeps the documentation of a component.
    pub(super) fn document(&mut self, item: Item<'d>, component: Component) {
        let annotations = item.all_children().filter(|child| child.tag() == "annotation");
        let texts = annotations.flat_map(Item::all_children).filter(|child| child.tag() == "documentation");
        let documentation: Vec<Documentation> = texts
            .map(|item| {
                let words: String =
                    item.node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect();
                let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
                let language = item.node.attribute((XML_NAMESPACE, "lang")).unwrap_or("").to_owned();
                Documentation { language, text }
            })
            .filter(|documentation| !documentation.text.is_empty())
            .collect();
        if !documentation.is_empty() {
            self.draft.documentation.entry(component).or_default().extend(documentation);
        }
    }

    /// Our rules in the `appinfo` of a component.
    fn appinfo_rules(&self, item: Item<'d>) -> Vec<Item<'d>> {
        let annotations = item.all_children().filter(|child| child.tag() == "annotation");
        let appinfos = annotations.flat_map(Item::all_children).filter(|child| child.tag() == "appinfo");
        let rules = appinfos.flat_map(|appinfo| appinfo.node.children().map(move |node| Item { node, ..appinfo }));
        rules.filter(|rule| rule.node.tag_name().namespace() == Some(RULES_NAMESPACE)).collect()
    }

    /// The checks that a simple type adds.
    pub(super) fn value_checks(&mut self, item: Item<'d>) -> Vec<&'static ValueCheck> {
        let mut checks = Vec::new();
        for rule in self.appinfo_rules(item) {
            let tag = rule.node.tag_name().name();
            let name = rule.attribute("name").unwrap_or("");
            match (tag, value_check(name)) {
                ("check", Some(check)) => checks.push(check),
                ("check", None) => {
                    let known: Vec<&str> = value_check_names().collect();
                    let hint =
                        nearest(name, known.iter().copied(), 1).first().map(|near| format!("; did you mean {near}?"));
                    let text = format!(
                        "there is no check \"{name}\"{}; known: {}",
                        hint.unwrap_or_default(),
                        known.join(", ")
                    );
                    self.fault(rule, "rules-appinfo", text);
                }
                _ => self.fault(rule, "rules-appinfo", format!("a simple type can have <check>, not <{tag}>")),
            }
        }
        checks
    }

    /// The checks between values that a complex type itself adds, once all content is known.
    pub(super) fn compile_pairs(&mut self, item: Item<'d>, id: ComplexId) {
        let mut pairs = Vec::new();
        for rule in self.appinfo_rules(item) {
            let tag = rule.node.tag_name().name();
            let Some(check) = pair_check(tag) else {
                self.fault(
                    rule,
                    "rules-appinfo",
                    format!("a complex type can have <not-after> or <account>, not <{tag}>"),
                );
                continue;
            };
            pairs.extend(self.pair(rule, check, id));
        }
        self.draft.complex_types[id.index()].pairs = pairs.into();
    }

    fn pair(&mut self, rule: Item<'d>, check: &'static PairCheck, id: ComplexId) -> Option<Pair> {
        let mut paths = Vec::new();
        let mut sources = Vec::new();
        for name in check.paths {
            let Some(text) = rule.attribute(name) else {
                self.fault(rule, "rules-appinfo", format!("<{}> needs the attribute {name}", check.name));
                return None;
            };
            match self.value_path(id, text) {
                Ok(path) => paths.push(path),
                Err(reason) => {
                    self.fault(rule, "rules-appinfo", format!("{name}=\"{text}\": {reason}"));
                    return None;
                }
            }
            sources.push(Box::from(text));
        }
        Some(Pair { check, paths: paths.try_into().ok()?, sources: sources.try_into().ok()? })
    }

    /// A path of child elements by local names, `a/b` or `a/@b`, from a complex type.
    fn value_path(&self, start: ComplexId, text: &str) -> Result<Path, String> {
        let mut here = TypeId::Complex(start);
        let mut branch = Branch { anywhere: false, steps: Box::default(), attribute: None };
        let mut steps = Vec::new();
        for step in text.split('/') {
            let TypeId::Complex(id) = here else { return Err(format!("what is before {step} has no children")) };
            if branch.attribute.is_some() {
                return Err("an attribute must be the last step".to_owned());
            }
            let shape = &self.shapes[id.index()];
            if let Some(local) = step.strip_prefix('@') {
                let mut uses = shape.attributes.uses.iter();
                let found = uses.find(|attribute| self.draft.names.local(attribute.name) == local);
                let found = found.ok_or_else(|| format!("there is no attribute {local}"))?;
                branch.attribute = Some(NameTest::Name(found.name));
                continue;
            }
            let mut elements = Vec::new();
            if let ShapeContent::Particles { particle: Some(particle), .. } = &shape.content {
                collect_elements(particle, &mut elements);
            }
            let found = elements.iter().find(|id| {
                let local = self.draft.names.local(self.draft.elements[id.index()].name);
                local == step
            });
            let found = found.ok_or_else(|| format!("there is no child element {step}"))?;
            let element = &self.draft.elements[found.index()];
            steps.push(NameTest::Name(element.name));
            here = element.type_id;
        }
        branch.steps = steps.into();
        Ok(Path::new([branch]))
    }
}

/// The elements that a particle names.
pub(super) fn collect_elements(particle: &Particle, into: &mut Vec<ElementId>) {
    match &particle.term {
        Term::Element(id) => into.push(*id),
        Term::Wildcard(_) => {}
        Term::Sequence(parts) | Term::Choice(parts) | Term::All(parts) => {
            parts.iter().for_each(|part| collect_elements(part, into));
        }
    }
}
