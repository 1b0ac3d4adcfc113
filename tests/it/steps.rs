//! Stories told in steps: `fixtures/timers` and `fixtures/rules`. A step sends a message, lets timers fire, looks at a case or at what a
//! command prints. Each story has a house of its own; see `fixtures/README.md`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, Utc};
use mezhved::clock;
use mezhved::pipeline::Pipeline;
use mezhved::store::{CaseView, DeadLetterFilter, MessageView};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::codes;
use crate::support::daemon::Home;
use crate::support::{FIVE, Folder, delivery, house, item_results, sound, wake};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    #[expect(dead_code, reason = "read by people")]
    about: String,
    /// Settings beyond those of all stories, or in their place where they name the systems; `{folder}` is the story's own.
    #[serde(default)]
    settings: String,
    /// Files of the story's folder, by path.
    #[serde(default)]
    files: BTreeMap<String, String>,
    step: Vec<Step>,
}

/// One of: a message of another story, a message of its own, timers that fire, a look at a case, a command.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Step {
    send: Option<String>,
    system: Option<String>,
    from: Option<String>,
    body: Option<String>,
    /// The body stands in no namespace.
    bare: bool,
    /// What the header of the envelope says beside what every one says.
    header: String,
    /// It is only tried.
    test: bool,
    files: Vec<File>,
    outcome: Option<String>,
    code: Option<String>,
    items: Option<Vec<String>>,
    fire: Option<DateTime<Utc>>,
    /// Only what became of timers of this kind of case is looked at.
    of: Option<String>,
    fired: Vec<String>,
    case: Option<String>,
    kind: Option<String>,
    status: Option<String>,
    officer: Option<String>,
    unit: Option<String>,
    reason: Option<String>,
    deadline: Option<DateTime<Utc>>,
    expected_on: Option<String>,
    history: Option<Vec<String>>,
    timers: Option<Vec<String>>,
    requests: Option<Vec<String>>,
    documents: Option<Vec<String>>,
    /// Marks of signature: `type: kind`.
    signed: Option<Vec<String>>,
    details: BTreeMap<String, serde_json::Value>,
    /// Codes of all events of the cases of this number, in order.
    told: Option<Vec<String>>,
    /// What of it went out as documents: `decision`, `result`.
    sent: Option<Vec<String>>,
    run: Vec<String>,
    exit: i32,
    /// Keeps the number of the first case that a command printed as JSON: `{name}` stands for it from now on.
    keep: Option<String>,
    /// What must stand in what was said of a message or printed by a command.
    says: Vec<String>,
    hides: Vec<String>,
}

