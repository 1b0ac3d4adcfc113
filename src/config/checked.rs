//! The configuration, checked: every value in the form that its room takes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::{Partners, ScheduleSettings, StateServices, Written};
use super::{mail, notify};
use crate::broker::{Identity, Settings as BrokerSettings, Tls};
use crate::mail::Settings as MailSettings;
use crate::notify::NotifySettings;
use crate::store::Settings as StoreSettings;
use crate::xml::Limits;

/// A value that no room can work with.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("config.invalid: {0}")]
pub struct ConfigFault(pub String);

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where health and counters are served.
pub type HttpAddress = Option<SocketAddr>;

/// How long an item waits, and how often it is tried.
#[derive(Debug, Clone)]
pub struct Parking {
    /// Pauses before each try, the last one repeated.
    pub delays: Vec<Duration>,
    /// When waiting ends.
    pub patience: Duration,
}

/// How the outbox is relayed.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Whether it is.
    pub enabled: bool,
    /// Rows of one batch.
    pub batch_max: u32,
    /// Pause before the second attempt.
    pub delay_min: Duration,
    /// The longest pause.
    pub delay_max: Duration,
}

/// The S3-compatible store that exports go to.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// Its address; empty: the one of Amazon's region.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// Who we are there.
    pub access_key: String,
    /// And what proves it.
    pub secret_key: SecretString,
}

/// Where exports come from and go to.
#[derive(Debug, Clone)]
pub struct ExportSettings {
    /// A folder of jobs.
    pub folder: Option<PathBuf>,
    /// The destination of jobs that name none.
    pub output: PathBuf,
    /// Where files are made and kept for being delivered again.
    pub work_folder: PathBuf,
    /// How long they are kept.
    pub keep: Option<Duration>,
    /// Files longer than this do not come along with a message, in bytes.
    pub message_bytes_max: u64,
    /// Files longer than this do not come along with a letter, in bytes.
    pub mail_bytes_max: u64,
    /// The S3-compatible store.
    pub s3: S3Settings,
}

/// Everything that the rooms need to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our own code.
    pub agency: String,
    /// Our own name for people; the code where there is none.
    pub agency_label: String,
    /// The broker.
    pub broker: BrokerSettings,
    /// Systems served.
    pub systems: Vec<String>,
    /// The most messages of one transaction.
    pub batch_messages_max: usize,
    /// The most bytes of one batch.
    pub batch_bytes_max: usize,
    /// Deliveries in flight from an ordinary queue.
    pub prefetch: u16,
    /// Deliveries in flight from a queue of large messages.
    pub prefetch_large: u16,
    /// The longest body on an ordinary queue.
    pub message_bytes_max: usize,
    /// The longest body on a queue of large messages, and of a file.
    pub message_large_bytes_max: usize,
    /// Deliveries that came more often are tried alone.
    pub alone_after_deliveries: u32,
    /// A folder of further schema families.
    pub schemas: Option<PathBuf>,
    /// Whether patterns are read leniently.
    pub patterns_lenient: bool,
    /// Limits of the reader.
    pub xml: Limits,
    /// Violations listed for one message.
    pub violations_max: usize,
    /// The store.
    pub store: StoreSettings,
    /// How long raw bytes are kept.
    pub raw_retention: Option<Duration>,
    /// Folder of contents.
    pub contents: PathBuf,
    /// Dead letters longer than this lie in the contents' folder.
    pub dead_letter_inline_bytes_max: usize,
    /// Exports.
    pub exports: ExportSettings,
    /// How items wait.
    pub parking: Parking,
    /// How the outbox is relayed.
    pub relay: RelaySettings,
    /// The rules by which units of the agency are responsible for cases.
    pub routing: Option<PathBuf>,
    /// How people are told.
    pub notify: NotifySettings,
    /// The mail server; none: letters cannot go out.
    pub mail: Option<MailSettings>,
    /// The zone of days and terms.
    pub zone: Tz,
    /// A folder of production calendars, one file a year.
    pub calendar: Option<PathBuf>,
    /// Where health is served.
    pub http: HttpAddress,
    /// What is logged.
    pub log_level: String,
    /// How it is written.
    pub log_format: LogFormat,
    /// How jobs are run.
    pub schedule: ScheduleSettings,
    /// How long a graceful stop may take.
    pub stop_deadline: Duration,
    /// Agencies that may send to us.
    pub partners: Partners,
    /// State services that requests go out to.
    pub services: StateServices,
}

impl Config {
    /// The name of an agency for people; its code where it has none, or nobody knows it.
    #[must_use]
    pub fn agency_name<'a>(&'a self, code: &'a str) -> &'a str {
        match self.partners.get(code) {
            _ if code == self.agency => &self.agency_label,
            Some(partner) => &partner.name,
            None => code,
        }
    }

