//! A queue as a source. A batch is whatever has arrived, up to a count and a size; a delivery that came suspiciously often
//! is a batch of its own. What was committed is acknowledged up to its last tag, on the channel that brought it.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Delivery, Origin};
use crate::broker::{Acker, BrokerFault, Consumer, Portion, Received};
use crate::outcome::Code;
use crate::store::Committed;

/// What a queue's deliveries are taken to be.
#[derive(Debug, Clone)]
pub enum Role {
    /// A system's queue.
    System {
        /// Code of the system.
        system: String,
        /// The most bytes that a body on it may have.
        bytes_max: usize,
    },
    /// The broker's dead-letter queue.
    DeadLetters {
        /// The most bytes that are looked at for an id.
        bytes_max: usize,
    },
}

/// A contiguous run of deliveries of one channel, up to its last tag.
#[derive(Debug, Clone)]
pub struct Run {
    acker: Acker,
    last: u64,
}

/// A queue that is consumed.
#[derive(Debug)]
pub struct Queue {
    consumer: Consumer,
    role: Role,
    portion: Portion,
    alone_after: u64,
    arrived: VecDeque<Received>,
}

impl Queue {
    /// Takes batches from a consumer.
    #[must_use]
    pub fn new(consumer: Consumer, role: Role, portion: Portion, alone_after: u32) -> Self {
        Self { consumer, role, portion, alone_after: alone_after.into(), arrived: VecDeque::new() }
    }

    /// The next batch; `None` once the consumer has ended. May be dropped while it waits.
    pub async fn batch(&mut self, now: impl Fn() -> DateTime<Utc>) -> Option<(Vec<Delivery>, Run)> {
        if self.arrived.is_empty() {
            let mut more = Vec::new();
            if self.consumer.recv_many(&mut more, self.portion).await == 0 {
                return None;
            }
            self.arrived.extend(more);
        }
        let taken = self.take();
        let last = taken.last()?.tag;
        let received_at = now();
        let batch = taken.into_iter().map(|one| self.delivery(one, received_at)).collect();
        Some((batch, Run { acker: self.consumer.acker(), last }))
    }

    /// Asks for no more deliveries; what has arrived can still be taken.
    pub async fn stop(&mut self) -> Result<(), BrokerFault> {
        self.consumer.stop().await
    }

    /// What may share a transaction: all up to the first suspicious one, or that one alone.
    fn take(&mut self) -> Vec<Received> {
        let together = together(self.arrived.iter().map(|one| one.delivery_count > self.alone_after));
        self.arrived.drain(..together).collect()
    }

    fn delivery(&self, received: Received, received_at: DateTime<Utc>) -> Delivery {
        let origin = match &self.role {
            Role::System { system, bytes_max } => {
                Origin::Queue { queue: self.consumer.queue().to_owned(), system: system.clone(), bytes_max: *bytes_max }
            }
            Role::DeadLetters { bytes_max } => {
                let (queue, code) = death(&received);
                Origin::DeadLetterQueue { queue, code, bytes_max: *bytes_max }
            }
        };
        Delivery { body: received.body, properties: received.properties, origin, received_at }
    }
}

/// How many of the deliveries may share a transaction; each is suspicious or not.
fn together(suspicious: impl ExactSizeIterator<Item = bool> + Clone) -> usize {
    match suspicious.clone().position(|one| one) {
        Some(0) => 1,
        Some(at) => at,
        None => suspicious.len(),
    }
}

/// Acknowledges what is committed. A fault means that the connection is gone: the deliveries come again, and the inbox
/// knows them.
pub async fn acknowledge(committed: Committed<Run>) -> Result<(), BrokerFault> {
    let run = committed.into_run();
    run.acker.through(run.last).await
}

/// From which queue and why a message came into the broker's dead-letter queue.
fn death(received: &Received) -> (String, Code) {
    let header = |name: &str| received.properties.headers.get(name).and_then(Value::as_str);
    let newest = received.properties.headers.get("x-death").and_then(|deaths| deaths.get(0));
    let of_newest = |name: &str| newest.and_then(|death| death.get(name)).and_then(Value::as_str);
    let queue = of_newest("queue").or_else(|| header("x-first-death-queue")).unwrap_or("mezhved.dead");
    let code = match of_newest("reason").or_else(|| header("x-first-death-reason")) {
        Some("expired") => Code::BrokerExpired,
        Some("delivery_limit") => Code::BrokerDeliveryLimit,
        _ => Code::BrokerDeadLetter,
    };
    (queue.to_owned(), code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::properties::Properties;

    #[test]
    fn a_suspicious_delivery_is_a_batch_of_its_own() {
        for (suspicious, taken) in [
            (vec![], 0),
            (vec![false, false, false], 3),
            (vec![true], 1),
            (vec![true, false, false], 1),
            (vec![true, true], 1),
            (vec![false, false, true, false], 2),
        ] {
            assert_eq!(together(suspicious.iter().copied()), taken, "{suspicious:?}");
        }
    }

    #[test]
    fn what_the_broker_gave_up_tells_its_queue_and_why() {
        let died = |headers: Value| {
            let headers = headers.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone()));
            let properties = Properties { headers: headers.collect(), ..Properties::default() };
            death(&Received {
                tag: 1,
                redelivered: false,
                delivery_count: 0,
                exchange: String::new(),
                routing_key: String::new(),
                properties,
                body: Vec::new(),
            })
        };
        let newest = |reason: &str| {
            json!({ "x-death": [{ "queue": "mezhved.in.epgu", "reason": reason }, { "queue": "elsewhere", "reason": "rejected" }],
                    "x-first-death-queue": "elsewhere", "x-first-death-reason": "rejected" })
        };
        let first = json!({ "x-first-death-queue": "mezhved.in.gge", "x-first-death-reason": "expired" });
        for (headers, queue, code) in [
            (newest("expired"), "mezhved.in.epgu", Code::BrokerExpired),
            (newest("delivery_limit"), "mezhved.in.epgu", Code::BrokerDeliveryLimit),
            (newest("rejected"), "mezhved.in.epgu", Code::BrokerDeadLetter),
            (newest("maxlen"), "mezhved.in.epgu", Code::BrokerDeadLetter),
            (first, "mezhved.in.gge", Code::BrokerExpired),
            (json!({}), "mezhved.dead", Code::BrokerDeadLetter),
        ] {
            assert_eq!(died(headers.clone()), (queue.to_owned(), code), "{headers}");
        }
    }
}
