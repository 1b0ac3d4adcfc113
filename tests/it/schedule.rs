//! Jobs by a simulated clock: stops, starts, two replicas, changes of the clock, a leap day. Each slot is in the table once and is run once, whatever
//! the policy; and what fails, hangs, is lost or paused ends as it must.

mod built_in;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration as Length;

use chrono::{DateTime, Duration, DurationRound, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use mezhved::apply::rows::AuditRow;
use mezhved::clock;
use mezhved::pipeline::Pipeline;
use mezhved::schedule::cron::Cron;
use mezhved::schedule::plan::{Missed, Plan};
use mezhved::schedule::run::look;
use mezhved::schedule::{Job, JobFault, Report, Run, Work, Working, run_slot};
use mezhved::store::{Lease, SlotFilter, SlotView, Store, Tried};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::support::daemon::{Home, Looks};
use crate::support::rabbitmq::vhost;
use crate::support::{Folder, house};

/// A job that does what its test wants: fails so often, then is done; or never ends.
#[derive(Debug)]
struct Trial {
    failures: u32,
    hangs: bool,
    never: bool,
    runs: Arc<AtomicU32>,
}

impl Trial {
    fn well() -> Self {
        Self { failures: 0, hangs: false, never: false, runs: Arc::default() }
    }
}

impl Work for Trial {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            match self.runs.fetch_add(1, Ordering::SeqCst) {
                _ if self.never => Err(JobFault::never("a folder is missing")),
                number if number < self.failures => Err(JobFault::again(format!("try {}", run.attempt))),
                _ => Ok(Report::of(1, format!("slot {}", run.slot.timestamp()))),
            }
        })
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn plan(cron: &str, zone: &str, missed: Missed, from: DateTime<Utc>) -> Plan {
    Plan {
        cron: Cron::parse(cron, zone, from).unwrap(),
        working_days: false,
        missed,
        horizon: Length::from_hours(960),
        timeout: Length::from_millis(20),
        retries: 2,
        retry_pause: Length::ZERO,
        jitter: Length::ZERO,
    }
}

fn audit(at: DateTime<Utc>) -> AuditRow {
    AuditRow { at, actor: "tester".into(), action: "job.order", subject: "job:trial".into(), before: None, after: None }
}

async fn slots(store: &Store) -> Vec<SlotView> {
    let filter = SlotFilter { limit: u32::MAX, ..SlotFilter::default() };
    let mut slots = store.slots(&filter).await.unwrap();
    slots.sort_by_key(|slot| slot.slot);
    slots
}

/// How long a simulated runner keeps a slot: shorter than the time between two looks.
const LEASE: Duration = Duration::seconds(15);

/// A tick of one replica at a simulated moment: looks, and runs everything that is due, one after another.
async fn tick(pipeline: &Pipeline, job: &Job, owner: &str, now: DateTime<Utc>, ran: &Mutex<Vec<DateTime<Utc>>>) {
    look(pipeline, job, now).await.unwrap();
    let lease = Lease { owner, now, until: now + LEASE };
    while let Some(claimed) = pipeline.store.claim_slot(&job.code, None, lease).await.unwrap() {
        // Told before the mark, so that what others run after it stands behind it.
        ran.lock().unwrap().push(claimed.slot);
        let done = Tried::Done("{}".into());
        assert!(pipeline.store.finish_slot(&claimed, owner, &done, now, None).await.unwrap());
    }
}

/// A replica that looks, takes a slot, and is never heard of again.
async fn lost(pipeline: &Pipeline, job: &Job, owner: &str, now: DateTime<Utc>) {
    look(pipeline, job, now).await.unwrap();
    pipeline.store.claim_slot(&job.code, None, Lease { owner, now, until: now + LEASE }).await.unwrap();
}

/// The moments of a job that runs each so many minutes, or once a day at a time, reckoned minute by minute and not by any expression.
fn expected(
    zone: Tz,
    every: Option<u32>,
    time: NaiveTime,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let mut slots = Vec::new();
    let mut minute = from.duration_trunc(Duration::minutes(1)).unwrap() + Duration::minutes(1);
    let mut last_day = None;
    while minute <= to {
        let local = minute.with_timezone(&zone);
        let fits = match every {
            Some(every) => local.minute().is_multiple_of(every),
            None => {
                // The first moment of the day at which the clock shows the time or more; only the first of two.
                let day = local.date_naive();
                let before = (minute - Duration::minutes(1)).with_timezone(&zone);
                let reached = local.time() >= time && (before.date_naive() < day || before.time() < time);
                reached && last_day.replace(day).is_none_or(|last| last < day)
            }
        };
        if fits {
            slots.push(minute);
        }
        minute += Duration::minutes(1);
    }
    slots
}

