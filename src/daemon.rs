//! Starts and stops the loops, in order. Start: broker link, consumers, parked items, timers and jobs, relay, health. Stop: no
//! more deliveries and slots, what has arrived is settled and acknowledged, the outbox is flushed, the connection closed, all
//! within a deadline; what is not done by then stays with the broker and comes again.

mod clockwork;
mod notify;
mod parked;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::FutureExt;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apply::Lifecycles;
use crate::broker::topology::{self, Owner, Topology, Wanted};
use crate::broker::{BrokerFault, Link, LinkState, Portion, Publisher, Session};
use crate::clock;
use crate::config::Config;
use crate::desk::journal;
use crate::domain::lifecycle::System;
use crate::export::{Bench, Jobs, READY_QUEUE, job_queue};
use crate::health::{self, Health};
use crate::intake::queue::{Queue, Role, acknowledge};
use crate::notify::Way;
use crate::pipeline::Pipeline;
use crate::relay;
use crate::store::{Sealing, StoreFault};

pub use parked::parked_once;

/// Pause of a loop whose store is away.
const AWAY_PAUSE: Duration = Duration::from_secs(1);
/// The longest that the relay and the parked loop sleep: another process may have written work for them.
const IDLE_PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often the store's log is folded into its file under load: often enough that a commit hardly ever has to.
const FOLD_PAUSE: Duration = Duration::from_millis(200);
/// How often words of new and changed cases and documents are taken in, and how many at a time.
const WORDS_PAUSE: Duration = Duration::from_secs(2);
const WORDS_MAX: u32 = 500;
/// Which part of a stop is kept for what ends in any case: one in so many.
const ENDING_SHARE: u32 = 10;
/// How often committed rows of the journal are looked for, to be sealed.
const SEAL_PAUSE: Duration = Duration::from_secs(2);

/// Why the daemon stopped by itself.
#[derive(Debug, Clone, Error)]
pub enum DaemonFault {
    /// Queues or exchanges are not what they must be.
    #[error("{0}")]
    Broker(String),
    /// The store cannot be worked with.
    #[error("{0}")]
    Store(String),
    /// A channel of notifications cannot be used.
    #[error("{0}")]
    Channel(String),
    /// The jobs cannot be run.
    #[error("{0}")]
    Schedule(String),
    /// The folder of export jobs.
    #[error("{0}")]
    Exports(String),
    /// A loop panicked.
    #[error("program-fault: a loop of the daemon has failed; the log names the place in the program: please report it")]
    Program,
    /// The health address cannot be had.
    #[error("http.address: {0}")]
    Http(String),
}

/// How a graceful stop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All that had arrived was settled, all that was owed was sent; without a connection it stays in the outbox.
    Cleanly,
    /// The deadline came first; what was not done comes again.
    AtDeadline,
}

/// What the loops share. Receiving and sending have a connection each: a broker that is short of memory stops whatever
/// comes from a sending one, and acknowledgements must not stop with it.
#[derive(Clone)]
struct Loops {
    pipeline: Arc<Pipeline>,
    receiving: Arc<Link>,
    sending: Arc<Link>,
    /// No more deliveries, no more parked items.
    stopping: CancellationToken,
    /// Nothing more is published by the loops; the last is for the end to send.
    publishing_ends: CancellationToken,
    /// Everything ends now.
    ending: CancellationToken,
    fault: watch::Sender<Option<DaemonFault>>,
    /// Told when notifications were planned.
    planned: watch::Sender<()>,
}

/// What runs, by when it ends: first what takes work in, then what publishes, then everything else.
#[derive(Default)]
struct Tasks {
    intake: TaskTracker,
    publishing: TaskTracker,
    rest: TaskTracker,
}

