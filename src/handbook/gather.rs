//! Gathering: walks from the element through everything that it may hold, each kind of content once.

use std::collections::{HashMap, VecDeque};

use super::words::{documentation, occurs, said, simple_type, values};
use super::{Handbook, Row, Section, formula};
use crate::rules::sealed::{
    ANY_TYPE, Branch, Content, Derivations, ElementId, IdentityKind, NameTest, Path, SimpleId, TypeId,
};
use crate::rules::{DefaultValue, ElementView, Particle, Rules, SimpleView, Term};
use crate::xml::Language;

/// Sections of one handbook at most; a schema set of any size stays readable.
const SECTIONS_MAX: usize = 2000;

/// The handbook of an element.
pub(super) fn gather(rules: &Rules, element: ElementView<'_>, language: Language) -> Handbook {
    let mut gatherer =
        Gatherer { rules, language, known: HashMap::new(), waiting: VecDeque::new(), sections: Vec::new() };
    let type_id = rules.element_type(element.id());
    let root = format!("/{}", element.local());
    gatherer.section_of(type_id, Some(element.id()), root);
    while let Some(next) = gatherer.waiting.pop_front() {
        gatherer.fill(&next);
    }
    if matches!(type_id, TypeId::Simple(_)) {
        gatherer.sections.push(gatherer.lone(element));
    }
    Handbook {
        language,
        title: element.local().to_owned(),
        namespace: element.namespace().to_owned(),
        documentation: documentation(element.documentation(), language),
        documents: rules.documents().to_vec(),
        version: rules.hash().get(..16).unwrap_or_default().to_owned(),
        sections: in_reading_order(gatherer.sections),
    }
}

/// The sections in the order in which a reader who follows every row meets them.
fn in_reading_order(sections: Vec<Section>) -> Vec<Section> {
    let mut places = vec![None; sections.len()];
    let mut order = Vec::with_capacity(sections.len());
    for start in 0..sections.len() {
        let mut waiting = vec![start];
        while let Some(at) = waiting.pop() {
            if places[at].is_none() {
                places[at] = Some(order.len());
                order.push(at);
                waiting.extend(sections[at].rows.iter().rev().filter_map(|row| row.section));
            }
        }
    }
    let mut left: Vec<Option<Section>> = sections.into_iter().map(Some).collect();
    let mut ordered: Vec<Section> = order.into_iter().filter_map(|at| left[at].take()).collect();
    for row in ordered.iter_mut().flat_map(|section| &mut section.rows) {
        row.section = row.section.and_then(|section| places[section]);
    }
    ordered
}

struct Gatherer<'r> {
    rules: &'r Rules,
    language: Language,
    /// The section of each type that has one.
    known: HashMap<TypeId, usize>,
    waiting: VecDeque<Waiting>,
    sections: Vec<Section>,
}

/// A section that is still empty.
struct Waiting {
    section: usize,
    type_id: TypeId,
    element: Option<ElementId>,
}

