//! The rules of the house, kept by reading its sources: which room may know which, and what no file may hold.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms without I/O, clock and environment.
const PURE: [&str; 14] = [
    "domain",
    "xml",
    "rules",
    "schema",
    "binding",
    "decode",
    "validate",
    "assess",
    "apply",
    "specimen",
    "grid",
    "handbook",
    "hypertext",
    "sheet",
];

/// What a room may not know, and where to turn instead.
const MAY_NOT_KNOW: &[(&[&str], &[&str], &str)] = &[
    (
        &PURE,
        &["tokio", "tokio_util", "sqlx", "lapin", "std::env", "crate::broker"],
        "a pure room takes facts and moments as arguments",
    ),
    (&PURE, &["crate::clock"], "take `now` as an argument"),
    (&["schema"], &["crate::validate"], "schema and validate meet in crate::rules alone"),
    (&["validate"], &["crate::schema"], "schema and validate meet in crate::rules alone"),
    (
        &["store"],
        &["lapin", "crate::broker", "crate::xml", "quick_xml", "roxmltree"],
        "the store knows rows, neither broker nor XML",
    ),
    (
        &["schedule"],
        &["lapin", "crate::broker", "crate::xml", "crate::cli", "crate::daemon"],
        "a job works through pipeline and store",
    ),
    (
        &["export"],
        &["lapin", "crate::broker", "crate::cli"],
        "an export reads the store and writes files; what goes to the broker goes through the outbox",
    ),
    (&["cli", "console"], &["sqlx"], "SQL lives in crate::store alone"),
    (&["cli"], &["crate::console"], "cli and console stand side by side over desk and store"),
    (&["console"], &["crate::cli"], "cli and console stand side by side over desk and store"),
];

/// Crates, and the rooms that alone use them.
const SOLE_USERS: [(&str, &[&str]); 11] = [
    ("sqlx", &["store"]),
    ("lapin", &["broker"]),
    ("quick_xml", &["xml"]),
    ("roxmltree", &["schema"]),
    ("lettre", &["mail"]),
    ("reqwest", &["broker", "notify"]),
    ("std::env", &["config"]),
    ("croner", &["schedule"]),
    ("tokio_cron_scheduler", &["schedule"]),
    ("krilla", &["sheet"]),
    ("skrifa", &["sheet"]),
];

/// Names that say nothing.
const NO_SUCH_ROOMS: [&str; 6] = ["utils", "util", "common", "types", "helpers", "misc"];

struct File {
    room: String,
    path: PathBuf,
    text: String,
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    assert!(files.len() > 50, "the sources are where they were");
    files
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            // A room's unit tests may use whatever they hold it against.
            continue;
        }
        if path.is_dir() {
            walk(root, &path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let relative = path.strip_prefix(root).unwrap();
            let room = relative.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
            files.push(File { room, text: fs::read_to_string(&path).unwrap(), path: relative.to_path_buf() });
        }
    }
}

/// The code of a file without its comments and its unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    (1..).zip(text[..tests].lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn names(line: &str, what: &str) -> bool {
    line.match_indices(what).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + what.len()..].chars().next();
        let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
        !before.is_some_and(part_of_name) && after.is_some_and(|c| c == ':' || c == ';' || c == ',' || c == '}')
    })
}

#[test]
fn rooms_know_only_what_they_may() {
    let mut faults = Vec::new();
    for file in sources() {
        for (rooms, forbidden, instead) in MAY_NOT_KNOW {
            if !rooms.contains(&file.room.as_str()) {
                continue;
            }
            for (number, line) in code(&file.text) {
                for name in forbidden.iter().filter(|name| names(line, name)) {
                    faults.push(format!("src/{}:{number}: knows {name}: {instead}", file.path.display()));
                }
            }
        }
        for (name, sole) in SOLE_USERS.iter().filter(|(_, sole)| !sole.contains(&file.room.as_str())) {
            for (number, _) in code(&file.text).filter(|(_, line)| names(line, name)) {
                faults.push(format!(
                    "src/{}:{number}: uses {name}: only {} may",
                    file.path.display(),
                    sole.join(" and ")
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_room_has_a_name_that_says_nothing() {
    for file in sources() {
        for part in &file.path {
            let name = part.to_string_lossy();
            let name = name.trim_end_matches(".rs");
            assert!(!NO_SUCH_ROOMS.contains(&name), "src/{}: name the room by what it does", file.path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_one_room() {
    for file in sources() {
        let path = file.path.display();
        assert!(file.text.starts_with("//!"), "src/{path}: begin with what it does and what it must not know");
        let lines = file.text.lines().count();
        assert!(lines <= 600, "src/{path}: {lines} lines: more than one room");
    }
}

/// Its files lie in the folder of exports and not among the contents; `export::forget` removes them.
const OWN_CONTENTS: &str = "export_runs";

/// Retention removes contents that nothing refers to: whatever refers to one must be asked.
#[test]
fn every_column_that_names_a_content_is_asked_before_a_content_is_removed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asks = fs::read_to_string(root.join("src/store/sqlite/timers.rs")).unwrap();
    let mut columns = 0;
    for entry in fs::read_dir(root.join("migrations/sqlite")).unwrap() {
        let mut table = String::new();
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            if let Some(name) = line.strip_prefix("CREATE TABLE ") {
                table = name.split_whitespace().next().unwrap().to_owned();
            }
            let mut words = line.split_whitespace();
            if table == OWN_CONTENTS {
                continue;
            }
            let (column, kind) = (words.next(), words.next().map(|kind| kind.trim_end_matches(',')));
            if let (Some(column @ ("sha256" | "content")), Some("TEXT")) = (column, kind) {
                columns += 1;
                let asked = format!("FROM {table} WHERE {column} = k.value");
                assert!(asks.contains(&asked), "{table}.{column} names contents: let `unreferred` ask it");
            }
        }
    }
    assert!(columns >= 2, "the columns are where they were");
}
