//! Regular expressions of XML Schema (Part 2, appendix F): translated into the `regex` crate's syntax, which matches in
//! linear time, anchored at both ends.

mod blocks;
mod characters;
mod classes;
mod linear;
mod steps;
mod translate;

use linear::Linear;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};
use steps::{STEPS_MAX, Steps};

/// Bytes that one expression compiled by `regex` may take.
const COMPILED_BYTES_MAX: usize = 64 << 20;
/// Ranges of characters, counted as often as they are repeated, up to which `regex` compiles an expression quickly.
const RANGES_MAX: u64 = 4000;
/// Characters that one expression may have.
const PATTERN_BYTES_MAX: usize = 1 << 16;

/// How strictly an expression is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// As the grammar of the standard says.
    Strict,
    /// Hyphens anywhere in a class and needless escapes are taken for the characters themselves, as libxml2 does; real
    /// schemas of state systems hold such patterns.
    Lenient,
}

/// Why a pattern cannot be used. The fault of the schema's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternFault {
    /// It does not follow the grammar.
    #[error("{what} at character {at}")]
    Syntax {
        /// Which character, from 1.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// It is longer, or its counts multiply to more, than a pattern may.
    #[error(
        "the pattern is too large: it may have {PATTERN_BYTES_MAX} bytes, and {STEPS_MAX} steps (characters, and choices of \
         how many) when its counts are written out; use smaller counts, or a length facet beside the pattern"
    )]
    TooLarge,
}

/// The syntax tree of expressions that have been compiled before, of which one has to match.
pub(crate) fn parse(sources: &[String]) -> Option<regex_syntax::hir::Hir> {
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let (text, _) = translated(&sources, Strictness::Lenient).ok()?;
    regex_syntax::parse(&text).ok()
}

/// The alternatives as one expression of `regex`, and whether leniency was needed.
fn translated(sources: &[&str], strictness: Strictness) -> Result<(String, bool), PatternFault> {
    let mut text = String::from("\\A(?:");
    let mut lenient = false;
    for (index, source) in sources.iter().enumerate() {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(PatternFault::TooLarge);
        }
        if index > 0 {
            text.push('|');
        }
        lenient |= translate::translate(source, strictness, &mut text)?;
    }
    text.push_str(")\\z");
    Ok((text, lenient))
}

/// One or more compiled expressions, of which one has to match.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    sources: Box<[Box<str>]>,
    matcher: Matcher,
}

/// How an expression is matched.
#[derive(Debug, Clone)]
enum Matcher {
    Linear(Linear),
    Steps(Steps),
    Regex(Regex),
}

/// The ranges of characters that an expression is made of, counted as often as they are repeated.
fn ranges(expression: &Hir) -> u64 {
    let sum = |parts: &[Hir]| parts.iter().map(ranges).fold(0, u64::saturating_add);
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() as u64,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() as u64,
        HirKind::Capture(group) => ranges(&group.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
        HirKind::Repetition(repetition) => {
            let rounds = repetition.max.unwrap_or(repetition.min.saturating_add(1));
            ranges(&repetition.sub).saturating_mul(u64::from(rounds))
        }
    }
}

