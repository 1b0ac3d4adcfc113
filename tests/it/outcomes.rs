//! `docs/outcomes.md` is the truth about codes: every code stands there, and every code is produced by some message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mezhved::apply::results::Results;
use mezhved::clock;
use mezhved::domain::properties::Properties;
use mezhved::failpoint;
use mezhved::intake::{Delivery, Origin};
use mezhved::outcome::{Code, Remedy};
use mezhved::pipeline::Pipeline;
use mezhved::store::DeadLetterFilter;
use sqlx::Row as _;

use crate::outgoing::{state_answer, state_request, state_service};
use crate::sixth::{sixth, sixth_message};
use crate::support::{Folder, delivery, house, settle, until_due, wake};

/// A row of the table: outcome, receipt, dead letter, who retries.
struct Documented {
    outcome: String,
    receipt: String,
    dead_letter: String,
    remedy: String,
}

fn documented() -> BTreeMap<String, Documented> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outcomes.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 6, "{line}");
        let cell = |at: usize| cells[at].to_owned();
        let row = Documented { outcome: cell(1), receipt: cell(2), dead_letter: cell(3), remedy: cell(4) };
        (cell(0).trim_matches('`').to_owned(), row)
    })
    .collect()
}

#[test]
fn every_code_is_documented_with_its_remedy() {
    let documented = documented();
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let written: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    assert_eq!(written, known);
    for code in Code::ALL {
        let remedy = match code.remedy() {
            Remedy::Sender => "sender",
            Remedy::Operator => "operator",
            Remedy::Daemon => "daemon",
        };
        assert_eq!(documented[code.as_str()].remedy, remedy, "{code}");
        assert_eq!(Code::parse(code.as_str()), Some(*code));
    }
}

fn all_fixtures() -> Vec<Vec<u8>> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "xml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What cannot be read is the user's whom the broker vouches for: there is somebody to answer.
fn vouched(mut delivery: Delivery) -> Delivery {
    delivery.properties.user_id.get_or_insert_with(|| "epgu".to_owned());
    delivery
}

/// An application over which applying it fails.
fn failing() -> Vec<u8> {
    const WORD: &str = "сбой применения";
    failpoint::arm_stumble("apply.settle", WORD);
    let application = crate::daemon::fixture("epgu/valid/a-cancelled-case", "01-application.xml");
    let application = String::from_utf8(application).unwrap();
    let at = application.find("<env:MessageId>").unwrap() + "<env:MessageId>".len();
    format!("{}0fa17ed0{}<!--{WORD}-->", &application[..at], &application[at + 8..]).into_bytes()
}

/// What the broker gave up, for each reason that it has.
fn given_up(pipeline: &Pipeline, code: Code) -> Delivery {
    Delivery {
        body: format!("<given-up why='{code}'/>").into_bytes(),
        properties: Properties::default(),
        origin: Origin::DeadLetterQueue { queue: "mezhved.in.epgu".into(), code, bytes_max: 1 << 20 },
        received_at: clock::now() - chrono::Duration::seconds(i64::from(pipeline.config.prefetch)),
    }
}

/// Messages that no file shows: too long, too deep, of a foreign format, in a year without a calendar, given up by the broker.
fn special(pipeline: &Pipeline) -> Vec<Delivery> {
    let long = format!("<a>{}</a>", "x".repeat(pipeline.config.message_bytes_max));
    let deep = "<a>".repeat(50_000);
    let wide = format!("<a{}/>", (0..20_000).map(|number| format!(" a{number}=''")).collect::<String>());
    let decision = |when: &str| {
        format!(
            "<Решения><Решение><Заявка>Р-1</Заявка><Состояние>ждёт</Состояние><Когда>{when}</Когда></Решение></Решения>"
        )
    };
    let application = "<Заявка><Номер>Р-1</Номер><Подана>2026-03-02T10:00:00</Подана><Услуга>record</Услуга></Заявка>";
    let stumbling = "<a>сбой программы</a>";
    failpoint::arm_stumble("admit.read", stumbling);
    vec![
        delivery(pipeline, stumbling.as_bytes().to_vec()),
        delivery(pipeline, failing()),
        delivery(pipeline, long.into_bytes()),
        delivery(pipeline, deep.into_bytes()),
        delivery(pipeline, wide.into_bytes()),
        delivery(pipeline, Vec::new()),
        sixth_message(pipeline, 1, application),
        sixth_message(pipeline, 2, &decision("когда-нибудь")),
        sixth_message(pipeline, 3, &decision("2031-03-03T10:00:00Z")),
        delivery(pipeline, state_request(1)),
        delivery(pipeline, state_answer(2, None)),
        given_up(pipeline, Code::BrokerExpired),
        given_up(pipeline, Code::BrokerDeliveryLimit),
        given_up(pipeline, Code::BrokerDeadLetter),
    ]
}

