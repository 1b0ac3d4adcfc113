//! The supervisor of one connection: connects, makes the topology true, hands out the session, and does it all again
//! when the session has ended, for as long as it takes. Starts no task: [`Link::run`] is a loop for the daemon to own.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_lite::{Stream, StreamExt};
use lapin::Event;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::fault::{BrokerFault, Fate};
use super::session::Session;
use super::settings::{Endpoint, Settings};
use super::topology::{self, Topology};

/// How a link fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// No session now; it is being tried.
    Connecting {
        /// Attempts that have failed since the last session, from 0.
        failed: u32,
        /// Why the last attempt failed, or the last session ended.
        last_error: Option<String>,
    },
    /// There is a session.
    Up {
        /// Its number.
        epoch: u64,
        /// Whether the broker asks for no more messages for now.
        blocked: bool,
    },
    /// The broker is not as planned: somebody must see to it, then start again.
    Refused {
        /// What is not as planned.
        reason: String,
    },
    /// Not started, or stopped on request.
    Down,
}

/// One supervised connection. Receive and send over two links: a broker that is short of memory stops whatever comes
/// from a sending connection, acknowledgements included.
#[derive(Debug)]
pub struct Link {
    settings: Settings,
    endpoint: Endpoint,
    topology: Topology,
    state: watch::Sender<LinkState>,
    session: watch::Sender<Option<Arc<Session>>>,
}

impl Link {
    /// Checks the settings; connects to nothing yet.
    pub fn new(settings: Settings, topology: Topology) -> Result<Self, BrokerFault> {
        let endpoint = settings.check()?;
        let state = watch::Sender::new(LinkState::Down);
        Ok(Self { settings, endpoint, topology, state, session: watch::Sender::new(None) })
    }

    /// How the link fares, now and as it changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.subscribe()
    }

    /// Waits for a session that is alive. Never returns while there is none and the link is not run.
    pub async fn session(&self) -> Arc<Session> {
        let mut sessions = self.session.subscribe();
        loop {
            if let Some(session) = sessions.borrow_and_update().clone()
                && !session.is_over()
            {
                return session;
            }
            if sessions.changed().await.is_err() {
                // The sender lives as long as the link does.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Keeps the connection up until it is cancelled; an error means that somebody must see to the broker first.
    pub async fn run(&self, cancel: &CancellationToken) -> Result<(), BrokerFault> {
        let mut failed = 0;
        let mut last_error = None;
        let mut epoch = 0;
        let outcome = loop {
            self.show(LinkState::Connecting { failed, last_error: last_error.clone() });
            let started = tokio::select! {
                () = cancel.cancelled() => break Ok(()),
                started = self.start(epoch + 1) => started,
            };
            let reason = match started {
                Ok(session) => {
                    epoch += 1;
                    match self.watch(session, cancel, &mut failed).await {
                        Some(reason) => reason,
                        None => break Ok(()),
                    }
                }
                Err(fault) if fault.fate() == Fate::Stop => break Err(fault),
                Err(fault) => fault.to_string(),
            };
            failed += 1;
            tracing::warn!(broker = %self.endpoint, failed, reason, "no connection to the broker");
            last_error = Some(reason);
            self.show(LinkState::Connecting { failed, last_error: last_error.clone() });
            tokio::select! {
                () = cancel.cancelled() => break Ok(()),
                () = sleep(delay(&self.settings, failed)) => {}
            }
        };
        self.session.send_replace(None);
        self.show(match &outcome {
            Ok(()) => LinkState::Down,
            Err(fault) => LinkState::Refused { reason: fault.to_string() },
        });
        outcome
    }

    async fn start(&self, epoch: u64) -> Result<Arc<Session>, BrokerFault> {
        let session = Arc::new(Session::connect(&self.settings, &self.endpoint, epoch).await?);
        for finding in topology::declare(&session, &self.topology).await? {
            match finding.state {
                topology::State::Unseen(_) => tracing::info!(broker = %self.endpoint, %finding, "topology"),
                _ => tracing::warn!(broker = %self.endpoint, %finding, "topology"),
            }
        }
        Ok(session)
    }

    /// Stays with a session until it ends; why it ended, or `None` where a stop was asked for. A session that held for
    /// the longest pause clears the count of failures: the next attempt comes soon.
    async fn watch(&self, session: Arc<Session>, cancel: &CancellationToken, failed: &mut u32) -> Option<String> {
        let epoch = session.epoch();
        let mut events = session.connection().events_listener();
        let mut over = std::pin::pin!(session.over());
        let mut steady = std::pin::pin!(sleep(self.settings.reconnect_delay_max));
        let mut is_steady = false;
        tracing::info!(broker = %self.endpoint, epoch, "connected to the broker");
        self.session.send_replace(Some(Arc::clone(&session)));
        let reason = loop {
            self.show(LinkState::Up { epoch, blocked: session.blocked() });
            if !session.connection().status().connected() {
                session.end("the broker closed the connection");
            }
            tokio::select! {
                biased;
                reason = &mut over => break Some(reason),
                () = cancel.cancelled() => {
                    session.close().await;
                    break None;
                }
                () = &mut steady, if !is_steady => {
                    is_steady = true;
                    *failed = 0;
                }
                event = next_event(&mut events) => if let Event::Error(error) = event
                    && !error.is_amqp_soft_error()
                {
                    session.end(&BrokerFault::from(error).to_string());
                },
                // lapin does not tell of every end.
                () = sleep(self.settings.heartbeat) => {}
            }
        };
        self.session.send_replace(None);
        reason
    }

    /// Tells the state where it is another one than before.
    fn show(&self, now: LinkState) {
        self.state.send_if_modified(|state| {
            let changed = *state != now;
            *state = now;
            changed
        });
    }
}

async fn next_event(events: &mut (impl Stream<Item = Event> + Unpin)) -> Event {
    match events.next().await {
        Some(event) => event,
        None => std::future::pending().await,
    }
}

/// Doubles with each failure up to the longest, then between half and the whole of it by chance, so that many daemons
/// do not come back in step.
fn delay(settings: &Settings, failed: u32) -> Duration {
    let doubled = settings.reconnect_delay_min.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
    let whole = doubled.min(settings.reconnect_delay_max);
    // Every `RandomState` has keys of its own: chance enough, without a generator to seed.
    let chance = RandomState::new().build_hasher().finish() % 1000;
    let part = u32::try_from(chance).unwrap_or_default();
    whole / 2 + whole / 2 * part / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_stay_within_bounds() {
        let settings = Settings::new("amqp://host".into());
        let (shortest, longest) = (settings.reconnect_delay_min, settings.reconnect_delay_max);
        for failed in [1, 2, 3, 8, 40, u32::MAX] {
            let whole = shortest.saturating_mul(2_u32.saturating_pow(failed - 1)).min(longest);
            for _ in 0..50 {
                let found = delay(&settings, failed);
                assert!(found >= whole / 2 && found <= whole, "{failed}: {found:?} of {whole:?}");
            }
        }
    }
}
