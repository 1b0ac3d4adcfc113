//! Every folder of `fixtures/` is a story: its messages in order, what becomes of each, and how the cases stand at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mezhved::admit::Remark;
use mezhved::pipeline::Pipeline;
use mezhved::store::DeadLetterFilter;
use serde::Deserialize;

use crate::support::{FIVE, Folder, delivery, house, item_results, settle, sound, wake};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[expect(dead_code, reason = "read by people")]
    about: String,
    #[serde(default)]
    message: Vec<Message>,
    #[serde(default)]
    case: Vec<Case>,
    #[serde(default)]
    absent: Absent,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    file: String,
    outcome: String,
    code: Option<String>,
    #[serde(default)]
    violations: Vec<Violation>,
    items: Option<Vec<Item>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone)]
#[serde(deny_unknown_fields)]
struct Violation {
    code: String,
    line: Option<u64>,
    column: Option<u64>,
    path: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Item {
    case: Option<String>,
    result: String,
    code: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    kind: Option<String>,
    number: String,
    status: String,
    history: Option<usize>,
    documents: Option<usize>,
    versions: Option<usize>,
    /// Codes of the timers that are still to go off, but for those of documents, the next one first.
    timers: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Absent {
    cases: Vec<String>,
}

fn stories() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut stories = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.join("expected.toml").exists() {
                stories.push(path);
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    stories.sort();
    stories
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_ends_as_it_says() {
    let stories = stories();
    assert!(stories.len() >= 45, "only {} stories", stories.len());
    let folder = Folder::new();
    let pipeline = house(folder.path(), &format!("[parking]\ndelays_milliseconds = [3600000]\n{FIVE}")).await;
    let mut faults = Vec::new();
    for story in &stories {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(story.join("expected.toml")).unwrap();
        let expected: Expected = toml::from_str(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        tell(&pipeline, story, &expected, &mut |fault| faults.push(format!("{name}: {fault}"))).await;
    }
    sound(&pipeline).await;
    assert!(faults.is_empty(), "{} of {} stories:\n{}", faults.len(), stories.len(), faults.join("\n"));
}

async fn tell(pipeline: &Arc<Pipeline>, story: &Path, expected: &Expected, fault: &mut impl FnMut(String)) {
    for message in &expected.message {
        let body = fs::read(story.join(&message.file)).unwrap();
        check_message(pipeline, message, body, fault).await;
        wake(pipeline).await;
    }
    for case in &expected.case {
        check_case(pipeline, case, fault).await;
    }
    for number in &expected.absent.cases {
        if !pipeline.store.cases_by_number(None, number).await.unwrap().is_empty() {
            fault(format!("case {number} must not exist"));
        }
    }
}

async fn check_message(pipeline: &Arc<Pipeline>, expected: &Message, body: Vec<u8>, fault: &mut impl FnMut(String)) {
    let before = totals(pipeline).await;
    let prepared = pipeline.prepare(vec![delivery(pipeline, body)]).await;
    let ids = [prepared[0].head.message_id.clone(), format!("sha256:{}", hex::encode(prepared[0].head.hash))];
    pipeline.settle(prepared, ()).await.unwrap().into_run();
    let after = totals(pipeline).await;
    let repeated = after.get("repeat").copied().unwrap_or(0) > before.get("repeat").copied().unwrap_or(0);
    let found = if repeated { Vec::new() } else { latest(pipeline, &ids).await };
    let file = &expected.file;
    let Some(view) = found.first() else {
        if expected.outcome != "repeat" {
            fault(format!("{file}: is a repeat, expected {}", expected.outcome));
        }
        return;
    };
    if view.outcome != expected.outcome {
        return fault(format!(
            "{file}: {} {:?}, expected {}; {}",
            view.outcome, view.code, expected.outcome, view.items
        ));
    }
    if let (Some(code), "failed") = (&expected.code, expected.outcome.as_str())
        && view.code.as_ref() != Some(code)
    {
        fault(format!("{file}: code {:?}, expected {code}", view.code));
    }
    if let Some(wanted) = &expected.items {
        let items = item_results(&view.items).into_iter();
        let got: Vec<Item> =
            items.map(|(case, result, code)| Item { case: Some(case), result: result.to_owned(), code }).collect();
        if got != *wanted {
            fault(format!("{file}: items {got:?}, expected {wanted:?}"));
        }
    }
    if !expected.violations.is_empty() {
        check_violations(pipeline, expected, &view.message_id, fault).await;
    }
}

/// The row that was written last under one of these ids.
async fn latest(pipeline: &Pipeline, ids: &[String; 2]) -> Vec<mezhved::store::MessageView> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(pipeline.store.messages_by_id(id).await.unwrap());
    }
    found.sort_by_key(|view| std::cmp::Reverse(view.seq));
    found
}

async fn totals(pipeline: &Pipeline) -> BTreeMap<&'static str, i64> {
    let outcomes = pipeline.store.outcomes().await.unwrap();
    BTreeMap::from([("repeat", outcomes.iter().map(|one| one.repeats).sum())])
}

async fn check_violations(pipeline: &Pipeline, expected: &Message, id: &str, fault: &mut impl FnMut(String)) {
    let filter = DeadLetterFilter { limit: u32::MAX, ..DeadLetterFilter::default() };
    let letters = pipeline.store.dead_letters(&filter).await.unwrap();
    let Some(letter) = letters.iter().rev().find(|letter| letter.message_id == id) else {
        return fault(format!("{}: there is no dead letter", expected.file));
    };
    let remarks: Vec<Remark> = serde_json::from_str(&letter.violations).unwrap();
    let got: Vec<Violation> = remarks
        .into_iter()
        .map(|remark| Violation { code: remark.code, line: remark.line, column: remark.column, path: remark.path })
        .collect();
    let fits = got.len() == expected.violations.len()
        && got.iter().zip(&expected.violations).all(|(got, wanted)| {
            got.code == wanted.code
                && wanted.line.is_none_or(|line| got.line == Some(line))
                && wanted.column.is_none_or(|column| got.column == Some(column))
                && wanted.path.as_ref().is_none_or(|path| got.path.as_ref() == Some(path))
        });
    if !fits {
        fault(format!("{}: violations\n  got      {got:?}\n  expected {:?}", expected.file, expected.violations));
    }
}

async fn check_case(pipeline: &Pipeline, expected: &Case, fault: &mut impl FnMut(String)) {
    let found = pipeline.store.cases_by_number(None, &expected.number).await.unwrap();
    let found: Vec<_> =
        found.into_iter().filter(|case| expected.kind.as_ref().is_none_or(|kind| *kind == case.kind)).collect();
    let [case] = found.as_slice() else {
        return fault(format!("case {}: there are {}", expected.number, found.len()));
    };
    let versions: usize = case.documents.iter().map(|document| document.versions.len()).sum();
    for (what, got, wanted) in [
        ("history", case.history.len(), expected.history),
        ("documents", case.documents.len(), expected.documents),
        ("versions", versions, expected.versions),
    ] {
        if wanted.is_some_and(|wanted| wanted != got) {
            fault(format!("case {}: {got} rows of {what}, expected {wanted:?}", expected.number));
        }
    }
    let own = case.timers.iter().filter(|timer| !timer.code.starts_with("document/"));
    let timers: Vec<_> = own.map(|timer| timer.code.clone()).collect();
    if expected.timers.as_ref().is_some_and(|expected| *expected != timers) {
        fault(format!("case {}: timers {timers:?}, expected {:?}", expected.number, expected.timers));
    }
    if case.status != expected.status {
        fault(format!("case {}: {}, expected {}", expected.number, case.status, expected.status));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_stories_in_one_batch_end_as_message_by_message() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), &format!("[parking]\ndelays_milliseconds = [3600000]\n{FIVE}")).await;
    let alone_folder = Folder::new();
    let alone = house(alone_folder.path(), &format!("[parking]\ndelays_milliseconds = [3600000]\n{FIVE}")).await;
    let mut batch = Vec::new();
    for story in stories() {
        let expected: Expected = toml::from_str(&fs::read_to_string(story.join("expected.toml")).unwrap()).unwrap();
        for message in &expected.message {
            let body = fs::read(story.join(&message.file)).unwrap();
            settle(&alone, vec![delivery(&alone, body.clone())]).await;
            batch.push(delivery(&pipeline, body));
        }
    }
    settle(&pipeline, batch).await;
    wake(&pipeline).await;
    wake(&alone).await;
    let shape = |outcomes: Vec<mezhved::store::OutcomeCount>| {
        outcomes
            .into_iter()
            .map(|one| ((one.system, one.outcome, one.code), (one.messages, one.repeats)))
            .collect::<BTreeMap<_, _>>()
    };
    let together = shape(pipeline.store.outcomes().await.unwrap());
    assert_eq!(together, shape(alone.store.outcomes().await.unwrap()));
    assert!(together.len() > 10, "many outcomes are met: {together:?}");
}
