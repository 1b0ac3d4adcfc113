//! One connection from its login to its end. Whatever is opened on it dies with it; the next one has another epoch.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::consumer::Consumer;
use super::fault::BrokerFault;
use super::held::Held;
use super::properties::name;
use super::publisher::Publisher;
use super::settings::{Endpoint, Settings};
use super::wire::{self, Wire};

/// AMQP reply code of an orderly end.
const REPLY_SUCCESS: u16 = 200;

/// How often a publisher looks whether the broker takes messages again; the broker is short of memory for seconds at least.
const BLOCKED_PAUSE: Duration = Duration::from_millis(50);

/// One connection to the broker.
#[derive(Debug)]
pub struct Session {
    epoch: u64,
    user: Option<String>,
    settings: Settings,
    connection: Connection,
    wire: Wire,
    held: Held,
    ended: watch::Sender<Option<String>>,
}

/// What a queue holds at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages ready for delivery; not those that await an acknowledgement.
    pub messages: u32,
    /// Consumers on the queue.
    pub consumers: u32,
}

impl Session {
    /// Connects once, without a supervisor: for checks and commands that do one thing and end.
    pub async fn open(settings: &Settings) -> Result<Arc<Self>, BrokerFault> {
        let endpoint = settings.check()?;
        Ok(Arc::new(Self::connect(settings, &endpoint, 0).await?))
    }

    pub(super) async fn connect(settings: &Settings, endpoint: &Endpoint, epoch: u64) -> Result<Self, BrokerFault> {
        let held = Held::new(settings.held_bytes_max, settings.heartbeat / 2, Handle::current());
        let (connection, wire) = wire::connect(settings, endpoint, &held).await?;
        Ok(Self {
            epoch,
            user: endpoint.user().map(str::to_owned),
            settings: settings.clone(),
            connection,
            wire,
            held,
            ended: watch::Sender::new(None),
        })
    }

    /// Which connection of its link this is, from 1; delivery tags of two epochs have nothing to do with each other.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The user that the broker knows us as; `None` where a certificate decides.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether the broker has asked for no more messages for now: it is short of memory or disk.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Starts to consume on a channel of its own. `prefetch`: the most deliveries under way without an acknowledgement.
    pub async fn consume(
        self: &Arc<Self>,
        queue: &str,
        prefetch: u16,
        consumer_tag: &str,
    ) -> Result<Consumer, BrokerFault> {
        Consumer::start(self, queue, prefetch, consumer_tag).await
    }

    /// Opens a channel on which every published message is confirmed.
    pub async fn publisher(self: &Arc<Self>) -> Result<Publisher, BrokerFault> {
        Publisher::open(self).await
    }

    /// What the queue holds; [`BrokerFault::Refused`] with code 404 where there is none.
    pub async fn depth(&self, queue: &str) -> Result<Depth, BrokerFault> {
        let too_long = |_| BrokerFault::NameTooLong { field: "queue", length: queue.len() };
        let queue = name("queue", queue).map_err(too_long)?;
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let channel = self.channel().await?;
        let found = self.ask(channel.queue_declare(queue, options, FieldTable::default())).await?;
        Ok(Depth { messages: found.message_count(), consumers: found.consumer_count() })
    }

    /// Gives the connection up: the link drops it and makes a new one. The first reason counts.
    pub fn end(&self, reason: &str) {
        let first = self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert_with(|| reason.to_owned());
            first
        });
        if first {
            self.wire.cut();
            self.held.unbounded();
        }
    }

    /// What its deliveries hold.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Ends the connection in order, within the time that connecting may take.
    pub async fn close(&self) {
        let closing = self.connection.close(REPLY_SUCCESS, "bye".into());
        // An answer that does not come changes nothing: the connection is cut in any case.
        let _answer = timeout(self.settings.connect_timeout, closing).await;
        self.end("closed");
    }

    pub(super) async fn channel(&self) -> Result<Channel, BrokerFault> {
        self.ask(self.connection.create_channel()).await
    }

    pub(super) async fn confirming_channel(&self) -> Result<Channel, BrokerFault> {
        let channel = self.channel().await?;
        self.ask(channel.confirm_select(ConfirmSelectOptions { nowait: false })).await?;
        Ok(channel)
    }

    /// Asks the broker something. lapin forgets some questions that are asked just while the connection ends: the end
    /// answers them too, and a question without an answer in time is the end.
    pub(super) async fn ask<T>(&self, question: impl Future<Output = lapin::Result<T>>) -> Result<T, BrokerFault> {
        tokio::select! {
            biased;
            answer = timeout(self.settings.connect_timeout, question) => {
                let Ok(answer) = answer else {
                    let reason = "the broker did not answer in time";
                    self.end(reason);
                    return Err(BrokerFault::Gone(reason.to_owned()));
                };
                Ok(answer?)
            }
            reason = self.over() => Err(BrokerFault::Gone(reason)),
        }
    }

    /// Returns when the connection was given up: why.
    pub(super) async fn over(&self) -> String {
        let mut ended = self.ended.subscribe();
        let reason = ended.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.borrow().is_some()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns when the broker takes messages, or none will ever go this way.
    pub(super) async fn unblocked(&self) {
        while self.blocked() && !self.is_over() {
            sleep(BLOCKED_PAUSE).await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.wire.cut();
    }
}
