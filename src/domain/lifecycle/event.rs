//! Events that people are told of, with the channels they go out by and the texts in which they are told. A text is a small
//! template: `{number}` stands for a value, and a part in square brackets is left out when a value in it is not
//! there. Which values exist is fixed, so a misspelt one is found when the lifecycle is loaded.

use std::fmt::Write as _;

use serde::Deserialize;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Code in messages and subscriptions.
    pub code: String,
    /// What people read when they choose what to be told of.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Channels it goes out by unless the subscriber chose others.
    pub channels: Vec<String>,
    /// One line.
    pub title: Template,
    /// For SMS and push.
    pub short: Template,
    /// For the cabinet and e-mail.
    pub long: Template,
    /// What the reader is to do.
    pub to_do: Option<Template>,
    /// Whether it goes out whatever the reader chose: what the law says must be told.
    pub required: bool,
    /// Who is told.
    pub to: Vec<Audience>,
    /// What letters of it bring.
    pub attach: Option<Attach>,
}

/// Documents of the case that the applicant's letters of an event bring.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// Types of documents.
    pub documents: Vec<String>,
    /// Only where the case has this purpose; none: whatever its purpose.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// Who is told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The applicant.
    Applicant,
    /// The responsible agency.
    Agency,
    /// The agency that opened the case.
    Origin,
    /// Everybody who uses the system.
    All,
}

/// A value that a text may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Number of the case.
    Number,
    /// Label of the status.
    Status,
    /// Name of the service.
    Service,
    /// When it happened.
    Happened,
    /// By when somebody must act.
    Deadline,
    /// When the next step is expected.
    Expected,
    /// The comment.
    Comment,
    /// The reasons.
    Reasons,
    /// What is missing.
    Missing,
    /// The amount due.
    Amount,
    /// The result.
    Result,
    /// The responsible officer.
    Officer,
    /// The responsible agency.
    Agency,
    /// What kind of case it is.
    Kind,
    /// Number of the case that it belongs to.
    Parent,
    /// The one-time code.
    Code,
    /// Until when it is in force.
    Until,
    /// The responsible unit.
    Unit,
    /// How much of the term is left.
    Remaining,
    /// The short name of the case.
    Title,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Number,
        Self::Status,
        Self::Service,
        Self::Happened,
        Self::Deadline,
        Self::Expected,
        Self::Comment,
        Self::Reasons,
        Self::Missing,
        Self::Amount,
        Self::Result,
        Self::Officer,
        Self::Agency,
        Self::Kind,
        Self::Parent,
        Self::Code,
        Self::Until,
        Self::Unit,
        Self::Remaining,
        Self::Title,
    ];

    /// How texts name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Status => "status",
            Self::Service => "service",
            Self::Happened => "happened",
            Self::Deadline => "deadline",
            Self::Expected => "expected",
            Self::Comment => "comment",
            Self::Reasons => "reasons",
            Self::Missing => "missing",
            Self::Amount => "amount",
            Self::Result => "result",
            Self::Officer => "officer",
            Self::Agency => "agency",
            Self::Kind => "kind",
            Self::Parent => "parent",
            Self::Code => "code",
            Self::Until => "until",
            Self::Unit => "unit",
            Self::Remaining => "remaining",
            Self::Title => "title",
        }
    }
}

/// A text with places for values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    pieces: Vec<Piece>,
    optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Place),
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// No such value.
    #[error("there is no value {{{0}}}; the values are {known}", known = known())]
    Unknown(String),
    /// A bracket or brace without its partner, or one within another of its kind.
    #[error("the sign {0:?} has no partner")]
    Unpaired(char),
}

