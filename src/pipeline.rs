//! The conductor: a batch from delivery to proof of commit. Prepare in parallel, one transaction (claim, facts, fold,
//! write, commit), and the proof with which its deliveries are acknowledged. What fails is decided before writing, so one
//! bad message never fails its batch; if the commit itself fails, the batch is tried message by message.

mod firing;
mod parked;
mod upkeep;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::admit::{self, Answers, Checked, ClaimKey, Desk, Prepared, Rejected};
use crate::apply::rows::{Claim, RawBlock};
use crate::apply::world::Needs;
use crate::apply::{self, Context, Known, Lifecycles, Settlement};
use crate::assemble::Rules;
use crate::binding::Rulebook;
use crate::chance;
use crate::clock;
use crate::config::Config;
use crate::domain::calendar::Calendar;
use crate::domain::media::Held;
use crate::domain::routing::Routing;
use crate::failpoint;
use crate::intake::{Again, Delivery, Origin};
use crate::notify::Texts;
use crate::outbox::{self, OutboxRow, Sending};
use crate::store::{Committed, Contents, Fate, Store, StoreFault, Transaction};
use crate::telemetry::Counters;
use crate::unwind::caught;
use crate::xml::WriteFault;

pub use firing::FiredTimer;

/// Pauses while the store is away: doubled up to the longest.
const AWAY_PAUSE_MIN: Duration = Duration::from_millis(50);
const AWAY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// Fewer messages than this are prepared on one thread.
const PARALLEL_FROM: usize = 8;
/// Raw bytes are packed lightly: a batch is full of likenesses anyway.
const PACKING_LEVEL: i32 = 1;

/// What the stages share.
#[derive(Debug)]
pub struct Pipeline {
    /// The configuration.
    pub config: Config,
    /// The compiled families.
    pub rulebook: Arc<Rulebook>,
    /// How cases live.
    pub lifecycles: Arc<Lifecycles>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// Which unit is responsible for what.
    pub routing: Arc<Routing>,
    /// What people read of events.
    pub texts: Arc<Texts>,
    /// What answers of state services must look like.
    pub answers: Arc<Answers>,
    /// The store.
    pub store: Store,
    /// Contents outside the tables.
    pub contents: Contents,
    /// What is counted.
    pub counters: Counters,
    /// Told when parked items may be due.
    pub parked: Notify,
    /// Told when the outbox has something.
    pub owed: Notify,
    /// Told when people are to be told of something.
    pub noticed: Notify,
}

impl Pipeline {
    /// A pipeline over a store.
    #[must_use]
    pub fn new(config: Config, rules: &Rules, store: Store) -> Self {
        let contents = Contents::at(config.contents.clone());
        let Rules { rulebook, lifecycles, calendar, routing, texts, answers } = rules.clone();
        Self {
            config,
            rulebook,
            lifecycles,
            calendar,
            routing,
            texts,
            answers,
            store,
            contents,
            counters: Counters::new(),
            parked: Notify::new(),
            owed: Notify::new(),
            noticed: Notify::new(),
        }
    }

