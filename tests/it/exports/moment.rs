//! One moment and every change once: writers run beside the export, on purpose between its pages.

use std::collections::BTreeMap;
use std::sync::Mutex;

use mezhved::export::{Asked, Bench, Exporter, Job, Jobs, Outcome, Progress};
use mezhved::store::{Column, Register, Selection, Snapshot};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;

use super::*;
use crate::support::rules;

pub(super) const STEPS: &str = "code = 'steps'\nregister = 'status-history'\nmode = 'incremental'\n\
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

/// More rows than two pages hold.
const MANY: i64 = 9_600;

/// Cases and entries of their history, put into the tables past the pipeline.
const FILLING: [&str; 3] = [
    "INSERT INTO inbox (seq, sender, message_id, hash, outcome, test, source, raw_length, properties, items, received_at, settled_at) \
     VALUES (1, 'MFC-77', '0190f6a0-0000-7000-8000-000000000001', zeroblob(32), 'applied', 0, 'queue:x', 0, '{}', '[]', 1, 1)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO cases (id, system, kind, number, \
     service, open, status, turn, since, origin, agency, amount, details, version, opened_at, changed_at) SELECT i, 'epgu', \
     'application', 'N-' || i, 'licence', 1, 'under_review', 1, i, 'EPGU', 'MFC-77', 100000, '{}', 1, i, i FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO history (id, case_id, entry, turn, \
     to_status, happened_at, recorded_at, agency, message, item, step) \
     SELECT i, i, 'moved', 1, 'under_review', i, i, 'MFC-77', 1, i, 0 FROM n",
];

pub(super) async fn connected(folder: &Folder) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.path().join("store.sqlite")).connect().await.unwrap()
}

/// A house with many cases, and an exporter over it.
async fn many(folder: &Folder, jobs: &[(&str, &str)]) -> (Arc<Pipeline>, Exporter, Vec<Job>) {
    write_jobs(folder, jobs);
    let pipeline = house(folder.path(), &format!("{FIVE}\n{}", section(folder))).await;
    let mut connection = connected(folder).await;
    for statement in FILLING {
        sqlx::query(statement).bind(MANY).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let exporter = Exporter::new(pipeline.store.clone(), &pipeline.config, rules(&pipeline.config)).unwrap();
    let bench = Bench::of(&pipeline.config, &pipeline.lifecycles);
    let found = Jobs::load(pipeline.config.exports.folder.as_deref(), &bench).unwrap();
    assert_eq!(found.faults, []);
    let own = |code: &str| found.get(code).unwrap().job.clone();
    let jobs = jobs.iter().map(|(code, _)| own(code)).collect();
    (pipeline, exporter, jobs)
}

/// Somebody who does the next of some things after each page that an export has read.
struct Beside<'a> {
    connection: &'a tokio::sync::Mutex<SqliteConnection>,
    left: Mutex<Vec<&'static str>>,
}

impl Progress for Beside<'_> {
    fn read(&self, _rows: u64, _key: i64, _last_key: i64) {
        let next = self.left.lock().unwrap().pop();
        let Some(statements) = next else { return };
        tokio::task::block_in_place(|| {
            Handle::current().block_on(async {
                let mut connection = self.connection.lock().await;
                for statement in statements.split("; ") {
                    sqlx::query(statement).execute(&mut *connection).await.unwrap();
                }
            });
        });
    }
}

