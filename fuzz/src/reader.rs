//! The reader beside roxmltree: what it accepts, roxmltree accepts and reads as the same tree; what it refuses and roxmltree
//! accepts is refused by a rule that roxmltree is known not to keep.

use super::tree::{may_be_misread, tell, tell_tree};

/// Rules of XML 1.0 and Namespaces that roxmltree does not keep: the code that we refuse with, what a document must hold for
/// the rule to be about it, and why.
const KNOWN_LENIENCIES: &[(&str, &str, &str)] = &[
    ("xml-bad-declaration", "<?", "it reads over declarations, and takes the reserved target xml anywhere"),
    ("xml-bad-instruction", "<?", "it takes colons in targets of processing instructions"),
    ("xml-bad-namespace", "xmlns", "it lets xml and xmlns be bound anew, and prefixes be bound to nothing"),
    (
        "xml-duplicate-attribute",
        "xmlns",
        "it lets a namespace be declared twice in one tag, if it is the same both times",
    ),
    (
        "xml-undeclared-prefix",
        ":xmlns",
        "it takes an attribute of that local name for a declaration, whatever its prefix",
    ),
    ("xml-tag-mismatch", "</:", "it takes an empty prefix of an end tag for none"),
    ("xml-bad-name", ":", "it takes names with an empty prefix or local part, or with two colons"),
    ("xml-bad-character", "<", "it does not look at all characters of comments and instructions"),
    ("xml-bad-reference", "&#", "it takes numbers beyond U+10FFFF"),
    ("xml-text-outside-root", "\u{FEFF}", "it passes over a second byte order mark"),
    ("xml-too-deep", "<", "a limit of ours"),
    ("xml-too-many-attributes", "=", "a limit of ours"),
    ("xml-too-many-namespaces", "xmlns", "a limit of ours"),
    ("xml-name-too-long", "<", "a limit of ours"),
];

/// One document.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: 100_000, ..Default::default() };
    let tree = roxmltree::Document::parse_with_options(text, options);
    match (tell(text), tree) {
        (Ok(_), _) if may_be_misread(text) => {}
        (Ok(told), Ok(tree)) => assert_eq!(told, tell_tree(tree.root_element()), "two trees of {text:?}"),
        (Ok(_), Err(roxmltree::Error::NodesLimitReached)) => {}
        (Ok(_), Err(fault)) => panic!("roxmltree refuses {text:?}: {fault}"),
        (Err(fault), Ok(_)) => {
            let known = KNOWN_LENIENCIES.iter().any(|(code, mark, _)| *code == fault.code() && text.contains(mark));
            assert!(known, "only we refuse {text:?}: {fault}");
        }
        (Err(_), Err(_)) => {}
    }
}
