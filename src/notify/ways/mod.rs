//! The ways by which channels go out: a queue of the broker, letters, a gateway. Each hands a message over and says what was
//! answered; none of them knows the store.

pub(super) mod broker;
pub(super) mod http;

use chrono::{DateTime, Utc};

pub use http::check_url;

use super::{NotifySettings, Way};
use crate::mail::{self, MailFault, Mailer};

/// What a way answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was taken.
    Confirmed,
    /// Not now, and only this one: why.
    NotNow(String),
    /// The way itself is out or busy: why, and until when it asks to be left alone.
    Out(String, Option<DateTime<Utc>>),
    /// Never: reason and particulars.
    Refused(&'static str, String),
}

impl From<Result<(), MailFault>> for Answer {
    fn from(sent: Result<(), MailFault>) -> Self {
        match sent {
            Ok(()) => Self::Confirmed,
            Err(MailFault::Unmailable(why)) => Self::Refused("address-unusable", why),
            Err(fault @ MailFault::Refused(_)) => Self::Refused("address-refused", fault.to_string()),
            Err(fault @ MailFault::NotNow(_)) => Self::NotNow(fault.to_string()),
            Err(fault @ MailFault::Later(_)) => Self::Out(fault.to_string(), None),
        }
    }
}

/// Whether the channel's mail server or gateway can be reached now; sends nothing to anybody. None where the broker serves it.
pub async fn reach(
    channel: &str,
    settings: &NotifySettings,
    mail: Option<&mail::Settings>,
) -> Option<Result<String, String>> {
    match &settings.channel(channel).way {
        Way::Off | Way::Broker => None,
        Way::Mail => {
            let mail = mail?;
            let mailer = match Mailer::new(mail) {
                Ok(mailer) => mailer,
                Err(fault) => return Some(Err(fault.to_string())),
            };
            let reached = mailer.reach().await.map_err(|fault| fault.to_string());
            Some(reached.map(|()| format!("{}:{} answers", mail.host, mail.port)))
        }
        Way::Http(gateway) => match http::Client::new(gateway) {
            Ok(client) => Some(client.reach().await.map(|()| format!("{} can be reached", gateway.url))),
            Err(fault) => Some(Err(fault)),
        },
    }
}
