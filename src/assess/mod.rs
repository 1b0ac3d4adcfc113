//! Assessment: a schema set and an instance in, one word out, as `validate --batch` answers and as the conformance suite
//! asks. It joins the compiler and the validator over documents that a [`Source`] gives; it knows no file system.
//!
//! What is taken as the standard has it for assessment, and otherwise than for messages: documents that an include, import
//! or redefine refers to may be missing, and what they could have defined lets anything through (section 5.3). Schemas that
//! an instance names by `xsi:schemaLocation`, relative to itself, are followed as far as they can be read and are schemas
//! (section 4.3.2): all of them where the caller names no schema, else those of namespaces that the caller's schemas say
//! nothing of. Without any schema the root is assessed laxly (section 5.2). Schemas are read strictly.

mod hints;
mod recorded;

use std::collections::HashSet;

use crate::decode;
use crate::rules::Rules;
use crate::schema::{self, Missing, SchemaFault, SchemaSet, Source};
use crate::validate::{self, Options, UndeclaredRoot, Verdict};
use crate::xml::Language;
use crate::xml::{Doctype, Limits, Position};
use hints::Hints;
use recorded::{Reading, Recorded};

/// Compiled sets that are kept; the oldest goes first.
const SETS_MAX: usize = 16;
/// Attributes of one element at most: test suites have more than messages.
const ATTRIBUTES_MAX: usize = 100_000;

/// What an assessment found.
#[derive(Debug)]
pub enum Assessment<'a> {
    /// The schemas are refused; an instance has not been looked at.
    SchemaInvalid(&'a [SchemaFault]),
    /// The schemas compile, and there was no instance.
    SchemaValid(&'a Rules),
    /// The instance was validated.
    Instance(Verdict),
    /// The bytes of the instance are no text in their encoding.
    Undecodable(String),
    /// The instance names a schema of a namespace after something in that namespace, which section 4.3.2 forbids.
    HintTooLate(Position),
}

impl Assessment<'_> {
    /// The word for it: `valid`, `invalid` or `schema-invalid`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::SchemaInvalid(_) => "schema-invalid",
            Self::SchemaValid(_) => "valid",
            Self::Instance(verdict) if verdict.is_valid() => "valid",
            Self::Instance(_) | Self::Undecodable(_) | Self::HintTooLate(_) => "invalid",
        }
    }
}

/// A document that was asked for could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Unreadable {
    /// The document.
    pub path: String,
    /// Why, in the words of the source.
    pub reason: String,
}

#[derive(Debug)]
struct Compiled {
    schemas: Vec<String>,
    lacking: Vec<String>,
    /// What was read for it, to know whether it would be the same today.
    readings: Vec<Reading>,
    outcome: Result<Rules, Vec<SchemaFault>>,
}

impl Compiled {
    fn faults(&self) -> &[SchemaFault] {
        self.outcome.as_ref().err().map_or(&[], Vec::as_slice)
    }
}

/// Assesses one case after the other, compiling each set of schemas once while it is in use and its documents stay as they
/// are.
pub struct Assessor<'s> {
    source: &'s dyn Source,
    doctype: Doctype,
    sets: Vec<Compiled>,
}

impl std::fmt::Debug for Assessor<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Assessor").field("sets", &self.sets).finish_non_exhaustive()
    }
}

impl<'s> Assessor<'s> {
    /// An assessor of documents that `source` gives.
    #[must_use]
    pub fn new(source: &'s dyn Source) -> Self {
        Self { source, doctype: Doctype::Refused, sets: Vec::new() }
    }

    /// Chooses what becomes of instances that have a DOCTYPE; schemas may always have one.
    #[must_use]
    pub fn with_doctype(mut self, doctype: Doctype) -> Self {
        self.doctype = doctype;
        self
    }

