//! Exports of a long register: one history entry a row, a store of its own, no broker.
//!   1. a bare loop of the same SELECT into the csv crate, one statement, no page, no hash, no sync at the end;
//!   2. the export itself as CSV for machines, as XML with its check, packed with zstd;
//!   3. the program as a process: the most memory that it ever held;
//!   4. small commits a second while nothing else runs, and while an export reads.
//!
//! Usage: `cargo bench --bench export -- [ROWS]`. What was measured stands in `benches/notes.md`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The register's columns but for the labels, which are no columns of the tables.
const SELECT: &str = "SELECT c.system, c.kind, c.number, t.entry, t.turn, t.from_status, t.to_status, t.happened_at, t.recorded_at, \
     t.agency, t.officer, t.comment, (SELECT group_concat(r.value ->> 'code', ' ') FROM json_each(t.details, '$.reasons') r), \
     i.message_id, t.item FROM history t JOIN cases c ON c.id = t.case_id LEFT JOIN inbox i ON i.seq = t.message ORDER BY t.id";

struct Quiet;

impl Progress for Quiet {
    fn read(&self, _rows: u64, _key: i64, _last_key: i64) {}
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|argument| argument.parse::<i64>().ok()).unwrap_or(1_000_000);
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
        let bare = bare(&config.store.path, &folder.join("bare.csv")).await;
        told("bare: SELECT into the csv crate", rows, bare);
        let mut ratio = 0.0;
        for (what, form) in [
            ("export: CSV", "format = 'csv'"),
            ("export: CSV, zstd", "format = 'csv'\ncompression = 'zstd'"),
            ("export: XML, checked", "format = 'xml'"),
        ] {
            let time = export(&store, &config, &rules, form).await;
            told(what, rows, time);
            if ratio == 0.0 {
                ratio = bare.as_secs_f64() / time.as_secs_f64();
            }
        }
        println!("export: CSV / bare: {ratio:.2}");
        let alone = commits(&config.store.path, Duration::from_secs(5)).await;
        let exporting = export(&store, &config, &rules, "format = 'csv'");
        let (beside, _) = tokio::join!(commits(&config.store.path, Duration::from_secs(5)), exporting);
        println!("commits a second alone: {alone:.0}, beside an export: {beside:.0}");
        store.close().await;
    });
    println!("the process held at most {} KiB", memory(&file));
    let _removed = std::fs::remove_dir_all(&folder);
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn told(what: &str, rows: i64, time: Duration) {
    println!("{what:<34} {:>9.0} rows a second, {time:.2?}", rows as f64 / time.as_secs_f64());
}

fn pool(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
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
        for at in 0..15 {
            if row.try_get_raw(at).expect("a value").is_null() {
                out.write_field("").expect("written");
            } else if matches!(at, 4 | 7 | 8 | 14) {
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

async fn export(store: &Store, config: &Config, rules: &Rules, form: &str) -> Duration {
    let bench = Bench::of(config, &rules.lifecycles);
    let job = Job::load("bench", &format!("code = 'bench'\nregister = 'status-history'\n{form}\n"), &bench);
    let job = job.expect("a job");
    let exporter = Exporter::new(store.clone(), config, rules).expect("an exporter");
    let asked = Asked { slot: clock::now(), actor: "bench".to_owned(), anew: false };
    let started = Instant::now();
    exporter.run(&job, &asked, &Quiet).await.expect("an export");
    started.elapsed()
}

/// Commits of one small row for so long.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
async fn commits(store: &Path, time: Duration) -> f64 {
    let pool = pool(store);
    let started = Instant::now();
    let mut count = 0_u64;
    while started.elapsed() < time {
        sqlx::query("INSERT INTO audit (at, actor, action, subject) VALUES (?1, 'bench', 'bench', 'bench')")
            .bind(i64::try_from(count).unwrap_or_default())
            .execute(&pool)
            .await
            .expect("a row");
        count += 1;
    }
    pool.close().await;
    count as f64 / started.elapsed().as_secs_f64()
}

/// The most memory that an export as a process held, in KiB, looked at as long as it runs.
fn memory(config: &Path) -> u64 {
    let output: PathBuf = config.with_file_name("whole.csv");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mezhved"))
        .args(["--config".as_ref(), config.as_os_str()])
        .args(["export", "run", "status-history", "--output"])
        .arg(&output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let mut most = 0;
    while child.try_wait().expect("a state").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        most = most.max(line.trim_matches(|sign: char| !sign.is_ascii_digit()).parse().unwrap_or_default());
        std::thread::sleep(Duration::from_millis(20));
    }
    most
}
