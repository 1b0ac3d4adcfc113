//! One-time codes through the whole pipeline: sent, resent, tried, used; and in clear nowhere but in their notice.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mezhved::apply::results::Results;
use mezhved::notify;
use mezhved::pipeline::Pipeline;
use mezhved::store::{Becomes, DueNotification};

use crate::support::{FIVE, Folder, delivery, house, message, settle};

const STORY: &str = "fixtures/org/invalid/a-one-time-code-that-does-not-fit";
const ORGANIZATION: &str = "ОРГ-715";

/// A registered organization that waits for nothing.
async fn registered(folder: &Folder) -> Arc<Pipeline> {
    let pipeline = house(folder.path(), FIVE).await;
    for file in ["01-registration.xml", "02-decision.xml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(STORY).join(file);
        settle(&pipeline, vec![delivery(&pipeline, fs::read(path).unwrap())]).await;
    }
    pipeline
}

/// Sends the items of a message; gives their codes, and in what the last one ended.
async fn send(pipeline: &Arc<Pipeline>, number: u8, body: &str) -> String {
    let id = format!("00000000-0000-1000-8000-0000000007{number:02}");
    let text = format!(
        r#"<Envelope xmlns="urn:mezhved:envelope:1.0"><Header><MessageId>{id}</MessageId>
        <Sender><Agency>CABINET</Agency></Sender><Recipient><Agency>MINSTROY</Agency><System>org</System></Recipient>
        <SentAt>2026-03-02T10:00:00+03:00</SentAt></Header><Body>
        <ContactConfirmation xmlns="urn:mezhved:org:1.0" xmlns:c="urn:mezhved:common:1.0">{body}</ContactConfirmation>
        </Body></Envelope>"#
    );
    settle(pipeline, vec![delivery(pipeline, text.into_bytes())]).await;
    let view = message(pipeline, &id).await;
    let last = Results::from_json(&view.items).0.pop().unwrap();
    last.remark.map_or_else(|| "applied".to_owned(), |remark| remark.code)
}

fn request(number: &str, at: &str) -> String {
    format!(
        "<Request><Number>{number}</Number><OrganizationNumber>{ORGANIZATION}</OrganizationNumber>\
         <RequestedAt>2026-03-02T{at}:00+03:00</RequestedAt><Email>office@example.org</Email></Request>"
    )
}

fn act(name: &str, number: &str, at: &str, code: Option<&str>) -> String {
    let code = code.map(|code| format!("<c:Code>{code}</c:Code>")).unwrap_or_default();
    format!(
        "<{name}><c:CaseNumber>{number}</c:CaseNumber><c:HappenedAt>2026-03-02T{at}:00+03:00</c:HappenedAt>{code}</{name}>"
    )
}

/// The code that was sent last for a case, as its notice will tell it.
pub(crate) async fn sent(pipeline: &Pipeline, number: &str) -> String {
    let untold = pipeline.store.untold(1000).await.unwrap();
    let mut events = untold.iter().rev().map(|one| &one.noticed.event).filter(|event| event.case.number == number);
    let secret = events.find_map(|event| event.secret.as_ref());
    secret.expect("a code was sent").reveal().to_owned()
}

