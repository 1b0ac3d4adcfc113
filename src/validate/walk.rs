//! The walk over a document: elements open and close, each is led to its declaration and judged by its type.

use std::collections::{BTreeSet, HashMap};

use super::content::{self, Led};
use super::identity::Begun;
use super::pass::{Bodies, BodyPass, Pick, RefusedBody};
use super::realm::Realm;
use super::report::Report;
use super::violation::Detail;

use super::{Options, UndeclaredRoot};
use crate::rules::sealed::{ElementId, ModelId, NameId, NamespaceId, SimpleId, StateId, TypeId};
use crate::rules::{NodeId, Process, Rules};
use crate::xml::{End, Event, Fault, Progress, Reader, Span, Start, Window};

/// Names of children that are looked through one by one where their occurrences are counted; further ones are looked up.
const SIBLINGS_NEAR: usize = 16;

/// What the content of an open element may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Neither elements nor text.
    Empty,
    /// Nothing, for the element is nil.
    Nil,
    /// Text of a simple type.
    Simple(SimpleId),
    /// Elements only.
    Elements,
    /// Elements and text.
    Mixed,
}

/// An open element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) mode: Mode,
    /// Its declaration; none for what is only judged by a type.
    pub(super) element: Option<ElementId>,
    pub(super) type_id: TypeId,
    pub(super) model: ModelId,
    pub(super) state: StateId,
    /// Where its counters begin; the first configuration of several.
    pub(super) counters: usize,
    pub(super) configurations: usize,
    /// Where the counts of its children's names begin.
    pub(super) siblings: usize,
    /// Something in its content was wrong already: what follows from that is not told.
    pub(super) disturbed: bool,
    /// There are more ways to read its content than are followed; what is left of it is only read.
    pub(super) lost: bool,
    pub(super) has_children: bool,
    /// Its text has been judged.
    pub(super) judged: bool,
    /// A field of an identity constraint leads to its text.
    pub(super) awaited: bool,
    /// Which of its like it is, from 1; 0 where there can be only one.
    pub(super) ordinal: u32,
    pub(super) node: Option<NodeId>,
    /// The capture frame that it lies in.
    pub(super) frame: u32,
    /// Where its text begins in that of all open mixed elements.
    pub(super) text: usize,
    pub(super) span: Span,
}

/// The walk.
#[derive(Debug)]
pub(super) struct Walk<'r> {
    pub(super) realm: Realm<'r>,
    /// The envelope's realm, while the body is walked.
    outer: Option<Realm<'r>>,
    body: Option<BodyPass>,
    refused_body: Option<RefusedBody>,
    pub(super) open: Vec<Open>,
    pub(super) counters: Vec<u32>,
    /// How often each repeating name has occurred, by parent.
    siblings: Vec<(NameId, u32)>,
    /// Where the counts of names are that came after many others, by where their parent's counts begin.
    siblings_far: HashMap<(usize, NameId), usize>,
    /// The level of an element whose subtree is only read.
    pub(super) skipped: Option<usize>,
    pub(super) report: Report,
    /// Text of mixed content that is wanted or fixed, that of inner elements behind that of outer ones.
    pub(super) mixed_text: String,
    pub(super) undeclared_root: UndeclaredRoot,
    /// Unparsed entities of the document's DOCTYPE, which values of type `ENTITY` must be among.
    pub(super) entities: BTreeSet<String>,
}

