//! The store as a source: parked items that are due, and dead letters that an operator replays, as deliveries again.

use crate::intake::{Again, Delivery, Lost, Origin, Why};
use crate::store::{DueMessage, NextTry, StoredMessage};

/// A message with the items of it that are tried again.
#[derive(Debug)]
pub struct Waiting {
    /// The message; its origin is that of the first item.
    pub delivery: Delivery,
    /// Each item.
    pub tries: Vec<Again>,
}

/// A message with parked items that are due. Its bytes, or the store's fault that they were lost by.
#[must_use]
pub fn parked(due: DueMessage, body: Result<Vec<u8>, String>, bytes_max: usize) -> Option<Waiting> {
    let DueMessage { message, sha256, size, items } = due;
    let (body, lost) = match body {
        Ok(body) => (body, None),
        Err(why) => (Vec::new(), Some(Lost { sha256, bytes: size, why })),
    };
    let tries: Vec<Again> = items
        .into_iter()
        .map(|item| {
            let why = Why::Parked { parked: item.parked, give_up_at: item.give_up_at, tries: item.tries };
            Again { lost: lost.clone(), ..again(&message, item.next, why, bytes_max) }
        })
        .collect();
    let first = tries.first()?.clone();
    Some(Waiting { delivery: delivery(message, body, first), tries })
}

/// A dead letter that an operator replays.
#[must_use]
pub fn replay(
    message: StoredMessage,
    next: NextTry,
    body: Vec<u8>,
    dead_letter: i64,
    actor: String,
    bytes_max: usize,
) -> Delivery {
    let again = again(&message, next, Why::Replay { dead_letter, actor }, bytes_max);
    delivery(message, body, again)
}

fn again(message: &StoredMessage, next: NextTry, why: Why, bytes_max: usize) -> Again {
    Again {
        message: message.seq,
        item: Some(next.item).filter(|item| *item > 0),
        attempt: next.attempt,
        why,
        sender: message.sender.clone(),
        message_id: message.message_id.clone(),
        source_is_file: message.source.starts_with("file:"),
        source: message.source.clone(),
        system: system(&message.source),
        bytes_max,
        lost: None,
    }
}

fn delivery(message: StoredMessage, body: Vec<u8>, again: Again) -> Delivery {
    Delivery {
        properties: serde_json::from_str(&message.properties).unwrap_or_default(),
        origin: Origin::Store(again),
        received_at: message.received_at,
        body,
    }
}

/// The system whose queue it came through, by the queue's name: `mezhved.in.SYSTEM` or `mezhved.in.SYSTEM.large`.
fn system(source: &str) -> Option<String> {
    source.strip_prefix("queue:mezhved.in.")?.split('.').next().map(str::to_owned)
}
