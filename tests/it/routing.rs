//! A case goes to the responsible unit: by service, territory and load, cases of the same batch counted; the choice and its reason stand
//! in the history; where nobody is found, the agency is told.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mezhved::assemble;
use mezhved::config::Config;
use mezhved::notify;
use mezhved::pipeline::Pipeline;
use mezhved::store::{CaseView, NotificationFilter};

use crate::support::{Folder, delivery, house, own_house, settle, written};

const NUMBERS: [&str; 3] = ["77-2026-005001", "77-2026-005002", "77-2026-005003"];

const RULES: &str = r#"
version = "1.0"
territory = [{ code = "99", label = "Примерная область" }]
unit = [
    { code = "FIRST", label = "Первый отдел" },
    { code = "SECOND", label = "Второй отдел" },
    { code = "REST", label = "Отдел прочих услуг" },
]
[[rule]]
system = "epgu"
services = ["*"]
territories = ["99"]
units = ["FIRST", "SECOND"]
"#;

fn with_rules(folder: &Path, rules: &str) -> String {
    let file = folder.join("routing.toml");
    fs::write(&file, rules).unwrap();
    format!("[routing]\nfile = \"{}\"\n", file.display())
}

async fn opened(folder: &Path, rules: &str) -> Arc<Pipeline> {
    let pipeline = own_house(folder, &with_rules(folder, rules)).await;
    let story = "fixtures/epgu/valid/three-applications-in-one-message/message.xml";
    let body = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(story)).unwrap();
    settle(&pipeline, vec![delivery(&pipeline, body)]).await;
    pipeline
}

fn update(id: u8, number: &str, status: &str, hour: u8) -> Vec<u8> {
    let officer = if status == "assigned" { "<Officer>Образцов О. О.</Officer>" } else { "" };
    format!(
        r#"<Envelope xmlns="urn:mezhved:envelope:1.0"><Header><MessageId>00000000-0000-1000-8000-0000000007{id:02}</MessageId>
        <Sender><Agency>MFC-77</Agency></Sender><Recipient><Agency>MINSTROY</Agency><System>epgu</System></Recipient>
        <SentAt>2026-03-03T10:00:00+03:00</SentAt></Header><Body><StatusUpdate xmlns="urn:mezhved:epgu:1.0"><Update>
        <CaseNumber>{number}</CaseNumber><Status>{status}</Status><HappenedAt>2026-03-03T{hour:02}:00:00+03:00</HappenedAt>
        <Agency>MFC-77</Agency>{officer}</Update></StatusUpdate></Body></Envelope>"#
    )
    .into_bytes()
}

async fn case(pipeline: &Pipeline, number: &str) -> CaseView {
    pipeline.store.cases_by_number(Some("epgu"), number).await.unwrap().remove(0)
}

fn reason(case: &CaseView) -> String {
    let details = case.history.iter().find(|row| row.to == "verified").and_then(|row| row.details.clone());
    let details: serde_json::Value = serde_json::from_str(&details.unwrap_or_default()).unwrap();
    details["routing"]["reason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_of_one_batch_are_shared_out_by_load_and_the_history_says_why() {
    let folder = Folder::new();
    let pipeline = opened(folder.path(), RULES).await;
    let batch = (0..3).map(|at| delivery(&pipeline, update(at, NUMBERS[usize::from(at)], "verified", 10))).collect();
    settle(&pipeline, batch).await;
    let mut units = Vec::new();
    for number in NUMBERS {
        units.push(case(&pipeline, number).await.unit.unwrap());
    }
    assert_eq!(units, ["FIRST", "SECOND", "FIRST"]);
    let last = reason(&case(&pipeline, NUMBERS[2]).await);
    assert!(last.contains("территория 99701000 (Примерная область); открытых дел: FIRST — 1, SECOND — 1"), "{last}");
    settle(&pipeline, vec![delivery(&pipeline, update(4, NUMBERS[1], "assigned", 12))]).await;
    assert_eq!(case(&pipeline, NUMBERS[1]).await.unit.as_deref(), Some("SECOND"), "the unit stays with the case");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_free_the_agency_is_told() {
    let folder = Folder::new();
    let rules = RULES.replace("label = \"Первый отдел\"", "label = \"Первый отдел\", open_cases_max = 1");
    let rules = rules.replace("units = [\"FIRST\", \"SECOND\"]", "units = [\"FIRST\"]");
    let pipeline = opened(folder.path(), &rules).await;
    for at in 0..2 {
        settle(&pipeline, vec![delivery(&pipeline, update(at, NUMBERS[usize::from(at)], "verified", 10))]).await;
    }
    let (first, second) = (case(&pipeline, NUMBERS[0]).await, case(&pipeline, NUMBERS[1]).await);
    assert_eq!((first.unit.as_deref(), second.unit.as_deref()), (Some("FIRST"), None));
    assert!(reason(&second).ends_with("открытых дел: FIRST — 1; все заняты"), "{}", reason(&second));
    while notify::tell(&pipeline).await.unwrap() > 0 {}
    let filter = NotificationFilter { event: Some("unrouted".into()), limit: 100, ..NotificationFilter::default() };
    let told = pipeline.store.notifications(&filter).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|row| (row.case.as_str(), row.audience.as_str(), row.agency.as_deref())).collect();
    assert_eq!(told, [(NUMBERS[1], "agency", Some("MFC-77"))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rules_nobody_is_chosen_and_faulty_rules_stop_the_start() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let story = "fixtures/epgu/valid/three-applications-in-one-message/message.xml";
    let body = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(story)).unwrap();
    settle(&pipeline, vec![delivery(&pipeline, body)]).await;
    settle(&pipeline, vec![delivery(&pipeline, update(0, NUMBERS[0], "verified", 10))]).await;
    let alone = case(&pipeline, NUMBERS[0]).await;
    assert_eq!((alone.status.as_str(), alone.unit), ("verified", None));
    let folder = Folder::new();
    let more = with_rules(folder.path(), &RULES.replace("[\"*\"]", "[\"licence\"]"));
    let config = Config::check(&written(folder.path(), &more)).unwrap();
    let fault = assemble::rules(&config).unwrap_err().to_string();
    assert!(fault.contains("routing.toml:3: routing.unserved: nobody serves `99` for citizen-registration"), "{fault}");
}

#[test]
fn the_example_file_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/routing.example.toml");
    let folder = Folder::new();
    let more = format!("[routing]\nfile = \"{}\"\n", path.display());
    let config = Config::check(&written(folder.path(), &more)).unwrap();
    let rules = assemble::rules(&config).unwrap();
    assert!(rules.routing.serves("epgu") && rules.routing.units().len() > 2);
}
