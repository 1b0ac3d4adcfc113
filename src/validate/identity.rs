//! Identity constraints and checks between values, streaming: selectors find the elements that a constraint is about,
//! each becomes a candidate that gathers the values of its fields, and a complete candidate is judged.

use super::keys::{First, KeyReference, Scopes};
use super::matcher::{Hit, Matcher};
use crate::rules::sealed::{
    Atom, Datum, Identity, IdentityId, IdentityKind, NameId, NameTest, NamespaceId, Pair, Path,
};
use crate::xml::{Position, Reader, Span, Window};

/// Parts what stands between the values of a key.
const SEPARATOR: char = '\u{1F}';

/// Where something stands that is told of later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) span: Span,
    /// None where it can be told from the span at any time.
    pub(super) position: Option<Position>,
}

impl Place {
    /// The place of a span that the reader has just read.
    pub(super) fn of<W: Window>(reader: &Reader<W>, span: Span) -> Self {
        Self { span, position: reader.position_to_keep(span.offset) }
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self { span, position: None }
    }
}

/// The value that a field leads to, on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'v> {
    pub(super) datum: &'v Datum<'v>,
    /// It as written.
    pub(super) raw: &'v str,
    pub(super) place: Place,
    /// The declaration of the element allows nil.
    pub(super) nillable: bool,
}

/// The value of a field, kept.
#[derive(Debug)]
struct FieldValue {
    datum: Datum<'static>,
    /// It as written; none of a text, which says it itself.
    raw: Option<Box<str>>,
    place: Place,
    nillable: bool,
}

