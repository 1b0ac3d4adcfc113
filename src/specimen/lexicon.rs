//! What people write into fields: sayings by the names of elements, attributes and types, as data (`words.toml`). A saying is a text
//! with places for words of lists, numbers and days: `{street}` a word, `{serial:6}` digits that no other value has, `{digits:4}` any,
//! `{1-200}` a number, `{day:-30..0}` and `{moment:-30..0}` so many days from now, `{year}` this year. A list may have columns: which one
//! it is, is the same for all that stand beside each other, so that names agree. Pure; the present moment is an argument.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, FixedOffset};
use serde::Deserialize;

use crate::random::Random;

/// Multiplies serial numbers, so that those of neighbours look unlike; it has no factor with ten in common.
const STRIDE: u128 = 387_420_489;
/// A saying for fields that no other one names.
const ANY: &str = "*";
/// A day has so many seconds.
const DAY_SECONDS: usize = 86_400;

/// Sayings, in the order in which they are tried.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    lists: BTreeMap<String, Vec<Vec<String>>>,
    sayings: Vec<Saying>,
}

/// A file of words that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sample.words: {file}: {text}")]
pub struct LexiconFault {
    /// Name of the file.
    pub file: String,
    /// What is wrong.
    pub text: String,
}

/// Texts for what has one of these names or types, inside of one of these elements; what names nothing fits all.
#[derive(Debug, Clone)]
struct Saying {
    names: Vec<String>,
    types: Vec<String>,
    within: Vec<String>,
    texts: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Word(String),
    Serial(u32),
    Digits(u32),
    Number(usize, usize),
    Day(i64, i64),
    Moment(i64, i64),
    Year,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    lists: BTreeMap<String, WrittenList>,
    #[serde(default)]
    say: Vec<WrittenSaying>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WrittenList {
    Words(Vec<String>),
    Columns(Vec<Vec<String>>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSaying {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    within: Vec<String>,
    texts: Vec<String>,
}

/// Where something is to be said.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Name of the element, attribute or field.
    pub name: &'a str,
    /// Name of its type; empty where there is none.
    pub type_name: &'a str,
    /// Names of the elements around it.
    pub within: &'a [&'a str],
    /// The same for all that stand beside each other.
    pub turn: usize,
}

/// Numbers that occur once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial {
    /// The next one.
    pub next: u64,
    /// Where they begin.
    pub offset: u64,
}

/// Somebody who says things, at a moment.
#[derive(Debug, Clone)]
pub struct Voice<'l> {
    lexicon: &'l Lexicon,
    random: Random,
    at: DateTime<FixedOffset>,
    /// The numbers that were not said yet.
    pub serial: Serial,
}

impl Lexicon {
    /// Adds the sayings of a file before those that are there; its lists take the place of lists of the same name.
    ///
    /// # Errors
    /// What is no list and no saying, a place that nothing fills, a list without words.
    pub fn with(mut self, file: &str, text: &str) -> Result<Self, LexiconFault> {
        let fault = |text: String| LexiconFault { file: file.to_owned(), text };
        let written: Written = toml::from_str(text).map_err(|wrong| fault(wrong.to_string()))?;
        for (name, list) in written.lists {
            let columns = match list {
                WrittenList::Words(words) => vec![words],
                WrittenList::Columns(columns) => columns,
            };
            if columns.is_empty() || columns.iter().any(Vec::is_empty) {
                return Err(fault(format!("the list `{name}` has no words")));
            }
            self.lists.insert(name, columns);
        }
        let mut sayings = Vec::new();
        for WrittenSaying { names, types, within, texts } in written.say {
            if texts.is_empty() || names.is_empty() && types.is_empty() {
                return Err(fault(format!("a saying for {names:?} {types:?} needs a name or a type, and texts")));
            }
            let texts = texts.iter().map(|text| pieces(text).ok_or_else(|| fault(format!("what is {text:?}?"))));
            let texts: Vec<Vec<Piece>> = texts.collect::<Result<_, _>>()?;
            for piece in texts.iter().flatten() {
                if let Piece::Word(list) = piece
                    && !self.lists.contains_key(list)
                {
                    return Err(fault(format!("there is no list `{list}`")));
                }
            }
            sayings.push(Saying { names, types, within, texts });
        }
        sayings.append(&mut self.sayings);
        self.sayings = sayings;
        Ok(self)
    }

