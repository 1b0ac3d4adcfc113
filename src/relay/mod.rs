//! From the outbox to others. Takes what is due in the order in which it must leave, hands it over, marks what was
//! confirmed. It runs beside intake and never blocks it; a crash between handing over and marking means that a message
//! goes out twice under the same id.

mod file;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::broker::topology::system_queue;
use crate::broker::{Next, Outgoing, Published, Publisher};
use crate::clock;
use crate::config::Config;
use crate::domain::properties::{Properties, TRACEPARENT, traceparent_of};
use crate::failpoint;
use crate::outbox::retry_at;
use crate::pipeline::Pipeline;
use crate::store::{Handover, StoreFault};

/// Ways that the broker serves.
const BROKER_KINDS: [&str; 1] = ["queue"];
/// The way of receipts to files.
const FILE_KINDS: [&str; 1] = ["file"];

/// What one run of the relay did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Relayed {
    /// Confirmed.
    pub sent: usize,
    /// To be tried later.
    pub later: usize,
    /// Stuck until an operator retries them.
    pub stuck: usize,
}

impl Relayed {
    /// Whether there was anything to do.
    #[must_use]
    pub fn is_idle(self) -> bool {
        self == Self::default()
    }
}

/// What became of one row.
enum Fate {
    Sent,
    Later(String),
    Stuck(String),
}

/// Hands due rows over to the broker: one bounded piece.
pub async fn to_broker(pipeline: &Pipeline, publisher: &mut Publisher) -> Result<Relayed, StoreFault> {
    let mut rows = pipeline.store.outbox_due(&BROKER_KINDS, clock::now(), pipeline.config.relay.batch_max).await?;
    if rows.is_empty() {
        return Ok(Relayed::default());
    }
    failpoint::hit("relay.claimed");
    let outgoing: Vec<Outgoing> = rows.iter_mut().map(|row| outgoing(row, &pipeline.config)).collect();
    let published = publisher.publish(&outgoing).await;
    failpoint::hit("relay.published");
    let fates = published.into_iter().map(|published| match published.next() {
        Next::Done => Fate::Sent,
        Next::Again => Fate::Later(said(&published)),
        Next::Stuck => Fate::Stuck(said(&published)),
    });
    mark(pipeline, &rows, fates.collect()).await
}

/// Writes receipts of files beside them, those that were due at a moment: one bounded piece.
pub async fn to_files(pipeline: &Pipeline, due: DateTime<Utc>) -> Result<Relayed, StoreFault> {
    let rows = pipeline.store.outbox_due(&FILE_KINDS, due, pipeline.config.relay.batch_max).await?;
    if rows.is_empty() {
        return Ok(Relayed::default());
    }
    let files: Vec<(&str, &str)> = rows.iter().map(|row| (row.address.as_str(), row.body.as_str())).collect();
    let fates = file::write(&files).into_iter().map(|written| match written {
        Ok(()) => Fate::Sent,
        Err(fault) => Fate::Stuck(fault.to_string()),
    });
    mark(pipeline, &rows, fates.collect()).await
}

/// When the next row for the broker is due.
pub async fn next_due(pipeline: &Pipeline) -> Result<Option<DateTime<Utc>>, StoreFault> {
    pipeline.store.next_outbox(&BROKER_KINDS).await
}

/// What the broker said of a message, in words.
#[must_use]
pub fn said(published: &Published) -> String {
    let reason = match published {
        Published::Unroutable { reason } => reason.clone(),
        Published::Refused { code, reason } => format!("{code} {reason}"),
        Published::Unsendable(why) => why.to_string(),
        Published::Lost(fault) => fault.to_string(),
        Published::Confirmed | Published::Nacked | Published::TimedOut | Published::Blocked => String::new(),
    };
    if reason.is_empty() { published.code().to_owned() } else { format!("{}: {reason}", published.code()) }
}

async fn mark(pipeline: &Pipeline, rows: &[Handover], fates: Vec<Fate>) -> Result<Relayed, StoreFault> {
    let now = clock::now();
    let settings = &pipeline.config.relay;
    let (mut sent, mut later, mut stuck) = (Vec::new(), Vec::new(), Vec::new());
    for (row, fate) in rows.iter().zip(fates) {
        match fate {
            Fate::Sent => sent.push(row.id),
            Fate::Later(why) => {
                later.push((row.id, retry_at(now, row.attempts, settings.delay_min, settings.delay_max), why));
            }
            Fate::Stuck(why) => {
                tracing::warn!(outbox = row.id, what = row.what, why, "a row of the outbox is stuck; retry it by hand");
                stuck.push((row.id, why));
            }
        }
    }
    pipeline.store.outbox_done(&sent, &later, &stuck, now).await?;
    failpoint::hit("relay.marked");
    pipeline.counters.relayed(sent.len(), later.len(), stuck.len());
    Ok(Relayed { sent: sent.len(), later: later.len(), stuck: stuck.len() })
}

/// A row as the broker gets it; its body goes along.
fn outgoing(row: &mut Handover, config: &Config) -> Outgoing {
    let body = std::mem::take(&mut row.body);
    let sheet = Sheet {
        message_id: &row.message_id,
        correlation: &row.correlation,
        system: row.system.as_deref(),
        kind: &row.r#type,
        traceparent: row.traceparent.as_deref(),
        created_at: row.created_at,
        body,
    };
    sheet.outgoing((String::new(), row.address.clone()), config)
}

/// A message of ours on its way to the broker.
pub(crate) struct Sheet<'a> {
    /// Its id.
    pub(crate) message_id: &'a str,
    /// The chain that it belongs to.
    pub(crate) correlation: &'a str,
    /// The system that it is about.
    pub(crate) system: Option<&'a str>,
    /// Name of the body's root element.
    pub(crate) kind: &'a str,
    /// W3C trace context of what caused it.
    pub(crate) traceparent: Option<&'a str>,
    /// When it was written.
    pub(crate) created_at: DateTime<Utc>,
    /// The message, XML.
    pub(crate) body: String,
}

impl Sheet<'_> {
    /// The message with its properties, for an exchange and a routing key. Answers to it go to the queue of its system.
    pub(crate) fn outgoing(self, (exchange, routing_key): (String, String), config: &Config) -> Outgoing {
        let trace = traceparent_of(self.message_id, self.traceparent);
        let served = self.system.filter(|system| config.systems.iter().any(|served| served == system));
        let properties = Properties {
            message_id: Some(self.message_id.to_owned()),
            correlation_id: Some(self.correlation.to_owned()),
            reply_to: served.map(system_queue),
            kind: Some(self.kind.to_owned()),
            content_type: Some("application/xml".to_owned()),
            content_encoding: Some("utf-8".to_owned()),
            timestamp: u64::try_from(self.created_at.timestamp()).ok(),
            app_id: Some(config.agency.clone()),
            delivery_mode: Some(2),
            headers: BTreeMap::from([(TRACEPARENT.to_owned(), Value::from(trace))]),
            ..Properties::default()
        };
        Outgoing { exchange, routing_key, properties, body: self.body.into_bytes() }
    }
}