/// What a finished walk leaves.
#[derive(Debug)]
pub(super) struct Finished<'r> {
    pub(super) realm: Realm<'r>,
    pub(super) body: Option<BodyPass>,
    pub(super) refused_body: Option<RefusedBody>,
    pub(super) report: Report,
    pub(super) fault: Option<Fault>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(realm: Realm<'r>, options: &Options) -> Self {
        Self {
            realm,
            outer: None,
            body: None,
            refused_body: None,
            open: Vec::with_capacity(32),
            counters: Vec::with_capacity(32),
            siblings: Vec::with_capacity(16),
            siblings_far: HashMap::new(),
            skipped: None,
            report: Report::new(options.violations_max),
            mixed_text: String::new(),
            undeclared_root: options.undeclared_root,
            entities: BTreeSet::new(),
        }
    }

    /// Walks a whole document.
    pub(super) fn run<W: Window>(mut self, reader: &mut Reader<W>, bodies: &dyn Bodies<'r>) -> Finished<'r> {
        let fault = loop {
            // White space between elements means nothing where only elements may be.
            let elements_only = self.open.last().is_none_or(|open| open.mode == Mode::Elements);
            match reader.advance_quickly(elements_only || self.skipped.is_some()) {
                Progress::Fault => break Some(reader.last_fault()),
                Progress::End => break None,
                Progress::Event => {}
            }
            let event = reader.current();
            match &event {
                Some(Event::Start(start)) => self.start(reader, start, bodies),
                Some(Event::Text(text)) if self.skipped.is_none() => self.text(reader, text),
                Some(Event::End(end)) => self.end(reader, end),
                Some(Event::Text(_)) | None => {}
            }
        };
        if let Some(outer) = self.outer.take() {
            // The text ended inside the body.
            let inner = std::mem::replace(&mut self.realm, outer);
            self.finish_body(inner, reader.offset());
        }
        let Self { realm, body, refused_body, report, .. } = self;
        Finished { realm, body, refused_body, report, fault }
    }

    fn start<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, bodies: &dyn Bodies<'r>) {
        if self.skipped.is_some() {
            return;
        }
        let level = reader.depth() - 1;
        self.realm.enter(reader);
        let namespace = self.realm.namespaces[start.name.binding];
        let name = self.realm.rules.name_id(namespace, start.name.local);
        if level == self.realm.root {
            return self.root(reader, start, namespace, name);
        }
        let led = self.lead(reader, start, namespace, name);
        let parent = self.open[level - 1];
        let is_body = match (self.realm.captures, parent.node) {
            (Some(captures), Some(node)) => captures.is_body(node),
            _ => false,
        };
        if is_body && self.body.is_none() && self.refused_body.is_none() && self.outer.is_none() {
            return self.enter_body(reader, start, bodies);
        }
        let begun = Begun { level, namespace, name, span: start.span };
        match led {
            Led::Element(element, repeats) => {
                let ordinal = if repeats { self.count_sibling(level, name) } else { 0 };
                self.element(reader, start, begun, Some(element), ordinal);
            }
            Led::Wildcard(wildcard, repeats) => {
                let ordinal = if repeats { self.count_sibling(level, name) } else { 0 };
                self.wildcard_element(reader, start, begun, self.realm.rules.wildcard(wildcard).process, ordinal);
            }
            Led::Nowhere | Led::TooAmbiguous => self.skipped = Some(level),
        }
    }

    /// The root element of a realm.
    fn root<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, namespace: NamespaceId, name: NameId) {
        let begun = Begun { level: self.realm.root, namespace, name, span: start.span };
        match self.realm.rules.global_element(name) {
            Some(element) => self.element(reader, start, begun, Some(element), 0),
            None => self.undeclared_root(reader, start, begun),
        }
    }

    /// Leads a child element through its parent's content.
    fn lead<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, namespace: NamespaceId, name: NameId) -> Led {
        let rules = self.realm.rules;
        let Some(parent) = self.open.last_mut() else { return Led::Nowhere };
        parent.has_children = true;
        let led = match parent.mode {
            Mode::Elements | Mode::Mixed if parent.lost => return Led::Nowhere,
            Mode::Elements | Mode::Mixed => content::take(rules, parent, &mut self.counters, namespace, name),
            Mode::Empty | Mode::Nil | Mode::Simple(_) => Led::Nowhere,
        };
        match led {
            Led::Nowhere => self.unexpected(reader, start, namespace, name),
            Led::TooAmbiguous => {
                (parent.disturbed, parent.lost) = (true, true);
                self.report_element(reader, start.span, Detail::TooAmbiguous);
                Led::TooAmbiguous
            }
            _ => led,
        }
    }

    /// Tells that a child cannot stand where it does, and goes on with it if the content knows it elsewhere, or if it is
    /// the misspelt name of what could stand here.
    fn unexpected<W: Window>(
        &mut self,
        reader: &Reader<W>,
        start: &Start<'_>,
        namespace: NamespaceId,
        name: NameId,
    ) -> Led {
        let rules = self.realm.rules;
        let Some(parent) = self.open.last_mut() else { return Led::Nowhere };
        let was_disturbed = std::mem::replace(&mut parent.disturbed, true);
        if self.report.truncated {
            return Led::Nowhere;
        }
        let local = start.name.local.to_owned();
        let detail = match parent.mode {
            Mode::Simple(_) => Detail::ElementInText { name: local },
            Mode::Empty => Detail::NotEmpty,
            Mode::Nil => Detail::NilWithContent,
            Mode::Elements | Mode::Mixed => {
                // Where nothing more can be told, only whether there is more to tell matters.
                let room = self.report.has_room();
                let expected = if room { content::expected(rules, parent, &self.counters) } else { Vec::new() };
                let kind = &rules.model(parent.model).kind;
                let places = self.realm.places.entry(parent.model).or_insert_with(|| content::places(rules, kind));
                if let Some(resumed) = content::resume(rules, places, parent, name) {
                    // Once content is out of order, only names that it does not know at all are news.
                    if !was_disturbed {
                        let detail = Detail::UnexpectedElement { name: local, expected, nearest: None };
                        self.report_element(reader, start.span, detail);
                    }
                    return resumed;
                }
                if self.report.is_full() {
                    return Led::Nowhere;
                }
                let nearest = rules.nearest_child(parent.model, &expected, &local);
                let meant = nearest.as_ref().filter(|near| expected.contains(near));
                let meant = meant.map(|near| rules.name_id(namespace, near));
                let led = meant
                    .map_or(Led::Nowhere, |meant| content::take(rules, parent, &mut self.counters, namespace, meant));
                if matches!(led, Led::Element(..)) {
                    // Read as what was meant, it puts nothing out of order.
                    parent.disturbed = was_disturbed;
                }
                self.report_element(reader, start.span, Detail::UnexpectedElement { name: local, expected, nearest });
                return if matches!(led, Led::Element(..)) { led } else { Led::Nowhere };
            }
        };
        if !was_disturbed {
            self.report_element(reader, start.span, detail);
        }
        Led::Nowhere
    }

    /// An element that a wildcard has let in.
    fn wildcard_element<W: Window>(
        &mut self,
        reader: &Reader<W>,
        start: &Start<'_>,
        begun: Begun,
        process: Process,
        ordinal: u32,
    ) {
        let declared = self.realm.rules.global_element(begun.name);
        match (process, declared) {
            (Process::Skip, _) => self.skipped = Some(begun.level),
            (_, Some(element)) => self.element(reader, start, begun, Some(element), ordinal),
            (Process::Lax, None) => self.element(reader, start, begun, None, ordinal),
            (Process::Strict, None) => {
                if self.realm.rules.is_incomplete(begun.namespace) || self.names_type(reader, start) {
                    return self.element(reader, start, begun, None, ordinal);
                }
                let name = start.name.local.to_owned();
                self.report_element(reader, start.span, Detail::Undeclared { name });
                self.skipped = Some(begun.level);
            }
        }
    }

    /// Which of its like a repeating element is.
    fn count_sibling(&mut self, level: usize, name: NameId) -> u32 {
        if name == NameId::UNKNOWN {
            return 0;
        }
        let first = self.open[level - 1].siblings;
        let near = self.siblings.len().min(first + SIBLINGS_NEAR);
        let found = self.siblings[first..near].iter().rposition(|(known, _)| *known == name).map(|at| first + at);
        if let Some(at) = found.or_else(|| self.siblings_far.get(&(first, name)).copied()) {
            let count = &mut self.siblings[at].1;
            *count += 1;
            return *count;
        }
        if self.siblings.len() >= first + SIBLINGS_NEAR {
            self.siblings_far.insert((first, name), self.siblings.len());
        }
        self.siblings.push((name, 1));
        1
    }

    /// Opens an element, the siblings of whose children are counted from here on.
    pub(super) fn push(&mut self, mut open: Open) {
        open.siblings = self.siblings.len();
        self.open.push(open);
    }

    fn enter_body<W: Window>(&mut self, reader: &Reader<W>, start: &Start<'_>, bodies: &dyn Bodies<'r>) {
        let (namespace, local) = (start.name.namespace, start.name.local);
        let level = reader.depth() - 1;
        match bodies.pick(&self.realm.captured, namespace, local) {
            Pick::Refuse { code } => {
                let (namespace, local) = (namespace.to_owned(), local.to_owned());
                self.refused_body = Some(RefusedBody { code, namespace, local, span: start.span });
                self.skipped = Some(level);
            }
            Pick::Rules { rules, captures, tag } => {
                let (namespace, local) = (namespace.to_owned(), local.to_owned());
                self.body = Some(BodyPass {
                    tag,
                    captured: crate::rules::Captured::default(),
                    namespace,
                    local,
                    span: start.span,
                });
                let mut realm = Realm::new(rules, Some(captures), level);
                // Declarations outside the body are in scope inside it.
                realm.namespaces.extend(
                    (0..reader.namespace_count_outside()).map(|index| rules.namespace_id(reader.namespace_at(index))),
                );
                realm.enter(reader);
                let namespace = realm.namespaces[start.name.binding];
                let name = rules.name_id(namespace, start.name.local);
                self.outer = Some(std::mem::replace(&mut self.realm, realm));
                self.root(reader, start, namespace, name);
            }
        }
    }

    fn finish_body(&mut self, inner: Realm<'r>, end: u64) {
        if let Some(body) = &mut self.body {
            body.captured = inner.captured;
            body.span = Span::between(body.span.offset, end);
        }
    }

    fn end<W: Window>(&mut self, reader: &Reader<W>, end: &End<'_>) {
        let level = reader.depth() - 1;
        match self.skipped {
            Some(skipped) if skipped < level => return,
            Some(_) => {
                self.skipped = None;
                let in_body = self.is_body_level(level);
                if let Some(refused) = &mut self.refused_body
                    && in_body
                    && refused.span.end() <= end.span.offset
                {
                    refused.span = Span::between(refused.span.offset, end.span.end());
                }
            }
            None => self.close(reader, end),
        }
        if level == self.realm.root {
            self.finish_realm();
            if let Some(outer) = self.outer.take() {
                let inner = std::mem::replace(&mut self.realm, outer);
                self.finish_body(inner, end.span.end());
            }
        }
    }

    fn is_body_level(&self, level: usize) -> bool {
        let parent = level.checked_sub(1).and_then(|parent| self.open.get(parent)).and_then(|parent| parent.node);
        match (self.realm.captures, parent) {
            (Some(captures), Some(node)) => captures.is_body(node),
            _ => false,
        }
    }

    /// Closes the innermost element.
    fn close<W: Window>(&mut self, reader: &Reader<W>, end: &End<'_>) {
        self.finish_content(reader, end.span);
        let Some(open) = self.open.last() else { return };
        let level = self.open.len() - 1;
        let (counters, siblings) = (open.counters, open.siblings);
        if self.realm.identities.is_active() {
            let (identities, report, frames) = (&mut self.realm.identities, &self.report, &self.open);
            identities.end(level, || report.path(reader, frames, level, None));
            self.report_findings(reader);
        }
        self.open.pop();
        self.counters.truncate(counters);
        for (name, _) in self.siblings.get(siblings + SIBLINGS_NEAR..).unwrap_or_default() {
            self.siblings_far.remove(&(siblings, *name));
        }
        self.siblings.truncate(siblings);
    }

    /// Tells references without an ID when a realm's root has ended.
    fn finish_realm(&mut self) {
        for dangling in self.realm.ids.dangling() {
            self.report.add_at(dangling.position, dangling.span, dangling.path, Detail::IdNotFound, Some(&dangling.id));
        }
    }

    /// The rules at work.
    pub(super) fn rules(&self) -> &'r Rules {
        self.realm.rules
    }
}
