//! Exports by the program itself, over a store that messages have filled: registers and reports in every format, jobs with their slots,
//! changes given once, and everything that may go wrong on the way.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mezhved::export::Subject;
use mezhved::failpoint;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{Oddity, Shares};
use mezhved::store::{Column, ExportFilter, Register, Selection, Snapshot};
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
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("jobs")).unwrap();
        for (name, text) in jobs {
            let text = text.replace("OUT", &at("out").display().to_string());
            fs::write(at("jobs").join(format!("{name}.toml")), text).unwrap();
        }
        let exports = format!(
            "{FIVE}\n[exports]\nfolder = '{}'\noutput = '{}'\nwork_folder = '{}'\n",
            at("jobs").display(),
            at("out").display(),
            at("work").display()
        );
        let home = Home::new(folder.path(), NO_BROKER, &exports);
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
    let pipeline = house(folder.path(), &format!("[parking]\ndelays_milliseconds = [3600000]\n{FIVE}")).await;
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
        // The program itself holds documents against their schemas; here they are held against them by themselves.
        office.home.verb(&["export", "run", code, "--format", "xml", "--output", &path], 0);
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("xsd/export/1.0/{code}.xsd"));
        office.home.verb(&["validate", "--schema", &schema.display().to_string(), &path], 0);
        office.home.verb(&["export", "run", code, "--profile", "excel-ru", "--output", &path], 0);
        assert!(fs::read(&file).unwrap().starts_with("\u{FEFF}".as_bytes()));
        office.home.verb(&["export", "run", code, "--format", "html", "--output", &path], 0);
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
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(&first)));
    assert_eq!(manifest["rows"], lines(&first).len());
    assert_eq!(manifest["bytes"], first.len());
    assert_eq!(manifest["slot"], "2026-03-03T21:00:00.000Z");
    settle(&pipeline, some_traffic(7, 60).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    fs::remove_dir_all(office.out()).unwrap();
    assert!(office.run("cases", "2026-03-04", 0).contains("as it was made before"));
    assert!(office.file("2026/cases.csv") == first, "the same bytes");
    office.run("cases", "2027-03-04", 0);
    assert!(lines(&office.file("2027/cases.csv")).len() > lines(&first).len(), "another slot sees what is there now");
    let anew = office.home.verb(&["export", "run", "cases", "--slot", "2026-03-04", "--anew"], 0);
    assert!(anew.contains(", made"), "{anew}");
    assert!(office.file("2026/cases.csv") == office.file("2027/cases.csv"));
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
async fn a_message_follows_and_may_bring_the_file() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(16, 20)).await;
    let queue = "code = 'told'\nlabel = 'Дела <за день>'\nregister = 'cases'\nperiod = 'last 6 hours'\ncompression = 'gzip'\n\
                 [[destination]]\nkind = 'queue'\n[[destination]]\nkind = 'folder'\n";
    let quiet = "code = 'quiet'\nregister = 'cases'\nannounce = false\n";
    let office = Office::over(folder, &[("told", queue), ("quiet", quiet)]);
    office.run("quiet", "2026-03-04", 0);
    office.run("told", "2026-03-04", 0);
    let later = mezhved::clock::now() + chrono::Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue"], later, 1000).await.unwrap();
    let rows: Vec<_> = rows.into_iter().filter(|row| row.what == "export").collect();
    assert_eq!(rows.iter().map(|row| row.address.as_str()).collect::<Vec<_>>(), ["export.ready", "export.told"]);
    let library = mezhved::binding::Library::load(None).unwrap();
    let set = mezhved::schema::SchemaSet::new(&library)
        .with("envelope/1.0/envelope.xsd")
        .with("envelope/1.0/export-ready.xsd");
    let rules = mezhved::schema::compile(&set).unwrap();
    for row in &rows {
        let verdict = mezhved::validate::check(&row.body, &rules, &mezhved::validate::Options::default());
        assert!(verdict.is_valid(), "{:?}\n{}", verdict.violations, row.body);
    }
    let name =
        office.files().into_iter().find(|name| name.starts_with("told") && name.strip_suffix(".gz").is_some()).unwrap();
    let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, office.file(&name));
    assert!(rows[1].body.contains(&content) && !rows[0].body.contains("<b:Content>"));
    assert!(rows[0].body.contains(&office.out().join(&name).display().to_string()));
}

