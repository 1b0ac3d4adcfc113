//! Exports by the program itself, over a store that messages have filled: registers and reports in every format, jobs with their slots,
//! changes given once, and everything that may go wrong on the way.

#[cfg(feature = "fail-points")]
mod broken;
#[cfg(feature = "s3")]
mod bucket;
mod clock;
mod forms;
mod full;
mod kept;
mod letters;
mod moment;
mod owed;
mod ready;
#[cfg(feature = "xlsx")]
mod sheet;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mezhved::export::Subject;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{Oddity, Shares};
use sha2::{Digest, Sha256};

use crate::support::daemon::Home;
use crate::support::traffic::traffic;
use crate::support::{FIVE, Folder, delivery, house, settle, wake};

/// Nobody listens there, and an export does not ask.
const NO_BROKER: &str = "amqp://127.0.0.1:1/%2f";

/// A house where exports are made.
struct Office {
    folder: Folder,
    home: Home,
}

impl Office {
    /// An office with these jobs over what is in the folder's store.
    fn over(folder: Folder, jobs: &[(&str, &str)]) -> Self {
        Self::with(folder, jobs, "")
    }

    /// The same with more in its configuration.
    fn with(folder: Folder, jobs: &[(&str, &str)], more: &str) -> Self {
        write_jobs(&folder, jobs);
        let home = Home::new(folder.path(), NO_BROKER, &format!("{FIVE}\n{}{more}", section(&folder)));
        Self { folder, home }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn run(&self, job: &str, slot: &str, code: i32) -> String {
        self.home.verb(&["export", "run", job, "--slot", slot], code)
    }

    /// What the program says went wrong.
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.home.command().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.out().join(name)).unwrap_or_else(|fault| panic!("{name}: {fault}; there are {:?}", self.files()))
    }

    /// Everything that lies in the output folder, hidden files too.
    fn files(&self) -> BTreeSet<String> {
        names(&self.out())
    }

    /// Nothing half is left anywhere.
    fn is_clean(&self) {
        for folder in [self.out(), self.folder.path().join("work/making")] {
            let parts: Vec<String> =
                names(&folder).into_iter().filter(|name| name.strip_suffix(".part").is_some()).collect();
            assert_eq!(parts, Vec::<String>::new(), "{}", folder.display());
        }
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The jobs of a folder; `OUT` in them is the folder that their files go to.
fn write_jobs(folder: &Folder, jobs: &[(&str, &str)]) {
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("jobs")).unwrap();
    for (name, text) in jobs {
        let text = text.replace("OUT", &at("out").display().to_string());
        fs::write(at("jobs").join(format!("{name}.toml")), text).unwrap();
    }
}

/// The section of the configuration that a folder's exports are made by.
fn section(folder: &Folder) -> String {
    let at = |name: &str| folder.path().join(name).display().to_string();
    format!("[exports]\nfolder = '{}'\noutput = '{}'\nwork_folder = '{}'\n", at("jobs"), at("out"), at("work"))
}

/// Everything in the fixtures that the five systems take.
fn fixtures() -> Vec<Vec<u8>> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "xml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Messages of one transaction: few enough that cases move on in later ones, as they do in life.
const TOGETHER: usize = 25;

async fn filled(folder: &Folder, bodies: Vec<Vec<u8>>) -> Arc<Pipeline> {
    filled_with(folder, "", bodies).await
}

/// The same with more in the configuration.
async fn filled_with(folder: &Folder, more: &str, bodies: Vec<Vec<u8>>) -> Arc<Pipeline> {
    let pipeline = house(folder.path(), &format!("[parking]\ndelays_milliseconds = [3600000]\n{FIVE}\n{more}")).await;
    for part in bodies.chunks(TOGETHER) {
        settle(&pipeline, part.iter().map(|body| delivery(&pipeline, body.clone())).collect()).await;
    }
    wake(&pipeline).await;
    pipeline
}

