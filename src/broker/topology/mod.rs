//! The exchanges, queues and bindings that a message needs on its way, as plain data with every setting spelled out:
//! what the broker defaults to differs between its versions, and some of its defaults lose messages.

mod declare;
mod difference;
mod policies;

use std::collections::BTreeSet;
use std::fmt;

pub use declare::{check, declare};
pub use difference::Difference;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::fault::BrokerFault;

/// Where agencies publish to; the routing key is the system's code, with `.large` for its second queue.
pub const EXCHANGE_IN: &str = "mezhved.in";
/// Where receipts and notices are published to; the routing key is the name of the queue.
pub const EXCHANGE_OUT: &str = "mezhved.out";
/// Where the broker puts what it gives up.
pub const EXCHANGE_DEAD: &str = "mezhved.dead";
/// What the broker gave up, until the daemon has made it visible.
pub const QUEUE_DEAD: &str = "mezhved.dead";

/// How often a queue delivers a message before it gives it up. High: the daemon never gives messages back, so that this
/// counts only its crashes and cut connections.
pub const DELIVERY_LIMIT: i32 = 1000;
/// The dead-letter queue is the last one: it must not give up. Brokers before 4.0 know no "unlimited" but this.
const DELIVERY_LIMIT_NEVER: i32 = i32::MAX;

/// Everything that is declared at the broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// Declared first.
    pub exchanges: Vec<Exchange>,
    /// Declared after the exchanges.
    pub queues: Vec<Queue>,
    /// Declared last.
    pub bindings: Vec<Binding>,
}

/// A durable exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: String,
    /// How it routes.
    pub routing: Routing,
    /// The exchange that gets what it cannot route; `None`: unroutable messages are returned to their publisher, or lost.
    pub alternate: Option<String>,
}

/// How an exchange routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// By equality of the routing key.
    Direct,
    /// To every bound queue.
    Fanout,
}

/// A durable quorum queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Who says what it is like.
    pub owner: Owner,
    /// How often it delivers a message before it gives it up.
    pub delivery_limit: i32,
    /// Where it puts what it gives up; `None`: nowhere.
    pub dead_letter_exchange: Option<String>,
    /// Whether the broker delivers to one consumer at a time. A quorum queue of a restarted broker, and one whose old
    /// connection is not known to be dead yet, otherwise gives the new consumer later messages before the old one's
    /// unacknowledged ones come back: steps of one case would change places.
    pub one_consumer: bool,
}

/// Who says what a queue is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// We declare it; one that differs stops the start.
    Us,
    /// Its agency declares it; we only look whether it is there.
    Agency,
}

/// A queue bound to an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The exchange.
    pub exchange: String,
    /// The queue.
    pub queue: String,
    /// The routing key; empty for a fanout.
    pub key: String,
}

/// What the plan is made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Codes of the systems whose messages we take.
    pub systems: Vec<String>,
    /// Queues that agencies read their receipts from, by their full names.
    pub agency_queues: Vec<(String, Owner)>,
    /// Codes of the channels that notices go to.
    pub notice_channels: Vec<String>,
    /// Queues that exports are told of or put into, by their full names.
    pub export_queues: Vec<String>,
}

/// The name of a system's queue for ordinary messages.
#[must_use]
pub fn system_queue(system: &str) -> String {
    format!("{EXCHANGE_IN}.{system}")
}

/// The name of a system's queue for large messages.
#[must_use]
pub fn large_queue(system: &str) -> String {
    format!("{EXCHANGE_IN}.{}", large_key(system))
}

/// The routing key of a system's queue for large messages; the one for ordinary messages is the system's code.
#[must_use]
pub fn large_key(system: &str) -> String {
    format!("{system}.large")
}

/// The name of a channel's queue of notices.
#[must_use]
pub fn notice_queue(channel: &str) -> String {
    format!("notice.{channel}")
}