    fn saying(&self, occasion: Occasion<'_>) -> Option<&Saying> {
        self.sayings.iter().find(|saying| saying.fits(occasion))
    }
}

impl Saying {
    fn fits(&self, Occasion { name, type_name, within, .. }: Occasion<'_>) -> bool {
        let one_of = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
        one_of(&self.names, name)
            && one_of(&self.types, type_name)
            && (self.within.is_empty() || within.iter().any(|around| one_of(&self.within, around)))
    }
}

impl<'l> Voice<'l> {
    /// Somebody who knows these words.
    #[must_use]
    pub fn new(lexicon: &'l Lexicon, seed: u64, at: DateTime<FixedOffset>, serial: Serial) -> Self {
        Self { lexicon, random: Random::new(seed), at, serial }
    }

    /// A number that decides all that nobody says.
    pub(crate) fn seed(&mut self) -> u64 {
        self.random.next() >> 1
    }

    /// A text for an occasion; none where the words have nothing for it.
    pub fn say(&mut self, occasion: Occasion<'_>) -> Option<String> {
        let saying = self.lexicon.saying(occasion)?;
        let text = self.random.pick(&saying.texts)?;
        let mut said = String::new();
        for piece in text {
            let part = self.piece(piece, occasion.turn);
            said.push_str(&part);
        }
        Some(said)
    }

    /// A text for a field of this name, or else for any; the name itself where the words have nothing for it.
    pub fn named(&mut self, name: &str) -> String {
        let turn = self.turn();
        let about = |name| Occasion { name, type_name: "", within: &[], turn };
        self.say(about(name)).or_else(|| self.say(about(ANY))).unwrap_or_else(|| name.to_owned())
    }

    /// For what stands beside each other.
    pub(crate) fn turn(&mut self) -> usize {
        self.random.below(1 << 16)
    }

