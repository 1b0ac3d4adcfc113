//! What filters may name: codes that the configuration, the schemas and the lifecycles know. A misspelt one would find nothing and look as if
//! there were nothing, so it is a wrong use, and what it may be meant for is told.

use super::Failed;
use crate::apply::Lifecycles;
use crate::assemble::Rules;
use crate::config::Config;
use crate::domain::lifecycle::{Lifecycle, System};
use crate::rules::nearest;

/// Codes told at most.
const TOLD_MAX: usize = 40;

/// A word of a flag must be one of those that are known.
pub(super) fn among<'k>(flag: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> Result<(), Failed> {
    let known: Vec<&str> = known.into_iter().collect();
    if known.contains(&word) { Ok(()) } else { Err(unknown(flag, word, known)) }
}

/// A word of a flag is none of those that are known.
pub(super) fn unknown<'k>(flag: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> Failed {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let near = nearest(word, known.iter().copied(), 1);
    let meant = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let told = known[..known.len().min(TOLD_MAX)].join(", ");
    let all = match known.len() {
        0 => "there are none".to_owned(),
        count if count > TOLD_MAX => format!("there are {count}: {told}, …"),
        _ => format!("there are {told}"),
    };
    Failed::wrong(format!("{flag} {word} is unknown{meant}\n{all}"))
}

/// A system that messages or cases may belong to.
pub(super) fn system(word: Option<&String>, rules: &Rules) -> Result<(), Failed> {
    let families = rules.rulebook.families().map(|family| family.system.as_str());
    let systems = rules.lifecycles.systems().map(System::code);
    word.map_or(Ok(()), |word| among("--system", word, systems.chain(families)))
}

/// A system that cases belong to.
pub(super) fn case_system(word: Option<&String>, lifecycles: &Lifecycles) -> Result<(), Failed> {
    word.map_or(Ok(()), |word| among("--system", word, lifecycles.systems().map(System::code)))
}

/// A kind of cases, of a system where one is named.
pub(super) fn case_kind(word: Option<&String>, system: Option<&String>, lifecycles: &Lifecycles) -> Result<(), Failed> {
    let kinds = kinds(system, lifecycles).map(|one| one.kind().code.as_str());
    word.map_or(Ok(()), |word| among("--kind", word, kinds))
}

/// A status that cases have, by code or by label, of a system and a kind where they are named.
pub(super) fn status(
    word: &str,
    (system, kind): (Option<&String>, Option<&String>),
    lifecycles: &Lifecycles,
) -> Result<(), Failed> {
    let kinds = kinds(system, lifecycles).filter(|one| kind.is_none_or(|kind| one.kind().code == *kind));
    let statuses = kinds.flat_map(Lifecycle::statuses);
    among("--status", word, statuses.map(|one| if word.is_ascii() { one.code.as_str() } else { one.label.as_str() }))
}

/// A service that cases ask for.
pub(super) fn service(word: Option<&String>, system: Option<&String>, lifecycles: &Lifecycles) -> Result<(), Failed> {
    let services = kinds(system, lifecycles).flat_map(Lifecycle::services).map(|service| service.code.as_str());
    word.map_or(Ok(()), |word| among("--service", word, services))
}

/// A purpose that cases are opened for, of a system and a kind where they are named.
pub(super) fn purpose(
    word: Option<&String>,
    (system, kind): (Option<&String>, Option<&String>),
    lifecycles: &Lifecycles,
) -> Result<(), Failed> {
    let kinds = kinds(system, lifecycles).map(Lifecycle::kind).filter(|one| kind.is_none_or(|kind| one.code == *kind));
    let purposes = kinds.flat_map(|one| &one.purposes).map(|purpose| purpose.code.as_str());
    word.map_or(Ok(()), |word| among("--purpose", word, purposes))
}

/// A type of documents.
pub(super) fn document_type(
    word: Option<&String>,
    system: Option<&String>,
    lifecycles: &Lifecycles,
) -> Result<(), Failed> {
    let rules = kinds(system, lifecycles).filter_map(Lifecycle::documents);
    let types = rules.flat_map(|rules| &rules.types).map(|one| one.code.as_str());
    word.map_or(Ok(()), |word| among("--type", word, types))
}

/// A state of documents, by code or by label.
pub(super) fn document_state(word: &str, lifecycles: &Lifecycles) -> Result<(), Failed> {
    let states = lifecycles.documents.statuses().iter();
    among("--state", word, states.map(|one| if word.is_ascii() { one.code.as_str() } else { one.label.as_str() }))
}

/// A kind of messages, of a system where one is named.
pub(super) fn message_kind(word: Option<&String>, system: Option<&String>, rules: &Rules) -> Result<(), Failed> {
    let of = rules.rulebook.families().filter(|family| system.is_none_or(|system| *system == family.system));
    word.map_or(Ok(()), |word| among("--kind", word, of.map(|family| family.kind.as_str())))
}

/// An event that people are told of.
pub(super) fn event(word: Option<&String>, lifecycles: &Lifecycles) -> Result<(), Failed> {
    let events = lifecycles.systems().flat_map(|system| lifecycles.events(system)).map(|event| event.code.as_str());
    word.map_or(Ok(()), |word| among("--event", word, events))
}

/// A channel that people are told by.
pub(super) fn channel(word: Option<&String>, lifecycles: &Lifecycles, config: &Config) -> Result<(), Failed> {
    let named = lifecycles.systems().flat_map(System::channels).chain(lifecycles.documents.channels());
    word.map_or(Ok(()), |word| among("--channel", word, config.notify.names(named)))
}

/// An agency: our own, or one that may send. The store may know more, those that could send once: only a filter that found nothing is held
/// against this.
pub(super) fn agency(flag: &str, word: Option<&String>, config: &Config) -> Result<(), Failed> {
    let partners = config.partners.all().into_iter().map(|partner| partner.code.as_str());
    // What nobody vouches for is booked under the broker's user.
    let named = word.filter(|word| !word.starts_with('?'));
    named.map_or(Ok(()), |word| among(flag, word, partners.chain([config.agency.as_str()])))
}

fn kinds<'l>(system: Option<&'l String>, lifecycles: &'l Lifecycles) -> impl Iterator<Item = &'l Lifecycle> {
    let systems = lifecycles.systems().filter(move |one| system.is_none_or(|system| one.code() == system));
    systems.flat_map(System::kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_told_with_what_is_near_and_what_there_is() {
        let told = |word: &str, known: &[&str]| {
            among("--system", word, known.iter().copied()).map_err(|Failed { text, .. }| text)
        };
        assert_eq!(told("epgu", &["org", "epgu"]), Ok(()));
        assert_eq!(
            told("epgo", &["org", "epgu", "org"]),
            Err("--system epgo is unknown; did you mean epgu?\nthere are epgu, org".to_owned())
        );
        assert_eq!(told("weather", &["org"]), Err("--system weather is unknown\nthere are org".to_owned()));
        assert_eq!(told("x", &[]), Err("--system x is unknown\nthere are none".to_owned()));
    }
}
