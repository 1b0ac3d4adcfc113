//! Whatever the order in which messages arrive: with sequence numbers a case ends as if they had come in order, without them as a plain
//! model says that is fed the arrival order. Repeats and replays change nothing that was applied; histories are ways along the
//! lifecycle; no timer outlives its status. For every kind of case of every system, through the real pipeline and store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Duration, DurationRound, Utc};
use mezhved::clock;
use mezhved::desk;
use mezhved::domain::lifecycle::{Lifecycle, Status, System};
use mezhved::pipeline::Pipeline;
use mezhved::sample::{SampleMessage, Scene, WantedUpdate};
use mezhved::store::{CaseView, DeadLetterFilter};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::support::scenes::Scenes;
use crate::support::{FIVE, Folder, delivery, house, settle, sound, wake};
use crate::walk::message_id;

/// Lives that are tried of each kind of case.
const LIVES_PER_KIND: u32 = 5;
/// Most updates of a life.
const UPDATES_MAX: usize = 8;

/// How a step of a life is chosen.
#[derive(Debug, Clone, Copy)]
struct Choice {
    /// Which of the ways on, or which of all statuses.
    pick: usize,
    what: What,
    /// How long after the step before it.
    minutes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Along,
    Repeat,
    Anywhere,
    Late,
}

/// How a life arrives.
#[derive(Debug, Clone)]
struct Arrival {
    /// Keys by which the messages are sorted; a message may have a second one, and then comes twice.
    first: Vec<u16>,
    second: Vec<Option<u16>>,
    /// How many messages come together.
    batches: Vec<usize>,
}

fn life() -> impl Strategy<Value = Vec<Choice>> {
    let what =
        prop_oneof![6 => Just(What::Along), 1 => Just(What::Repeat), 2 => Just(What::Anywhere), 1 => Just(What::Late)];
    let choice = (0..1000_usize, what, 0..30_i64).prop_map(|(pick, what, minutes)| Choice { pick, what, minutes });
    prop::collection::vec(choice, 1..=UPDATES_MAX)
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let keys = prop::collection::vec(any::<u16>(), UPDATES_MAX + 1);
    let again = prop::collection::vec(prop::option::weighted(0.3, any::<u16>()), UPDATES_MAX + 1);
    let batches = prop::collection::vec(1..5_usize, 2 * UPDATES_MAX + 2);
    (keys, again, batches).prop_map(|(first, second, batches)| Arrival { first, second, batches })
}

impl Arrival {
    /// Numbers of messages in the order in which they come, in batches.
    fn order(&self, messages: usize) -> Vec<Vec<usize>> {
        let first = self.first.iter().take(messages).copied().enumerate();
        let second = self.second.iter().take(messages).enumerate().filter_map(|(nth, key)| Some((nth, (*key)?)));
        let mut keyed: Vec<(usize, u16)> = first.chain(second).collect();
        keyed.sort_by_key(|(_, key)| *key);
        let mut left: VecDeque<usize> = keyed.into_iter().map(|(nth, _)| nth).collect();
        let mut batches = Vec::new();
        for size in self.batches.iter().cycle() {
            if left.is_empty() {
                break;
            }
            batches.push(left.drain(..(*size).min(left.len())).collect());
        }
        batches
    }
}

/// What the trials share.
struct Ground {
    scenes: Scenes,
    runtime: tokio::runtime::Runtime,
}

impl Ground {
    fn new() -> Self {
        let base = (clock::now() - Duration::days(2)).duration_trunc(Duration::minutes(1)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { scenes: Scenes::from(base), runtime }
    }

    /// Every kind of case of every system, by itself.
    fn of_every_kind(&self, check: impl Fn(&System, &Lifecycle, &[Choice], &Arrival) -> Result<(), TestCaseError>) {
        let mut kinds = 0;
        for system in self.scenes.rules().lifecycles.systems() {
            for lifecycle in system.kinds().iter().filter(|one| one.statuses().len() > 1) {
                let config =
                    ProptestConfig { cases: LIVES_PER_KIND, failure_persistence: None, ..ProptestConfig::default() };
                let trial = |(life, arrival): (Vec<Choice>, Arrival)| check(system, lifecycle, &life, &arrival);
                let done = TestRunner::new(config).run(&(life(), arrival()), trial);
                done.unwrap_or_else(|fault| panic!("{}/{}: {fault}", system.code(), lifecycle.kind().code));
                kinds += 1;
            }
        }
        assert!(kinds > 30, "only {kinds} kinds");
    }

    /// The updates of a life.
    fn wanted(&self, lifecycle: &Lifecycle, life: &[Choice], numbered: bool) -> Vec<WantedUpdate> {
        let mut at = self.scenes.base + Duration::hours(1);
        let mut here = lifecycle.start();
        let mut wanted: Vec<WantedUpdate> = Vec::new();
        for (number, choice) in (1..).zip(life) {
            at += Duration::minutes(choice.minutes);
            let status = chosen(lifecycle, here, *choice);
            let late = choice.what == What::Late;
            if !late && here.next.contains(&status.code) {
                here = status;
            }
            wanted.push(WantedUpdate {
                to: status.code.clone(),
                happened_at: if late { at - Duration::minutes(40) } else { at },
                sequence: numbered.then_some(number),
            });
        }
        wanted
    }
}

/// The status that the next update tells.
fn chosen<'l>(lifecycle: &'l Lifecycle, here: &'l Status, choice: Choice) -> &'l Status {
    let all = lifecycle.statuses();
    let any = &all[choice.pick % all.len()];
    match choice.what {
        What::Repeat => here,
        What::Anywhere | What::Late => any,
        What::Along if here.next.is_empty() => any,
        What::Along => lifecycle.status(&here.next[choice.pick % here.next.len()]).unwrap(),
    }
}

/// A row of a history: entry, status before, status after, moment, message.
type Row = (String, Option<String>, String, i64, Option<String>);

/// What a life has left in the store.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    status: String,
    history: Vec<Row>,
    timers: Vec<String>,
    /// Outcome or code, by message.
    ends: BTreeMap<String, String>,
    /// Cases of all kinds by status.
    cases: BTreeMap<(String, String), i64>,
}

