//! The operators' verbs on dead letters: replay, discard. A replay goes through the same pipeline as a delivery, from the
//! store, and its attempt is linked to the first; every verb leaves an entry in the journal.

pub mod consistency;
pub mod contents;
pub mod journal;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::apply::rows::AuditRow;
use crate::clock;
use crate::intake::stored;
use crate::pipeline::Pipeline;
use crate::store::{ContentFault, DeadLetterView, Store, StoreFault};

/// What went wrong with a verb.
#[derive(Debug, Error)]
pub enum DeskFault {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// The body's place.
    #[error("{0}")]
    Content(#[from] ContentFault),
    /// There is no such dead letter, or it is not open any more.
    #[error("dlq.not-open: dead letter {0} is not open: there is none of this number, or it was replayed or discarded")]
    NotOpen(i64),
}

/// Tries a dead letter again and gives it as it is afterwards.
pub async fn replay(pipeline: &Arc<Pipeline>, id: i64, actor: &str) -> Result<DeadLetterView, DeskFault> {
    let (message, next) = pipeline.store.dead_letter_message(id).await?.ok_or(DeskFault::NotOpen(id))?;
    let body = pipeline.contents.resolve(message.body.clone())?.unwrap_or_default();
    let bytes_max = pipeline.config.message_large_bytes_max;
    let delivery = stored::replay(message, next, body, id, actor.to_owned(), bytes_max);
    let prepared = pipeline.prepare(vec![delivery]).await;
    pipeline.settle(prepared, ()).await?.into_run();
    match pipeline.store.dead_letter(id).await? {
        Some((view, _)) => Ok(view),
        None => Err(DeskFault::NotOpen(id)),
    }
}

/// Closes a dead letter without trying it again; `note` says why.
pub async fn discard(store: &Store, id: i64, note: &str, actor: &str) -> Result<(), DeskFault> {
    let audit = AuditRow {
        at: clock::now(),
        actor: actor.to_owned(),
        action: "dead-letter.discard",
        subject: format!("dead-letter:{id}"),
        before: Some(r#"{"state":"open"}"#.to_owned()),
        after: Some(serde_json::json!({"state": "discarded", "note": note}).to_string()),
    };
    if store.discard(id, note, audit).await? { Ok(()) } else { Err(DeskFault::NotOpen(id)) }
}

/// Makes failed notifications pending again: one (also a suppressed one), or all and all stuck events. Gives how many.
pub async fn retry_notifications(
    store: &Store,
    id: Option<i64>,
    patience: Duration,
    actor: &str,
) -> Result<u64, DeskFault> {
    let now = clock::now();
    let subject = id.map_or_else(|| "notification:all-failed".to_owned(), |id| format!("notification:{id}"));
    let audit = AuditRow {
        at: now,
        actor: actor.to_owned(),
        action: "notification.retry",
        subject,
        before: None,
        after: Some(r#"{"state":"pending"}"#.to_owned()),
    };
    Ok(store.notifications_retry(id, now + patience, audit).await?)
}

/// Makes stuck rows of the outbox pending again: one, or all. Gives how many.
pub async fn retry_outbox(store: &Store, id: Option<i64>, actor: &str) -> Result<u64, DeskFault> {
    let subject = id.map_or_else(|| "outbox:all-stuck".to_owned(), |id| format!("outbox:{id}"));
    let audit = AuditRow {
        at: clock::now(),
        actor: actor.to_owned(),
        action: "outbox.retry",
        subject,
        before: Some(r#"{"state":"stuck"}"#.to_owned()),
        after: Some(r#"{"state":"pending"}"#.to_owned()),
    };
    Ok(store.outbox_retry(id, audit).await?)
}

/// Sends a row of the outbox once more that was sent already. Gives whether there was one.
pub async fn resend(store: &Store, id: i64, actor: &str) -> Result<bool, DeskFault> {
    let audit = AuditRow {
        at: clock::now(),
        actor: actor.to_owned(),
        action: "outbox.resend",
        subject: format!("outbox:{id}"),
        before: Some(r#"{"state":"sent"}"#.to_owned()),
        after: Some(r#"{"state":"pending"}"#.to_owned()),
    };
    Ok(store.outbox_resend(id, audit).await?)
}

/// Makes stuck timers pending again: one, or all. Gives how many.
pub async fn retry_timers(store: &Store, id: Option<i64>, actor: &str) -> Result<u64, DeskFault> {
    let audit = AuditRow {
        at: clock::now(),
        actor: actor.to_owned(),
        action: "timer.retry",
        subject: id.map_or_else(|| "timer:all-stuck".to_owned(), |id| format!("timer:{id}")),
        before: Some(r#"{"state":"stuck"}"#.to_owned()),
        after: Some(r#"{"state":"pending"}"#.to_owned()),
    };
    Ok(store.retry_timers(id, audit).await?)
}
