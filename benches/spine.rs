//! The whole job against its ceiling, on one machine with the broker beside it, in one run: N prefilled messages of about
//! 3.9 KB (applications of `mezhved sample`) taken from the queue of `epgu`
//!   1. by the bare loop: taken and acknowledged, many at a time, nothing done;
//!   2. by the bare loop with one SQLite row a message, a transaction a batch;
//!   3. by the spine without relay: consumed, validated, applied, answered in the store, acknowledged; each message
//!      brings a document whose content is new;
//!   4. the same into an empty store, the contents being in the document store already;
//!   5. as 4, with receipts and notices published (one and three a message).
//!
//! The parts take turns in three rounds; what is told is the median of each. Beside the rate stands the processor time that
//! this program spent on a message, which other programs of the machine hardly move.
//!
//! Usage: `cargo bench --bench spine -- [MESSAGES] [PART]`, so many in each part of a round; with the number of a part only
//! that one, for a profiler, with the same messages in each round. What was measured stands in `benches/notes.md`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

mod house;

use std::sync::Arc;
use std::time::{Duration, Instant};

use house::House;
use mezhved::assemble;
use mezhved::broker::Portion;
use mezhved::broker::topology::system_queue;
use mezhved::daemon;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const PORTION: Portion = Portion { count_max: 500, bytes_max: usize::MAX };
const PREFETCH: u16 = 2000;
const ROUNDS: u64 = 3;

#[derive(Clone, Copy)]
enum Part {
    Bare { rows: bool },
    Spine { run: &'static str, relay: bool },
}

const PARTS: [(&str, Part); 5] = [
    ("bare", Part::Bare { rows: false }),
    ("bare, a SQLite row each", Part::Bare { rows: true }),
    ("spine, new contents", Part::Spine { run: "new", relay: false }),
    ("spine", Part::Spine { run: "known", relay: false }),
    ("spine, receipts published", Part::Spine { run: "relay", relay: true }),
];

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(20_000);
    let only = std::env::args().skip(1).filter(|one| !one.starts_with('-')).nth(1).map(|one| one.parse::<usize>());
    let only = only.map(|part| part.expect("the number of a part"));
    let house = House::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut measured = PARTS.map(|_| Vec::new());
    runtime.block_on(async {
        house.declare().await;
        for round in 1..=ROUNDS {
            let bodies: Vec<Vec<u8>> = house.applications(if only.is_some() { 1 } else { round }).take(count).collect();
            for (number, ((_, part), measured)) in (1..).zip(PARTS.into_iter().zip(&mut measured)) {
                if only.is_some_and(|only| only != number) {
                    continue;
                }
                let (count, bytes) = house.prefill(bodies.iter().cloned()).await;
                if round == 1 && matches!(part, Part::Bare { rows: false }) {
                    println!("{count} messages of {} bytes on the average", bytes / count.max(1));
                }
                let before = processor_time();
                let time = match part {
                    Part::Bare { rows } => bare(&house, count, rows).await,
                    Part::Spine { run, relay } => spine(&house, count, &format!("{run}-{round}"), relay).await,
                };
                measured.push((rate(count, time), rate(count, processor_time().saturating_sub(before))));
            }
        }
    });
    if let Some(only) = only {
        println!("{}: {:?}", PARTS[only - 1].0, measured[only - 1]);
        return;
    }
    let rates = measured.each_ref().map(|rounds| median(rounds.iter().map(|round| round.0)));
    for (((what, _), rate), rounds) in PARTS.into_iter().zip(rates).zip(&measured) {
        let processor = 1e6 / median(rounds.iter().map(|round| round.1));
        let all: Vec<String> = rounds.iter().map(|round| format!("{:.0}", round.0)).collect();
        println!("{what:<26} {rate:>8.0} messages a second ({}), {processor:.0} µs of processor", all.join(", "));
    }
    println!("spine, new contents / bare with a row: {:.2}", rates[2] / rates[1]);
    println!("spine / bare with a row:               {:.2}", rates[3] / rates[1]);
    println!("spine / bare:                          {:.2}", rates[3] / rates[0]);
    println!("spine, receipts published / spine:     {:.2}", rates[4] / rates[3]);
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What all threads of this program have used so far.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a line of the kernel's");
    let after_name = stat.rsplit_once(')').expect("a name").1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks"));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

async fn bare(house: &House, count: usize, rows: bool) -> Duration {
    let session = house.session().await;
    let options = SqliteConnectOptions::new()
        .filename(house.folder.join("bare.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("a store");
    sqlx::query("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, tag INTEGER, size INTEGER, body BLOB)")
        .execute(&pool)
        .await
        .expect("a table");
    let started = Instant::now();
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
    let time = started.elapsed();
    pool.close().await;
    session.close().await;
    time
}

/// The daemon itself, from its first loop until everything is settled (and, with the relay, sent).
async fn spine(house: &House, count: usize, run: &str, relay: bool) -> Duration {
    let config = house.config(run, relay);
    let rules = assemble::rules(&config).expect("rules");
    let pipeline = assemble::pipeline(config, &rules).await.expect("a pipeline");
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = daemon::run(Arc::clone(&pipeline), stop.clone());
    let watching = async {
        // With the relay, looking means counting what is pending: rarely enough to cost nothing.
        let mut ticks = tokio::time::interval(Duration::from_millis(if relay { 200 } else { 10 }));
        loop {
            ticks.tick().await;
            let settled = pipeline.counters.deliveries() >= count as u64;
            if settled && (!relay || pipeline.store.waiting().await.is_ok_and(|waiting| waiting.pending == 0)) {
                break;
            }
        }
        stop.cancel();
        started.elapsed()
    };
    let (ended, time) = tokio::join!(running, watching);
    ended.expect("a stop in order");
    time
}
