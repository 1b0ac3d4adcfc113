//! The W3C XML Schema Test Suite for XSD 1.0, judged by the same function as `mezhved validate --batch`: every case that
//! fails stands with its reason in `xsts/known-failures.tsv`, and every case that stands there fails.
//!
//! The suite is not part of the repository. It is looked for at `../shared/xsts/xsts-1.0-half.tar.gz` beside the
//! repository, or where `MEZHVED_XSTS` says; where there is none, the test says so and checks the list alone.

mod samples;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mezhved::assess::Assessor;
use mezhved::schema::Source;

use crate::support::Folder;

const KNOWN_FAILURES: &str = include_str!("xsts/known-failures.tsv");
/// Consecutive cases of the manifest that one thread takes at once: they often share their schemas.
const CHUNK_CASES: usize = 64;

/// One line of the manifest.
#[derive(Debug)]
struct Case<'m> {
    id: &'m str,
    of_schema: bool,
    expected: &'m str,
    schemas: Vec<&'m str>,
    instance: Option<&'m str>,
    /// Whether the suite says that the schemas of this instance are no schemas.
    group_invalid: bool,
}

impl<'m> Case<'m> {
    fn read(line: &'m str) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let &[id, kind, expected, schemas, instance, ref group @ ..] = columns.as_slice() else {
            panic!("the manifest has an odd line: {line}");
        };
        Self {
            id,
            of_schema: kind == "schema",
            expected,
            schemas: schemas.split(';').filter(|path| !path.is_empty()).collect(),
            instance: (kind == "instance").then_some(instance),
            group_invalid: group.first() == Some(&"invalid"),
        }
    }

    /// What the suite would call our answer. Refusing the schemas is no finding about an instance, unless the suite refuses
    /// them too.
    fn verdict<'w>(&self, word: &'w str) -> &'w str {
        match word {
            "schema-invalid" if self.of_schema || self.group_invalid => "invalid",
            _ => word,
        }
    }

    /// The part of the suite that the case belongs to.
    fn set(&self) -> &'m str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

/// The unpacked suite.
struct Suite(Folder);

impl Suite {
    /// The suite in a folder of its own; `None`, which is said, where the archive is not there.
    #[expect(clippy::print_stdout, reason = "whoever reads the tests must see what was not run")]
    fn unpacked() -> Option<Self> {
        let archive = archive();
        if !archive.is_file() {
            println!("NOT RUN: the XML Schema Test Suite is not at {}", archive.display());
            return None;
        }
        let folder = Folder::new();
        let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
        assert!(unpacked.success(), "tar unpacks {}", archive.display());
        Some(Self(folder))
    }

    fn manifest(&self) -> String {
        std::fs::read_to_string(self.0.path().join("manifest.tsv")).unwrap()
    }
}

impl Source for Suite {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.path().join(path)).map_err(|fault| fault.to_string())
    }
}

fn archive() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/xsts/xsts-1.0-half.tar.gz");
    std::env::var_os("MEZHVED_XSTS").map_or_else(beside, PathBuf::from)
}

fn known_failures() -> BTreeMap<&'static str, &'static str> {
    let lines: Vec<(&str, &str)> =
        KNOWN_FAILURES.lines().map(|line| line.split_once('\t').expect("a case, a tab, a reason")).collect();
    assert!(lines.is_sorted_by(|one, next| one.0 < next.0), "the list of known failures is sorted, each case once");
    assert!(lines.iter().all(|(_, reason)| reason.len() > 20), "every known failure has its reason");
    lines.into_iter().collect()
}

/// Our answer to each case, by their order.
fn answers(cases: &[Case<'_>], suite: &Suite) -> Vec<String> {
    let answers: Vec<Mutex<String>> = cases.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut assessor = Assessor::new(suite);
        loop {
            let first = next.fetch_add(CHUNK_CASES, Ordering::Relaxed);
            for (case, answer) in cases.iter().zip(&answers).skip(first).take(CHUNK_CASES) {
                let judged = catch_unwind(AssertUnwindSafe(|| match assessor.assess(&case.schemas, case.instance) {
                    Ok(assessment) => assessment.word().to_owned(),
                    Err(unreadable) => unreadable.to_string(),
                }));
                *answer.lock().unwrap() = judged.unwrap_or_else(|_| {
                    assessor = Assessor::new(suite);
                    "panic".to_owned()
                });
            }
            if first >= cases.len() {
                break;
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    answers.into_iter().map(|answer| answer.into_inner().unwrap()).collect()
}

#[test]
fn the_schema_test_suite_fails_only_where_known() {
    let known = known_failures();
    let Some(suite) = Suite::unpacked() else { return };
    let manifest = suite.manifest();
    let cases: Vec<Case<'_>> = manifest.lines().map(Case::read).collect();
    assert!(cases.len() > 1000, "the manifest is whole");

    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut surprises = Vec::new();
    for (case, answer) in cases.iter().zip(answers(&cases, &suite)) {
        let passes = case.verdict(&answer) == case.expected;
        let (run, failed) = counts.entry(case.set()).or_default();
        *run += 1;
        *failed += usize::from(!passes);
        match (passes, known.get(case.id)) {
            (true, Some(_)) => surprises.push(format!("{}: passes, but is listed as failing", case.id)),
            (false, None) => surprises.push(format!("{}: {answer}, not {}", case.id, case.expected)),
            _ => {}
        }
    }
    for (set, (run, failed)) in counts {
        println!("{set}: {} of {run} pass", run - failed);
    }
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}
