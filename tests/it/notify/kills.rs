//! The process ends at any moment of telling: nothing is lost, and each notification is confirmed once in the books.

use std::sync::atomic::{AtomicBool, Ordering};

use mezhved::sink::gateway::Reply;

use super::*;
use crate::support::client::{Client, Letter};
use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::world::Gateway;

/// Time-outs and the lease are short, so that the story need not wait for them.
const QUICK: [(&str, &str); 1] = [("MEZHVED__BROKER__CONFIRM_TIMEOUT_SECONDS", "1")];

fn settings(folder: &Folder, gateway: &Gateway) -> String {
    format!(
        "[notify]\nlease_seconds = 2\nhttp_timeout_seconds = 1\nretry_delay_milliseconds_min = 10\n\
         [notify.channel.push]\nway = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n",
        gateway.url,
        secret(folder)
    )
}

/// Waits until every notification has an end.
async fn all_told(store: &Store, notifications: i64) {
    let mut looks = Looks::new("every notification has an end");
    loop {
        let counts = store.notification_counts().await.unwrap();
        let confirmed: i64 = counts.iter().filter(|one| one.state == "confirmed").map(|one| one.count).sum();
        let waiting = store.waiting().await.unwrap();
        if confirmed == notifications && waiting.notifications == 0 && waiting.pending == 0 {
            return;
        }
        assert!(confirmed <= notifications, "{counts:?}");
        looks.next().await;
    }
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_any_two_steps_of_telling_loses_nothing_and_books_each_once() {
    let (folder, vhost) = (Folder::new(), vhost());
    let gateway = Gateway::start(Box::new(|_, _| Reply::TAKE)).await;
    let home = Home::new(folder.path(), &vhost.url("mezhved"), &settings(&folder, &gateway));
    let publisher = Client::new(vhost.url("publisher")).await;
    let mut daemon = home.start_with(&QUICK);
    daemon.ready().await;
    daemon.stop().await;
    let mut applications = 0;
    for point in [
        "pipeline.before-commit:1",
        "pipeline.after-commit:1",
        "notify.told:1",
        "notify.claimed:1",
        "notify.claimed:2",
        "notify.handed-over:1",
        "notify.handed-over:2",
        "notify.marked:1",
    ] {
        let mut daemon = home.start_with(&[QUICK[0], ("MEZHVED_FAIL_POINT", point)]);
        let batch = (0..5).map(|number| Letter::new(application(applications + number), "epgu")).collect();
        publisher.publish(batch).await;
        applications += 5;
        let status = daemon.ended().await;
        assert_eq!(status.code(), None, "{point}: it is met, and nothing is done any more");
    }
    let mut daemon = home.start_with(&QUICK);
    daemon.ready().await;
    let store = home.store().await;
    // An application is told of by the cabinet, e-mail and push.
    all_told(&store, i64::from(applications) * 3).await;
    let rows = rows(&store, "push").await;
    let posted = gateway.sink.posted();
    assert_eq!(rows.len(), usize::try_from(applications).unwrap());
    for row in &rows {
        let own: Vec<_> = posted.iter().filter(|one| one.key == row.delivery).collect();
        assert!(!own.is_empty(), "{row:?}");
        assert!(own.iter().all(|one| one.body == own[0].body), "the same at every try");
    }
    // A second message of the same key went out only where the first was not booked.
    let doubled = posted.len() - rows.len();
    assert!(doubled <= 16, "{doubled}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_one_channel_delays_only_that_channel_and_kill_9_loses_nothing() {
    let (folder, vhost) = (Folder::new(), vhost());
    let silent = Arc::new(AtomicBool::new(true));
    let mood = Arc::clone(&silent);
    let answer = move |_: &_, _| if mood.load(Ordering::SeqCst) { Reply::Silence } else { Reply::TAKE };
    let gateway = Gateway::start(Box::new(answer)).await;
    let home = Home::new(folder.path(), &vhost.url("mezhved"), &settings(&folder, &gateway));
    let publisher = Client::new(vhost.url("publisher")).await;
    let mut daemon = home.start_with(&QUICK);
    daemon.ready().await;
    publisher.publish((0..3).map(|number| Letter::new(application(number), "epgu")).collect()).await;
    let store = home.store().await;
    let mut looks = Looks::new("the cabinet is told while the gateway is silent");
    while books(&store, "cabinet").await != book([("confirmed", 3)]) {
        looks.next().await;
    }
    assert!(!books(&store, "push").await.contains_key("confirmed"));
    daemon.kill();
    silent.store(false, Ordering::SeqCst);
    let mut daemon = home.start_with(&QUICK);
    daemon.ready().await;
    all_told(&store, 9).await;
    let notices = Client::new(vhost.url("mezhved")).await.take("notice.cabinet", 3).await;
    let mut ids: Vec<_> = notices.into_iter().map(|one| one.properties.message_id.unwrap()).collect();
    let mut booked: Vec<_> = rows(&store, "cabinet").await.into_iter().map(|row| row.delivery).collect();
    ids.sort();
    booked.sort();
    assert_eq!(ids, booked);
    daemon.stop().await;
}
