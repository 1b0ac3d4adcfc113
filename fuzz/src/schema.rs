//! The schema compiler: any documents end in rules or in faults that lead to their places, the same every time; what is taken
//! strictly is taken leniently; and of the rules that come out, tables are told and samples made, which are valid.

use std::collections::BTreeMap;

use mezhved::handbook::Handbook;
use mezhved::rules::{Rules, Strictness};
use mezhved::schema::{Missing, SchemaFault, SchemaSet, compile};
use mezhved::specimen::{self, Extent, Plan};
use mezhved::validate::{self, Options};
use mezhved::xml::{Language, Limits};

/// Documents `a.xsd`, `b.xsd` and so on.
const NAMES: [&str; 4] = ["a.xsd", "b.xsd", "c.xsd", "d.xsd"];
/// Elements of one set that samples are made of.
const ELEMENTS_MAX: usize = 4;

/// Documents of a set, the first its root.
pub fn run(data: &[u8]) {
    let documents: BTreeMap<String, Vec<u8>> =
        NAMES.iter().zip(super::documents(data)).map(|(name, text)| ((*name).to_owned(), text.into_bytes())).collect();
    let set = SchemaSet::new(&documents).with(NAMES[0]);
    let strict = compile(&set);
    check(&documents, &strict);
    let again = compile(&set);
    assert_eq!(strict.as_ref().map(Rules::hash), again.as_ref().map(Rules::hash), "compiled twice");
    let open = compile(&set.clone().with_missing(Missing::Tolerated).with_strictness(Strictness::Lenient));
    check(&documents, &open);
    if let (Ok(_), Err(faults)) = (&strict, &open) {
        panic!("taken strictly, but not leniently: {faults:?}");
    }
    if let Ok(rules) = strict {
        rules
            .global_elements()
            .take(ELEMENTS_MAX)
            .for_each(|element| tell(&rules, element.namespace(), element.local()));
    }
}

fn check(documents: &BTreeMap<String, Vec<u8>>, outcome: &Result<Rules, Vec<SchemaFault>>) {
    let Err(faults) = outcome else { return };
    assert!(!faults.is_empty(), "refused without a reason");
    for fault in faults {
        let lines =
            documents.get(&fault.file).map(|bytes| bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count());
        let lines = lines.unwrap_or(0) as u64 + 1;
        assert!(fault.position.line >= 1 && fault.position.line <= lines, "{fault}");
        assert!(!fault.text.is_empty() && !fault.constraint.is_empty(), "{fault}");
    }
}

/// Tells an element and makes samples of it.
fn tell(rules: &Rules, namespace: &str, local: &str) {
    let Some(element) = rules.element(namespace, local) else { panic!("{{{namespace}}}{local} is not found") };
    let handbook = Handbook::of(rules, element, Language::Russian);
    assert!(!handbook.text(100).is_empty() && !handbook.markdown().is_empty() && !handbook.html().is_empty());
    for extent in [Extent::Minimal, Extent::Full] {
        let Ok(sample) = specimen::make(rules, element, Plan { seed: 1, extent }) else { continue };
        let limits = Limits { attributes_max: 10_000, depth_max: 10_000, namespaces_max: 10_000, ..Limits::default() };
        let verdict = validate::check(&sample.text, rules, &Options { limits, ..Options::default() });
        assert!(verdict.is_valid(), "a sample that is not valid: {verdict:?}\n{}", sample.text);
    }
}
