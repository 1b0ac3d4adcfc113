//! A binding file against the rules of its schema: every path becomes a capture slot, every slot knows which field of
//! which part it fills. What the schema or the command does not have is a fault of the file, with its line.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::command::{COMMANDS, Make};
use super::file::{BindingFault, Each, File, Source};
use super::fill;
use super::shape::{Field, FieldKind, FieldSpec, Shape};
use crate::rules::{AttributeView, CaptureTree, CaptureTreeBuilder, ElementView, FrameId, NodeId, Rules, SlotId};

/// What a frame is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The message.
    Message,
    /// An item of it, with how it becomes a command.
    Item(Option<Make>),
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
    /// Our values for theirs: none leaves the item out, several count it once for each.
    pub(super) values: HashMap<String, Vec<String>>,
    /// Which of the declared fields, where the field holds those.
    pub(super) detail: Option<String>,
    /// What stands between the values of its paths, where all of them count.
    pub(super) between: Option<String>,
}

/// A value that stands in the binding itself.
#[derive(Debug, Clone)]
pub(super) struct Constant {
    /// The field's place in the shape of its part.
    pub(super) field: usize,
    /// Which of the declared fields, where the field holds those.
    pub(super) detail: Option<String>,
    /// The value.
    pub(super) value: Field,
}

/// What a binding says of a kind of case, to be held against its lifecycle.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// The kind.
    pub(super) kind: ClaimedKind,
    /// Declared fields that it fills.
    pub(super) details: Vec<String>,
    /// Roles of parties that it fixes.
    pub(super) roles: Vec<String>,
}

/// Of which kind of case a binding speaks.
#[derive(Debug, Clone)]
pub(super) enum ClaimedKind {
    /// The main one of the system.
    Main,
    /// The one with this code.
    Fixed(String),
    /// The message tells.
    Told,
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
    /// By frame: values that stand in the binding itself.
    pub(super) constants: Vec<Vec<Constant>>,
    /// Whether the message as a whole is its one item.
    pub(super) whole: bool,
    /// What it says of kinds of cases.
    pub(super) claims: Vec<Claim>,
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
        constants: vec![Vec::new()],
        bound: HashSet::new(),
        framed: HashSet::new(),
        walked: Vec::new(),
        counted: Vec::new(),
        claims: vec![Claim::of(&file.written.fields, &file.written.details, &[])],
        faults: Vec::new(),
    };
    let written = &file.written;
    compiler.fields(NodeId::ROOT, 0, shape, &written.fields);
    compiler.details(NodeId::ROOT, 0, shape, &written.details);
    for each in &written.each {
        compiler.each(NodeId::ROOT, shape, each, true);
    }
    if let Some(body) = &written.body
        && let Some(node) = compiler.walk(NodeId::ROOT, body)
    {
        compiler.builder.body(node);
    }
    let whole = !written.each.iter().any(|each| each.item);
    compiler.required();
    compiler.nearest();
    compiler.countable();
    if !compiler.faults.is_empty() {
        return Err(compiler.faults);
    }
    let Compiler { builder, parts, targets, constants, claims, .. } = compiler;
    Ok(Plan { captures: builder.build(), parts, targets, constants, whole, claims })
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
    constants: Vec<Vec<Constant>>,
    /// The fields that each part fills.
    bound: HashSet<(usize, &'static str)>,
    /// Elements that repeat.
    framed: HashSet<NodeId>,
    /// The elements that each path goes through, and how the path is written.
    walked: Vec<(String, Vec<NodeId>)>,
    /// Fields of which a value leaves the item out or makes several of it.
    counted: Vec<Counted>,
    claims: Vec<Claim>,
    faults: Vec<BindingFault>,
}

/// A field of which a value leaves the item out or makes several of it.
struct Counted {
    part: usize,
    name: String,
    /// It is one of the declared fields.
    detail: bool,
}

