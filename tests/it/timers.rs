//! Terms that run out: every timer of every lifecycle, and what must hold however late, often and interrupted they fire. The stories of
//! `fixtures/timers` are told by steps.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use mezhved::admit::Answers;
use mezhved::apply::world::{Case, CaseKey, Document, Entry, Scope, TimerEnd, TimerRow, World};
use mezhved::apply::{self, Change, Context, DueTimer};
use mezhved::config::StateServices;
use mezhved::domain::calendar::Calendar;
use mezhved::domain::lifecycle::{Action, Due, Lifecycle, Status, System, Timer};
use mezhved::domain::routing::Routing;
use mezhved::pipeline::Pipeline;
use mezhved::sample::Shares;
use mezhved::store::{Becomes, Fate, TimerFilter};
use mezhved::{desk, failpoint, notify};
use proptest::prelude::*;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::sixth::{sixth, sixth_message};
use crate::support::daemon::Home;
use crate::support::traffic::traffic_from;
use crate::support::{FIVE, Folder, delivery, house, rules, settle, wake};

// ---- every timer of every lifecycle, by itself ----

/// A case that could stand in any status of its kind: every field that any status asks for is there.
fn case(lifecycle: &Lifecycle, status: &Status, timer: &Timer, since: DateTime<Utc>) -> Case {
    let mut details = serde_json::Map::new();
    for code in lifecycle.statuses().iter().flat_map(|status| &status.asks) {
        details.insert(code.clone(), serde_json::json!("1"));
    }
    if let Some((field, value)) = &timer.only {
        details.insert(field.clone(), serde_json::json!(value));
    }
    let key =
        CaseKey { system: lifecycle.system().to_owned(), kind: lifecycle.kind().code.clone(), number: "1".into() };
    Case {
        id: Some(1),
        key,
        service: lifecycle.services().first().map(|service| service.code.clone()).unwrap_or_default(),
        object: None,
        purpose: None,
        unit: None,
        title: None,
        parent: None,
        applicant: None,
        open: status.class.is_open(),
        status: status.code.clone(),
        turn: 3,
        since,
        origin: "CABINET".into(),
        root: None,
        agency: "CABINET".into(),
        officer: None,
        deadline: Some(since + Duration::days(10)),
        expected_on: None,
        email: None,
        phone: None,
        valid_from: None,
        valid_until: Some(since + Duration::days(10)),
        amount: None,
        details,
        version: 1,
        corrected: false,
        opened_at: since,
        changed_at: since,
    }
}

/// A document of every type that any status asks for.
fn documents(lifecycle: &Lifecycle, at: DateTime<Utc>) -> Vec<Document> {
    let types: BTreeSet<&String> = lifecycle.statuses().iter().flat_map(|one| &one.documents).flatten().collect();
    let document = |kind: &&String| Document {
        id: Some(1),
        kind: (*kind).clone(),
        number: String::new(),
        series: None,
        title: None,
        issuer: None,
        issued_on: None,
        valid_until: None,
        state: "approved".into(),
        reason: None,
        signed: None,
        media_type: "application/pdf".into(),
        locked: false,
        versions: 1,
        changed_at: at,
    };
    types.iter().map(document).collect()
}

