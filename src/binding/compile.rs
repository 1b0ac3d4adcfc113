//! A binding file against the rules of its schema: every path becomes a capture slot, every slot knows which field of
//! which part it fills. What the schema or the command does not have is a fault of the file, with its line.

use std::collections::HashMap;

use super::command::{FieldSpec, Shape};
use super::file::{BindingFault, Each, File, Source};
use crate::rules::{AttributeView, CaptureTree, CaptureTreeBuilder, ElementView, FrameId, NodeId, Rules, SlotId};

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The message.
    Message,
    /// An item of it.
    Item,
    /// An entry of a list of the enclosing part, by the list's place in its shape.
    Entry(usize),
}

/// Where a slot's value goes.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The field's place in the shape of the slot's part.
    pub(super) field: usize,
    /// What the field holds.
    pub(super) spec: &'static FieldSpec,
    /// A field may have several paths: the lowest rank that is there counts.
    pub(super) rank: usize,
    /// Our values for theirs.
    pub(super) values: HashMap<String, String>,
}

/// A compiled binding.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the validator walks beside the document.
    pub(super) captures: CaptureTree,
    /// By frame: what it is, and its shape.
    pub(super) parts: Vec<(Part, &'static Shape)>,
    /// By slot: the fields that it fills.
    pub(super) targets: Vec<Vec<Target>>,
    /// Whether the message as a whole is its one item.
    pub(super) whole: bool,
}

/// Compiles a file for a command of this shape.
pub(super) fn compile(file: &File, rules: &Rules, shape: &'static Shape) -> Result<Plan, Vec<BindingFault>> {
    let root = match root(file, rules) {
        Ok(root) => root,
        Err(fault) => return Err(vec![fault]),
    };
    let mut compiler = Compiler {
        file,
        builder: CaptureTreeBuilder::new(rules, root),
        parts: vec![(Part::Message, shape)],
        targets: Vec::new(),
        faults: Vec::new(),
    };
    let written = &file.written;
    compiler.fields(NodeId::ROOT, shape, &written.fields);
    for each in &written.each {
        compiler.each(NodeId::ROOT, shape, each, true);
    }
    if let Some(body) = &written.body
        && let Some(node) = compiler.walk(NodeId::ROOT, body)
    {
        compiler.builder.body(node);
    }
    let whole = !written.each.iter().any(|each| each.item);
    compiler.required(shape);
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    let Compiler { builder, parts, targets, .. } = compiler;
    Ok(Plan { captures: builder.build(), parts, targets, whole })
}

fn root<'r>(file: &File, rules: &'r Rules) -> Result<ElementView<'r>, BindingFault> {
    let written = &file.written.root;
    let (namespace, local) = name(file, written)?;
    rules.element(&namespace, local).ok_or_else(|| {
        let known: Vec<&str> = rules.global_elements().map(|element| element.local()).take(10).collect();
        file.fault(&["root", written], format!("the schema has no element {written}; it has {}", known.join(", ")))
    })
}

/// `prefix:local` or `local`, with the prefix looked up.
fn name<'w>(file: &File, written: &'w str) -> Result<(String, &'w str), BindingFault> {
    match written.split_once(':') {
        None => Ok((String::new(), written)),
        Some((prefix, local)) => match file.written.prefixes.get(prefix) {
            Some(namespace) => Ok((namespace.clone(), local)),
            None => Err(file.fault(&[written], format!("the prefix `{prefix}` does not stand in [prefixes]"))),
        },
    }
}

struct Compiler<'r, 'f> {
    file: &'f File,
    builder: CaptureTreeBuilder<'r>,
    parts: Vec<(Part, &'static Shape)>,
    targets: Vec<Vec<Target>>,
    faults: Vec<BindingFault>,
}

impl Compiler<'_, '_> {
    fn fields(&mut self, node: NodeId, shape: &'static Shape, fields: &std::collections::BTreeMap<String, Source>) {
        for (name, source) in fields {
            let Some((field, spec)) = shape.fields.iter().enumerate().find(|(_, spec)| spec.written() == name) else {
                let known: Vec<&str> = shape.fields.iter().map(FieldSpec::written).collect();
                let detail = format!("`{}` has no field `{name}`; it has {}", shape.name, known.join(", "));
                self.faults.push(self.file.fault(&[&format!("{name} =")], detail));
                continue;
            };
            for (rank, path) in source.paths().into_iter().enumerate() {
                self.field(node, (field, spec), source, (rank, path));
            }
        }
    }

