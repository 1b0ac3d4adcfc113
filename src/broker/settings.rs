//! How the broker is reached: plain values, checked once. The address holds a password and is never shown whole.

use std::fmt;
use std::time::Duration;

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri, SASLMechanism};
use secrecy::{ExposeSecret, SecretString};

use super::fault::BrokerFault;

/// Beyond this a heartbeat no longer tells a dead connection from a quiet one.
const HEARTBEAT_SECONDS_MAX: u64 = 600;

/// How the broker is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…`; the virtual host percent-encoded (`%2f` is `/`).
    pub url: SecretString,
    /// Shown in the broker's list of connections.
    pub connection_name: String,
    /// A connection silent for twice this long is dead. Low: false alarms under load; high: a cut is noticed late. Whole seconds, 1–600.
    pub heartbeat: Duration,
    /// For name lookup, TCP, TLS and the AMQP greeting together; and for each answer of the broker afterwards.
    pub connect_timeout: Duration,
    /// For the broker's confirmations of one batch of published messages.
    pub confirm_timeout: Duration,
    /// Pause after the first failed attempt to connect; doubled each time.
    pub reconnect_delay_min: Duration,
    /// The longest pause between two attempts.
    pub reconnect_delay_max: Duration,
    /// A connection whose deliveries hold more bytes than this, not acknowledged yet, is hardly read until they are fewer: a body may be
    /// as long as the broker allows. Of a single longer one all is read.
    pub held_bytes_max: usize,
    /// Where the broker's management answers, `http://host:port`; its user, where it names none, is that of `url`. With it policies are
    /// looked at.
    pub management: Option<SecretString>,
    /// Certificates, for `amqps`.
    pub tls: Tls,
}

/// Certificates beyond those that the system trusts.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Authorities to trust besides the system's, PEM.
    pub authorities: Option<String>,
    /// What we show of ourselves.
    pub identity: Option<Identity>,
}

/// A client certificate with its key.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The chain, PEM.
    pub certificate: String,
    /// The private key without a password, PEM (PKCS #8).
    pub key: SecretString,
}

impl Settings {
    /// The documented defaults for this address.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            connection_name: "mezhved".to_owned(),
            heartbeat: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            confirm_timeout: Duration::from_secs(30),
            reconnect_delay_min: Duration::from_millis(200),
            reconnect_delay_max: Duration::from_secs(15),
            held_bytes_max: 64 << 20,
            management: None,
            tls: Tls::default(),
        }
    }

    /// Checks every value; the address parsed is what the connection is made from.
    pub(super) fn check(&self) -> Result<Endpoint, BrokerFault> {
        let fault = |text: &str| Err(BrokerFault::Settings(text.to_owned()));
        if self.heartbeat.subsec_nanos() != 0 || !(1..=HEARTBEAT_SECONDS_MAX).contains(&self.heartbeat.as_secs()) {
            return fault("heartbeat must be whole seconds, 1 to 600");
        }
        if self.connect_timeout.is_zero() || self.confirm_timeout.is_zero() {
            return fault("connect_timeout and confirm_timeout must be above zero");
        }
        if self.reconnect_delay_min.is_zero() || self.reconnect_delay_min > self.reconnect_delay_max {
            return fault("reconnect_delay_min must be above zero and at most reconnect_delay_max");
        }
        // The parser's own text may quote the address, hence the password.
        let Ok(mut uri) = self.url.expose_secret().parse::<AMQPUri>() else {
            return fault("the address is not of the form amqp://user:password@host:port/vhost");
        };
        if uri.scheme == AMQPScheme::AMQP && (self.tls.authorities.is_some() || self.tls.identity.is_some()) {
            return fault("certificates are given but the address begins with amqp:, not amqps:");
        }
        uri.query.heartbeat = u16::try_from(self.heartbeat.as_secs()).ok();
        Ok(Endpoint { uri, tls: self.tls.clone() })
    }
}

/// A checked address.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) uri: AMQPUri,
    tls: Tls,
}

impl Endpoint {
    /// The user that the broker will know us as; `None` where a certificate decides.
    pub(super) fn user(&self) -> Option<&str> {
        match self.uri.query.auth_mechanism {
            Some(SASLMechanism::External | SASLMechanism::Anonymous) => None,
            _ => Some(&self.uri.authority.userinfo.username),
        }
    }

    pub(super) fn tls(&self) -> OwnedTLSConfig {
        OwnedTLSConfig {
            identity: self.tls.identity.as_ref().map(|identity| OwnedIdentity::PKCS8 {
                pem: identity.certificate.clone().into_bytes(),
                key: identity.key.expose_secret().to_owned().into_bytes(),
            }),
            cert_chain: self.tls.authorities.clone(),
        }
    }
}

/// Host, port and virtual host, without credentials.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.uri.scheme, self.uri.authority.host, self.uri.authority.port)?;
        match self.uri.vhost.as_str() {
            "/" => Ok(()),
            vhost => write!(f, " vhost {vhost}"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings), expected: Result<&str, &str>) {
        let mut settings = Settings::new("amqp://user:hunter2@host:5673/%2f".into());
        change(&mut settings);
        match (settings.check(), expected) {
            (Ok(endpoint), Ok(shown)) => assert_eq!(endpoint.to_string(), shown),
            (Err(fault), Err(part)) => {
                let fault = fault.to_string();
                assert!(fault.contains(part), "{fault}");
                assert!(!fault.contains("hunter2"), "{fault}");
            }
            (found, expected) => panic!("{:?} instead of {expected:?}", found.map(|endpoint| endpoint.to_string())),
        }
    }

    #[test]
    fn values_are_checked_and_passwords_are_not_shown() {
        check(|_| (), Ok("amqp://host:5673"));
        check(|s| s.url = "amqps://u:p@host/agency".into(), Ok("amqps://host:5671 vhost agency"));
        check(|s| s.url = "http://user:hunter2@host".into(), Err("form amqp://"));
        check(|s| s.url = "user:hunter2@host".into(), Err("form amqp://"));
        check(|s| s.heartbeat = Duration::ZERO, Err("heartbeat"));
        check(|s| s.heartbeat = Duration::from_millis(1500), Err("heartbeat"));
        check(|s| s.heartbeat = Duration::from_secs(601), Err("heartbeat"));
        check(|s| s.confirm_timeout = Duration::ZERO, Err("confirm_timeout"));
        check(|s| s.reconnect_delay_min = Duration::from_mins(1), Err("reconnect_delay_min"));
        check(|s| s.tls.authorities = Some(String::new()), Err("amqps:"));
    }

    #[test]
    fn debug_shows_no_password() {
        let settings = Settings::new("amqp://user:hunter2@host".into());
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_user_is_the_address_user_unless_a_certificate_decides() {
        let user = |url: &str| Settings::new(url.into()).check().map(|e| e.user().map(str::to_owned)).unwrap();
        assert_eq!(user("amqp://epgu:x@host"), Some("epgu".to_owned()));
        assert_eq!(user("amqps://host?auth_mechanism=external"), None);
    }
}