fn with_context<T>(calendar: &Calendar, now: DateTime<Utc>, work: impl FnOnce(&Context<'_>) -> T) -> T {
    let folder = Folder::new();
    let config = mezhved::config::Config::check(&crate::support::written(folder.path(), FIVE)).unwrap();
    work(&Context {
        now,
        seed: [0; 32],
        services: &StateServices::default(),
        answers: &Answers::default(),
        agency: "MINSTROY",
        zone: chrono_tz::Europe::Moscow,
        lifecycles: &rules(&config).lifecycles,
        calendar,
        routing: &Routing::default(),
        delays: &[],
        patience: std::time::Duration::ZERO,
        dead_letter_inline_bytes_max: 0,
        held: &|_| None,
    })
}

#[test]
fn every_timer_of_every_lifecycle_does_what_it_says() {
    let since: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    let calendar = Calendar::official();
    let mut faults = Vec::new();
    let mut seen = BTreeMap::<&str, usize>::new();
    with_context(&calendar, since + Duration::days(40), |context| {
        for lifecycle in context.lifecycles.systems().flat_map(System::kinds) {
            let of_status =
                lifecycle.statuses().iter().flat_map(|one| one.timers.iter().map(move |timer| (one, timer, true)));
            let start = lifecycle.start();
            let of_life = lifecycle.timers().iter().map(|timer| (start, timer, false));
            for (status, timer, bound) in of_status.chain(of_life) {
                let case = case(lifecycle, status, timer, since);
                let row = TimerRow {
                    code: if bound { format!("{}/{}", status.code, timer.code) } else { timer.code.clone() },
                    scope: if bound { Scope::Turn(case.turn) } else { Scope::Life },
                    started_at: since,
                    due_at: since + Duration::days(10),
                };
                let mut world = World::default();
                world.documents.insert(case.key.clone(), documents(lifecycle, since));
                world.cases.insert(case.key.clone(), case.clone().into());
                let due = DueTimer { id: 7, case: case.key.clone(), row };
                let (settlement, _) = apply::fire(std::slice::from_ref(&due), world, context);
                let place = format!("{}/{} {}", lifecycle.system(), lifecycle.kind().code, due.row.code);
                let changes = &settlement.writes.changes;
                let end =
                    changes.iter().find_map(|change| if let Change::Ended(7, end) = change { Some(end) } else { None });
                let moved = changes.iter().find_map(|change| match change {
                    Change::Case(after) if after.key == case.key && after.turn == 4 => Some(after.status.clone()),
                    _ => None,
                });
                let told: Vec<_> = settlement.writes.noticed.iter().map(|noticed| noticed.event.code.clone()).collect();
                let timed =
                    changes.iter().any(|change| matches!(change, Change::History(row) if row.entry == Entry::Timed));
                let service = lifecycle.service(&case.service);
                let right = match &timer.action {
                    Action::Move { .. } => {
                        let to = lifecycle.timer_target(status, timer, service).map(|to| to.code.clone());
                        moved == to && matches!(end, Some(TimerEnd::Fired(_)))
                    }
                    Action::Remind { event } | Action::Escalate { event } => {
                        told == [event.clone()] && timed && moved.is_none()
                    }
                    Action::Extract { .. } => end.is_some(),
                };
                let action = match &timer.action {
                    Action::Move { .. } => "move",
                    Action::Remind { .. } => "remind",
                    Action::Escalate { .. } => "escalate",
                    Action::Extract { .. } => "extract",
                };
                *seen.entry(action).or_default() += 1;
                if !right {
                    faults.push(format!("{place}: {end:?}, moved {moved:?}, told {told:?}"));
                }
            }
        }
    });
    assert!(faults.is_empty(), "{} timers:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), ["escalate", "extract", "move", "remind"]);
    assert!(seen.values().sum::<usize>() > 60, "{seen:?}");
}

#[test]
fn a_timer_whose_case_has_moved_on_is_void_and_one_that_has_no_place_is_stuck() {
    let since: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    with_context(&Calendar::official(), since + Duration::days(40), |context| {
        let lifecycle = context.lifecycles.get("epgu").unwrap();
        let status = lifecycle.status("clarification").unwrap();
        let timer = status.timers.iter().find(|timer| timer.due == Due::Deadline).unwrap();
        let case = case(lifecycle, status, timer, since);
        let fire = |scope: Scope, code: &str| {
            let row = TimerRow { code: code.into(), scope, started_at: since, due_at: since + Duration::days(10) };
            let world = World { cases: [(case.key.clone(), case.clone().into())].into(), ..World::default() };
            let (settlement, _) = apply::fire(&[DueTimer { id: 7, case: case.key.clone(), row }], world, context);
            settlement
                .writes
                .changes
                .into_iter()
                .find_map(|change| if let Change::Ended(_, end) = change { Some(end) } else { None })
        };
        for (scope, code, state) in [
            (Scope::Turn(3), "clarification/unanswered", "fired"),
            (Scope::Turn(2), "clarification/unanswered", "void"),
            (Scope::Turn(3), "clarification/removed-since", "stuck"),
            (Scope::Life, "removed-since", "stuck"),
            (Scope::Document("passport".into(), "1".into()), "document/validity", "void"),
            (Scope::Request, "request/due", "void"),
        ] {
            let end = fire(scope.clone(), code).unwrap();
            assert_eq!(end.state(), state, "{scope:?} {code}: {end:?}");
        }
    });
}

// ---- however late, often and interrupted ----

/// What must be the same whenever the timers fire.
async fn picture(path: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path).read_only(true)).await.unwrap();
    let mut picture = BTreeMap::new();
    for (what, query) in [
        (
            "cases",
            "SELECT system || ' ' || kind || ' ' || number || ' ' || status || ' ' || since || ' ' || turn FROM cases ORDER BY 1",
        ),
        (
            "history",
            "SELECT c.kind || ' ' || c.number || ' ' || h.entry || ' ' || coalesce(h.from_status, '') || '>' || h.to_status || ' ' \
             || h.happened_at || ' ' || coalesce(t.code, '') FROM history h JOIN cases c ON c.id = h.case_id \
             LEFT JOIN timers t ON t.id = h.timer ORDER BY 1",
        ),
        (
            "timers",
            "SELECT c.kind || ' ' || c.number || ' ' || t.code || ' ' || t.due_at || ' ' || t.state FROM timers t \
             JOIN cases c ON c.id = t.case_id ORDER BY 1",
        ),
        ("events", "SELECT case_number || ' ' || code FROM events ORDER BY 1"),
        (
            "survivors",
            "SELECT t.code FROM timers t JOIN cases c ON c.id = t.case_id WHERE t.state IN ('pending', 'stuck') \
             AND t.scope = 'turn' AND t.turn <> c.turn",
        ),
        (
            "twice",
            "SELECT timer || '' FROM history WHERE timer IS NOT NULL AND entry <> 'opened' GROUP BY timer, case_id, entry HAVING count(*) > 1",
        ),
    ] {
        let rows = sqlx::query(query).fetch_all(&pool).await.unwrap();
        picture.insert(what, rows.iter().map(|row| row.get(0)).collect());
    }
    pool.close().await;
    assert_eq!(picture["survivors"], [""; 0], "no timer survives its status");
    assert_eq!(picture["twice"], [""; 0], "no timer fires twice");
    picture
}

