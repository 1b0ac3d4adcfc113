//! A request for an extract is answered from the store by its timer: once, with a document that is valid by its own schema and a page
//! that people read, both kept and sent; or it is declined, with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::Duration;
use mezhved::clock;
use mezhved::pipeline::Pipeline;
use mezhved::schema::{self, SchemaSet};
use mezhved::store::CaseView;
use mezhved::validate::{self, Options};

use crate::support::{FIVE, Folder, delivery, house, settle};

pub(crate) fn application(id: u8, number: &str, day: &str) -> Vec<u8> {
    format!(
        r#"<e:Envelope xmlns:e="urn:mezhved:envelope:1.0"><e:Header>
        <e:MessageId>00000000-0000-1000-8000-0000000009{id:02}</e:MessageId>
        <e:Sender><e:Agency>CABINET</e:Agency></e:Sender>
        <e:Recipient><e:Agency>MINSTROY</e:Agency><e:System>gge</e:System></e:Recipient>
        <e:SentAt>2026-03-02T10:00:00+03:00</e:SentAt></e:Header><e:Body>
        <SubmitApplication xmlns="urn:mezhved:gge:1.0"><Application><Number>{number}</Number>
        <SubmittedAt>{day}T10:00:00+03:00</SubmittedAt><Service>expert-review</Service><Kind>new</Kind>
        <FullName>Образцова Проба</FullName><Inn>999900010024</Inn><Phone>+70000000001</Phone>
        <Subject>Экспертиза &lt;сметы&gt;</Subject><Object>{number}</Object></Application></SubmitApplication></e:Body></e:Envelope>"#
    )
    .into_bytes()
}

/// The sample of a request, about the applicant or about somebody else, for a period that ends on this day.
pub(crate) fn request(id: u8, number: &str, until: &str, other: bool) -> Vec<u8> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages/gge/extract-request.xml");
    let mut text = fs::read_to_string(sample).unwrap();
    for (find, replace) in [
        ("00040007-15f2-11f1-8004-02005e100004", format!("00000000-0000-1000-8000-0000000009{id:02}")),
        (">EPGU<", ">CABINET<".to_owned()),
        (">77-2026-000101<", format!(">{number}<")),
        (">2026-02-28<", format!(">{until}<")),
    ] {
        assert!(text.contains(find), "{find}");
        text = text.replace(find, &replace);
    }
    if !other {
        let (begin, end) = (text.find("<Subject>").unwrap(), text.find("</Subject>").unwrap() + "</Subject>".len());
        text.replace_range(begin..end, "");
    }
    text.into_bytes()
}

async fn case(pipeline: &Pipeline, number: &str) -> CaseView {
    let found = pipeline.store.cases_by_number(Some("gge"), number).await.unwrap();
    found.into_iter().find(|case| case.kind == "extract-request").unwrap()
}

async fn told() -> (Folder, Arc<Pipeline>) {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    for (id, number, day) in [(1, "ГГЭ-В-1", "2026-01-15"), (2, "ГГЭ-В-2", "2026-02-10"), (3, "ГГЭ-В-3", "2026-05-01")]
    {
        settle(&pipeline, vec![delivery(&pipeline, application(id, number, day))]).await;
    }
    (folder, pipeline)
}

/// Everything that is due now; gives how many requests were answered.
pub(crate) async fn fire(pipeline: &Arc<Pipeline>) -> usize {
    let mut answered = 0;
    loop {
        let fired = pipeline.fire(clock::now()).await.unwrap();
        if fired.is_empty() {
            return answered;
        }
        answered += fired.iter().filter(|timer| timer.code.starts_with("checking/")).count();
    }
}

fn contents(pipeline: &Pipeline, case: &CaseView, media_type: &str) -> String {
    let mut versions = case.documents.iter().flat_map(|document| &document.versions);
    let version = versions.find(|version| version.media_type == media_type).unwrap();
    String::from_utf8(pipeline.contents.read(&version.sha256).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_from_the_store_once() {
    let (_folder, pipeline) = told().await;
    settle(&pipeline, vec![delivery(&pipeline, request(10, "ВП-Т-1", "2026-02-28", false))]).await;
    assert_eq!(case(&pipeline, "ВП-Т-1").await.status, "checking");
    assert_eq!((fire(&pipeline).await, fire(&pipeline).await), (1, 0), "a timer fires once");
    let answered = case(&pipeline, "ВП-Т-1").await;
    assert_eq!((answered.status.as_str(), answered.documents.len()), ("issued", 2));
    let xml = contents(&pipeline, &answered, "application/xml");
    let schema = include_bytes!("../../xsd/extract/1.0/extract.xsd").to_vec();
    let files = BTreeMap::from([("extract.xsd".to_owned(), schema)]);
    let rules = schema::compile(&SchemaSet::new(&files).with("extract.xsd")).unwrap();
    let verdict = validate::check(&xml, &rules, &Options::default());
    assert!(verdict.is_valid(), "{:?}\n{xml}", verdict.violations);
    for (part, there) in [("ГГЭ-В-1", true), ("ГГЭ-В-2", true), ("ГГЭ-В-3", false), ("999900010024", false)]
    {
        assert_eq!(xml.contains(part), there, "{part}\n{xml}");
    }
    let page = contents(&pipeline, &answered, "text/html");
    assert!(page.contains("Экспертиза &lt;сметы&gt;") && page.contains("ГГЭ-В-2"), "{page}");
    // It goes out to whom it was asked by, with both forms.
    let due = pipeline.store.outbox_due(&["queue"], clock::now() + Duration::days(1), 100).await.unwrap();
    let sent: Vec<_> = due.iter().filter(|row| row.what == "document").collect();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].body.contains("Outgoing what=\"extract\"") && sent[0].body.matches("<Content>").count() == 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_or_need_not_be_told_is_declined() {
    let (_folder, pipeline) = told().await;
    for (id, number, until, other, reason) in
        [(10, "ВП-Т-2", "2026-02-28", true, "no-rights"), (11, "ВП-Т-3", "2026-01-02", false, "nothing-found")]
    {
        settle(&pipeline, vec![delivery(&pipeline, request(id, number, until, other))]).await;
        assert_eq!(fire(&pipeline).await, 1);
        let declined = case(&pipeline, number).await;
        assert_eq!((declined.status.as_str(), declined.documents.len()), ("declined", 0));
        let why = declined.history.last().and_then(|row| row.details.clone()).unwrap();
        assert!(why.contains(reason), "{why}");
    }
}

/// An extract tells what the messages before it did, also those of the moment before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extract_is_true_of_the_moment_at_which_it_is_made() {
    let (_folder, pipeline) = told().await;
    settle(&pipeline, vec![delivery(&pipeline, request(10, "ВП-Т-4", "2026-12-31", false))]).await;
    settle(&pipeline, vec![delivery(&pipeline, application(4, "ГГЭ-В-4", "2026-03-01"))]).await;
    assert_eq!(fire(&pipeline).await, 1);
    let xml = contents(&pipeline, &case(&pipeline, "ВП-Т-4").await, "application/xml");
    assert!(["ГГЭ-В-1", "ГГЭ-В-3", "ГГЭ-В-4"].iter().all(|number| xml.contains(number)), "{xml}");
}
