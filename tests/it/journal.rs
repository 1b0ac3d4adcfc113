//! The journal: who did what is written with the act, sealed behind it, and whatever is done to it afterwards is found.

use std::path::Path;
use std::sync::Arc;

use mezhved::apply::rows::AuditRow;
use mezhved::clock;
use mezhved::desk::journal::{self, Verified};
use mezhved::domain::journal::Finding;
use mezhved::failpoint;
use mezhved::pipeline::Pipeline;
use mezhved::store::{CaseFilter, CaseView, JournalFilter, JournalView, Piece, Sealing, Store};
use proptest::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder, damage, delivery, house, settle, tell};

fn act(number: usize) -> AuditRow {
    AuditRow {
        at: clock::now(),
        actor: format!("оператор {number}"),
        action: "dead-letter.discard",
        subject: format!("dead-letter:{number}"),
        before: Some("{\"state\":\"open\"}".to_owned()),
        after: None,
    }
}

async fn note(store: &Store, acts: usize) {
    for number in 1..=acts {
        store.note(&[act(number)]).await.unwrap();
    }
}

async fn seal_all(store: &Store) {
    let owner = journal::owner();
    while !matches!(journal::seal_once(store, &owner).await.unwrap(), Sealing::Done { rows: 0, .. }) {}
    store.release_sealer(&owner).await.unwrap();
}

/// A store with so many sealed rows of the journal.
async fn sealed(folder: &Path, acts: usize) -> Arc<Pipeline> {
    let pipeline = house(folder, "").await;
    note(&pipeline.store, acts).await;
    seal_all(&pipeline.store).await;
    pipeline
}

async fn verify(pipeline: &Pipeline) -> Verified {
    journal::verify(&pipeline.store, None).await.unwrap()
}

async fn shown(pipeline: &Pipeline, filter: JournalFilter) -> Vec<JournalView> {
    pipeline.store.journal(&JournalFilter { limit: 1000, ..filter }).await.unwrap()
}

/// The rows of a case, which are the steps of its history, and the case.
async fn rows_of(pipeline: &Pipeline, kind: &str, number: &str) -> (Vec<JournalView>, CaseView) {
    let subject = Some(format!("case:org/{kind}/{number}"));
    let rows = shown(pipeline, JournalFilter { subject, ..JournalFilter::default() }).await;
    let cases = pipeline.store.cases_by_number(Some("org"), number).await.unwrap();
    let case = cases.into_iter().find(|case| case.kind == kind).unwrap();
    let steps: Vec<String> = case.history.iter().map(|step| format!("case.{}", step.entry)).collect();
    assert!(!steps.is_empty());
    assert_eq!(rows.iter().map(|row| row.action.clone()).collect::<Vec<_>>(), steps);
    for row in rows.iter().filter(|row| row.action == "case.moved") {
        assert!(row.before.as_ref().unwrap()["status"].is_string(), "{row:?}");
    }
    (rows, case)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_of_staff_is_a_row() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &["org/valid/staff-invited-removed-and-restored"]).await;
    let staff = pipeline.store.find_cases(&CaseFilter { limit: 100, ..CaseFilter::default() }).await.unwrap();
    let staff: Vec<_> = staff.into_iter().filter(|case| case.kind == "staff").collect();
    assert!(!staff.is_empty());
    for member in staff {
        rows_of(&pipeline, "staff", &member.number).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_of_a_kind_that_asks_for_it_is_a_row_without_personal_data() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &["org/valid/a-change-of-legal-details-is-checked-anew"]).await;
    let (rows, case) = rows_of(&pipeline, "organization", "ОРГ-3").await;
    assert!(rows.iter().all(|row| row.actor == "agency:CABINET"));
    let contacts =
        rows.iter().find(|row| row.after.as_ref().is_some_and(|after| after["fields"]["head-phone"].is_string()));
    let contacts = contacts.expect("the change of contacts is told");
    assert_eq!(contacts.after.as_ref().unwrap()["fields"]["head-phone"], "+********009");
    assert_eq!(contacts.before.as_ref().unwrap()["fields"]["head-phone"], "+********001");
    let details = case.details.as_object().unwrap();
    let journal = serde_json::to_string(&shown(&pipeline, JournalFilter::default()).await).unwrap();
    for code in ["head-name", "head-passport", "head-phone", "head-email", "head-inn", "inn", "ogrn"] {
        let value = details[code].as_str().unwrap();
        assert!(!journal.contains(value), "{code} stands in the journal");
    }
    assert_eq!(
        verify(&pipeline).await.unsealed.rows,
        i64::try_from(shown(&pipeline, JournalFilter::default()).await.len()).unwrap()
    );
    seal_all(&pipeline.store).await;
    let verified = verify(&pipeline).await;
    assert_eq!((verified.findings, verified.unsealed.rows), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_that_do_not_ask_for_it_and_rehearsals_leave_no_row() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &["epgu/valid/a-cancelled-case", "epgu/valid/a-test-message-changes-nothing"]).await;
    let outcomes = pipeline.store.outcomes().await.unwrap();
    assert!(outcomes.iter().all(|one| one.outcome == "applied") && !outcomes.is_empty(), "{outcomes:?}");
    assert!(shown(&pipeline, JournalFilter::default()).await.is_empty());
}