/// Runs until `stop` is cancelled or something is wrong that time does not mend.
pub async fn run(pipeline: Arc<Pipeline>, stop: CancellationToken) -> Result<Stopped, DaemonFault> {
    let broken = |fault: BrokerFault| DaemonFault::Broker(fault.to_string());
    let plan = topology(&pipeline.config, &pipeline.lifecycles)?;
    let link = |plan: Topology| Link::new(pipeline.config.broker.clone(), plan).map(Arc::new).map_err(broken);
    let ending = CancellationToken::new();
    let loops = Loops {
        pipeline: Arc::clone(&pipeline),
        receiving: link(plan)?,
        sending: link(Topology::default())?,
        stopping: CancellationToken::new(),
        publishing_ends: ending.child_token(),
        ending,
        fault: watch::Sender::new(None),
        planned: watch::Sender::new(()),
    };
    let tasks = Tasks::default();
    let Tasks { intake, publishing, rest } = &tasks;
    let linked = CancellationToken::new();
    start(&loops, rest, link_loop(loops.clone(), Arc::clone(&loops.receiving), linked.clone()));
    start(&loops, rest, link_loop(loops.clone(), Arc::clone(&loops.sending), linked.clone()));
    start_health(&loops, rest).await?;
    notify::start_telling(&loops, publishing, rest)?;
    start_intake(&loops, intake);
    let clock = clockwork::start_schedule(&loops, intake).await?;
    start(&loops, publishing, relay_loop(loops.clone()));
    start(&loops, rest, fold_loop(loops.clone()));
    start(&loops, rest, seal_loop(loops.clone()));
    start(&loops, rest, words_loop(loops.clone()));
    start(&loops, rest, tell_ready(loops.clone()));
    let mut fault = loops.fault.subscribe();
    let failed = tokio::select! {
        () = stop.cancelled() => None,
        fault = fault.wait_for(Option::is_some) => fault.ok().and_then(|fault| fault.clone()),
    };
    if let Some(clock) = clock {
        clock.stop().await;
    }
    let stopped = finish(&loops, &tasks, linked).await;
    match failed {
        Some(fault) => Err(fault),
        None => Ok(stopped),
    }
}

/// Everything that must exist at the broker: the systems' queues, the agencies' queues for receipts and documents, one queue for each
/// channel that the broker serves, those of exports.
///
/// # Errors
/// Two of them have one name, or the folder of export jobs cannot be read.
pub fn topology(config: &Config, lifecycles: &Lifecycles) -> Result<Topology, DaemonFault> {
    let mut queues: Vec<String> = config
        .partners
        .all()
        .iter()
        .flat_map(|partner| [&partner.receipts, &partner.documents])
        .flatten()
        .cloned()
        .collect();
    queues.sort_unstable();
    queues.dedup();
    let named = lifecycles.systems().flat_map(System::channels).chain(lifecycles.documents.channels());
    let channels = config.notify.names(named).into_iter();
    let by_broker = channels.filter(|channel| matches!(config.notify.channel(channel).way, Way::Broker));
    let wanted = Wanted {
        systems: config.systems.clone(),
        agency_queues: queues.into_iter().map(|queue| (queue, Owner::Us)).collect(),
        notice_channels: by_broker.map(str::to_owned).collect(),
        export_queues: export_queues(config, lifecycles)?,
    };
    topology::plan(&wanted).map_err(|fault| DaemonFault::Broker(fault.to_string()))
}

/// The queue that tells of all exports, and those that are the destination of a job. A job that cannot be read has none; its fault is
/// told where jobs are.
fn export_queues(config: &Config, lifecycles: &Lifecycles) -> Result<Vec<String>, DaemonFault> {
    let bench = Bench::of(config, lifecycles);
    let jobs = Jobs::load(config.exports.folder.as_deref(), &bench);
    let jobs = jobs.map_err(|fault| DaemonFault::Exports(fault.to_string()))?;
    let own = jobs.listed.iter().filter(|listed| listed.job.has_queue()).map(|listed| job_queue(&listed.job.code));
    Ok(own.chain([READY_QUEUE.to_owned()]).collect())
}