impl Compiler<'_, '_> {
    fn fields(&mut self, node: NodeId, part: usize, shape: &'static Shape, fields: &BTreeMap<String, Source>) {
        for (name, source) in fields {
            let found = shape.fields.iter().enumerate().find(|(_, spec)| spec.written() == name);
            let Some((field, spec)) = found.filter(|(_, spec)| spec.kind != FieldKind::Details) else {
                let known: Vec<&str> =
                    shape.fields.iter().filter(|one| one.kind != FieldKind::Details).map(FieldSpec::written).collect();
                let detail = format!("`{}` has no field `{name}`; it has {}", shape.name, known.join(", "));
                self.faults.push(self.file.fault(&[&format!("{name} =")], detail));
                continue;
            };
            self.source(node, part, (field, spec, None), name, source);
        }
    }

    /// Declared fields of the kind of case.
    fn details(&mut self, node: NodeId, part: usize, shape: &'static Shape, details: &BTreeMap<String, Source>) {
        for (name, source) in details {
            let Some((field, spec)) = shape.fields.iter().enumerate().find(|(_, spec)| spec.kind == FieldKind::Details)
            else {
                let detail = format!("`{}` takes no details", shape.name);
                self.faults.push(self.file.fault(&[&format!("{name} =")], detail));
                return;
            };
            self.source(node, part, (field, spec, Some(name)), name, source);
        }
    }