impl Gatherer<'_> {
    fn said(&self, english: &'static str, russian: &'static str) -> &'static str {
        said(self.language, english, russian)
    }

    /// The section of a type, begun if it is new; none for types that have neither elements nor attributes.
    fn section_of(&mut self, type_id: TypeId, element: Option<ElementId>, path: String) -> Option<usize> {
        if let Some(known) = self.known.get(&type_id) {
            return Some(*known);
        }
        let TypeId::Complex(id) = type_id else { return None };
        if id == ANY_TYPE || self.sections.len() == SECTIONS_MAX {
            return None;
        }
        let section = self.sections.len();
        self.known.insert(type_id, section);
        self.sections.push(Section { path, ..Section::default() });
        self.waiting.push_back(Waiting { section, type_id, element });
        Some(section)
    }

    fn fill(&mut self, waiting: &Waiting) {
        let TypeId::Complex(id) = waiting.type_id else { return };
        let rules = self.rules;
        let definition = rules.complex(id);
        let path = self.sections[waiting.section].path.clone();
        let mut section = Section { path: path.clone(), ..Section::default() };
        section.type_words = match rules.type_name(waiting.type_id) {
            "" => rules.type_place(waiting.type_id),
            name => format!("{name} ({})", rules.type_place(waiting.type_id)),
        };
        section.documentation = documentation(rules.type_documentation(waiting.type_id), self.language);
        for attribute in ElementView::attributes_of(rules, id) {
            section.rows.push(self.attribute(attribute));
        }
        match definition.content {
            Content::Empty => section.remarks.push(self.said("The element is empty.", "Элемент пустой.").to_owned()),
            Content::Simple(simple) => section.rows.push(self.content(simple)),
            Content::Elements(model) | Content::Mixed(model) => {
                let particle = &rules.model(model).particle;
                section.formula = formula::formula(rules, particle, self.language);
                self.particle(particle, 1, Some(1), &path, &mut section.rows);
            }
        }
        self.remark(waiting, &mut section);
        self.sections[waiting.section] = section;
    }

    /// What holds between the rows of a section.
    fn remark(&mut self, waiting: &Waiting, section: &mut Section) {
        let TypeId::Complex(id) = waiting.type_id else { return };
        let rules = self.rules;
        let definition = rules.complex(id);
        if let Content::Mixed(_) = definition.content {
            section.remarks.push(
                self.said("Text may stand between the elements.", "Между элементами может стоять текст.").to_owned(),
            );
        }
        if definition.is_abstract {
            let text = self.said(
                "The type is abstract: xsi:type names one of those below.",
                "Тип абстрактный: xsi:type указывает один из следующих.",
            );
            section.remarks.push(text.to_owned());
        }
        for derived in rules.concrete_types(waiting.type_id, Derivations::default()) {
            let name = rules.type_name(derived).to_owned();
            let linked = self.section_of(derived, None, format!("{} (xsi:type=\"{name}\")", section.path));
            if linked.is_some() {
                section
                    .remarks
                    .push(format!("{} xsi:type=\"{name}\"", self.said("May stand here:", "Может стоять здесь:")));
            }
        }
        for pair in &definition.pairs {
            let wrong = match self.language {
                Language::Russian => pair.check.russian,
                Language::English => pair.check.english,
            };
            let text = format!(
                "{} {wrong} ({}, {})",
                self.said("Wrong where", "Ошибка, если"),
                pair.sources[0],
                pair.sources[1]
            );
            section.remarks.push(text);
        }
        let identities = waiting.element.map_or(&[][..], |id| &rules.element_declaration(id).identities);
        for identity in identities {
            let identity = rules.identity(*identity);
            let fields: Vec<String> = identity.fields.iter().map(|field| self.path(field)).collect();
            let (name, selector) = (rules.local_name(identity.name), self.path(&identity.selector));
            let kind = match identity.kind {
                IdentityKind::Unique => self.said("Unique", "Не повторяется"),
                IdentityKind::Key => self.said("Key (must be there, unique)", "Ключ (обязателен, не повторяется)"),
                IdentityKind::Keyref(_) => self.said("Reference to a key", "Ссылка на ключ"),
            };
            let mut text = format!("{kind}, {name}: {selector} → {}", fields.join(", "));
            if let IdentityKind::Keyref(key) = identity.kind {
                text.push_str(&format!(" ∈ {}", rules.local_name(rules.identity(key).name)));
            }
            section.remarks.push(text);
        }
    }

    /// A path of an identity constraint, as a schema would write it but for prefixes.
    fn path(&self, path: &Path) -> String {
        let test = |test: &NameTest| match test {
            NameTest::Any | NameTest::Namespace(_) => "*".to_owned(),
            NameTest::Name(name) => self.rules.local_name(*name).to_owned(),
        };
        let branch = |branch: &Branch| {
            let mut steps: Vec<String> = branch.steps.iter().map(test).collect();
            steps.extend(branch.attribute.as_ref().map(|attribute| format!("@{}", test(attribute))));
            let joined = steps.join("/");
            match (branch.anywhere, joined.is_empty()) {
                (true, _) => format!(".//{joined}"),
                (false, true) => ".".to_owned(),
                (false, false) => joined,
            }
        };
        path.branches.iter().map(branch).collect::<Vec<_>>().join(" | ")
    }

    /// Rows for the elements of a content model.
    fn particle(&mut self, particle: &Particle, least: u32, most: Option<u32>, path: &str, rows: &mut Vec<Row>) {
        if particle.max == Some(0) {
            return;
        }
        let least = least.saturating_mul(particle.min);
        let most = most.and_then(|most| particle.max.and_then(|own| most.checked_mul(own)));
        match &particle.term {
            Term::Element(id) => self.element(*id, least, most, path, rows),
            Term::Wildcard(id) => {
                let words = self.rules.wildcard_words_with(*id, self.said("##other than", "не из"));
                let name = format!("<{} {words}>", self.said("any element", "любой элемент"));
                rows.push(Row { name, occurs: occurs(least, most), ..Row::default() });
            }
            Term::Sequence(parts) | Term::All(parts) => {
                parts.iter().for_each(|part| self.particle(part, least, most, path, rows));
            }
            Term::Choice(parts) => {
                let least = if parts.len() > 1 { 0 } else { least };
                parts.iter().for_each(|part| self.particle(part, least, most, path, rows));
            }
        }
    }

    fn element(&mut self, id: ElementId, least: u32, most: Option<u32>, path: &str, rows: &mut Vec<Row>) {
        let rules = self.rules;
        let head = rules.view(id);
        let substitutes = rules.substitutes(id);
        let least_each = if substitutes.is_empty() { least } else { 0 };
        for id in std::iter::once(id).chain(substitutes) {
            let view = rules.view(id);
            if view.is_abstract() {
                continue;
            }
            let mut row = Row {
                name: view.local().to_owned(),
                occurs: occurs(least_each, most),
                documentation: documentation(view.documentation(), self.language),
                ..Row::default()
            };
            if view.id() != head.id() {
                row.checks.push(format!("{} {}", self.said("stands for", "вместо"), head.local()));
            }
            let type_id = rules.element_type(id);
            row.section = self.section_of(type_id, Some(id), format!("{path}/{}", view.local()));
            match view.simple_type() {
                Some(simple) => self.value(&mut row, simple),
                None => rules.type_name(type_id).clone_into(&mut row.type_words),
            }
            self.constrain(&mut row, view.default_value());
            if view.is_nillable() {
                row.values.push(self.said("may be nil (xsi:nil)", "может быть пустым (xsi:nil)").to_owned());
            }
            rows.push(row);
        }
    }

    fn attribute(&self, attribute: crate::rules::AttributeView<'_>) -> Row {
        let mut row = Row {
            name: format!("@{}", attribute.local()),
            occurs: occurs(u32::from(attribute.is_required()), Some(1)),
            documentation: documentation(attribute.documentation(), self.language),
            ..Row::default()
        };
        self.value(&mut row, attribute.simple_type());
        self.constrain(&mut row, attribute.default_value());
        row
    }

    /// The row of the text of an element that has attributes too.
    fn content(&self, simple: SimpleId) -> Row {
        let mut row =
            Row { name: self.said("<text>", "<текст>").to_owned(), occurs: occurs(1, Some(1)), ..Row::default() };
        let view = SimpleView::of(self.rules, simple);
        row.documentation = documentation(view.documentation(), self.language);
        self.value(&mut row, view);
        row
    }

    fn value(&self, row: &mut Row, simple: SimpleView<'_>) {
        row.type_words = simple_type(simple, self.language);
        row.values.extend(values(simple, self.language));
        if let Some(item) = simple.list_item() {
            row.values.extend(values(item, self.language));
        }
        for member in simple.union_members() {
            row.values.extend(values(member, self.language));
        }
        row.checks.extend(simple.checks_in_words(self.language == Language::Russian).into_iter().map(str::to_owned));
    }

    fn constrain(&self, row: &mut Row, value: Option<DefaultValue<'_>>) {
        match value {
            Some(DefaultValue::Default(value)) => {
                row.values.push(format!("{} {value}", self.said("by default:", "по умолчанию:")));
            }
            Some(DefaultValue::Fixed(value)) => row.values.push(format!("{} {value}", self.said("only:", "только:"))),
            None => {}
        }
    }

    /// The section of a root that holds a value only.
    fn lone(&self, element: ElementView<'_>) -> Section {
        let mut row = Row { name: element.local().to_owned(), occurs: occurs(1, Some(1)), ..Row::default() };
        if let Some(simple) = element.simple_type() {
            self.value(&mut row, simple);
        }
        self.constrain(&mut row, element.default_value());
        Section { path: format!("/{}", element.local()), rows: vec![row], ..Section::default() }
    }
}
