//! Identity constraints and checks between values, streaming: selectors find the elements that a constraint is about,
//! each becomes a candidate that gathers the values of its fields, and a complete candidate is judged.

use super::keys::Scopes;
use super::matcher::{Hit, Matcher};
use crate::rules::sealed::{Datum, Identity, IdentityId, IdentityKind, NameId, NameTest, NamespaceId, Pair, Path};
use crate::xml::Span;

/// Parts what stands between the values of a key.
const SEPARATOR: char = '\u{1F}';

/// The value that a field leads to, on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'v> {
    pub(super) datum: &'v Datum<'v>,
    pub(super) span: Span,
    /// The declaration of the element allows nil.
    pub(super) nillable: bool,
}

/// The value of a field, kept.
#[derive(Debug)]
struct FieldValue {
    datum: Datum<'static>,
    span: Span,
    nillable: bool,
}

/// An element whose fields are being gathered. Candidates end in the order opposite to that of their beginning, so their
/// values and paths lie on stacks.
#[derive(Debug, Clone, Copy)]
struct Candidate<'r> {
    level: usize,
    target: Target<'r>,
    /// Where its values begin, and those of the next candidate.
    values: usize,
    fields: usize,
    /// Where the matchers of its fields begin; there are none where all fields lead to the element itself.
    matchers: usize,
    /// How many levels down its fields lead at most.
    reach: usize,
    /// A field has led to more than one value, or to none that is simple; it has been told.
    spoilt: bool,
    span: Span,
}

#[derive(Debug, Clone, Copy)]
enum Target<'r> {
    Scope(usize, &'r Identity),
    Pair(&'r Pair),
}

impl<'r> Target<'r> {
    fn fields(self) -> &'r [Path] {
        match self {
            Self::Scope(_, identity) => &identity.fields,
            Self::Pair(pair) => &pair.paths,
        }
    }

    fn identity(self) -> Option<&'r Identity> {
        match self {
            Self::Scope(_, identity) => Some(identity),
            Self::Pair(_) => None,
        }
    }
}

