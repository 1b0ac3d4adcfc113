//! Exports of a long register: one history entry a row, a store of its own, no broker.
//!   1. in turns, round by round: a bare loop of the same SELECT into the csv crate (one statement, no page, no hash, no sync at the end),
//!      and the export itself as CSV for machines, of the same columns;
//!   2. the export of all columns, packed with zstd, as XML with its check, as a page;
//!   3. the program as a process: the most memory that it ever held, by format;
//!   4. commits a second while nothing else runs, and for as long as an export runs: of one small row, and of a batch.
//!
//! Usage: `cargo bench --bench export -- [ROWS [ROUNDS]]`. What was measured stands in `benches/notes.md`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use mezhved::assemble::{self, Rules};
use mezhved::clock;
use mezhved::config::{self, Config};
use mezhved::export::{Asked, Bench, Exporter, Job, Progress};
use mezhved::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, ValueRef};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The register's columns but for the labels, which are no columns of the tables.
const SELECT: &str = "SELECT c.system, c.kind, c.number, t.entry, t.turn, t.from_status, t.to_status, t.happened_at, t.recorded_at, \
     t.agency, t.officer, t.comment, (SELECT group_concat(r.value ->> 'code', ' ') FROM json_each(t.details, '$.reasons') r), \
     m.code, i.message_id, t.item FROM history t JOIN cases c ON c.id = t.case_id LEFT JOIN inbox i ON i.seq = t.message \
     LEFT JOIN timers m ON m.id = t.timer ORDER BY t.id";
/// The same columns of the register.
const COLUMNS: &str = "columns = ['system', 'kind', 'number', 'entry', 'turn', 'from_status', 'to_status', 'happened_at', 'recorded_at', \
     'agency', 'officer', 'comment', 'reasons', 'timer', 'message_id', 'item']";
/// Which of them are numbers.
const NUMBERS: [usize; 4] = [4, 7, 8, 15];
const WIDTH: usize = 16;

struct Quiet;

impl Progress for Quiet {
    fn read(&self, _rows: u64, _key: i64, _last_key: i64) {}
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<i64>().ok());
    let (rows, rounds) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(5));
    let folder = std::env::temp_dir().join(format!("mezhved-bench-export-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("mezhved.toml");
    let text = format!(
        "[agency]\ncode = 'MINSTROY'\n[http]\naddress = ''\n[store]\npath = '{0}/store.sqlite'\n[contents]\nfolder = '{0}/contents'\n\
         [exports]\noutput = '{0}/out'\nwork_folder = '{0}/work'\n",
        folder.display()
    );
    std::fs::write(&file, text).expect("a configuration");
    let config = Config::check(&config::load(Some(&file), &[]).expect("a configuration")).expect("a configuration");
    let rules = assemble::rules(&config).expect("rules");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&config.store).await.expect("a store");
        fill(&config.store.path, rows).await;
        let house = House { store: &store, config: &config, rules: &rules, folder: &folder };
        house.rounds(rows, rounds).await;
        for (what, form) in [
            ("export: CSV, all columns", "format = 'csv'"),
            ("export: CSV, all columns, zstd", "format = 'csv'\ncompression = 'zstd'"),
            ("export: XML, all columns, checked", "format = 'xml'"),
            ("export: HTML, all columns", "format = 'html'"),
            #[cfg(feature = "xlsx")]
            ("export: XLSX, all columns", "format = 'xlsx'"),
        ] {
            told(what, rows, house.export(form).await);
        }
        // The log grows with the first export that others write beside; later ones find it long enough.
        for rows_a_commit in [200, 200, 1, 1] {
            house.commits(rows_a_commit).await;
        }
        store.close().await;
    });
    for format in [
        "csv",
        "xml",
        "html",
        #[cfg(feature = "xlsx")]
        "xlsx",
    ] {
        println!("the process held at most {} KiB ({format})", memory(&file, format));
    }
    let _removed = std::fs::remove_dir_all(&folder);
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn told(what: &str, rows: i64, time: Duration) {
    println!("{what:<34} {:>9.0} rows a second, {time:.2?}", rows as f64 / time.as_secs_f64());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Everything that an export is run with.
struct House<'a> {
    store: &'a Store,
    config: &'a Config,
    rules: &'a Rules,
    folder: &'a Path,
}

