//! What we send is valid against its own schemas: every receipt and every notice of traffic of all kinds, every decision, result
//! and request; and what state services answer is held against theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use mezhved::binding::Library;
use mezhved::clock;
use mezhved::notify;
use mezhved::pipeline::Pipeline;
use mezhved::sample::Shares;
use mezhved::schema::{self, SchemaSet};
use mezhved::store::{Handover, NotificationFilter};
use mezhved::validate::{self, Options};
use sha2::{Digest, Sha256};

use crate::support::client::Client;
use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::traffic::traffic;
use crate::support::{FIVE, Folder, delivery, house, message, own_house, settle, wake};

/// The rules of everything that we send.
pub(crate) fn rules() -> mezhved::rules::Rules {
    let library = Library::load(None).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        library.ending(".xsd").map(|path| (path.to_owned(), library.get(path).unwrap().to_vec())).collect();
    let set = SchemaSet::new(&files)
        .with("envelope/1.0/envelope.xsd")
        .with("envelope/1.0/receipt.xsd")
        .with("envelope/1.0/notice.xsd")
        .with("envelope/1.0/outgoing.xsd");
    schema::compile(&set).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_is_valid_against_its_own_schema() {
    let folder = Folder::new();
    let more = "[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]\n";
    let pipeline = house(folder.path(), more).await;
    let messages = traffic(31, 800, Shares::usual());
    for part in messages.chunks(200) {
        let batch = part.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect();
        settle(&pipeline, batch).await;
        wake(&pipeline).await;
    }
    let rules = rules();
    let options = Options::default();
    let later = clock::now() + Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue"], later, u32::MAX).await.unwrap();
    assert!(rows.len() > 700, "{} receipts", rows.len());
    for row in &rows {
        let verdict = validate::check(&row.body, &rules, &options);
        assert!(verdict.is_valid(), "{} {}: {:?}\n{}", row.what, row.id, verdict.violations, row.body);
    }
    // The check itself can fail: the same receipt without its result is refused.
    let spoilt = rows[0].body.replacen(" result=", " resolt=", 1);
    assert!(!validate::check(&spoilt, &rules, &options).is_valid());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_notice_and_digest_of_the_broker_is_valid_against_its_own_schema() {
    let (folder, vhost) = (Folder::new(), vhost());
    let more = "[parking]\npatience_seconds = 1\ndelays_milliseconds = [1]\n[notify]\nlink = \"https://example.org/{system}/{number}\"\n";
    let pipeline = house(folder.path(), more).await;
    for part in traffic(32, 400, Shares::usual()).chunks(200) {
        settle(&pipeline, part.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect()).await;
        wake(&pipeline).await;
    }
    while notify::tell(&pipeline).await.unwrap() > 0 {}
    join_in_digests(folder.path()).await;
    pipeline.store.close().await;
    let home = Home::new(folder.path(), &vhost.url("mezhved"), more);
    let mut daemon = home.start();
    daemon.ready().await;
    let store = home.store().await;
    let mut looks = Looks::new("all notifications are delivered");
    while store.waiting().await.unwrap().notifications > 0 {
        looks.next().await;
    }
    let filter = NotificationFilter { state: Some("confirmed".into()), limit: u32::MAX, ..Default::default() };
    let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in store.notifications(&filter).await.unwrap() {
        sent.entry(row.channel).or_default().insert(row.delivery);
    }
    let (rules, options) = (rules(), Options::default());
    let client = Client::new(vhost.url("mezhved")).await;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (channel, deliveries) in sent {
        for received in client.take(&format!("notice.{channel}"), deliveries.len()).await {
            let body = String::from_utf8(received.body).unwrap();
            let verdict = validate::check(&body, &rules, &options);
            assert!(verdict.is_valid(), "{channel}: {:?}\n{body}", verdict.violations);
            assert!(deliveries.contains(&received.properties.message_id.unwrap()));
            let kind = received.properties.kind.unwrap();
            let parts = ["Status", "ToDo", "DueBy", "Link"].into_iter();
            let parts = parts.filter(|part| kind == "Notice" && body.contains(&format!("{part}>")));
            for one in parts.map(str::to_owned).chain([kind.clone()]) {
                *kinds.entry(one).or_default() += 1;
            }
        }
    }
    let count = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    assert!(count("Notice") > 200 && count("Digest") > 0, "{kinds:?}");
    assert_eq!((count("Status"), count("Link")), (count("Notice"), count("Notice")), "{kinds:?}");
    assert!(count("ToDo") > 0 && count("DueBy") > 0, "{kinds:?}");
    daemon.stop().await;
}

/// Makes digests of some of what waits: as if their readers had chosen so.
async fn join_in_digests(folder: &Path) {
    let url = format!("sqlite://{}", folder.join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "UPDATE notifications SET digest = 'daily', order_key = NULL, delivery = (SELECT min(n.delivery) FROM notifications n \
         WHERE n.channel = notifications.channel AND n.state = 'pending' AND n.id / 20 = notifications.id / 20) \
         WHERE state = 'pending' AND id < 200",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
}

/// Messages of all stories; what goes out because of them is valid, and nothing goes out twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_document_that_goes_out_is_valid_against_its_own_schema() {
    let folder = Folder::new();
    let more = format!("{FIVE}\n[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]");
    let pipeline = house(folder.path(), &more).await;
    for message in stories() {
        settle(&pipeline, vec![delivery(&pipeline, message)]).await;
        wake(&pipeline).await;
    }
    let rules = rules();
    let rows = leaving(&pipeline).await;
    let mut kinds = BTreeMap::<String, usize>::new();
    for row in &rows {
        let verdict = validate::check(&row.body, &rules, &Options::default());
        assert!(verdict.is_valid(), "{}: {:?}\n{}", row.id, verdict.violations, row.body);
        let what = row.body.split("Outgoing what=\"").nth(1).and_then(|rest| rest.split('"').next());
        *kinds.entry(what.unwrap_or_default().to_owned()).or_default() += 1;
        assert_eq!(row.address, "documents.cabinet");
    }
    assert!(kinds.contains_key("decision") && kinds.contains_key("result"), "{kinds:?}");
    let with_file = rows.iter().find(|row| row.body.contains("<Content>")).expect("a decision brings its file");
    let spoilt = with_file.body.replace("b:HappenedAt>", "b:HappendAt>");
    assert!(!validate::check(&spoilt, &rules, &Options::default()).is_valid());
    for message in stories() {
        settle(&pipeline, vec![delivery(&pipeline, message)]).await;
    }
    assert_eq!(leaving(&pipeline).await.len(), rows.len(), "the same messages once more send nothing");
}

async fn leaving(pipeline: &Pipeline) -> Vec<Handover> {
    let later = clock::now() + Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue"], later, u32::MAX).await.unwrap();
    rows.into_iter().filter(|row| row.what == "document").collect()
}

/// Every message of the stories that are applied, in order.
fn stories() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Vec::new();
    for system in ["agis2", "epgu", "fgis", "gge", "org"] {
        for story in fs::read_dir(root.join(system).join("valid")).unwrap() {
            let messages = fs::read_dir(story.unwrap().path()).unwrap().map(|entry| entry.unwrap().path());
            files.extend(messages.filter(|path| path.extension().is_some_and(|ending| ending == "xml")));
        }
    }
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_sent_once_more_on_request() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    settle(&pipeline, vec![delivery(&pipeline, stories().remove(0))]).await;
    let later = clock::now() + Duration::days(1);
    let due = || async { pipeline.store.outbox_due(&["queue"], later, u32::MAX).await.unwrap() };
    let first = due().await.remove(0);
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", FIVE);
    let id = first.id.to_string();
    home.verb(&["outbox", "resend", &id], 1);
    pipeline.store.outbox_done(&[first.id], &[], &[], clock::now()).await.unwrap();
    assert!(due().await.iter().all(|row| row.id != first.id));
    home.verb(&["outbox", "resend", &id], 0);
    let again = due().await.into_iter().find(|row| row.id == first.id).expect("it is to be sent again");
    assert_eq!((again.message_id, again.body), (first.message_id, first.body), "the same message, under the same id");
    assert!(home.verb(&["audit", "show", "--json"], 0).contains("outbox.resend"));
    home.verb(&["outbox", "resend", "999"], 1);
}

const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Выписка" type="xs:token"/>
</xs:schema>
"#;

/// The configuration of a state service whose answers are checked.
pub(crate) fn state_service(folder: &Path) -> String {
    let schema = folder.join("answer.xsd");
    fs::write(&schema, ANSWER).unwrap();
    format!(
        "[[state_services]]\ncode = \"egrul\"\nagency = \"CABINET\"\nanswer_minutes = 90\nanswer_schema = \"{}\"\n",
        schema.display()
    )
}

/// A request to that service.
pub(crate) fn state_request(id: u8) -> Vec<u8> {
    let request = "<Request><Number>ЗС-Т-1</Number><SentAt>2026-03-02T10:00:00+03:00</SentAt><Service>egrul</Service>\
                   <Content>1269900002008</Content></Request>";
    state_message(id, request, "")
}

/// Its answer, with a file or without.
pub(crate) fn state_answer(id: u8, file: Option<&str>) -> Vec<u8> {
    let (documents, attachments) = match file {
        None => (String::new(), String::new()),
        Some(text) => (
            "<Documents><c:Document contentId=\"a\"><c:Type>egrul-extract</c:Type><c:Title>Выписка</c:Title><c:Number>1</c:Number><c:IssuedOn>2026-03-02</c:IssuedOn>\
             <c:Purpose>Ответ</c:Purpose></c:Document></Documents>"
                .to_owned(),
            format!(
                "<e:Attachments><e:Attachment contentId=\"a\"><e:FileName>answer.xml</e:FileName>\
                 <e:MediaType>application/xml</e:MediaType><e:Size>{}</e:Size><e:Sha256>{}</e:Sha256>\
                 <e:Content>{}</e:Content></e:Attachment></e:Attachments>",
                text.len(),
                hex::encode(Sha256::digest(text)),
                STANDARD.encode(text)
            ),
        ),
    };
    let answer = format!(
        "<Answer><c:CaseNumber>ЗС-Т-1</c:CaseNumber><c:HappenedAt>2026-03-02T10:30:00+03:00</c:HappenedAt>\
         <Text>Ответ</Text>{documents}</Answer>"
    );
    state_message(id, &answer, &attachments)
}

fn state_message(id: u8, items: &str, attachments: &str) -> Vec<u8> {
    format!(
        r#"<e:Envelope xmlns:e="urn:mezhved:envelope:1.0"><e:Header>
        <e:MessageId>00000000-0000-1000-8000-0000000008{id:02}</e:MessageId>
        <e:Sender><e:Agency>CABINET</e:Agency></e:Sender>
        <e:Recipient><e:Agency>MINSTROY</e:Agency><e:System>org</e:System></e:Recipient>
        <e:SentAt>2026-03-02T10:00:00+03:00</e:SentAt></e:Header><e:Body>
        <StateRequest xmlns="urn:mezhved:org:1.0" xmlns:c="urn:mezhved:common:1.0">{items}</StateRequest></e:Body>
        {attachments}</e:Envelope>"#
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_service_is_asked_in_time_and_its_answer_checked() {
    let folder = Folder::new();
    let pipeline = own_house(folder.path(), &format!("{FIVE}\n{}", state_service(folder.path()))).await;
    settle(&pipeline, vec![delivery(&pipeline, state_request(10))]).await;
    let rows = leaving(&pipeline).await;
    let [request] = rows.as_slice() else { panic!("{} documents", rows.len()) };
    assert!(validate::check(&request.body, &rules(), &Options::default()).is_valid(), "{}", request.body);
    for part in ["Outgoing what=\"request\"", "StateService>egrul<", "Deadline>2026-03-02T08:30:00.000Z<"] {
        assert!(request.body.contains(part), "{part}\n{}", request.body);
    }
    let invalid = "строка 1";
    for (id, file, code, said) in [
        (11, None, "answer-invalid", "нет файла XML с ответом"),
        (12, Some("<Отказ/>"), "answer-invalid", invalid),
        (13, Some("<Выписка>есть</Выписка>"), "applied", ""),
    ] {
        settle(&pipeline, vec![delivery(&pipeline, state_answer(id, file))]).await;
        let view = message(&pipeline, &format!("00000000-0000-1000-8000-0000000008{id:02}")).await;
        assert_eq!(view.code.as_ref().unwrap_or(&view.outcome), code);
        assert!(view.items.contains(said), "{}", view.items);
    }
    let case = pipeline.store.cases_by_number(Some("org"), "ЗС-Т-1").await.unwrap().remove(0);
    assert_eq!((case.status.as_str(), case.documents.len()), ("answered", 1));
}
