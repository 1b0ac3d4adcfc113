//! The content files: what is missing, changed or left over is found, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mezhved::desk::contents::{FileFinding, Looked, Wrong, verify};
use mezhved::domain::content::ContentHash;
use mezhved::pipeline::Pipeline;

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder, delivery, house, message, settle, tell, wake};

const STORIES: [&str; 3] = [
    "epgu/valid/a-new-version-of-a-document",
    "epgu/valid/documents-uploaded-requested-judged-and-signed",
    "epgu/invalid/a-locked-file-cannot-be-signed",
];

async fn look(pipeline: &Pipeline) -> (Looked, Vec<FileFinding>) {
    let mut findings = Vec::new();
    let found = |finding: &FileFinding| findings.push(finding.clone());
    let looked = verify(&pipeline.store, &pipeline.contents, Duration::ZERO, found).await.unwrap();
    findings.sort_unstable_by(|one, other| one.content.cmp(&other.content));
    (looked, findings)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder.join("contents")).unwrap();
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort_unstable();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_changed_and_left_over_files_are_told() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    // A long body lies among the contents too.
    let long = format!("<a>{}</a>", "x".repeat(pipeline.config.message_bytes_max.max(2 << 20)));
    settle(&pipeline, vec![delivery(&pipeline, long.into_bytes())]).await;
    let files = files(folder.path());
    let (looked, findings) = look(&pipeline).await;
    assert_eq!((looked.contents, findings), (files.len() as u64, Vec::new()));
    assert!(files.len() > 3 && looked.bytes > 2 << 20);

    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], b"other bytes").unwrap();
    let stray = files[2].with_file_name("0123.part");
    fs::write(&stray, b"cut short").unwrap();
    let unnamed = folder.path().join("contents").join("ff").join("f".repeat(64));
    fs::create_dir_all(unnamed.parent().unwrap()).unwrap();
    fs::write(&unnamed, b"nobody's").unwrap();
    let (looked, findings) = look(&pipeline).await;
    let mut told: Vec<(Wrong, String)> = findings.iter().map(|one| (one.wrong, one.content.clone())).collect();
    let mut expected = vec![
        (Wrong::Missing, name(&files[0])),
        (Wrong::Changed, name(&files[1])),
        (Wrong::Leftover, stray.display().to_string()),
        (Wrong::Leftover, unnamed.display().to_string()),
    ];
    told.sort_unstable_by(|one, other| one.1.cmp(&other.1));
    expected.sort_unstable_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(told, expected);
    assert_eq!(looked.findings, 4);
    assert!(findings.iter().all(|one| (one.wrong == Wrong::Leftover) == one.named_by.is_empty()));

    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    let young = home.verb(&["documents", "verify"], 1);
    assert!(young.contains("missing ") && young.contains("changed ") && !young.contains("leftover "), "{young}");
    let json = home.verb(&["document", "verify", "--leftover-age", "0", "--json"], 1);
    assert_eq!(json.lines().count(), 5, "{json}");
    assert!(json.lines().last().unwrap().contains("\"findings\":4"), "{json}");
}

/// The second message of a story about a reference, about a content of this length instead.
fn referring(story: &str, id: &str, number: &str, bytes: &[u8]) -> Vec<u8> {
    let name = ContentHash::of(bytes).to_string();
    let mut text = story.to_owned();
    for (tag, value) in [("env:MessageId", id), ("c:Number", number), ("env:Sha256", &name), ("env:Reference", &name)] {
        text = within(&text, tag, value);
    }
    within(&text, "env:Size", &bytes.len().to_string()).into_bytes()
}

/// A text with another value in an element.
fn within(text: &str, tag: &str, value: &str) -> String {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let (before, rest) = text.split_once(&open).unwrap();
    let (_, after) = rest.split_once(&close).unwrap();
    format!("{before}{open}{value}{close}{after}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_file_is_taken_and_one_byte_more_is_not() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &["epgu/valid/an-attachment-by-reference"]).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/epgu/valid/an-attachment-by-reference/02-reference.xml");
    let story = fs::read_to_string(path).unwrap();
    let rules = pipeline.lifecycles.get("epgu").unwrap().documents().unwrap();
    let largest = usize::try_from(rules.size_bytes_max("site-plan")).unwrap();
    for (more, id, code) in [
        (0, "00d70001-15f2-11f1-80d7-02005e1000d7", None),
        (1, "00d70002-15f2-11f1-80d7-02005e1000d7", Some("attachment-not-allowed")),
    ] {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        bytes.resize(largest + more, b' ');
        let body = referring(&story, id, &format!("П-{more}-большой"), &bytes);
        pipeline.contents.keep(&[(ContentHash::of(&bytes).to_string(), Arc::new(bytes))]).unwrap();
        settle(&pipeline, vec![delivery(&pipeline, body)]).await;
        assert_eq!(message(&pipeline, id).await.code.as_deref(), code);
    }
}

/// A message that overtook its application refers to a content that no row names; retention runs while it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_that_a_waiting_message_refers_to_stays() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    let fixture = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/epgu/valid/an-attachment-by-reference");
        fs::read(folder.join(name)).unwrap()
    };
    let story = String::from_utf8(fixture("02-reference.xml")).unwrap();
    let id = "00d80001-15f2-11f1-80d8-02005e1000d8";
    let [wanted, nobodys] = [b"%PDF-1.7\nwanted".to_vec(), b"%PDF-1.7\nnobody's".to_vec()];
    let names = [&wanted, &nobodys].map(|bytes| ContentHash::of(bytes).to_string());
    let body = referring(&story, id, "П-ждёт", &wanted);
    for (name, bytes) in names.iter().zip([wanted, nobodys]) {
        pipeline.contents.keep(&[(name.clone(), Arc::new(bytes))]).unwrap();
    }
    let before = mezhved::clock::now() - Duration::from_hours(1);
    let long_ago = std::time::SystemTime::from(before) - Duration::from_hours(1);
    for file in files(folder.path()) {
        fs::File::open(file).unwrap().set_times(fs::FileTimes::new().set_modified(long_ago)).unwrap();
    }
    settle(&pipeline, vec![delivery(&pipeline, body)]).await;
    assert_eq!(message(&pipeline, id).await.outcome, "parked");
    assert_eq!(pipeline.forget_orphans(before).await.unwrap(), 1);
    assert_eq!(names.each_ref().map(|name| pipeline.contents.has(name)), [true, false]);
    settle(&pipeline, vec![delivery(&pipeline, fixture("01-inline.xml"))]).await;
    wake(&pipeline).await;
    assert_eq!(message(&pipeline, id).await.outcome, "applied");
    // Named by a row, it stays however old it is.
    assert_eq!(pipeline.forget_orphans(mezhved::clock::now() + Duration::from_hours(1)).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_contents_is_well() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    assert_eq!(look(&pipeline).await, (Looked::default(), Vec::new()));
    Home::new(folder.path(), "amqp://nowhere.invalid", "").verb(&["document", "verify"], 0);
}
