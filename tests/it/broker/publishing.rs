//! Each published message gets the verdict that it deserves, whatever its neighbours do.

use std::net::SocketAddr;

use super::*;
use crate::support::proxy::Proxy;
use crate::support::rabbitmq::{self, RabbitMq};

fn codes(verdicts: &[Published]) -> Vec<&'static str> {
    verdicts.iter().map(Published::code).collect()
}

#[tokio::test]
async fn a_batch_is_confirmed_and_lies_in_the_queue_in_order() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    fill(&session, 300).await;
    let mut consumer = session.consume("mezhved.in.epgu", 1000, "it").await.unwrap();
    let mut received = Vec::new();
    while received.len() < 300 {
        assert_ne!(within(consumer.recv_many(&mut received, ALL)).await, 0);
    }
    let expected: Vec<_> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(ids(&received), expected);
    assert_eq!(received[7].body, b"body 7");
    assert_eq!(received[7].properties.user_id.as_deref(), Some("mezhved"));
    assert_eq!(received[7].properties.delivery_mode, Some(2));
    link.stop().await.unwrap();
}

#[tokio::test]
async fn an_unroutable_message_is_told_by_its_id_among_routable_ones() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let batch: Vec<_> = (0..50)
        .map(|n| {
            let key = if n % 7 == 3 { "receipts.nobody" } else { "receipts.epgu" };
            message("mezhved.out", key, &n.to_string(), b"receipt")
        })
        .collect();
    let verdicts = publish(&session, &batch).await;
    for (n, verdict) in verdicts.iter().enumerate() {
        let expected = if n % 7 == 3 { "unroutable" } else { "confirmed" };
        assert_eq!(verdict.code(), expected, "{n}: {verdict:?}");
    }
    assert!(
        matches!(&verdicts[3], Published::Unroutable { reason } if reason.contains("NO_ROUTE")),
        "{:?}",
        verdicts[3]
    );
    assert_eq!(session.depth("receipts.epgu").await.unwrap().messages, 43);
}

#[tokio::test]
async fn two_messages_of_one_id_are_told_apart_by_where_they_go() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let batch =
        [message("mezhved.out", "receipts.epgu", "same", b"1"), message("mezhved.out", "notice.nowhere", "same", b"2")];
    assert_eq!(codes(&publish(&session, &batch).await), ["confirmed", "unroutable"]);
}

#[tokio::test]
async fn what_amqp_cannot_carry_is_not_sent_and_harms_nobody() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    let long = "я".repeat(200);
    let mut batch = numbered(6);
    batch[1].routing_key = long.clone();
    batch[2].exchange = long.clone();
    batch[3].properties.correlation_id = Some(long);
    batch[4].properties.message_id = None;
    let verdicts = publish(&session, &batch).await;
    assert_eq!(codes(&verdicts), ["confirmed", "unsendable", "unsendable", "unsendable", "unsendable", "confirmed"]);
    assert_eq!(session.depth("mezhved.in.epgu").await.unwrap().messages, 2);
}

#[tokio::test]
async fn the_message_that_closes_the_channel_is_found_among_its_neighbours() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let session = link.session().await;
    for culprits in [vec![0], vec![499], vec![100, 101, 300]] {
        let mut batch = numbered(500);
        for message in &mut batch {
            message.body = vec![b'x'; 3500];
        }
        for (n, culprit) in culprits.iter().enumerate() {
            match n {
                1 => batch[*culprit].exchange = "no.such.exchange".to_owned(),
                _ => batch[*culprit].properties.user_id = Some("rosreestr".to_owned()),
            }
        }
        let verdicts = publish(&session, &batch).await;
        for (n, verdict) in verdicts.iter().enumerate() {
            let expected = if culprits.contains(&n) { "refused" } else { "confirmed" };
            assert_eq!(verdict.code(), expected, "{n} of {culprits:?}: {verdict:?}");
        }
        assert!(matches!(verdicts[culprits[0]], Published::Refused { code: 406, .. }), "{:?}", verdicts[culprits[0]]);
    }
    assert_eq!(link.session().await.epoch(), 1, "the connection has held");
}