impl House<'_> {
    /// The bare loop and the export in turns; the first of each only warms up.
    async fn rounds(&self, rows: i64, rounds: i64) {
        let (mut bare_times, mut export_times) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let bare = bare(&self.config.store.path, &self.folder.join("bare.csv")).await;
            let export = self.export(&format!("format = 'csv'\n{COLUMNS}")).await;
            if round > 0 {
                println!("round {round}: export / bare {:.2}", bare.as_secs_f64() / export.as_secs_f64());
                bare_times.push(bare);
                export_times.push(export);
            }
        }
        let (bare, export) = (median(bare_times), median(export_times));
        told("bare: SELECT into the csv crate", rows, bare);
        told("export: CSV, the same columns", rows, export);
        println!("export / bare, medians of {rounds} rounds: {:.2}", bare.as_secs_f64() / export.as_secs_f64());
    }

    /// Commits alone, and for as long as an export runs beside them.
    async fn commits(&self, rows: i64) {
        let pool = pool(&self.config.store.path);
        let (soon, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let short = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            soon.store(true, Ordering::Relaxed);
        };
        let (alone, ()) = tokio::join!(commits(&pool, rows, &soon), short);
        let exporting = async {
            let time = self.export("format = 'csv'").await;
            done.store(true, Ordering::Relaxed);
            time
        };
        let (beside, time) = tokio::join!(commits(&pool, rows, &done), exporting);
        pool.close().await;
        let part = beside / alone;
        println!(
            "commits of {rows} rows: {alone:.0} a second alone, {beside:.0} beside an export ({time:.2?}): {part:.2}"
        );
    }

    async fn export(&self, form: &str) -> Duration {
        let bench = Bench::of(self.config, &self.rules.lifecycles);
        let job = Job::load("bench", &format!("code = 'bench'\nregister = 'status-history'\n{form}\n"), &bench);
        let job = job.expect("a job");
        let exporter = Exporter::new(self.store.clone(), self.config, self.rules).expect("an exporter");
        let asked = Asked { slot: clock::now(), actor: "bench".to_owned(), anew: false };
        let started = Instant::now();
        exporter.run(&job, &asked, &Quiet).await.expect("an export");
        let time = started.elapsed();
        let _removed = std::fs::remove_dir_all(&self.config.exports.output);
        time
    }
}

fn pool(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // As the store's own writer.
        .pragma("wal_autocheckpoint", "8192")
        .pragma("journal_size_limit", "268435456");
    SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options)
}

/// One message, a case for ten entries.
async fn fill(path: &Path, rows: i64) {
    let pool = pool(path);
    for statement in [
        "INSERT INTO inbox (seq, sender, message_id, hash, outcome, test, source, raw_length, properties, items, received_at, settled_at) \
         VALUES (1, 'MFC-77', '0190f6a0-0000-7000-8000-000000000001', zeroblob(32), 'applied', 0, 'queue:x', 0, '{}', '[]', ?1, ?1)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 / 10 + 1) \
         INSERT INTO cases (id, system, kind, number, service, open, status, turn, since, origin, agency, details, version, opened_at, changed_at) \
         SELECT i, 'epgu', 'application', '77-2026-' || printf('%07d', i), 'licence', 1, 'under_review', 3, i, 'EPGU', 'MFC-77', '{}', 1, i, i FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1) \
         INSERT INTO history (id, case_id, entry, turn, from_status, to_status, happened_at, recorded_at, agency, officer, comment, \
         details, message, item, step) SELECT i + 1, i / 10 + 1, 'moved', i % 10, 'accepted', 'under_review', 1772600000000 + i * 1000, \
         1772600000500 + i * 1000, 'MFC-77', 'Петрова А. С.', 'Передано специалисту, срок рассмотрения десять рабочих дней', \
         iif(i % 20 = 0, '{\"reasons\":[{\"code\":\"missing-documents\",\"text\":\"Не хватает документов\"}]}', NULL), 1, i, 0 FROM n",
    ] {
        sqlx::query(statement).bind(rows).execute(&pool).await.expect("rows");
    }
    pool.close().await;
}

async fn bare(store: &Path, file: &Path) -> Duration {
    let pool = pool(store);
    let started = Instant::now();
    let mut out = csv::Writer::from_writer(BufWriter::new(File::create(file).expect("a file")));
    let mut rows = sqlx::query(SELECT).fetch(&pool);
    while let Some(row) = rows.try_next().await.expect("a row") {
        for at in 0..WIDTH {
            if row.try_get_raw(at).expect("a value").is_null() {
                out.write_field("").expect("written");
            } else if NUMBERS.contains(&at) {
                out.write_field(row.get::<i64, _>(at).to_string()).expect("written");
            } else {
                out.write_field(row.get::<&str, _>(at)).expect("written");
            }
        }
        out.write_record(None::<&[u8]>).expect("written");
    }
    out.flush().expect("written");
    let time = started.elapsed();
    drop(rows);
    pool.close().await;
    time
}

/// Commits of so many rows until it is enough; gives how many a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
async fn commits(pool: &SqlitePool, rows: i64, enough: &AtomicBool) -> f64 {
    let started = Instant::now();
    let mut count = 0_u64;
    while !enough.load(Ordering::Relaxed) {
        sqlx::query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
             INSERT INTO audit (at, actor, action, subject, after) \
             SELECT i, 'bench', 'bench', 'bench', json_quote(printf('%0500d', i)) FROM n",
        )
        .bind(rows)
        .execute(pool)
        .await
        .expect("rows");
        count += 1;
    }
    count as f64 / started.elapsed().as_secs_f64()
}

/// The most memory that an export as a process held, in KiB, looked at as long as it runs.
fn memory(config: &Path, format: &str) -> u64 {
    let output: PathBuf = config.with_file_name("whole");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mezhved"))
        .args(["--config".as_ref(), config.as_os_str()])
        .args(["export", "run", "status-history", "--format", format, "--output"])
        .arg(&output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a state") {
            break status;
        }
        let told = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        most = most.max(line.trim_matches(|sign: char| !sign.is_ascii_digit()).parse().unwrap_or_default());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "the export of the process");
    let _removed = std::fs::remove_file(output);
    most
}
