//! A binding file as people write it: TOML beside its schema. Faults name the file and the line.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A fault of a binding file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("binding.wrong: {file}:{line}: {detail}")]
pub struct BindingFault {
    /// Which file.
    pub file: String,
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The schema file beside it.
    pub schema: String,
    /// Root element, `prefix:Name`.
    pub root: String,
    /// System that the message is for.
    pub system: String,
    /// Version of the schema family.
    pub version: String,
    /// Kind of message.
    pub kind: String,
    /// The command that it means.
    pub command: String,
    /// What people call it.
    pub label: String,
    /// The element whose one child is a message of its own: only in the envelope's binding.
    #[serde(default)]
    pub body: Option<String>,
    /// Namespaces by prefix.
    #[serde(default)]
    pub prefixes: BTreeMap<String, String>,
    /// Fields of the whole message.
    #[serde(default)]
    pub fields: BTreeMap<String, Source>,
    /// Declared fields of the kind of case, for the whole message.
    #[serde(default)]
    pub details: BTreeMap<String, Source>,
    /// Repeating parts.
    #[serde(default)]
    pub each: Vec<Each>,
}

/// A repeating part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Each {
    /// The element that repeats.
    pub path: String,
    /// Whether each occurrence is an item of the message.
    #[serde(default)]
    pub item: bool,
    /// The command that the item means, where it is another than the file's.
    #[serde(default)]
    pub command: Option<String>,
    /// The list of the command that it fills.
    #[serde(default)]
    pub list: Option<String>,
    /// Fields of each occurrence.
    #[serde(default)]
    pub fields: BTreeMap<String, Source>,
    /// Declared fields of the kind of case.
    #[serde(default)]
    pub details: BTreeMap<String, Source>,
    /// Repeating parts within.
    #[serde(default)]
    pub each: Vec<Each>,
}

/// Where a field's value stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    /// One path.
    Path(String),
    /// Several, of which the first that is there counts.
    Paths(Vec<String>),
    /// One path with our codes for other agencies' values; other values pass unchanged.
    Mapped(Mapped),
    /// Several paths whose values are written behind each other.
    Joined(Joined),
    /// Always the same value, whatever the message says.
    Fixed(Fixed),
}

/// Paths whose values make one text: the parts of a name or of an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joined {
    /// The paths, in the order of the text.
    pub join: Vec<String>,
    /// What stands between two values.
    #[serde(default = "space")]
    pub with: String,
}

fn space() -> String {
    " ".to_owned()
}

/// A value that stands in the binding itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixed {
    /// The value, as a message would write it.
    pub value: String,
}

/// Our value or values for one of theirs.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Ours {
    /// One.
    One(String),
    /// None, and the item is left out; or several, and the item counts once for each.
    Many(Vec<String>),
}

impl Ours {
    fn all(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::Many(many) => many.clone(),
        }
    }
}

/// A path with a map of values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapped {
    /// The path.
    pub path: String,
    /// Our value for theirs.
    pub values: BTreeMap<String, Ours>,
}

impl Source {
    /// The paths, in order of preference.
    #[must_use]
    pub(super) fn paths(&self) -> Vec<&str> {
        match self {
            Self::Path(path) => vec![path],
            Self::Paths(paths) => paths.iter().map(String::as_str).collect(),
            Self::Mapped(mapped) => vec![&mapped.path],
            Self::Joined(joined) => joined.join.iter().map(String::as_str).collect(),
            Self::Fixed(_) => Vec::new(),
        }
    }

    /// Our values for theirs.
    #[must_use]
    pub(super) fn values(&self) -> BTreeMap<String, Vec<String>> {
        match self {
            Self::Mapped(mapped) => mapped.values.iter().map(|(theirs, ours)| (theirs.clone(), ours.all())).collect(),
            _ => BTreeMap::new(),
        }
    }

    /// What stands between the values of its paths, where all of them count.
    #[must_use]
    pub(super) fn between(&self) -> Option<&str> {
        match self {
            Self::Joined(joined) => Some(&joined.with),
            _ => None,
        }
    }

    /// The value that stands in the binding itself.
    #[must_use]
    pub(super) fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(fixed) => Some(&fixed.value),
            _ => None,
        }
    }
}

/// A binding file with its text, which faults are placed in.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its path.
    pub path: String,
    /// What it says.
    pub written: Written,
    text: String,
}

impl File {
    /// Reads a binding file.
    pub(super) fn read(path: &str, text: &str) -> Result<Self, BindingFault> {
        match toml::from_str(text) {
            Ok(written) => Ok(Self { path: path.to_owned(), written, text: text.to_owned() }),
            Err(fault) => {
                let line = fault.span().map_or(1, |span| line_at(text, span.start));
                Err(BindingFault { file: path.to_owned(), line, detail: fault.message().to_owned() })
            }
        }
    }

    /// A fault at the line that holds all of `marks`, or else the first of them.
    #[must_use]
    pub(super) fn fault(&self, marks: &[&str], detail: String) -> BindingFault {
        let holds = |line: &&str, marks: &[&str]| marks.iter().all(|mark| line.contains(mark));
        let find = |marks: &[&str]| self.text.lines().position(|line| holds(&line, marks));
        let line = find(marks).or_else(|| marks.iter().find_map(|mark| find(&[mark]))).map_or(1, |at| at + 1);
        BindingFault { file: self.path.clone(), line, detail }
    }
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}
