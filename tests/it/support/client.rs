//! An agency at the other end of the queues: publishes messages, reads receipts.

use std::sync::Arc;

use mezhved::broker::topology::{EXCHANGE_IN, large_key};
use mezhved::broker::{Next, Outgoing, Received, Session, Settings};
use mezhved::domain::properties::Properties;

use super::daemon::Looks;

/// A client of the broker as one user.
#[derive(Debug)]
pub(crate) struct Client {
    session: Arc<Session>,
}

/// A message to publish: routing key, user, and what else.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) body: Vec<u8>,
    pub(crate) user: Option<String>,
    pub(crate) key: String,
    pub(crate) reply_to: Option<String>,
    /// What else travels beside it.
    pub(crate) more: Properties,
}

impl Letter {
    pub(crate) fn new(body: impl Into<Vec<u8>>, user: &str) -> Self {
        let (key, more) = ("epgu".to_owned(), Properties::default());
        Self { body: body.into(), user: Some(user.to_owned()), key, reply_to: None, more }
    }

    pub(crate) fn large(mut self) -> Self {
        self.key = large_key("epgu");
        self
    }
}

impl Client {
    pub(crate) async fn new(url: String) -> Self {
        Self { session: Session::open(&Settings::new(url.into())).await.unwrap() }
    }

    /// Publishes letters in their order; the broker must take each.
    pub(crate) async fn publish(&self, letters: Vec<Letter>) {
        let batch: Vec<Outgoing> = letters
            .into_iter()
            .enumerate()
            .map(|(number, letter)| Outgoing {
                exchange: EXCHANGE_IN.to_owned(),
                routing_key: letter.key,
                properties: Properties {
                    message_id: letter.more.message_id.or_else(|| Some(format!("letter-{number}"))),
                    user_id: letter.user,
                    reply_to: letter.reply_to.or(letter.more.reply_to),
                    ..letter.more
                },
                body: letter.body,
            })
            .collect();
        let mut publisher = self.session.publisher().await.unwrap();
        for published in publisher.publish(&batch).await {
            assert_eq!(published.next(), Next::Done, "{published:?}");
        }
    }

    /// Takes so many messages off a queue and acknowledges them.
    pub(crate) async fn take(&self, queue: &str, count: usize) -> Vec<Received> {
        let mut consumer = self.session.consume(queue, 1000, "story").await.unwrap();
        let mut taken = Vec::with_capacity(count);
        for _ in 0..count {
            let next = tokio::time::timeout(super::daemon::PATIENCE, consumer.next()).await;
            let received = next.unwrap_or_else(|_| panic!("{queue}: only {} of {count} came", taken.len())).unwrap();
            consumer.ack_through(received.tag).await.unwrap();
            taken.push(received);
        }
        taken
    }

    /// Takes everything off a queue that it holds.
    pub(crate) async fn take_all(&self, queue: &str) -> Vec<Received> {
        let mut taken = Vec::new();
        loop {
            let ready = self.session.depth(queue).await.unwrap().messages;
            if ready == 0 {
                return taken;
            }
            taken.extend(self.take(queue, usize::try_from(ready).unwrap()).await);
        }
    }

    /// Waits until a queue holds exactly so many messages that are ready.
    pub(crate) async fn depth(&self, queue: &str, messages: u32) {
        let mut looks = Looks::new("a queue's depth");
        while self.session.depth(queue).await.ok().map(|depth| depth.messages) != Some(messages) {
            looks.next().await;
        }
    }
}
