//! How people are told, checked.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::NaiveTime;

use super::checked::{ConfigFault, days, file, filled, path, positive};
use super::written::{self, Written};
use crate::domain::frequency::Frequency;
use crate::mail;
use crate::notify::{
    self, AddressKind, BreakerSettings, ChannelSettings, DefaultChoice, Gateway, Language, NotifySettings,
    OptOutSettings, QuietHours, Way,
};

/// Shortest key of signatures and tokens, in bytes.
const KEY_BYTES_MIN: usize = 16;

pub(super) fn check(w: &Written, mail: Option<&mail::Settings>) -> Result<NotifySettings, ConfigFault> {
    let n = &w.notify;
    positive("notify.batch_messages_max", n.batch_messages_max as usize)?;
    positive("notify.patience_hours", n.patience_hours as usize)?;
    positive("notify.breaker_faults_max", n.breaker_faults_max as usize)?;
    positive("notify.http_timeout_seconds", usize::try_from(n.http_timeout_seconds).unwrap_or(usize::MAX))?;
    if !n.link.is_empty() && !n.link.starts_with("https://") {
        return Err(ConfigFault(format!("notify.link: `{}` does not begin with https://", n.link)));
    }
    let timeout = Duration::from_secs(n.http_timeout_seconds);
    let mut channels = BTreeMap::new();
    for (name, channel) in &n.channel {
        channels.insert(name.clone(), self::channel(name, channel, timeout, mail)?);
    }
    let lease = Duration::from_secs(n.lease_seconds);
    check_lease(w, &channels, lease, mail)?;
    let agencies = w.agencies.iter().map(|one| (one.code.clone(), one.email.clone()));
    let own = (w.agency.code.clone(), w.agency.email.clone());
    Ok(NotifySettings {
        link: Some(n.link.clone()).filter(|link| !link.is_empty()),
        language: Language::parse(&n.language)
            .ok_or_else(|| ConfigFault(format!("notify.language: `{}` is neither ru nor en", n.language)))?,
        templates: path(&n.templates_folder),
        daily_at: time("notify.daily_at", &n.daily_at)?,
        batch_max: n.batch_messages_max,
        patience: Duration::from_hours(n.patience_hours.into()),
        lease,
        delay_min: Duration::from_millis(n.retry_delay_milliseconds_min.max(1)),
        delay_max: Duration::from_millis(n.retry_delay_milliseconds_max.max(1)),
        breaker: BreakerSettings {
            faults_max: n.breaker_faults_max,
            pause_min: Duration::from_secs(n.breaker_pause_seconds_min.max(1)),
            pause_max: Duration::from_secs(n.breaker_pause_seconds_max.max(1)),
        },
        opt_out: opt_out(n)?,
        retention: days(n.retention_days),
        channels,
        defaults: n.default.iter().map(default).collect::<Result<_, _>>()?,
        agencies: agencies.chain([own]).filter(|(_, email)| !email.is_empty()).collect::<HashMap<_, _>>(),
    })
}

fn channel(
    name: &str,
    w: &written::Channel,
    timeout: Duration,
    mail: Option<&mail::Settings>,
) -> Result<ChannelSettings, ConfigFault> {
    let key = |key: &str| format!("notify.channel.{name}.{key}");
    let way = match w.way.as_str() {
        "rabbitmq" => Way::Broker,
        "off" => Way::Off,
        "smtp" if mail.is_some() => Way::Mail,
        "smtp" => return Err(ConfigFault(format!("{}: there is no mail server; set mail.host", key("way")))),
        "http" => Way::Http(gateway(w, &key, timeout)?),
        other => return Err(ConfigFault(format!("{}: `{other}` is none of rabbitmq, smtp, http, off", key("way")))),
    };
    let address = match w.address.as_str() {
        "none" | "" => AddressKind::None,
        "email" => AddressKind::Email,
        "phone" => AddressKind::Phone,
        other => return Err(ConfigFault(format!("{}: `{other}` is none of none, email, phone", key("address")))),
    };
    if matches!(way, Way::Mail) && address != AddressKind::Email {
        return Err(ConfigFault(format!("{}: letters need `email`", key("address"))));
    }
    let quiet = match (w.quiet_from.as_str(), w.quiet_until.as_str()) {
        ("", "") => None,
        (from, until) => {
            let hours = QuietHours { from: time(&key("quiet_from"), from)?, until: time(&key("quiet_until"), until)? };
            if hours.from == hours.until {
                return Err(ConfigFault(format!(
                    "{}: the same as quiet_until: it would never speak",
                    key("quiet_from")
                )));
            }
            Some(hours)
        }
    };
    Ok(ChannelSettings {
        way,
        address,
        segments_max: Some(w.sms_segments_max).filter(|max| *max > 0),
        quiet,
        per_minute_max: Some(w.per_minute_max).filter(|max| *max > 0),
        per_reader_per_hour_max: Some(w.per_reader_per_hour_max).filter(|max| *max > 0),
    })
}

fn gateway(w: &written::Channel, key: &impl Fn(&str) -> String, timeout: Duration) -> Result<Gateway, ConfigFault> {
    let url = filled(&key("url"), &w.url)?;
    notify::check_url(&url).map_err(|fault| ConfigFault(format!("{}: `{url}`: {fault}", key("url"))))?;
    Ok(Gateway {
        url,
        secret: secret(&key("secret_file"), &w.secret_file)?,
        authorities: file(&key("authorities_file"), &w.authorities_file)?,
        timeout,
    })
}