/// A store with traffic of a month that lies half a year back, nothing of it fired yet.
async fn before(folder: &Path, seed: u64) -> (Arc<Pipeline>, DateTime<Utc>) {
    let base: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().unwrap();
    let pipeline = house(folder, "[parking]\ndelays_milliseconds = [3600000]\n").await;
    let mut messages = traffic_from(base, seed, 400, Shares::none());
    // The last answers never come: what they would have ended waits until its term is over.
    messages.truncate(240);
    settle(&pipeline, messages.iter().map(|message| delivery(&pipeline, message.bytes.to_vec())).collect()).await;
    wake(&pipeline).await;
    (pipeline, base)
}

async fn fire_all(pipeline: &Arc<Pipeline>, at: DateTime<Utc>) -> usize {
    let mut count = 0;
    loop {
        match pipeline.fire(at).await {
            Ok(fired) if fired.is_empty() => return count,
            Ok(fired) => count += fired.len(),
            // Another daemon writes.
            Err(fault) => assert_eq!(fault.fate(), Fate::Retry, "{fault}"),
        }
    }
}

#[test]
fn timers_that_fire_late_do_what_timely_ones_do() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (seed, days) = (41, 150);
    let once = runtime.block_on(async {
        let folder = Folder::new();
        let (pipeline, base) = before(folder.path(), seed).await;
        let fired = fire_all(&pipeline, base + Duration::days(days)).await;
        assert!(fired > 40, "only {fired} timers fire");
        assert_eq!(fire_all(&pipeline, base + Duration::days(days)).await, 0, "none of them again");
        pipeline.store.close().await;
        picture(&folder.path().join("store.sqlite")).await
    });
    let config = ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(looks in proptest::collection::vec(0..150_i64 * 24, 1..40), daemons in proptest::collection::vec(any::<bool>(), 40))| {
        let mut looks = looks;
        looks.sort_unstable();
        let piecewise = runtime.block_on(async {
            let folder = Folder::new();
            let (one, base) = before(folder.path(), seed).await;
            // Two daemons over one store; whichever comes first fires, and then both look again.
            let other = house(folder.path(), "").await;
            for (look, first) in looks.iter().zip(&daemons) {
                let at = base + Duration::hours(*look);
                let (first, second) = if *first { (&one, &other) } else { (&other, &one) };
                let _ = tokio::join!(fire_all(first, at), fire_all(second, at));
            }
            fire_all(&other, base + Duration::days(days)).await;
            one.store.close().await;
            other.store.close().await;
            picture(&folder.path().join("store.sqlite")).await
        });
        prop_assert_eq!(&piecewise, &once);
    });
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_any_two_steps_of_firing_changes_nothing() {
    let at = "2026-06-30T00:00:00Z";
    let undisturbed = {
        let folder = Folder::new();
        let (pipeline, _) = before(folder.path(), 42).await;
        fire_all(&pipeline, at.parse().unwrap()).await;
        pipeline.store.close().await;
        picture(&folder.path().join("store.sqlite")).await
    };
    let folder = Folder::new();
    let (pipeline, _) = before(folder.path(), 42).await;
    pipeline.store.close().await;
    let home = Home::new(folder.path(), "amqp://127.0.0.1:1", "");
    for point in failpoint::TIMER_POINTS {
        let mut run = home.command();
        let run = run.args(["timers", "run", "--at", at]).env("MEZHVED_FAIL_POINT", point).output().unwrap();
        assert_eq!(run.status.code(), None, "{point}: the process was killed: {run:?}");
    }
    let run = home.command().args(["timers", "run", "--all", "--json", "--at", at]).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(picture(&home.store_path()).await, undisturbed);
}

