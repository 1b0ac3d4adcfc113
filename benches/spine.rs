//! The whole job against its ceiling, on one machine with the broker beside it, in one run: N prefilled messages of about
//! 3.5 KB (applications of `mezhved sample`) taken from the queue of `epgu`
//!   1. by the bare loop: taken and acknowledged, many at a time, nothing done;
//!   2. by the bare loop with one SQLite row a message, a transaction a batch;
//!   3. by the spine without relay: consumed, validated, applied, receipted in the store, acknowledged;
//!   4. by the spine with receipts and notices published.
//!
//! Usage: `cargo bench --bench spine -- [MESSAGES]`. What was measured stands in `benches/notes.md`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mezhved::assemble;
use mezhved::binding::Library;
use mezhved::broker::topology::{self, EXCHANGE_IN, system_queue};
use mezhved::broker::{Outgoing, Portion, Published, Session, Settings};
use mezhved::config::{self, Config};
use mezhved::daemon;
use mezhved::domain::properties::Properties;
use mezhved::sample::{Plan, Sample, Shares, Templates};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio_util::sync::CancellationToken;

const PORTION: Portion = Portion { count_max: 500, bytes_max: usize::MAX };
const PREFETCH: u16 = 2000;
const PUBLISHED_AT_ONCE: usize = 500;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(50_000);
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bodies = applications(&bench, count);
        let bytes: usize = bodies.iter().map(Vec::len).sum();
        println!("{count} messages of {} bytes on the average", bytes / count.max(1));
        bench.declare().await;
        let mut rates = Vec::new();
        for (number, what) in
            ["bare", "bare, a SQLite row each", "spine, relay off", "spine, relay on"].iter().enumerate()
        {
            bench.prefill(&bodies).await;
            let started = Instant::now();
            match number {
                0 => bench.bare(count, false).await,
                1 => bench.bare(count, true).await,
                2 => bench.spine(count, false).await,
                _ => bench.spine(count, true).await,
            }
            let rate = rate(count, started.elapsed());
            println!("{what:<26} {rate:>8.0} messages a second");
            rates.push(rate);
        }
        println!("spine, relay off / bare with a row: {:.2}", rates[2] / rates[1]);
        println!("spine, relay off / bare:            {:.2}", rates[2] / rates[0]);
        println!("spine, relay on / relay off:        {:.2}", rates[3] / rates[2]);
    });
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A broker and a folder of one's own.
struct Bench {
    folder: PathBuf,
    url: String,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _stopped = Command::new(SCRIPT).arg("kill").arg(self.folder.join("broker")).output();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rabbitmq.sh");

impl Bench {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("mezhved-bench-{}", std::process::id()));
        let pid = std::process::id().to_string();
        let output = Command::new(SCRIPT).arg("start").arg(folder.join("broker")).args(["--watch", &pid]).output();
        let output = output.expect("deploy/rabbitmq.sh");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = String::from_utf8(output.stdout).expect("an address").trim().to_owned();
        Self { folder, url }
    }

    fn config(&self, relay: bool, run: &str) -> Config {
        let file = self.folder.join("bench.toml");
        let text = format!(
            "[agency]\ncode = 'MINSTROY'\n[broker]\nurl = '{}'\n[http]\naddress = ''\n[relay]\nenabled = {relay}\n\
             [store]\npath = '{1}/{run}.sqlite'\n[contents]\nfolder = '{1}/contents'\n\
             [[agencies]]\ncode = 'EPGU'\nuser = 'mezhved'\nreceipts = 'receipts.epgu'\nsystems = ['epgu']\nkinds = ['*']\n",
            self.url,
            self.folder.display()
        );
        std::fs::write(&file, text).expect("a configuration");
        Config::check(&config::load(Some(&file), &[]).expect("a configuration")).expect("a configuration")
    }

    async fn session(&self) -> Arc<Session> {
        Session::open(&Settings::new(self.url.as_str().into())).await.expect("a session")
    }

    async fn declare(&self) {
        let config = self.config(false, "declare");
        let rules = assemble::rules(&config).expect("rules");
        let plan = daemon::topology(&config, &rules.lifecycles).expect("a plan");
        topology::declare(&self.session().await, &plan).await.expect("queues");
    }

    async fn prefill(&self, bodies: &[Vec<u8>]) {
        let session = self.session().await;
        let mut publisher = session.publisher().await.expect("a channel");
        for part in bodies.chunks(PUBLISHED_AT_ONCE) {
            let batch: Vec<Outgoing> = part.iter().map(|body| outgoing(body)).collect();
            let verdicts = publisher.publish(&batch).await;
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Published::Confirmed)), "all are confirmed");
        }
        session.close().await;
    }

    async fn bare(&self, count: usize, rows: bool) {
        let session = self.session().await;
        let options = SqliteConnectOptions::new()
            .filename(self.folder.join("bare.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("a store");
        sqlx::query("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, tag INTEGER, size INTEGER, body BLOB)")
            .execute(&pool)
            .await
            .expect("a table");
        let mut consumer = session.consume(&system_queue("epgu"), PREFETCH, "bare").await.expect("a consumer");
        let (mut received, mut taken) = (Vec::with_capacity(PORTION.count_max), 0);
        while taken < count {
            taken += consumer.recv_many(&mut received, PORTION).await;
            if rows {
                let mut transaction = pool.begin().await.expect("a transaction");
                for one in &received {
                    sqlx::query("INSERT INTO row (tag, size, body) VALUES (?1, ?2, ?3)")
                        .bind(i64::try_from(one.tag).unwrap_or_default())
                        .bind(i64::try_from(one.body.len()).unwrap_or_default())
                        .bind(&one.body)
                        .execute(&mut *transaction)
                        .await
                        .expect("a row");
                }
                transaction.commit().await.expect("a commit");
            }
            let last = received.last().expect("a delivery").tag;
            consumer.ack_through(last).await.expect("acknowledged");
            received.clear();
        }
        pool.close().await;
        session.close().await;
    }

    /// The daemon itself, from its start until everything is settled (and, with the relay, sent).
    async fn spine(&self, count: usize, relay: bool) {
        let config = self.config(relay, if relay { "on" } else { "off" });
        let rules = assemble::rules(&config).expect("rules");
        let pipeline = assemble::pipeline(config, &rules).await.expect("a pipeline");
        let stop = CancellationToken::new();
        let running = daemon::run(Arc::clone(&pipeline), stop.clone());
        let watching = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            loop {
                ticks.tick().await;
                let settled = pipeline.counters.deliveries() >= count as u64;
                if settled && (!relay || pipeline.store.waiting().await.is_ok_and(|waiting| waiting.pending == 0)) {
                    break;
                }
            }
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(running, watching);
        ended.expect("a stop in order");
    }
}

fn outgoing(body: &[u8]) -> Outgoing {
    Outgoing {
        exchange: EXCHANGE_IN.to_owned(),
        routing_key: "epgu".to_owned(),
        properties: Properties {
            message_id: Some("bench".to_owned()),
            kind: Some("SubmitApplication".to_owned()),
            content_type: Some("application/xml".to_owned()),
            ..Properties::default()
        },
        body: body.to_vec(),
    }
}

/// So many applications, each opening a case of its own.
fn applications(bench: &Bench, count: usize) -> Vec<Vec<u8>> {
    let rules = assemble::rules(&bench.config(false, "sample")).expect("rules");
    let library = Library::load(None).expect("the built-in files");
    let text = |path: &'static str| (path, std::str::from_utf8(library.get(path).expect("a template")).expect("text"));
    let templates = Templates::parse(
        text("envelope/1.0/envelope.sample.xml"),
        text("epgu/1.0/submit-application.sample.xml"),
        text("epgu/1.0/status-update.sample.xml"),
        text("epgu/1.0/document-exchange.sample.xml"),
    )
    .expect("templates");
    let plan = Plan {
        seed: 1,
        messages: u64::MAX,
        base: mezhved::clock::now() - chrono::Duration::days(30),
        span: chrono::Duration::days(30),
        recipient: "MINSTROY".into(),
        portal: "EPGU".into(),
        agencies: vec!["EPGU".into()],
        shares: Shares::none(),
    };
    let lifecycle = rules.lifecycles.get("epgu").expect("a lifecycle");
    Sample::new(plan, lifecycle, &rules.lifecycles.documents, &templates)
        .filter(|message| message.what.starts_with("application"))
        .take(count)
        .map(|message| message.bytes.to_vec())
        .collect()
}