/// Stops in order. The deadline is that of the whole; a part of it is kept for what ends in any case.
async fn finish(loops: &Loops, tasks: &Tasks, linked: CancellationToken) -> Stopped {
    let allowed = loops.pipeline.config.stop_deadline;
    let end = Instant::now() + allowed;
    tracing::info!(deadline_seconds = allowed.as_secs(), "stopping: no more deliveries are taken");
    loops.stopping.cancel();
    let Tasks { intake, publishing, rest } = tasks;
    for tasks in [intake, publishing, rest] {
        tasks.close();
    }
    let orderly = async {
        intake.wait().await;
        let up = matches!(&*loops.sending.state().borrow(), LinkState::Up { blocked: false, .. });
        if loops.pipeline.config.relay.enabled && up {
            // Two that publish at once would send the same twice.
            loops.publishing_ends.cancel();
            publishing.wait().await;
            flush(loops).await;
        } else if loops.pipeline.config.relay.enabled {
            tracing::warn!("nothing can be sent now: what is owed stays in the outbox");
        }
    };
    let stopped = match tokio::time::timeout_at(end - allowed / ENDING_SHARE, orderly).await {
        Ok(()) => Stopped::Cleanly,
        Err(_) => Stopped::AtDeadline,
    };
    loops.ending.cancel();
    linked.cancel();
    let others = async {
        publishing.wait().await;
        rest.wait().await;
    };
    if tokio::time::timeout_at(end, others).await.is_err() {
        tracing::warn!("a loop did not end in time and is left");
    }
    if tokio::time::timeout_at(end, loops.pipeline.store.close()).await.is_err() {
        tracing::warn!("the store is still at work and is left; what was not committed comes again");
    }
    tracing::info!(?stopped, "stopped");
    stopped
}

/// Sends what is still owed.
async fn flush(loops: &Loops) {
    let session = loops.sending.session().await;
    let Ok(mut publisher) = session.publisher().await else { return };
    while relay::to_broker(&loops.pipeline, &mut publisher).await.is_ok_and(|relayed| relayed.sent > 0) {}
    notify::flush(loops, &mut publisher).await;
}

impl Loops {
    /// A session for sending. Queues are declared by the receiving link: nothing leaves for one before it is there.
    async fn way_out(&self) -> Arc<Session> {
        drop(self.receiving.session().await);
        self.sending.session().await
    }
}

/// The one place that starts loops. One that panics ends the daemon: nothing else would take its work up.
fn start(loops: &Loops, tracker: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
    let fault = loops.fault.clone();
    drop(tracker.spawn(async move {
        if AssertUnwindSafe(task).catch_unwind().await.is_err() {
            fault.send_replace(Some(DaemonFault::Program));
        }
    }));
}

/// Says once that both connections are up.
async fn tell_ready(loops: Loops) {
    for link in [&loops.receiving, &loops.sending] {
        let mut state = link.state();
        tokio::select! {
            up = state.wait_for(|state| matches!(state, LinkState::Up { .. })) => if up.is_err() {
                return;
            },
            () = loops.ending.cancelled() => return,
        }
    }
    tracing::info!("ready");
}

/// Keeps a connection up; it lives longer than the loops that use it.
async fn link_loop(loops: Loops, link: Arc<Link>, cancel: CancellationToken) {
    if let Err(fault) = link.run(&cancel).await {
        loops.fault.send_replace(Some(DaemonFault::Broker(fault.to_string())));
    }
}

async fn start_health(loops: &Loops, tracker: &TaskTracker) -> Result<(), DaemonFault> {
    let Some(address) = loops.pipeline.config.http else { return Ok(()) };
    let listener = TcpListener::bind(address)
        .await
        .map_err(|fault| DaemonFault::Http(format!("{address}: {fault}; choose another address")))?;
    let served = listener.local_addr().map_or_else(|_| address.to_string(), |address| address.to_string());
    tracing::info!(address = served, "serving /healthz, /readyz and /metrics");
    let links = [("receiving", loops.receiving.state()), ("sending", loops.sending.state())];
    let health = Health { pipeline: Arc::clone(&loops.pipeline), links };
    let cancel = loops.ending.clone();
    start(loops, tracker, async move {
        if let Err(fault) = health::serve(listener, health, cancel).await {
            tracing::error!(%fault, "the health address is no longer served");
        }
    });
    Ok(())
}