#[cfg(feature = "fail-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_at_any_step_of_firing_is_asked_again() {
    let at = "2026-07-30T00:00:00Z".parse().unwrap();
    let mut expected = None;
    for step in 0.. {
        let folder = Folder::new();
        let (pipeline, _) = before(folder.path(), 43).await;
        let path = folder.path().join("store.sqlite");
        failpoint::arm_store(&path, step);
        while pipeline.fire(at).await.map_or(1, |fired| fired.len()) > 0 {}
        let steps = failpoint::disarm_store(&path);
        pipeline.store.close().await;
        let picture = picture(&path).await;
        assert_eq!(expected.get_or_insert(picture.clone()), &picture, "step {step}");
        if step > steps {
            assert!(step > 8, "firing has many steps: {step}");
            break;
        }
    }
}

// ---- stuck, and mended ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_whose_calendar_year_is_missing_is_stuck_until_the_file_is_there() {
    let folder = Folder::new();
    let more = sixth(folder.path());
    let file = folder.path().join("schemas/reestr/lifecycle.toml");
    let next = "next = [\"waiting\", \"applied\"]\n";
    let timers =
        "timers = [{ code = \"untouched\", after = \"1 hour\", move = \"waiting\", reason = \"term-expired\" }]\n";
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(next));
    fs::write(&file, text.replace(next, &format!("{next}{timers}"))).unwrap();
    let pipeline = house(folder.path(), &more).await;
    let application = "<Заявка><Номер>Р-1</Номер><Подана>2031-03-03T10:00:00</Подана><Услуга>record</Услуга></Заявка>";
    settle(&pipeline, vec![sixth_message(&pipeline, 1, application)]).await;
    let at = "2031-03-03T12:00:00Z".parse().unwrap();
    let fired = pipeline.fire(at).await.unwrap();
    assert_eq!(fired.len(), 1, "{fired:?}");
    assert!(matches!(&fired[0].end, TimerEnd::Stuck(why) if why.contains("2031.toml")), "{fired:?}");
    assert_eq!(fire_all(&pipeline, at).await, 0, "what is stuck is left alone");
    let filter = TimerFilter { state: Some("stuck".into()), limit: 10, ..TimerFilter::default() };
    let stuck = pipeline.store.timers(&filter).await.unwrap();
    assert_eq!((stuck.len(), stuck[0].number.as_str()), (1, "Р-1"));
    pipeline.store.close().await;

    let calendars = folder.path().join("calendars");
    fs::create_dir_all(&calendars).unwrap();
    fs::write(calendars.join("2031.toml"), "year = 2031\ndays_off = [2031-03-10]\n").unwrap();
    let pipeline =
        house(folder.path(), &format!("[time]\ncalendar_folder = \"{}\"\n{more}", calendars.display())).await;
    assert_eq!(desk::retry_timers(&pipeline.store, Some(stuck[0].id), "tester").await.unwrap(), 1);
    assert_eq!(desk::retry_timers(&pipeline.store, None, "tester").await.unwrap(), 0);
    let fired = pipeline.fire(at).await.unwrap();
    assert!(matches!(&fired[..], [one] if one.end == TimerEnd::Fired("moved to waiting".into())), "{fired:?}");
    pipeline.store.close().await;
}