const STEPS: &str = "code = 'steps'\nregister = 'status-history'\nmode = 'incremental'\n\
                     [[destination]]\nkind = 'folder'\nname = '{slot:%H%M}.csv'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_given_once_each_while_messages_keep_coming() {
    const FILES: usize = 8;
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(8, 40)).await;
    let office = Arc::new(Office::over(folder, &[("steps", STEPS)]));
    let writer = {
        let pipeline = Arc::clone(&pipeline);
        async move {
            for (number, body) in some_traffic(9, 240).into_iter().enumerate() {
                settle(&pipeline, vec![delivery(&pipeline, body)]).await;
                if number % 40 == 0 {
                    wake(&pipeline).await;
                }
            }
            wake(&pipeline).await;
        }
    };
    let exports = Arc::clone(&office);
    let exporter = tokio::task::spawn_blocking(move || {
        (0..FILES).for_each(|hour| drop(exports.run("steps", &format!("2026-03-04T{hour:02}:00"), 0)));
    });
    let (exported, ()) = tokio::join!(exporter, writer);
    exported.unwrap();
    office.run("steps", "2026-03-04T23:00", 0);
    let mut given: Vec<String> = office
        .files()
        .iter()
        .filter(|name| name.strip_suffix(".csv").is_some())
        .flat_map(|name| lines(&office.file(name)))
        .collect();
    let whole = office.home.verb(&["export", "run", "status-history"], 0);
    let mut expected = lines(whole.as_bytes());
    given.sort_unstable();
    expected.sort_unstable();
    assert!(expected.len() > 100);
    assert!(given == expected, "{} rows given, {} there", given.len(), expected.len());
    office.run("steps", "2026-03-04T23:30", 0);
    assert_eq!(lines(&office.file("2330.csv")), Vec::<String>::new(), "nothing is given twice");
    assert!(office.refused(&["export", "run", "steps", "--anew"], 2).contains("given once"));
    assert!(office.home.verb(&["export", "restart", "steps"], 0).contains("holds everything"));
    office.run("steps", "2026-03-04T23:45", 0);
    assert_eq!(lines(&office.file("2345.csv")).len(), expected.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_changed_is_given_again_as_it_is_now() {
    let folder = Folder::new();
    let read = |name: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/epgu/valid/a-cancelled-case");
        fs::read(root.join(name)).unwrap()
    };
    let pipeline = filled(&folder, vec![read("01-application.xml")]).await;
    let job = "code = 'changed'\nregister = 'cases'\nmode = 'incremental'\nwhen_empty = 'skip'\ncolumns = ['status']\n\
               [[destination]]\nkind = 'folder'\nname = '{slot:%H}.csv'\n";
    let office = Office::over(folder, &[("changed", job)]);
    office.run("changed", "2026-03-04T01:00", 0);
    assert_eq!(lines(&office.file("01.csv")), ["received"]);
    settle(&pipeline, vec![delivery(&pipeline, read("02-cancelled.xml"))]).await;
    office.run("changed", "2026-03-04T02:00", 0);
    assert_eq!(lines(&office.file("02.csv")), ["cancelled"]);
    assert!(office.run("changed", "2026-03-04T03:00", 0).contains("no rows"));
    assert!(!office.files().contains("03.csv"), "an empty file is not wanted");
}

