//! How people are told: the settings, checked.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use secrecy::SecretString;

use super::{BreakerSettings, DefaultChoice, Language, QuietHours};

/// How people are told.
#[derive(Debug, Clone)]
pub struct NotifySettings {
    /// A link, with `{system}` and `{number}`.
    pub link: Option<String>,
    /// The language of texts.
    pub language: Language,
    /// A folder of texts that take the place of built-in ones.
    pub templates: Option<PathBuf>,
    /// When daily digests go out.
    pub daily_at: NaiveTime,
    /// Notifications of one batch for the broker.
    pub batch_max: u32,
    /// How long a notification is tried.
    pub patience: Duration,
    /// How long a handing over may stay without an answer.
    pub lease: Duration,
    /// Pause before the second try.
    pub delay_min: Duration,
    /// The longest pause.
    pub delay_max: Duration,
    /// When a channel is left alone.
    pub breaker: BreakerSettings,
    /// How a reader opts out by a link.
    pub opt_out: Option<OptOutSettings>,
    /// How long a notification is kept that has come to its end; none: for ever.
    pub retention: Option<Duration>,
    /// The channels, by name.
    pub channels: BTreeMap<String, ChannelSettings>,
    /// What holds for readers who chose nothing.
    pub defaults: Vec<DefaultChoice>,
    /// Where agencies read e-mail, by code.
    pub agencies: HashMap<String, String>,
}

/// How a reader opts out by a link.
#[derive(Debug, Clone)]
pub struct OptOutSettings {
    /// The link, with `{token}`.
    pub link: String,
    /// The key that seals tokens.
    pub key: SecretString,
}

/// A channel.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// By which way it goes out.
    pub way: Way,
    /// What it needs to find its reader.
    pub address: AddressKind,
    /// Segments of SMS that a short text may have.
    pub segments_max: Option<usize>,
    /// When it is silent.
    pub quiet: Option<QuietHours>,
    /// Messages in a minute.
    pub per_minute_max: Option<u32>,
    /// Messages to one reader in an hour.
    pub per_reader_per_hour_max: Option<u32>,
}

/// By which way a channel goes out.
#[derive(Debug, Clone)]
pub enum Way {
    /// Not at all.
    Off,
    /// A queue of the broker.
    Broker,
    /// Letters.
    Mail,
    /// A gateway.
    Http(Gateway),
}

/// A gateway: it takes JSON by HTTP.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Where it takes messages.
    pub url: String,
    /// The key of our signature.
    pub secret: SecretString,
    /// Certificates to trust besides the system's, PEM.
    pub authorities: Option<String>,
    /// For one request.
    pub timeout: Duration,
}

/// What a channel needs to find its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Nothing: it knows by itself.
    None,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

/// A channel that a lifecycle names and nobody set.
const UNSET: ChannelSettings = ChannelSettings {
    way: Way::Broker,
    address: AddressKind::None,
    segments_max: None,
    quiet: None,
    per_minute_max: None,
    per_reader_per_hour_max: None,
};

impl NotifySettings {
    /// The settings of a channel; one that nobody set goes to the broker.
    #[must_use]
    pub fn channel(&self, name: &str) -> &ChannelSettings {
        self.channels.get(name).unwrap_or(&UNSET)
    }

    /// The names of the channels that are set or that lifecycles name, by the way that they go.
    #[must_use]
    pub fn names<'n>(&'n self, named: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
        let mut names: Vec<&str> = self.channels.keys().map(String::as_str).chain(named).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