/// Another code than this one.
fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn status(pipeline: &Pipeline, number: &str) -> String {
    pipeline.store.cases_by_number(Some("org"), number).await.unwrap().remove(0).status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_code_moves_the_case_and_is_good_once() {
    let folder = Folder::new();
    let pipeline = registered(&folder).await;
    assert_eq!(send(&pipeline, 1, &request("ПК-1", "12:00")).await, "applied");
    let first = sent(&pipeline, "ПК-1").await;
    let wrong = act("Confirmation", "ПК-1", "12:01", Some(&other(&first)));
    assert_eq!(send(&pipeline, 2, &wrong).await, "code-wrong");
    assert_eq!(status(&pipeline, "ПК-1").await, "awaiting_code");
    assert_eq!(send(&pipeline, 3, &act("Resending", "ПК-1", "12:10", None)).await, "applied");
    let second = sent(&pipeline, "ПК-1").await;
    assert_ne!(first, second, "a new code, but for one case in a million");
    let old = act("Confirmation", "ПК-1", "12:11", Some(&first));
    assert_eq!(send(&pipeline, 4, &old).await, "code-wrong");
    // The term of the first code is over; that of the second is not.
    let right = act("Confirmation", "ПК-1", "12:20", Some(&second));
    assert_eq!(send(&pipeline, 5, &right).await, "applied");
    assert_eq!(status(&pipeline, "ПК-1").await, "confirmed");
    let again = act("Confirmation", "ПК-1", "12:21", Some(&second));
    assert_eq!(send(&pipeline, 6, &again).await, "act-forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_wrong_codes_close_the_confirmation_though_new_ones_were_sent() {
    let folder = Folder::new();
    let pipeline = registered(&folder).await;
    assert_eq!(send(&pipeline, 11, &request("ПК-2", "12:00")).await, "applied");
    let mut ends = Vec::new();
    for attempt in 0..5_u8 {
        let wrong = other(&sent(&pipeline, "ПК-2").await);
        ends.push(send(&pipeline, 12 + attempt, &act("Confirmation", "ПК-2", "12:05", Some(&wrong))).await);
        if attempt == 2 {
            assert_eq!(send(&pipeline, 20, &act("Resending", "ПК-2", "12:05", None)).await, "applied");
        }
    }
    assert_eq!(ends, ["code-wrong"; 5]);
    let case = pipeline.store.cases_by_number(Some("org"), "ПК-2").await.unwrap().remove(0);
    assert_eq!(case.status, "lapsed");
    let last = case.history.last().unwrap();
    assert!(last.details.as_ref().is_some_and(|details| details.contains("too-many-attempts")), "{:?}", last.details);
    let right = sent(&pipeline, "ПК-2").await;
    let late = act("Confirmation", "ПК-2", "12:06", Some(&right));
    assert_eq!(send(&pipeline, 21, &late).await, "act-forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_wrong_codes_of_one_batch_count() {
    let folder = Folder::new();
    let pipeline = registered(&folder).await;
    assert_eq!(send(&pipeline, 31, &request("ПК-3", "12:00")).await, "applied");
    let wrong = other(&sent(&pipeline, "ПК-3").await);
    let tries = act("Confirmation", "ПК-3", "12:05", Some(&wrong)).repeat(6);
    assert_eq!(send(&pipeline, 32, &tries).await, "act-forbidden", "the sixth finds it closed");
    assert_eq!(status(&pipeline, "ПК-3").await, "lapsed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_stands_in_its_notice_and_nowhere_else() {
    let folder = Folder::new();
    let pipeline = registered(&folder).await;
    assert_eq!(send(&pipeline, 41, &request("ПК-4", "12:00")).await, "applied");
    let code = sent(&pipeline, "ПК-4").await;
    while notify::tell(&pipeline).await.unwrap() > 0 {}
    let later = mezhved::clock::now() + chrono::Duration::days(1);
    let due = pipeline.store.notifications_due("email", later, u32::MAX).await.unwrap();
    let secret =
        |one: &&DueNotification| one.noticed.event.secret.as_ref().is_some_and(|secret| secret.reveal() == code);
    let of_code: Vec<_> = due.iter().filter(secret).collect();
    assert_eq!(of_code.len(), 1, "by e-mail only: the request names no phone");
    assert!(pipeline.store.notifications_due("sms", later, u32::MAX).await.unwrap().iter().all(|one| !secret(&one)));
    let taken = [(of_code[0].id, Becomes::Confirmed)];
    pipeline.store.settle_notifications(&taken, later).await.unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let tables = [
        "events",
        "notifications",
        "history",
        "cases",
        "case_versions",
        "audit",
        "inbox",
        "timers",
        "counters",
        "parties",
    ];
    for table in tables {
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&pool)
            .await
            .unwrap();
        let columns: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')")))
                .fetch_all(&pool)
                .await
                .unwrap();
        // Numbers by accident, such as moments, are not texts: a code stands apart from other digits.
        for column in &columns {
            let texts: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "SELECT {column} FROM {table} WHERE typeof({column}) = 'text'"
            )))
            .fetch_all(&pool)
            .await
            .unwrap();
            let told = texts.iter().filter(|text| stands_in(text, &code)).count();
            assert_eq!(told, 0, "{table}.{column} of {rows} rows");
        }
    }
    pool.close().await;
}

/// Whether a code stands in a text by itself, not within a longer number.
fn stands_in(text: &str, code: &str) -> bool {
    text.match_indices(code).any(|(at, _)| {
        let digit = |sign: Option<char>| sign.is_some_and(|sign| sign.is_ascii_alphanumeric());
        !digit(text[..at].chars().next_back()) && !digit(text[at + code.len()..].chars().next())
    })
}