fn known() -> String {
    Place::ALL.map(|place| format!("{{{}}}", place.name())).join(", ")
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// It names a value that does not exist, or its brackets do not pair.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, after) = rest.split_once('[').map_or((rest, None), |(plain, after)| (plain, Some(after)));
            parts.push(Part { pieces: pieces(plain)?, optional: false });
            let Some(after) = after else { break };
            let (inner, after) = after.split_once(']').ok_or(TemplateFault::Unpaired('['))?;
            if inner.contains('[') {
                return Err(TemplateFault::Unpaired('['));
            }
            parts.push(Part { pieces: pieces(inner)?, optional: true });
            rest = after;
        }
        Ok(Self { parts })
    }

    /// The same text in the syntax of the editable templates (minijinja): a value as `{{ number }}`, a part in square
    /// brackets within an `if` over its values.
    #[must_use]
    pub fn source(&self) -> String {
        let mut source = String::new();
        for part in &self.parts {
            let places: Vec<&str> = part.pieces.iter().filter_map(Piece::place).map(Place::name).collect();
            let condition = part.optional && !places.is_empty();
            if condition {
                let _ = write!(source, "{{% if {} %}}", places.join(" and "));
            }
            for piece in &part.pieces {
                match piece {
                    Piece::Text(plain) => source.push_str(plain),
                    Piece::Value(place) => {
                        let _ = write!(source, "{{{{ {} }}}}", place.name());
                    }
                }
            }
            if condition {
                source.push_str("{% endif %}");
            }
        }
        source
    }

    /// Whether it names a value.
    #[must_use]
    pub fn names(&self, place: Place) -> bool {
        self.parts.iter().flat_map(|part| &part.pieces).any(|piece| piece.place() == Some(place))
    }
}

impl Piece {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Text(_) => None,
            Self::Value(place) => Some(*place),
        }
    }
}

impl Event {
    /// Whether a text of it carries a one-time code: it goes out at once, whatever the hour.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let texts = [Some(&self.title), Some(&self.short), Some(&self.long), self.to_do.as_ref()];
        texts.into_iter().flatten().any(|text| text.names(Place::Code))
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, TemplateFault> {
    if text.contains(']') {
        return Err(TemplateFault::Unpaired(']'));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        if plain.contains('}') {
            return Err(TemplateFault::Unpaired('}'));
        }
        let (name, after) = after.split_once('}').ok_or(TemplateFault::Unpaired('{'))?;
        let place = Place::ALL.into_iter().find(|place| place.name() == name);
        pieces.push(Piece::Text(plain.to_owned()));
        pieces.push(Piece::Value(place.ok_or_else(|| TemplateFault::Unknown(name.to_owned()))?));
        rest = after;
    }
    if rest.contains('}') {
        return Err(TemplateFault::Unpaired('}'));
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn becomes_a_template() {
        for (written, source) in [
            ("", ""),
            ("Дело {number}: {status}", "Дело {{ number }}: {{ status }}"),
            ("Дело {number}[ до {deadline}].", "Дело {{ number }}{% if deadline %} до {{ deadline }}{% endif %}."),
            ("[{number} и {officer}]!", "{% if number and officer %}{{ number }} и {{ officer }}{% endif %}!"),
            ("[скоро] всё", "скоро всё"),
        ] {
            assert_eq!(Template::parse(written).unwrap().source(), source, "{written}");
        }
    }

    #[test]
    fn knows_the_values_that_it_names() {
        let template = Template::parse("Код: {code}[ до {deadline}]").unwrap();
        assert!(template.names(Place::Code) && template.names(Place::Deadline) && !template.names(Place::Number));
    }

    #[test]
    fn refuses() {
        for (written, said) in [
            ("{nunber}", "there is no value {nunber}; the values are {number}"),
            ("{number", "'{' has no partner"),
            ("number}", "'}' has no partner"),
            ("{number} }", "'}' has no partner"),
            ("[a", "'[' has no partner"),
            ("a]", "']' has no partner"),
            ("[a[b]]", "'[' has no partner"),
            ("{a{number}", "there is no value {a{number}"),
        ] {
            let fault = Template::parse(written).unwrap_err().to_string();
            assert!(fault.contains(said), "{written}: {fault}");
        }
    }
}
