//! The ceiling that everything else is measured against: messages taken from a quorum queue and acknowledged, many at a
//! time, and nothing done with them; once with lapin alone, once through the broker room. And the other way: published
//! and confirmed. Usage: `cargo bench --bench bare -- [MESSAGES] [BYTES]`; a private broker is started unless
//! `MEZHVED__BROKER__URL` points to one, whose queue `mezhved.bench` is then used, and emptied before each part.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures and tells")]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use futures_lite::future::poll_once;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use mezhved::broker::topology::{self, Owner, Queue, Topology};
use mezhved::broker::{Outgoing, Portion, Published, Session, Settings};
use mezhved::domain::properties::Properties;

const QUEUE: &str = "mezhved.bench";
const PREFETCH: u16 = 2000;
const PORTION: Portion = Portion { count_max: 500, bytes_max: usize::MAX };
/// Messages handed to the publisher at a time.
const PUBLISHED_AT_ONCE: usize = 500;
const ROUNDS: usize = 3;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let count = numbers.next().unwrap_or(100_000);
    let bytes = numbers.next().unwrap_or(3500);
    let node = Node::find();
    println!(
        "{count} messages of {bytes} bytes, prefetch {PREFETCH}, up to {} acknowledged at once",
        PORTION.count_max
    );
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for round in 1..=ROUNDS {
            let session = Session::open(&Settings::new(node.url.as_str().into())).await.expect("a session");
            let connection = Connection::connect(&node.url, ConnectionProperties::default()).await.expect("lapin");
            declare(&session).await;
            empty(&connection).await;
            let watch = Stopwatch::start();
            publish(&session, count, bytes).await;
            watch.tell(round, "published, confirmed", count);
            let watch = Stopwatch::start();
            take_with_lapin(&connection, count).await;
            watch.tell(round, "taken with lapin alone", count);
            empty(&connection).await;
            publish(&session, count, bytes).await;
            let watch = Stopwatch::start();
            take_with_room(&session, count).await;
            watch.tell(round, "taken through the room", count);
            connection.close(200, "done".into()).await.expect("closed");
            session.close().await;
        }
    });
}

/// Time by the clock, and processor time of this process.
struct Stopwatch(Instant, Duration);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now(), processor_time())
    }

    fn tell(&self, round: usize, what: &str, count: usize) {
        let count = u128::try_from(count).expect("a count").max(1);
        let rate = count * 1_000_000 / self.0.elapsed().as_micros().max(1);
        let cost = processor_time().saturating_sub(self.1).as_nanos() / count;
        println!("round {round}: {what:<24} {rate:>7} messages a second, {cost:>6} ns of our processor time each");
    }
}

/// User and system time of this process, by the kernel's ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a process name");
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

async fn declare(session: &Arc<Session>) {
    let plan = topology::plan(&topology::Wanted::default()).expect("a plan");
    let queue = Queue { name: QUEUE.to_owned(), owner: Owner::Us, ..plan.queues[0].clone() };
    let bench = Topology { queues: vec![queue], ..Topology::default() };
    topology::declare(session, &bench).await.expect("a queue");
}

/// What was acknowledged at full speed just before its channel closed may have come back.
async fn empty(connection: &Connection) {
    let channel = connection.create_channel().await.expect("a channel");
    channel.queue_purge(QUEUE.into(), QueuePurgeOptions { nowait: false }).await.expect("an empty queue");
}

async fn publish(session: &Arc<Session>, count: usize, bytes: usize) {
    let mut publisher = session.publisher().await.expect("a channel");
    for first in (0..count).step_by(PUBLISHED_AT_ONCE) {
        let batch: Vec<_> = (first..count.min(first + PUBLISHED_AT_ONCE)).map(|n| message(n, bytes)).collect();
        let verdicts = publisher.publish(&batch).await;
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Published::Confirmed)), "all are confirmed");
    }
}

fn message(number: usize, bytes: usize) -> Outgoing {
    Outgoing {
        exchange: String::new(),
        routing_key: QUEUE.to_owned(),
        properties: Properties {
            message_id: Some(format!("{number:036}")),
            content_type: Some("application/xml".to_owned()),
            kind: Some("StatusUpdate".to_owned()),
            ..Properties::default()
        },
        body: vec![b'x'; bytes],
    }
}

async fn take_with_lapin(connection: &Connection, count: usize) {
    let channel = connection.create_channel().await.expect("a channel");
    channel.basic_qos(PREFETCH, BasicQosOptions { global: false }).await.expect("a prefetch");
    let options = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume(QUEUE.into(), "bare".into(), options, FieldTable::default()).await.expect("a consumer");
    let mut taken = 0;
    while taken < count {
        let mut last = consumer.next().await.expect("a delivery").expect("a delivery");
        taken += 1;
        let mut together = 1;
        while together < PORTION.count_max
            && let Some(Some(next)) = poll_once(consumer.next()).await
        {
            last = next.expect("a delivery");
            (taken, together) = (taken + 1, together + 1);
        }
        channel.basic_ack(last.delivery_tag, BasicAckOptions { multiple: true }).await.expect("acknowledged");
    }
}

async fn take_with_room(session: &Arc<Session>, count: usize) {
    let mut consumer = session.consume(QUEUE, PREFETCH, "bare").await.expect("a consumer");
    let mut received = Vec::with_capacity(PORTION.count_max);
    let mut taken = 0;
    while taken < count {
        taken += consumer.recv_many(&mut received, PORTION).await;
        let last = received.last().expect("a delivery").tag;
        consumer.ack_through(last).await.expect("acknowledged");
        received.clear();
    }
}

/// The broker that is measured.
struct Node {
    url: String,
    folder: Option<std::path::PathBuf>,
}

impl Node {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rabbitmq.sh");

    fn find() -> Self {
        if let Ok(url) = std::env::var("MEZHVED__BROKER__URL") {
            return Self { url, folder: None };
        }
        let folder = std::env::temp_dir().join(format!("mezhved-bench-{}", std::process::id()));
        let watched = std::process::id().to_string();
        let output =
            Command::new(Self::SCRIPT).arg("start").arg(&folder).args(["--watch", &watched, "--remove"]).output();
        let output = output.expect("deploy/rabbitmq.sh");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = String::from_utf8(output.stdout).expect("an address").trim().to_owned();
        Self { url, folder: Some(folder) }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _stopped = Command::new(Self::SCRIPT).arg("kill").arg(folder).output();
            let _removed = std::fs::remove_dir_all(folder);
        }
    }
}