/// What identity constraints find wrong.
#[derive(Debug)]
pub(super) enum Finding<'r> {
    Duplicate { identity: &'r Identity, span: Span },
    MissingField { identity: &'r Identity, span: Span },
    Nillable { identity: &'r Identity, span: Span },
    NotFound { identity: &'r Identity, span: Span, path: String },
    FieldTwice { identity: Option<&'r Identity>, span: Span },
    FieldNotSimple { identity: Option<&'r Identity>, span: Span },
    Pair { pair: &'r Pair, span: Span },
}

/// A field that waits for the value of an open element.
#[derive(Debug, Clone, Copy)]
struct Awaiting {
    level: usize,
    candidate: usize,
    field: usize,
}

/// All of it, for one realm.
#[derive(Debug, Default)]
pub(super) struct Identities<'r> {
    scopes: Scopes<'r>,
    candidates: Vec<Candidate<'r>>,
    values: Vec<Option<FieldValue>>,
    matchers: Vec<Matcher<'r>>,
    /// By level, the deepest last.
    awaiting: Vec<Awaiting>,
    /// Attributes of the element that has just begun which fields lead to: candidate, field, names.
    wanted_attributes: Vec<(usize, usize, NameTest)>,
    pub(super) findings: Vec<Finding<'r>>,
    hits: Vec<Hit>,
    key: String,
}

/// An element that has just begun, as paths see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) level: usize,
    pub(super) namespace: NamespaceId,
    pub(super) name: NameId,
    pub(super) span: Span,
}

impl<'r> Identities<'r> {
    /// Whether anything is watched, so that elements have to be told.
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        !self.scopes.open.is_empty() || !self.candidates.is_empty()
    }

    /// Whether a field leads to an attribute of the element that has just begun.
    #[inline]
    pub(super) fn wants_attributes(&self) -> bool {
        !self.wanted_attributes.is_empty()
    }

    /// An element begins that declares `own` constraints and whose type has `pairs`. Whether its text is awaited.
    pub(super) fn start(
        &mut self,
        begun: Begun,
        own: impl Iterator<Item = (IdentityId, &'r Identity)>,
        pairs: &'r [Pair],
    ) -> bool {
        self.wanted_attributes.clear();
        let awaiting = self.awaiting.len();
        for candidate in 0..self.candidates.len() {
            let Candidate { level, reach, .. } = self.candidates[candidate];
            if begun.level - level <= reach {
                self.follow(begun, candidate);
            }
        }
        for scope in 0..self.scopes.open.len() {
            let Begun { level, namespace, name, .. } = begun;
            let Self { scopes, hits, .. } = self;
            let open = &mut scopes.open[scope];
            if open.selector.start(level, namespace, name, hits) && hits.contains(&Hit::Element) {
                let identity = open.identity;
                self.select(begun, Target::Scope(scope, identity));
            }
            self.hits.clear();
        }
        for (id, identity) in own {
            let (selector, own) = Matcher::begin(&identity.selector, begun.level);
            self.scopes.open(id, identity, begun.level, selector);
            if own {
                self.select(begun, Target::Scope(self.scopes.open.len() - 1, identity));
            }
        }
        for pair in pairs {
            self.select(begun, Target::Pair(pair));
        }
        self.awaiting.len() > awaiting
    }

    /// The element is one whose fields are to be gathered.
    fn select(&mut self, begun: Begun, target: Target<'r>) {
        let fields = target.fields();
        let candidate = self.candidates.len();
        let reach = fields.iter().map(|path| path.reach).max().unwrap_or(0);
        self.candidates.push(Candidate {
            level: begun.level,
            target,
            values: self.values.len(),
            fields: fields.len(),
            matchers: self.matchers.len(),
            reach,
            spoilt: false,
            span: begun.span,
        });
        for (field, path) in fields.iter().enumerate() {
            self.values.push(None);
            if reach > 0 {
                self.matchers.push(Matcher::begin(path, begun.level).0);
            }
            self.hits.clear();
            path.own_hits(&mut self.hits);
            self.reached(begun.level, candidate, field);
        }
    }

    /// Follows the fields of a candidate down to the element that has just begun.
    fn follow(&mut self, begun: Begun, candidate: usize) {
        let Candidate { matchers, fields, .. } = self.candidates[candidate];
        for field in 0..fields {
            let matcher = &mut self.matchers[matchers + field];
            if matcher.start(begun.level, begun.namespace, begun.name, &mut self.hits) {
                self.reached(begun.level, candidate, field);
            }
        }
    }

    /// A field leads to the element at `level`, or to attributes of it.
    fn reached(&mut self, level: usize, candidate: usize, field: usize) {
        // Two branches may lead to the same node, which counts once.
        for index in 0..self.hits.len() {
            let hit = self.hits[index];
            if self.hits[..index].contains(&hit) {
                continue;
            }
            match hit {
                Hit::Element => self.awaiting.push(Awaiting { level, candidate, field }),
                Hit::Attribute(test) => self.wanted_attributes.push((candidate, field, test)),
            }
        }
        self.hits.clear();
    }

    /// An attribute of the element that has just begun has a value.
    pub(super) fn supply_attribute(&mut self, namespace: NamespaceId, name: NameId, found: Found<'_>) {
        for index in 0..self.wanted_attributes.len() {
            let (candidate, field, test) = self.wanted_attributes[index];
            if test.takes(namespace, name) {
                self.put(candidate, field, found);
            }
        }
    }

    /// The text of the element at `level` has a value.
    pub(super) fn supply(&mut self, level: usize, found: Found<'_>) {
        while let Some(awaiting) = self.awaiting.pop_if(|awaiting| awaiting.level == level) {
            self.put(awaiting.candidate, awaiting.field, found);
        }
    }

    fn put(&mut self, candidate: usize, field: usize, found: Found<'_>) {
        let Found { datum, span, nillable } = found;
        let candidate = &mut self.candidates[candidate];
        let value = &mut self.values[candidate.values + field];
        if value.is_none() {
            *value = Some(FieldValue { datum: datum.clone().into_owned(), span, nillable });
        } else if !candidate.spoilt {
            candidate.spoilt = true;
            self.findings.push(Finding::FieldTwice { identity: candidate.target.identity(), span });
        }
    }

    /// The element at `level`, whose value is awaited, has none; that is wrong where its type has no simple values.
    pub(super) fn supply_nothing(&mut self, level: usize, span: Span, complex: bool) {
        while let Some(awaiting) = self.awaiting.pop_if(|awaiting| awaiting.level == level) {
            let candidate = &mut self.candidates[awaiting.candidate];
            if complex && !candidate.spoilt {
                candidate.spoilt = true;
                self.findings.push(Finding::FieldNotSimple { identity: candidate.target.identity(), span });
            }
        }
    }

    /// The value of the element at `level` is not valid, which has been told: what needs it is not judged.
    pub(super) fn spoil(&mut self, level: usize) {
        while let Some(awaiting) = self.awaiting.pop_if(|awaiting| awaiting.level == level) {
            self.candidates[awaiting.candidate].spoilt = true;
        }
    }

    /// The element at `level` ends. `path` makes its path, for references that are judged later.
    pub(super) fn end(&mut self, level: usize, path: impl Fn() -> String) {
        while self.awaiting.pop_if(|awaiting| awaiting.level == level).is_some() {}
        while let Some(candidate) = self.candidates.pop_if(|candidate| candidate.level == level) {
            if !candidate.spoilt {
                self.complete(candidate, &path);
            }
            self.values.truncate(candidate.values);
            self.matchers.truncate(candidate.matchers);
        }
        for Candidate { level: context, matchers, fields, reach, .. } in &self.candidates {
            if level - context <= *reach {
                self.matchers[*matchers..matchers + fields].iter_mut().for_each(|matcher| matcher.end(level));
            }
        }
        for scope in self.scopes.open.iter_mut().filter(|scope| scope.level < level) {
            scope.selector.end(level);
        }
        if self.scopes.ends_at(level) {
            self.scopes.close(level, &mut self.findings);
        }
    }

    fn complete(&mut self, candidate: Candidate<'r>, path: &impl Fn() -> String) {
        let Candidate { target, span, .. } = candidate;
        let values = &self.values[candidate.values..];
        let (scope, identity) = match target {
            Target::Scope(scope, identity) => (scope, identity),
            Target::Pair(pair) => {
                if let [Some(first), Some(second)] = values
                    && !(pair.check.holds)(&first.datum, &second.datum)
                {
                    self.findings.push(Finding::Pair { pair, span: first.span });
                }
                return;
            }
        };
        let is_key = identity.kind == IdentityKind::Key;
        self.key.clear();
        for value in values {
            let Some(value) = value else {
                if is_key {
                    self.findings.push(Finding::MissingField { identity, span });
                }
                return;
            };
            if is_key && value.nillable {
                self.findings.push(Finding::Nillable { identity, span: value.span });
                return;
            }
            value.datum.key(&mut self.key);
            self.key.push(SEPARATOR);
        }
        let span = values.first().and_then(Option::as_ref).map_or(span, |value| value.span);
        if !self.scopes.note(scope, &self.key, span, path) {
            self.findings.push(Finding::Duplicate { identity, span });
        }
    }
}
