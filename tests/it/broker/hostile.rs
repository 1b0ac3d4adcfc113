//! Messages that a publisher may not send, but can: they come through like any other, and harm none beside them.

use super::*;
use crate::support::rabbitmq;
use crate::support::raw::{RawMessage, RawPublisher, entry, long};

/// Publishes the hostile message between two ordinary ones and takes all three.
async fn between_two_others(hostile: RawMessage<'_>) -> Received {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    fill(&session, 1).await;
    RawPublisher::connect(&vhost.url("mezhved")).publish(&RawMessage {
        exchange: b"mezhved.in",
        routing_key: b"epgu",
        body: b"hostile",
        ..hostile
    });
    fill(&session, 1).await;
    let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.expect("a consumer");
    let mut received = Vec::new();
    while received.len() < 3 {
        assert_ne!(within(consumer.recv_many(&mut received, ALL)).await, 0, "ended after {}", received.len());
    }
    consumer.ack_through(received[2].tag).await.expect("the channel lives");
    assert_eq!(link.session().await.epoch(), 1, "the connection has held");
    assert_eq!(received[1].body, b"hostile");
    received.remove(1)
}

#[tokio::test]
async fn a_message_id_in_another_encoding_is_replaced_byte_by_byte() {
    let received =
        between_two_others(RawMessage { message_id: Some(b"\xe4\xe5\xeb\xee-1"), ..RawMessage::default() }).await;
    assert_eq!(received.properties.message_id.as_deref(), Some("????-1"));
}

#[tokio::test]
async fn a_header_in_another_encoding_keeps_its_value() {
    let headers = entry(b"\xf2\xe8\xef", b'S', &long(b"\xe4\xe5\xeb\xee"));
    let received = between_two_others(RawMessage { headers: Some(&headers), ..RawMessage::default() }).await;
    assert_eq!(received.properties.headers["???"], serde_json::json!({ "$bytes": "e4e5ebee" }));
}

#[tokio::test]
async fn headers_nested_ten_thousand_deep_do_not_overflow_a_stack() {
    let deep = (0..10_000).fold(Vec::new(), |inner, _| entry(b"k", b'F', &long(&inner)));
    let received = between_two_others(RawMessage { headers: Some(&deep), ..RawMessage::default() }).await;
    assert!(received.properties.headers["k"].is_object());
}

#[tokio::test]
async fn a_message_without_properties_has_none() {
    let received = between_two_others(RawMessage::default()).await;
    let unset = Properties::default();
    // RabbitMQ counts redeliveries in a header of its own, from the second on.
    assert_eq!(received.properties, unset);
}

#[tokio::test]
async fn an_unroutable_key_in_another_encoding_lies_in_the_dead_letter_queue() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    RawPublisher::connect(&vhost.url("epgu")).publish(&RawMessage {
        exchange: b"mezhved.in",
        routing_key: b"\xe5\xef\xe3\xf3",
        body: b"x",
        ..RawMessage::default()
    });
    let mut consumer = session.consume("mezhved.dead", 10, "it").await.unwrap();
    let dead = within(consumer.next()).await.expect("a delivery");
    assert_eq!((dead.routing_key.as_str(), &dead.body[..]), ("????", &b"x"[..]));
}
