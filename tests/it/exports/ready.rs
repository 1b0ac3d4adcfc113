//! The message that follows a finished run.

use super::*;
use crate::support::Folder;

/// Holds a message against the schemas of its envelope and its body.
pub(super) fn is_valid(body: &str) {
    let library = mezhved::binding::Library::load(None).unwrap();
    let set = mezhved::schema::SchemaSet::new(&library)
        .with("envelope/1.0/envelope.xsd")
        .with("envelope/1.0/export-ready.xsd");
    let rules = mezhved::schema::compile(&set).unwrap();
    let verdict = mezhved::validate::check(body, &rules, &mezhved::validate::Options::default());
    assert!(verdict.is_valid(), "{:?}\n{body}", verdict.violations);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_follows_and_may_bring_the_file() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(16, 20)).await;
    let queue = "code = 'told'\nlabel = 'Дела <за день>'\nregister = 'cases'\nperiod = 'last 6 hours'\ncompression = 'gzip'\n\
                 [[destination]]\nkind = 'queue'\n[[destination]]\nkind = 'folder'\n";
    let quiet = "code = 'quiet'\nregister = 'cases'\nannounce = false\n";
    let office = Office::over(folder, &[("told", queue), ("quiet", quiet)]);
    office.run("quiet", "2026-03-04", 0);
    office.run("told", "2026-03-04", 0);
    let later = mezhved::clock::now() + chrono::Duration::days(1);
    let rows = pipeline.store.outbox_due(&["queue"], later, 1000).await.unwrap();
    let rows: Vec<_> = rows.into_iter().filter(|row| row.what == "export").collect();
    assert_eq!(rows.iter().map(|row| row.address.as_str()).collect::<Vec<_>>(), ["export.ready", "export.told"]);
    rows.iter().for_each(|row| is_valid(&row.body));
    assert!(rows.iter().all(|row| row.correlation == row.message_id && row.system.is_none()), "each begins a chain");
    let name =
        office.files().into_iter().find(|name| name.starts_with("told") && name.strip_suffix(".gz").is_some()).unwrap();
    let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, office.file(&name));
    assert!(rows[1].body.contains(&content) && !rows[0].body.contains("<b:Content>"));
    assert!(rows[0].body.contains(&office.out().join(&name).display().to_string()));
}