/// An attachment: a small PDF, or the text that is given.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    id: String,
    name: Option<String>,
    media_type: Option<String>,
    text: Option<String>,
    /// `png` or `jpeg`: a picture's beginning.
    is: Option<String>,
    /// Spaces up to this size.
    size: Option<usize>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn stories(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            stories(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
    found.sort();
}

async fn all_of(folder: &str, least: usize) {
    let mut found = Vec::new();
    stories(&fixtures().join(folder), &mut found);
    assert!(found.len() >= least, "only {} stories", found.len());
    let mut faults = Vec::new();
    for path in found {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let story: Story =
            toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        faults.extend(told(&story).await.into_iter().map(|fault| format!("{name}, {fault}")));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_of_timers_goes_as_it_says() {
    all_of("timers", 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_of_rules_goes_as_it_says() {
    all_of("rules", 1).await;
}

/// Tells a story up to its first faulty step.
async fn told(story: &Story) -> Vec<String> {
    let folder = Folder::new();
    for (path, text) in &story.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let settings = story.settings.replace("{folder}", &folder.path().display().to_string());
    let more = if settings.contains("[intake]") { settings } else { format!("{FIVE}\n{settings}") };
    let pipeline = house(folder.path(), &more).await;
    let year = clock::now().with_timezone(&pipeline.config.zone).year().to_string();
    let kept = RefCell::new(BTreeMap::from([("year".to_owned(), year)]));
    let teller = Teller { kept, folder: folder.path(), pipeline: &pipeline, more: &more };
    for (number, step) in story.step.iter().enumerate() {
        let faults = teller.take(step, number).await;
        if !faults.is_empty() {
            return faults.into_iter().map(|fault| format!("step {}: {fault}", number + 1)).collect();
        }
    }
    sound(&pipeline).await;
    pipeline.store.close().await;
    Vec::new()
}

struct Teller<'a> {
    kept: RefCell<BTreeMap<String, String>>,
    folder: &'a Path,
    pipeline: &'a Arc<Pipeline>,
    more: &'a str,
}

impl Teller<'_> {
    async fn take(&self, step: &Step, number: usize) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(file) = &step.send {
            let body = fs::read(fixtures().join(file)).unwrap_or_else(|fault| panic!("{file}: {fault}"));
            self.send(step, body, &mut faults).await;
        }
        if let (Some(body), Some(system)) = (&step.body, &step.system) {
            let message = envelope(system, &self.known(body).await, number, step);
            self.send(step, message, &mut faults).await;
        }
        if let Some(at) = step.fire {
            self.fire(step, at, &mut faults).await;
        }
        if let Some(number) = &step.case {
            self.look(step, &self.known(number).await, &mut faults).await;
        }
        if !step.run.is_empty() {
            let home = Home::new(self.folder, "amqp://nowhere.invalid", self.more);
            let mut arguments = Vec::new();
            for argument in &step.run {
                arguments.push(self.known(argument).await);
            }
            let output = home.command().args(arguments).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.code() != Some(step.exit) {
                faults.push(format!("{:?}: {} {}", step.run, output.status, String::from_utf8_lossy(&output.stderr)));
            }
            said(step, &printed, &mut faults);
            if let Some(name) = &step.keep {
                let first: serde_json::Value = serde_json::from_str(printed.lines().next().unwrap_or("{}")).unwrap();
                let number = first["number"].as_str().unwrap_or_else(|| panic!("no number in {printed}")).to_owned();
                self.kept.borrow_mut().insert(name.clone(), number);
            }
        }
        faults
    }

    /// A text with what was kept in place of its names, and the code that was sent last in place of `{code|CASE}`.
    async fn known(&self, text: &str) -> String {
        let kept = self.kept.borrow().clone();
        let text = kept.iter().fold(text.to_owned(), |text, (name, it)| text.replace(&format!("{{{name}}}"), it));
        let Some((before, rest)) = text.split_once("{code|") else { return text };
        let (case, after) = rest.split_once('}').unwrap();
        format!("{before}{}{after}", codes::sent(self.pipeline, case).await)
    }

    async fn send(&self, step: &Step, body: Vec<u8>, faults: &mut Vec<String>) {
        let pipeline = self.pipeline;
        let prepared = pipeline.prepare(vec![delivery(pipeline, body)]).await;
        let id = prepared[0].head.message_id.clone();
        pipeline.settle(prepared, ()).await.unwrap().into_run();
        wake(pipeline).await;
        let views = pipeline.store.messages_by_id(&id).await.unwrap();
        let [view] = views.as_slice() else { return faults.push(format!("{} messages {id}", views.len())) };
        let filter = DeadLetterFilter { limit: u32::MAX, ..DeadLetterFilter::default() };
        let letters = pipeline.store.dead_letters(&filter).await.unwrap().into_iter();
        let letters = letters.filter(|letter| letter.message_id == id);
        let text =
            letters.fold(view.items.clone(), |text, letter| format!("{text}\n{} {}", letter.reason, letter.violations));
        let wanted = step.outcome.as_deref().unwrap_or("applied");
        if view.outcome != wanted || step.code.is_some() && step.code != view.code {
            faults.push(format!("{} {:?}, expected {wanted} {:?}: {text}", view.outcome, view.code, step.code));
        }
        if let Some(items) = &step.items {
            let mut wanted = Vec::new();
            for item in items {
                wanted.push(self.known(item).await);
            }
            same("items", &results(view), &wanted, faults);
        }
        said(step, &text, faults);
    }

    async fn fire(&self, step: &Step, at: DateTime<Utc>, faults: &mut Vec<String>) {
        let mut fired = Vec::new();
        loop {
            let piece = self.pipeline.fire(at).await.unwrap();
            if piece.is_empty() {
                break;
            }
            let looked_at = piece.iter().filter(|timer| step.of.as_ref().is_none_or(|kind| *kind == timer.case.kind));
            fired.extend(
                looked_at.map(|one| format!("{} {}: {} {}", one.case.kind, one.code, one.end.state(), one.end.text())),
            );
        }
        same("fired", &fired, &step.fired, faults);
    }

    async fn look(&self, step: &Step, number: &str, faults: &mut Vec<String>) {
        let found = self.pipeline.store.cases_by_number(None, number).await.unwrap();
        let case = found.iter().find(|case| step.kind.as_ref().is_none_or(|kind| *kind == case.kind));
        let Some(case) = case else { return faults.push(format!("there is no case {number}")) };
        look(step, case, faults);
        if let Some(told) = &step.told {
            same(
                "told",
                &self.column("SELECT code FROM events WHERE case_number = ?1 ORDER BY id", number).await,
                told,
                faults,
            );
        }
        if let Some(sent) = &step.sent {
            let bodies = "SELECT body FROM outbox WHERE what = 'document' AND case_number = ?1 ORDER BY id";
            let what = |body: &String| {
                let rest = body.split("Outgoing what=\"").nth(1).and_then(|rest| rest.split('"').next());
                rest.unwrap_or_default().to_owned()
            };
            let bodies = self.column(bodies, number).await;
            said(step, &bodies.concat(), faults);
            same("sent", &bodies.iter().map(what).collect::<Vec<_>>(), sent, faults);
        }
    }

    /// What a statement reads of a case.
    async fn column(&self, statement: &'static str, number: &str) -> Vec<String> {
        let options = SqliteConnectOptions::new().filename(self.folder.join("store.sqlite")).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let rows: Vec<(String,)> = sqlx::query_as(statement).bind(number).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.into_iter().map(|(text,)| text).collect()
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T, faults: &mut Vec<String>) {
    if got != wanted {
        faults.push(format!("{what}\n  got      {got:?}\n  expected {wanted:?}"));
    }
}

fn said(step: &Step, text: &str, faults: &mut Vec<String>) {
    let lacks =
        step.says.iter().filter(|part| !text.contains(*part)).map(|part| format!("does not say {part}: {text}"));
    let tells = step.hides.iter().filter(|part| text.contains(*part)).map(|part| format!("says {part}: {text}"));
    faults.extend(lacks.chain(tells));
}

/// What became of each item: `NUMBER applied`, `NUMBER refused CODE`.
fn results(view: &MessageView) -> Vec<String> {
    let told = |(case, result, code): (String, &str, Option<String>)| match code {
        Some(code) => format!("{case} {result} {code}"),
        None => format!("{case} {result}"),
    };
    item_results(&view.items).into_iter().map(told).collect()
}

fn look(step: &Step, case: &CaseView, faults: &mut Vec<String>) {
    if let Some(status) = &step.status {
        same("status", &case.status, status, faults);
    }
    if step.officer.is_some() {
        same("officer", &case.officer, &step.officer, faults);
    }
    if step.unit.is_some() {
        same("unit", &case.unit, &step.unit, faults);
    }
    if let Some(deadline) = step.deadline {
        same("deadline", &case.deadline, &Some(deadline.timestamp_millis()), faults);
    }
    if step.expected_on.is_some() {
        same("expected_on", &case.expected_on, &step.expected_on, faults);
    }
    if let Some(reason) = &step.reason {
        let last =
            case.history.iter().rev().find_map(|row| row.details.as_deref().filter(|text| text.contains("reasons")));
        let details: serde_json::Value = serde_json::from_str(last.unwrap_or("{}")).unwrap();
        let told = format!("{}: {}", details["reasons"][0]["code"], details["reasons"][0]["text"]).replace('"', "");
        same("reason", &told, reason, faults);
    }
    if let Some(history) = &step.history {
        same("history", &case.history.iter().map(|row| format!("{} {}", row.entry, row.to)).collect(), history, faults);
    }
    if let Some(timers) = &step.timers {
        same("timers", &case.timers.iter().map(|timer| timer.code.clone()).collect(), timers, faults);
    }
    if let Some(requests) = &step.requests {
        same("requests", &case.requests.iter().map(|request| request.state.clone()).collect(), requests, faults);
    }
    if let Some(documents) = &step.documents {
        let states = case.documents.iter().map(|one| format!("{}: {}", one.r#type, one.state)).collect();
        same("documents", &states, documents, faults);
    }
    if let Some(signed) = &step.signed {
        let kind =
            |mark: &str| serde_json::from_str::<serde_json::Value>(mark).unwrap()["kind"].as_str().map(str::to_owned);
        let marks = case.documents.iter().filter_map(|one| {
            let mark = one.signed.as_deref()?;
            Some(format!("{}: {}", one.r#type, kind(mark).unwrap_or_default()))
        });
        same("signed", &marks.collect(), signed, faults);
    }
    for (field, value) in &step.details {
        same(field, &case.details[field], value, faults);
    }
}

/// A message of the agency that may send everything, or of another one. What its body names and no file is given for is a small PDF.
fn envelope(system: &str, body: &str, number: usize, step: &Step) -> Vec<u8> {
    let body = spoken(system, body, step.bare);
    let mut files = step.files.clone();
    for id in body.split("contentId=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        if files.iter().all(|file| file.id != id) {
            files.push(File { id: id.to_owned(), ..File::default() });
        }
    }
    let attached: String = files.iter().map(attachment).collect();
    let attached = match attached.as_str() {
        "" => String::new(),
        some => format!("<env:Attachments>{some}</env:Attachments>"),
    };
    format!(
        "<env:Envelope xmlns:env=\"urn:mezhved:envelope:1.0\"><env:Header>\
         <env:MessageId>{:08x}-15f2-11f1-8fff-02005e100001</env:MessageId>{}\
         <env:Sender><env:Agency>{}</env:Agency></env:Sender>\
         <env:Recipient><env:Agency>MINSTROY</env:Agency><env:System>{system}</env:System></env:Recipient>\
         <env:SentAt>2026-03-02T10:00:00+03:00</env:SentAt>{}</env:Header><env:Body>{body}</env:Body>{attached}</env:Envelope>",
        0xffff_0000_usize + number,
        step.header,
        step.from.as_deref().unwrap_or("CABINET"),
        if step.test { "<env:Test>true</env:Test>" } else { "" },
    )
    .into_bytes()
}

/// A body with the phrases of `fixtures/parts.toml` in place of `{name|argument|…}`, and its namespaces.
fn spoken(system: &str, body: &str, bare: bool) -> String {
    static PARTS: LazyLock<BTreeMap<String, String>> =
        LazyLock::new(|| toml::from_str(&fs::read_to_string(fixtures().join("parts.toml")).unwrap()).unwrap());
    let mut body = body.trim().to_owned();
    while let Some(end) = body.find('}') {
        let start = body[..end].rfind('{').unwrap_or_else(|| panic!("a brace is not opened: {body}"));
        let mut words = body[start + 1..end].split('|');
        let name = words.next().unwrap_or_default();
        let mut phrase = PARTS.get(name).unwrap_or_else(|| panic!("there is no phrase {name}")).clone();
        for number in 1..=6 {
            phrase = phrase.replace(&format!("${number}"), words.next().unwrap_or_default());
        }
        body.replace_range(start..=end, &phrase);
    }
    if !bare {
        let root = body.find([' ', '>', '/']).unwrap_or_default();
        body.insert_str(root, &format!(" xmlns=\"urn:mezhved:{system}:1.0\" xmlns:c=\"urn:mezhved:common:1.0\""));
    }
    body
}

fn attachment(file: &File) -> String {
    let mut bytes = match (file.is.as_deref(), &file.text) {
        (Some("png"), _) => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
        (Some("jpeg"), _) => b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(),
        (Some("docx"), _) => archive("word/document.xml"),
        (Some("xlsx"), _) => archive("xl/workbook.xml"),
        (Some(other), _) => panic!("no file is {other}"),
        (None, Some(text)) => text.clone().into_bytes(),
        (None, None) => format!("%PDF-1.4\n% {}\ntrailer\n<< /Size 1 >>\n%%EOF\n", file.id).into_bytes(),
    };
    if let Some(size) = file.size {
        bytes.resize(size, b' ');
    }
    format!(
        "<env:Attachment contentId=\"{}\"><env:FileName>{}</env:FileName><env:MediaType>{}</env:MediaType>\
         <env:Size>{}</env:Size><env:Sha256>{}</env:Sha256><env:Content>{}</env:Content></env:Attachment>",
        file.id,
        file.name.clone().unwrap_or_else(|| format!("{}.pdf", file.id)),
        file.media_type.as_deref().unwrap_or("application/pdf"),
        bytes.len(),
        hex::encode(Sha256::digest(&bytes)),
        STANDARD.encode(&bytes)
    )
}

/// A ZIP archive of one empty file.
fn archive(name: &str) -> Vec<u8> {
    let short = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
    // Its version, then flags, method, time, date, checksum and sizes, all of them nothing.
    let head = [&[20, 0][..], &[0; 20], &short(name.len()), &[0; 2]].concat();
    let file = [&b"PK\x03\x04"[..], &head, name.as_bytes()].concat();
    let entry = [&b"PK\x01\x02"[..], &[20, 0], &head, &[0; 14], name.as_bytes()].concat();
    let count = [short(1), short(1)].concat();
    let end = [&b"PK\x05\x06"[..], &[0; 4], &count, &short(entry.len()), &[0; 2], &short(file.len()), &[0; 4]].concat();
    [file, entry, end].concat()
}