    /// Checks what is written.
    pub fn check(written: &Written) -> Result<Self, ConfigFault> {
        let w = written;
        positive("intake.batch_messages_max", w.intake.batch_messages_max)?;
        positive("intake.batch_bytes_max", w.intake.batch_bytes_max)?;
        positive("intake.prefetch", usize::from(w.intake.prefetch))?;
        positive("intake.prefetch_large", usize::from(w.intake.prefetch_large))?;
        positive("intake.held_bytes_max", w.intake.held_bytes_max)?;
        positive("intake.message_bytes_max", w.intake.message_bytes_max)?;
        positive("relay.batch_messages_max", w.relay.batch_messages_max as usize)?;
        positive("xml.violations_max", w.xml.violations_max)?;
        if w.intake.message_large_bytes_max < w.intake.message_bytes_max {
            return Err(ConfigFault("intake.message_large_bytes_max is below intake.message_bytes_max".into()));
        }
        let mail = mail::check(&w.mail)?;
        let partners = Partners::check(&w.agencies).map_err(ConfigFault)?;
        let knows = |code: &str| partners.get(code).is_some();
        let services = StateServices::check(&w.state_services, knows).map_err(ConfigFault)?;
        Ok(Self {
            agency: filled("agency.code", &w.agency.code)?,
            agency_label: [&w.agency.name, &w.agency.code]
                .into_iter()
                .find(|name| !name.is_empty())
                .cloned()
                .unwrap_or_default(),
            broker: broker(w)?,
            systems: systems(w)?,
            batch_messages_max: w.intake.batch_messages_max,
            batch_bytes_max: w.intake.batch_bytes_max,
            prefetch: w.intake.prefetch,
            prefetch_large: w.intake.prefetch_large,
            message_bytes_max: w.intake.message_bytes_max,
            message_large_bytes_max: w.intake.message_large_bytes_max,
            alone_after_deliveries: w.intake.alone_after_deliveries,
            schemas: path(&w.schemas.folder),
            patterns_lenient: w.schemas.patterns_lenient,
            xml: limits(w)?,
            violations_max: w.xml.violations_max,
            store: store(w)?,
            raw_retention: days(w.store.raw_retention_days),
            contents: filled("contents.folder", &w.contents.folder)?.into(),
            dead_letter_inline_bytes_max: w.contents.dead_letter_inline_bytes_max,
            exports: exports(w)?,
            parking: parking(w)?,
            relay: RelaySettings {
                enabled: w.relay.enabled,
                batch_max: w.relay.batch_messages_max,
                delay_min: Duration::from_millis(w.relay.retry_delay_milliseconds_min.max(1)),
                delay_max: Duration::from_millis(w.relay.retry_delay_milliseconds_max.max(1)),
            },
            routing: path(&w.routing.file),
            notify: notify::check(w, mail.as_ref())?,
            mail,
            zone: w
                .time
                .zone
                .parse()
                .map_err(|_| ConfigFault(format!("time.zone: `{}` is not a zone", w.time.zone)))?,
            calendar: path(&w.time.calendar_folder),
            http: http(w)?,
            log_level: w.log.level.clone(),
            log_format: match w.log.format.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(ConfigFault(format!("log.format: `{other}` is neither text nor json"))),
            },
            schedule: ScheduleSettings::check(w)?,
            stop_deadline: Duration::from_secs(w.stop.deadline_seconds),
            partners,
            services,
        })
    }
}

pub(super) fn positive(key: &str, value: usize) -> Result<(), ConfigFault> {
    if value == 0 { Err(ConfigFault(format!("{key} must be above zero"))) } else { Ok(()) }
}

pub(super) fn filled(key: &str, value: &str) -> Result<String, ConfigFault> {
    if value.is_empty() { Err(ConfigFault(format!("{key} is empty"))) } else { Ok(value.to_owned()) }
}

pub(super) fn path(value: &str) -> Option<PathBuf> {
    Some(value).filter(|value| !value.is_empty()).map(PathBuf::from)
}

pub(super) fn file(key: &str, value: &str) -> Result<Option<String>, ConfigFault> {
    path(value)
        .map(|path| {
            std::fs::read_to_string(&path).map_err(|fault| ConfigFault(format!("{key}: {}: {fault}", path.display())))
        })
        .transpose()
}