/// Who looks.
#[derive(Debug, Clone, Copy)]
enum Who {
    One,
    Other,
    Both,
    /// One that is lost with the slot that it took.
    Lost,
}

/// What two replicas do in a time: how long until the next look, who looks.
type Looking = Vec<(u32, Who)>;

async fn simulate(
    job: &Job,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    looking: &Looking,
) -> (Vec<DateTime<Utc>>, Vec<SlotView>) {
    let folder = Folder::new();
    let one = house(folder.path(), "").await;
    let other = house(folder.path(), "").await;
    let ran = Mutex::new(Vec::new());
    let mut now = from;
    tick(&one, job, "one", now, &ran).await;
    for (minutes, who) in looking.iter().cycle() {
        now = (now + Duration::seconds(i64::from(*minutes) * 60 + 7)).min(to);
        match who {
            Who::One => tick(&one, job, "one", now, &ran).await,
            Who::Other => tick(&other, job, "other", now, &ran).await,
            Who::Both => {
                tokio::join!(tick(&one, job, "one", now, &ran), tick(&other, job, "other", now, &ran));
            }
            Who::Lost => lost(&other, job, "lost", now).await,
        }
        if now == to {
            break;
        }
    }
    // Whatever was lost last is found.
    tick(&one, job, "one", to + LEASE + Duration::seconds(1), &ran).await;
    let ran = ran.into_inner().unwrap();
    let slots = slots(&one.store).await;
    one.store.close().await;
    other.store.close().await;
    (ran, slots)
}

fn looking() -> impl Strategy<Value = Looking> {
    // Mostly a look a minute, sometimes a stop of hours or days.
    let minutes = prop_oneof![8 => 1_u32..3, 1 => 30_u32..900, 1 => 1500_u32..4000];
    let who = prop_oneof![4 => Just(Who::One), 4 => Just(Who::Other), 4 => Just(Who::Both), 1 => Just(Who::Lost)];
    proptest::collection::vec((minutes, who), 8..24)
}

