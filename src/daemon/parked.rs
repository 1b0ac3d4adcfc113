//! The loop over what waits for something that has not come.

use std::sync::Arc;
use std::time::Duration;

use super::{AWAY_PAUSE, DaemonFault, Loops, until};
use crate::clock;
use crate::intake::stored::{self, Waiting};
use crate::pipeline::Pipeline;
use crate::relay;
use crate::store::{ContentFault, DueMax, DueMessage, Fate, StoreFault, StoredBody};

/// Parked items of one batch; a message that has more is one by itself.
const ITEMS_MAX: u32 = 200;
/// A receipt of a file that is due so long is one that nobody else writes.
const LEFT_AFTER: Duration = Duration::from_secs(10);

/// Tries parked items that are due, one bounded piece: gives how many there were. A message whose bytes are lost ends alone; one
/// whose bytes are out of reach waits, and holds up nobody else.
pub async fn parked_once(pipeline: &Arc<Pipeline>) -> Result<usize, StoreFault> {
    let max = DueMax { items: ITEMS_MAX, bytes: pipeline.config.batch_bytes_max };
    let mut away = Away::default();
    loop {
        let due = pipeline.store.due_parked(clock::now(), max, &away.messages).await?;
        if due.is_empty() {
            return away.fault.map_or(Ok(0), |fault| Err(StoreFault::Away(fault)));
        }
        let waiting = read(pipeline, due, &mut away).await;
        if waiting.is_empty() {
            continue;
        }
        let items = pipeline.prepare_parked(waiting).await;
        let count = items.len();
        pipeline.settle(items, ()).await?.into_run();
        return Ok(count);
    }
}

/// What cannot be read for now.
#[derive(Default)]
struct Away {
    messages: Vec<i64>,
    fault: Option<String>,
}

/// The messages with their bytes, but for those that are out of reach.
async fn read(pipeline: &Arc<Pipeline>, due: Vec<DueMessage>, away: &mut Away) -> Vec<Waiting> {
    let contents = pipeline.contents.clone();
    let resolve = move |mut due: DueMessage| {
        let body = std::mem::replace(&mut due.message.body, StoredBody::Gone);
        (due, contents.resolve(body))
    };
    let reading = tokio::task::spawn_blocking(move || due.into_iter().map(resolve).collect::<Vec<_>>());
    let read = reading.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
    let bytes_max = pipeline.config.message_large_bytes_max;
    let mut waiting = Vec::with_capacity(read.len());
    for (due, body) in read {
        let body = match body {
            Ok(Some(body)) => Ok(body),
            Ok(None) => Err("content.gone: the retention removed it".to_owned()),
            Err(fault @ ContentFault::Away { .. }) => {
                away.messages.push(due.message.seq);
                away.fault = Some(fault.to_string());
                continue;
            }
            Err(fault) => Err(fault.to_string()),
        };
        if let Err(fault) = &body {
            let (message, items) = (due.message.seq, due.items.len());
            tracing::error!(
                message,
                items,
                fault,
                "the bytes of a parked message are lost: its items end as dead letters"
            );
        }
        waiting.extend(stored::parked(due, body, bytes_max));
    }
    waiting
}

pub(super) async fn parked_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    while !loops.stopping.is_cancelled() {
        let tried = async {
            let tried = parked_once(pipeline).await?;
            // What waits may have come as a file, whose receipt is written beside it; who else makes one writes it at once, unless
            // that fails.
            let due = if tried > 0 { clock::now() } else { clock::now() - LEFT_AFTER };
            Ok::<_, StoreFault>((tried, relay::to_files(pipeline, due).await?))
        };
        let pause = match tried.await {
            Ok((0, written)) if written.is_idle() => until(&pipeline.store.next_parked().await),
            Ok((0, written)) if written.sent == 0 => AWAY_PAUSE,
            Ok(_) => continue,
            Err(fault) if fault.fate() == Fate::Stop => {
                loops.fault.send_replace(Some(DaemonFault::Store(fault.to_string())));
                return;
            }
            Err(fault) => {
                tracing::warn!(%fault, "parked items wait for the store");
                AWAY_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = pipeline.parked.notified() => {}
            () = loops.stopping.cancelled() => return,
        }
    }
}
