//! No log holds a value of a message: every fixture is processed with everything logged, and no text of theirs is found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder};

/// Elements whose text is of persons or of what they ask; codes, numbers of cases and ids may be logged.
const PERSONAL: [&str; 17] = [
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

/// The texts of personal elements, long enough not to be met by chance.
pub(crate) fn values(text: &str, found: &mut BTreeSet<String>) {
    for name in PERSONAL {
        for part in text.split(&format!("{name}>")).skip(1) {
            let value = part.split('<').next().unwrap_or_default().trim();
            if value.chars().count() >= 4 && !part.starts_with('<') {
                found.insert(value.to_owned());
            }
        }
    }
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
    let mut files = Vec::new();
    messages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut files);
    let inbox = folder.path().join("inbox");
    let mut personal = BTreeSet::new();
    for (number, path) in files.iter().enumerate() {
        let story = inbox.join(format!("{number:04}"));
        fs::create_dir_all(&story).unwrap();
        fs::copy(path, story.join("message.xml")).unwrap();
        values(&String::from_utf8_lossy(&fs::read(path).unwrap()), &mut personal);
    }
    assert!(personal.len() > 50, "there are values to look for: {}", personal.len());
    let output = home.command().arg("process").arg(&inbox).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    for stream in [&output.stderr, &output.stdout] {
        holds_none(&String::from_utf8_lossy(stream), &personal);
    }
    // Receipts stand beside the messages.
    let mut receipts = Vec::new();
    messages(&inbox, &mut receipts);
    receipts.retain(|path| path.to_string_lossy().ends_with(".receipt.xml"));
    assert!(receipts.len() > 100, "receipts are written: {}", receipts.len());
}
