//! Search: what people know of a case, a document or a message finds it; what the applicant may not see stays hidden.

use mezhved::domain::identifiers::lookup;
use mezhved::pipeline::Pipeline;
use mezhved::store::{CaseFilter, DocumentFilter, MessageFilter, Place, Sought, Span};

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder, house, tell};

const STORIES: [&str; 7] = [
    "epgu/valid/a-cancelled-case",
    "epgu/valid/an-application-of-a-person-with-two-documents",
    "epgu/valid/an-application-of-an-organization",
    "epgu/valid/a-whole-life-to-the-end",
    "epgu/valid/documents-uploaded-requested-judged-and-signed",
    "epgu/invalid/a-forbidden-transition",
    "org/valid/an-organization-registered-blocked-and-restored",
];
const CANCELLED: &str = "77-2026-038001";
const SNILS: &str = "999-038-000 61";
/// Another one, which has a document.
const CLOSED_STORY: &str = "epgu/valid/a-cancelled-case-closes-its-document";
const CLOSED: &str = "77-2026-080701";
const CLOSED_SNILS: &str = "999-800-700 83";

async fn numbers(pipeline: &Pipeline, filter: CaseFilter) -> Vec<String> {
    let found = pipeline.store.find_cases(&CaseFilter { limit: 1000, ..filter }).await.unwrap();
    found.into_iter().map(|case| case.number).collect()
}

async fn words(pipeline: &Pipeline, text: &str) -> Vec<String> {
    while pipeline.store.take_words(3).await.unwrap() > 0 {}
    numbers(pipeline, CaseFilter { text: Some(text.into()), ..CaseFilter::default() }).await
}