    fn source(
        &mut self,
        node: NodeId,
        part: usize,
        (field, spec, detail): (usize, &'static FieldSpec, Option<&String>),
        name: &str,
        source: &Source,
    ) {
        self.bound.insert((part, spec.name));
        if source.between().is_some() && !matches!(spec.kind, FieldKind::Text | FieldKind::Details) {
            let detail = format!("`{name}` is no text: nothing can be joined to it");
            self.faults.push(self.file.fault(&[&format!("{name} =")], detail));
        }
        if let Some(written) = source.fixed() {
            match fill::constant(written, spec.kind) {
                Some(value) => {
                    self.constants[part].push(Constant { field, detail: detail.cloned(), value });
                }
                None => {
                    let detail = format!("`{written}` is no value for `{name}`");
                    self.faults.push(self.file.fault(&[&format!("{name} =")], detail));
                }
            }
        }
        for (rank, path) in source.paths().into_iter().enumerate() {
            let Some((element, slot)) = self.slot(node, path) else { continue };
            let values = source.values();
            self.known_values(element, path, values.keys());
            for ours in values.values().flatten().filter(|ours| fill::constant(ours, spec.kind).is_none()) {
                let fault = format!("`{ours}` is no value for `{name}`");
                self.faults.push(self.file.fault(&[&format!("\"{ours}\"")], fault));
            }
            if values.values().any(|ours| ours.len() != 1) {
                self.counted.push(Counted { part, name: name.to_owned(), detail: detail.is_some() });
            }
            let values = values.into_iter().collect();
            let between = source.between().map(str::to_owned);
            let target = Target { field, spec, rank, values, detail: detail.cloned(), between };
            if self.targets.len() <= slot.index() {
                self.targets.resize(slot.index() + 1, Vec::new());
            }
            self.targets[slot.index()].push(target);
        }
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
            // A short code such as `1` stands in many lines.
            let marks = [format!("\"{value}\""), format!("\"{path}\"")];
            self.faults.push(self.file.fault(&marks.each_ref().map(String::as_str), detail));
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
        let mut through = Vec::new();
        for step in path.split('/') {
            let (namespace, local) = self.name(step)?;
            match self.builder.child(node, &namespace, &local) {
                Ok(child) => node = child,
                Err(fault) => {
                    self.faults.push(self.file.fault(&[path], fault.to_string()));
                    return None;
                }
            }
            through.push(node);
        }
        self.walked.push((path.to_owned(), through));
        Some(node)
    }

    /// A value belongs to the nearest repeating element: no path of an outer part may lead through one.
    fn nearest(&mut self) {
        for (path, through) in &self.walked {
            if through.iter().any(|node| self.framed.contains(node)) {
                let detail = format!("{path} leads into a part that repeats; bind it within that part's block");
                self.faults.push(self.file.fault(&[path], detail));
            }
        }
    }

    /// Only an item can be left out or count several times, by one field of its own. A number of the sender's sequence is of one item: it
    /// would stay unused where the item is left out, and be used twice where it counts for several.
    fn countable(&mut self) {
        const SEQUENCE: &str = "sequence";
        let whole = !self.parts.iter().any(|(part, _)| matches!(part, Part::Item(_)));
        for (at, Counted { part, name, detail }) in self.counted.iter().enumerate() {
            let item = matches!(self.parts[*part].0, Part::Item(_)) || (whole && *part == 0);
            let another = self.counted[..at].iter().find(|before| before.part == *part && before.name != *name);
            let wrong = match another {
                _ if !item || *detail => "but only a field of an item itself can; give each value one code".to_owned(),
                Some(before) => format!("and so does one of `{}`: which of the two counts?", before.name),
                None if [0, *part].iter().any(|part| self.bound.contains(&(*part, SEQUENCE))) => {
                    format!("but the item has a `{SEQUENCE}`; give each value one code, or do not bind `{SEQUENCE}`")
                }
                None => continue,
            };
            let fault = format!("a value of `{name}` leaves the item out or counts for several, {wrong}");
            self.faults.push(self.file.fault(&[&format!("{name} =")], fault));
        }
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
        let at = self.parts.len();
        if frame.index() != at {
            let detail = format!("{} repeats in two blocks", each.path);
            self.faults.push(self.file.fault(&["path", &each.path], detail));
            return;
        }
        self.framed.insert(element);
        // The block's own path may end at what repeats.
        if let Some((_, through)) = self.walked.last_mut() {
            through.pop();
        }
        self.parts.push((part, own));
        self.constants.push(Vec::new());
        if each.item {
            self.claims.push(Claim::of(&each.fields, &each.details, &each.each));
        }
        self.fields(element, at, own, &each.fields);
        self.details(element, at, own, &each.details);
        for inner in &each.each {
            self.each(element, own, inner, false);
        }
    }

    fn part(&mut self, shape: &'static Shape, each: &Each, top: bool) -> Option<(Part, &'static Shape)> {
        let detail = match (each.item, &each.list) {
            (true, None) if top => match &each.command {
                None => return Some((Part::Item(None), shape)),
                Some(command) => match COMMANDS.iter().find(|(shape, _)| shape.name == command) {
                    Some((own, make)) => return Some((Part::Item(Some(*make)), own)),
                    None => format!("there is no command `{command}`"),
                },
            },
            (true, _) => "an item stands at the top and is no list".to_owned(),
            (false, _) if each.command.is_some() => "only an item has a `command`".to_owned(),
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

    /// A field that a command requires must have a path or a value, in the item or in the message around it.
    fn required(&mut self) {
        let items = self.parts.iter().any(|(part, _)| matches!(part, Part::Item(_)));
        let mut told = HashSet::new();
        for (at, (part, shape)) in self.parts.iter().enumerate() {
            // Where there are items, the message's own shape counts through them.
            if at == 0 && items {
                continue;
            }
            let outer = matches!(part, Part::Item(_));
            let bound =
                |name: &'static str| self.bound.contains(&(at, name)) || (outer && self.bound.contains(&(0, name)));
            let missing: Vec<&str> =
                shape.fields.iter().filter(|spec| spec.required && !bound(spec.name)).map(FieldSpec::written).collect();
            if !missing.is_empty() && told.insert(shape.name) {
                let detail = format!("`{}` requires {}", shape.name, missing.join(", "));
                self.faults.push(self.file.fault(&["command"], detail));
            }
        }
    }
}

impl Claim {
    fn of(fields: &BTreeMap<String, Source>, details: &BTreeMap<String, Source>, lists: &[Each]) -> Self {
        let fixed = |each: &Each, list: &str, field: &str| {
            let here = each.list.as_deref() == Some(list);
            here.then(|| each.fields.get(field).and_then(Source::fixed).map(str::to_owned)).flatten()
        };
        Self {
            kind: match fields.get("case_kind") {
                None => ClaimedKind::Main,
                Some(source) => source.fixed().map_or(ClaimedKind::Told, |kind| ClaimedKind::Fixed(kind.to_owned())),
            },
            details: details
                .keys()
                .cloned()
                .chain(lists.iter().filter_map(|each| fixed(each, "values", "field")))
                .collect(),
            roles: lists.iter().filter_map(|each| fixed(each, "parties", "role")).collect(),
        }
    }
}
