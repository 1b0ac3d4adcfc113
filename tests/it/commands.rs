//! Every folder of `tests/it/commands/` is a story about one command: `case.toml` has its arguments, what it is given on
//! standard input and how it ends; `stdout.txt` is what it must print, `stderr` in the case what it must say went wrong.
//! The command runs in the folder. Its own files lie beside.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    arguments: Vec<String>,
    #[serde(default)]
    stdin: String,
    exit: i32,
    /// What standard error must hold; nothing may be there where this is empty.
    #[serde(default)]
    stderr: String,
}

fn check(folder: &Path) {
    let name = folder.file_name().unwrap().to_string_lossy();
    let case: Case = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap())
        .unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_mezhved"))
        .args(&case.arguments)
        .current_dir(folder)
        .env_remove("MEZHVED_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let given = case.stdin.clone();
    let giver = std::thread::spawn(move || {
        // A command that does not read its input closes it.
        drop(stdin.write_all(given.as_bytes()));
    });
    let output = child.wait_with_output().unwrap();
    giver.join().unwrap();
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(case.exit), "{name}\n{printed}\n{said}");
    assert!(said.contains(&case.stderr) && said.is_empty() == case.stderr.is_empty(), "{name}: {said}");
    let expected = fs::read_to_string(folder.join("stdout.txt")).unwrap_or_default();
    assert_eq!(printed, expected, "{name}");
}

fn stories(command: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/commands").join(command);
    let mut stories: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.sort_unstable();
    stories
}

#[test]
fn validate_judges_documents_messages_and_batches() {
    let stories = stories("validate");
    assert!(stories.len() >= 14, "{}", stories.len());
    stories.iter().for_each(|story| check(story));
}

#[test]
fn rules_are_shown_and_samples_made() {
    let stories = stories("rules");
    assert!(stories.len() >= 6, "{}", stories.len());
    stories.iter().for_each(|story| check(story));
}
