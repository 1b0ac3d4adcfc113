//! Properties of a message beside its body, as AMQP 0-9-1 has them, in words of our own so that no room
//! but `broker` knows the library. Everything is optional: a message without any is still a message. What the envelope says
//! wins over what stands here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The header that carries the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// Everything that travels beside a body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Properties {
    /// Id that the sender gave the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Id of the exchange that the message belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Queue for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// AMQP `type`: the kind of message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Media type of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Encoding of the body over its media type, such as `gzip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// Moment of sending, in seconds of Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// Broker user that published; validated by the broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Program that published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Time to live in the queue, milliseconds as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<String>,
    /// 1 transient, 2 persistent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_mode: Option<u8>,
    /// Priority, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// Headers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Value>,
}

impl Properties {
    /// The W3C trace context among the headers, if it is a valid one.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.headers.get(TRACEPARENT).and_then(Value::as_str).filter(|text| is_traceparent(text))
    }
}

/// The trace context of a message that we send: a step of its own in the trace of what caused it, or a new trace. It is made from the
/// message's id, so that the same message carries the same one however often it is sent.
#[must_use]
pub fn traceparent_of(message_id: &str, cause: Option<&str>) -> String {
    let digest = hex::encode(Sha256::digest(message_id.as_bytes()));
    let caused = cause.filter(|text| is_traceparent(text)).map(|text| text.split('-').collect::<Vec<_>>());
    let (trace, flags) = match caused.as_deref() {
        // Of the flags only that of sampling is passed on, as the first version of the form says.
        Some([_, trace, _, flags, ..]) => {
            (*trace, if flags.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']) { "01" } else { "00" })
        }
        _ => (&digest[32..], "00"),
    };
    format!("00-{trace}-{}-{flags}", &digest[..16])
}

/// Whether a text is a valid `traceparent` of the W3C recommendation (level 1): version, trace id, parent id, flags, in lower case;
/// ids of zeros and version `ff` are invalid; later versions may append fields.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    let mut parts = text.splitn(5, '-');
    let mut part = |length: usize| {
        parts
            .next()
            .filter(|part| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
    };
    let (Some(version), Some(trace), Some(parent), Some(_flags)) = (part(2), part(32), part(16), part(2)) else {
        return false;
    };
    let zeros = |part: &str| part.bytes().all(|byte| byte == b'0');
    version != "ff" && !zeros(trace) && !zeros(parent) && (parts.next().is_none() || version != "00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents() {
        for (text, right) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
            ("", false),
        ] {
            let properties = Properties {
                headers: BTreeMap::from([(TRACEPARENT.to_owned(), Value::from(text))]),
                ..Properties::default()
            };
            assert_eq!(properties.traceparent(), right.then_some(text), "{text}");
        }
    }

    #[test]
    fn what_follows_is_a_step_of_its_own_in_the_same_trace() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (cause, trace, flags) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), Some(TRACE), "01"),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), Some(TRACE), "00"),
            (format!("cc-{TRACE}-00f067aa0ba902b7-ff-more"), Some(TRACE), "01"),
            (format!("cc-{TRACE}-00f067aa0ba902b7-0a"), Some(TRACE), "00"),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), None, "00"),
            (String::new(), None, "00"),
        ] {
            let made = traceparent_of("m-1", Some(&cause));
            assert!(is_traceparent(&made), "{made}");
            assert_eq!(made, traceparent_of("m-1", Some(&cause)), "the same however often it is sent");
            let parts: Vec<&str> = made.split('-').collect();
            assert_eq!((parts[0], parts[3]), ("00", flags), "{cause}");
            assert_eq!(parts[1] == TRACE, trace.is_some(), "{cause}");
            assert!(!cause.contains(parts[2]), "a step of its own");
            assert_ne!(made, traceparent_of("m-2", Some(&cause)));
        }
        assert_ne!(traceparent_of("m-1", None)[..35], traceparent_of("m-2", None)[..35], "a trace of its own");
    }

    #[test]
    fn a_header_of_another_type_is_no_traceparent() {
        let headers = BTreeMap::from([(TRACEPARENT.to_owned(), Value::from(7))]);
        assert_eq!(Properties { headers, ..Properties::default() }.traceparent(), None);
    }

    #[test]
    fn nothing_is_written_for_what_is_not_there() {
        assert_eq!(serde_json::to_string(&Properties::default()).unwrap(), "{}");
        let properties = Properties { kind: Some("StatusUpdate".into()), timestamp: Some(7), ..Properties::default() };
        let text = serde_json::to_string(&properties).unwrap();
        assert_eq!(text, r#"{"kind":"StatusUpdate","timestamp":7}"#);
        assert_eq!(serde_json::from_str::<Properties>(&text).unwrap(), properties);
    }
}