    fn field(
        &mut self,
        node: NodeId,
        (field, spec): (usize, &'static FieldSpec),
        source: &Source,
        (rank, path): (usize, &str),
    ) {
        let Some((element, slot)) = self.slot(node, path) else { return };
        let values = source.values().cloned().unwrap_or_default();
        self.known_values(element, path, values.keys());
        let target = Target { field, spec, rank, values: values.into_iter().collect() };
        if self.targets.len() <= slot.index() {
            self.targets.resize(slot.index() + 1, Vec::new());
        }
        self.targets[slot.index()].push(target);
    }

    /// Mapped values must be ones that the schema allows, where it lists them.
    fn known_values<'v>(&mut self, node: NodeId, path: &str, values: impl Iterator<Item = &'v String>) {
        let element = self.builder.element(node);
        let simple = match path.rsplit('/').next().and_then(|last| last.strip_prefix('@')) {
            Some(attribute) => element
                .attributes()
                .iter()
                .find(|known| known.local() == attribute.rsplit(':').next().unwrap_or(attribute))
                .map(AttributeView::simple_type),
            None => element.simple_type(),
        };
        let Some(simple) = simple else { return };
        for value in values.filter(|value| !simple.accepts(value)) {
            let detail = format!("the schema does not allow the value `{value}` at {path}");
            self.faults.push(self.file.fault(&[value.as_str()], detail));
        }
    }

    /// The element and slot of a path: `a/b`, `a/@c`, `@c` or `.`.
    fn slot(&mut self, node: NodeId, path: &str) -> Option<(NodeId, SlotId)> {
        let (elements, last) = match path.rsplit_once('/') {
            Some((elements, last)) if last.starts_with('@') => (elements, Some(last)),
            None if path.starts_with('@') => ("", Some(path)),
            _ => (path, None),
        };
        let element = if elements.is_empty() || elements == "." { node } else { self.walk(node, elements)? };
        let slot = match last.and_then(|last| last.strip_prefix('@')) {
            Some(attribute) => {
                let (namespace, local) = self.name(attribute)?;
                self.builder.attribute_slot(element, &namespace, &local)
            }
            None => self.builder.text_slot(element),
        };
        match slot {
            Ok(slot) => Some((element, slot)),
            Err(fault) => {
                self.faults.push(self.file.fault(&[path], fault.to_string()));
                None
            }
        }
    }

    fn walk(&mut self, node: NodeId, path: &str) -> Option<NodeId> {
        let mut node = node;
        for step in path.split('/') {
            let (namespace, local) = self.name(step)?;
            match self.builder.child(node, &namespace, &local) {
                Ok(child) => node = child,
                Err(fault) => {
                    self.faults.push(self.file.fault(&[path], fault.to_string()));
                    return None;
                }
            }
        }
        Some(node)
    }

    fn name(&mut self, written: &str) -> Option<(String, String)> {
        match name(self.file, written) {
            Ok((namespace, local)) => Some((namespace, local.to_owned())),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn each(&mut self, node: NodeId, shape: &'static Shape, each: &Each, top: bool) {
        let Some((part, own)) = self.part(shape, each, top) else { return };
        let Some(element) = self.walk(node, &each.path) else { return };
        let frame: FrameId = self.builder.frame(element);
        if frame.index() != self.parts.len() {
            let detail = format!("{} repeats in two blocks", each.path);
            self.faults.push(self.file.fault(&["path", &each.path], detail));
            return;
        }
        self.parts.push((part, own));
        self.fields(element, own, &each.fields);
        for inner in &each.each {
            self.each(element, own, inner, false);
        }
    }

    fn part(&mut self, shape: &'static Shape, each: &Each, top: bool) -> Option<(Part, &'static Shape)> {
        let detail = match (each.item, &each.list) {
            (true, None) if top => return Some((Part::Item, shape)),
            (true, _) => "an item stands at the top and is no list".to_owned(),
            (false, None) => "a repeating part is an item or names its list".to_owned(),
            (false, Some(list)) => match shape.lists.iter().position(|one| one.name == list) {
                Some(at) => return Some((Part::Entry(at), shape.lists[at].shape)),
                None => {
                    let known: Vec<&str> = shape.lists.iter().map(|one| one.name).collect();
                    format!("`{}` has no list `{list}`; it has {}", shape.name, known.join(", "))
                }
            },
        };
        self.faults.push(self.file.fault(&["path", &each.path], detail));
        None
    }

    /// A field that the command requires must have a path.
    fn required(&mut self, shape: &'static Shape) {
        let bound = |field: usize, compiler: &Self| {
            compiler
                .targets
                .iter()
                .flatten()
                .any(|target| std::ptr::from_ref(target.spec) == std::ptr::from_ref(&shape.fields[field]))
        };
        let missing: Vec<&str> = shape
            .fields
            .iter()
            .enumerate()
            .filter(|(field, spec)| spec.required && !bound(*field, self))
            .map(|(_, spec)| spec.written())
            .collect();
        if !missing.is_empty() {
            let detail = format!("`{}` requires {}", shape.name, missing.join(", "));
            self.faults.push(self.file.fault(&["command"], detail));
        }
    }
}
