//! A DOCTYPE with an internal subset: what comes out is bounded, has no DOCTYPE left, and is what roxmltree makes of it where
//! both take the document.

use mezhved::xml::{self, Limits};

use super::tree::{may_be_misread, tell, tell_tree};

/// One document.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let limits = Limits { expansion_bytes_max: 1 << 14, ..Limits::default() };
    let Ok(expanded) = xml::expand_doctype(text, &limits) else { return };
    let most = text.len() + limits.expansion_bytes_max;
    assert!(expanded.text.len() <= most, "{} bytes of {text:?}", expanded.text.len());
    for offset in 0..=expanded.text.len() as u64 {
        let written = expanded.origins.written(offset);
        assert!(written <= text.len() as u64, "offset {offset} leads to {written} in {text:?}");
    }
    let Ok(told) = tell(&expanded.text) else { return };
    // roxmltree puts no attribute defaults in and normalizes no values by their type.
    if text.contains("<!ATTLIST") || may_be_misread(text) {
        return;
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: 100_000, ..Default::default() };
    if let Ok(tree) = roxmltree::Document::parse_with_options(text, options) {
        assert_eq!(told, tell_tree(tree.root_element()), "two trees of {text:?}");
    }
}
