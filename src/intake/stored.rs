//! The store as a source: parked items that are due, and dead letters that an operator replays, as deliveries again.

use crate::intake::{Again, Delivery, Origin, Why};
use crate::store::{DueRow, StoredMessage};

/// A parked item that is due.
#[must_use]
pub fn parked(due: DueRow, body: Vec<u8>, bytes_max: usize) -> Delivery {
    let why = Why::Parked { parked: due.parked, give_up_at: due.give_up_at, tries: due.tries };
    delivery(due.message, body, why, bytes_max)
}

/// A dead letter that an operator replays.
#[must_use]
pub fn replay(message: StoredMessage, body: Vec<u8>, dead_letter: i64, actor: String, bytes_max: usize) -> Delivery {
    delivery(message, body, Why::Replay { dead_letter, actor }, bytes_max)
}

fn delivery(message: StoredMessage, body: Vec<u8>, why: Why, bytes_max: usize) -> Delivery {
    Delivery {
        properties: serde_json::from_str(&message.properties).unwrap_or_default(),
        origin: Origin::Store(Again {
            message: message.seq,
            item: Some(message.item).filter(|item| *item > 0),
            attempt: message.attempt,
            why,
            sender: message.sender,
            message_id: message.message_id,
            source_is_file: message.source.starts_with("file:"),
            system: system(&message.source),
            source: message.source,
            bytes_max,
        }),
        received_at: message.received_at,
        body,
    }
}

/// The system whose queue it came through, by the queue's name: `mezhved.in.SYSTEM` or `mezhved.in.SYSTEM.large`.
fn system(source: &str) -> Option<String> {
    source.strip_prefix("queue:mezhved.in.")?.split('.').next().map(str::to_owned)
}