fn some_traffic(seed: u64, messages: u64) -> Vec<Vec<u8>> {
    let shares = Shares::none().with(Oddity::Schema, 30).with(Oddity::Late, 20);
    traffic(seed, messages, shares).into_iter().map(|message| message.bytes.to_vec()).collect()
}

/// Lines of a CSV file without its headings; no value of these registers has a line break.
fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().skip(1).map(str::to_owned).collect()
}

/// What must have something in every column after the fixtures and some traffic. Cases of one kind never fill all that cases have.
const WHOLE: [&str; 9] = [
    "cases",
    "status-history",
    "documents",
    "document-requests",
    "messages",
    "cases-by-status",
    "terms",
    "throughput",
    "responses",
];
/// But these: no timer runs here, and no units are chosen.
const UNFILLED: [&str; 2] = ["timer", "unit"];

/// The columns in which no row has anything.
fn unfilled(printed: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(printed.as_bytes());
    let headings: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut filled = vec![false; headings.len()];
    for row in reader.records() {
        row.unwrap().iter().zip(&mut filled).for_each(|(value, filled)| *filled |= !value.is_empty());
    }
    let empty =
        headings.into_iter().zip(filled).filter(|(heading, filled)| !filled && !UNFILLED.contains(&heading.as_str()));
    empty.map(|(heading, _)| heading).collect()
}

/// Whether each row of a table that no sheet has room for is a card on paper, headed by its key, with the heading of its column at each value.
fn is_printable(code: &str, page: &str) {
    let (headings, labels) = (page.matches("<th ").count(), page.matches("::before{content:").count());
    let (rows, keys) = (page.matches("<tr>").count() - 1, page.matches("<td class=\"key\">").count());
    let has_cards = page.contains("class=\"wide cards\"");
    assert_eq!((labels, keys), if has_cards { (headings, rows) } else { (0, 0) }, "{code}");
    assert!(has_cards || headings <= 20, "{code}: {headings} columns");
    assert_eq!(page.contains("A4 landscape"), page.contains("class=\"wide\">"), "{code}");
    assert!(code != "cases" || has_cards, "{code}");
}

/// How many rows a table of CSV has; of cases their numbers too.
fn as_table(csv: &str, code: &str) -> (usize, Vec<String>) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let number = reader.headers().unwrap().iter().position(|heading| heading == "number" && code == "cases");
    let rows: Vec<csv::StringRecord> = reader.into_records().map(Result::unwrap).collect();
    (rows.len(), rows.iter().filter_map(|row| Some(row[number?].to_owned())).collect())
}