async fn picture(pipeline: &Pipeline, lifecycle: &Lifecycle, scene: &Scene) -> Picture {
    let case = case(pipeline, lifecycle, &scene.number).await;
    let history = case
        .history
        .iter()
        .map(|row| (row.entry.clone(), row.from.clone(), row.to.clone(), row.happened_at, row.message_id.clone()));
    let mut ends = BTreeMap::new();
    for one in std::iter::once(&scene.opening).chain(&scene.updates) {
        let id = id(one);
        let views = pipeline.store.messages_by_id(&id).await.unwrap();
        let [view] = views.as_slice() else { panic!("{id}: {} messages", views.len()) };
        ends.insert(id, view.code.clone().unwrap_or_else(|| view.outcome.clone()));
    }
    let standing = pipeline.store.standing().await.unwrap();
    Picture {
        status: case.status.clone(),
        history: history.collect(),
        timers: case.timers.iter().map(|timer| timer.code.clone()).collect(),
        ends,
        cases: standing.into_iter().map(|tally| ((tally.kind, tally.to), tally.rows)).collect(),
    }
}

async fn case(pipeline: &Pipeline, lifecycle: &Lifecycle, number: &str) -> CaseView {
    let found = pipeline.store.cases_by_number(Some(lifecycle.system()), number).await.unwrap();
    let own = found.into_iter().find(|case| case.kind == lifecycle.kind().code);
    own.unwrap_or_else(|| panic!("there is no {} {number}", lifecycle.kind().code))
}

fn id(one: &SampleMessage) -> String {
    message_id(std::str::from_utf8(&one.bytes).unwrap())
}

async fn deliver(pipeline: &Arc<Pipeline>, messages: &[&SampleMessage]) {
    settle(pipeline, messages.iter().map(|one| delivery(pipeline, one.bytes.to_vec())).collect()).await;
    wake(pipeline).await;
}

/// Brings a scene about; its messages come in these batches, 0 is the opening.
async fn play(folder: &Folder, scene: &Scene, batches: &[Vec<usize>]) -> Arc<Pipeline> {
    let pipeline = house(folder.path(), FIVE).await;
    for one in &scene.before {
        deliver(&pipeline, &[one]).await;
    }
    let messages: Vec<&SampleMessage> = std::iter::once(&scene.opening).chain(&scene.updates).collect();
    for batch in batches {
        deliver(&pipeline, &batch.iter().map(|nth| messages[*nth]).collect::<Vec<_>>()).await;
    }
    pipeline
}

/// What must hold whatever came in which order.
async fn holds(pipeline: &Arc<Pipeline>, lifecycle: &Lifecycle, scene: &Scene) {
    sound(pipeline).await;
    assert_eq!(pipeline.store.waiting().await.unwrap().parked, 0, "nothing waits");
    let case = case(pipeline, lifecycle, &scene.number).await;
    let mut here = lifecycle.start();
    assert_eq!((case.history[0].entry.as_str(), &case.history[0].to), ("opened", &here.code));
    for row in case.history.iter().filter(|row| row.entry == "moved") {
        assert_eq!(row.from.as_ref(), Some(&here.code), "{:?}", case.history);
        assert!(here.next.contains(&row.to), "{} to {}", here.code, row.to);
        here = lifecycle.status(&row.to).unwrap();
    }
    assert_eq!(case.status, here.code);
    for timer in &case.timers {
        let bound_to = timer.code.split_once('/').and_then(|(bound, _)| lifecycle.status(bound));
        assert!(bound_to.is_none_or(|status| status.code == here.code), "{} in {}", timer.code, here.code);
    }
}