async fn read_all(snapshot: &mut Snapshot, selection: &Selection) -> usize {
    let (mut after, mut rows) = (i64::MIN, 0);
    loop {
        let page = snapshot.page(selection, after, 7, None).await.unwrap();
        rows += page.len();
        if page.is_last {
            return rows;
        }
        after = page.last_key;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_sees_one_moment_however_long_it_reads() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(10, 60)).await;
    let register = Register::get("status-history").unwrap();
    let columns: Vec<&'static Column> = register.column("number").into_iter().collect();
    let selection = Selection::of(register, columns);
    let mut early = pipeline.store.snapshot().await.unwrap();
    let page = early.page(&selection, i64::MIN, 1, None).await.unwrap();
    assert_eq!(page.len(), 1);
    settle(&pipeline, some_traffic(11, 60).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    let mut late = pipeline.store.snapshot().await.unwrap();
    let (before, after) = (read_all(&mut early, &selection).await, read_all(&mut late, &selection).await);
    assert!(before > 20 && after > before, "{before} {after}");
    early.close().await.unwrap();
    late.close().await.unwrap();
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
    assert!(office.home.verb(&["export", "list", "--json"], 1).contains("\"code\":\"cases\""));
    // Once the folder is there, the slot's file goes to it as it was made.
    fs::create_dir_all(office.out().join("no/such/folder")).unwrap();
    assert!(office.run("nowhere", "2026-03-04", 0).contains("as it was made before"));
    office.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_that_the_encoding_lacks_is_told_with_its_row() {
    let folder = Folder::new();
    filled(&folder, fixtures()).await.store.close().await;
    let job = "code = 'old'\nregister = 'messages'\nencoding = 'windows-1251'\ncolumns = ['sender', { code = 'kind', heading = 'δ' }]\n";
    let office = Office::over(folder, &[("old", job)]);
    let refused = office.refused(&["export", "run", "old"], 1);
    assert!(refused.contains("export.unmappable: row 0, column kind: windows-1251 has no 'δ' (U+03B4)"), "{refused}");
    assert_eq!(office.files(), BTreeSet::new());
    office.is_clean();
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

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_leaves_nothing_but_the_history() {
    let folder = Folder::new();
    filled(&folder, some_traffic(14, 200)).await.store.close().await;
    let office = Office::over(folder, &[("cases", CASES)]);
    let fill = |bytes: u64| {
        let mut command = office.home.command();
        command.env("MEZHVED_FAIL_POINT", format!("export.disk:{bytes}"));
        let output = command.args(["export", "run", "cases", "--slot", "2026-03-04"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("export.unwritable") && said.contains("storage space"), "{said}");
        office.is_clean();
        assert!(!office.out().join("2026/cases.csv").exists());
    };
    // While the file is made, and then while it is brought to its folder.
    fill(100);
    let whole = office.home.verb(&["export", "run", "cases", "--columns", "number,status,changed_at"], 0).len() as u64;
    fill(whole + 100);
    let history = office.home.verb(&["export", "history", "--json"], 0);
    assert_eq!(history.matches("\"state\":\"failed\"").count(), 2, "{history}");
    office.run("cases", "2026-03-04", 0);
    assert_eq!(office.file("2026/cases.csv").len() as u64, whole);
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_an_export_leaves_nothing_half_and_the_next_run_succeeds() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(15, 40)).await;
    let office = Office::over(folder, &[("steps", STEPS)]);
    let mut seed = 100;
    for (hour, point) in failpoint::EXPORT_POINTS.iter().enumerate() {
        let slot = format!("2026-03-04T{hour:02}:00");
        let mut command = office.home.command();
        command.env("MEZHVED_FAIL_POINT", point);
        let output = command.args(["export", "run", "steps", "--slot", &slot]).output().unwrap();
        assert_eq!(output.status.code(), None, "{point}: killed by a signal of its own");
        let half = office.files().into_iter().filter(|name| name.strip_suffix(".part").is_none()).collect::<Vec<_>>();
        let whole = half.iter().filter(|name| name.strip_suffix(".csv").is_some()).count();
        assert!(whole <= hour + 1, "{point}: {half:?}");
        office.run("steps", &slot, 0);
        office.is_clean();
        seed += 1;
        settle(&pipeline, some_traffic(seed, 20).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    }
    office.run("steps", "2026-03-04T23:00", 0);
    let files = office.files();
    let given: usize = files
        .iter()
        .filter(|name| name.strip_suffix(".csv").is_some())
        .map(|name| lines(&office.file(name)).len())
        .sum();
    let there = lines(office.home.verb(&["export", "run", "status-history"], 0).as_bytes()).len();
    assert_eq!(given, there, "every change once");
    let filter = ExportFilter { limit: 1000, ..ExportFilter::default() };
    let broken = pipeline.store.export_runs(&filter).await.unwrap();
    assert!(
        broken.iter().filter(|run| run.error.as_deref().is_some_and(|error| error.contains("broken-off"))).count() >= 6
    );
}

#[cfg(feature = "xlsx")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spreadsheet_is_the_same_bytes_for_the_same_rows() {
    let folder = Folder::new();
    filled(&folder, some_traffic(17, 40)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let make = |name: &str| {
        let path = office.folder.path().join(name).display().to_string();
        let arguments = ["export", "run", "cases", "--slot", "2026-03-04", "--format", "xlsx", "--output", &path];
        office.home.verb(&arguments, 0);
        fs::read(path).unwrap()
    };
    let (first, second) = (make("a.xlsx"), make("b.xlsx"));
    assert!(first.starts_with(b"PK") && first == second);
    assert!(
        office.refused(&["export", "run", "cases", "--format", "xlsx", "--compression", "gzip"], 2).contains("packed")
    );
}

/// A store that takes whatever is put into it and remembers it by its path.
#[cfg(feature = "s3")]
async fn stand_in() -> (String, Arc<std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>>) {
    use axum::body::{Bytes, HttpBody};
    use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
    let objects: Arc<std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>> = Arc::default();
    let taken = Arc::clone(&objects);
    let take = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let taken = Arc::clone(&taken);
        async move {
            let signed = headers.get("authorization").is_some_and(|value| value.to_str().unwrap().contains("AKID"));
            if method != Method::PUT || !signed || body.is_end_stream() {
                return (StatusCode::BAD_REQUEST, HeaderMap::new());
            }
            taken.lock().unwrap().insert(uri.path().to_owned(), body.to_vec());
            (StatusCode::OK, HeaderMap::from_iter([(axum::http::header::ETAG, HeaderValue::from_static("\"1\""))]))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a stand-in of a test")]
    drop(tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(take)).await }));
    (address, objects)
}

#[cfg(feature = "s3")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_gets_the_file_and_its_manifest() {
    let folder = Folder::new();
    filled(&folder, some_traffic(18, 40)).await.store.close().await;
    let job = "code = 'far'\nregister = 'cases'\n[[destination]]\nkind = 's3'\nbucket = 'nightly'\nname = 'дела/{slot:%Y}.{ext}'\n";
    let office = Office::over(folder, &[("far", job)]);
    let run = |endpoint: &str| {
        let mut command = office.home.command();
        command
            .env("MEZHVED__EXPORTS__S3__ENDPOINT", endpoint)
            .env("MEZHVED__EXPORTS__S3__ACCESS_KEY", "AKID")
            .env("MEZHVED__EXPORTS__S3__SECRET_KEY", "secret")
            .args(["export", "run", "far", "--slot", "2026-03-04"]);
        tokio::task::block_in_place(|| command.output().unwrap())
    };
    let (endpoint, objects) = stand_in().await;
    let output = run(&endpoint);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let objects = objects.lock().unwrap();
    assert_eq!(objects.len(), 2, "{:?}", objects.keys());
    let manifest = objects.values().find_map(|body| serde_json::from_slice::<serde_json::Value>(body).ok()).unwrap();
    let file = objects.values().find(|body| !body.starts_with(b"{")).unwrap();
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(file)));
}
