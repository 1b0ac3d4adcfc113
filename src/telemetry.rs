//! Logs and counters. A log line holds codes, counts, ids and places, never a value of a message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::apply::rows::{Outcome, WriteSet};
use crate::config::LogFormat;
use crate::outbox::Unaddressed;
use crate::store::Waiting;
use crate::unwind;

/// How one message id ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    system: String,
    outcome: &'static str,
    code: &'static str,
}

/// What became of a row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RelayLabels {
    result: &'static str,
}

/// What became of notifications of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotificationLabels {
    channel: String,
    state: &'static str,
    reason: &'static str,
}

/// A channel of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabels {
    channel: String,
}

/// Which kind of waiting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WaitingLabels {
    what: &'static str,
}

/// What nobody is configured to get.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnaddressedLabels {
    setting: String,
    what: &'static str,
}

/// Documents that nobody is configured to get, by the setting that is missing.
#[derive(Debug, Default)]
struct Missed {
    /// How many of each kind.
    counts: BTreeMap<&'static str, u64>,
    /// Whether the log has told of it.
    told: bool,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Counters {
    registry: Registry,
    outcomes: Family<OutcomeLabels, Counter>,
    repeats: Counter,
    dead_letters: Counter,
    relayed: Family<RelayLabels, Counter>,
    notified: Family<NotificationLabels, Counter>,
    channels_out: Family<ChannelLabels, Gauge>,
    waiting: Family<WaitingLabels, Gauge>,
    unaddressed: Family<UnaddressedLabels, Counter>,
    missed: Mutex<BTreeMap<String, Missed>>,
    store_away: AtomicBool,
    deliveries: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl Counters {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("mezhved");
        let outcomes = Family::default();
        let repeats = Counter::default();
        let dead_letters = Counter::default();
        let relayed = Family::default();
        let notified = Family::default();
        let channels_out = Family::default();
        let waiting = Family::default();
        let unaddressed = Family::default();
        registry.register("messages", "Message ids by system, outcome and code", outcomes.clone());
        registry.register("repeats", "Repeats of known message ids", repeats.clone());
        registry.register("dead_letters", "Dead letters written", dead_letters.clone());
        registry.register("relayed", "Rows of the outbox by what became of them", relayed.clone());
        let text = "Notifications by channel and what became of them at a try";
        registry.register("notifications", text, notified.clone());
        registry.register("channel_out", "1 while a channel is left alone because it is out", channels_out.clone());
        registry.register("waiting", "What is not done yet", waiting.clone());
        let text = "Documents that nobody is configured to get, by the missing setting";
        registry.register("unaddressed_documents", text, unaddressed.clone());
        Self {
            registry,
            outcomes,
            repeats,
            dead_letters,
            relayed,
            notified,
            channels_out,
            waiting,
            unaddressed,
            missed: Mutex::default(),
            store_away: AtomicBool::new(false),
            deliveries: AtomicU64::new(0),
        }
    }

    /// Counts a batch that was committed. A message that waits has no outcome yet: it is counted when it has.
    pub fn settled(&self, writes: &WriteSet) {
        let new = writes.inbox.iter().map(|row| (row.system.as_ref(), row.outcome, row.code));
        let waited = writes.resettled.iter().filter(|row| row.waited);
        let waited = waited.map(|row| (row.kind.as_ref().map(|kind| &kind.0), row.outcome, row.code));
        for (system, outcome, code) in new.chain(waited).filter(|(_, outcome, _)| *outcome != Outcome::Parked) {
            let labels = OutcomeLabels {
                system: system.cloned().unwrap_or_default(),
                outcome: outcome.as_str(),
                code: code.map_or("", crate::outcome::Code::as_str),
            };
            self.outcomes.get_or_create(&labels).inc();
        }
        self.repeats.inc_by(writes.repeats.len() as u64);
        self.dead_letters.inc_by(writes.dead_letters.len() as u64);
        self.deliveries.fetch_add((writes.inbox.len() + writes.repeats.len()) as u64, Ordering::Relaxed);
    }

    /// Counts documents that nobody is configured to get.
    pub fn unaddressed(&self, documents: Vec<Unaddressed>) {
        if documents.is_empty() {
            return;
        }
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        for Unaddressed { setting, what } in documents {
            let labels = UnaddressedLabels { setting, what };
            self.unaddressed.get_or_create(&labels).inc();
            *missed.entry(labels.setting).or_default().counts.entry(what).or_default() += 1;
        }
    }

    /// Tells the log of each setting for want of which nobody got documents: once, with how many there were until then.
    pub fn tell_unaddressed(&self) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        for (setting, missed) in missed.iter_mut().filter(|(_, missed)| !missed.told) {
            missed.told = true;
            let documents: u64 = missed.counts.values().sum();
            let counts: Vec<String> = missed.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
            tracing::warn!(
                documents,
                what = counts.join(", "),
                "nobody is configured to get documents: {setting} is not set, see docs/documents-out.md"
            );
        }
    }