/// Plans everything that these systems, agencies and channels need.
pub fn plan(wanted: &Wanted) -> Result<Topology, BrokerFault> {
    let mut plan = Topology {
        exchanges: vec![
            Exchange::new(EXCHANGE_DEAD, Routing::Fanout, None),
            Exchange::new(EXCHANGE_IN, Routing::Direct, Some(EXCHANGE_DEAD)),
            Exchange::new(EXCHANGE_OUT, Routing::Direct, None),
        ],
        ..Topology::default()
    };
    let dead =
        Queue { delivery_limit: DELIVERY_LIMIT_NEVER, dead_letter_exchange: None, ..Queue::of_intake(QUEUE_DEAD) };
    plan.bind(dead, EXCHANGE_DEAD, "");
    for system in &wanted.systems {
        plan.bind(Queue::of_intake(&system_queue(system)), EXCHANGE_IN, system);
        plan.bind(Queue::of_intake(&large_queue(system)), EXCHANGE_IN, &large_key(system));
    }
    for (queue, owner) in &wanted.agency_queues {
        plan.bind(Queue::new(queue, *owner), EXCHANGE_OUT, queue);
    }
    for channel in &wanted.notice_channels {
        let queue = notice_queue(channel);
        plan.bind(Queue::new(&queue, Owner::Us), EXCHANGE_OUT, &queue);
    }
    for queue in &wanted.export_queues {
        plan.bind(Queue::new(queue, Owner::Us), EXCHANGE_OUT, queue);
    }
    plan.check_names()?;
    Ok(plan)
}

impl Topology {
    fn bind(&mut self, queue: Queue, exchange: &str, key: &str) {
        self.bindings.push(Binding { exchange: exchange.to_owned(), queue: queue.name.clone(), key: key.to_owned() });
        self.queues.push(queue);
    }

    fn check_names(&self) -> Result<(), BrokerFault> {
        let mut seen = BTreeSet::new();
        for queue in &self.queues {
            ShortString::try_new(queue.name.as_str())
                .map_err(|_| BrokerFault::NameTooLong { field: "queue", length: queue.name.len() })?;
            if !seen.insert(&queue.name) {
                return Err(BrokerFault::NameTwice(queue.name.clone()));
            }
        }
        Ok(())
    }
}

impl Exchange {
    fn new(name: &str, routing: Routing, alternate: Option<&str>) -> Self {
        Self { name: name.to_owned(), routing, alternate: alternate.map(str::to_owned) }
    }

    fn arguments(&self) -> FieldTable {
        table(self.alternate.as_deref().map(|name| ("alternate-exchange", text(name))))
    }
}

impl Queue {
    fn new(name: &str, owner: Owner) -> Self {
        Self {
            name: name.to_owned(),
            owner,
            delivery_limit: DELIVERY_LIMIT,
            dead_letter_exchange: Some(EXCHANGE_DEAD.to_owned()),
            one_consumer: false,
        }
    }

    /// A queue that the daemon itself consumes.
    fn of_intake(name: &str) -> Self {
        Self { one_consumer: true, ..Self::new(name, Owner::Us) }
    }

    /// Whether the broker would lose what the queue gives up.
    fn loses(&self) -> bool {
        self.dead_letter_exchange.is_none() && self.delivery_limit != DELIVERY_LIMIT_NEVER
    }

    /// Handing over at least once needs a queue that refuses new messages rather than drop old ones.
    fn arguments(&self) -> FieldTable {
        let mut arguments = vec![
            ("x-queue-type", text("quorum")),
            ("x-delivery-limit", AMQPValue::LongInt(self.delivery_limit)),
            ("x-overflow", text("reject-publish")),
        ];
        if self.one_consumer {
            arguments.push(("x-single-active-consumer", AMQPValue::Boolean(true)));
        }
        if let Some(exchange) = &self.dead_letter_exchange {
            arguments.push(("x-dead-letter-exchange", text(exchange)));
            arguments.push(("x-dead-letter-strategy", text("at-least-once")));
        }
        table(arguments)
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.as_bytes().into())
}

fn table(entries: impl IntoIterator<Item = (&'static str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(ShortString::from(key), value);
    }
    table
}