/// Runs a job while these things are done, one after each page; all of them must have been done.
async fn run_beside(
    exporter: &Exporter,
    job: &Job,
    slot: &str,
    connection: &tokio::sync::Mutex<SqliteConnection>,
    things: &[&'static str],
) -> Outcome {
    let left = Mutex::new(things.iter().rev().copied().collect());
    let beside = Beside { connection, left };
    let asked = Asked { slot: slot.parse().unwrap(), actor: "tester".to_owned(), anew: false };
    let outcome = exporter.run(job, &asked, &beside).await.unwrap();
    assert_eq!(*beside.left.lock().unwrap(), Vec::<&str>::new(), "all was done while the export read");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_export_is_one_moment_although_amounts_move_between_its_pages() {
    let folder = Folder::new();
    let job = "code = 'amounts'\nregister = 'cases'\ncolumns = ['number', 'amount']\n\
               [[destination]]\nkind = 'folder'\nname = '{slot:%H}.csv'\n";
    let (pipeline, exporter, jobs) = many(&folder, &[("amounts", job)]).await;
    let connection = tokio::sync::Mutex::new(connected(&folder).await);
    // From a case that is read already to one that is not, and back; each move is one transaction.
    let moves = [
        "BEGIN IMMEDIATE; UPDATE cases SET amount = amount - 50000 WHERE id = 1; UPDATE cases SET amount = amount + 50000 WHERE id = 9600; COMMIT",
        "BEGIN IMMEDIATE; UPDATE cases SET amount = amount - 70000 WHERE id = 9500; UPDATE cases SET amount = amount + 70000 WHERE id = 2; COMMIT",
    ];
    for (hour, moved) in [(1, &moves[..]), (2, &moves[..1]), (3, &[])] {
        run_beside(&exporter, &jobs[0], &format!("2026-03-04T{hour:02}:00:00+03:00"), &connection, moved).await;
        let file = fs::read(folder.path().join(format!("out/{hour:02}.csv"))).unwrap();
        let amounts: Vec<i64> =
            lines(&file).iter().map(|line| line.split_once(',').unwrap().1.replace('.', "").parse().unwrap()).collect();
        assert_eq!(amounts.len(), usize::try_from(MANY).unwrap());
        assert_eq!(
            amounts.iter().sum::<i64>(),
            MANY * 100_000,
            "hour {hour}: what left one case has come to the other"
        );
    }
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_in_flight_is_given_by_the_next_file_and_by_no_other() {
    let folder = Folder::new();
    let (pipeline, exporter, jobs) = many(&folder, &[("steps", STEPS)]).await;
    let connection = tokio::sync::Mutex::new(connected(&folder).await);
    let number = |line: &String| line.split(',').nth(3).unwrap().to_owned();
    let given = |hour: &str| -> BTreeMap<String, usize> {
        let file = fs::read(folder.path().join(format!("out/{hour}.csv"))).unwrap();
        lines(&file).iter().map(number).fold(BTreeMap::new(), |mut counts, number| {
            *counts.entry(number).or_default() += 1;
            counts
        })
    };
    // Written and not committed while the first file is read; committed before that file is recorded.
    let beside = [
        "BEGIN IMMEDIATE; INSERT INTO history (id, case_id, entry, turn, to_status, happened_at, recorded_at, agency, message, item, step) \
         VALUES (19001, 7, 'moved', 2, 'approved', 1, 1, 'MFC-77', 1, 19001, 0)",
        "INSERT INTO history (id, case_id, entry, turn, to_status, happened_at, recorded_at, agency, message, item, step) \
         VALUES (19002, 8, 'moved', 2, 'approved', 1, 1, 'MFC-77', 1, 19002, 0); COMMIT",
    ];
    run_beside(&exporter, &jobs[0], "2026-03-04T01:00:00+03:00", &connection, &beside).await;
    let first = given("0100");
    assert_eq!(first.len(), usize::try_from(MANY).unwrap());
    assert!(first.values().all(|times| *times == 1), "what was in flight is not in the file that did not see it");
    // A transaction that is given up leaves no trace; one page, one thing.
    let given_up = ["BEGIN IMMEDIATE; DELETE FROM history WHERE id = 19001; ROLLBACK"];
    run_beside(&exporter, &jobs[0], "2026-03-04T02:00:00+03:00", &connection, &given_up).await;
    assert_eq!(given("0200"), BTreeMap::from([("N-7".to_owned(), 1), ("N-8".to_owned(), 1)]));
    run_beside(&exporter, &jobs[0], "2026-03-04T03:00:00+03:00", &connection, &[]).await;
    assert_eq!(given("0300"), BTreeMap::new());
    pipeline.store.close().await;
}
