//! A content model on one line: `a, b?, (c | d)*, any ##other`.

use super::words::said;
use crate::rules::{Particle, Process, Rules, Term};
use crate::xml::Language;

/// The content model.
pub(super) fn formula(rules: &Rules, particle: &Particle, language: Language) -> String {
    let mut text = String::new();
    write(rules, particle, language, true, &mut text);
    text
}

fn write(rules: &Rules, particle: &Particle, language: Language, outermost: bool, out: &mut String) {
    let count = count(particle.min, particle.max);
    match &particle.term {
        Term::Element(id) => out.push_str(rules.view(*id).local()),
        Term::Wildcard(id) => {
            let process = match rules.wildcard(*id).process {
                Process::Strict => "strict",
                Process::Lax => "lax",
                Process::Skip => "skip",
            };
            let words = rules.wildcard_words_with(*id, said(language, "##other than", "не из"));
            out.push_str(&format!("<{} {words}, {process}>", said(language, "any element", "любой элемент")));
        }
        Term::Sequence(parts) => group(rules, parts, ", ", language, outermost && count.is_empty(), out),
        Term::Choice(parts) => group(rules, parts, " | ", language, outermost && count.is_empty(), out),
        Term::All(parts) => group(rules, parts, " & ", language, outermost && count.is_empty(), out),
    }
    out.push_str(&count);
}

fn group(rules: &Rules, parts: &[Particle], between: &str, language: Language, bare: bool, out: &mut String) {
    let bare = bare || parts.len() == 1 && count(parts[0].min, parts[0].max).is_empty();
    if !bare {
        out.push('(');
    }
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            out.push_str(between);
        }
        write(rules, part, language, bare && parts.len() == 1, out);
    }
    if !bare {
        out.push(')');
    }
}

fn count(least: u32, most: Option<u32>) -> String {
    match (least, most) {
        (1, Some(1)) => String::new(),
        (0, Some(1)) => "?".to_owned(),
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (least, Some(most)) if least == most => format!("{{{least}}}"),
        (least, Some(most)) => format!("{{{least},{most}}}"),
        (least, None) => format!("{{{least},}}"),
    }
}
