//! What we send is valid against its own schemas: every receipt and every notice of traffic of all kinds.

use std::collections::BTreeMap;

use chrono::Duration;
use mezhved::binding::Library;
use mezhved::clock;
use mezhved::relay;
use mezhved::sample::Shares;
use mezhved::schema::{self, SchemaSet};
use mezhved::validate::{self, Options};

use crate::support::traffic::traffic;
use crate::support::{Folder, delivery, house, settle, wake};

fn rules() -> mezhved::rules::Rules {
    let library = Library::load(None).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        library.ending(".xsd").map(|path| (path.to_owned(), library.get(path).unwrap().to_vec())).collect();
    let set = SchemaSet::new(&files)
        .with("envelope/1.0/envelope.xsd")
        .with("envelope/1.0/receipt.xsd")
        .with("envelope/1.0/notice.xsd");
    schema::compile(&set).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_and_notice_is_valid_against_its_own_schema() {
    let folder = Folder::new();
    let more = "[parking]\npatience_seconds = 0\ndelays_milliseconds = [1]\n[notices]\nlink = \"https://example.org/{system}/{number}\"";
    let pipeline = house(folder.path(), more).await;
    let messages = traffic(31, 800, Shares::usual());
    for part in messages.chunks(200) {
        let batch = part.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect();
        settle(&pipeline, batch).await;
        wake(&pipeline).await;
    }
    while relay::tell(&pipeline).await.unwrap() > 0 {}
    let rules = rules();
    let options = Options::default();
    let later = clock::now() + Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue", "notice"], later, u32::MAX).await.unwrap();
    let count = |what: &str| rows.iter().filter(|row| row.what == what).count();
    assert!(
        count("receipt") > 700 && count("notice") > 300,
        "{} receipts, {} notices",
        count("receipt"),
        count("notice")
    );
    for row in &rows {
        let verdict = validate::check(&row.body, &rules, &options);
        assert!(verdict.is_valid(), "{} {}: {:?}\n{}", row.what, row.id, verdict.violations, row.body);
    }
    // The check itself can fail: the same receipt without its result is refused.
    let spoilt = rows[0].body.replacen(" result=", " resolt=", 1);
    assert!(!validate::check(&spoilt, &rules, &options).is_valid());
}