impl Pattern {
    /// Compiles alternatives; also tells whether leniency was needed.
    pub(crate) fn compile(sources: &[&str], strictness: Strictness) -> Result<(Self, bool), PatternFault> {
        let (text, lenient) = translated(sources, strictness)?;
        let parsed = regex_syntax::parse(&text).map_err(|_| PatternFault::TooLarge)?;
        let matcher = match Linear::compile(&parsed) {
            Some(linear) => Matcher::Linear(linear),
            None if ranges(&parsed) > RANGES_MAX => {
                Matcher::Steps(Steps::compile(&parsed).ok_or(PatternFault::TooLarge)?)
            }
            None => {
                let mut builder = RegexBuilder::new(&text);
                builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX);
                Matcher::Regex(builder.build().map_err(|_| PatternFault::TooLarge)?)
            }
        };
        let sources = sources.iter().map(|source| Box::from(*source)).collect();
        Ok((Self { sources, matcher }, lenient))
    }

    /// Whether the whole of `text` is matched.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Linear(linear) => linear.matches(text),
            Matcher::Steps(steps) => steps.matches(text),
            Matcher::Regex(regex) => regex.is_match(text),
        }
    }

    /// The expressions as the schema wrote them.
    pub(crate) fn sources(&self) -> &[Box<str>] {
        &self.sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let (compiled, _) = Pattern::compile(&[pattern], Strictness::Strict).expect(pattern);
        for text in matching {
            assert!(compiled.matches(text), "{pattern} should match {text:?}");
        }
        for text in others {
            assert!(!compiled.matches(text), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn expressions_match_whole_texts() {
        check("a", &["a"], &["", "aa", "ba", "A"]);
        check("", &[""], &["a"]);
        check("a|b|", &["a", "b", ""], &["ab"]);
        check("^a$", &["^a$"], &["a"]);
        check("(ab)*c?", &["", "c", "abab", "ababc"], &["a", "cc"]);
        check("a{2}b{1,}c{0,2}", &["aab", "aabbcc"], &["ab", "aa", "aabccc"]);
        check(".", &["ы", "€"], &["\n", "\r", "ab"]);
        check("a&&b", &["a&&b"], &["a", "b"]);
        check("[~&-]", &["~", "&", "-"], &["a"]);
        check("#x20", &["#x20"], &[" "]);
    }

    #[test]
    fn classes_are_exact() {
        check("[a-c]", &["a", "b", "c"], &["d", "-"]);
        check("[^a-c]", &["d", "\n"], &["a"]);
        check("[a-z-[aeiou]]", &["b"], &["a", "-"]);
        check("[^a-z-[0-9]]", &["A"], &["a", "5"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("[-a]", &["a", "-"], &["b"]);
        check("[\\-\\]\\[\\^]", &["-", "]", "[", "^"], &["\\"]);
        check("[a^]", &["^", "a"], &[]);
        check("\\d", &["1", "٣"], &["a"]);
        check("\\w", &["a", "ы", "1", "+"], &[" ", ".", "-"]);
        check("\\s\\S", &["\tx", " x"], &["xx", "\u{A0}x"]);
        check("\\i\\c*", &["a-1", "_", "имя:x"], &["1", "-"]);
        check("[\\i-[:]][\\c-[:]]*", &["a-1", "_"], &["a:b", ":"]);
        check("\\p{Lu}\\P{Lu}", &["Aa", "Яя"], &["aA"]);
        check("\\p{IsCyrillic}+", &["привет"], &["hello"]);
        check("[\\p{IsBasicLatin}-[\\s]]", &["a"], &[" ", "ы"]);
    }

    #[test]
    fn wrong_expressions_are_refused() {
        for wrong in [
            "(",
            ")",
            "a)",
            "[",
            "]",
            "[]",
            "[^]",
            "a{",
            "a{}",
            "a{1",
            "a{2,1}",
            "a{,1}",
            "*",
            "a**",
            "a{1}{2}",
            "+",
            "?",
            "\\",
            "\\a",
            "\\p",
            "\\p{}",
            "\\p{Xx}",
            "\\p{IsNowhere}",
            "[b-a]",
            "[a-b-c]",
            "[a-\\d]",
            "[[a]]",
            "[a-[b]c]",
            "(?:a)",
            "a*?",
            "{1}",
            "}",
            "\\1",
            "[\\d-a]",
        ] {
            let outcome = Pattern::compile(&[wrong], Strictness::Strict);
            assert!(matches!(outcome, Err(PatternFault::Syntax { .. })), "{wrong}");
        }
    }

    #[test]
    fn leniency_takes_what_real_schemas_hold() {
        for (pattern, text) in [("[a-zA-Z0-9-+.]*", "a-+."), ("\\_\\/", "_/"), ("[\\w-\\.]+", "a-."), ("[0-9-a]", "-")]
        {
            assert!(Pattern::compile(&[pattern], Strictness::Strict).is_err(), "{pattern}");
            let (compiled, lenient) = Pattern::compile(&[pattern], Strictness::Lenient).expect(pattern);
            assert!(lenient && compiled.matches(text), "{pattern}");
        }
        assert!(!Pattern::compile(&["[a-z]"], Strictness::Lenient).unwrap().1);
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(Pattern::compile(&["((ab){1,999}){1,999}"], Strictness::Strict).err(), Some(PatternFault::TooLarge));
        assert!(Pattern::compile(&["(aaa){1000000,2000000}"], Strictness::Strict).is_err());
        let (nested, _) = Pattern::compile(&["((a*)*)*b"], Strictness::Strict).unwrap();
        assert!(!nested.matches(&"a".repeat(100_000)));
    }

    #[test]
    fn simple_expressions_take_the_short_way() {
        for (pattern, short) in [
            ("[0-9]{10}|[0-9]{12}", true),
            ("[A-Z]{2}-[0-9]{4,8}", true),
            ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", true),
            ("[0-9]{8}([0-9]{3})?", true),
            (".{1,4000}", true),
            ("\\p{L}{1,4000}", true),
            ("[a-z]+(-[a-z]+)*", false),
            (".+Z", false),
            ("((a{1,999}){1,999}){1,999}", true),
            ("(a{2,3}){0,5}", true),
        ] {
            let (compiled, _) = Pattern::compile(&[pattern], Strictness::Strict).expect(pattern);
            assert_eq!(matches!(compiled.matcher, Matcher::Linear(_)), short, "{pattern}");
        }
    }

    /// Counts that would make `regex` large are carried step by step; the answers are the same.
    #[test]
    fn large_counts_are_stepped_through() {
        for (pattern, matching, others) in [
            ("(\\w{1,50}\\s)*\\w{0,400}x?\\w{0,40}", "слово и слово", "слово  и"),
            ("([a-z]|[а-я]\\w){300,2000}(;\\w{2})?", &"aяb".repeat(150) as &str, "ab"),
            ("(\\p{L}\\d{0,9}|-){0,700}(\\p{Lu}|\\p{Lu}b)", "a1-ЯB", "a1-яb"),
        ] {
            let (compiled, _) = Pattern::compile(&[pattern], Strictness::Strict).expect(pattern);
            assert!(matches!(compiled.matcher, Matcher::Steps(_)), "{pattern}");
            let written = translated(&[pattern], Strictness::Strict).unwrap().0;
            let regex = RegexBuilder::new(&written).size_limit(1 << 30).build().unwrap();
            for (text, expected) in [(matching, true), (others, false)] {
                assert_eq!((compiled.matches(text), regex.is_match(text)), (expected, expected), "{pattern} {text}");
            }
        }
    }

    proptest! {
        /// Steps are what `regex` is, whatever the expression.
        #[test]
        fn steps_agree_with_regex(pattern in "(\\(?[ab]{1,2}[|]?[ab.][*+?]?\\)?[{][01],[23][}][|]?){1,3}", text in "[abc]{0,9}") {
            if let Ok((written, _)) = translated(&[&pattern], Strictness::Strict)
                && let Ok(parsed) = regex_syntax::parse(&written)
            {
                let steps = Steps::compile(&parsed).unwrap();
                prop_assert_eq!(steps.matches(&text), Regex::new(&written).unwrap().is_match(&text), "{} {}", pattern, text);
            }
        }
    }

    proptest! {
        /// Both ways agree.
        #[test]
        fn the_short_way_agrees_with_the_long_one(
            pieces in prop::collection::vec((0..6_usize, 0..3_u32, 0..3_u32), 1..5),
            text in "[abcd1-]{0,8}",
        ) {
            let classes = ["a", "[ab]", "[^a]", "(ab)", "(a|c)", "[1-]"];
            let pattern: String = pieces.iter().map(|(class, min, more)| {
                format!("{}{{{min},{}}}", classes[*class], min + more)
            }).collect();
            let (compiled, _) = Pattern::compile(&[&pattern], Strictness::Strict).unwrap();
            let regex = Regex::new(&format!("\\A(?:{pattern})\\z")).unwrap();
            prop_assert_eq!(compiled.matches(&text), regex.is_match(&text), "{} {}", pattern, text);
        }
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a(\\[\\])|*+?{},0-9\\\\pLdi^.-]{0,20}", text in "[a-c0-9]{0,8}") {
            for strictness in [Strictness::Strict, Strictness::Lenient] {
                if let Ok((compiled, _)) = Pattern::compile(&[&pattern], strictness) {
                    compiled.matches(&text);
                }
            }
        }
    }
}
