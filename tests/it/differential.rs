//! Instances judged by us and by `xmllint --schema` (libxml2): generated schemas with made-up documents, and messages of
//! the built-in families, both as they are and changed at random. The two must agree on every one. Seeded, so that a
//! disagreement can be looked at again; skipped, saying so, where there is no `xmllint`.

pub(crate) mod mutation;
mod schemas;
mod xmllint;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mezhved::binding::Library;
use mezhved::rules::Rules;
use mezhved::schema::{self, SchemaSet};
use mezhved::specimen::{self, Extent, Plan};
use mezhved::validate::{self, Options};
use mezhved::xml::Language;

use crate::support::Folder;
use mutation::Dice;

/// How much is tried; the environment variable `MEZHVED_DIFFERENTIAL` multiplies it.
const SCHEMAS: u64 = 40;
const SAMPLES: u64 = 6;
const CHANGES: u64 = 20;

fn effort() -> u64 {
    std::env::var("MEZHVED_DIFFERENTIAL").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Our verdict, without the checks that XSD does not know. None on what is no base64Binary: libxml2 passes over characters
/// that are none of it. Nor on an `xsi:nil` that is no boolean, which every schema declares it to be (section 3.2.7): libxml2
/// does not look at it where nothing declares the element.
fn verdict(text: &str, rules: &Rules) -> Option<(bool, String)> {
    let verdict = validate::check(text, rules, &Options::default());
    let found = verdict.violations.iter().filter(|found| found.constraint() != "rules-appinfo");
    let mut told = Vec::new();
    for found in found {
        let nil = found.expected() == ["boolean"] && found.path.ends_with("/@xsi:nil");
        if nil || found.expected() == ["base64Binary"] {
            return None;
        }
        told.push(format!("{} {} {}", found.position, found.constraint(), found.text(Language::English, true)));
    }
    told.extend(verdict.fault.map(|fault| fault.to_string()));
    Some((told.is_empty(), told.join("\n  ")))
}

/// Samples of an element, and changed ones.
fn instances(rules: &Rules, namespace: &str, local: &str, seed: u64, samples: u64, changes: u64) -> Vec<String> {
    let element = rules.element(namespace, local).expect("the element is global");
    let mut texts = Vec::new();
    for number in 0..samples {
        let extent = if number % 3 == 0 { Extent::Minimal } else { Extent::Full };
        let plan = Plan { seed: seed.wrapping_add(number), extent };
        let Ok(sample) = specimen::make(rules, element, plan) else { continue };
        let mut dice = Dice::new(seed ^ number << 32);
        texts.extend((0..changes).map(|_| mutation::changed(&sample.text, &mut dice)));
        texts.push(sample.text);
    }
    texts
}

/// What comes of judging instances both ways.
#[derive(Debug, Default)]
struct Tally {
    valid: usize,
    invalid: usize,
    /// Schemas that xmllint does not take.
    untaken: usize,
    disagreements: Vec<String>,
}

impl Tally {
    fn compare(&mut self, folder: &Path, schema: &str, rules: &Rules, texts: &[String]) {
        let Some(theirs) = xmllint::verdicts(folder, schema, texts).unwrap_or_else(|fault| panic!("{fault}")) else {
            self.untaken += 1;
            return;
        };
        for (text, theirs) in texts.iter().zip(theirs) {
            let Some((ours, why)) = verdict(text, rules) else { continue };
            self.valid += usize::from(ours);
            self.invalid += usize::from(!ours);
            if ours != theirs.valid {
                let (we, they) = if ours { ("valid", "invalid") } else { ("invalid", "valid") };
                self.disagreements.push(format!("we: {we}, xmllint: {they}\n  {why}{}\n{text}", theirs.why));
            }
        }
    }

    /// Fails where there are disagreements, or too little to disagree about.
    fn finish(self, valid_least: usize, invalid_least: usize) -> String {
        let Self { valid, invalid, untaken, disagreements } = self;
        assert!(disagreements.is_empty(), "{}\n{}", disagreements.len(), disagreements.join("\n"));
        assert!(valid >= valid_least && invalid >= invalid_least, "the instances say something: {valid}, {invalid}");
        assert!(untaken <= 4 * usize::try_from(effort()).unwrap(), "{untaken} schemas");
        format!(
            "{valid} valid and {invalid} invalid instances are judged alike; xmllint does not take {untaken} schemas"
        )
    }
}

#[test]
fn generated_schemas_and_instances_are_judged_as_xmllint_judges_them() {
    if !xmllint::is_there() {
        println!("not run: there is no xmllint (Debian: libxml2-utils)");
        return;
    }
    let mut tally = Tally::default();
    let first = std::env::var("MEZHVED_DIFFERENTIAL_FROM").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    for seed in first..first + SCHEMAS * effort() {
        let folder = Folder::new();
        let schema = schemas::schema(seed);
        fs::write(folder.path().join("schema.xsd"), &schema).unwrap();
        let source = BTreeMap::from([("schema.xsd".to_owned(), schema.clone().into_bytes())]);
        let rules = schema::compile(&SchemaSet::new(&source).with("schema.xsd"))
            .unwrap_or_else(|faults| panic!("the generator made a wrong schema: seed {seed}: {faults:?}\n{schema}"));
        let texts = instances(&rules, schemas::namespace(seed), "root", seed, SAMPLES, CHANGES);
        let before = tally.disagreements.len();
        tally.compare(folder.path(), "schema.xsd", &rules, &texts);
        if tally.disagreements.len() > before {
            tally.disagreements.push(format!("seed {seed}:\n{schema}"));
        }
    }
    println!("{}", tally.finish(200, 1000));
}

#[test]
fn changed_messages_are_judged_as_xmllint_judges_them() {
    if !xmllint::is_there() {
        println!("not run: there is no xmllint (Debian: libxml2-utils)");
        return;
    }
    let library = Library::load(None).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        library.ending(".xsd").map(|path| (path.to_owned(), library.get(path).unwrap().to_vec())).collect();
    let folder = Folder::new();
    for (path, bytes) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let mut tally = Tally::default();
    for path in files.keys() {
        let rules = schema::compile(&SchemaSet::new(&files).with(path)).unwrap();
        for element in rules.global_elements() {
            let texts = instances(&rules, element.namespace(), element.local(), 7, 10, 25 * effort());
            tally.compare(folder.path(), path, &rules, &texts);
        }
    }
    println!("{}", tally.finish(100, 500));
}
