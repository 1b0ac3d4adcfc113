//! The reader beside others on generated and mutated documents: what it accepts, roxmltree accepts and reads as the same
//! tree; what it refuses, xmllint refuses, and the other way round.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::fuzzed::bodies::tree::{may_be_misread, tell, tell_tree};
use crate::support::Folder;

/// Documents that xmllint judges; fixed, and few enough for every run.
const DOCUMENTS: usize = 3000;

/// A document of random shape, mostly well-formed.
fn document() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "имя", "p:c", "q:c", "_.-9", "\u{1372}"]);
    let value = prop::sample::select(vec![
        "",
        "x",
        " x\t\n",
        "&lt;&#65;",
        "&#x10FFFF;",
        "значение",
        "]]>",
        "'",
        "\u{FFFD}",
        "a b",
        "urn:1",
        "&quot;",
    ]);
    let attribute = (prop::sample::select(vec!["d", "p:d", "q:d", "xml:lang", "xmlns", "xmlns:q", "f"]), value);
    let text = prop::sample::select(vec![
        "текст",
        " \r\n",
        "&amp;",
        "&#13;",
        "<![CDATA[<&]]]]>",
        "<!-- c -->",
        "<?pi c?>",
        "x > y",
        "]] >",
        "\u{10FFFF}",
    ]);
    let leaf = text.prop_map(str::to_owned);
    let content = leaf.prop_recursive(5, 40, 5, move |inner| {
        (name.clone(), prop::collection::vec(attribute.clone(), 0..3), prop::collection::vec(inner, 0..5)).prop_map(
            |(name, attributes, content)| {
                let mut tag = format!("<{name}");
                for (name, value) in attributes {
                    write!(tag, " {name}=\"{}\"", value.replace('"', "&quot;")).unwrap();
                }
                if content.is_empty() { format!("{tag}/>") } else { format!("{tag}>{}</{name}>", content.concat()) }
            },
        )
    });
    let prolog = prop::sample::select(vec!["", "<?xml version='1.0'?>\n", "<!-- c -->", "<?pi?>\n"]);
    (prolog, prop::collection::vec(content, 0..4)).prop_map(|(prolog, content)| {
        format!("{prolog}<r xmlns:p=\"urn:p\" xmlns:q=\"urn:q\">{}</r>", content.concat())
    })
}

/// A document with a few places spoilt.
fn spoilt() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<",
        ">",
        "&",
        "'",
        "\"",
        "=",
        "/",
        "!",
        "?",
        "-",
        "--",
        "]]>",
        "]",
        " ",
        "\n",
        "x",
        ":",
        "&#0;",
        "&x;",
        "<?xml?>",
        "\u{FFFE}",
        "\u{B7}",
        "<a>",
        "</a>",
        "<!--",
        "-->",
        "<![CDATA[",
        "xmlns:p=\"\"",
        "d=\"\"",
        "<?a:b?>",
        "0",
        "&#xD800;",
    ]);
    let change = (any::<prop::sample::Index>(), 0..3_usize, piece);
    (document(), prop::collection::vec(change, 0..3)).prop_map(|(mut text, changes)| {
        for (place, cut, piece) in changes {
            let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let from = place.index(boundaries.len());
            let to = boundaries.get(from + cut).copied().unwrap_or(text.len());
            text.replace_range(boundaries[from]..to, piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_read_is_what_roxmltree_reads(text in spoilt()) {
        prop_assume!(!may_be_misread(&text));
        if let Ok(told) = tell(&text) {
            let tree = roxmltree::Document::parse(&text);
            let tree = tree.unwrap_or_else(|fault| panic!("roxmltree refuses {text:?}: {fault}"));
            prop_assert_eq!(told, tell_tree(tree.root_element()), "{:?}", text);
        }
    }

    #[test]
    fn generated_documents_are_read(text in document()) {
        // What the generator may get wrong is an attribute given twice, or a prefix bound to nothing.
        if let Err(fault) = tell(&text) {
            prop_assert!(matches!(fault.code(), "xml-duplicate-attribute" | "xml-bad-namespace"), "{fault}: {text}");
        }
    }
}

/// The names of the files that xmllint finds fault with, of namespaces too.
fn refused_by_xmllint(folder: &Folder, names: &[String]) -> BTreeSet<String> {
    let run = Command::new("xmllint").args(["--noout", "--nonet"]).args(names).current_dir(folder.path()).output();
    let told = String::from_utf8_lossy(&run.unwrap().stderr).into_owned();
    // A namespace name need not be a URI to be a name; xmllint says so as an error, and goes on.
    let faults = told.lines().filter(|line| line.contains(" error : ") && !line.contains("is not a valid URI"));
    faults.filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_is_refused_is_what_xmllint_refuses() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("NOT RUN: xmllint is not installed");
        return;
    }
    let folder = Folder::new();
    let mut runner = TestRunner::deterministic();
    let strategy = spoilt();
    let texts: Vec<String> = (0..DOCUMENTS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let names: Vec<String> = (0..DOCUMENTS).map(|number| format!("{number}.xml")).collect();
    for (name, text) in names.iter().zip(&texts) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let refused: BTreeSet<String> = names.chunks(500).flat_map(|names| refused_by_xmllint(&folder, names)).collect();
    let mut surprises = Vec::new();
    for (name, text) in names.iter().zip(&texts) {
        let ours = tell(text);
        if ours.is_err() != refused.contains(name) {
            surprises.push(format!("{ours:?}: {text:?}"));
        }
    }
    assert!(refused.len() > DOCUMENTS / 5 && refused.len() < DOCUMENTS * 9 / 10, "{} are refused", refused.len());
    assert!(
        surprises.is_empty(),
        "{} surprises:\n{}",
        surprises.len(),
        surprises[..surprises.len().min(10)].join("\n")
    );
}
