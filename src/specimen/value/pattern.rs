//! A text that an expression matches, drawn along its syntax tree.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

use crate::random::Random;
use crate::xml;

/// Characters of a text at most.
const LENGTH_MAX: usize = 1 << 16;
/// Characters that people like to read, best first.
const READABLE: &[(char, char)] = &[('а', 'я'), ('a', 'z'), ('0', '9'), ('А', 'Я'), ('A', 'Z')];
/// Those of an address of e-mail that every mail server can be told.
const OF_ADDRESSES: &[(char, char)] = &[('a', 'z'), ('0', '9')];
/// What tells an address.
const AT: u8 = b'@';

/// A text that is matched; repeated parts occur up to `spare` times more than they must. Nothing where no text of XML is
/// matched, or none that is not too long.
pub(super) fn matching(expression: &Hir, random: &mut Random, spare: usize) -> Option<String> {
    let mut text = String::new();
    let readable = if is_of_addresses(expression) { OF_ADDRESSES } else { READABLE };
    draw(expression, random, spare, readable, &mut text)?;
    Some(text)
}

/// Whether every text of it has an `@` that the expression itself puts there.
fn is_of_addresses(expression: &Hir) -> bool {
    match expression.kind() {
        HirKind::Literal(literal) => literal.0.contains(&AT),
        HirKind::Capture(group) => is_of_addresses(&group.sub),
        HirKind::Concat(parts) => parts.iter().any(is_of_addresses),
        HirKind::Alternation(parts) => parts.iter().all(is_of_addresses),
        HirKind::Repetition(repetition) => repetition.min > 0 && is_of_addresses(&repetition.sub),
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => false,
    }
}

fn draw(
    expression: &Hir,
    random: &mut Random,
    spare: usize,
    readable: &[(char, char)],
    text: &mut String,
) -> Option<()> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(()),
        HirKind::Literal(literal) => {
            text.push_str(std::str::from_utf8(&literal.0).ok()?);
            Some(())
        }
        HirKind::Class(Class::Unicode(class)) => {
            text.push(member(class, random, readable)?);
            Some(())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let range = class.ranges().first()?;
            text.push(char::from(range.start()));
            Some(())
        }
        HirKind::Capture(group) => draw(&group.sub, random, spare, readable, text),
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| draw(part, random, spare, readable, text)),
        HirKind::Alternation(parts) => draw(random.pick(parts)?, random, spare, readable, text),
        HirKind::Repetition(repetition) => {
            let least = repetition.min as usize;
            if least > LENGTH_MAX {
                return None;
            }
            let most = repetition.max.map_or(usize::MAX, |max| max as usize).min(least.saturating_add(spare));
            let count = least + random.below(most - least + 1);
            (0..count).try_for_each(|_| draw(&repetition.sub, random, spare, readable, text))
        }
    }
}

/// A character of a class, of the readable ones if there are any.
fn member(class: &ClassUnicode, random: &mut Random, readable: &[(char, char)]) -> Option<char> {
    let within = |low: char, high: char| {
        let ranges = class.ranges().iter();
        ranges.map(move |range| (range.start().max(low), range.end().min(high))).filter(|(low, high)| low <= high)
    };
    let readable: Vec<(char, char)> = readable.iter().flat_map(|&(low, high)| within(low, high)).collect();
    let ranges: Vec<(char, char)> = if readable.is_empty() { within('\u{9}', char::MAX).collect() } else { readable };
    let &(low, high) = random.pick(&ranges)?;
    let span = u32::from(high) - u32::from(low) + 1;
    let start = u32::try_from(random.below(span as usize)).unwrap_or(0);
    // Some of the characters may be none that XML allows.
    let drawn = (0..span.min(64)).filter_map(|step| char::from_u32(u32::from(low) + (start + step) % span));
    drawn
        .into_iter()
        .find(|character| xml::is_char(*character))
        .or_else(|| [low, high].into_iter().find(|c| xml::is_char(*c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_matched() {
        for source in [
            "abc",
            "[а-я]{3}-\\d{2,4}",
            "(a|bc|[^a-z])*",
            "\\p{Lu}+",
            "[\\x09-\\x0D]+x?",
            "a{0,3}(b(c|d){2}){1,2}",
            "\\s\\S\\w\\W",
        ] {
            let expression = regex_syntax::parse(&format!("\\A(?:{source})\\z")).unwrap();
            let regex = regex::Regex::new(&format!("\\A(?:{source})\\z")).unwrap();
            for seed in 0..200 {
                let text = matching(&expression, &mut Random::new(seed), 3).unwrap();
                assert!(regex.is_match(&text), "{source} does not match {text:?}");
                assert!(text.chars().all(xml::is_char));
            }
        }
    }

    #[test]
    fn addresses_are_such_as_every_mail_server_takes() {
        let expression = regex_syntax::parse("[^@\\s]+@[^@\\s.]+(\\.[^@\\s.]+)+").unwrap();
        for seed in 0..200 {
            let address = matching(&expression, &mut Random::new(seed), 3).unwrap();
            assert!(address.is_ascii() && address.parse::<lettre::Address>().is_ok(), "{address}");
        }
        let other = regex_syntax::parse("[^@]{8}").unwrap();
        assert!((0..20).any(|seed| !matching(&other, &mut Random::new(seed), 0).unwrap().is_ascii()));
    }

    #[test]
    fn nothing_is_drawn_where_nothing_is_matched() {
        let draw = |source: &str| matching(&regex_syntax::parse(source).unwrap(), &mut Random::new(1), 0);
        assert_eq!(draw("[a&&b]"), None);
        assert_eq!(draw("[\\x00-\\x08]"), None);
        assert_eq!(draw("(((a{1000}){1000}){1000}){1000}"), None);
    }
}
