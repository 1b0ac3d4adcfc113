//! The validator: the same verdict in pieces as on the whole, the same twice, with a fault where the reader has one, every
//! violation at a place of the document, and none that depends on what stands behind the root.

use std::collections::BTreeMap;

use mezhved::rules::{Rules, Strictness};
use mezhved::schema::{Missing, SchemaSet, compile};
use mezhved::validate::{self, Options, UndeclaredRoot, Verdict};
use mezhved::xml::{Doctype, Language};

use super::pieces::Drops;
use super::tree;

/// A schema, then an instance.
pub fn run(data: &[u8]) {
    let mut documents = super::documents(data).into_iter();
    let (Some(schema), Some(instance)) = (documents.next(), documents.next()) else { return };
    let source = BTreeMap::from([("a.xsd".to_owned(), schema.into_bytes())]);
    let set = SchemaSet::new(&source).with("a.xsd").with_missing(Missing::Tolerated);
    let Ok(rules) = compile(&set.with_strictness(Strictness::Lenient)) else { return };
    for undeclared_root in [UndeclaredRoot::Refused, UndeclaredRoot::Lax] {
        check(&instance, &rules, &Options { undeclared_root, ..Options::default() });
    }
}

fn check(text: &str, rules: &Rules, options: &Options) {
    let verdict = validate::check(text, rules, options);
    assert_eq!(verdict, validate::check(text, rules, options), "judged twice");
    let step = 1 + text.len() % 97;
    assert_eq!(verdict, validate::check_read(Drops(text.as_bytes(), step), rules, options), "in drops of {step}");
    assert_eq!(verdict.fault, tree::tell(text).err(), "the reader's fault");
    for violation in &verdict.violations {
        let end = violation.position.offset + violation.length;
        assert!(end <= text.len() as u64, "{violation:?} beyond the end");
        assert!(violation.path.starts_with('/'), "{violation:?}");
        assert!(!violation.constraint().is_empty() && !violation.code().is_empty());
        for language in [Language::Russian, Language::English] {
            assert!(!violation.text(language, true).is_empty() && !violation.text(language, false).is_empty());
        }
    }
    if verdict.fault.is_none() {
        let more = format!("{text}<!-- -->\n<?p?>");
        assert_eq!(verdict, validate::check(&more, rules, options), "with a comment behind the root");
        let open = Options { doctype: Doctype::Internal, ..options.clone() };
        assert_eq!(verdict, validate::check(text, rules, &open), "where a DOCTYPE would be allowed");
    }
    bounded(text, rules, options, &verdict);
}

/// Fewer violations may be asked for: the first ones are told, and that there are more.
fn bounded(text: &str, rules: &Rules, options: &Options, verdict: &Verdict) {
    let first = validate::check(text, rules, &Options { violations_max: 1, ..options.clone() });
    assert!(first.violations.len() <= 1, "one violation was asked for");
    assert_eq!(first.violations.first(), verdict.violations.first());
    assert_eq!(first.violations_truncated, verdict.violations.len() > 1 || verdict.violations_truncated);
}