/// What was found of one thing of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub subject: Subject,
    /// Its name.
    pub name: String,
    /// What was found.
    pub state: State,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An exchange.
    Exchange,
    /// A queue.
    Queue,
    /// A binding, named `exchange → queue (key)`.
    Binding,
    /// Policies of the virtual host, which can overrule what a queue was declared with.
    Policies,
}

/// What was found of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// As planned.
    Right,
    /// Not there.
    Missing,
    /// There, but with another setting.
    Differs(Difference),
    /// As planned, and the plan itself would lose messages.
    Loses,
    /// The broker refuses to let us see or declare it.
    Refused {
        /// AMQP reply code.
        code: u16,
        /// In the words of the broker.
        text: String,
    },
    /// As planned, but a policy of the broker overrules it so that messages could be lost.
    Overruled {
        /// Names of the policies.
        policies: String,
        /// What they set.
        sets: String,
    },
    /// Not to be seen: why.
    Unseen(String),
}

impl Finding {
    /// Whether the daemon must not start before somebody has seen to it.
    #[must_use]
    pub fn stops_the_start(&self) -> bool {
        matches!(self.state, State::Differs(_) | State::Loses | State::Overruled { .. } | State::Refused { .. })
    }

    /// One line for each.
    pub(super) fn lines(findings: &[Self]) -> String {
        findings.iter().map(Self::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.subject, self.name)?;
        match &self.state {
            State::Right => f.write_str("as planned"),
            State::Missing => f.write_str("missing"),
            State::Differs(difference) => write!(
                f,
                "{difference}; either change the configuration, or empty it, delete it and let it be declared anew"
            ),
            State::Loses => f.write_str("gives messages up without an exchange to put them; they would be lost"),
            State::Overruled { policies, sets } => write!(
                f,
                "the policy {policies} sets {sets}, so messages could be lost; change it, or let it not apply to this queue"
            ),
            State::Refused { code, text } => write!(f, "refused: {code} {text}"),
            State::Unseen(why) => write!(f, "not seen: {why}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchange => "exchange",
            Self::Queue => "queue",
            Self::Binding => "binding",
            Self::Policies => "policies",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(systems: &[&str], agency_queues: &[&str], channels: &[&str]) -> Wanted {
        Wanted {
            systems: systems.iter().map(ToString::to_string).collect(),
            agency_queues: agency_queues.iter().map(|name| ((*name).to_owned(), Owner::Us)).collect(),
            notice_channels: channels.iter().map(ToString::to_string).collect(),
            export_queues: Vec::new(),
        }
    }

    #[test]
    fn every_planned_queue_is_bound_and_loses_nothing() {
        let plan = plan(&wanted(&["epgu", "org"], &["receipts.epgu"], &["cabinet", "sms"])).unwrap();
        let names: Vec<_> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "mezhved.dead",
                "mezhved.in.epgu",
                "mezhved.in.epgu.large",
                "mezhved.in.org",
                "mezhved.in.org.large",
                "receipts.epgu",
                "notice.cabinet",
                "notice.sms",
            ]
        );
        assert!(plan.queues.iter().all(|queue| plan.bindings.iter().any(|binding| binding.queue == queue.name)));
        assert!(!plan.queues.iter().any(Queue::loses));
        for binding in &plan.bindings {
            assert!(plan.exchanges.iter().any(|exchange| exchange.name == binding.exchange), "{binding:?}");
        }
    }

    #[test]
    fn names_that_clash_or_do_not_fit_are_refused() {
        let fault = |wanted: Wanted| plan(&wanted).unwrap_err().code();
        assert_eq!(fault(wanted(&["epgu", "epgu"], &[], &[])), "broker.name-twice");
        assert_eq!(fault(wanted(&["epgu", "epgu.large"], &[], &[])), "broker.name-twice");
        assert_eq!(fault(wanted(&[], &["notice.sms"], &["sms"])), "broker.name-twice");
        assert_eq!(fault(wanted(&[&"s".repeat(250)], &[], &[])), "broker.name-too-long");
    }

    #[test]
    fn a_queue_that_gives_up_into_nowhere_is_told() {
        let queue = Queue { dead_letter_exchange: None, ..Queue::new("q", Owner::Us) };
        assert!(queue.loses());
    }
}
