//! Items that waited, prepared again: a message once, whatever the number of its items.

use std::sync::Arc;

use super::Pipeline;
use crate::admit::{Head, Prepared, Rejected};
use crate::intake::stored::Waiting;
use crate::intake::{Again, Origin, Why};
use crate::outcome::Code;

impl Pipeline {
    /// Decodes and validates each message once. Gives one for each item, all items of a message sharing its bytes and its
    /// verdict, in the order in which they were parked.
    pub async fn prepare_parked(self: &Arc<Self>, waiting: Vec<Waiting>) -> Vec<Prepared> {
        let (deliveries, tries): (Vec<_>, Vec<_>) = waiting.into_iter().map(|one| (one.delivery, one.tries)).unzip();
        let mut messages = self.prepare(deliveries).await;
        messages.iter_mut().for_each(lost);
        let messages = messages.iter().zip(tries);
        let mut items: Vec<Prepared> =
            messages.flat_map(|(message, tries)| tries.into_iter().map(|again| item(message, again))).collect();
        items.sort_by_key(|item| parked(&item.head));
        items
    }
}

/// A message whose bytes cannot be read is refused for that, not for having none.
fn lost(message: &mut Prepared) {
    let Origin::Store(Again { lost: Some(lost), sender, message_id, .. }) = &message.head.origin else { return };
    let detail = format!("его байты в хранилище не читаются, {}", lost.why);
    message.verdict = Arc::new(Err(Rejected::of(Code::StoreRefused, Some(detail))));
    message.head.sender.clone_from(sender);
    message.head.own_id.clone_from(message_id);
}

fn item(message: &Prepared, again: Again) -> Prepared {
    Prepared {
        head: Head { origin: Origin::Store(again), ..message.head.clone() },
        body: Arc::clone(&message.body),
        verdict: Arc::clone(&message.verdict),
    }
}

/// The parked row that it is tried for.
fn parked(head: &Head) -> Option<i64> {
    match &head.origin {
        Origin::Store(Again { why: Why::Parked { parked, .. }, .. }) => Some(*parked),
        _ => None,
    }
}
