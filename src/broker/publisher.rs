//! Publishing with confirmations: a batch is sent without waiting in between, then each message gets its own verdict.
//! A message that the broker does not take never takes its neighbours down with it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_lite::future::poll_once;
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::time::timeout;

use super::fault::BrokerFault;
use super::properties::{self, Unsendable, name};
use super::session::Session;
use crate::domain::properties::Properties;

/// Sent before the first confirmation is waited for: bounds what is copied into the connection's buffers.
const WINDOW_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A message to publish. It must have a message id: confirmations are matched by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The exchange; empty: the default one, whose routing keys are queue names.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// What goes with it. It is always sent as persistent; `user_id` defaults to the connection's own.
    pub properties: Properties,
    /// The bytes.
    pub body: Vec<u8>,
}

/// What became of a message that was to be published.
#[derive(Debug, Clone)]
pub enum Published {
    /// The broker has it, in every queue that it belongs to, on disk.
    Confirmed,
    /// No queue takes it: it was not kept.
    Unroutable {
        /// In the words of the broker.
        reason: String,
    },
    /// A queue declined it: full, or not available.
    Nacked,
    /// No word of it in time. It may have arrived: sending it again may double it.
    TimedOut,
    /// The broker asks for no messages for now; this one was not sent.
    Blocked,
    /// The broker closed the channel over this very message: unknown exchange, no permission, foreign user id, too large.
    Refused {
        /// AMQP reply code.
        code: u16,
        /// In the words of the broker.
        reason: String,
    },
    /// AMQP cannot carry it; it was not sent.
    Unsendable(Unsendable),
    /// The connection ended before its confirmation came. It may have arrived: sending it again may double it.
    Lost(BrokerFault),
}

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is done.
    Done,
    /// Send it again, later.
    Again,
    /// Sending it again changes nothing until somebody mends the cause.
    Stuck,
}

impl Published {
    /// What follows from it.
    #[must_use]
    pub fn next(&self) -> Next {
        match self {
            Self::Confirmed => Next::Done,
            Self::Nacked | Self::TimedOut | Self::Blocked | Self::Lost(_) => Next::Again,
            Self::Unroutable { .. } | Self::Refused { .. } | Self::Unsendable(_) => Next::Stuck,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unroutable { .. } => "unroutable",
            Self::Nacked => "nacked",
            Self::TimedOut => "timed-out",
            Self::Blocked => "blocked",
            Self::Refused { .. } => "refused",
            Self::Unsendable(_) => "unsendable",
            Self::Lost(_) => "lost",
        }
    }
}

/// A channel on which every published message is confirmed.
#[derive(Debug)]
pub struct Publisher {
    session: Arc<Session>,
    channel: Channel,
}

/// A message that AMQP can carry.
#[derive(Clone)]
struct Ready<'a> {
    index: usize,
    message_id: &'a str,
    exchange: ShortString,
    routing_key: ShortString,
    properties: BasicProperties,
    body: &'a [u8],
}

type Verdicts = [Option<Published>];
type Confirming<'a> = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send + 'a>>;

impl Publisher {
    pub(super) async fn open(session: &Arc<Session>) -> Result<Self, BrokerFault> {
        Ok(Self { session: Arc::clone(session), channel: session.confirming_channel().await? })
    }

