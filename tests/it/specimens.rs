//! Sample documents of the built-in families: for every element, seed and extent one is made, and it is valid.

use std::collections::BTreeMap;

use mezhved::binding::Library;
use mezhved::rules::Rules;
use mezhved::schema::{self, SchemaSet};
use mezhved::specimen::{self, Extent, Plan};
use mezhved::validate::{self, Options};

/// The rules of each schema document of the library.
pub(crate) fn families() -> Vec<(String, Rules)> {
    let library = Library::load(None).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        library.ending(".xsd").map(|path| (path.to_owned(), library.get(path).unwrap().to_vec())).collect();
    let compiled = files.keys().map(|path| {
        let rules = schema::compile(&SchemaSet::new(&files).with(path)).unwrap();
        (path.clone(), rules)
    });
    compiled.collect()
}

#[test]
fn every_element_of_the_built_in_families_has_a_least_and_a_full_sample() {
    let mut made = 0;
    for (path, rules) in families() {
        for element in rules.global_elements() {
            for seed in 0..25 {
                for extent in [Extent::Minimal, Extent::Full] {
                    let plan = Plan { seed, extent };
                    let sample = specimen::make(&rules, element, plan)
                        .unwrap_or_else(|fault| panic!("{path}: {} {plan:?}: {fault}", element.local()));
                    assert!(sample.omitted.is_empty(), "{path}: {:?}", sample.omitted);
                    assert!(validate::check(&sample.text, &rules, &Options::default()).is_valid(), "{}", sample.text);
                    assert_eq!(specimen::make(&rules, element, plan).unwrap(), sample);
                    made += 1;
                }
            }
        }
    }
    assert!(made >= 300, "{made}");
}