#[test]
fn each_slot_is_run_once_under_each_policy_across_stops_replicas_and_changes_of_the_clock() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let half_past_two = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
    let midnight = NaiveTime::MIN;
    let times = [
        // Set forward on 29 March, back on 25 October 2026; a leap day; a midnight that is left out; no changes at all.
        ("30 2 * * *", None, half_past_two, "Europe/Berlin", "2026-03-27T12:00:30.391Z"),
        ("30 2 * * *", None, half_past_two, "Europe/Berlin", "2026-10-23T12:00:30.391Z"),
        ("*/20 * * * *", Some(20), midnight, "Europe/Berlin", "2026-10-24T12:00:30.391Z"),
        ("*/20 * * * *", Some(20), midnight, "Europe/Berlin", "2026-03-28T12:00:30.391Z"),
        ("0 0 * * *", None, midnight, "Europe/Moscow", "2028-02-27T12:00:30.391Z"),
        ("0 0 * * *", None, midnight, "America/Asuncion", "2023-09-29T12:00:30.391Z"),
    ];
    proptest!(config, |(which in 0..times.len(), missed in prop_oneof![Just(Missed::All), Just(Missed::Last), Just(Missed::Skip)], looking in looking())| {
        let (cron, every, time, zone, from) = times[which];
        let from = at(from);
        let to = from + Duration::days(if every.is_some() { 2 } else { 4 });
        let job = Job::new("trial", "a trial", plan(cron, zone, missed, from), Trial::well());
        let (ran, slots) = runtime.block_on(simulate(&job, from, to, &looking));
        let expected = expected(zone.parse().unwrap(), every, time, from, to);
        let there: Vec<_> = slots.iter().map(|slot| Utc.timestamp_millis_opt(slot.slot).unwrap()).collect();
        prop_assert_eq!(&there, &expected, "each slot is there once");
        let mut once = ran.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), ran.len(), "none is run twice");
        let states = slots.iter().fold(BTreeMap::<&str, usize>::new(), |mut states, slot| {
            *states.entry(slot.state.as_str()).or_default() += 1;
            states
        });
        prop_assert_eq!(states.get("done").copied().unwrap_or(0), ran.len());
        prop_assert_eq!(states.values().sum::<usize>(), states.get("done").unwrap_or(&0) + states.get("skipped").unwrap_or(&0));
        if missed == Missed::All {
            prop_assert_eq!(&ran, &expected, "all are run, in order");
        }
        if missed == Missed::Last && !expected.is_empty() {
            prop_assert_eq!(ran.last(), expected.last(), "the last is always run");
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leap_day_comes_every_four_years_and_its_slot_once() {
    let from = at("2026-01-01T00:00:00Z");
    let job = Job::new("trial", "a trial", plan("0 12 29 2 *", "Europe/Moscow", Missed::All, from), Trial::well());
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let ran = Mutex::new(Vec::new());
    for day in ["2026-03-01", "2028-02-28", "2028-02-29", "2028-03-01", "2029-03-01", "2032-02-29"] {
        tick(&pipeline, &job, "one", at(&format!("{day}T10:00:00Z")), &ran).await;
    }
    assert_eq!(*ran.lock().unwrap(), [at("2028-02-29T09:00:00Z"), at("2032-02-29T09:00:00Z")]);
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_again_as_often_as_its_plan_says() {
    for (trial, states, runs) in [
        (Trial { failures: 2, ..Trial::well() }, &["again", "again", "done"][..], 3),
        (Trial { failures: 9, ..Trial::well() }, &["again", "again", "failed"], 3),
        (Trial { never: true, ..Trial::well() }, &["failed"], 1),
        (Trial { hangs: true, ..Trial::well() }, &["again", "again", "failed"], 0),
    ] {
        let folder = Folder::new();
        let pipeline = house(folder.path(), "").await;
        let slot = at("2026-03-02T00:00:00Z");
        let counted = Arc::clone(&trial.runs);
        let job = Job::new("trial", "a trial", plan("0 3 * * *", "Europe/Moscow", Missed::Last, slot), trial);
        assert!(pipeline.store.order_slot("trial", slot, audit(clock::now())).await.unwrap());
        let mut got = Vec::new();
        while got.len() < states.len() {
            let tried = run_slot(&pipeline, &job, "one", slot, &CancellationToken::new()).await.unwrap();
            got.push(match tried.unwrap() {
                Tried::Done(_) => "done",
                Tried::Again(..) => "again",
                Tried::Failed(_) => "failed",
                Tried::GivenBack => "given back",
            });
        }
        assert_eq!((got.as_slice(), counted.load(Ordering::SeqCst)), (states, runs));
        let view = slots(&pipeline.store).await.remove(0);
        let tries = i64::try_from(states.len()).unwrap();
        assert_eq!((view.state.as_str(), view.attempt), (states[states.len() - 1], tries));
        assert_eq!(view.error.is_some(), view.state == "failed", "{view:?}");
        assert!(
            run_slot(&pipeline, &job, "one", slot, &CancellationToken::new()).await.unwrap().is_none(),
            "it has ended"
        );
        pipeline.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_gives_a_running_slot_back_and_a_lost_runner_is_found_by_its_lease() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let slot = at("2026-03-02T00:00:00Z");
    let mut plan = plan("0 3 * * *", "Europe/Moscow", Missed::Last, slot);
    plan.timeout = Length::from_mins(10);
    let job = Job::new("trial", "a trial", plan, Trial { hangs: true, ..Trial::well() });
    pipeline.store.order_slot("trial", slot, audit(clock::now())).await.unwrap();
    let stopped = CancellationToken::new();
    stopped.cancel();
    let tried = run_slot(&pipeline, &job, "one", slot, &stopped).await.unwrap();
    assert_eq!(tried, Some(Tried::GivenBack));
    let view = slots(&pipeline.store).await.remove(0);
    assert_eq!((view.state.as_str(), view.attempt), ("due", 0), "a try that was interrupted is none");

    let now = clock::now();
    let lease = |owner: &'static str, now: DateTime<Utc>| Lease { owner, now, until: now + Duration::seconds(30) };
    let lost = pipeline.store.claim_slot("trial", None, lease("lost", now)).await.unwrap().unwrap();
    let other = lease("other", now + Duration::seconds(29));
    assert_eq!(pipeline.store.claim_slot("trial", None, other).await.unwrap(), None, "it runs");
    assert!(!pipeline.store.order_slot("trial", slot, audit(now)).await.unwrap(), "nor is it ordered again");
    let other = lease("other", now + Duration::seconds(31));
    let found = pipeline.store.claim_slot("trial", None, other).await.unwrap().unwrap();
    assert_eq!((found.slot, found.attempt), (slot, 2));
    assert!(!pipeline.store.renew_slot(lost.id, lease("lost", now)).await.unwrap(), "it is the other's now");
    let done = Tried::Done("{}".into());
    assert!(!pipeline.store.finish_slot(&lost, "lost", &done, now, None).await.unwrap());
    assert!(pipeline.store.finish_slot(&found, "other", &done, now, None).await.unwrap());
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_never_overlaps_itself_and_other_jobs_do_not_wait_for_it() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let store = &pipeline.store;
    let now = clock::now();
    let slots = [at("2026-03-02T00:00:00Z"), at("2026-03-03T00:00:00Z")];
    for slot in slots {
        store.order_slot("trial", slot, audit(now)).await.unwrap();
    }
    store.order_slot("another", slots[0], audit(now)).await.unwrap();
    let lease = |owner: &'static str| Lease { owner, now, until: now + Duration::seconds(30) };
    let first = store.claim_slot("trial", None, lease("one")).await.unwrap().unwrap();
    for only in [None, Some(slots[1])] {
        assert_eq!(store.claim_slot("trial", only, lease("other")).await.unwrap(), None, "{only:?}");
    }
    assert!(store.claim_slot("another", None, lease("other")).await.unwrap().is_some());
    assert!(store.finish_slot(&first, "one", &Tried::Done("{}".into()), now, None).await.unwrap());
    let second = store.claim_slot("trial", None, lease("other")).await.unwrap().unwrap();
    assert_eq!((first.slot, second.slot), (slots[0], slots[1]));
    store.close().await;
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_the_work_of_a_job_and_its_mark_runs_the_slot_again() {
    let folder = Folder::new();
    house(folder.path(), "").await.store.close().await;
    let home = Home::new(folder.path(), "amqp://127.0.0.1:1", "");
    for point in mezhved::failpoint::SCHEDULE_POINTS {
        let run = home.command().args(["jobs", "run", "upkeep"]).env("MEZHVED_FAIL_POINT", point).output().unwrap();
        assert_eq!(run.status.code(), None, "{point}: the process was killed: {run:?}");
    }
    let store = home.store().await;
    let left = slots(&store).await.remove(0);
    assert_eq!((left.state.as_str(), left.attempt), ("running", 1));
    let now = clock::now() + Duration::seconds(31);
    let lease = Lease { owner: "other", now, until: now + Duration::seconds(30) };
    let found = store.claim_slot("upkeep", None, lease).await.unwrap().unwrap();
    assert_eq!((found.id, found.attempt), (left.id, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_job_rests_and_goes_on_from_its_resumption() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let from = at("2026-03-02T00:00:30Z");
    let job = Job::new("trial", "a trial", plan("* * * * *", "Europe/Moscow", Missed::All, from), Trial::well());
    let ran = Mutex::new(Vec::new());
    tick(&pipeline, &job, "one", from, &ran).await;
    tick(&pipeline, &job, "one", from + Duration::minutes(2), &ran).await;
    assert_eq!(ran.lock().unwrap().len(), 2);
    assert!(pipeline.store.pause_job("trial", true, audit(from + Duration::minutes(3))).await.unwrap());
    assert!(
        !pipeline.store.pause_job("trial", true, audit(from + Duration::minutes(4))).await.unwrap(),
        "it rests already"
    );
    tick(&pipeline, &job, "one", from + Duration::minutes(5), &ran).await;
    assert_eq!(ran.lock().unwrap().len(), 2);
    assert!(pipeline.store.pause_job("trial", false, audit(from + Duration::minutes(7))).await.unwrap());
    tick(&pipeline, &job, "one", from + Duration::minutes(9), &ran).await;
    assert_eq!(ran.lock().unwrap()[2..], [at("2026-03-02T00:08:00Z"), at("2026-03-02T00:09:00Z")]);
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_built_in_job_does_its_work_on_a_fresh_store() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), "").await;
    let stale = folder.path().join("contents/ab").join(format!("ab{}", "0".repeat(62)));
    std::fs::create_dir_all(stale.parent().unwrap()).unwrap();
    std::fs::write(&stale, b"nobody's").unwrap();
    let long_ago = std::time::SystemTime::from(clock::now() - Duration::days(9));
    std::fs::File::open(&stale).unwrap().set_modified(long_ago).unwrap();
    for job in mezhved::schedule::jobs(&pipeline.config).unwrap() {
        let slot = job.plan.cron.last(clock::now()).unwrap();
        pipeline.store.order_slot(&job.code, slot, audit(clock::now())).await.unwrap();
        let tried = run_slot(&pipeline, &job, "one", slot, &CancellationToken::new()).await.unwrap();
        assert!(matches!(tried, Some(Tried::Done(_))), "{}: {tried:?}", job.code);
    }
    assert!(!stale.exists(), "a content that nothing refers to is removed");
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_ticks_and_the_verbs_tell_of_it() {
    let (folder, vhost) = (Folder::new(), vhost());
    let more = "[schedule]\nenabled = true\n[jobs.timers]\ncron = \"* * * * * *\"\n";
    let home = Home::new(folder.path(), &vhost.url("mezhved"), more);
    let mut daemon = home.start();
    daemon.ready().await;
    let store = home.store().await;
    let mut looks = Looks::new("a job is done");
    while !slots(&store).await.iter().any(|slot| slot.job == "timers" && slot.state == "done") {
        looks.next().await;
    }
    daemon.stop().await;
    let told = |arguments: &[&str]| {
        let out = home.command().args(arguments).output().unwrap();
        (
            out.status.code().unwrap(),
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)),
        )
    };
    let (code, list) = told(&["jobs", "list"]);
    assert!(code == 0 && list.contains("retention") && list.contains("done"), "{list}");
    let (code, next) = told(&["jobs", "next", "retention", "--count", "2", "--after", "2026-03-01T00:00:00Z"]);
    assert!(code == 0 && next.contains("2026-03-01T00:40:00+00:00") && next.lines().count() == 2, "{next}");
    let (_, next) = told(&["jobs", "next", "timers", "--count", "1", "--json"]);
    let next: serde_json::Value = serde_json::from_str(&next).unwrap();
    assert_eq!(next["slot"].as_i64().unwrap() % 1000, 0, "a whole second: {next}");
    let (code, ran) = told(&["jobs", "run", "upkeep", "--json"]);
    assert!(
        code == 0 && ran.contains(r#""state":"done""#) && ran.contains(r#""said":"the data base is whole"#),
        "{ran}"
    );
    let (code, refused) = told(&["jobs", "run", "upkeep", "--slot", "2026-03-01T00:00:00Z"]);
    assert!(code == 2 && refused.contains("is no slot of upkeep"), "{refused}");
    let (code, unknown) = told(&["jobs", "pause", "upkep"]);
    assert!(
        code == 2 && unknown.contains("the job upkep is unknown") && unknown.contains("did you mean upkeep?"),
        "{unknown}"
    );
    for (verb, code) in [("pause", 0), ("pause", 1), ("resume", 0), ("resume", 1)] {
        assert_eq!(told(&["jobs", verb, "upkeep"]).0, code, "{verb}");
        let list = told(&["jobs", "list"]).1;
        assert_eq!(list.contains("paused by"), verb == "pause", "{list}");
    }
    let (_, journal) = told(&["audit", "show", "--subject", "job:upkeep*", "--json"]);
    let rows: Vec<serde_json::Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let acts: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(acts, ["job.order", "job.run", "job.pause", "job.resume"], "{journal}");
    let (code, history) = told(&["jobs", "history", "upkeep", "--json"]);
    assert!(code == 0 && history.contains("the data base is whole"), "{history}");
    let (code, wrong) = told(&["--set", "jobs.upkeep.cron='0 0 30 2 *'", "check"]);
    assert!(code == 2 && wrong.contains("cron.never"), "{wrong}");
}
