//! The loops that tell people: one plans, one a channel delivers. A channel that is out delays nobody else.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{AWAY_PAUSE, DaemonFault, IDLE_PAUSE_MAX, Loops, start, until};
use crate::broker::Publisher;
use crate::clock;
use crate::notify::{self, Courier, Delivered};
use crate::store::StoreFault;

/// Starts them where the relay is on: what nobody here delivers is planned by who does. What plans and what publishes ends before the
/// rest.
pub(super) fn start_telling(loops: &Loops, publishing: &TaskTracker, rest: &TaskTracker) -> Result<(), DaemonFault> {
    if !loops.pipeline.config.relay.enabled {
        return Ok(());
    }
    start(loops, publishing, tell_loop(loops.clone()));
    for channel in channels(loops) {
        let courier = Courier::new(&channel, &loops.pipeline)
            .map_err(|fault| DaemonFault::Channel(format!("notify.channel.{channel}: {fault}")))?;
        match courier {
            Some(courier) if courier.is_by_broker() => start(loops, publishing, broker_loop(loops.clone(), courier)),
            Some(courier) => start(loops, rest, channel_loop(loops.clone(), courier)),
            None => tracing::info!(channel, "the channel is off"),
        }
    }
    Ok(())
}

/// Every channel that is set or that a lifecycle tells people by.
fn channels(loops: &Loops) -> Vec<String> {
    let pipeline = &loops.pipeline;
    let systems = pipeline.lifecycles.systems().flat_map(|system| system.channels());
    let named = systems.chain(pipeline.lifecycles.documents.channels());
    pipeline.config.notify.names(named).into_iter().map(str::to_owned).collect()
}

async fn tell_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    loop {
        let pause = match notify::tell(pipeline).await {
            Ok(0) => IDLE_PAUSE_MAX,
            Ok(_) => {
                loops.planned.send_replace(());
                if loops.publishing_ends.is_cancelled() {
                    return;
                }
                continue;
            }
            Err(fault) => {
                tracing::warn!(%fault, "the planning of notifications waits for the store");
                AWAY_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = pipeline.noticed.notified() => {}
            () = loops.publishing_ends.cancelled() => return,
        }
    }
}

/// Delivers by a queue of the broker, over all connections.
async fn broker_loop(loops: Loops, mut courier: Courier) {
    let mut planned = loops.planned.subscribe();
    loop {
        let session = tokio::select! {
            session = loops.way_out() => session,
            () = loops.publishing_ends.cancelled() => return,
        };
        let mut publisher = match session.publisher().await {
            Ok(publisher) => publisher,
            Err(fault) => {
                tracing::warn!(channel = courier.channel(), %fault, "the channel has no way to publish; the connection is made anew");
                session.end("no channel for publishing");
                continue;
            }
        };
        loop {
            let delivered = notify::deliver(&loops.pipeline, &mut courier, Some(&mut publisher)).await;
            // Nothing got through: the way may be gone. A new one costs little.
            let gone = matches!(&delivered, Ok(done) if done.later > 0 && done.confirmed == 0);
            if pause(&loops, &courier, delivered, &mut planned).await.is_none() {
                return;
            }
            if gone {
                break;
            }
        }
    }
}

/// Delivers by mail or by a gateway; the broker may be away.
async fn channel_loop(loops: Loops, mut courier: Courier) {
    let mut planned = loops.planned.subscribe();
    loop {
        let delivered = notify::deliver(&loops.pipeline, &mut courier, None).await;
        if pause(&loops, &courier, delivered, &mut planned).await.is_none() {
            return;
        }
    }
}

/// Sleeps until there may be something to do; none when the daemon ends.
async fn pause(
    loops: &Loops,
    courier: &Courier,
    delivered: Result<Delivered, StoreFault>,
    planned: &mut watch::Receiver<()>,
) -> Option<()> {
    let ends = if courier.is_by_broker() { &loops.publishing_ends } else { &loops.ending };
    let pause = match delivered {
        Ok(Delivered { rest_until: Some(rest), .. }) => {
            let rest = (rest - clock::now()).to_std().unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(rest) => return Some(()),
                () = ends.cancelled() => return None,
            }
        }
        Ok(delivered) if !delivered.is_idle() => {
            return (!ends.is_cancelled()).then_some(());
        }
        Ok(_) => until(&loops.pipeline.store.next_notification(courier.channel()).await),
        Err(fault) => {
            tracing::warn!(channel = courier.channel(), %fault, "the channel waits for the store");
            AWAY_PAUSE
        }
    };
    tokio::select! {
        () = tokio::time::sleep(pause) => Some(()),
        _ = planned.changed() => Some(()),
        () = ends.cancelled() => None,
    }
}

/// Sends by the broker what people are still to be told of now: digests and what waits for its hour stay.
pub(super) async fn flush(loops: &Loops, publisher: &mut Publisher) {
    let pipeline = Arc::clone(&loops.pipeline);
    while notify::tell(&pipeline).await.is_ok_and(|told| told > 0) {}
    for channel in channels(loops) {
        let Ok(Some(mut courier)) = Courier::new(&channel, &pipeline) else { continue };
        while courier.is_by_broker()
            && notify::deliver(&pipeline, &mut courier, Some(publisher)).await.is_ok_and(|done| done.confirmed > 0)
        {
        }
    }
}
