//! Samples of the suite's schemas: for every element of a schema that compiles, the least and the full one are made, and what
//! is made is valid. What cannot be made is counted: most of it asks for what no document can have.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mezhved::rules::Rules;
use mezhved::schema::{Missing, SchemaSet, compile};
use mezhved::specimen::{self, Extent, Plan};
use mezhved::validate::{self, Options};
use mezhved::xml::Limits;

use super::{Case, Suite};

/// Elements of one set that samples are made of.
const ELEMENTS_MAX: usize = 10;

/// What came of making samples.
#[derive(Debug, Default)]
struct Tally {
    made: usize,
    impossible: Vec<String>,
}

impl Tally {
    fn add(&mut self, set: &[&str], rules: &Rules) {
        for element in rules.global_elements().filter(|element| !element.is_abstract()).take(ELEMENTS_MAX) {
            for extent in [Extent::Minimal, Extent::Full] {
                match specimen::make(rules, element, Plan { seed: 1, extent }) {
                    Ok(sample) => {
                        let limits = Limits { attributes_max: 10_000, ..Limits::default() };
                        let verdict = validate::check(&sample.text, rules, &Options { limits, ..Options::default() });
                        assert!(verdict.is_valid(), "{set:?}: {:?}\n{}", verdict.violations, sample.text);
                        self.made += 1;
                    }
                    Err(fault) => self.impossible.push(format!("{} {extent:?}: {fault}", set.join(";"))),
                }
            }
        }
    }
}

#[test]
fn samples_of_the_suites_elements_are_valid() {
    let Some(suite) = Suite::unpacked() else { return };
    let manifest = suite.manifest();
    let cases = manifest.lines().map(Case::read).filter(|case| case.of_schema && case.expected == "valid");
    let sets: Vec<Vec<&str>> = cases.map(|case| case.schemas).collect::<BTreeSet<_>>().into_iter().collect();
    let (tally, next) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    let work = || {
        let mut own = Tally::default();
        while let Some(set) = sets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let together = SchemaSet::new(&suite).with_missing(Missing::Tolerated);
            let together = set.iter().fold(together, |together, path| together.with(*path));
            if let Ok(rules) = compile(&together) {
                own.add(set, &rules);
            }
        }
        let mut tally = tally.lock().unwrap();
        tally.made += own.made;
        tally.impossible.extend(own.impossible);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let Tally { made, impossible } = tally.into_inner().unwrap();
    println!("{made} samples are valid; {} cannot be made", impossible.len());
    assert!(made > 5000, "{made}");
    // Two in a hundred: elements that must hold themselves, keys whose fields the schema's own content cannot give.
    assert!(impossible.len() * 40 <= made, "{} cannot be made:\n{}", impossible.len(), impossible.join("\n"));
}
