//! Specimens: made-up documents for an element of any schema set, the least one that is valid and one with everything that
//! may occur. Seeded: the same rules, element and plan give the same text. What is made has been validated; what cannot be
//! made is told with the component that stands in the way. Pure; knows no file, no clock, no message.

mod cost;
mod grow;
mod lexicon;
mod mend;
mod prefixes;
mod tree;
mod value;
mod wish;
mod write;

#[cfg(test)]
mod tests;

use crate::random::Random;
use crate::rules::sealed::ElementId;
use crate::rules::{ElementView, Rules};
use crate::validate::{self, Options};
use crate::xml::{Language, Limits};
use grow::Grower;
pub use lexicon::{Lexicon, LexiconFault, Occasion, Serial, Voice};
pub use wish::Wish;

/// How often making a document is begun anew where it turns out not to be valid.
const ATTEMPTS_MAX: u64 = 12;
/// From this attempt on nothing is said but what must be: a text may have been what stood in the way.
const ATTEMPTS_SAID: u64 = 6;

/// How much of what may occur does occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As little as is valid.
    Minimal,
    /// Every optional element and attribute, repeated ones twice, of a choice that repeats every branch.
    Full,
}

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The same seed, the same text.
    pub seed: u64,
    /// How much of it.
    pub extent: Extent,
}

/// A made-up document, valid by the rules that it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specimen {
    /// The document.
    pub text: String,
    /// Optional parts that could not be made and were left out, with the reason.
    pub omitted: Vec<String>,
}

/// No document can be made: the component that stands in the way, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("specimen-impossible: {component}: {reason}")]
pub struct Impossible {
    /// The element, attribute or type, and where it is defined.
    pub component: String,
    /// Why nothing can be made for it.
    pub reason: String,
}

/// Makes a document whose root is `element`, a global element of `rules`.
///
/// # Errors
/// The component for which nothing could be made: it asks for what no document can have, or for more than is tried.
pub fn make(rules: &Rules, element: ElementView<'_>, plan: Plan) -> Result<Specimen, Impossible> {
    tried(rules, element, plan, None, None)
}

/// Makes a document that holds what is wished, otherwise what somebody says, where the rules take it, and otherwise what [`make`] makes.
///
/// # Errors
/// As [`make`]; also where the rules have no place for something that is wished, or do not take its value.
pub fn make_with(
    rules: &Rules,
    element: ElementView<'_>,
    plan: Plan,
    wish: &Wish,
    voice: &mut Voice<'_>,
) -> Result<Specimen, Impossible> {
    tried(rules, element, plan, Some(wish), Some(voice))
}

fn tried(
    rules: &Rules,
    element: ElementView<'_>,
    plan: Plan,
    wish: Option<&Wish>,
    mut voice: Option<&mut Voice<'_>>,
) -> Result<Specimen, Impossible> {
    let mut failed = None;
    for attempt in 0..ATTEMPTS_MAX {
        let voice = voice.as_deref_mut().filter(|_| attempt < ATTEMPTS_SAID);
        match attempt_at(rules, element.id(), plan, (wish, voice), attempt) {
            Ok(specimen) => return Ok(specimen),
            Err(impossible) => failed = failed.or(Some(impossible)),
        }
    }
    let nothing = || Impossible { component: element.local().to_owned(), reason: "nothing was tried".to_owned() };
    Err(failed.unwrap_or_else(nothing))
}

fn attempt_at(
    rules: &Rules,
    element: ElementId,
    plan: Plan,
    (wish, voice): (Option<&Wish>, Option<&mut Voice<'_>>),
    attempt: u64,
) -> Result<Specimen, Impossible> {
    let random = Random::new(plan.seed.wrapping_mul(ATTEMPTS_MAX).wrapping_add(attempt));
    let mut grower = Grower::new(rules, plan.extent, random, attempt);
    grower.voice = voice.as_deref().cloned();
    let mut root = grower.root(element, wish)?;
    if let (Some(voice), Some(said)) = (voice, &grower.voice) {
        voice.serial = said.serial;
    }
    let Grower { mut values, omitted, .. } = grower;
    mend::mend(rules, &mut root, &mut values)?;
    let text = write::document(rules, &root).map_err(|fault| Impossible::of(rules, element, &fault.to_string()))?;
    match first_violation(rules, &text) {
        None => Ok(Specimen { text, omitted }),
        Some(violation) => Err(violation),
    }
}

/// What is still wrong with a document that was made.
fn first_violation(rules: &Rules, text: &str) -> Option<Impossible> {
    let limits = Limits { attributes_max: 10_000, depth_max: 10_000, namespaces_max: 10_000, ..Limits::default() };
    let verdict = validate::check(text, rules, &Options { violations_max: 1, limits, ..Options::default() });
    if let Some(violation) = verdict.violations.first() {
        let component = violation.component.as_ref().map_or_else(String::new, |component| {
            if component.place.is_empty() {
                component.name.clone()
            } else {
                format!("{} ({})", component.name, component.place)
            }
        });
        let reason =
            format!("at {}: {}: {}", violation.path, violation.constraint(), violation.text(Language::English, true));
        return Some(Impossible { component, reason });
    }
    let fault = verdict.fault?;
    Some(Impossible { component: fault.code().to_owned(), reason: fault.text(Language::English).to_owned() })
}

impl Impossible {
    /// An element for which nothing can be made.
    fn of(rules: &Rules, element: ElementId, reason: &str) -> Self {
        let view = rules.view(element);
        Self { component: format!("element {} ({})", view.local(), view.place()), reason: reason.to_owned() }
    }
}