    /// Assesses one case: paths of schema documents and of an instance, as the source takes them. Without an instance only
    /// the schemas are judged.
    ///
    /// # Errors
    /// A document that the case names cannot be read.
    pub fn assess(&mut self, schemas: &[&str], instance: Option<&str>) -> Result<Assessment<'_>, Unreadable> {
        for path in schemas {
            self.read(path)?;
        }
        let given = self.compiled(schemas, &[]);
        let Some(path) = instance else {
            return Ok(match &self.sets[given].outcome {
                Ok(rules) => Assessment::SchemaValid(rules),
                Err(faults) => Assessment::SchemaInvalid(faults),
            });
        };
        let bytes = self.read(path)?;
        let text = match decode::decode(&bytes, usize::MAX) {
            Ok(text) => text.text,
            Err(refusal) => return Ok(Assessment::Undecodable(refusal.text(Language::English))),
        };
        if self.sets[given].outcome.is_err() {
            return Ok(Assessment::SchemaInvalid(self.sets[given].faults()));
        }
        let limits = Limits { attributes_max: ATTRIBUTES_MAX, ..Limits::default() };
        let mut options = Options { limits, doctype: self.doctype, ..Options::default() };
        let hints = Hints::of(&text, path, self.source, &options);
        if schemas.is_empty() {
            if let Some(position) = hints.too_late {
                return Ok(Assessment::HintTooLate(position));
            }
            if hints.documents.is_empty() {
                options.undeclared_root = UndeclaredRoot::Lax;
            }
        }
        let set = self.extended(given, schemas, &hints);
        Ok(match &self.sets[set].outcome {
            Ok(rules) => Assessment::Instance(validate::check(&text, rules, &options)),
            Err(faults) => Assessment::SchemaInvalid(faults),
        })
    }

    /// The given set together with what the instance hints at, if that makes a schema; else the given set.
    fn extended(&mut self, given: usize, schemas: &[&str], hints: &Hints) -> usize {
        let Ok(rules) = &self.sets[given].outcome else { return given };
        if hints.documents.is_empty() {
            return given;
        }
        let known: HashSet<String> = rules.documents().iter().map(|path| self.source.identity(path)).collect();
        let is_known = |path: &str| known.contains(&self.source.identity(path));
        let wanted = hints
            .documents
            .iter()
            .filter(|(namespace, path)| !is_known(path) && (schemas.is_empty() || !rules.defines_in(namespace)));
        let (found, lacking): (Vec<_>, Vec<_>) = wanted.partition(|(_, path)| self.source.read(path).is_ok());
        if found.is_empty() && lacking.is_empty() {
            return given;
        }
        let documents: Vec<&str> = schemas.iter().copied().chain(found.iter().map(|(_, path)| path.as_str())).collect();
        let lacking: Vec<&str> = lacking.iter().map(|(namespace, _)| namespace.as_str()).collect();
        let more = self.compiled(&documents, if schemas.is_empty() { &[] } else { &lacking });
        if self.sets[more].outcome.is_ok() { more } else { self.compiled(schemas, &[]) }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.source.read(path).map_err(|reason| Unreadable { path: path.to_owned(), reason })
    }

    /// The place of a set, compiled now, or lately if none of its documents has changed since; of the namespaces `lacking`
    /// a document is known to be missing.
    fn compiled(&mut self, schemas: &[&str], lacking: &[&str]) -> usize {
        if let Some(known) = self.sets.iter().position(|set| set.schemas == schemas && set.lacking == lacking) {
            if self.sets[known].readings.iter().all(|reading| reading.holds(self.source)) {
                return known;
            }
            self.sets.remove(known);
        }
        let recorded = Recorded::new(self.source);
        let mut set = SchemaSet::new(&recorded).with_missing(Missing::Tolerated);
        set = schemas.iter().fold(set, SchemaSet::with);
        set = lacking.iter().fold(set, |set, namespace| set.lacking(*namespace));
        let outcome = schema::compile(&set);
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let (schemas, lacking, readings) = (owned(schemas), owned(lacking), recorded.into_readings());
        if self.sets.len() == SETS_MAX {
            self.sets.remove(0);
        }
        self.sets.push(Compiled { schemas, lacking, readings, outcome });
        self.sets.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn documents() -> BTreeMap<String, Vec<u8>> {
        let schema = |body: &str| format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>");
        let hinting = |hint: &str, body: &str| {
            format!(
                "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:noNamespaceSchemaLocation='{hint}'>{body}</a>"
            )
        };
        [
            ("s/day.xsd", schema("<xs:element name='a' type='xs:date'/>")),
            ("s/broken.xsd", schema("<xs:element name='a' type='b'/>")),
            ("s/partly.xsd", schema("<xs:include schemaLocation='gone.xsd'/><xs:element name='a' type='b'/>")),
            ("s/day.xml", "<a>2026-01-31</a>".to_owned()),
            ("s/no-day.xml", "<a>2026-02-31</a>".to_owned()),
            ("s/other.xml", "<other>2026-02-31</other>".to_owned()),
            ("s/cut.xml", "<a>2026".to_owned()),
            (
                "s/typed.xml",
                "<other xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='x:int' \
                 xmlns:x='http://www.w3.org/2001/XMLSchema'>1.5</other>"
                    .to_owned(),
            ),
            ("s/hint.xml", hinting("../s/day.xsd", "no day")),
            ("s/hint-nowhere.xml", hinting("http://example.org/day.xsd", "no day")),
            ("s/hint-broken.xml", hinting("broken.xsd", "no day")),
            ("s/any.xsd", schema("<xs:element name='a'/>")),
            ("s/hint-late.xml", hinting("any.xsd", "<b i:noNamespaceSchemaLocation='day.xsd'/>")),
            ("s/hint-again.xml", hinting("any.xsd", "<b i:noNamespaceSchemaLocation='any.xsd'/>")),
            ("s/slip.xml", "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:Type='a'/>".to_owned()),
            ("s/beside.xml", hinting("day.xsd", "<x:b xmlns:x='urn:b' i:schemaLocation='urn:b b.xsd'>1</x:b>")),
            (
                "s/b.xsd",
                "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:b'>\
                 <xs:element name='b' type='xs:date'/></xs:schema>"
                    .to_owned(),
            ),
        ]
        .map(|(path, text)| (path.to_owned(), text.into_bytes()))
        .into_iter()
        .chain([("s/bytes.xml".to_owned(), b"<a>\xFF</a>".to_vec())])
        .collect()
    }

    #[test]
    fn a_case_gets_its_word() {
        let documents = documents();
        let mut assessor = Assessor::new(&documents);
        let mut check = |schemas: &[&str], instance: Option<&str>, expected: &str| {
            let word =
                assessor.assess(schemas, instance).map_or_else(|fault| fault.to_string(), |a| a.word().to_owned());
            assert_eq!(word, expected, "{schemas:?} {instance:?}");
        };
        check(&["s/day.xsd"], None, "valid");
        check(&["s/broken.xsd"], None, "schema-invalid");
        check(&["s/partly.xsd"], None, "valid");
        check(&["s/gone.xsd"], None, "s/gone.xsd: there is no document s/gone.xsd");
        for (instance, expected) in [
            ("s/day.xml", "valid"),
            ("s/no-day.xml", "invalid"),
            ("s/other.xml", "invalid"),
            ("s/cut.xml", "invalid"),
            ("s/bytes.xml", "invalid"),
            ("s/gone.xml", "s/gone.xml: there is no document s/gone.xml"),
        ] {
            check(&["s/day.xsd"], Some(instance), expected);
        }
        check(&["s/broken.xsd"], Some("s/day.xml"), "schema-invalid");
        check(&["s/any.xsd"], Some("s/beside.xml"), "invalid");
        check(&["s/partly.xsd"], Some("s/no-day.xml"), "valid");
    }

    #[test]
    fn without_schemas_the_instance_says_where_they_are() {
        let documents = documents();
        let mut assessor = Assessor::new(&documents);
        for (instance, expected) in [
            ("s/day.xml", "valid"),
            ("s/other.xml", "valid"),
            ("s/typed.xml", "invalid"),
            ("s/cut.xml", "invalid"),
            ("s/hint.xml", "invalid"),
            // A hint that leads nowhere is none, but the instance has said that it is not for judging without a schema.
            ("s/hint-nowhere.xml", "invalid"),
            ("s/hint-broken.xml", "invalid"),
            ("s/hint-late.xml", "invalid"),
            ("s/hint-again.xml", "valid"),
            ("s/slip.xml", "invalid"),
        ] {
            assert_eq!(assessor.assess(&[], Some(instance)).unwrap().word(), expected, "{instance}");
        }
    }

    /// Documents that change between two cases.
    #[derive(Default)]
    struct Changing(std::cell::RefCell<BTreeMap<String, Vec<u8>>>);

    impl Source for Changing {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            self.0.borrow().read(path)
        }
    }

    #[test]
    fn a_set_is_judged_by_its_documents_as_they_are() {
        let files = Changing::default();
        let mut assessor = Assessor::new(&files);
        let schema = |body: &str| format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>");
        let included = |name: &str| schema(&format!("<xs:include schemaLocation='{name}'/>"));
        let typed = |name: &str| schema(&format!("<xs:element name='a' type='xs:{name}'/>"));
        let mut check = |changed: &str, text: String, expected: &str| {
            files.0.borrow_mut().insert(changed.to_owned(), text.into_bytes());
            let judged = assessor.assess(&["a.xsd"], Some("a.xml")).map(|assessment| assessment.word());
            assert_eq!(judged, Ok(expected), "{changed}");
        };
        files.0.borrow_mut().insert("a.xml".to_owned(), b"<a>2026-01-31</a>".to_vec());
        check("a.xsd", typed("date"), "valid");
        check("a.xsd", typed("time"), "invalid");
        check("a.xsd", typed("date"), "valid");
        check("a.xsd", typed("nothing"), "schema-invalid");
        // What a missing document says is not known; then it comes, and changes.
        check("a.xsd", included("b.xsd"), "valid");
        check("b.xsd", typed("time"), "invalid");
        check("b.xsd", typed("date"), "valid");
        check("a.xml", "<a>12:00:00</a>".to_owned(), "invalid");
        assert_eq!(assessor.sets.len(), 1);
    }

    #[test]
    fn sets_in_use_are_bounded() {
        let schema = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>";
        let documents: BTreeMap<String, Vec<u8>> = (0..40).map(|n| (n.to_string(), schema.into())).collect();
        let mut assessor = Assessor::new(&documents);
        for path in documents.keys() {
            assert_eq!(assessor.assess(&[path], None).unwrap().word(), "valid");
        }
        assert_eq!(assessor.sets.len(), SETS_MAX);
    }
}