fn broker(w: &Written) -> Result<BrokerSettings, ConfigFault> {
    let b = &w.broker;
    let url: SecretString = match file("broker.url_file", &b.url_file)? {
        Some(text) => text.trim().to_owned().into(),
        None => b.url.clone().into(),
    };
    if url.expose_secret().is_empty() {
        return Err(ConfigFault("broker.url is empty".into()));
    }
    let certificate = file("broker.certificate_file", &b.certificate_file)?;
    let key = file("broker.key_file", &b.key_file)?;
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key: key.into() }),
        (None, None) => None,
        _ => return Err(ConfigFault("broker.certificate_file and broker.key_file go together".into())),
    };
    Ok(BrokerSettings {
        url,
        connection_name: b.connection_name.clone(),
        heartbeat: Duration::from_secs(b.heartbeat_seconds),
        connect_timeout: Duration::from_secs(b.connect_timeout_seconds),
        confirm_timeout: Duration::from_secs(b.confirm_timeout_seconds),
        reconnect_delay_min: Duration::from_millis(b.reconnect_delay_milliseconds_min),
        reconnect_delay_max: Duration::from_millis(b.reconnect_delay_milliseconds_max),
        held_bytes_max: w.intake.held_bytes_max,
        management: Some(b.management_url.clone()).filter(|url| !url.is_empty()).map(Into::into),
        tls: Tls { authorities: file("broker.authorities_file", &b.authorities_file)?, identity },
    })
}

fn systems(w: &Written) -> Result<Vec<String>, ConfigFault> {
    let mut systems = w.intake.systems.clone();
    systems.sort_unstable();
    systems.dedup();
    if systems.is_empty() {
        return Err(ConfigFault("intake.systems names no system".into()));
    }
    Ok(systems)
}

fn limits(w: &Written) -> Result<Limits, ConfigFault> {
    for (key, value) in [
        ("xml.depth_max", w.xml.depth_max),
        ("xml.attributes_max", w.xml.attributes_max),
        ("xml.namespaces_max", w.xml.namespaces_max),
        ("xml.name_bytes_max", w.xml.name_bytes_max),
        ("xml.text_bytes_max", w.xml.text_bytes_max),
        ("xml.attribute_bytes_max", w.xml.attribute_bytes_max),
    ] {
        positive(key, value)?;
    }
    Ok(Limits {
        depth_max: w.xml.depth_max,
        attributes_max: w.xml.attributes_max,
        namespaces_max: w.xml.namespaces_max,
        name_bytes_max: w.xml.name_bytes_max,
        text_bytes_max: w.xml.text_bytes_max,
        attribute_value_bytes_max: w.xml.attribute_bytes_max,
        ..Limits::default()
    })
}

fn store(w: &Written) -> Result<StoreSettings, ConfigFault> {
    Ok(StoreSettings {
        path: filled("store.path", &w.store.path)?.into(),
        bytes_max: Some(w.store.bytes_max).filter(|bytes| *bytes > 0),
        busy_timeout: Duration::from_millis(w.store.busy_timeout_milliseconds),
        readers: w.store.readers.max(1),
    })
}

fn exports(w: &Written) -> Result<ExportSettings, ConfigFault> {
    let e = &w.exports;
    Ok(ExportSettings {
        folder: path(&e.folder),
        output: filled("exports.output", &e.output)?.into(),
        work_folder: filled("exports.work_folder", &e.work_folder)?.into(),
        keep: days(e.keep_days),
        message_bytes_max: e.message_bytes_max,
        mail_bytes_max: e.mail_bytes_max,
        s3: S3Settings {
            endpoint: e.s3.endpoint.clone(),
            region: e.s3.region.clone(),
            access_key: e.s3.access_key.clone(),
            secret_key: match file("exports.s3.secret_key_file", &e.s3.secret_key_file)? {
                Some(text) => text.trim().to_owned().into(),
                None => e.s3.secret_key.clone().into(),
            },
        },
    })
}

/// So many days; 0 is for ever.
pub(super) fn days(count: u32) -> Option<Duration> {
    (count > 0).then(|| Duration::from_secs(u64::from(count) * 86_400))
}

fn parking(w: &Written) -> Result<Parking, ConfigFault> {
    let delays = &w.parking.delays_milliseconds;
    if delays.is_empty() || delays.contains(&0) {
        return Err(ConfigFault("parking.delays_milliseconds wants at least one pause, none of zero".into()));
    }
    Ok(Parking {
        delays: delays.iter().copied().map(Duration::from_millis).collect(),
        patience: Duration::from_secs(w.parking.patience_seconds),
    })
}

fn http(w: &Written) -> Result<HttpAddress, ConfigFault> {
    if w.http.address.is_empty() {
        return Ok(None);
    }
    match w.http.address.parse() {
        Ok(address) => Ok(Some(address)),
        Err(_) => Err(ConfigFault(format!("http.address: `{}` is not HOST:PORT", w.http.address))),
    }
}