fn opt_out(n: &written::Notify) -> Result<Option<OptOutSettings>, ConfigFault> {
    if n.opt_out_link.is_empty() {
        return Ok(None);
    }
    if !n.opt_out_link.contains("{token}") {
        return Err(ConfigFault("notify.opt_out_link has no {token}".into()));
    }
    let key = secret("notify.opt_out_key_file", &n.opt_out_key_file)?;
    Ok(Some(OptOutSettings { link: n.opt_out_link.clone(), key }))
}

/// A key out of its file.
fn secret(key: &str, path: &str) -> Result<secrecy::SecretString, ConfigFault> {
    let text = file(key, path)?.map(|text| text.trim().to_owned()).unwrap_or_default();
    if text.len() < KEY_BYTES_MIN {
        return Err(ConfigFault(format!("{key}: name a file with a key of at least {KEY_BYTES_MIN} bytes")));
    }
    Ok(text.into())
}

fn time(key: &str, text: &str) -> Result<NaiveTime, ConfigFault> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| ConfigFault(format!("{key}: `{text}` is not a time of the day such as 22:00")))
}

fn default(w: &written::DefaultChoice) -> Result<DefaultChoice, ConfigFault> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let known = Frequency::ALL.map(Frequency::as_str).join(", ");
    Ok(DefaultChoice {
        system: some(&w.system),
        event: some(&w.event),
        channel: filled("notify.default: channel", &w.channel)?,
        frequency: Frequency::parse(&w.frequency)
            .ok_or_else(|| ConfigFault(format!("notify.default: frequency: `{}` is none of {known}", w.frequency)))?,
    })
}

/// What was handed over must have been answered, or timed out, before it may be handed over again.
fn check_lease(
    w: &Written,
    channels: &BTreeMap<String, ChannelSettings>,
    lease: Duration,
    mail: Option<&mail::Settings>,
) -> Result<(), ConfigFault> {
    let timeout = |channel: &ChannelSettings| match &channel.way {
        Way::Off => None,
        Way::Broker => Some(("broker.confirm_timeout_seconds", Duration::from_secs(w.broker.confirm_timeout_seconds))),
        Way::Mail => mail.map(|mail| ("mail.timeout_seconds", mail.timeout)),
        Way::Http(gateway) => Some(("notify.http_timeout_seconds", gateway.timeout)),
    };
    match channels.values().filter_map(timeout).find(|(_, timeout)| *timeout >= lease) {
        Some((key, _)) => Err(ConfigFault(format!("notify.lease_seconds must be longer than {key}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, load};

    fn checked(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let written = load(None, &pairs).map_err(|fault| fault.to_string())?;
        Config::check(&written).map_err(|fault| fault.0)
    }

    #[test]
    fn the_default_file_sends_everything_to_the_broker() {
        let config = checked(&[]).unwrap();
        let ways: Vec<_> = config.notify.channels.iter().map(|(name, one)| format!("{name} {:?}", one.way)).collect();
        assert_eq!(ways, ["cabinet Broker", "email Broker", "push Broker", "sms Broker"]);
    }

    #[test]
    fn what_cannot_work_is_told_at_once() {
        let key = std::env::temp_dir().join(format!("mezhved-key-{}", uuid::Uuid::now_v7()));
        std::fs::write(&key, "short").unwrap();
        let key = key.display().to_string();
        let http = ("notify.channel.sms.way", "http");
        for (pairs, told) in [
            (&[("notify.channel.email.way", "smtp")][..], "notify.channel.email.way: there is no mail server"),
            (&[("notify.channel.email.way", "pigeon")], "none of rabbitmq, smtp, http, off"),
            (&[http], "notify.channel.sms.url is empty"),
            (&[http, ("notify.channel.sms.url", "http://example.org/sms")], "must be https"),
            (&[http, ("notify.channel.sms.url", "nonsense")], "notify.channel.sms.url: `nonsense`"),
            (&[http, ("notify.channel.sms.url", "https://example.org/sms")], "secret_file: name a file"),
            (
                &[http, ("notify.channel.sms.url", "https://a.b"), ("notify.channel.sms.secret_file", &key)],
                "at least 16 bytes",
            ),
            (&[("notify.channel.sms.quiet_from", "22:00")], "quiet_until: `` is not a time"),
            (&[("notify.channel.sms.quiet_from", "25:00"), ("notify.channel.sms.quiet_until", "8:00")], "`25:00`"),
            (&[("notify.channel.sms.address", "street")], "none of none, email, phone"),
            (&[("notify.language", "fr")], "notify.language: `fr` is neither ru nor en"),
            (&[("notify.lease_seconds", "10")], "longer than broker.confirm_timeout_seconds"),
            (&[("notify.link", "http://example.org")], "does not begin with https://"),
            (&[("notify.opt_out_link", "https://example.org")], "has no {token}"),
            (&[("notify.opt_out_link", "https://example.org/{token}")], "notify.opt_out_key_file"),
            (&[("notify.default", "[{channel = 'sms', frequency = 'weekly'}]")], "`weekly` is none of never"),
        ] {
            let fault = checked(pairs).unwrap_err();
            assert!(fault.contains(told), "{told}: {fault}");
        }
        std::fs::remove_file(key).unwrap();
    }
}