fn by_snils(role: Option<&'static str>) -> Option<Sought> {
    Some(Sought { hash: lookup("snils", SNILS), role })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_found_by_whatever_is_known_of_it() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let all = numbers(&pipeline, CaseFilter::default()).await;
    assert!(all.len() > 6, "{all:?}");
    let only = |found: Vec<String>| assert_eq!(found, [CANCELLED]);
    only(numbers(&pipeline, CaseFilter { number: Some(CANCELLED.into()), ..CaseFilter::default() }).await);
    only(numbers(&pipeline, CaseFilter { party: by_snils(None), ..CaseFilter::default() }).await);
    only(numbers(&pipeline, CaseFilter { party: by_snils(Some("applicant")), ..CaseFilter::default() }).await);
    assert!(
        numbers(&pipeline, CaseFilter { party: by_snils(Some("author")), ..CaseFilter::default() }).await.is_empty()
    );
    let by_inn = |inn: &str| Some(Sought { hash: lookup("inn", inn), role: None });
    only(numbers(&pipeline, CaseFilter { party: by_inn("999900380025"), ..CaseFilter::default() }).await);
    assert!(numbers(&pipeline, CaseFilter { party: by_inn("500100732259"), ..CaseFilter::default() }).await.is_empty());
    let cancelled = vec![Place { system: "epgu".into(), kind: "application".into(), status: "cancelled".into() }];
    only(numbers(&pipeline, CaseFilter { places: Some(cancelled.clone()), ..CaseFilter::default() }).await);
    assert!(numbers(&pipeline, CaseFilter { places: Some(Vec::new()), ..CaseFilter::default() }).await.is_empty());
    let many = numbers(&pipeline, CaseFilter { number: Some("77-2026-0*".into()), ..CaseFilter::default() }).await;
    assert!(many.len() > 3 && many.iter().all(|number| number.starts_with("77-2026-0")), "{many:?}");
    let shown = CaseFilter { hidden: cancelled, ..CaseFilter::default() };
    let rest: Vec<String> = all.iter().filter(|number| *number != CANCELLED).cloned().collect();
    assert_eq!(numbers(&pipeline, shown).await, rest);
    let future = Span { since: Some(i64::MAX / 2), before: None };
    assert!(numbers(&pipeline, CaseFilter { opened: future, ..CaseFilter::default() }).await.is_empty());
    let past = Span { since: Some(0), before: Some(i64::MAX / 2) };
    assert_eq!(numbers(&pipeline, CaseFilter { opened: past, ..CaseFilter::default() }).await, all);
    let none = CaseFilter { purpose: Some("repeat".into()), ..CaseFilter::default() };
    assert!(numbers(&pipeline, none).await.is_empty());
    let agency = CaseFilter { agency: Some("CABINET".into()), ..CaseFilter::default() };
    let of_agency = numbers(&pipeline, agency).await;
    assert!(!of_agency.is_empty() && !of_agency.contains(&CANCELLED.to_owned()), "{of_agency:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_on_where_the_last_one_ended() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let all = numbers(&pipeline, CaseFilter::default()).await;
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = pipeline.store.find_cases(&CaseFilter { after, limit: 2, ..CaseFilter::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        paged.extend(page.into_iter().map(|case| case.number));
    }
    assert_eq!(paged, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_found_whatever_their_case_and_after_a_correction() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let plots = words(&pipeline, "ЗЕМЕЛЬНЫЙ участ").await;
    assert!(plots.contains(&CANCELLED.to_owned()), "{plots:?}");
    assert_eq!(words(&pipeline, "зёмельный УЧАСТОК").await, plots, "«ё» is «е»");
    assert_eq!(words(&pipeline, "99:99:0000038:1").await, [CANCELLED]);
    for nothing in ["небывальщина", "земельный небывальщина", "***", "\"", "земельный OR участок"]
    {
        assert!(words(&pipeline, nothing).await.is_empty(), "{nothing}");
    }
    // Identifiers are found by their hashes, never as words.
    assert!(words(&pipeline, "99903800061").await.is_empty());
    tell(&pipeline, &["org/valid/a-change-of-legal-details-is-checked-anew"]).await;
    let case = &pipeline.store.cases_by_number(Some("org"), "ОРГ-3").await.unwrap()[1];
    let address = case.details["legal-address"].as_str().unwrap();
    assert!(words(&pipeline, address).await.contains(&"ОРГ-3".to_owned()), "{address}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_and_messages_are_found_by_their_cases_and_their_own() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    tell(&pipeline, &[CLOSED_STORY]).await;
    while pipeline.store.take_words(500).await.unwrap() > 0 {}
    let documents = |filter: DocumentFilter| {
        let store = pipeline.store.clone();
        async move { store.find_documents(&DocumentFilter { limit: 1000, ..filter }).await.unwrap() }
    };
    let of = |number: &str| CaseFilter { number: Some(number.into()), ..CaseFilter::default() };
    let judged = documents(DocumentFilter { cases: of("77-2026-014001"), ..DocumentFilter::default() }).await;
    assert_eq!(judged.len(), 2);
    let number = judged.iter().find(|one| !one.number.is_empty()).unwrap().number.clone();
    let numbered = documents(DocumentFilter { number: Some(number.clone()), ..DocumentFilter::default() }).await;
    assert!(!numbered.is_empty() && numbered.iter().all(|one| one.number == number));
    let approved = documents(DocumentFilter { state: Some("approved".into()), ..DocumentFilter::default() }).await;
    assert!(approved.iter().any(|one| one.case == "77-2026-014001"));
    let plans = documents(DocumentFilter { text: Some("ПЛАН".into()), ..DocumentFilter::default() }).await;
    assert!(
        !plans.is_empty()
            && plans.iter().all(|one| {
                let said = format!("{:?} {} {}", one.title, one.file_name, one.r#type).to_lowercase();
                said.contains("план")
            })
    );
    let closed = Some(Sought { hash: lookup("snils", CLOSED_SNILS), role: None });
    let party = CaseFilter { party: closed, ..CaseFilter::default() };
    let own = documents(DocumentFilter { cases: party, ..DocumentFilter::default() }).await;
    assert!(!own.is_empty() && own.iter().all(|one| one.case == CLOSED));

    let messages = |filter: MessageFilter| {
        let store = pipeline.store.clone();
        async move { store.find_messages(&MessageFilter { limit: 1000, ..filter }).await.unwrap() }
    };
    let all = messages(MessageFilter::default()).await;
    let about = messages(MessageFilter { case: Some(CANCELLED.into()), ..MessageFilter::default() }).await;
    assert_eq!(about.len(), 2);
    let failed =
        messages(MessageFilter { code: Some("forbidden-transition".into()), ..MessageFilter::default() }).await;
    assert!(failed.len() == 1 && failed[0].outcome == "failed");
    let of_failed =
        pipeline.store.dead_letters(&mezhved::store::DeadLetterFilter { limit: 9, ..Default::default() }).await;
    let number = of_failed.unwrap()[0].case_number.clone();
    let refused = messages(MessageFilter { case: number, ..MessageFilter::default() }).await;
    assert!(refused.iter().any(|one| one.outcome == "failed"), "what failed is about its case too");
    let ended = Span { since: Some(0), before: Some(i64::MAX / 2) };
    assert_eq!(messages(MessageFilter { received: ended, ..MessageFilter::default() }).await.len(), all.len());
    let future = Span { since: Some(i64::MAX / 2), before: None };
    assert!(messages(MessageFilter { received: future, ..MessageFilter::default() }).await.is_empty());
    let party = messages(MessageFilter { party: by_snils(None), ..MessageFilter::default() }).await;
    assert_eq!(
        party.iter().map(|one| one.seq).collect::<Vec<_>>(),
        about.iter().map(|one| one.seq).collect::<Vec<_>>()
    );
    let sent = messages(MessageFilter { sender: Some("CABINET".into()), ..MessageFilter::default() }).await;
    assert!(!sent.is_empty() && sent.iter().all(|one| one.system.as_deref() == Some("org")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lists_show_labels_mask_identifiers_and_hide_what_is_annulled() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    tell(&pipeline, &[CLOSED_STORY]).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    let cancelled = home.verb(&["case", "list", "--status", "Аннулировано"], 0);
    assert!(cancelled.contains(CANCELLED) && cancelled.contains("Аннулировано"), "{cancelled}");
    let found = home.verb(&["case", "list", "--snils", SNILS, "--json"], 0);
    assert_eq!(found.lines().count(), 1, "{found}");
    assert!(found.contains("\"status_label\":\"Аннулировано\"") && !found.contains(SNILS), "{found}");
    assert!(!found.contains("999900380025") && found.contains("***"), "{found}");
    assert_eq!(home.verb(&["case", "list", "--inn", "999900380025", "--json"], 0), found);
    assert_eq!(home.verb(&["case", "list", "--snils", SNILS, "--as-applicant", "--json"], 0), "");
    home.verb(&["case", "show", CANCELLED, "--as-applicant"], 1);
    let history = home.verb(&["case", "show", CANCELLED], 0);
    assert!(history.contains("Аннулировано"), "history keeps it: {history}");
    assert!(!home.verb(&["document", "list", "--case", CLOSED, "--json"], 0).is_empty());
    assert_eq!(home.verb(&["document", "list", "--case", CLOSED, "--as-applicant", "--json"], 0), "");
    home.verb(&["case", "list", "--inn", "1234567890"], 2);
    home.verb(&["case", "list", "--status", "Небывалый"], 2);
    let csv = home.verb(&["case", "list", "--system", "epgu", "--text", "земельный", "--csv"], 0);
    assert!(csv.starts_with("id,system,kind_label,number,name,status_label,"), "{csv}");
    let organizations = home.verb(&["organization", "list", "--json"], 0);
    assert!(!organizations.is_empty() && organizations.lines().all(|line| line.contains("\"kind\":\"organization\"")));
    assert!(home.verb(&["organization", "list", "--system", "epgu", "--json"], 0).is_empty());
    let messages = home.verb(&["message", "list", "--case", CANCELLED, "--limit", "1"], 0);
    assert!(messages.contains("more: --after"), "{messages}");
    assert_eq!(home.verb(&["message", "list", "--outcome", "failed", "--json"], 0).lines().count(), 1);
    tell(&pipeline, &["org/valid/a-change-of-legal-details-is-checked-anew"]).await;
    refused(&home, &["case", "show", "ОРГ-3"], "org/account, org/organization; say which one by --system and --kind");
    let one = home.verb(&["case", "show", "ОРГ-3", "--kind", "organization", "--json"], 0);
    assert!(one.lines().count() == 1 && one.contains("\"kind\":\"organization\""), "{one}");
    home.verb(&["case", "show", "ОРГ-3", "--kind", "staff"], 1);
}

/// A wrong use, and what is said of it.
fn refused(home: &Home, arguments: &[&str], said: &str) {
    let output = home.command().args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains(said), "{arguments:?}: {said}\n{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_names_what_is_not_there_is_a_wrong_use() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    for (arguments, said) in [
        (&["case", "list", "--system", "epgo"][..], "there are agis2, epgu,"),
        (&["case", "list", "--system", "org", "--kind", "organisation"], "did you mean organization?"),
        (&["case", "list", "--status", "canceled"], "did you mean cancelled?"),
        (&["case", "list", "--status", "Анулировано"], "did you mean Аннулировано?"),
        (&["case", "list", "--service", "building"], "--service building is unknown"),
        (&["case", "list", "--system", "gge", "--purpose", "cancelation"], "did you mean cancellation?"),
        (&["case", "list", "--agency", "MFC77"], "there are EPGU, MFC-77, MINSTROY,"),
        (&["document", "list", "--type", "pasport"], "did you mean passport?"),
        (&["document", "list", "--state", "aproved"], "did you mean approved?"),
        (&["message", "list", "--kind", "StatusUpdat"], "did you mean StatusUpdate?"),
        (&["message", "list", "--sender", "MFC-78"], "did you mean MFC-77?"),
        (&["dlq", "list", "--sender", "MFC-78"], "did you mean MFC-77?"),
        (&["dlq", "list", "--system", "epgo"], "did you mean epgu?"),
        (&["dialog", "list", "--system", "epgo"], "did you mean epgu?"),
        (&["timers", "list", "--system", "epgo"], "did you mean epgu?"),
        (&["notify", "list", "--event", "decisio"], "did you mean decision?"),
        (&["notify", "list", "--channel", "smss"], "did you mean sms?"),
        (&["notify", "events", "--system", "epgo"], "did you mean epgu?"),
        (&["jobs", "history", "upkep"], "did you mean upkeep?"),
        (&["export", "history", "--job", "case"], "--job case is unknown"),
        (&["export", "schema", "case"], "did you mean cases?"),
    ] {
        refused(&home, arguments, said);
    }
    // What nothing is found of, though it is there, and what nobody vouched for, is no wrong use.
    assert_eq!(home.verb(&["message", "list", "--sender", "ROSREESTR", "--json"], 0), "");
    assert_eq!(home.verb(&["message", "list", "--sender", "?rosreestr", "--json"], 0), "");
}

/// Columns of tables and CSV that are made of several keys of JSON.
const MADE: [&str; 1] = ["ending"];
/// What stands in a column of its own wherever it is listed.
const SINGLE: [&str; 7] = ["system", "kind", "case", "way", "address", "cron", "zone"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listing_is_there_for_programs_as_json_and_as_csv_with_exact_moments() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    home.verb(&["jobs", "run", "upkeep"], 0);
    let mut moments = 0;
    for arguments in [
        &["case", "list"][..],
        &["document", "list"],
        &["organization", "list"],
        &["message", "list"],
        &["dialog", "list"],
        &["dlq", "list"],
        &["outbox", "list"],
        &["notify", "list"],
        &["notify", "list", "--count"],
        &["notify", "events"],
        &["audit", "show"],
        &["timers", "list"],
        &["jobs", "list"],
        &["jobs", "next", "upkeep"],
        &["jobs", "history"],
        &["export", "list"],
        &["export", "history"],
        &["export", "columns"],
        &["export", "columns", "cases"],
        &["export", "check"],
        &["rules", "show"],
    ] {
        let json = home.verb(&[arguments, &["--json"]].concat(), 0);
        let rows = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert!(rows.clone().all(|row| row.is_object()), "{arguments:?}: {json}");
        let text = home.verb(&[arguments, &["--csv"]].concat(), 0);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let headings = csv.headers().unwrap().clone();
        assert!(headings.len() > 1, "{arguments:?}: {text}");
        if let Some(row) = rows.clone().next() {
            // A code of JSON each, that of an inner object behind a dot.
            let known = |key: &str| match key.split_once('.') {
                Some((outer, inner)) => row[outer].is_null() || row[outer].get(inner).is_some(),
                None => row.get(key).is_some() || MADE.contains(&key),
            };
            let unknown: Vec<&str> = headings.iter().filter(|key| !known(key)).collect();
            assert!(unknown.is_empty(), "{arguments:?}: {unknown:?} {row}");
        }
        let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        // What these are in JSON they are in CSV: no cell holds two things.
        for (row, record) in rows.clone().zip(&records) {
            let single = |key: &str| SINGLE.contains(&key) && row[key].is_string();
            for (key, cell) in headings.iter().zip(record).filter(|(key, _)| single(key)) {
                assert_eq!(row[key], cell, "{arguments:?}: {key} of {row}");
            }
        }
        assert_eq!(records.len(), rows.count(), "{arguments:?}: {text}");
        for cell in records.iter().flatten() {
            assert!(chrono::NaiveDateTime::parse_from_str(cell, "%Y-%m-%d %H:%M:%S").is_err(), "{arguments:?}: {cell}");
            moments += usize::from(cell.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(cell).is_ok());
        }
    }
    assert!(moments > 20, "{moments}");
    // What is built in runs when somebody asks.
    let jobs = home.verb(&["export", "list", "--json"], 0);
    let jobs: Vec<serde_json::Value> = jobs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(jobs.len() > 5 && jobs.iter().all(|job| job["schedule"].is_null()), "{jobs:?}");
    let counts = home.verb(&["status", "--csv"], 0);
    assert!(
        counts.starts_with("system,outcome,code,messages,repeats\r\n") && counts.contains("epgu,applied,,"),
        "{counts}"
    );
    let life = home.verb(&["lifecycle", "show", "epgu", "--case-kind", "application", "--csv"], 0);
    assert!(life.starts_with("system,kind,status,label,label_en,class,") && life.lines().count() == 25, "{life}");
    let life = home.verb(&["lifecycle", "show", "epgu", "--case-kind", "application", "--json"], 0);
    let lines: Vec<serde_json::Value> = life.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused = lines.iter().find(|one| one["status"] == "refused").unwrap();
    assert_eq!((&refused["label_en"], &refused["requires"][0]), (&"Refused".into(), &"reasons".into()));
    assert!(lines.iter().any(|one| one["service"] == "licence" && one["term"] == "30 working days"), "{life}");
    home.verb(&["rules", "show", "Envelope", "--json"], 2);
    assert_eq!(home.verb(&["dlq", "list", "--code", "too-late"], 0), "nothing\n");
    // One thing has one name, and the number of a row is what --after takes.
    for arguments in
        [&["message", "list"][..], &["dlq", "list"], &["outbox", "list"], &["timers", "list"], &["audit", "show"]]
    {
        let json = home.verb(&[arguments, &["--limit", "1", "--json"]].concat(), 0);
        let row: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
        let after = row["id"].as_i64().unwrap().to_string();
        let next = home.verb(&[arguments, &["--after", &after, "--json"]].concat(), 0);
        assert!(!next.contains(json.trim()), "{arguments:?}: {next}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_kept_as_pdf_whole_and_the_same_each_time() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let absolute = kept.join("second.pdf").display().to_string();
    for name in ["first.pdf", absolute.as_str()] {
        let mut command = home.command();
        let output = command.current_dir(&kept).args(["case", "show", CANCELLED, "--pdf", name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let names: std::collections::BTreeSet<_> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["first.pdf", "second.pdf"], "nothing half is left");
    let [first, second] = ["first.pdf", "second.pdf"].map(|name| std::fs::read(kept.join(name)).unwrap());
    assert!(first.starts_with(b"%PDF-1.7") && first == second);
    let read = std::process::Command::new("pdftotext").current_dir(&kept).args(["-layout", "first.pdf", "-"]).output();
    let text = String::from_utf8(read.expect("pdftotext: deploy/packages.sh poppler-utils").stdout).unwrap();
    for said in [CANCELLED, "Аннулировано", "Получено"] {
        assert!(text.contains(said), "no {said:?} in: {text}");
    }
    assert!(!text.contains("999-00"), "the SNILS of its applicant: {text}");
    home.verb(&["case", "show", CANCELLED, "--pdf", "no-such-folder/case.pdf"], 3);
}
