//! The link comes back by itself, whatever happened to the connection or the broker.

use std::collections::BTreeSet;

use mezhved::broker::Next;

use super::*;
use crate::support::proxy::Proxy;
use crate::support::rabbitmq::{self, RabbitMq};

#[tokio::test]
async fn a_cut_connection_is_replaced_as_often_as_it_is_cut() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(settings(&url), house());
    for epoch in 1..=4 {
        assert_eq!(link.session().await.epoch(), epoch);
        proxy.cut();
        link.reaches(|state| matches!(state, LinkState::Connecting { .. })).await;
    }
    assert_eq!(link.session().await.epoch(), 5);
    link.stop().await.unwrap();
}

#[tokio::test]
async fn while_the_broker_refuses_the_link_counts_and_tells_why() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(settings(&url), house());
    link.session().await;
    proxy.refuse();
    let state = link.reaches(|state| matches!(state, LinkState::Connecting { failed: 4, .. })).await;
    let LinkState::Connecting { last_error: Some(error), .. } = state else { panic!("{state:?}") };
    assert!(error.starts_with("broker.unreachable"), "{error}");
    proxy.pass();
    assert_eq!(link.session().await.epoch(), 2);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_tried_again() {
    let vhost = rabbitmq::vhost();
    let url = vhost.url("mezhved");
    let (head, tail) = url.split_once('@').unwrap();
    let (user, _) = head.rsplit_once(':').unwrap();
    let link = Running::new(settings(&format!("{user}:hunter2@{tail}")), house());
    let state = link.reaches(|state| matches!(state, LinkState::Connecting { failed: 2, .. })).await;
    let LinkState::Connecting { last_error: Some(error), .. } = state else { panic!("{state:?}") };
    assert!(error.starts_with("broker.login-refused") && !error.contains("hunter2"), "{error}");
    link.stop().await.unwrap();
}

#[tokio::test]
async fn an_unknown_virtual_host_is_told_and_tried_again() {
    let vhost = rabbitmq::vhost();
    let url = vhost.url("mezhved").replace(vhost.name(), "nowhere");
    let link = Running::new(settings(&url), house());
    let state = link.reaches(|state| matches!(state, LinkState::Connecting { failed: 1, .. })).await;
    let LinkState::Connecting { last_error: Some(error), .. } = state else { panic!("{state:?}") };
    assert!(error.starts_with("broker.login-refused") && error.contains("nowhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_stopped_or_killed_comes_back_with_what_its_queues_held() {
    let node = RabbitMq::start();
    let link = Running::new(settings(&node.url("mezhved")), house());
    fill(&link.session().await, 50).await;
    for (round, end) in [RabbitMq::stop as fn(&RabbitMq), RabbitMq::kill].into_iter().enumerate() {
        let session = link.session().await;
        let mut consumer = session.consume("mezhved.in.epgu", 100, "it").await.unwrap();
        assert!(within(consumer.next()).await.is_some(), "round {round}");
        tokio::task::block_in_place(|| end(&node));
        while within(consumer.next()).await.is_some() {}
        tokio::task::block_in_place(|| node.start_again());
        let again = link.session().await;
        assert!(again.epoch() > session.epoch());
        let mut consumer = again.consume("mezhved.in.epgu", 100, "it").await.unwrap();
        let mut received = Vec::new();
        while received.len() < 50 {
            assert_ne!(within(consumer.recv_many(&mut received, ALL)).await, 0, "round {round}: {}", received.len());
        }
        drop(consumer);
    }
}

#[tokio::test]
async fn a_stopped_link_says_goodbye_and_is_down() {
    let vhost = rabbitmq::vhost();
    let (proxy, url) = Proxy::before(&vhost.url("mezhved")).await;
    let link = Running::new(settings(&url), house());
    let session = link.session().await;
    let state = link.link.state();
    link.stop().await.unwrap();
    assert_eq!(*state.borrow(), LinkState::Down);
    assert!(session.consume("mezhved.in.epgu", 1, "it").await.is_err());
    drop(session);
    within(async {
        while proxy.open() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Sends every message until it is confirmed, over however many connections that takes.
async fn send_all(link: &Link, count: usize) {
    let mut owed = numbered(count);
    while !owed.is_empty() {
        let session = link.session().await;
        let Ok(mut publisher) = session.publisher().await else { continue };
        let verdicts = publisher.publish(&owed[..owed.len().min(100)]).await;
        let mut verdicts = verdicts.into_iter();
        owed.retain(|_| verdicts.next().is_none_or(|verdict| verdict.next() == Next::Again));
    }
}

/// Takes until every number was seen, over however many connections that takes; acknowledges as it goes.
async fn take_all(link: &Link, count: usize) {
    let mut missing: BTreeSet<String> = (0..count).map(|n| n.to_string()).collect();
    while !missing.is_empty() {
        let session = link.session().await;
        let Ok(mut consumer) = session.consume("mezhved.in.epgu", 300, "it").await else { continue };
        let mut received = Vec::new();
        while !missing.is_empty() && consumer.recv_many(&mut received, ALL).await > 0 {
            let last = received.last().expect("at least one").tag;
            for id in ids(&received) {
                missing.remove(&id);
            }
            received.clear();
            if consumer.ack_through(last).await.is_err() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_while_connections_are_cut_again_and_again() {
    let vhost = rabbitmq::vhost();
    let (inlet, inlet_url) = Proxy::before(&vhost.url("mezhved")).await;
    let (outlet, outlet_url) = Proxy::before(&vhost.url("mezhved")).await;
    let receiving = Running::new(settings(&inlet_url), house());
    receiving.session().await;
    let sending = Running::new(settings(&outlet_url), Topology::default());
    let cutting = async {
        for round in 0_u32..12 {
            // Somewhere in the middle of a confirmation, a delivery, a login.
            outlet.cut_after(700 + 97 * round);
            inlet.cut_after(20_000 + 7_919 * round);
            let (sent, received) = (sending.session().await.epoch(), receiving.session().await.epoch());
            sending.reaches(|state| matches!(state, LinkState::Up { epoch, .. } if *epoch > sent)).await;
            receiving.reaches(|state| matches!(state, LinkState::Up { epoch, .. } if *epoch > received)).await;
        }
    };
    let cutting = async {
        cutting.await;
        std::future::pending::<()>().await;
    };
    let work = async { tokio::join!(send_all(&sending.link, 20_000), take_all(&receiving.link, 20_000)) };
    tokio::select! {
        () = cutting => unreachable!("it only cuts"),
        _ = within(work) => {}
    }
    assert!(receiving.session().await.epoch() > 3, "the connection was cut while it worked");
}

#[tokio::test]
async fn a_broker_restarted_under_load_loses_nothing() {
    let node = Arc::new(RabbitMq::start());
    let receiving = Running::new(settings(&node.url("mezhved")), house());
    receiving.session().await;
    let sending = Running::new(settings(&node.url("mezhved")), Topology::default());
    let restarting = async {
        for end in [RabbitMq::stop as fn(&RabbitMq), RabbitMq::kill] {
            let (node, epoch) = (Arc::clone(&node), receiving.session().await.epoch());
            let again = tokio::task::spawn_blocking(move || {
                end(&node);
                node.start_again();
            });
            again.await.expect("the node starts again");
            receiving.reaches(|state| matches!(state, LinkState::Up { epoch: now, .. } if *now > epoch)).await;
        }
    };
    let work = async { tokio::join!(restarting, send_all(&sending.link, 60_000), take_all(&receiving.link, 60_000)) };
    within(Box::pin(work)).await;
}