    /// How many deliveries were settled since the start: new ids and repeats.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// Counts rows of the outbox: sent, to be tried later, stuck.
    pub fn relayed(&self, sent: usize, later: usize, stuck: usize) {
        for (result, count) in [("sent", sent), ("later", later), ("stuck", stuck)] {
            self.relayed.get_or_create(&RelayLabels { result }).inc_by(count as u64);
        }
    }

    /// Counts notifications: channel, state, reason.
    pub fn notified<'c>(&self, notifications: impl Iterator<Item = (&'c String, &'static str, &'static str)>) {
        for (channel, state, reason) in notifications {
            self.notified.get_or_create(&NotificationLabels { channel: channel.clone(), state, reason }).inc();
        }
    }

    /// Says whether a channel is out.
    pub fn channel_out(&self, channel: &str, out: bool) {
        self.channels_out.get_or_create(&ChannelLabels { channel: channel.to_owned() }).set(i64::from(out));
    }

    /// Remembers whether the store was away at the last try.
    pub fn store_away(&self, away: bool) {
        self.store_away.store(away, Ordering::Relaxed);
    }

    /// Whether the store was away at the last try.
    #[must_use]
    pub fn is_store_away(&self) -> bool {
        self.store_away.load(Ordering::Relaxed)
    }

    /// All counters in the text format of `OpenMetrics`.
    #[must_use]
    pub fn text(&self, waiting: Option<Waiting>) -> String {
        if let Some(waiting) = waiting {
            for (what, count) in [
                ("parked", waiting.parked),
                ("outbox-pending", waiting.pending),
                ("outbox-stuck", waiting.stuck),
                ("dead-letters", waiting.dead_letters),
                ("notifications-pending", waiting.notifications),
                ("notifications-failed", waiting.notifications_failed),
                ("timers-stuck", waiting.timers_stuck),
            ] {
                self.waiting.get_or_create(&WaitingLabels { what }).set(count);
            }
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
            // Writing into a string cannot fail.
            let _ = writeln!(text, "# the counters could not be written");
        }
        text
    }
}

/// Starts logging to standard error, panics by their places among it. A filter that cannot be read is an error.
pub fn log(level: &str, format: LogFormat) -> Result<(), String> {
    unwind::tell_places();
    let filter = filter(level).map_err(|fault| format!("config.invalid: log.level: {fault}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|fault| format!("log: {fault}"))
}

/// A level for everything of this program, or directives such as `mezhved=debug,sqlx=info`.
fn filter(level: &str) -> Result<EnvFilter, String> {
    if level.contains('=') || level.contains(',') {
        return EnvFilter::try_new(level).map_err(|fault| fault.to_string());
    }
    let known: LevelFilter = level.parse().map_err(|_| {
        format!(
            "`{level}` is no level; write off, error, warn, info, debug, trace, or directives such as `mezhved=debug`"
        )
    })?;
    Ok(EnvFilter::new(format!("{known},lapin=off,sqlx=warn,tokio_cron_scheduler=warn")))
}