/// The same of a document of XML.
fn as_document(xml: &str, code: &str) -> (usize, Vec<String>) {
    let document = roxmltree::Document::parse(xml).unwrap();
    let rows: Vec<_> = document.root_element().children().filter(roxmltree::Node::is_element).collect();
    let number = |row: &roxmltree::Node<'_, '_>| {
        let own = row.children().find(|field| field.tag_name().name() == "Number" && code == "cases")?;
        Some(own.text()?.to_owned())
    };
    (rows.len(), rows.iter().filter_map(number).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_register_and_report_is_written_in_every_format() {
    let folder = Folder::new();
    let pipeline = filled(&folder, fixtures().into_iter().chain(some_traffic(5, 300)).collect()).await;
    while mezhved::notify::tell(&pipeline).await.unwrap() > 0 {}
    pipeline.store.close().await;
    let office = Office::over(folder, &[]);
    let mut empty = Vec::new();
    for subject in Subject::all() {
        let code = subject.code();
        let file = office.folder.path().join("file");
        let path = file.display().to_string();
        if subject.columns().is_empty() {
            office.home.verb(&["export", "run", code, "--format", "html", "--output", &path], 0);
            let page = fs::read_to_string(&file).unwrap();
            assert!(page.matches("<svg").count() >= 4 && page.ends_with("</html>\n"), "{page}");
            continue;
        }
        let printed = office.home.verb(&["export", "run", code], 0);
        if lines(printed.as_bytes()).is_empty() {
            empty.push(code);
        }
        if WHOLE.contains(&code) {
            assert_eq!(unfilled(&printed), Vec::<String>::new(), "{code}: something stands in every column");
        }
        // The program itself holds documents against their schemas; here they are held against them by themselves.
        office.home.verb(&["export", "run", code, "--format", "xml", "--output", &path], 0);
        let schemas = office.folder.path().join("schemas");
        office.home.verb(&["export", "schema", code, "--into", &schemas.display().to_string()], 0);
        let (mut rows, numbers) = as_table(&printed, code);
        // What was exported first stands in the journal by now.
        rows += usize::from(code == "audit");
        assert_eq!(as_document(&fs::read_to_string(&file).unwrap(), code), (rows, numbers), "{code}: the same rows");
        let schema = schemas.join(format!("{code}.xsd"));
        office.home.verb(&["validate", "--schema", &schema.display().to_string(), &path], 0);
        office.home.verb(&["export", "run", code, "--profile", "excel-ru", "--output", &path], 0);
        assert!(fs::read(&file).unwrap().starts_with("\u{FEFF}".as_bytes()));
        office.home.verb(&["export", "run", code, "--format", "html", "--output", &path], 0);
        is_printable(code, &fs::read_to_string(&file).unwrap());
    }
    assert_eq!(empty, Vec::<&str>::new(), "some rows of everything");
    let consents = office.home.verb(&["export", "run", "consents", "--columns", "number,field.user-name"], 0);
    assert!(consents.contains('*') && !consents.contains("Иван"), "names are masked: {consents}");
    office.is_clean();
}

const CASES: &str = "code = 'cases'\nregister = 'cases'\ncolumns = ['number', 'status', 'changed_at']\n\
                     [[destination]]\nkind = 'folder'\nname = '{slot:%Y}/{job}.{ext}'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_has_one_file_whatever_the_tables_hold_later() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(6, 60)).await;
    let office = Office::over(folder, &[("cases", CASES)]);
    office.run("cases", "2026-03-04", 0);
    let first = office.file("2026/cases.csv");
    let manifest: serde_json::Value = serde_json::from_slice(&office.file("2026/cases.csv.manifest.json")).unwrap();
    assert_eq!(manifest["file"], "cases.csv", "its name there");
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(&first)));
    assert_eq!(manifest["rows"], lines(&first).len());
    assert_eq!(manifest["bytes"], first.len());
    assert_eq!(manifest["slot"], "2026-03-03T21:00:00.000Z");
    settle(&pipeline, some_traffic(7, 60).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    fs::remove_dir_all(office.out()).unwrap();
    assert!(office.run("cases", "2026-03-04", 0).contains("as it was made before"));
    assert!(office.file("2026/cases.csv") == first, "the same bytes");
    office.run("cases", "2025-03-04", 0);
    assert!(lines(&office.file("2025/cases.csv")).len() > lines(&first).len(), "another slot sees what is there now");
    let anew = office.home.verb(&["export", "run", "cases", "--slot", "2026-03-04", "--anew"], 0);
    assert!(anew.contains(", made"), "{anew}");
    assert!(office.file("2026/cases.csv") == office.file("2025/cases.csv"));
    let history = office.home.verb(&["export", "history", "--job", "cases", "--json"], 0);
    let runs: Vec<serde_json::Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tries: Vec<_> = runs.iter().map(|run| (run["attempt"].as_i64(), run["state"].as_str())).collect();
    assert_eq!(
        tries,
        [(Some(1), Some("done")), (Some(2), Some("done")), (Some(1), Some("done")), (Some(3), Some("done"))]
    );
    office.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_cannot_run_are_told_and_hinder_no_other() {
    let folder = Folder::new();
    filled(&folder, some_traffic(12, 20)).await.store.close().await;
    let to = |path: &str| format!("register = 'cases'\n[[destination]]\nkind = 'folder'\npath = '{path}'\n");
    let office = Office::over(
        folder,
        &[
            ("column", "code = 'column'\nregister = 'cases'\ncolumns = ['colour']\n"),
            ("register", "code = 'register'\nregister = 'houses'\n"),
            ("never", "code = 'never'\nregister = 'cases'\n[schedule]\ncron = '0 0 31 2 *'\n"),
            ("nowhere", &format!("code = 'nowhere'\n{}", to("OUT/no/such/folder"))),
            ("closed", &format!("code = 'closed'\n{}", to("/sys"))),
            ("good", CASES),
        ],
    );
    let checked = office.home.verb(&["export", "check"], 1);
    for said in [
        "column.toml:3: export.job: cases has no column `colour`",
        "register.toml:2: export.job: there is no register `houses`",
        "export.job: cron.never: `0 0 31 2 *` never fires",
        "nowhere.toml:3: export.destination: folder",
        "make the folder, or name another",
    ] {
        assert!(checked.contains(said), "{said}\n{checked}");
    }
    assert!(office.refused(&["export", "run", "column"], 2).contains("cases has no column `colour`"));
    for (job, said) in [("nowhere", "make the folder, or name another"), ("closed", "/sys")] {
        let run = ["export", "run", job, "--slot", "2026-03-04"];
        let output = office.home.command().args(run).output().unwrap();
        let refused = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && refused.contains(said), "{refused}");
        let history = office.home.verb(&["export", "history", "--job", job, "--state", "failed", "--json"], 0);
        assert!(history.contains(said) && history.lines().count() == 1, "{history}");
    }
    office.run("cases", "2026-03-04", 0);
    assert!(office.home.verb(&["export", "list", "--json"], 1).contains("\"job\":\"cases\""));
    // Once the folder is there, the slot's file goes to it as it was made.
    fs::create_dir_all(office.out().join("no/such/folder")).unwrap();
    assert!(office.run("nowhere", "2026-03-04", 0).contains("as it was made before"));
    office.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_in_a_wrong_way_is_told_and_leaves_what_was_there() {
    let folder = Folder::new();
    filled(&folder, some_traffic(16, 40)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let path = |name: &str| office.folder.path().join(name).display().to_string();
    let told = |arguments: &[&str], code: i32| {
        let arguments: Vec<&str> = ["export", "run"].iter().chain(arguments).copied().collect();
        office.refused(&arguments, code)
    };
    let (nowhere, there, linked) = (path("no/such/file.csv"), path("there.csv"), path("linked.csv"));
    assert!(told(&["houses"], 2).contains("houses is no job that can run, and no register or report"));
    for (wrong, said) in [
        (&["cases", "--columns", "colour"][..], "cases has no column `colour`"),
        (&["cases", "--format", "xml", "--columns", "number"], "a document has all columns of its schema"),
        (&["overview"], "write `format = \"html\"`"),
    ] {
        let refused = told(wrong, 2);
        assert!(refused.contains(said) && !refused.contains("no register"), "{wrong:?}: {refused}");
    }
    assert!(told(&["cases", "--output", &nowhere], 1).contains("make the folder, or name another"));
    assert!(told(&["cases", "--output", &path("")], 1).contains("it is a folder; name a file"));
    // A file takes the place of the one before it; what is no file takes what comes.
    fs::write(&there, "before").unwrap();
    std::os::unix::fs::symlink(&there, &linked).unwrap();
    office.home.verb(&["export", "run", "cases", "--output", &linked], 0);
    assert!(fs::symlink_metadata(&linked).unwrap().is_symlink());
    let printed = office.home.verb(&["export", "run", "cases", "--output", "/dev/stdout"], 0);
    assert!(
        printed.starts_with(&fs::read_to_string(&there).unwrap()) && printed.contains("/dev/stdout: "),
        "{printed}"
    );
    office.home.verb(&["export", "run", "cases", "--format", "xml", "--output", "/dev/null"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_ends_the_export_quietly() {
    let folder = Folder::new();
    filled(&folder, some_traffic(13, 300)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let mut command = office.home.command();
    command.args(["export", "run", "status-history"]).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}
