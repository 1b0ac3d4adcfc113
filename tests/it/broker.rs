//! The broker room against a real RabbitMQ: what the rest of the house relies on.

mod consuming;
mod hostile;
mod linking;
mod publishing;
mod secure;
mod topology;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mezhved::broker::topology::{Binding, Exchange, Owner, Queue, Routing, Topology, Wanted, plan};
use mezhved::broker::{BrokerFault, Link, LinkState, Outgoing, Portion, Published, Received, Session, Settings};
use mezhved::domain::properties::Properties;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_mins(4);

/// A link that runs until it is dropped.
struct Running {
    link: Arc<Link>,
    cancel: CancellationToken,
    run: JoinSet<Result<(), BrokerFault>>,
}

impl Running {
    fn new(settings: Settings, topology: Topology) -> Self {
        let link = Arc::new(Link::new(settings, topology).expect("usable settings"));
        let cancel = CancellationToken::new();
        let mut run = JoinSet::new();
        run.spawn({
            let (link, cancel) = (Arc::clone(&link), cancel.clone());
            async move { link.run(&cancel).await }
        });
        Self { link, cancel, run }
    }

    async fn session(&self) -> Arc<Session> {
        within(self.link.session()).await
    }

    async fn reaches(&self, wanted: impl Fn(&LinkState) -> bool) -> LinkState {
        within(async { self.link.state().wait_for(wanted).await.expect("the link lives").clone() }).await
    }

    async fn stop(mut self) -> Result<(), BrokerFault> {
        self.cancel.cancel();
        within(self.run.join_next()).await.expect("one loop").expect("no panic")
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

/// Quick to come back.
fn settings(url: &str) -> Settings {
    Settings {
        connect_timeout: Duration::from_secs(5),
        reconnect_delay_min: Duration::from_millis(20),
        reconnect_delay_max: Duration::from_millis(200),
        ..Settings::new(url.into())
    }
}

/// The house's own topology for one system.
fn house() -> Topology {
    plan(&Wanted {
        systems: vec!["epgu".to_owned()],
        agency_queues: vec![("receipts.epgu".to_owned(), Owner::Us)],
        notice_channels: vec!["cabinet".to_owned()],
        export_queues: vec!["export.ready".to_owned()],
    })
    .expect("a plan")
}

fn message(exchange: &str, key: &str, id: &str, body: &[u8]) -> Outgoing {
    Outgoing {
        exchange: exchange.to_owned(),
        routing_key: key.to_owned(),
        properties: Properties { message_id: Some(id.to_owned()), ..Properties::default() },
        body: body.to_vec(),
    }
}

fn incoming(id: &str, body: &[u8]) -> Outgoing {
    message("mezhved.in", "epgu", id, body)
}

fn numbered(count: usize) -> Vec<Outgoing> {
    (0..count).map(|n| incoming(&n.to_string(), format!("body {n}").as_bytes())).collect()
}

async fn publish(session: &Arc<Session>, batch: &[Outgoing]) -> Vec<Published> {
    let mut publisher = within(session.publisher()).await.expect("a channel");
    within(publisher.publish(batch)).await
}

async fn fill(session: &Arc<Session>, count: usize) {
    for verdict in publish(session, &numbered(count)).await {
        assert!(matches!(verdict, Published::Confirmed), "{verdict:?}");
    }
}

fn ids(received: &[Received]) -> Vec<String> {
    received.iter().filter_map(|one| one.properties.message_id.clone()).collect()
}

const ALL: Portion = Portion { count_max: 1000, bytes_max: usize::MAX };