// ---- what people read ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_by_a_timer_tells_its_reason_and_its_term() {
    let folder = Folder::new();
    let pipeline = house(folder.path(), FIVE).await;
    for file in ["01-application.xml", "02-rework.xml"] {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agis2/valid/a-request-reworked-decided-and-read");
        settle(&pipeline, vec![delivery(&pipeline, fs::read(folder.join(file)).unwrap())]).await;
    }
    fire_all(&pipeline, "2026-04-01T00:00:00Z".parse().unwrap()).await;
    while notify::tell(&pipeline).await.unwrap() > 0 {}
    let later = mezhved::clock::now() + Duration::days(1);
    // The next of a case is due when the one before is out.
    let mut rows = Vec::new();
    loop {
        let due = pipeline.store.notifications_due("cabinet", later, u32::MAX).await.unwrap();
        if due.is_empty() {
            break;
        }
        let fates: Vec<_> = due.iter().map(|row| (row.id, Becomes::Confirmed)).collect();
        pipeline.store.settle_notifications(&fates, later).await.unwrap();
        rows.extend(due);
    }
    let telling = |language| notify::Telling {
        language,
        config: &pipeline.config,
        routing: &pipeline.routing,
        calendar: &pipeline.calendar,
        now: later,
    };
    for (language, status, reason) in [
        (notify::Language::Russian, "Отказано", "Истёк срок: 10 рабочих дней, до 17.03.2026"),
        (notify::Language::English, "Refused", "The term has expired: 10 working days, until 17 March 2026"),
    ] {
        let texts = notify::Texts::compile(&pipeline.lifecycles, language, &BTreeMap::new()).unwrap();
        let words = rows.iter().map(|row| {
            let event = &row.noticed.event;
            let lifecycle = pipeline.lifecycles.kind(&event.case.system, &event.case.kind).unwrap();
            let known = pipeline.lifecycles.event(&event.case, &event.code).unwrap();
            let values = notify::values(event, lifecycle, known, &telling(language));
            texts.words(&event.case.system, &event.code, &values).unwrap().long
        });
        let words: Vec<String> = words.collect();
        let refusal = words.iter().find(|words| words.contains(status)).unwrap();
        assert!(refusal.contains(reason), "{refusal}");
        // The number of the case is its sender's.
        let cyrillic = refusal.replace("АГ-1", "").contains(|sign: char| ('\u{400}'..='\u{4ff}').contains(&sign));
        assert_eq!(cyrillic, language == notify::Language::Russian, "{refusal}");
    }
    pipeline.store.close().await;
}