#[tokio::test]
async fn an_agency_cannot_publish_in_the_name_of_another_but_the_impersonator_can() {
    let vhost = rabbitmq::vhost();
    let link = Running::new(settings(&vhost.url("mezhved")), house());
    let ours = link.session().await;
    let mut forged = incoming("1", b"x");
    forged.properties.user_id = Some("rosreestr".to_owned());
    for (user, code) in [("epgu", "refused"), ("publisher", "confirmed")] {
        let session = Session::open(&settings(&vhost.url(user))).await.unwrap();
        assert_eq!(codes(&publish(&session, std::slice::from_ref(&forged)).await), [code], "{user}");
    }
    assert_eq!(ours.depth("mezhved.in.epgu").await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_stalled_connection_times_out_is_given_up_and_replaced() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let patient =
        Settings { heartbeat: Duration::from_mins(1), confirm_timeout: Duration::from_millis(300), ..settings(&url) };
    let link = Running::new(patient, house());
    let session = link.session().await;
    let mut publisher = session.publisher().await.unwrap();
    proxy.stall();
    let verdicts = within(publisher.publish(&numbered(3))).await;
    assert_eq!(codes(&verdicts), ["timed-out"; 3]);
    assert!(matches!(within(publisher.publish(&numbered(1))).await[0], Published::Lost(_)));
    proxy.pass();
    assert_eq!(link.session().await.epoch(), 2);
}

#[tokio::test]
async fn a_cut_connection_loses_no_verdict() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(settings(&url), house());
    let session = link.session().await;
    let mut publisher = session.publisher().await.unwrap();
    proxy.cut_after(40);
    let verdicts = within(publisher.publish(&numbered(500))).await;
    assert_eq!(verdicts.len(), 500);
    let lost = verdicts.iter().filter(|verdict| matches!(verdict, Published::Lost(_))).count();
    assert!(lost > 0, "{:?}", codes(&verdicts));
    let session = link.session().await;
    let confirmed = u32::try_from(500 - lost).unwrap();
    assert!(session.depth("mezhved.in.epgu").await.unwrap().messages >= confirmed);
}

#[tokio::test]
async fn a_broker_short_of_memory_blocks_sending_but_not_acknowledging() {
    let node = RabbitMq::start();
    let receiving = Running::new(settings(&node.url("mezhved")), house());
    let impatient = Settings { confirm_timeout: Duration::from_secs(1), ..settings(&node.url("mezhved")) };
    receiving.session().await;
    let sending = Running::new(impatient, Topology::default());
    fill(&sending.session().await, 20).await;

    node.ctl(["set_vm_memory_high_watermark", "0.000001"]);
    // The broker tells a connection only when it next sends.
    let verdicts = publish(&sending.session().await, &numbered(1)).await;
    assert!(matches!(verdicts[0], Published::TimedOut | Published::Blocked), "{verdicts:?}");
    let blocked = |state: &LinkState| matches!(state, LinkState::Up { blocked: true, .. });
    let mut publisher = sending.session().await.publisher().await;
    if let Ok(publisher) = &mut publisher {
        within(publisher.publish(&numbered(1))).await;
    }
    sending.reaches(blocked).await;

    let session = receiving.session().await;
    let mut consumer = session.consume("mezhved.in.epgu", 100, "it").await.unwrap();
    let mut received = Vec::new();
    while received.len() < 20 {
        assert_ne!(within(consumer.recv_many(&mut received, ALL)).await, 0);
    }
    within(consumer.ack_through(received[19].tag)).await.unwrap();
    assert_eq!(receiving.session().await.epoch(), 1);

    node.ctl(["set_vm_memory_high_watermark", "0.6"]);
    sending.reaches(|state| matches!(state, LinkState::Up { blocked: false, .. })).await;
    let verdicts = publish(&sending.session().await, &numbered(2)).await;
    assert_eq!(codes(&verdicts), ["confirmed"; 2]);
}

#[tokio::test]
async fn a_peer_that_never_greets_is_let_go() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    proxy.stall();
    let hurried = Settings { connect_timeout: Duration::from_millis(100), ..settings(&url) };
    let link = Running::new(hurried, house());
    link.reaches(|state| matches!(state, LinkState::Connecting { failed: 3, .. })).await;
    assert!(proxy.open() <= 1, "{} connections are held", proxy.open());
    proxy.pass();
    link.session().await;
}

#[tokio::test]
async fn nobody_listening_is_told_without_the_password() {
    let closed: SocketAddr = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let link = Running::new(settings(&format!("amqp://user:hunter2@{closed}/%2f")), house());
    let state = link.reaches(|state| matches!(state, LinkState::Connecting { failed: 2, .. })).await;
    let LinkState::Connecting { last_error: Some(error), .. } = state else { panic!("{state:?}") };
    assert!(error.starts_with("broker.unreachable") && !error.contains("hunter2"), "{error}");
    link.stop().await.unwrap();
}
