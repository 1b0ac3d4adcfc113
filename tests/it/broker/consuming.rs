//! Deliveries come in order, are acknowledged many at a time, and what was not acknowledged comes again.

use super::*;
use crate::support::proxy::Proxy;
use crate::support::rabbitmq;

async fn take(consumer: &mut mezhved::broker::Consumer, count: usize) -> Vec<Received> {
    let mut received = Vec::new();
    while received.len() < count {
        assert_ne!(within(consumer.recv_many(&mut received, ALL)).await, 0, "ended after {}", received.len());
    }
    received
}

#[tokio::test]
async fn one_acknowledgement_covers_all_before_it_and_the_rest_comes_again() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    fill(&session, 11).await;
    let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.unwrap();
    let received = take(&mut consumer, 10).await;
    assert!(received.iter().all(|one| !one.redelivered && one.delivery_count == 0));
    consumer.ack_through(received[6].tag).await.unwrap();
    consumer.ack_through(received[4].tag).await.expect("covered already");
    // There is room for the eleventh only once the broker has taken the acknowledgement in.
    assert_eq!(ids(&take(&mut consumer, 1).await), ["10"]);
    session.end("the test asks for it");
    let session = link.session().await;
    assert_eq!(session.epoch(), 2);
    let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.unwrap();
    let again = take(&mut consumer, 4).await;
    assert_eq!(ids(&again), ["7", "8", "9", "10"]);
    assert!(again.iter().all(|one| one.redelivered && one.delivery_count == 1), "{again:?}");
    consumer.ack_through(again[3].tag).await.unwrap();
}

#[tokio::test]
async fn portions_are_bounded_by_count_and_by_bytes() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let sizes = [10, 10, 50, 10, 10, 10];
    let batch: Vec<_> =
        sizes.iter().enumerate().map(|(n, size)| incoming(&n.to_string(), &vec![b'x'; *size])).collect();
    publish(&session, &batch).await;
    let mut consumer = session.consume("mezhved.in.epgu", 100, "it").await.unwrap();
    let mut portions: Vec<Vec<String>> = Vec::new();
    while portions.iter().map(Vec::len).sum::<usize>() < sizes.len() {
        let mut portion = Vec::new();
        within(consumer.recv_many(&mut portion, Portion { count_max: 2, bytes_max: 20 })).await;
        assert!(portion.len() <= 2);
        assert!(portion.len() == 1 || portion.iter().map(|one| one.body.len()).sum::<usize>() <= 20);
        portions.push(ids(&portion));
    }
    assert_eq!(portions.concat(), ["0", "1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn properties_and_headers_arrive_as_they_were_sent() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let mut sent = incoming("1", b"");
    sent.properties = Properties {
        message_id: Some("1".to_owned()),
        correlation_id: Some("c".to_owned()),
        reply_to: Some("receipts.epgu".to_owned()),
        kind: Some("StatusUpdate".to_owned()),
        content_type: Some("application/xml".to_owned()),
        timestamp: Some(1_700_000_000),
        user_id: Some("mezhved".to_owned()),
        delivery_mode: Some(2),
        headers: BTreeMap::from([
            ("traceparent".to_owned(), serde_json::json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
            (
                "nested".to_owned(),
                serde_json::json!({ "list": [1, { "$timestamp": 5 }, { "$bytes": "c4e5" }], "ноль": null }),
            ),
        ]),
        ..Properties::default()
    };
    publish(&session, std::slice::from_ref(&sent)).await;
    let mut consumer = session.consume("mezhved.in.epgu", 100, "it").await.unwrap();
    let received = take(&mut consumer, 1).await;
    assert_eq!(received[0].properties, sent.properties);
    assert_eq!((received[0].exchange.as_str(), received[0].routing_key.as_str()), ("mezhved.in", "epgu"));
    assert_eq!(received[0].body, b"");
}

#[tokio::test]
async fn a_stopped_consumer_gives_what_has_arrived_and_ends_without_ending_the_session() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    fill(&session, 20).await;
    let mut consumer = session.consume("mezhved.in.epgu", 5, "it").await.unwrap();
    let mut received = vec![within(consumer.next()).await.expect("a delivery")];
    consumer.stop().await.unwrap();
    while let Some(one) = within(consumer.next()).await {
        received.push(one);
    }
    assert!(within(consumer.next()).await.is_none(), "ended stays ended");
    assert!((1..=5).contains(&received.len()), "{}", received.len());
    consumer.ack_through(received[received.len() - 1].tag).await.expect("still acknowledged");
    drop(consumer);
    assert_eq!(link.session().await.epoch(), 1);
    let mut consumer = session.consume("mezhved.in.epgu", 100, "it").await.unwrap();
    let rest = take(&mut consumer, 20 - received.len()).await;
    assert!(rest.iter().all(|one| !one.redelivered));
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_delivery_ends_the_consumer_and_all_comes_again() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(settings(&url), house());
    let session = link.session().await;
    fill(&session, 200).await;
    proxy.cut_after(5_001);
    let mut consumer = session.consume("mezhved.in.epgu", 1000, "it").await.unwrap();
    let mut before = Vec::new();
    while within(consumer.recv_many(&mut before, ALL)).await > 0 {}
    assert!(!before.is_empty() && before.len() < 200, "{}", before.len());
    let fault = within(consumer.ack_through(before[0].tag)).await.expect_err("the connection is gone");
    assert_eq!(fault.fate(), mezhved::broker::Fate::Retry);
    let session = link.session().await;
    let mut consumer = session.consume("mezhved.in.epgu", 1000, "it").await.unwrap();
    let after = take(&mut consumer, 200).await;
    let expected: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    assert_eq!(ids(&after), expected);
}

#[tokio::test]
async fn a_silent_connection_is_noticed_by_its_heartbeat() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(Settings { heartbeat: Duration::from_secs(1), ..settings(&url) }, house());
    let session = link.session().await;
    let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.unwrap();
    proxy.stall();
    assert!(within(consumer.next()).await.is_none());
    proxy.pass();
    assert_eq!(link.session().await.epoch(), 2);
}