/// One loop a queue: each system's ordinary and large queue, and the broker's dead letters.
fn start_intake(loops: &Loops, tracker: &TaskTracker) {
    let config = &loops.pipeline.config;
    for system in &config.systems {
        for (queue, prefetch, bytes_max) in [
            (topology::system_queue(system), config.prefetch, config.message_bytes_max),
            (topology::large_queue(system), config.prefetch_large, config.message_large_bytes_max),
        ] {
            let role = Role::System { system: system.clone(), bytes_max };
            start(loops, tracker, queue_loop(loops.clone(), queue, prefetch, role));
        }
    }
    let role = Role::DeadLetters { bytes_max: config.message_large_bytes_max };
    start(loops, tracker, queue_loop(loops.clone(), topology::QUEUE_DEAD.to_owned(), config.prefetch_large, role));
    start(loops, tracker, parked::parked_loop(loops.clone()));
}

/// Consumes one queue for as long as the daemon runs, over all connections.
async fn queue_loop(loops: Loops, queue: String, prefetch: u16, role: Role) {
    loop {
        let session = tokio::select! {
            session = loops.receiving.session() => session,
            () = loops.stopping.cancelled() => return,
        };
        let consumer = match session.consume(&queue, prefetch, &format!("mezhved.{queue}")).await {
            Ok(consumer) => consumer,
            Err(fault) => {
                tracing::warn!(queue, %fault, "the queue cannot be consumed; the connection is made anew");
                session.end("a queue cannot be consumed");
                continue;
            }
        };
        tracing::debug!(queue, epoch = session.epoch(), "consuming");
        let config = &loops.pipeline.config;
        let portion = Portion { count_max: config.batch_messages_max, bytes_max: config.batch_bytes_max };
        let source = Queue::new(consumer, role.clone(), portion, config.alone_after_deliveries);
        match consume(&loops, source, &session).await {
            Ok(Ended::Stopping) => return,
            Ok(Ended::Lost) => {}
            Err(fault) => {
                loops.fault.send_replace(Some(DaemonFault::Store(fault.to_string())));
                return;
            }
        }
    }
}

enum Ended {
    Stopping,
    Lost,
}

/// Takes batch after batch: while one is settled and acknowledged, the next is taken and prepared.
async fn consume(loops: &Loops, mut source: Queue, session: &Arc<Session>) -> Result<Ended, StoreFault> {
    let pipeline = &loops.pipeline;
    let mut prepared = None;
    let mut asked_to_stop = false;
    loop {
        let next = async {
            loop {
                tokio::select! {
                    batch = source.batch(clock::now) => {
                        let Some((batch, run)) = batch else { return Ok(None) };
                        return Ok(Some((pipeline.prepare(batch).await, run)));
                    }
                    () = loops.stopping.cancelled(), if !asked_to_stop => {
                        asked_to_stop = true;
                        if source.stop().await.is_err() {
                            return Ok(None);
                        }
                    }
                }
            }
        };
        let settle = async {
            let Some((batch, run)) = prepared.take() else { return Ok(()) };
            let committed = pipeline.settle(batch, run).await?;
            if let Err(fault) = acknowledge(committed).await {
                tracing::debug!(%fault, "a batch was committed but not acknowledged; it comes again as repeats");
                session.end("an acknowledgement could not be sent");
            }
            crate::failpoint::hit("pipeline.after-ack");
            Ok::<(), StoreFault>(())
        };
        // A store that cannot be worked with ends this at once, though nothing more may ever arrive; what has arrived stays with
        // the broker.
        let ((), next) = tokio::try_join!(settle, next)?;
        match next {
            Some(next) => prepared = Some(next),
            None if asked_to_stop => return Ok(Ended::Stopping),
            None => return Ok(Ended::Lost),
        }
    }
}