async fn produced(pipeline: &Arc<Pipeline>) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for one in pipeline.store.outcomes().await.unwrap() {
        codes.extend(one.code);
    }
    let filter = DeadLetterFilter { limit: u32::MAX, ..DeadLetterFilter::default() };
    for letter in pipeline.store.dead_letters(&filter).await.unwrap() {
        let message = pipeline.store.messages_by_id(&letter.message_id).await.unwrap();
        assert!(!message.is_empty(), "dead letter {} belongs to a message", letter.id);
        codes.extend(
            Results::from_json(&message[0].items).0.into_iter().filter_map(|item| item.remark).map(|one| one.code),
        );
        codes.insert(letter.code);
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_is_produced() {
    let folder = Folder::new();
    // Waiting ends at once, so that what waits in vain is told.
    let (files, service) = (sixth(folder.path()), state_service(folder.path()));
    let more = format!("{files}\n{service}\n[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]");
    let pipeline = house(folder.path(), &more).await;
    refuse_one_case(&folder).await;
    let mut batch: Vec<Delivery> = all_fixtures().into_iter().map(|body| delivery(&pipeline, body)).collect();
    batch.extend(special(&pipeline));
    settle(&pipeline, batch.into_iter().map(vouched).collect()).await;
    let mut last = usize::MAX;
    loop {
        until_due(&pipeline).await;
        wake(&pipeline).await;
        let waiting = usize::try_from(pipeline.store.waiting().await.unwrap().parked).unwrap();
        assert!(waiting < last, "{waiting} items wait for ever");
        if waiting == 0 {
            break;
        }
        last = waiting;
    }
    let produced = produced(&pipeline).await;
    let missing: Vec<&str> =
        Code::ALL.iter().map(|code| code.as_str()).filter(|code| !produced.contains(*code)).collect();
    assert!(missing.is_empty(), "never produced: {missing:?}");
    let documented = documented();
    told_what_to_do(&receipts(&folder).await, &documented);
    for (code, row) in documented {
        let whole_only = row.outcome.starts_with("failed") && row.dead_letter.starts_with("whole,");
        assert!(row.outcome.contains("failed") || row.outcome.contains("refused"), "{code}");
        assert!(!whole_only || code == "too-large", "{code}");
    }
}

/// The bodies of all receipts that are owed.
async fn receipts(folder: &Folder) -> Vec<String> {
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT body FROM outbox WHERE what = 'receipt'").fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Every refusal names its code and tells the sender what to do, in the words of the table; each code that is refused with a receipt
/// does in one of these.
fn told_what_to_do(receipts: &[String], documented: &BTreeMap<String, Documented>) {
    let mut told = BTreeSet::new();
    for receipt in receipts {
        let document = roxmltree::Document::parse(receipt).unwrap();
        let named = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
        let whole = named("Receipt").next().unwrap().attribute("code");
        let refused = named("Receipt").next().unwrap().attribute("result") == Some("refused");
        assert!(!refused || whole.is_some() || named("Item").next().is_some(), "{receipt}");
        for error in named("Error") {
            let own = error.attribute("code").unwrap();
            let item = error.ancestors().find(|node| node.tag_name().name() == "Item");
            if item.is_some_and(|item| item.attribute("result") != Some("refused")) {
                continue;
            }
            let code = if documented.contains_key(own) { own } else { whole.expect(own) };
            let advice = error.attribute("advice").unwrap_or_else(|| panic!("{code}: no advice in {receipt}"));
            let row = &documented[code];
            assert!(row.receipt.split(", ").any(|word| word == advice), "{code}: {advice}, not {}", row.receipt);
            told.insert(code.to_owned());
        }
    }
    let refused = documented.iter().filter(|(_, row)| row.receipt.starts_with("refused"));
    let silent: Vec<&String> = refused.map(|(code, _)| code).filter(|code| !told.contains(*code)).collect();
    assert!(silent.is_empty(), "no receipt tells of {silent:?}");
}

/// Makes the tables refuse what the pipeline could not foresee.
async fn refuse_one_case(folder: &Folder) {
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "CREATE TRIGGER refuse BEFORE INSERT ON cases WHEN NEW.number = '77-2026-038001' \
         BEGIN SELECT RAISE(ABORT, 'refused on purpose'); END",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
}