    /// Publishes a batch; verdict `n` is that of message `n`. Messages are sent in order. Each window of the batch is
    /// given the confirm timeout; one that passes without all confirmations ends the session, for what still lies in
    /// its buffers must not go out behind the back of a second attempt.
    pub async fn publish(&mut self, batch: &[Outgoing]) -> Vec<Published> {
        let mut verdicts: Vec<Option<Published>> = vec![None; batch.len()];
        let ready = self.prepare(batch, &mut verdicts);
        for window in windows(&ready) {
            self.send_window(window, &mut verdicts).await;
        }
        let gone = || Published::Lost(BrokerFault::Gone("the connection ended before it was confirmed".to_owned()));
        verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(gone)).collect()
    }

    fn prepare<'a>(&self, batch: &'a [Outgoing], verdicts: &mut Verdicts) -> Vec<Ready<'a>> {
        let mut ready = Vec::with_capacity(batch.len());
        for (index, (message, verdict)) in batch.iter().zip(verdicts).enumerate() {
            match Ready::new(index, message, self.session.user()) {
                Ok(message) => ready.push(message),
                Err(fault) => *verdict = Some(Published::Unsendable(fault)),
            }
        }
        ready
    }

    async fn send_window(&mut self, window: &[Ready<'_>], verdicts: &mut Verdicts) {
        if let Err(fault) = self.renew_channel().await {
            return settle_rest(window, verdicts, &Published::Lost(fault));
        }
        self.send(window, verdicts).await;
        // The broker closed the channel over one of them and does not say which: one at a time tells. Those that it
        // took already are sent twice, with the same id.
        for message in window {
            if verdicts[message.index].is_none() && self.is_connected() {
                self.send_alone(message, verdicts).await;
            }
        }
    }

    async fn send_alone(&mut self, message: &Ready<'_>, verdicts: &mut Verdicts) {
        let fault = match self.renew_channel().await {
            Ok(()) => self.send(std::slice::from_ref(message), verdicts).await,
            Err(fault) => Some(fault),
        };
        if let Some(fault) = fault {
            verdicts[message.index] = Some(match fault {
                BrokerFault::Refused { code, text } => Published::Refused { code, reason: text },
                fault => Published::Lost(fault),
            });
        }
    }

    fn is_connected(&self) -> bool {
        !self.session.is_over() && self.session.connection().status().connected()
    }

    /// Opens a new channel where the broker has closed the old one.
    async fn renew_channel(&mut self) -> Result<(), BrokerFault> {
        if self.is_connected() && !self.channel.status().connected() {
            self.channel = self.session.confirming_channel().await?;
        }
        Ok(())
    }

    /// Sends messages and waits for their confirmations. What is left without a verdict was pending when the channel
    /// ended; the fault says over what.
    async fn send(&self, messages: &[Ready<'_>], verdicts: &mut Verdicts) -> Option<BrokerFault> {
        let patience = self.session.settings().confirm_timeout;
        if timeout(patience, self.session.unblocked()).await.is_err() {
            settle_rest(messages, verdicts, &Published::Blocked);
            return None;
        }
        // A returned message rides on whichever confirmation comes next: it is matched by its id.
        let mut returned: HashMap<String, Vec<Returned>> = HashMap::new();
        let waited = tokio::select! {
            biased;
            waited = timeout(patience, self.confirm(messages, verdicts, &mut returned)) => waited,
            reason = self.session.over() => Ok(Some(BrokerFault::Gone(reason))),
        };
        for message in messages {
            let Some(back) = returned.get_mut(message.message_id) else { continue };
            if let Some(at) = back.iter().position(|one| one.fits(message)) {
                verdicts[message.index] = Some(Published::Unroutable { reason: back.swap_remove(at).reason });
            }
        }
        if let Ok(fault) = waited {
            return fault;
        }
        settle_rest(messages, verdicts, &Published::TimedOut);
        self.session.end("no confirmation of published messages in time");
        None
    }

    async fn confirm(
        &self,
        messages: &[Ready<'_>],
        verdicts: &mut Verdicts,
        returned: &mut HashMap<String, Vec<Returned>>,
    ) -> Option<BrokerFault> {
        let mut confirming: Vec<(usize, Confirming<'_>)> = Vec::with_capacity(messages.len());
        let mut fault = None;
        for message in messages {
            let mut pending: Confirming<'_> = Box::pin(self.publish_one(message));
            // The first poll queues the frames, so that messages go out in this order.
            match poll_once(&mut pending).await {
                Some(done) => settle(message.index, done, verdicts, returned, &mut fault),
                None => confirming.push((message.index, pending)),
            }
        }
        for (index, pending) in confirming {
            settle(index, pending.await, verdicts, returned, &mut fault);
        }
        fault
    }

    async fn publish_one(&self, message: &Ready<'_>) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
        let properties = message.properties.clone();
        self.channel.basic_publish(exchange, routing_key, options, message.body, properties).await?.await
    }
}

impl<'a> Ready<'a> {
    fn new(index: usize, message: &'a Outgoing, user: Option<&str>) -> Result<Self, Unsendable> {
        Ok(Self {
            index,
            properties: properties::outgoing(&message.properties, user)?,
            message_id: message.properties.message_id.as_deref().ok_or(Unsendable::NoMessageId)?,
            exchange: name("exchange", &message.exchange)?,
            routing_key: name("routing_key", &message.routing_key)?,
            body: &message.body,
        })
    }
}

/// A message that came back because no queue took it.
struct Returned {
    exchange: ShortString,
    routing_key: ShortString,
    reason: String,
}

impl Returned {
    fn fits(&self, message: &Ready<'_>) -> bool {
        self.exchange == message.exchange && self.routing_key == message.routing_key
    }
}

/// Splits a batch so that each part is small enough for the connection's buffers; a single larger message is a part.
fn windows<'a, 'b>(ready: &'a [Ready<'b>]) -> impl Iterator<Item = &'a [Ready<'b>]> {
    let mut rest = ready;
    std::iter::from_fn(move || {
        let mut bytes = 0_usize;
        let fits = |message: &Ready<'_>| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(message.body.len().max(1));
            first || bytes <= WINDOW_BYTES_MAX
        };
        let length = rest.iter().map(fits).take_while(|fits| *fits).count();
        let (window, after) = rest.split_at(length);
        rest = after;
        (!window.is_empty()).then_some(window)
    })
}

