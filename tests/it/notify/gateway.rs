//! By a gateway: signed, with a key that stays the same, and every answer that a gateway can think of.

use chrono::Duration;
use mezhved::clock;
use mezhved::notify::{Courier, sign};
use mezhved::sink::gateway::Reply;
use serde_json::Value;

use super::*;
use crate::support::world::Gateway;

fn settings(folder: &Folder, gateway: &Gateway, more: &str) -> String {
    format!(
        "[notify]\nretry_delay_milliseconds_min = 1\nretry_delay_milliseconds_max = 1\nhttp_timeout_seconds = 1\n\
         breaker_faults_max = 3\nbreaker_pause_seconds_min = 3600\nbreaker_pause_seconds_max = 3600\n\
         [notify.channel.push]\nway = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n{more}\n",
        gateway.url,
        secret(folder)
    )
}

#[tokio::test]
async fn a_message_is_signed_and_says_what_happened() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let pipeline = told_house(&folder, &settings(&folder, &gateway, "")).await;
    happen(&pipeline, vec![application(1), update(1, 1, "verified", "")]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    let posted = gateway.sink.posted();
    assert_eq!(posted.len(), 2);
    for one in &posted {
        let (moment, signature) = one.signature.split_once(",v1=").unwrap();
        let moment = moment.strip_prefix("t=").unwrap();
        assert_eq!(signature, sign(SECRET.as_bytes(), &[moment.as_bytes(), b".", one.body.as_bytes()]));
    }
    let rows = rows(&pipeline.store, "push").await;
    let keys: Vec<&str> = posted.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, rows.iter().map(|row| row.delivery.as_str()).collect::<Vec<_>>(), "in the order of the case");
    let note: Value = serde_json::from_str(&posted[1].body).unwrap();
    for (field, value) in [
        ("id", keys[1]),
        ("channel", "push"),
        ("system", "epgu"),
        ("event", "status-changed"),
        ("case", &case(1)),
        ("title", &format!("Заявление {}: Проверено", case(1))),
        ("text", &format!("Заявление {}: Проверено", case(1))),
    ] {
        assert_eq!(note[field], value, "{note}");
    }
    assert_eq!(note["reader"].as_str().unwrap().len(), 64, "a reader without a name");
}

#[tokio::test]
async fn a_gateway_that_fails_passes_or_refuses_is_booked_as_it_answered() {
    for (reply, state, why) in [
        (Reply::Say(200, None, ""), "confirmed", ""),
        (Reply::Say(202, None, "{\"id\":\"7\"}"), "confirmed", ""),
        (Reply::Say(200, None, "<html>It works!</html>"), "pending", "no JSON object"),
        (Reply::Say(200, None, "[]"), "pending", "no JSON object"),
        (Reply::Say(400, None, "bad number"), "failed gateway-refused", "400"),
        (Reply::Say(404, None, ""), "failed gateway-refused", "404"),
        (Reply::Say(500, None, "oops"), "pending", "500"),
        (Reply::Say(408, None, ""), "pending", "408"),
        (Reply::Say(302, None, ""), "pending", "302"),
        (Reply::Silence, "pending", "did not answer within 1 seconds"),
    ] {
        let folder = Folder::new();
        let answer = reply.clone();
        let gateway = Gateway::start(Box::new(move |_, _| answer.clone())).await;
        let pipeline = told_house(&folder, &settings(&folder, &gateway, "")).await;
        happen(&pipeline, vec![application(1)]).await;
        tell(&pipeline).await;
        let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
        mezhved::notify::deliver(&pipeline, &mut courier, None).await.unwrap();
        assert_eq!(books(&pipeline.store, "push").await, book([(state, 1)]), "{reply:?}");
        let row = rows(&pipeline.store, "push").await.remove(0);
        assert!(row.error.unwrap_or_default().contains(why), "{reply:?}");
        assert_eq!(row.attempts, 1);
    }
}

#[tokio::test]
async fn too_many_requests_put_the_channel_off_as_long_as_it_asks() {
    let folder = Folder::new();
    let rule = |_: &str, before: usize| if before == 0 { Reply::Say(429, Some("120"), "") } else { Reply::TAKE };
    let gateway = Gateway::start(Box::new(rule)).await;
    let pipeline = told_house(&folder, &settings(&folder, &gateway, "")).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    let before = clock::now();
    let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
    let done = deliver_by(&pipeline, &mut courier).await;
    let rest = done.rest_until.unwrap() - before;
    assert!(rest >= Duration::seconds(119) && rest < Duration::seconds(240), "{rest}");
    let row = rows(&pipeline.store, "push").await.remove(0);
    assert!(row.due_at >= (before + Duration::seconds(119)).timestamp_millis(), "{row:?}");
    assert_eq!(gateway.sink.posted().len(), 1, "it is left alone");
}

