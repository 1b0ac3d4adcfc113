//! Deliveries of one queue, in order, as they arrive; acknowledged many at a time. Knows nothing of what is in them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_lite::StreamExt;
use futures_lite::future::poll_once;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, types::ShortString};

use super::fault::BrokerFault;
use super::properties::{self, name};
use super::session::Session;
use crate::domain::properties::Properties;

/// How often a quorum queue has delivered a message before.
const DELIVERY_COUNT: &str = "x-delivery-count";

/// A message from a queue, awaiting its acknowledgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Counts the deliveries of this consumer, from 1, without gaps.
    pub tag: u64,
    /// Whether it was delivered before, to whomever.
    pub redelivered: bool,
    /// How often it was delivered before, as far as the queue counts.
    pub delivery_count: u64,
    /// The exchange that it was published to; empty: the default one.
    pub exchange: String,
    /// The routing key that it was published with.
    pub routing_key: String,
    /// What came with it.
    pub properties: Properties,
    /// The bytes, untouched.
    pub body: Vec<u8>,
}

/// How much is taken at a time.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// The most deliveries.
    pub count_max: usize,
    /// The most bytes of their bodies together; a single larger one comes alone.
    pub bytes_max: usize,
}

/// Deliveries of one queue on a channel of its own.
#[derive(Debug)]
pub struct Consumer {
    acker: Acker,
    deliveries: lapin::Consumer,
    tag: ShortString,
    queue: String,
    held: Option<Received>,
    stopping: bool,
    ended: bool,
}

/// The acknowledging side of a consumer; copies may live in other tasks.
#[derive(Debug, Clone)]
pub struct Acker {
    session: Arc<Session>,
    channel: Channel,
    acked: Arc<AtomicU64>,
    /// Tags and lengths of the bodies that are not acknowledged yet.
    pending: Arc<Mutex<VecDeque<(u64, u64)>>>,
}

impl Consumer {
    pub(super) async fn start(
        session: &Arc<Session>,
        queue: &str,
        prefetch: u16,
        tag: &str,
    ) -> Result<Self, BrokerFault> {
        let short = |field, value: &str| {
            name(field, value).map_err(|_| BrokerFault::NameTooLong { field, length: value.len() })
        };
        let (queue_name, tag) = (short("queue", queue)?, short("consumer_tag", tag)?);
        let channel = session.channel().await?;
        session.ask(channel.basic_qos(prefetch, BasicQosOptions { global: false })).await?;
        let options = BasicConsumeOptions { no_local: false, no_ack: false, exclusive: false, nowait: false };
        let starting = channel.basic_consume(queue_name, tag, options, FieldTable::default());
        let deliveries = session.ask(starting).await?;
        Ok(Self {
            acker: Acker { session: Arc::clone(session), channel, acked: Arc::default(), pending: Arc::default() },
            tag: deliveries.tag(),
            deliveries,
            queue: queue.to_owned(),
            held: None,
            stopping: false,
            ended: false,
        })
    }