    /// Decodes, validates and judges a batch on all processors but the one that settles the batch before; the order stays.
    pub async fn prepare(self: &Arc<Self>, batch: Vec<Delivery>) -> Vec<Prepared> {
        failpoint::hit("pipeline.received");
        let now = clock::now();
        let spare = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1);
        let parts = if batch.len() < PARALLEL_FROM { 1 } else { spare.max(1) };
        let size = batch.len().div_ceil(parts).max(1);
        let mut batch = batch.into_iter();
        let mut running = Vec::with_capacity(parts);
        loop {
            let part: Vec<Delivery> = batch.by_ref().take(size).collect();
            if part.is_empty() {
                break;
            }
            let pipeline = Arc::clone(self);
            running.push(tokio::task::spawn_blocking(move || pipeline.prepare_part(part, now)));
        }
        let mut prepared = Vec::new();
        for part in running {
            match part.await {
                Ok(part) => prepared.extend(part),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        self.keep_early(&mut prepared).await;
        failpoint::hit("pipeline.prepared");
        prepared
    }

    /// Keeps the contents of what will most likely be applied while the batch before is still being settled: syncing
    /// files is what takes longest. What fails here is met again, with patience, in the transaction.
    async fn keep_early(&self, prepared: &mut [Prepared]) {
        let wanted = |message: &&mut Prepared| !message.head.test() && !matches!(message.head.origin, Origin::Store(_));
        let verdicts = prepared.iter_mut().filter(wanted).filter_map(|message| Arc::get_mut(&mut message.verdict));
        let checked = verdicts.filter_map(|verdict| verdict.as_mut().ok());
        let mut checked: Vec<&mut Checked> = checked.filter(|checked| !checked.contents.is_empty()).collect();
        let list = checked.iter().flat_map(|checked| checked.contents.iter().cloned()).collect();
        match self.keep(list).await {
            Ok(()) => checked.iter_mut().for_each(|checked| checked.contents.clear()),
            Err(fault) => tracing::debug!(%fault, "contents cannot be kept yet"),
        }
    }

    fn prepare_part(&self, part: Vec<Delivery>, now: DateTime<Utc>) -> Vec<Prepared> {
        let desk = Desk {
            rulebook: &self.rulebook,
            partners: &self.config.partners,
            agency: &self.config.agency,
            answers: &self.answers,
            now,
        };
        part.into_iter().map(|delivery| admit::prepare(delivery, &desk)).collect()
    }

    /// Settles a batch, waiting in place while the store is away. An error means that the store cannot be worked with.
    pub async fn settle<R: Clone>(self: &Arc<Self>, batch: Vec<Prepared>, run: R) -> Result<Committed<R>, StoreFault> {
        match self.patiently(&batch, &run).await {
            Err(fault) if fault.fate() == Fate::Refused => {
                tracing::warn!(fault = %fault, messages = batch.len(), "the store refused a batch; message by message");
                self.one_by_one(batch, run).await
            }
            settled => {
                // Many small pieces of memory: they are given back beside the next batch.
                drop(tokio::task::spawn_blocking(move || drop(batch)));
                settled
            }
        }
    }

    /// Finds the message that the store refuses and buries it alone. The run is proved by the last commit.
    async fn one_by_one<R: Clone>(self: &Arc<Self>, batch: Vec<Prepared>, run: R) -> Result<Committed<R>, StoreFault> {
        let mut last = None;
        for mut message in batch {
            let settled = match self.patiently(std::slice::from_ref(&message), &run).await {
                Err(fault) if fault.fate() == Fate::Refused => {
                    message.verdict = Arc::new(Err(Rejected::of(fault.code(), None)));
                    self.patiently(std::slice::from_ref(&message), &run).await
                }
                settled => settled,
            };
            last = Some(settled?);
        }
        last.ok_or_else(|| StoreFault::Unusable("an empty batch was refused".into()))
    }

    async fn patiently<R: Clone>(self: &Arc<Self>, batch: &[Prepared], run: &R) -> Result<Committed<R>, StoreFault> {
        let mut pause = AWAY_PAUSE_MIN;
        loop {
            match self.transact(batch, run.clone()).await {
                Err(fault) if fault.fate() == Fate::Retry => {
                    self.counters.store_away(true);
                    tracing::warn!(fault = %fault, messages = batch.len(), "the store is away; the batch waits");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(AWAY_PAUSE_MAX);
                }
                settled => {
                    self.counters.store_away(false);
                    return settled;
                }
            }
        }
    }

    /// One transaction: claim the ids, read the facts, fold, write, commit. The answers are put into words, and the raw bytes
    /// packed, beside the writing.
    async fn transact<R>(self: &Arc<Self>, batch: &[Prepared], run: R) -> Result<Committed<R>, StoreFault> {
        let mut transaction = self.store.begin().await?;
        let (known, needs) = tokio::join!(known(batch, &mut transaction), async { needs(batch, &self.lifecycles) });
        let known = known?;
        let world = transaction.facts(&needs).await?;
        let now = clock::now();
        let held = |sha256: &str| self.contents.held(sha256);
        let seed = chance::seed().map_err(|fault| StoreFault::Away(fault.to_string()))?;
        let settled = caught(|| apply::settle(batch, world, known, &self.context(now, seed, &held)));
        let mut settlement = settled.ok_or(StoreFault::Program("it cannot be decided what the messages do"))?;
        let bodies: Vec<_> = settlement.raw.iter().map(|index| Arc::clone(&batch[*index].body)).collect();
        settlement.writes.raw = (!bodies.is_empty()).then(|| block(&bodies, now));
        let settlement = Arc::new(settlement);
        let (pipeline, answered) = (Arc::clone(self), Arc::clone(&settlement));
        let aside = tokio::task::spawn_blocking(move || Ok((packed(&bodies)?, pipeline.owed(&answered, now)?)));
        failpoint::hit("pipeline.before-write");
        let number = transaction.write(&settlement.writes).await?;
        self.keep(settlement.contents.clone()).await?;
        failpoint::hit("pipeline.contents-kept");
        let (raw, owed) = aside.await.unwrap_or(Err(StoreFault::Program("what is owed cannot be written")))?;
        if let Some(number) = number {
            transaction.write_raw(number, &raw).await?;
        }
        transaction.owe(&owed).await?;
        transaction.owe_again(&settlement.writes.repeats).await?;
        failpoint::hit("pipeline.before-commit");
        let committed = transaction.commit(run).await?;
        failpoint::hit("pipeline.after-commit");
        self.counted(&settlement, owed.is_empty());
        drop(tokio::task::spawn_blocking(move || drop((settlement, owed, raw))));
        Ok(committed)
    }

    fn context<'a>(
        &'a self,
        now: DateTime<Utc>,
        seed: [u8; 32],
        held: &'a dyn Fn(&str) -> Option<Held>,
    ) -> Context<'a> {
        Context {
            now,
            agency: &self.config.agency,
            zone: self.config.zone,
            lifecycles: &self.lifecycles,
            calendar: &self.calendar,
            routing: &self.routing,
            services: &self.config.services,
            answers: &self.answers,
            delays: &self.config.parking.delays,
            patience: self.config.parking.patience,
            dead_letter_inline_bytes_max: self.config.dead_letter_inline_bytes_max,
            seed,
            held,
        }
    }

    fn owed(&self, settlement: &Settlement, now: DateTime<Utc>) -> Result<Vec<OutboxRow>, StoreFault> {
        // What cannot be written would be lost to whom it is for: the message is refused by itself instead.
        let refused = |fault: WriteFault| StoreFault::Refused(fault.to_string());
        let sending = self.sending(now);
        let mut rows = outbox::receipts(settlement, &sending).map_err(refused)?;
        let content = |sha256: &str| {
            let made = settlement.contents.iter().find(|(known, _)| known == sha256);
            made.map(|(_, bytes)| bytes.to_vec()).or_else(|| self.contents.read(sha256).ok())
        };
        let (documents, unaddressed) = outbox::documents(settlement, &sending, &content).map_err(refused)?;
        rows.extend(documents);
        self.counters.unaddressed(unaddressed);
        Ok(rows)
    }

    /// What messages of that moment are made with.
    pub fn sending(&self, now: DateTime<Utc>) -> Sending<'_> {
        Sending {
            agency: &self.config.agency,
            lifecycles: &self.lifecycles,
            partners: &self.config.partners,
            services: &self.config.services,
            zone: self.config.zone,
            now,
        }
    }

    /// Keeps contents; it must be done before the rows that name them are committed.
    async fn keep(&self, list: Vec<(String, Arc<Vec<u8>>)>) -> Result<(), StoreFault> {
        if list.is_empty() {
            return Ok(());
        }
        let contents = self.contents.clone();
        match tokio::task::spawn_blocking(move || contents.keep(&list)).await {
            Ok(kept) => kept.map_err(|fault| StoreFault::Away(fault.to_string())),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    fn counted(&self, settlement: &Settlement, nothing_owed: bool) {
        let writes = &settlement.writes;
        self.counters.settled(writes);
        if !(writes.woken.is_empty() && writes.parked.is_empty() && writes.parked_again.is_empty()) {
            self.parked.notify_one();
        }
        if !(nothing_owed && writes.repeats.is_empty()) {
            self.owed.notify_one();
        }
        if !writes.noticed.is_empty() {
            self.noticed.notify_one();
        }
    }
}

/// What the store knows of the batch's messages already.
async fn known(batch: &[Prepared], transaction: &mut Transaction) -> Result<Known, StoreFault> {
    let mut keys = Vec::with_capacity(batch.len());
    let mut tries: Vec<&Again> = Vec::new();
    for message in batch {
        match &message.head.origin {
            Origin::Store(again) => {
                tries.push(again);
                if message.head.own_key() != ClaimKey::of(again) {
                    keys.push(message.head.own_key());
                }
            }
            _ => keys.push(message.head.key()),
        }
    }
    let mut claims = transaction.claims(&keys).await?;
    let conflicts = conflicts(batch, &claims);
    claims.extend(transaction.claims(&conflicts).await?);
    let next_seq = if keys.is_empty() { 0 } else { transaction.next_seq().await? };
    Ok(Known { claims, stored: transaction.stored(&tries).await?, next_seq })
}

/// The keys under which messages are booked whose id is taken by other content, be it in the store or in this batch.
fn conflicts(batch: &[Prepared], claims: &HashMap<ClaimKey, Claim>) -> Vec<ClaimKey> {
    let mut first: HashMap<(&str, &str), [u8; 32]> = HashMap::with_capacity(batch.len());
    first.extend(claims.iter().map(|(key, claim)| ((key.sender.as_str(), key.message_id.as_str()), claim.hash)));
    let mut keys = Vec::new();
    for message in batch.iter().filter(|message| !matches!(message.head.origin, Origin::Store(_))) {
        let head = &message.head;
        if *first.entry((&head.sender, &head.message_id)).or_insert(head.hash) != head.hash {
            let message_id = format!("sha256:{}", hex::encode(head.hash));
            keys.push(ClaimKey { sender: head.sender.clone(), message_id });
        }
    }
    keys
}

fn needs(batch: &[Prepared], lifecycles: &Lifecycles) -> Needs {
    let mut needs = Needs::default();
    for message in batch {
        let only = match &message.head.origin {
            Origin::Store(again) => again.item,
            _ => None,
        };
        if let (Ok(checked), Some(system)) = (&*message.verdict, message.head.system()) {
            let tried = checked.items.iter().filter(|item| only.is_none_or(|only| only == item.number));
            tried.for_each(|item| apply::needs(item, system, lifecycles, &mut needs));
        }
    }
    needs
}

/// The block of the batch's new messages.
fn block(bodies: &[Arc<Vec<u8>>], now: DateTime<Utc>) -> RawBlock {
    RawBlock { received_at: now, messages: bodies.len(), bytes: bodies.iter().map(|body| body.len()).sum() }
}

/// The bytes of a block, packed.
fn packed(bodies: &[Arc<Vec<u8>>]) -> Result<Vec<u8>, StoreFault> {
    let whole = bodies.iter().map(|body| body.as_slice()).collect::<Vec<&[u8]>>().concat();
    zstd::bulk::compress(&whole, PACKING_LEVEL)
        .map_err(|fault| StoreFault::Unusable(format!("the raw bytes cannot be packed: {fault}")))
}