async fn relay_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    if !pipeline.config.relay.enabled {
        tracing::info!("the relay is off: what is owed stays in the outbox");
        return;
    }
    loop {
        let session = tokio::select! {
            session = loops.way_out() => session,
            () = loops.publishing_ends.cancelled() => return,
        };
        let mut publisher = match session.publisher().await {
            Ok(publisher) => publisher,
            Err(fault) => {
                tracing::warn!(%fault, "the relay has no channel; the connection is made anew");
                session.end("no channel for publishing");
                continue;
            }
        };
        if relay_on(&loops, &mut publisher).await.is_none() {
            return;
        }
    }
}

/// Relays on one connection; `None` when publishing ends.
async fn relay_on(loops: &Loops, publisher: &mut Publisher) -> Option<()> {
    let pipeline = &loops.pipeline;
    loop {
        let pause = match relay::to_broker(pipeline, publisher).await {
            Ok(relayed) if relayed.later > 0 && relayed.sent == 0 => {
                // Nothing got through: the channel may be gone. A new one costs little.
                tracing::warn!(rows = relayed.later, "nothing could be published; it is tried again");
                tokio::select! {
                    () = tokio::time::sleep(AWAY_PAUSE) => return Some(()),
                    () = loops.publishing_ends.cancelled() => return None,
                }
            }
            Ok(relayed) if relayed.is_idle() => until(&relay::next_due(pipeline).await),
            Ok(_) if loops.publishing_ends.is_cancelled() => return None,
            Ok(_) => continue,
            Err(fault) => {
                tracing::warn!(%fault, "the relay waits for the store");
                AWAY_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = pipeline.owed.notified() => {}
            () = loops.publishing_ends.cancelled() => return None,
        }
    }
}

/// How long a loop may sleep until something is due.
fn until(due: &Result<Option<chrono::DateTime<chrono::Utc>>, StoreFault>) -> Duration {
    match due {
        Ok(Some(due)) => (*due - clock::now()).to_std().unwrap_or(Duration::from_millis(10)).min(IDLE_PAUSE_MAX),
        Ok(None) => IDLE_PAUSE_MAX,
        Err(_) => AWAY_PAUSE,
    }
}

/// Folds the store's log into its file while there is traffic, and tells of documents that nobody is configured to get.
async fn fold_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    let mut folded = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(FOLD_PAUSE) => {}
            () = loops.ending.cancelled() => return,
        }
        let deliveries = pipeline.counters.deliveries();
        if deliveries != folded {
            folded = deliveries;
            pipeline.counters.tell_unaddressed();
            if let Err(fault) = pipeline.store.fold_log().await {
                tracing::debug!(%fault, "the store's log could not be checkpointed into its file");
            }
        }
    }
}

/// Seals the journal behind the writing; what is left at the end waits for the next sealer.
async fn seal_loop(loops: Loops) {
    let store = &loops.pipeline.store;
    let owner = journal::owner();
    loop {
        match journal::seal_once(store, &owner).await {
            Ok(Sealing::Done { rows, seal, hash }) if rows > 0 => {
                tracing::info!(rows, seal, hash = hex::encode(hash), "the journal is sealed so far");
                if rows == journal::ROWS_MAX as usize && !loops.ending.is_cancelled() {
                    continue;
                }
            }
            Ok(_) => {}
            Err(fault) => tracing::warn!(%fault, "the journal waits for its seals"),
        }
        tokio::select! {
            () = tokio::time::sleep(SEAL_PAUSE) => {}
            () = loops.ending.cancelled() => break,
        }
    }
    if let Err(fault) = journal::finish(store, &owner).await {
        tracing::warn!(%fault, "the journal's last rows wait for their seals");
    }
}

/// Takes in words for search behind the writing: a piece now and then under load, all of them when there is none.
async fn words_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    let mut deliveries = 0;
    loop {
        let idle = std::mem::replace(&mut deliveries, pipeline.counters.deliveries()) == deliveries;
        match pipeline.store.take_words(WORDS_MAX).await {
            Ok(taken) if taken > 0 && idle && !loops.ending.is_cancelled() => continue,
            Ok(_) => {}
            Err(fault) => tracing::warn!(%fault, "words for search wait for the store"),
        }
        tokio::select! {
            () = tokio::time::sleep(WORDS_PAUSE) => {}
            () = loops.ending.cancelled() => return,
        }
    }
}
