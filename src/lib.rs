//! `mezhved` (межвед, interagency exchange): the daemon between message queues and an agency's own store. The rooms, in
//! the order in which a message meets them:
//!
//! [`intake`] brings a delivery in; [`decode`] makes text of its bytes; [`binding`] walks it through the [`rules`] that
//! [`schema`] compiled from XSD, with [`validate`] over [`xml`] ([`assess`] joins them for any document); [`admit`] holds its sender and attachments against what
//! is true; [`apply`] decides what it does, by the words of [`domain`]; [`store`] makes that lasting in one transaction;
//! only then is it acknowledged. [`outbox`] says what is owed to others, [`relay`] hands it over through [`broker`].
//! [`notify`] tells people, by queues, gateways and [`mail`]; [`sink`] stands in for the world in trials.
//! [`export`] reads registers out into files. [`pipeline`] conducts; [`schedule`] says what is done by the clock; [`daemon`] starts and stops the loops; [`desk`] holds the operators' verbs; [`cli`] and
//! [`health`] are the ways to look in from outside. [`handbook`] tells rules to people, [`sheet`] cases and dialogs, [`grid`] lays tables of text out; [`specimen`] makes
//! sample documents of any schema, [`sample`] whole traffic.

pub mod admit;
pub mod apply;
pub mod assemble;
pub mod assess;
pub mod binding;
pub mod broker;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod decode;
pub mod desk;
pub mod domain;
pub mod export;
pub mod extract;
pub mod failpoint;
pub mod grid;
pub mod handbook;
pub mod health;
pub mod hypertext;
pub mod intake;
pub mod mail;
pub mod notify;
pub mod outbox;
pub mod outcome;
pub mod pipeline;
mod random;
pub mod relay;
pub mod rules;
pub mod sample;
pub mod schedule;
pub mod schema;
pub mod sheet;
pub mod sink;
pub mod specimen;
pub mod store;
pub mod telemetry;
pub mod unwind;
pub mod validate;
pub mod xml;