/// A job that gives changes.
const CHANGES: &str = "code = 'changes'\nregister = 'status-history'\nmode = 'incremental'\n\
                       [[destination]]\nkind = 'folder'\nname = '{slot:%H%M}.csv'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_verb_of_a_person_and_each_job_leaves_its_row() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &["epgu/invalid/a-forbidden-transition", "epgu/valid/a-payment-of-too-little-moves-nothing"]).await;
    while mezhved::notify::tell(&pipeline).await.unwrap() > 0 {}
    pipeline.store.close().await;
    damage(
        folder.path(),
        &[
            "UPDATE outbox SET state = 'sent', sent_at = 1 WHERE id = 1",
            "UPDATE outbox SET state = 'stuck', error = 'на пробу' WHERE id = 2",
            "UPDATE notifications SET state = 'failed', reason = 'refused', settled_at = 1 WHERE id = 1",
            "UPDATE timers SET state = 'stuck', result = 'на пробу' WHERE id = (SELECT min(id) FROM timers WHERE state = 'pending')",
            "UPDATE batches SET received_at = 1",
        ],
    )
    .await
    .unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir_all(at("jobs")).unwrap();
    std::fs::write(folder.path().join("jobs/changes.toml"), CHANGES).unwrap();
    let exports =
        format!("[exports]\nfolder = '{}'\noutput = '{}'\nwork_folder = '{}'\n", at("jobs"), at("out"), at("work"));
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", &format!("{FIVE}\n{exports}"));
    // It fails again: a replay is an act all the same.
    home.verb(&["dlq", "replay", "1"], 1);
    for arguments in [
        &["dlq", "discard", "1", "--note", "на пробу"][..],
        &["outbox", "resend", "1"],
        &["outbox", "retry", "--all"],
        &["notify", "retry", "--all"],
        &["timers", "retry", "--all"],
        &["timers", "run", "--all"],
        &["jobs", "pause", "upkeep"],
        &["jobs", "resume", "upkeep"],
        &["jobs", "run", "retention"],
        &["export", "run", "cases"],
        &["export", "run", "changes", "--slot", "2026-03-04T10:00"],
        &["export", "restart", "changes"],
    ] {
        home.verb(arguments, 0);
    }
    let store = home.store().await;
    let rows = store.journal(&JournalFilter { limit: 1000, ..JournalFilter::default() }).await.unwrap();
    let acts = |job: bool| -> Vec<String> {
        let acts: std::collections::BTreeSet<String> = rows
            .iter()
            .filter(|row| row.actor.starts_with("job:") == job)
            .map(|row| if job { format!("{} {}", row.actor, row.action) } else { row.action.clone() })
            .collect();
        acts.into_iter().collect()
    };
    assert!(rows.iter().all(|row| !row.actor.starts_with("agency:")), "{rows:?}");
    assert_eq!(
        acts(false),
        [
            "dead-letter.discard",
            "dead-letter.replay",
            "export.restart",
            "export.run",
            "export.show",
            "job.order",
            "job.pause",
            "job.resume",
            "notification.retry",
            "outbox.resend",
            "outbox.retry",
            "timer.retry",
            "timers.run"
        ]
    );
    assert_eq!(acts(true), ["job:retention job.run", "job:retention raw.forget", "job:timers case.moved"]);
    let documented = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/journal.md")).unwrap();
    for row in rows.iter().filter(|row| !row.action.starts_with("case.")) {
        assert!(documented.contains(&format!("`{}`", row.action)), "{} is not in docs/journal.md", row.action);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_refuse_changes() {
    let folder = Folder::new();
    let pipeline = sealed(folder.path(), 3).await;
    for statement in [
        "UPDATE audit SET actor = 'никто' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "REPLACE INTO audit (id, at, actor, action, subject) VALUES (2, 0, 'a', 'b', 'c')",
        "UPDATE seals SET hash = zeroblob(32) WHERE seal = 2",
        "DELETE FROM seals",
        "REPLACE INTO seals (seal, audit, hash, sealed_at) VALUES (2, 9, zeroblob(32), 0)",
        "UPDATE sealer SET seal = 1",
        "DELETE FROM sealer",
    ] {
        let refused = damage(folder.path(), &[statement]).await.unwrap_err();
        assert!(refused.to_string().contains("append-only") || refused.to_string().contains("chain"), "{refused}");
    }
    assert_eq!(verify(&pipeline).await.findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_of_every_kind_is_found() {
    const CHANGED: &str = "DROP TRIGGER audit_unchanged";
    const KEPT: &str = "DROP TRIGGER audit_kept";
    let cases: [(&[&'static str], &[Finding]); 13] = [
        (&[CHANGED, "UPDATE audit SET actor = 'никто' WHERE id = 4"], &[Finding::RowChanged { row: 4, seal: 4 }]),
        (&[CHANGED, "UPDATE audit SET after = '{}' WHERE id = 1"], &[Finding::RowChanged { row: 1, seal: 1 }]),
        (&[CHANGED, "UPDATE audit SET before = NULL WHERE id = 8"], &[Finding::RowChanged { row: 8, seal: 8 }]),
        (
            &[CHANGED, "UPDATE audit SET at = at + 1 WHERE id IN (2, 3)"],
            &[Finding::RowChanged { row: 2, seal: 2 }, Finding::RowChanged { row: 3, seal: 3 }],
        ),
        (&[KEPT, "DELETE FROM audit WHERE id = 5"], &[Finding::RowRemoved { row: 5, seal: 5 }]),
        (&[KEPT, "DELETE FROM audit WHERE id = 8"], &[Finding::RowRemoved { row: 8, seal: 8 }]),
        (
            &[
                "INSERT INTO audit (at, actor, action, subject) VALUES (1, 'никто', 'dead-letter.discard', 'dead-letter:1')",
            ],
            &[Finding::RowInserted { row: 9 }],
        ),
        (
            &["INSERT INTO audit (id, at, actor, action, subject) VALUES (-3, 1, 'никто', 'x', 'y')"],
            &[Finding::RowInserted { row: -3 }],
        ),
        (
            &["DROP TRIGGER seals_unchanged", "UPDATE seals SET hash = zeroblob(32) WHERE seal = 6"],
            &[Finding::SealChanged { row: 6, seal: 6 }],
        ),
        (
            &["DROP TRIGGER seals_kept", "DELETE FROM seals WHERE seal IN (3, 4)"],
            &[
                Finding::SealsRemoved { from: 3, to: 4 },
                Finding::RowInserted { row: 3 },
                Finding::RowInserted { row: 4 },
            ],
        ),
        (
            &["DROP TRIGGER seals_kept", KEPT, "DELETE FROM seals WHERE seal > 6", "DELETE FROM audit WHERE id > 6"],
            &[Finding::EndChanged { expected: 8, found: 6 }],
        ),
        (&["INSERT INTO unsealed (audit) VALUES (2)"], &[Finding::RowReplaced { row: 2 }]),
        (&["INSERT INTO unsealed (audit) VALUES (77)"], &[Finding::RowReplaced { row: 77 }]),
    ];
    for (statements, expected) in cases {
        let folder = Folder::new();
        let pipeline = sealed(folder.path(), 8).await;
        assert_eq!(verify(&pipeline).await.findings, []);
        damage(folder.path(), statements).await.unwrap();
        assert_eq!(verify(&pipeline).await.findings, expected, "{statements:?}");
        // What was tampered with stays found while the journal goes on.
        note(&pipeline.store, 2).await;
        seal_all(&pipeline.store).await;
        let later = verify(&pipeline).await.findings;
        assert!(expected.iter().filter(|one| one.row().is_some()).all(|one| later.contains(one)), "{later:?}");
        assert!(!later.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verbs_tell_what_was_done_and_that_nothing_else_was() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    settle(&pipeline, vec![delivery(&pipeline, b"<a>".to_vec())]).await;
    note(&pipeline.store, 2).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    home.verb(&["dlq", "discard", "1", "--note", "проба"], 0);
    let json = home.verb(&["audit", "show", "--subject", "dead-letter:1", "--action", "dead-letter.*", "--json"], 0);
    assert_eq!(json.lines().count(), 2, "{json}");
    assert!(json.contains("\"note\":\"проба\"") && json.contains("\"seal\":null"), "{json}");
    let csv = home.verb(&["audit", "show", "--after", "2", "--csv"], 0);
    assert!(csv.starts_with("id,recorded_at,actor,action,subject,before,after,seal\r\n3,"), "{csv}");
    assert_eq!(home.verb(&["audit", "show", "--until", "2026-01-01", "--json"], 0), "");
    assert!(home.verb(&["audit", "show", "--limit", "1"], 0).contains("more: --after 1"));
    home.verb(&["audit", "show", "--since", "когда-то"], 2);
    assert!(home.verb(&["audit", "verify"], 0).contains("not sealed yet: 3 rows"));
    let told: serde_json::Value = serde_json::from_str(&home.verb(&["audit", "seal", "--json"], 0)).unwrap();
    assert_eq!(told["rows"], 3);
    let anchor = format!("{}:{}", told["seal"], told["hash"].as_str().unwrap());
    home.verb(&["audit", "verify", "--anchor", &anchor], 0);
    home.verb(&["audit", "verify", "--anchor", "3:ab"], 2);
    damage(folder.path(), &["DROP TRIGGER audit_unchanged", "UPDATE audit SET actor = 'никто' WHERE id = 3"])
        .await
        .unwrap();
    assert!(home.verb(&["audit", "verify"], 1).contains("row-changed: row 3 (seal 3) was changed"));
    let told: serde_json::Value = serde_json::from_str(&home.verb(&["audit", "verify", "--json"], 1)).unwrap();
    assert_eq!(told["findings"][0]["row"], 3);
    // Whoever seals anew what he changed is found by the seal that was noted.
    damage(
        folder.path(),
        &[
            "DROP TRIGGER seals_kept",
            "DROP TRIGGER sealer_forward",
            "DELETE FROM seals",
            "UPDATE sealer SET seal = 0, hash = zeroblob(32)",
            "INSERT INTO unsealed SELECT id FROM audit",
        ],
    )
    .await
    .unwrap();
    home.verb(&["audit", "seal"], 0);
    home.verb(&["audit", "verify"], 0);
    assert!(home.verb(&["audit", "verify", "--anchor", &anchor], 1).contains("anchor-missed"));
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealer_killed_between_any_two_steps_seals_each_row_once() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    for point in failpoint::SEALER_POINTS {
        note(&pipeline.store, 3).await;
        let killed = home.command().args(["audit", "seal"]).env("MEZHVED_FAIL_POINT", point).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}");
        assert_eq!(verify(&pipeline).await.findings, [], "{point}");
    }
    assert_eq!(verify(&pipeline).await.unsealed.rows, 0);
    // The last one was killed after its commit: its lease keeps others out until it is over.
    note(&pipeline.store, 1).await;
    let Sealing::Leased { .. } = journal::seal_once(&pipeline.store, "another").await.unwrap() else {
        panic!("the lease of a sealer that died was not kept");
    };
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_at_any_step_of_sealing_seals_each_row_once() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let path = folder.path().join("store.sqlite");
    let mut step = 1;
    loop {
        note(&pipeline.store, 2).await;
        failpoint::arm_store(&path, step);
        let sealed = journal::seal_once(&pipeline.store, "one").await;
        let steps = failpoint::disarm_store(&path);
        assert_eq!(verify(&pipeline).await.findings, [], "step {step}");
        assert_eq!(sealed.is_ok(), step > steps);
        if step > steps {
            break;
        }
        step += 1;
    }
    let verified = verify(&pipeline).await;
    assert!(step > 4, "sealing has several steps: {step}");
    assert_eq!((verified.seals, verified.unsealed.rows), (i64::try_from(step * 2).unwrap(), 0));
}

/// Seals piece by piece, without a lease that would keep others out, until everything that is to come is sealed.
async fn seal_until(store: Store, owner: String, rows: i64) {
    loop {
        let now = clock::now();
        let piece = Piece { owner: &owner, now, leased_until: now, rows_max: 3 };
        match store.seal(piece).await.unwrap() {
            Sealing::Done { seal, .. } if seal == rows => return,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sealers_and_writers_at_once_pass_over_no_row() {
    const WRITERS: usize = 3;
    const ACTS: usize = 15;
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let rows = i64::try_from(WRITERS * ACTS).unwrap();
    let mut working = tokio::task::JoinSet::new();
    for sealer in 0..2 {
        working.spawn(seal_until(pipeline.store.clone(), format!("sealer {sealer}"), rows));
    }
    for _ in 0..WRITERS {
        let store = pipeline.store.clone();
        working.spawn(async move { note(&store, ACTS).await });
    }
    while let Some(done) = working.join_next().await {
        done.unwrap();
    }
    let verified = verify(&pipeline).await;
    assert_eq!((verified.findings, verified.seals, verified.unsealed.rows), (vec![], rows, 0));
    // A lease keeps the other one out until it is over or given back.
    note(&pipeline.store, 1).await;
    assert!(matches!(journal::seal_once(&pipeline.store, "one").await.unwrap(), Sealing::Done { rows: 1, .. }));
    note(&pipeline.store, 1).await;
    assert!(matches!(journal::seal_once(&pipeline.store, "two").await.unwrap(), Sealing::Leased { .. }));
    let later = clock::now() + chrono::Duration::minutes(1);
    let piece = Piece { owner: "two", now: later, leased_until: later, rows_max: 3 };
    assert!(matches!(pipeline.store.seal(piece).await.unwrap(), Sealing::Done { rows: 1, .. }));
}

#[derive(Debug, Clone)]
enum Doing {
    Note(usize),
    Seal(u32),
}

fn doings() -> impl Strategy<Value = Vec<Doing>> {
    let one = prop_oneof![(1_usize..6).prop_map(Doing::Note), (1_u32..5).prop_map(Doing::Seal)];
    prop::collection::vec(one, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_the_order_of_acts_and_seals_the_chain_holds_and_a_change_is_found(doings in doings(), at in 0_usize..1000) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::new();
            let pipeline = house(folder.path(), "").await;
            let (mut acts, mut sealed) = (0, 0);
            for doing in doings {
                match doing {
                    Doing::Note(count) => {
                        pipeline.store.note(&(0..count).map(act).collect::<Vec<_>>()).await.unwrap();
                        acts += count;
                    }
                    Doing::Seal(rows_max) => {
                        let now = clock::now();
                        let piece = Piece { owner: "one", now, leased_until: now, rows_max };
                        if let Sealing::Done { rows, .. } = pipeline.store.seal(piece).await.unwrap() {
                            sealed += rows;
                        }
                    }
                }
                let verified = verify(&pipeline).await;
                assert_eq!(verified.findings, []);
                let told = (verified.seals, verified.unsealed.rows);
                assert_eq!(told, (i64::try_from(sealed).unwrap(), i64::try_from(acts - sealed).unwrap()));
            }
            if sealed > 0 {
                let row = i64::try_from(at % sealed).unwrap() + 1;
                let options = SqliteConnectOptions::new().filename(folder.path().join("store.sqlite"));
                let pool = SqlitePool::connect_with(options).await.unwrap();
                folder.tampered();
                sqlx::query("DROP TRIGGER audit_unchanged").execute(&pool).await.unwrap();
                sqlx::query("UPDATE audit SET subject = subject || '1' WHERE id = ?1").bind(row).execute(&pool).await.unwrap();
                pool.close().await;
                assert_eq!(verify(&pipeline).await.findings, [Finding::RowChanged { row, seal: row }]);
            }
        });
    }
}