#[tokio::test]
async fn a_deleted_queue_ends_the_consumer_and_the_link_makes_it_anew() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.unwrap();
    vhost.node().ctl(["delete_queue", "-p", vhost.name(), "mezhved.in.epgu"]);
    assert!(within(consumer.next()).await.is_none());
    let session = link.session().await;
    assert_eq!(session.epoch(), 2);
    assert_eq!(session.depth("mezhved.in.epgu").await.unwrap().messages, 0);
}

#[tokio::test]
async fn beyond_the_delivery_limit_a_message_goes_to_the_dead_letter_queue_with_its_story() {
    let vhost = rabbitmq::vhost();
    let mut few = house();
    for queue in &mut few.queues {
        if queue.name == "mezhved.in.epgu" {
            queue.delivery_limit = 2;
        }
    }
    let link = Running::new(settings(&vhost.url("mezhved")), few);
    let session = link.session().await;
    fill(&session, 1).await;
    for count in 0..=2 {
        let mut consumer = session.consume("mezhved.in.epgu", 10, "it").await.unwrap();
        let received = take(&mut consumer, 1).await;
        assert_eq!(received[0].delivery_count, count);
    }
    let mut consumer = session.consume("mezhved.dead", 10, "it").await.unwrap();
    let dead = take(&mut consumer, 1).await;
    assert_eq!(ids(&dead), ["0"]);
    let death = &dead[0].properties.headers["x-death"][0];
    assert_eq!((&death["queue"], &death["reason"]), (&"mezhved.in.epgu".into(), &"delivery_limit".into()), "{death}");
}

#[tokio::test]
async fn what_no_system_takes_goes_to_the_dead_letter_queue() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let verdicts = publish(&session, &[message("mezhved.in", "no-such-system", "1", b"x")]).await;
    assert!(matches!(verdicts[0], Published::Confirmed));
    let mut consumer = session.consume("mezhved.dead", 10, "it").await.unwrap();
    let dead = take(&mut consumer, 1).await;
    assert_eq!(dead[0].routing_key, "no-such-system");
}