    fn piece(&mut self, piece: &Piece, turn: usize) -> String {
        let between = |random: &mut Random, from: i64, to: i64| {
            let days = usize::try_from(to - from).unwrap_or_default();
            from + i64::try_from(random.below(days + 1)).unwrap_or_default()
        };
        match piece {
            Piece::Text(text) => text.clone(),
            Piece::Word(list) => {
                let columns = self.lexicon.lists.get(list).map_or(&[][..], Vec::as_slice);
                let column = columns.get(turn % columns.len().max(1)).map_or(&[][..], Vec::as_slice);
                self.random.pick(column).cloned().unwrap_or_default()
            }
            Piece::Serial(digits) => self.serial(*digits),
            Piece::Digits(digits) => (0..*digits).map(|_| char::from(b'0' + self.digit())).collect(),
            Piece::Number(from, to) => (from + self.random.below(to - from + 1)).to_string(),
            Piece::Day(from, to) => {
                let day = self.at + Duration::days(between(&mut self.random, *from, *to));
                day.format("%Y-%m-%d").to_string()
            }
            Piece::Moment(from, to) => {
                let seconds = i64::try_from(self.random.below(DAY_SECONDS)).unwrap_or_default();
                let day = self.at + Duration::days(between(&mut self.random, *from, *to));
                (day - Duration::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
            }
            Piece::Year => self.at.format("%Y").to_string(),
        }
    }

    fn digit(&mut self) -> u8 {
        u8::try_from(self.random.below(10)).unwrap_or_default()
    }

    /// Digits that occur once until all have occurred.
    fn serial(&mut self, digits: u32) -> String {
        let Serial { next, offset } = self.serial;
        self.serial.next = next.wrapping_add(1);
        let number = (u128::from(next) * STRIDE + u128::from(offset)) % 10_u128.pow(digits);
        format!("{number:0width$}", width = digits as usize)
    }
}

/// The pieces of a saying; none where a place is not understood.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, behind) = after.split_once('}')?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(place_of(place)?);
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

fn place_of(place: &str) -> Option<Piece> {
    let digits = |text: &str| text.parse::<u32>().ok().filter(|digits| (1..=18).contains(digits));
    let days = |text: &str| {
        let (from, to) = text.split_once("..")?;
        let (from, to) = (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?);
        (from <= to).then_some((from, to))
    };
    if let Some((what, how)) = place.split_once(':') {
        return match what {
            "serial" => Some(Piece::Serial(digits(how)?)),
            "digits" => Some(Piece::Digits(digits(how)?)),
            "day" => days(how).map(|(from, to)| Piece::Day(from, to)),
            "moment" => days(how).map(|(from, to)| Piece::Moment(from, to)),
            _ => None,
        };
    }
    if place == "year" {
        return Some(Piece::Year);
    }
    if place.starts_with(|first: char| first.is_ascii_digit()) {
        let (from, to) = place.split_once('-')?;
        let (from, to) = (from.parse::<usize>().ok()?, to.parse::<usize>().ok()?);
        return (from <= to).then_some(Piece::Number(from, to));
    }
    (!place.is_empty()).then(|| Piece::Word(place.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = r#"
        [lists]
        family = [["Иванов"], ["Иванова"]]
        given = [["Пётр"], ["Анна"]]
        city = ["Тула"]
        [[say]]
        names = ["Name"]
        within = ["Agency"]
        texts = ["Отдел города {city}"]
        [[say]]
        names = ["Name"]
        texts = ["{family} {given}"]
        [[say]]
        types = ["Inn"]
        texts = ["9999{serial:5}0"]
        [[say]]
        names = ["When"]
        texts = ["{day:-1..1} {moment:0..0} {year} {7-7} {digits:3}"]
    "#;

    fn voice(lexicon: &Lexicon) -> Voice<'_> {
        let at = DateTime::parse_from_rfc3339("2026-03-02T00:00:00+03:00").unwrap();
        Voice::new(lexicon, 5, at, Serial { next: 0, offset: 77 })
    }

    #[test]
    fn what_stands_together_agrees_and_the_first_saying_that_fits_is_said() {
        let lexicon = Lexicon::default().with("words.toml", WORDS).unwrap();
        let mut voice = voice(&lexicon);
        let mut say = |name, type_name, within: &[&str], turn| {
            voice.say(Occasion { name, type_name, within, turn }).unwrap_or_default()
        };
        assert_eq!(say("Name", "Line", &["Head"], 4), "Иванов Пётр");
        assert_eq!(say("Name", "Line", &["Head"], 5), "Иванова Анна");
        assert_eq!(say("Name", "Line", &["Agency", "Head"], 5), "Отдел города Тула");
        assert_eq!(say("Other", "Line", &[], 1), "");
        let when = say("When", "", &[], 0);
        assert!(["2026-03-01 ", "2026-03-02 ", "2026-03-03 "].iter().any(|day| when.starts_with(day)), "{when}");
        assert!(when.contains(" 2026-03-01T") && when.contains("+03:00 2026 7 "), "{when}");
    }

    #[test]
    fn serial_numbers_occur_once() {
        let lexicon = Lexicon::default().with("words.toml", WORDS).unwrap();
        let mut voice = voice(&lexicon);
        let inn = Occasion { name: "Inn", type_name: "Inn", within: &[], turn: 0 };
        let all: std::collections::BTreeSet<String> = (0..100_000).filter_map(|_| voice.say(inn)).collect();
        assert_eq!(all.len(), 100_000);
    }

    #[test]
    fn a_file_that_is_none_is_told() {
        for (text, told) in [
            ("[[say]]\nnames = [\"A\"]\ntexts = [\"{nobody}\"]", "there is no list `nobody`"),
            ("[[say]]\nnames = [\"A\"]\ntexts = [\"{day:3..1}\"]", "what is \"{day:3..1}\"?"),
            ("[[say]]\nnames = [\"A\"]\ntexts = [\"{\"]", "what is \"{\"?"),
            ("[[say]]\ntexts = [\"a\"]", "needs a name or a type"),
            ("[lists]\na = []", "the list `a` has no words"),
            ("[[say]]\nname = \"A\"", "unknown field"),
        ] {
            let fault = Lexicon::default().with("words.toml", text).unwrap_err().to_string();
            assert!(fault.starts_with("sample.words: words.toml: ") && fault.contains(told), "{fault}");
        }
    }
}