/// All of it comes again, and the dead letters are tried again: what was applied stays as it is.
async fn again(pipeline: &Arc<Pipeline>, lifecycle: &Lifecycle, scene: &Scene) {
    let before = picture(pipeline, lifecycle, scene).await;
    for one in scene.updates.iter().rev().chain([&scene.opening]) {
        deliver(pipeline, &[one]).await;
    }
    assert_eq!(picture(pipeline, lifecycle, scene).await, before, "repeats change nothing");
    let filter = DeadLetterFilter { limit: u32::MAX, ..DeadLetterFilter::default() };
    for letter in pipeline.store.dead_letters(&filter).await.unwrap() {
        desk::replay(pipeline, letter.id, "trial").await.unwrap();
    }
    let after = picture(pipeline, lifecycle, scene).await;
    assert_eq!(after.history[..before.history.len()], before.history, "what was written stays");
    for (id, end) in before.ends.iter().filter(|(_, end)| *end == "applied") {
        assert_eq!(&after.ends[id], end, "what was applied stays applied");
    }
    holds(pipeline, lifecycle, scene).await;
}

#[test]
fn with_sequence_numbers_every_order_ends_as_the_right_one() {
    let ground = Ground::new();
    ground.of_every_kind(|system, lifecycle, life, arrival| {
        let scene = ground.scenes.scene(system, lifecycle, &ground.wanted(lifecycle, life, true));
        let messages = 1 + scene.updates.len();
        ground.runtime.block_on(async {
            let folder = Folder::new();
            let in_order: Vec<Vec<usize>> = (0..messages).map(|nth| vec![nth]).collect();
            let pipeline = play(&folder, &scene, &in_order).await;
            let expected = picture(&pipeline, lifecycle, &scene).await;
            pipeline.store.close().await;
            let folder = Folder::new();
            let pipeline = play(&folder, &scene, &arrival.order(messages)).await;
            let found = picture(&pipeline, lifecycle, &scene).await;
            prop_assert_eq!(found, expected);
            holds(&pipeline, lifecycle, &scene).await;
            again(&pipeline, lifecycle, &scene).await;
            pipeline.store.close().await;
            Ok(())
        })
    });
}

/// What becomes of a case, fed the messages in the order of their arrival: the plainest telling of the rules of status updates.
struct Model<'l> {
    lifecycle: &'l Lifecycle,
    status: &'l str,
    since: DateTime<Utc>,
    /// Entry, status before, status after.
    history: Vec<(String, String, String)>,
    ends: BTreeMap<usize, String>,
}

impl Model<'_> {
    fn told(&mut self, nth: usize, update: &WantedUpdate) {
        let (from, to) = (self.status.to_owned(), self.lifecycle.status(&update.to).unwrap());
        let entry = if update.happened_at < self.since {
            "late"
        } else if to.code == from {
            "comment"
        } else if self.lifecycle.status(self.status).unwrap().next.contains(&to.code) {
            (self.status, self.since) = (&to.code, update.happened_at);
            "moved"
        } else {
            self.ends.insert(nth, "forbidden-transition".into());
            return;
        };
        self.ends.insert(nth, "applied".into());
        self.history.push((entry.to_owned(), from, to.code.clone()));
    }
}

#[test]
fn without_them_a_case_becomes_what_the_order_of_arrival_makes_of_it() {
    let ground = Ground::new();
    ground.of_every_kind(|system, lifecycle, life, arrival| {
        let wanted = ground.wanted(lifecycle, life, false);
        let scene = ground.scenes.scene(system, lifecycle, &wanted);
        let order = arrival.order(1 + wanted.len());
        // What comes before its case waits for it, in order.
        let mut seen: Vec<usize> = Vec::new();
        for nth in order.iter().flatten() {
            if *nth != 0 && !seen.contains(nth) {
                seen.push(*nth);
            }
        }
        ground.runtime.block_on(async {
            let folder = Folder::new();
            let pipeline = play(&folder, &scene, &order).await;
            let opened = case(&pipeline, lifecycle, &scene.number).await.history[0].happened_at;
            let since = DateTime::from_timestamp_millis(opened).unwrap();
            let status = lifecycle.start().code.as_str();
            let mut model = Model { lifecycle, status, since, history: Vec::new(), ends: BTreeMap::new() };
            seen.iter().for_each(|nth| model.told(*nth, &wanted[nth - 1]));
            let found = picture(&pipeline, lifecycle, &scene).await;
            let ends = scene.updates.iter().zip(1..).map(|(one, nth)| (nth, found.ends[&id(one)].clone())).collect();
            prop_assert_eq!((&found.status[..], &ends), (model.status, &model.ends));
            let updates = found.history.iter().filter(|row| ["late", "comment", "moved"].contains(&row.0.as_str()));
            let history: Vec<_> =
                updates.map(|row| (row.0.clone(), row.1.clone().unwrap_or_default(), row.2.clone())).collect();
            prop_assert_eq!(&history, &model.history);
            holds(&pipeline, lifecycle, &scene).await;
            again(&pipeline, lifecycle, &scene).await;
            pipeline.store.close().await;
            Ok(())
        })
    });
}