fn settle(
    index: usize,
    done: lapin::Result<Confirmation>,
    verdicts: &mut Verdicts,
    returned: &mut HashMap<String, Vec<Returned>>,
    fault: &mut Option<BrokerFault>,
) {
    let (verdict, message) = match done {
        Ok(Confirmation::Ack(message)) => (Published::Confirmed, message),
        Ok(Confirmation::Nack(message)) => (Published::Nacked, message),
        Ok(Confirmation::NotRequested) => {
            (Published::Lost(BrokerFault::Gone("the channel does not confirm".to_owned())), None)
        }
        Err(error) => {
            let error = BrokerFault::from(error);
            // The words of the broker say more than "channel closed", which follows them.
            if !matches!(fault, Some(BrokerFault::Refused { .. })) {
                *fault = Some(error);
            }
            return;
        }
    };
    verdicts[index] = Some(verdict);
    if let Some(message) = message {
        let (id, message) = remember(message);
        returned.entry(id).or_default().push(message);
    }
}

fn remember(message: BasicReturnMessage) -> (String, Returned) {
    let id = message.properties.message_id().as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
    let reason = format!("{} {}", message.reply_code, message.reply_text);
    let BasicReturnMessage { delivery, .. } = message;
    (id, Returned { exchange: delivery.exchange, routing_key: delivery.routing_key, reason })
}

fn settle_rest(messages: &[Ready<'_>], verdicts: &mut Verdicts, verdict: &Published) {
    for message in messages {
        verdicts[message.index].get_or_insert_with(|| verdict.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[usize], expected: &[usize]) {
        let batch: Vec<_> = (0..)
            .zip(sizes)
            .map(|(n, size): (u32, _)| Outgoing {
                exchange: String::new(),
                routing_key: "q".to_owned(),
                properties: Properties { message_id: Some(n.to_string()), ..Properties::default() },
                body: vec![0; *size],
            })
            .collect();
        let ready: Vec<_> =
            batch.iter().enumerate().map(|(n, message)| Ready::new(n, message, None).unwrap()).collect();
        let parts: Vec<_> = windows(&ready).collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), expected);
        let order: Vec<_> = parts.concat().iter().map(|message| message.index).collect();
        assert_eq!(order, (0..sizes.len()).collect::<Vec<_>>());
    }

    #[test]
    fn batches_are_sent_in_parts_that_fit_into_the_buffers() {
        const MOST: usize = WINDOW_BYTES_MAX;
        check(&[], &[]);
        check(&[0, 0, 10], &[3]);
        check(&[MOST, 1], &[1, 1]);
        check(&[MOST - 1, 1, 1], &[2, 1]);
        check(&[1, MOST * 2, 1, 1], &[1, 1, 2]);
    }

    #[test]
    fn only_what_may_succeed_later_is_sent_again() {
        let refused = Published::Refused { code: 403, reason: String::new() };
        let lost = Published::Lost(BrokerFault::Gone(String::new()));
        for (verdict, next) in [
            (Published::Confirmed, Next::Done),
            (Published::Nacked, Next::Again),
            (Published::TimedOut, Next::Again),
            (Published::Blocked, Next::Again),
            (lost, Next::Again),
            (Published::Unroutable { reason: String::new() }, Next::Stuck),
            (refused, Next::Stuck),
            (Published::Unsendable(Unsendable::NoMessageId), Next::Stuck),
        ] {
            assert_eq!(verdict.next(), next, "{verdict:?}");
        }
    }
}
