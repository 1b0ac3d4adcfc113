//! Texts, names and bytes, and how a text with check digits is made right.

use super::Lengths;
use crate::random::Random;

const WORDS: &[&str] = &["образец", "пример", "эталон", "проба", "макет", "запись", "данные", "заметка"];
const NAMES: &[&str] = &["sample", "item", "entry", "part", "value", "note"];
/// How numbers with check digits begin in ranges that nobody is given.
const UNGIVEN: &[(&str, &[&str])] = &[
    ("inn", &["9999"]),
    ("snils", &["999"]),
    ("ogrn", &["12699"]),
    ("ogrnip", &["32699"]),
    ("kpp", &["999901"]),
    ("bik", &["0498"]),
];

/// Words of a length in characters, without white space at the ends or twice in a row.
pub(super) fn words(random: &mut Random, lengths: Lengths, draw: usize) -> String {
    let wanted = lengths.pick(random);
    let mut text = random.word(WORDS).to_owned();
    if draw > 0 {
        text.push_str(&format!(" {}", random.below(10 * draw)));
    }
    while text.chars().count() < wanted {
        text.push(' ');
        text.push_str(random.word(WORDS));
    }
    let most = lengths.max.unwrap_or(usize::MAX);
    if text.chars().count() <= most && text.chars().count() <= wanted + 12 {
        return text;
    }
    let mut cut: String = text.chars().take(wanted).collect();
    if cut.ends_with(' ') {
        cut.pop();
        cut.push('.');
    }
    cut
}

/// A name without a colon.
pub(super) fn name(random: &mut Random, lengths: Lengths, draw: usize) -> String {
    let mut text = random.word(NAMES).to_owned();
    if draw > 0 {
        text.push_str(&format!("-{}", random.below(10 * draw)));
    }
    fitted(text, lengths, random, 'x')
}

/// An ID, numbered.
pub(super) fn id(number: usize, lengths: Lengths, draw: usize) -> String {
    let text = format!("id-{}", number + draw);
    let most = lengths.max.unwrap_or(usize::MAX);
    if text.len() > most {
        return format!("i{}", number + draw);
    }
    let missing = lengths.min.saturating_sub(text.len());
    format!("{text}{}", "x".repeat(missing))
}

/// A language code; a long one has private parts.
pub(super) fn language(random: &mut Random, lengths: Lengths) -> String {
    let mut text = random.word(&["ru", "en", "ru-RU", "en-GB", "tt", "ba", "cv", "de"]).to_owned();
    let wanted = lengths.pick(random);
    while text.len() < lengths.min {
        let missing = wanted.saturating_sub(text.len() + 1).clamp(1, 8);
        text.push('-');
        text.push_str(&"x".repeat(missing));
    }
    text
}

/// An address that leads nowhere.
pub(super) fn uri(random: &mut Random, lengths: Lengths, draw: usize) -> String {
    let text = format!("https://example.org/{}", random.below(100 + draw));
    fitted(text, lengths, random, 'x')
}

fn fitted(mut text: String, lengths: Lengths, random: &mut Random, filling: char) -> String {
    let most = lengths.max.unwrap_or(usize::MAX);
    if text.len() > most {
        text = filling.to_string().repeat(lengths.pick(random));
    }
    while text.len() < lengths.min {
        text.push(filling);
    }
    text
}

/// Octets in hexadecimal.
pub(super) fn hex(random: &mut Random, lengths: Lengths) -> String {
    (0..lengths.pick(random)).map(|_| format!("{:02X}", random.below(256))).collect()
}

/// Octets in base64.
pub(super) fn base64(random: &mut Random, lengths: Lengths) -> String {
    use base64::Engine as _;
    let octets: Vec<u8> =
        (0..lengths.pick(random)).map(|_| u8::try_from(random.below(256)).unwrap_or_default()).collect();
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// The text with its digits changed so that a check holds: at the beginning to a range that nobody is given, at the end to
/// the check digits, which for every such number are its last two or fewer.
pub(super) fn checked(text: &str, check: &str, holds: impl Fn(&str) -> bool) -> Option<String> {
    let ungiven = UNGIVEN.iter().find(|(name, _)| *name == check).map_or(&[""; 0][..], |(_, begin)| begin);
    ungiven.iter().chain([&""]).find_map(|begin| with_check_digits(text, begin, &holds))
}

/// The text as it is, or else with other digits at its end, so that a check holds: the last one, or the last two.
pub(super) fn completed(text: &str, holds: impl Fn(&str) -> bool) -> Option<String> {
    let head = text.strip_suffix(|last: char| last.is_ascii_digit())?;
    let others = (0..10).map(|last| format!("{head}{last}"));
    let found = std::iter::once(text.to_owned()).chain(others).find(|text| holds(text));
    found.or_else(|| with_check_digits(text, "", &holds))
}

fn with_check_digits(text: &str, begin: &str, holds: &impl Fn(&str) -> bool) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    let digits: Vec<usize> = (0..letters.len()).filter(|place| letters[*place].is_ascii_digit()).collect();
    for (place, digit) in digits.iter().zip(begin.chars()) {
        letters[*place] = digit;
    }
    let (&last, before) = (digits.last()?, digits.len().checked_sub(2).map(|at| digits[at]));
    let decimal = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    for tens in decimal {
        for ones in decimal {
            letters[before.unwrap_or(last)] = tens;
            letters[last] = ones;
            let text: String = letters.iter().collect();
            if holds(&text) {
                return Some(text);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers;

    #[test]
    fn check_digits_are_found() {
        for (text, name, check) in [
            ("0000000000", "inn", identifiers::inn as fn(&str) -> bool),
            ("123456789012", "inn", identifiers::inn),
            ("111-222-333 44", "snils", identifiers::snils),
            ("0000000000000", "ogrn", identifiers::ogrn),
            ("000000000000000", "ogrnip", identifiers::ogrnip),
            ("000000000", "kpp", identifiers::kpp),
            ("000000000", "bik", identifiers::bik),
        ] {
            let made = checked(text, name, check).unwrap();
            assert!(check(&made), "{made}");
        }
        assert_eq!(checked("abc", "inn", identifiers::inn), None);
        for (text, check) in [("9999123450", identifiers::inn as fn(&str) -> bool), ("999912345600", identifiers::inn)]
        {
            let made = completed(text, check).unwrap();
            assert!(check(&made) && made.starts_with("999912345"), "{made}");
            assert_eq!(completed(&made, check).as_ref(), Some(&made), "what is right stays as it is");
        }
    }

    #[test]
    fn texts_have_the_length_that_is_asked_for() {
        let mut random = Random::new(1);
        for (min, max) in [(1, 1), (3, 3), (5, 9), (40, 40), (200, 220)] {
            for draw in 0..50 {
                let lengths = Lengths { min, max: Some(max) };
                for text in [words(&mut random, lengths, draw), name(&mut random, lengths, draw)] {
                    let count = text.chars().count();
                    assert!((min..=max).contains(&count) && text.trim() == text, "{text:?} in {min}..={max}");
                }
            }
        }
    }
}
