//! The walk through every system: each transition of each lifecycle is taken, in each status a forbidden move is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Duration;
use mezhved::binding::Library;
use mezhved::clock;
use mezhved::domain::lifecycle::System;
use mezhved::pipeline::Pipeline;
use mezhved::sample::{Composer, Expected, SampleMessage, Walk, WalkPlan};

use crate::support::{FIVE, Folder, delivery, house, message, settle, traffic};

/// The messages of a walk through a system of a house.
fn walk(pipeline: &Pipeline, system: &System, composer: &Composer) -> Vec<SampleMessage> {
    let templates = traffic::templates(&Library::load(None).unwrap());
    let plan = WalkPlan {
        seed: 7,
        base: clock::now() - Duration::hours(1),
        zone: pipeline.config.zone,
        recipient: "MINSTROY".into(),
        sender: "CABINET".into(),
    };
    let walk = Walk::new(plan, system, (&pipeline.rulebook, composer, &templates));
    walk.messages().unwrap_or_else(|fault| panic!("{fault}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transition_is_taken_and_in_every_status_a_forbidden_move_is_refused() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    let composer = Composer::over(&pipeline.rulebook);
    let mut faults = Vec::new();
    let lifecycles = Arc::clone(&pipeline.lifecycles);
    for system in lifecycles.systems() {
        for one in walk(&pipeline, system, &composer) {
            told(&pipeline, &one, &mut faults).await;
        }
        let taken = taken(&pipeline, system).await;
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

/// Tells one message, and what must become of it.
async fn told(pipeline: &Arc<Pipeline>, one: &SampleMessage, faults: &mut Vec<String>) {
    let text = String::from_utf8(one.bytes.to_vec()).unwrap();
    let id = text.split("MessageId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
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
    let moves = pipeline.store.moves(system.code()).await.unwrap();
    moves.into_iter().map(|one| (one.kind, one.from, one.to)).collect()
}
