//! AMQP properties to the domain's and back. Names that AMQP cannot carry are errors of that one message.

use lapin::BasicProperties;
use lapin::types::{FieldTable, ShortString};

use super::headers::{self, HeaderFault};
use crate::domain::properties::Properties;

/// Headers must fit into one frame of the smallest size that brokers are configured to, 128 KB, with room to spare.
const HEADERS_BYTES_MAX: usize = 64 * 1024;
/// Delivery mode of a message that outlives a restart of the broker.
const PERSISTENT: u8 = 2;

/// Why one message cannot be sent at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A name does not fit into an AMQP short string.
    #[error("{field} has {length} bytes, AMQP allows 255")]
    TooLong {
        /// Which property.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// Without an id no confirmation could be matched.
    #[error("message_id is missing")]
    NoMessageId,
    /// The headers have about this many bytes, more than a frame is sure to hold.
    #[error("headers have {0} bytes, at most 65536 are sent")]
    HeadersTooLarge(usize),
    /// Header tables are nested too deep.
    #[error("headers are nested too deep")]
    HeadersTooDeep,
}

/// What came with a delivery.
pub(super) fn received(from: &BasicProperties) -> Properties {
    let text = |value: &Option<ShortString>| value.as_ref().map(|value| value.as_str().to_owned());
    Properties {
        message_id: text(from.message_id()),
        correlation_id: text(from.correlation_id()),
        reply_to: text(from.reply_to()),
        kind: text(from.kind()),
        content_type: text(from.content_type()),
        content_encoding: text(from.content_encoding()),
        timestamp: *from.timestamp(),
        user_id: text(from.user_id()),
        app_id: text(from.app_id()),
        expiration: text(from.expiration()),
        delivery_mode: *from.delivery_mode(),
        priority: *from.priority(),
        headers: from.headers().as_ref().map(headers::received).unwrap_or_default(),
    }
}

/// What goes with a message to send: always persistent; the user defaults to the one we are connected as.
pub(super) fn outgoing(from: &Properties, user: Option<&str>) -> Result<BasicProperties, Unsendable> {
    let message_id = from.message_id.as_deref().filter(|id| !id.is_empty()).ok_or(Unsendable::NoMessageId)?;
    let mut to =
        BasicProperties::default().with_delivery_mode(PERSISTENT).with_message_id(name("message_id", message_id)?);
    if let Some(value) = &from.correlation_id {
        to = to.with_correlation_id(name("correlation_id", value)?);
    }
    if let Some(value) = &from.reply_to {
        to = to.with_reply_to(name("reply_to", value)?);
    }
    if let Some(value) = &from.kind {
        to = to.with_type(name("type", value)?);
    }
    if let Some(value) = &from.content_type {
        to = to.with_content_type(name("content_type", value)?);
    }
    if let Some(value) = &from.content_encoding {
        to = to.with_content_encoding(name("content_encoding", value)?);
    }
    if let Some(value) = from.timestamp {
        to = to.with_timestamp(value);
    }
    if let Some(value) = from.user_id.as_deref().or(user) {
        to = to.with_user_id(name("user_id", value)?);
    }
    if let Some(value) = &from.app_id {
        to = to.with_app_id(name("app_id", value)?);
    }
    if let Some(value) = &from.expiration {
        to = to.with_expiration(name("expiration", value)?);
    }
    if let Some(value) = from.priority {
        to = to.with_priority(value);
    }
    if !from.headers.is_empty() {
        to = to.with_headers(table(from)?);
    }
    Ok(to)
}

/// A name within AMQP's 255 bytes.
pub(super) fn name(field: &'static str, value: &str) -> Result<ShortString, Unsendable> {
    ShortString::try_new(value).map_err(|_| Unsendable::TooLong { field, length: value.len() })
}

fn table(from: &Properties) -> Result<FieldTable, Unsendable> {
    // JSON is at least about as long as what it becomes, except for numbers: five bytes more each at most.
    let bytes: usize = from.headers.iter().map(|(key, value)| key.len() + value.to_string().len() + 16).sum();
    if bytes > HEADERS_BYTES_MAX {
        return Err(Unsendable::HeadersTooLarge(bytes));
    }
    headers::outgoing(&from.headers).map_err(|fault| match fault {
        HeaderFault::KeyTooLong(length) => Unsendable::TooLong { field: "header", length },
        HeaderFault::TooDeep => Unsendable::HeadersTooDeep,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn full() -> Properties {
        Properties {
            message_id: Some("m-1".to_owned()),
            correlation_id: Some("c-1".to_owned()),
            reply_to: Some("receipts.epgu".to_owned()),
            kind: Some("StatusUpdate".to_owned()),
            content_type: Some("application/xml".to_owned()),
            content_encoding: Some("utf-8".to_owned()),
            timestamp: Some(1_700_000_000),
            user_id: Some("epgu".to_owned()),
            app_id: Some("portal".to_owned()),
            expiration: Some("60000".to_owned()),
            delivery_mode: Some(2),
            priority: Some(4),
            headers: [("traceparent".to_owned(), json!("00-ab-cd-01"))].into(),
        }
    }

    fn check(change: impl FnOnce(&mut Properties), expected: Result<(), Unsendable>) {
        let mut properties = full();
        change(&mut properties);
        match (outgoing(&properties, Some("mezhved")), expected) {
            (Ok(sent), Ok(())) => assert_eq!(received(&sent), properties),
            (Err(fault), Err(expected)) => assert_eq!(fault, expected),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn all_properties_go_there_and_back() {
        check(|_| (), Ok(()));
        check(|p| p.headers.clear(), Ok(()));
    }

    #[test]
    fn what_amqp_cannot_carry_is_an_error_of_that_message() {
        let long = "д".repeat(128);
        let too_long = |field| Err(Unsendable::TooLong { field, length: 256 });
        check(|p| p.message_id = None, Err(Unsendable::NoMessageId));
        check(|p| p.message_id = Some(String::new()), Err(Unsendable::NoMessageId));
        check(|p| p.message_id = Some(long.clone()), too_long("message_id"));
        check(|p| p.correlation_id = Some(long.clone()), too_long("correlation_id"));
        check(|p| p.reply_to = Some(long.clone()), too_long("reply_to"));
        check(|p| p.kind = Some(long.clone()), too_long("type"));
        check(|p| p.content_type = Some(long.clone()), too_long("content_type"));
        check(|p| p.user_id = Some(long.clone()), too_long("user_id"));
        check(|p| drop(p.headers.insert(long.clone(), json!(1))), too_long("header"));
        check(
            |p| p.headers = [("big".to_owned(), json!("x".repeat(70_000)))].into(),
            Err(Unsendable::HeadersTooLarge("big".len() + 70_000 + "\"\"".len() + 16)),
        );
    }

    #[test]
    fn the_connected_user_and_persistence_are_filled_in() {
        let bare = Properties { message_id: Some("m".to_owned()), ..Properties::default() };
        let sent = outgoing(&bare, Some("mezhved")).unwrap();
        assert_eq!(received(&sent).user_id.as_deref(), Some("mezhved"));
        assert_eq!(received(&sent).delivery_mode, Some(PERSISTENT));
        assert_eq!(received(&outgoing(&bare, None).unwrap()).user_id, None);
    }
}
