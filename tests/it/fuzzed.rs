//! The fuzz targets on every test run: each over its corpus and over seeded mutations of it. What libFuzzer finds comes into the
//! corpus (`fuzz/corpus/NAME`), so it is looked at again here.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the fuzz crate's library is compiled into the tests as it is")]
pub(crate) mod bodies;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::differential::mutation::Dice;

/// Mutations of one run; the environment variable `MEZHVED_FUZZ` multiplies them.
const MUTATIONS: usize = 1500;
/// Inputs do not grow beyond this.
const INPUT_BYTES_MAX: usize = 8 << 10;

/// What is put into inputs beside pieces of others.
const WORDS: &[&str] = &[
    "<",
    ">",
    "&",
    "'",
    "\"",
    "/",
    "=",
    "-",
    "--",
    "]]>",
    "<!--",
    "-->",
    "<![CDATA[",
    "<?",
    "?>",
    "&#x10FFFF;",
    "&lt;",
    "&a;",
    "xmlns=",
    "xmlns:p=''",
    "xsi:type=\"p:t\"",
    "xsi:nil='true'",
    "<!DOCTYPE a [",
    "<!ENTITY a 'b'>",
    "]>",
    "\u{FEFF}",
    "\u{0}",
    "\u{85}",
    "ы",
    "\u{10FFFF}",
    "{",
    "}",
    "{0,}",
    "{2,3}",
    "*",
    "?",
    "+",
    "|",
    "(",
    ")",
    "[",
    "]",
    "[^",
    "-[",
    "\\",
    "\\d",
    "\\p{L}",
    "^",
    ".",
    "0",
    "1",
    "-1",
    "unbounded",
    "true",
    "2026-02-29",
    "\n====\n",
    "\r",
    "\n",
    "\t",
    " ",
    "\"\"\"",
    "= ",
];

/// The inputs of a target, by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// An input changed in a few places.
fn changed(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(input.len() + 1);
        let to = (at + dice.below(12)).min(input.len());
        let piece = match dice.below(5) {
            0 => vec![u8::try_from(dice.below(256)).unwrap()],
            1 => Vec::new(),
            2 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                other[from..(from + dice.below(60)).min(other.len())].to_vec()
            }
            _ => dice.pick(WORDS).as_bytes().to_vec(),
        };
        input.splice(at..to, piece);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn drive(name: &str, body: fn(&[u8])) {
    let corpus = corpus(name);
    let effort: usize = std::env::var("MEZHVED_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut dice = Dice::new(1);
    let mutations = (0..MUTATIONS * effort).map(|_| changed(&corpus, &mut dice));
    for input in corpus.iter().cloned().chain(mutations) {
        let ran = catch_unwind(AssertUnwindSafe(|| body(&input)));
        assert!(ran.is_ok(), "target {name}, input:\n{}\n{input:?}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &Path| {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    };
    let mut targets: Vec<&str> = bodies::TARGETS.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(names(&folder.join("corpus")), targets);
    assert_eq!(names(&folder.join("fuzz_targets")), targets);
}

/// Declares a test for each target, so that they run beside one another.
macro_rules! targets {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            drive(stringify!($name), bodies::$name::run);
        }
    )*};
}

targets! { reader windows doctype decode pattern schema validator settings message }
