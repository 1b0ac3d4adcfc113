//! Does a store hold together? What was written by messages does; each kind of damage is found.

use mezhved::desk::consistency;
use mezhved::pipeline::Pipeline;

use crate::support::daemon::Home;
use crate::support::{FIVE, Folder, damage, house, tell};

const STORIES: [&str; 6] = [
    "epgu/valid/a-cancelled-case",
    "epgu/valid/a-whole-life-to-the-end",
    "epgu/valid/documents-uploaded-requested-judged-and-signed",
    "epgu/invalid/a-forbidden-transition",
    "epgu/invalid/every-item-is-refused",
    "org/valid/an-organization-registered-blocked-and-restored",
];

async fn rules_broken(pipeline: &Pipeline) -> Vec<&'static str> {
    let misfits = consistency::check(&pipeline.store, &pipeline.lifecycles).await.unwrap();
    let mut rules: Vec<&str> = misfits.iter().map(|misfit| misfit.rule).collect();
    rules.dedup();
    rules
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_damage_is_found() {
    let cases: [(&[&'static str], &str); 15] = [
        (
            &["UPDATE inbox SET outcome = 'parked', settled_at = NULL WHERE outcome = 'applied'"],
            "parked-without-waiting",
        ),
        (
            &[
                "INSERT INTO parked (message, item, reason, sender, system, case_kind, number, attempts, parked_at, due_at, \
               give_up_at) SELECT seq, 1, 'in-order', sender, 'epgu', 'application', 'x', 1, 0, 0, 0 FROM inbox LIMIT 1",
            ],
            "waiting-though-settled",
        ),
        (&["DELETE FROM dead_letters"], "failed-without-dead-letter"),
        (&["DELETE FROM dead_letters WHERE item = 1"], "refused-without-dead-letter"),
        (
            &["UPDATE inbox SET items = replace(items, '\"applied\"', '\"parked\"') WHERE outcome = 'applied'"],
            "item-waits-though-settled",
        ),
        (&["DELETE FROM history WHERE turn = 1 AND entry = 'moved'"], "history-with-gaps"),
        (&["UPDATE history SET from_status = 'archived' WHERE turn = 2 AND entry = 'moved'"], "history-without-path"),
        (&["UPDATE cases SET status = 'verified' WHERE status = 'cancelled'"], "status-without-history"),
        (&["UPDATE timers SET turn = turn + 7 WHERE state = 'pending' AND turn IS NOT NULL"], "timer-of-a-past-status"),
        (&["UPDATE documents SET versions = versions + 1"], "versions-with-gaps"),
        (&["INSERT INTO unit_loads (unit, open) VALUES ('nobody', 1)"], "unit-load-differs"),
        (&["UPDATE cases SET open = 1 WHERE status = 'cancelled'"], "open-differs"),
        (
            &[
                "UPDATE history SET to_status = 'archived' WHERE to_status = 'cancelled'",
                "UPDATE cases SET status = 'archived' WHERE status = 'cancelled'",
            ],
            "move-beside-the-lifecycle",
        ),
        (
            &[
                "INSERT INTO timers (case_id, code, scope, started_at, due_at, state) SELECT id, 'late', 'life', 0, 0, 'pending' FROM cases \
               WHERE status = 'cancelled'",
            ],
            "timer-past-the-end",
        ),
        (&["PRAGMA foreign_keys = 0", "DELETE FROM inbox WHERE seq = 1"], "reference-to-nothing"),
    ];
    for (statements, rule) in cases {
        let folder = Folder::new();
        let pipeline = house(folder.path(), FIVE).await;
        tell(&pipeline, &STORIES).await;
        assert!(rules_broken(&pipeline).await.is_empty(), "{:?}", rules_broken(&pipeline).await);
        damage(folder.path(), statements).await.unwrap();
        let broken = rules_broken(&pipeline).await;
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_tells_and_ends_accordingly() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    tell(&pipeline, &STORIES).await;
    let home = Home::new(folder.path(), "amqp://nowhere.invalid", "");
    let told = home.verb(&["check", "--store"], 0);
    assert!(told.contains("everything in it fits together") && told.contains("open dead letters"), "{told}");
    damage(folder.path(), &["UPDATE documents SET versions = versions + 1"]).await.unwrap();
    assert!(home.verb(&["check", "--store"], 1).contains("FAULT store: versions-with-gaps: document "));
}