    /// The queue that it consumes.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// Which connection of its link it lives on.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.acker.epoch()
    }

    /// A handle to acknowledge with.
    #[must_use]
    pub fn acker(&self) -> Acker {
        self.acker.clone()
    }

    /// The next delivery; `None`: the consumer has ended and what was not acknowledged comes again to another one.
    /// An end that was not asked for gives up the whole session, so that the link rebuilds everything. May be dropped
    /// while it waits: nothing is lost.
    pub async fn next(&mut self) -> Option<Received> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        if self.ended {
            return None;
        }
        let arrived = tokio::select! {
            biased;
            arrived = self.deliveries.next() => arrived,
            // Where the end of the connection does not reach lapin's consumer.
            _ = self.acker.session.over() => None,
        };
        self.accept(arrived)
    }

    /// Waits for a delivery, then takes what else has arrived already, without waiting. Returns how many were added;
    /// 0: the consumer has ended. May be dropped while it waits: nothing is lost.
    pub async fn recv_many(&mut self, into: &mut Vec<Received>, portion: Portion) -> usize {
        let Some(first) = self.next().await else { return 0 };
        let mut bytes = first.body.len();
        let mut count = 1;
        into.push(first);
        while count < portion.count_max {
            let Some(next) = self.arrived().await else { break };
            if bytes.saturating_add(next.body.len()) > portion.bytes_max {
                self.held = Some(next);
                break;
            }
            bytes += next.body.len();
            count += 1;
            into.push(next);
        }
        count
    }

    /// Acknowledges this delivery and all before it.
    pub async fn ack_through(&self, tag: u64) -> Result<(), BrokerFault> {
        self.acker.through(tag).await
    }

    /// Asks for no more deliveries. Those that have arrived can still be taken and acknowledged; then the consumer ends.
    pub async fn stop(&mut self) -> Result<(), BrokerFault> {
        self.stopping = true;
        // The broker's answer stands behind what it has sent already.
        self.acker.session.held().unbounded();
        let options = BasicCancelOptions { nowait: false };
        self.acker.session.ask(self.acker.channel.basic_cancel(self.tag.clone(), options)).await
    }

    /// What has arrived already, if anything.
    async fn arrived(&mut self) -> Option<Received> {
        if self.ended {
            return None;
        }
        let arrived = poll_once(self.deliveries.next()).await?;
        self.accept(arrived)
    }

    fn accept(&mut self, arrived: Option<lapin::Result<Delivery>>) -> Option<Received> {
        let reason = match arrived {
            Some(Ok(delivery)) => {
                self.acker.takes(delivery.delivery_tag, delivery.data.len());
                return Some(received(delivery));
            }
            Some(Err(error)) => BrokerFault::from(error).to_string(),
            None => "the broker cancelled it".to_owned(),
        };
        self.ended = true;
        if !self.stopping {
            self.acker.session.end(&format!("the consumer of {} ended: {reason}", self.queue));
        }
        None
    }
}

impl Acker {
    /// Which connection of its link it lives on.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.session.epoch()
    }

    /// Acknowledges the delivery with this tag and all before it; again: nothing happens. An error means that the
    /// connection is gone and they come again.
    pub async fn through(&self, tag: u64) -> Result<(), BrokerFault> {
        if self.acked.fetch_max(tag, Ordering::AcqRel) >= tag {
            return Ok(());
        }
        self.lets_go(tag);
        // lapin's recovery is off, so that this channel lives on one connection only: an old tag cannot reach a new one.
        self.session.ask(self.channel.basic_ack(tag, BasicAckOptions { multiple: true })).await
    }

    fn takes(&self, tag: u64, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push_back((tag, bytes));
    }

    /// The bodies up to this tag are not held any more.
    fn lets_go(&self, tag: u64) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let done = pending.partition_point(|(pending, _)| *pending <= tag);
        let bytes = pending.drain(..done).map(|(_, bytes)| bytes).sum();
        drop(pending);
        self.session.held().released(bytes);
    }
}

fn received(delivery: Delivery) -> Received {
    let counted = delivery.properties.headers().as_ref().and_then(|headers| headers.inner().get(DELIVERY_COUNT));
    Received {
        tag: delivery.delivery_tag,
        redelivered: delivery.redelivered,
        delivery_count: counted.and_then(whole).unwrap_or(u64::from(delivery.redelivered)),
        exchange: delivery.exchange.into(),
        routing_key: delivery.routing_key.into(),
        properties: properties::received(&delivery.properties),
        body: delivery.data,
    }
}

fn whole(value: &AMQPValue) -> Option<u64> {
    match *value {
        AMQPValue::LongLongInt(value) => value.try_into().ok(),
        AMQPValue::LongInt(value) => value.try_into().ok(),
        AMQPValue::LongUInt(value) => Some(value.into()),
        AMQPValue::ShortInt(value) => value.try_into().ok(),
        AMQPValue::ShortUInt(value) => Some(value.into()),
        AMQPValue::ShortShortInt(value) => value.try_into().ok(),
        AMQPValue::ShortShortUInt(value) => Some(value.into()),
        _ => None,
    }
}
