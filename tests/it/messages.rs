//! Every family of messages has a sample, and every sample is right: it reads without a violation and yields commands. Spoilt, it is
//! refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mezhved::assemble;
use mezhved::binding::{Faulted, Rulebook};
use mezhved::config::{self, Config};

fn samples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages");
    let systems = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut samples: Vec<_> =
        systems.flat_map(|system| fs::read_dir(system).unwrap().map(|entry| entry.unwrap().path())).collect();
    samples.sort();
    samples
}

fn check(rulebook: &Rulebook, sample: &Path, faults: &mut Vec<String>) -> Option<(String, String)> {
    let name = format!("{}/{}", sample.parent()?.file_name()?.display(), sample.file_name()?.display());
    let reading = rulebook.read(&fs::read_to_string(sample).unwrap());
    match &reading.verdict {
        Ok(items) if items.is_empty() => faults.push(format!("{name}: no items")),
        Ok(_) => {}
        Err(fault) => faults.push(format!("{name}: {fault:?}")),
    }
    let family = reading.family?;
    Some((family.system.clone(), family.kind.clone()))
}

#[test]
fn every_family_has_a_right_sample() {
    let config = Config::check(&config::load(None, &[("agency.code".into(), "MINSTROY".into())]).unwrap()).unwrap();
    let rules = assemble::rules(&config).unwrap_or_else(|fault| panic!("{fault}"));
    let mut faults = Vec::new();
    let shown: BTreeSet<_> =
        samples().iter().filter_map(|sample| check(&rules.rulebook, sample, &mut faults)).collect();
    let own = ["SubmitApplication", "StatusUpdate", "DocumentExchange"];
    for family in rules.rulebook.families() {
        // Those of the first system have whole stories.
        let story = family.system == "epgu" && own.contains(&family.kind.as_str());
        if !story && !shown.contains(&(family.system.clone(), family.kind.clone())) {
            faults.push(format!("{} {} has no sample", family.system, family.kind));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Places of the elements of a message's body that hold no others.
fn leaves(text: &str) -> Vec<std::ops::Range<usize>> {
    let document = roxmltree::Document::parse(text).unwrap();
    let body = document.descendants().find(|node| node.has_tag_name(("urn:mezhved:envelope:1.0", "Body"))).unwrap();
    let leaf = |node: &roxmltree::Node<'_, '_>| node.is_element() && !node.children().any(|one| one.is_element());
    body.descendants().filter(leaf).map(|node| node.range()).collect()
}

#[test]
fn every_family_refuses_a_spoilt_sample() {
    let config = Config::check(&config::load(None, &[("agency.code".into(), "MINSTROY".into())]).unwrap()).unwrap();
    let rules = assemble::rules(&config).unwrap_or_else(|fault| panic!("{fault}"));
    let mut faults = Vec::new();
    for sample in samples() {
        let text = fs::read_to_string(&sample).unwrap();
        let name = sample.display();
        let leaves = leaves(&text);
        let without = |range: &std::ops::Range<usize>| format!("{}{}", &text[..range.start], &text[range.end..]);
        let renamed = |range: &std::ops::Range<usize>| {
            let mut spoilt = text.clone();
            spoilt.replace_range(range.clone(), "<unknown xmlns='urn:unknown'/>");
            spoilt
        };
        let refused = |text: &str| {
            let reading = rules.rulebook.read(text);
            let violations = matches!(&reading.verdict, Err(Faulted::Violations(list, _)) if !list.is_empty());
            violations && reading.envelope.message_id.is_some()
        };
        if !leaves.iter().any(|leaf| refused(&without(leaf))) {
            faults.push(format!("{name}: nothing of it is required"));
        }
        if let Some(leaf) = leaves.iter().find(|leaf| !refused(&renamed(leaf))) {
            faults.push(format!("{name}: something unknown is taken for {}", &text[leaf.clone()]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
