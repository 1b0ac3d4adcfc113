//! Makes the plan true at the broker, or only looks how far it is. Each thing is asked for on a channel that may be
//! lost: the broker answers a declaration that is not equivalent by closing the channel.

use std::sync::Arc;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use super::{Binding, Difference, Exchange, Finding, Owner, Queue, Routing, State, Subject, Topology, policies};
use crate::broker::fault::BrokerFault;
use crate::broker::session::Session;

/// AMQP reply code: nothing of that name.
const NOT_FOUND: u16 = 404;
/// AMQP reply code: the declaration is not equivalent to what is there.
const PRECONDITION_FAILED: u16 = 406;

/// Declares everything that is missing. [`BrokerFault::Topology`] lists all that is not as planned; nothing that is there
/// is changed. Returns what is worth saying although it stops nothing.
///
/// RabbitMQ 3.10 records a new quorum queue up to a second after it has answered for it: killed before, it comes back with the
/// queue empty, without a leader and without an election, and whoever publishes to it waits for ever. AMQP neither prevents
/// nor mends that: `rabbitmqctl eval 'ra:trigger_election({QUEUE, node()}).'` does, with `'%2F_name'` as QUEUE.
pub async fn declare(session: &Arc<Session>, topology: &Topology) -> Result<Vec<Finding>, BrokerFault> {
    let mut asking = Asking::new(session).await?;
    let mut findings = Vec::new();
    for exchange in &topology.exchanges {
        findings.push(asking.declare_exchange(exchange).await?);
    }
    for queue in &topology.queues {
        findings.push(match queue.owner {
            Owner::Us => asking.declare_queue(queue).await?,
            Owner::Agency => asking.look_at_queue(queue).await?,
        });
    }
    if findings.iter().any(Finding::stops_the_start) {
        findings.retain(Finding::stops_the_start);
        return Err(BrokerFault::Topology(findings));
    }
    let absent: Vec<_> =
        findings.iter().filter(|found| found.state == State::Missing).map(|found| found.name.clone()).collect();
    for binding in topology.bindings.iter().filter(|binding| !absent.contains(&binding.queue)) {
        findings.push(asking.bind(binding).await?);
    }
    findings.extend(policies::look(session, topology).await);
    if findings.iter().any(Finding::stops_the_start) {
        findings.retain(Finding::stops_the_start);
        return Err(BrokerFault::Topology(findings));
    }
    findings.retain(|finding| finding.state != State::Right);
    Ok(findings)
}

/// Looks how far the plan is true, and changes nothing.
pub async fn check(session: &Arc<Session>, topology: &Topology) -> Result<Vec<Finding>, BrokerFault> {
    let mut asking = Asking::new(session).await?;
    let mut findings = Vec::new();
    for exchange in &topology.exchanges {
        findings.push(match asking.look_at_exchange(exchange).await? {
            found if found.state == State::Right => asking.declare_exchange(exchange).await?,
            found => found,
        });
    }
    for queue in &topology.queues {
        findings.push(match asking.look_at_queue(queue).await? {
            found if found.state == State::Right && queue.owner == Owner::Us => asking.declare_queue(queue).await?,
            found => found,
        });
    }
    let unseen =
        || State::Unseen("AMQP shows no bindings; the daemon makes those that are missing when it starts".to_owned());
    findings.extend(topology.bindings.iter().map(|binding| binding.finding(unseen())));
    let ruled = policies::look(session, topology).await;
    // Of a queue that a policy overrules there is nothing else to say.
    findings.retain(|finding| ruled.iter().all(|one| (one.subject, &one.name) != (finding.subject, &finding.name)));
    findings.extend(ruled);
    Ok(findings)
}

/// A channel to ask on, renewed when the broker closes it.
struct Asking<'a> {
    session: &'a Session,
    channel: Channel,
}

