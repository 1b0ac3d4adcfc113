//! People are told: who, by which channel, when, in which words; and what becomes of it when the world does not take it.

mod choices;
mod crashes;
mod gateway;
mod kills;
mod mail;
mod verbs;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mezhved::notify::{self, Courier, Delivered};
use mezhved::pipeline::Pipeline;
use mezhved::store::{NotificationFilter, NotificationView, Store};

use crate::support::{FIVE, Folder, delivery, house, settle};

/// The key of signatures in stories.
pub(crate) const SECRET: &str = "a-key-of-more-than-sixteen-bytes";

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)).unwrap()
}

/// An application of the same person, with a number and an address of its own.
pub(crate) fn application(number: u32) -> Vec<u8> {
    fixture("epgu/valid/a-cancelled-case/01-application.xml")
        .replace("00260001", &format!("a{number:07x}"))
        .replace("77-2026-038001", &case(number))
        .replace("0000038:1", &format!("{:07}:1", 5_000_000 + number))
        .replace("applicant-38@", &format!("applicant-{number}@"))
        .replace("+70000000038", &format!("+7000{number:07}"))
        .into_bytes()
}

/// The number of such an application.
pub(crate) fn case(number: u32) -> String {
    format!("77-2026-9{number:05}")
}

/// An update of such an application, the `step`-th; `more` stands after the agency.
pub(crate) fn update(number: u32, step: u32, status: &str, more: &str) -> Vec<u8> {
    let text = fixture("epgu/valid/a-cancelled-case/02-cancelled.xml");
    let (head, _) = text.split_once("<env:MessageId>").unwrap();
    let (_, rest) = text.split_once("</env:MessageId>").unwrap();
    let id = format!("b{step:01x}{number:06x}-15f2-11f1-8026-02005e100026");
    let text = format!("{head}<env:MessageId>{id}</env:MessageId>{rest}");
    let (head, rest) = text.split_once("<Reasons>").unwrap();
    let (_, tail) = rest.split_once("</Reasons>").unwrap();
    format!("{head}{more}{tail}")
        .replace("77-2026-038001", &case(number))
        .replace("<Status>cancelled<", &format!("<Status>{status}<"))
        .replace("2026-03-03T10:00:00", &format!("2026-03-03T1{step}:00:00"))
        .into_bytes()
}

/// A choice of the person of the applications.
pub(crate) fn choice(id: u32, number: Option<u32>, event: Option<&str>, channel: &str, frequency: &str) -> Vec<u8> {
    let text = fixture("messages/epgu/subscription.xml");
    let (head, rest) = text.split_once("<Choice").unwrap();
    let (_, tail) = rest.split_once("</Choice>").unwrap();
    let kind = if number.is_some() { " kind=\"application\"" } else { "" };
    let case = number.map(|number| format!("<c:CaseNumber>{}</c:CaseNumber>", case(number))).unwrap_or_default();
    let event = event.map(|event| format!("<c:Event>{event}</c:Event>")).unwrap_or_default();
    format!(
        "{head}<Choice{kind}><c:Subscriber><c:Snils>999-038-000 61</c:Snils></c:Subscriber>{case}\
         <c:HappenedAt>2026-03-02T10:00:{id:02}+03:00</c:HappenedAt>{event}<c:Channel>{channel}</c:Channel>\
         <c:Frequency>{frequency}</c:Frequency></Choice>{tail}"
    )
    .replace(">EPGU<", ">CABINET<")
    .replace("00040009", &format!("c{id:07x}"))
    .into_bytes()
}

/// All five systems, and these settings.
async fn told_house(folder: &Folder, more: &str) -> Arc<Pipeline> {
    house(folder.path(), &format!("{FIVE}\n{more}")).await
}

/// Messages applied one after another.
async fn happen(pipeline: &Arc<Pipeline>, messages: Vec<Vec<u8>>) {
    for message in messages {
        let id = pipeline.prepare(vec![delivery(pipeline, message.clone())]).await[0].head.message_id.clone();
        settle(pipeline, vec![delivery(pipeline, message)]).await;
        let found = pipeline.store.messages_by_id(&id).await.unwrap();
        assert_eq!(found[0].outcome, "applied", "{id}: {:?} {}", found[0].code, found[0].items);
    }
}

/// Plans everything that happened.
pub(crate) async fn tell(pipeline: &Pipeline) {
    while notify::tell(pipeline).await.unwrap() > 0 {}
}

/// Delivers by a channel until there is nothing to do now; gives what the last run that did something did.
async fn deliver(pipeline: &Pipeline, channel: &str) -> Delivered {
    let mut courier = Courier::new(channel, pipeline).unwrap().expect("the channel is on");
    deliver_by(pipeline, &mut courier).await
}

async fn deliver_by(pipeline: &Pipeline, courier: &mut Courier) -> Delivered {
    let mut last = Delivered::default();
    loop {
        let done = notify::deliver(pipeline, courier, None).await.unwrap();
        if done.is_idle() {
            return Delivered { rest_until: done.rest_until.or(last.rest_until), ..last };
        }
        last = done;
    }
}

/// How many notifications of a channel stand in which state, with why.
async fn books(store: &Store, channel: &str) -> BTreeMap<String, i64> {
    let counts = store.notification_counts().await.unwrap();
    let own = counts.into_iter().filter(|one| one.channel == channel);
    own.map(|one| (format!("{} {}", one.state, one.reason.unwrap_or_default()).trim().to_owned(), one.count)).collect()
}

fn book<const N: usize>(rows: [(&str, i64); N]) -> BTreeMap<String, i64> {
    rows.into_iter().map(|(state, count)| (state.to_owned(), count)).collect()
}

async fn rows(store: &Store, channel: &str) -> Vec<NotificationView> {
    let filter =
        NotificationFilter { channel: Some(channel.to_owned()), limit: u32::MAX, ..NotificationFilter::default() };
    store.notifications(&filter).await.unwrap()
}

/// A file with the key of signatures.
fn secret(folder: &Folder) -> String {
    let path = folder.path().join("secret");
    fs::write(&path, SECRET).unwrap();
    path.display().to_string()
}