#[tokio::test]
async fn a_gateway_that_is_out_is_tried_with_one_message_and_takes_all_when_it_is_back() {
    let folder = Folder::new();
    let rule = |_: &str, before: usize| if before < 4 { Reply::Say(503, None, "") } else { Reply::TAKE };
    let gateway = Gateway::start(Box::new(rule)).await;
    let more = settings(&folder, &gateway, "").replace("_seconds_min = 3600", "_seconds_min = 1");
    let more = more.replace("_seconds_max = 3600", "_seconds_max = 1");
    let pipeline = told_house(&folder, &more).await;
    happen(&pipeline, (1..=20).map(application).collect()).await;
    tell(&pipeline).await;
    let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
    let mut looks = crate::support::daemon::Looks::new("the gateway takes all");
    while books(&pipeline.store, "push").await != book([("confirmed", 20)]) {
        mezhved::notify::deliver(&pipeline, &mut courier, None).await.unwrap();
        looks.next().await;
    }
    let posted = gateway.sink.posted();
    for row in rows(&pipeline.store, "push").await {
        assert_eq!(posted.iter().filter(|one| one.taken && one.key == row.delivery).count(), 1, "each once");
    }
}

#[tokio::test]
async fn what_one_reader_gets_in_an_hour_is_bounded_but_for_what_the_law_wants_told() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let limits = "per_reader_per_hour_max = 2";
    let pipeline = told_house(&folder, &settings(&folder, &gateway, limits)).await;
    let refusal = "<Reasons><c:Reason code=\"missing-documents\">Нет документов</c:Reason></Reasons>";
    let mut messages: Vec<_> = (1..=3).map(application).collect();
    messages.push(update(1, 1, "rejected", refusal));
    happen(&pipeline, messages).await;
    tell(&pipeline).await;
    let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
    let done = deliver_by(&pipeline, &mut courier).await;
    let rows = rows(&pipeline.store, "push").await;
    let states: Vec<_> = rows.iter().map(|row| (row.event.as_str(), row.state.as_str())).collect();
    let (changed, refused) = ("status-changed", "refused");
    assert_eq!(
        states,
        [(changed, "confirmed"), (changed, "confirmed"), (changed, "pending"), (refused, "confirmed")],
        "{done:?}"
    );
    assert!(rows[2].error.as_deref().unwrap().contains("rate-limited"));
}

#[tokio::test]
async fn a_case_is_told_in_order_also_of_what_the_law_wants_told() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let pipeline = told_house(&folder, &settings(&folder, &gateway, "")).await;
    let refusal = "<Reasons><c:Reason code=\"missing-documents\">Нет документов</c:Reason></Reasons>";
    let of = |number| vec![application(number), update(number, 1, "rejected", refusal)];
    // All of it waits before anything is delivered, as after a start or an outage.
    happen(&pipeline, (1..=3).flat_map(of).collect()).await;
    tell(&pipeline).await;
    let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
    for confirmed in [&["status-changed"][..], &["status-changed", "refused"]] {
        mezhved::notify::deliver(&pipeline, &mut courier, None).await.unwrap();
        let rows = rows(&pipeline.store, "push").await;
        for number in 1..=3 {
            let of_case = rows.iter().filter(|row| row.case == case(number) && row.state == "confirmed");
            let events: Vec<_> = of_case.map(|row| row.event.as_str()).collect();
            assert_eq!(events, confirmed, "case {number}");
        }
    }
}

#[tokio::test]
async fn a_channel_takes_so_many_messages_a_minute_and_no_more() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let pipeline = told_house(&folder, &settings(&folder, &gateway, "per_minute_max = 3")).await;
    happen(&pipeline, (1..=5).map(application).collect()).await;
    tell(&pipeline).await;
    let mut courier = Courier::new("push", &pipeline).unwrap().unwrap();
    let done = deliver_by(&pipeline, &mut courier).await;
    assert!(done.rest_until.is_some_and(|rest| rest > clock::now()), "{done:?}");
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 3), ("pending", 2)]));
}

#[tokio::test]
async fn quiet_hours_hold_back_until_they_are_over() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let now = clock::now().with_timezone(&chrono_tz::Europe::Moscow);
    let time = |minutes: i64| (now + Duration::minutes(minutes)).format("%H:%M").to_string();
    let quiet = format!("quiet_from = \"{}\"\nquiet_until = \"{}\"", time(-60), time(60));
    let pipeline = told_house(&folder, &settings(&folder, &gateway, &quiet)).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    assert!(deliver(&pipeline, "push").await.is_idle());
    let row = rows(&pipeline.store, "push").await.remove(0);
    assert_eq!(row.state, "pending");
    assert!(row.due_at > (now + Duration::minutes(58)).timestamp_millis(), "{row:?}");
}

#[tokio::test]
async fn a_channel_that_is_off_says_so() {
    let folder = Folder::new();
    let pipeline = told_house(&folder, "[notify.channel.push]\nway = \"off\"").await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    assert_eq!(books(&pipeline.store, "push").await, book([("suppressed channel-off", 1)]));
    assert!(Courier::new("push", &pipeline).unwrap().is_none());
}
