//! No log holds a value of a message: every fixture is processed with everything logged, and no text of theirs is found; nor in the log
//! of any daemon that a story starts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder};

/// Elements whose text is of persons even where it is one word; codes, numbers of cases and ids may be logged.
const PERSONAL: [&str; 18] = [
    "Name",
    "LastName",
    "FirstName",
    "MiddleName",
    "BirthDate",
    "Snils",
    "Inn",
    "Ogrn",
    "Ogrnip",
    "FullName",
    "Email",
    "Phone",
    "Street",
    "House",
    "Account",
    "Series",
    "ActorSnils",
    "Comment",
];

fn messages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            messages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "xml") {
            found.push(path);
        }
    }
}

/// The texts of personal elements, and all that somebody wrote in words, long enough not to be met by chance.
pub(crate) fn values(text: &str, found: &mut BTreeSet<String>) {
    for (tag, value) in text.split('<').filter_map(|piece| piece.split_once('>')) {
        let name = tag.split(char::is_whitespace).next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        let value = value.trim();
        let words = value.contains(' ') && value.chars().count() >= 8;
        if value.chars().count() >= 4 && (PERSONAL.contains(&name) || words) {
            found.insert(value.to_owned());
        }
    }
}

/// Those of all fixtures.
pub(crate) fn of_fixtures() -> &'static BTreeSet<String> {
    static VALUES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let mut found = BTreeSet::new();
        fixtures().iter().for_each(|path| values(&String::from_utf8_lossy(&fs::read(path).unwrap()), &mut found));
        found
    });
    &VALUES
}

fn fixtures() -> Vec<PathBuf> {
    let mut files = Vec::new();
    messages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut files);
    files
}

/// None of these values stands in a log.
pub(crate) fn holds_none(log: &str, personal: &BTreeSet<String>) {
    for value in personal {
        assert!(!log.contains(value.as_str()), "the log holds a value of a message: {value}");
    }
}

#[test]
fn logs_of_all_stories_hold_no_value() {
    let folder = Folder::new();
    let settings = format!("{FIVE}\n[log]\nlevel = \"mezhved=trace,sqlx=warn\"\n");
    let home = Home::new(folder.path(), "amqp://nobody@127.0.0.1:1", &settings);
    let inbox = folder.path().join("inbox");
    for (number, path) in fixtures().iter().enumerate() {
        let story = inbox.join(format!("{number:04}"));
        fs::create_dir_all(&story).unwrap();
        fs::copy(path, story.join("message.xml")).unwrap();
    }
    let personal = of_fixtures();
    assert!(personal.len() > 200, "there are values to look for: {}", personal.len());
    let output = home.command().arg("process").arg(&inbox).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    for stream in [&output.stderr, &output.stdout] {
        holds_none(&String::from_utf8_lossy(stream), personal);
    }
    assert!(!output.stderr.is_empty(), "something is logged");
    // Receipts stand beside the messages.
    let mut receipts = Vec::new();
    messages(&inbox, &mut receipts);
    receipts.retain(|path| path.to_string_lossy().ends_with(".receipt.xml"));
    assert!(receipts.len() > 100, "receipts are written: {}", receipts.len());
}