impl<'a> Asking<'a> {
    async fn new(session: &'a Session) -> Result<Self, BrokerFault> {
        Ok(Self { session, channel: session.channel().await? })
    }

    async fn declare_exchange(&mut self, exchange: &Exchange) -> Result<Finding, BrokerFault> {
        let answer = self.exchange(exchange, false).await;
        Ok(Finding { subject: Subject::Exchange, name: exchange.name.clone(), state: self.state(answer).await? })
    }

    async fn look_at_exchange(&mut self, exchange: &Exchange) -> Result<Finding, BrokerFault> {
        let answer = self.exchange(exchange, true).await;
        Ok(Finding { subject: Subject::Exchange, name: exchange.name.clone(), state: self.state(answer).await? })
    }

    async fn exchange(&self, exchange: &Exchange, passive: bool) -> Result<(), BrokerFault> {
        let options =
            ExchangeDeclareOptions { passive, durable: true, auto_delete: false, internal: false, nowait: false };
        let kind = match exchange.routing {
            Routing::Direct => ExchangeKind::Direct,
            Routing::Fanout => ExchangeKind::Fanout,
        };
        let name = short("exchange", &exchange.name)?;
        self.session.ask(self.channel.exchange_declare(name, kind, options, exchange.arguments())).await
    }

    async fn declare_queue(&mut self, queue: &Queue) -> Result<Finding, BrokerFault> {
        if queue.loses() {
            return Ok(queue.finding(State::Loses));
        }
        let options =
            QueueDeclareOptions { passive: false, durable: true, exclusive: false, auto_delete: false, nowait: false };
        let answer = self.queue(queue, options, queue.arguments()).await;
        Ok(queue.finding(self.state(answer).await?))
    }

    async fn look_at_queue(&mut self, queue: &Queue) -> Result<Finding, BrokerFault> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let answer = self.queue(queue, options, FieldTable::default()).await;
        Ok(queue.finding(self.state(answer).await?))
    }

    async fn queue(
        &self,
        queue: &Queue,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    ) -> Result<(), BrokerFault> {
        let name = short("queue", &queue.name)?;
        self.session.ask(self.channel.queue_declare(name, options, arguments)).await?;
        Ok(())
    }

    async fn bind(&mut self, binding: &Binding) -> Result<Finding, BrokerFault> {
        let (queue, exchange) = (short("queue", &binding.queue)?, short("exchange", &binding.exchange)?);
        let key = short("routing_key", &binding.key)?;
        let options = QueueBindOptions { nowait: false };
        let answer =
            self.session.ask(self.channel.queue_bind(queue, exchange, key, options, FieldTable::default())).await;
        let state = self.state(answer).await?;
        Ok(binding.finding(state))
    }

    /// What an answer says of the thing; an error that says nothing of it, such as a lost connection, is passed on.
    async fn state(&mut self, answer: Result<(), BrokerFault>) -> Result<State, BrokerFault> {
        let (code, text) = match answer {
            Ok(()) => return Ok(State::Right),
            Err(BrokerFault::Refused { code, text }) => (code, text),
            Err(other) => return Err(other),
        };
        self.channel = self.session.channel().await?;
        Ok(match (code, Difference::read(&text)) {
            (PRECONDITION_FAILED, Some(difference)) => State::Differs(difference),
            (NOT_FOUND, _) => State::Missing,
            _ => State::Refused { code, text },
        })
    }
}

impl Queue {
    pub(super) fn finding(&self, state: State) -> Finding {
        Finding { subject: Subject::Queue, name: self.name.clone(), state }
    }
}

impl Binding {
    fn finding(&self, state: State) -> Finding {
        let name = format!("{} → {} ({})", self.exchange, self.queue, self.key);
        Finding { subject: Subject::Binding, name, state }
    }
}

fn short(field: &'static str, value: &str) -> Result<ShortString, BrokerFault> {
    ShortString::try_new(value).map_err(|_| BrokerFault::NameTooLong { field, length: value.len() })
}