impl FieldValue {
    fn words(&self) -> &str {
        match &self.datum {
            Datum::Atom(Atom::Text(text)) => text,
            _ => self.raw.as_deref().unwrap_or_default(),
        }
    }
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
    Duplicate { identity: &'r Identity, place: Place, value: String, first: First },
    MissingField { identity: &'r Identity, place: Place },
    Nillable { identity: &'r Identity, place: Place },
    NotFound { identity: &'r Identity, place: Place, value: String, path: String },
    FieldTwice { identity: Option<&'r Identity>, place: Place },
    FieldNotSimple { identity: Option<&'r Identity>, place: Place },
    Pair { pair: &'r Pair, place: Place },
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
    /// The candidates with fields that lead further down than to themselves: so many levels, or to any depth. The others are
    /// not looked at again until they end.
    near: Vec<usize>,
    far: Vec<usize>,
    /// How many levels down one of `near` leads at most.
    near_reach: usize,
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
        for at in self.near_from(begun.level)..self.near.len() {
            self.follow(begun, self.near[at]);
        }
        for at in 0..self.far.len() {
            self.follow(begun, self.far[at]);
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

    /// Where the candidates begin in `near` that may lead to an element at `level`.
    fn near_from(&self, level: usize) -> usize {
        let beyond = |candidate: &usize| level - self.candidates[*candidate].level > self.near_reach;
        self.near.iter().rposition(beyond).map_or(0, |last| last + 1)
    }

    /// The element is one whose fields are to be gathered.
    fn select(&mut self, begun: Begun, target: Target<'r>) {
        let fields = target.fields();
        let candidate = self.candidates.len();
        let reach = fields.iter().map(|path| path.reach).max().unwrap_or(0);
        match reach {
            0 => {}
            usize::MAX => self.far.push(candidate),
            _ => {
                self.near.push(candidate);
                self.near_reach = self.near_reach.max(reach);
            }
        }
        self.candidates.push(Candidate {
            level: begun.level,
            target,
            values: self.values.len(),
            fields: fields.len(),
            matchers: self.matchers.len(),
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
        // Tests of one field stand together; an attribute that several of them take counts once.
        let mut supplied = None;
        for index in 0..self.wanted_attributes.len() {
            let (candidate, field, test) = self.wanted_attributes[index];
            if supplied != Some((candidate, field)) && test.takes(namespace, name) {
                supplied = Some((candidate, field));
                self.put(candidate, field, found);
            }
        }
    }

    /// The text of the element at `level` has a value.
    pub(super) fn supply(&mut self, level: usize, found: Found<'_>) {
        let first = self.awaiting.iter().rposition(|awaiting| awaiting.level != level).map_or(0, |last| last + 1);
        for at in first..self.awaiting.len() {
            let Awaiting { candidate, field, .. } = self.awaiting[at];
            self.put(candidate, field, found);
        }
        self.awaiting.truncate(first);
    }

    fn put(&mut self, candidate: usize, field: usize, found: Found<'_>) {
        let Found { datum, raw, place, nillable } = found;
        let candidate = &mut self.candidates[candidate];
        let value = &mut self.values[candidate.values + field];
        if value.is_none() {
            let raw = if let Datum::Atom(Atom::Text(_)) = datum { None } else { Some(raw.into()) };
            *value = Some(FieldValue { datum: datum.clone().into_owned(), raw, place, nillable });
        } else if !candidate.spoilt {
            candidate.spoilt = true;
            self.findings.push(Finding::FieldTwice { identity: candidate.target.identity(), place });
        }
    }

    /// The element at `level`, whose value is awaited, has none; that is wrong where its type has no simple values.
    pub(super) fn supply_nothing(&mut self, level: usize, span: Span, complex: bool) {
        while let Some(awaiting) = self.awaiting.pop_if(|awaiting| awaiting.level == level) {
            let candidate = &mut self.candidates[awaiting.candidate];
            if complex && !candidate.spoilt {
                candidate.spoilt = true;
                let identity = candidate.target.identity();
                self.findings.push(Finding::FieldNotSimple { identity, place: span.into() });
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
        let first = self.candidates.iter().rposition(|candidate| candidate.level < level).map_or(0, |last| last + 1);
        for candidate in first..self.candidates.len() {
            if !self.candidates[candidate].spoilt {
                self.complete(self.candidates[candidate], &path);
            }
        }
        if let Some(Candidate { values, matchers, .. }) = self.candidates.get(first) {
            self.values.truncate(*values);
            self.matchers.truncate(*matchers);
            self.candidates.truncate(first);
            for walked in [&mut self.near, &mut self.far] {
                while walked.pop_if(|candidate| *candidate >= first).is_some() {}
            }
        }
        let near = self.near_from(level);
        for candidate in self.near[near..].iter().chain(&self.far) {
            let Candidate { matchers, fields, .. } = self.candidates[*candidate];
            self.matchers[matchers..matchers + fields].iter_mut().for_each(|matcher| matcher.end(level));
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
        let values = &self.values[candidate.values..candidate.values + candidate.fields];
        let (scope, identity) = match target {
            Target::Scope(scope, identity) => (scope, identity),
            Target::Pair(pair) => {
                if let [Some(first), Some(second)] = values
                    && !(pair.check.holds)(&first.datum, &second.datum)
                {
                    self.findings.push(Finding::Pair { pair, place: first.place });
                }
                return;
            }
        };
        let is_key = identity.kind == IdentityKind::Key;
        self.key.clear();
        for value in values {
            let Some(value) = value else {
                if is_key {
                    self.findings.push(Finding::MissingField { identity, place: span.into() });
                }
                return;
            };
            if is_key && value.nillable {
                self.findings.push(Finding::Nillable { identity, place: value.place });
                return;
            }
            value.datum.key(&mut self.key);
            self.key.push(SEPARATOR);
        }
        let place = values.first().and_then(Option::as_ref).map_or(span.into(), |value| value.place);
        let words = || values.iter().flatten().map(FieldValue::words).collect::<Vec<_>>().join(", ");
        let known = match identity.kind {
            IdentityKind::Keyref(referred) => {
                self.scopes.refer(scope, referred, &self.key, || KeyReference { place, value: words(), path: path() });
                None
            }
            _ => self.scopes.define(scope, &self.key, First::at(place)),
        };
        if let Some(first) = known {
            self.findings.push(Finding::Duplicate { identity, place, value: words(), first });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::sealed::{Branch, DocumentId, Place as Defined};

    const A: NameId = NameId(10);

    fn path(anywhere: bool, steps: usize, attribute: bool) -> Path {
        let steps = vec![NameTest::Name(A); steps].into();
        Path::new([Branch { anywhere, steps, attribute: attribute.then_some(NameTest::Any) }])
    }

    /// Nested elements, each with a constraint on all below it: the candidates that are followed into the innermost one.
    fn followed(field: Path, depth: usize) -> usize {
        let place = Defined { document: DocumentId::at(0), line: 1, column: 1 };
        let (kind, selector) = (IdentityKind::Unique, path(true, 1, false));
        let fields = [field].into();
        let identity = Identity { name: A, kind, selector, fields, place };
        let mut identities = Identities::default();
        let begun = |level| Begun { level, namespace: NamespaceId::ABSENT, name: A, span: Span::between(0, 0) };
        for level in 0..depth {
            identities.start(begun(level), [(IdentityId::at(0), &identity)].into_iter(), &[]);
        }
        let followed = identities.near.len() - identities.near_from(depth) + identities.far.len();
        for level in (0..depth).rev() {
            identities.end(level, String::new);
        }
        let left = [identities.near.len(), identities.far.len(), identities.values.len(), identities.matchers.len()];
        assert_eq!(left, [0; 4]);
        followed
    }

    #[test]
    fn only_candidates_that_may_lead_further_down_are_followed() {
        // Of 30 elements every one is a candidate for each that is around it.
        assert_eq!(followed(path(false, 0, true), 30), 0);
        assert_eq!(followed(path(false, 0, false), 30), 0);
        assert_eq!(followed(path(false, 1, true), 30), 29);
        assert_eq!(followed(path(false, 2, false), 30), 28 + 29);
        assert_eq!(followed(path(true, 1, false), 30), 29 * 30 / 2);
    }
}
