//! Whoever tells or delivers ends at any moment between two steps, again and again: nothing is lost, what a channel has confirmed never goes
//! out again, and what goes out once more has the same key and says the same.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use mezhved::sink::gateway::Reply;
use mezhved::sink::mail;
use proptest::prelude::*;

use super::*;
use crate::support::damage;
use crate::support::world::{Gateway, MailServer, Speaks};

/// Steps of a piece of telling or delivering, at most: each await is one.
const STEPS_MAX: usize = 25;
/// Messages that a channel of its own hands over at once.
const AT_ONCE: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// So many people apply.
    Happen(u32),
    /// What happened is planned, and ends after so many steps.
    Tell(usize),
    /// A channel delivers, and ends after so many steps.
    Deliver(&'static str, usize),
}

fn doings() -> impl Strategy<Value = Vec<Doing>> {
    let one = prop_oneof![
        1 => (1..4_u32).prop_map(Doing::Happen),
        2 => (0..STEPS_MAX).prop_map(Doing::Tell),
        4 => (0..STEPS_MAX).prop_map(|steps| Doing::Deliver("push", steps)),
        4 => (0..STEPS_MAX).prop_map(|steps| Doing::Deliver("email", steps)),
    ];
    prop::collection::vec(one, 4..24)
}

/// Polls a future so often at most, and drops it then: all that is left of it is in the store and in the world.
async fn cut<F: Future>(future: F, steps: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

struct World {
    folder: Folder,
    pipeline: Arc<Pipeline>,
    gateway: Gateway,
    mail: MailServer,
    applications: u32,
    crashes: usize,
    /// How often what is confirmed had been handed over when it was.
    confirmed: BTreeMap<(String, String), i64>,
}

impl World {
    async fn new() -> Self {
        let folder = Folder::new();
        let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
        let mail = MailServer::start(Speaks::Clear, Box::new(|_| mail::Reply::Take)).await;
        let more = format!(
            "[mail]\nhost = \"localhost\"\nport = {}\nsecurity = \"none\"\nfrom = \"noreply@example.org\"\n\
             [notify.channel.email]\nway = \"smtp\"\n[notify.channel.push]\nway = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n",
            mail.port,
            gateway.url,
            secret(&folder)
        );
        let pipeline = told_house(&folder, &more).await;
        Self { folder, pipeline, gateway, mail, applications: 0, crashes: 0, confirmed: BTreeMap::new() }
    }

    async fn doing(&mut self, doing: Doing) {
        let ended = match doing {
            Doing::Happen(count) => {
                for _ in 0..count {
                    self.applications += 1;
                    happen(&self.pipeline, vec![application(self.applications)]).await;
                }
                true
            }
            Doing::Tell(steps) => cut(notify::tell(&self.pipeline), steps).await.is_some(),
            Doing::Deliver(channel, steps) => {
                let mut courier = Courier::new(channel, &self.pipeline).unwrap().unwrap();
                cut(notify::deliver(&self.pipeline, &mut courier, None), steps).await.is_some()
            }
        };
        self.crashes += usize::from(!ended);
        self.look().await;
        // Leases end with time, which passes here.
        let time = ["UPDATE notifications SET due_at = created_at WHERE state = 'sent'"];
        damage(self.folder.path(), &time).await.unwrap();
    }

    /// What is confirmed was not handed over again.
    async fn look(&mut self) {
        for channel in ["push", "email"] {
            for row in rows(&self.pipeline.store, channel).await {
                let before = self.confirmed.get(&(channel.to_owned(), row.delivery.clone()));
                if let Some(attempts) = before {
                    assert_eq!((row.state.as_str(), row.attempts), ("confirmed", *attempts), "{row:?}");
                } else if row.state == "confirmed" {
                    self.confirmed.insert((channel.to_owned(), row.delivery), row.attempts);
                }
            }
        }
    }

    /// Everything that is still to be done is done.
    async fn finish(&mut self) {
        tell(&self.pipeline).await;
        for channel in ["push", "email"] {
            deliver(&self.pipeline, channel).await;
            let told = book([("confirmed", self.applications.into())]);
            assert_eq!(books(&self.pipeline.store, channel).await, told, "{channel}: nothing is lost");
        }
        self.look().await;
    }

    /// What has gone out, by channel and key: what each said.
    fn gone(&self) -> BTreeMap<(&'static str, String), Vec<String>> {
        let mut gone: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for posted in self.gateway.sink.posted() {
            gone.entry(("push", posted.key)).or_default().push(posted.body);
        }
        for letter in self.mail.sink.letters() {
            let header = letter.text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap();
            let key = header.split('@').next().unwrap().to_owned();
            gone.entry(("email", key)).or_default().push(letter.to.join(","));
        }
        gone
    }
}

/// Tells through all of it; gives how often it ended in the middle.
async fn told_through_crashes(doings: Vec<Doing>) -> usize {
    let mut world = World::new().await;
    world.doing(Doing::Happen(2)).await;
    for doing in doings {
        world.doing(doing).await;
    }
    world.finish().await;
    let gone = world.gone();
    let mut twice = 0;
    for (channel, key) in world.confirmed.keys() {
        let attempts = world.confirmed[&(channel.clone(), key.clone())];
        let said = gone.iter().find(|((by, id), _)| by == channel && id == key).map(|(_, said)| said);
        let said = said.unwrap_or_else(|| panic!("{channel} {key} never went out"));
        assert!(said.len() <= usize::try_from(attempts).unwrap(), "{channel} {key}: {} of {attempts}", said.len());
        assert!(said.iter().all(|one| one == &said[0]), "{channel} {key} says the same each time");
        twice += said.len() - 1;
    }
    assert_eq!(gone.len(), world.confirmed.len(), "nothing else went out");
    assert!(twice <= world.crashes * AT_ONCE, "{twice} went out again, of {} crashes", world.crashes);
    world.pipeline.store.close().await;
    world.crashes
}

#[test]
fn however_often_telling_ends_in_the_middle_nothing_is_lost_and_nothing_confirmed_goes_out_again() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let crashes = AtomicUsize::new(0);
    proptest!(config, |(doings in doings())| {
        crashes.fetch_add(runtime.block_on(told_through_crashes(doings)), Ordering::Relaxed);
    });
    assert!(crashes.load(Ordering::Relaxed) > 8, "it ended in the middle {crashes:?} times");
}
