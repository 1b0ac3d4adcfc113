//! The walk through every system: each transition of each lifecycle is taken, in each status a forbidden move is refused.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::Duration;
use chrono_tz::Tz;
use mezhved::binding::{Library, Rulebook};
use mezhved::clock;
use mezhved::domain::lifecycle::System;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{Composer, Expected, SampleMessage, Walk, WalkPlan};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::support::{FIVE, Folder, delivery, house, message, settle, traffic};

/// The messages of a walk through a system, in the last hour.
pub(crate) fn walk(rulebook: &Rulebook, zone: Tz, system: &System, composer: &Composer) -> Vec<SampleMessage> {
    let envelope = mezhved::sample::envelope(&Library::load(None).unwrap()).unwrap();
    let plan = WalkPlan {
        seed: 7,
        base: clock::now() - Duration::hours(1),
        zone,
        recipient: "MINSTROY".into(),
        senders: traffic::cabinet(rulebook),
    };
    let walk = Walk::new(plan, system, (rulebook, composer, &envelope));
    walk.messages().unwrap_or_else(|fault| panic!("{fault}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transition_is_taken_every_reason_given_and_in_every_status_a_forbidden_move_refused() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    let composer = Composer::over(&pipeline.rulebook, traffic::words());
    let mut faults = Vec::new();
    let lifecycles = Arc::clone(&pipeline.lifecycles);
    for system in lifecycles.systems() {
        for one in walk(&pipeline.rulebook, pipeline.config.zone, system, &composer) {
            told(&pipeline, &one, &mut faults).await;
        }
        let taken = taken(&pipeline, system).await;
        let (reasons, events) = used(folder.path(), system.code()).await;
        for lifecycle in system.kinds() {
            let kind = &lifecycle.kind().code;
            for reason in lifecycle.reasons().iter().filter(|reason| !reason.statuses.is_empty()) {
                if !reasons.contains(&(kind.clone(), reason.code.clone())) {
                    faults.push(format!("{}/{kind}: the reason {} is never given", system.code(), reason.code));
                }
            }
            for event in lifecycle.statuses().iter().filter_map(|status| status.event.as_ref()) {
                if !events.contains(event) {
                    faults.push(format!("{}/{kind}: the event {event} is never told of", system.code()));
                }
            }
        }
        for lifecycle in system.kinds() {
            for from in lifecycle.statuses() {
                for to in &from.next {
                    let edge = (lifecycle.kind().code.clone(), from.code.clone(), to.clone());
                    if !taken.contains(&edge) {
                        faults.push(format!("{}: {edge:?} is never taken", system.code()));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The id of a message, as its envelope names it.
pub(crate) fn message_id(text: &str) -> String {
    text.split("MessageId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned()
}

/// Tells one message, and what must become of it.
async fn told(pipeline: &Arc<Pipeline>, one: &SampleMessage, faults: &mut Vec<String>) {
    let text = String::from_utf8(one.bytes.to_vec()).unwrap();
    let id = message_id(&text);
    settle(pipeline, vec![delivery(pipeline, one.bytes.to_vec())]).await;
    let view = message(pipeline, &id).await;
    let found = view.code.clone().unwrap_or_else(|| view.outcome.clone());
    let expected = match &one.expected {
        Expected::Failed(code) => code.to_string(),
        _ => "applied".to_owned(),
    };
    if found != expected {
        faults.push(format!("{}: {found}, expected {expected}: {}", one.what, view.items));
    }
}

/// The transitions that the history of a system's cases shows.
async fn taken(pipeline: &Pipeline, system: &System) -> BTreeSet<(String, String, String)> {
    let moves = pipeline.store.moves().await.unwrap().into_iter().filter(|one| one.system == system.code());
    moves.filter_map(|one| Some((one.kind, one.from?, one.to))).collect()
}

/// The reasons that the history of a system's cases gives, by kind, and the events that people were told of.
async fn used(folder: &Path, system: &str) -> (BTreeSet<(String, String)>, BTreeSet<String>) {
    let store = SqliteConnectOptions::new().filename(folder.join("store.sqlite")).read_only(true);
    let mut store = store.connect().await.unwrap();
    let reasons: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT c.kind, json_extract(r.value, '$.code') FROM history h JOIN cases c ON c.id = h.case_id, \
         json_tree(h.details) r WHERE c.system = ?1 AND r.type = 'object' AND json_extract(r.value, '$.code') IS NOT NULL",
    )
    .bind(system)
    .fetch_all(&mut store)
    .await
    .unwrap();
    let events: Vec<(String,)> = sqlx::query_as("SELECT DISTINCT code FROM events WHERE system = ?1")
        .bind(system)
        .fetch_all(&mut store)
        .await
        .unwrap();
    (reasons.into_iter().collect(), events.into_iter().map(|(code,)| code).collect())
}
