//! Exports by the clock: nobody asks for them, slots come, and what was missed is made up for as the job says.

use chrono::{DateTime, Duration, Utc};
use mezhved::apply::rows::AuditRow;
use mezhved::clock;
use mezhved::schedule::run::look;
use mezhved::schedule::{self, Job, run_slot};
use mezhved::store::{ExportFilter, SlotFilter, SlotView, Tried};
use tokio_util::sync::CancellationToken;

use super::ready::is_valid;
use super::*;
use crate::support::client::Client;
use crate::support::rabbitmq::vhost;

/// The steps of the day before, as documents.
const NIGHTLY: &str = "code = 'nightly'\nregister = 'status-history'\nperiod = 'previous day'\nmoment = 'happened_at'\n\
                       format = 'xml'\n[schedule]\ncron = '30 2 * * *'\nmissed = 'POLICY'\n\
                       [[destination]]\nkind = 'folder'\nname = '{slot:%Y-%m-%d}.{ext}'\n";

fn job(pipeline: &Pipeline, code: &str) -> Job {
    schedule::jobs(&pipeline.config).unwrap().into_iter().find(|job| job.code == code).unwrap()
}

/// The slots of a job that there are, by their moments.
async fn slots(pipeline: &Pipeline, job: &Job) -> Vec<SlotView> {
    let filter = SlotFilter { job: Some(job.code.clone()), limit: 100, ..SlotFilter::default() };
    let mut slots = pipeline.store.slots(&filter).await.unwrap();
    slots.sort_by_key(|slot| slot.slot);
    slots
}

/// Runs whatever is due of a job; gives the moments and how each ended.
async fn run_due(pipeline: &Arc<Pipeline>, job: &Job) -> Vec<(DateTime<Utc>, Tried)> {
    let mut ran = Vec::new();
    loop {
        let due = slots(pipeline, job).await.into_iter().find(|slot| slot.state == "due");
        let Some(due) = due else { return ran };
        let moment = DateTime::from_timestamp_millis(due.slot).unwrap();
        let tried = run_slot(pipeline, job, "story", moment, &CancellationToken::new()).await.unwrap();
        ran.push((moment, tried.expect("nobody else runs it")));
    }
}

fn file_of(slot: DateTime<Utc>) -> String {
    slot.with_timezone(&chrono_tz::Europe::Moscow).format("%Y-%m-%d.xml").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_missed_night_has_its_file_or_none_as_the_policy_says() {
    for (policy, made) in [("all", 3), ("last", 1), ("skip", 0)] {
        let folder = Folder::new();
        write_jobs(&folder, &[("nightly", &NIGHTLY.replace("POLICY", policy))]);
        let pipeline = filled_with(&folder, &section(&folder), some_traffic(20, 200)).await;
        let nightly = job(&pipeline, "export-nightly");
        let last = nightly.plan.cron.last(clock::now()).unwrap();
        look(&pipeline, &nightly, last - Duration::hours(60)).await.unwrap();
        // Nobody was there for three nights.
        look(&pipeline, &nightly, last + Duration::hours(2)).await.unwrap();
        assert_eq!(slots(&pipeline, &nightly).await.len(), 3, "{policy}");
        let ran = run_due(&pipeline, &nightly).await;
        assert!(ran.len() == made && ran.iter().all(|(_, tried)| matches!(tried, Tried::Done(_))), "{policy}: {ran:?}");
        assert!(ran.last().is_none_or(|(slot, _)| *slot == last), "{policy}");
        let expected: BTreeSet<String> =
            ran.iter().flat_map(|(slot, _)| [file_of(*slot), format!("{}.manifest.json", file_of(*slot))]).collect();
        assert_eq!(names(&folder.path().join("out")), expected, "{policy}");
        let runs = pipeline.store.export_runs(&ExportFilter { limit: 100, ..ExportFilter::default() }).await.unwrap();
        let told: Vec<_> = runs.iter().map(|run| (run.job.as_str(), run.actor.as_str(), run.state.as_str())).collect();
        assert_eq!(told, vec![("nightly", "schedule", "done"); made], "{policy}");
        assert_eq!(runs.iter().any(|run| run.rows > Some(0)), made > 0, "{policy}: some night has something to tell");
        let later = clock::now() + Duration::days(1);
        let mut owed = Vec::new();
        loop {
            // Those of one job leave one after another.
            let due = pipeline.store.outbox_due(&["queue"], later, 1000).await.unwrap();
            let sent: Vec<i64> = due.iter().map(|row| row.id).collect();
            if sent.is_empty() {
                break;
            }
            pipeline.store.outbox_done(&sent, &[], &[], later).await.unwrap();
            owed.extend(due.into_iter().filter(|row| row.address == "export.ready"));
        }
        assert_eq!(owed.len(), made, "{policy}");
        owed.iter().for_each(|row| is_valid(&row.body));
        pipeline.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_slot_that_is_ordered_again_gives_the_same_bytes() {
    let folder = Folder::new();
    write_jobs(&folder, &[("nightly", &NIGHTLY.replace("POLICY", "all"))]);
    let pipeline = filled_with(&folder, &section(&folder), some_traffic(21, 120)).await;
    let nightly = job(&pipeline, "export-nightly");
    let last = nightly.plan.cron.last(clock::now()).unwrap();
    look(&pipeline, &nightly, last - Duration::hours(1)).await.unwrap();
    look(&pipeline, &nightly, last).await.unwrap();
    run_due(&pipeline, &nightly).await;
    let file = folder.path().join("out").join(file_of(last));
    let first = fs::read(&file).unwrap();
    // What comes later belongs to the same days, and the file is lost meanwhile.
    settle(&pipeline, some_traffic(22, 120).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    fs::remove_file(&file).unwrap();
    let audit = AuditRow {
        at: clock::now(),
        actor: "tester".into(),
        action: "job.order",
        subject: "job".into(),
        before: None,
        after: None,
    };
    assert!(pipeline.store.order_slot("export-nightly", last, audit).await.unwrap());
    assert!(matches!(run_due(&pipeline, &nightly).await[..], [(slot, Tried::Done(_))] if slot == last));
    assert!(fs::read(&file).unwrap() == first, "the same bytes");
    let runs = pipeline.store.export_runs(&ExportFilter { limit: 100, ..ExportFilter::default() }).await.unwrap();
    let told: BTreeSet<(i64, &str)> = runs.iter().map(|run| (run.attempt, run.actor.as_str())).collect();
    assert_eq!(told, BTreeSet::from([(1, "schedule"), (2, "tester")]), "the history says who ordered it");
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_is_tried_as_its_plan_says_and_hinders_no_other() {
    let folder = Folder::new();
    let lost = "code = 'lost'\nregister = 'cases'\n[schedule]\ncron = '30 2 * * *'\nretries = 1\nretry_pause_seconds = 0\n\
                [[destination]]\nkind = 'folder'\npath = 'OUT/nowhere'\n";
    let wrong = "code = 'wrong'\nregister = 'cases'\ncolumns = ['colour']\n[schedule]\ncron = '30 2 * * *'\n";
    let jobs = [("lost", lost), ("wrong", wrong), ("nightly", &NIGHTLY.replace("POLICY", "last"))];
    write_jobs(&folder, &jobs);
    let pipeline = filled_with(&folder, &section(&folder), some_traffic(23, 40)).await;
    for (code, tries, said) in [
        ("export-lost", 2, "make the folder, or name another"),
        ("export-wrong", 1, "wrong.toml:3: export.job: cases has no column `colour`"),
        ("export-nightly", 1, ""),
    ] {
        let job = job(&pipeline, code);
        let last = job.plan.cron.last(clock::now()).unwrap();
        look(&pipeline, &job, last - Duration::hours(1)).await.unwrap();
        look(&pipeline, &job, last).await.unwrap();
        let ran = run_due(&pipeline, &job).await;
        assert_eq!(ran.len(), tries, "{code}: {ran:?}");
        let slot = slots(&pipeline, &job).await.remove(0);
        let error = slot.error.unwrap_or_default();
        assert_eq!(
            (slot.state.as_str(), error.contains(said)),
            (if said.is_empty() { "done" } else { "failed" }, true),
            "{code}: {error}"
        );
    }
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_exports_by_its_clock_and_tells_of_it() {
    let (folder, vhost) = (Folder::new(), vhost());
    let often = "code = 'often'\nregister = 'cases'\nformat = 'xml'\n[schedule]\ncron = '* * * * * *'\n\
                 [[destination]]\nkind = 'folder'\nname = '{slot:%H%M%S}.{ext}'\n[[destination]]\nkind = 'queue'\n";
    write_jobs(&folder, &[("often", often)]);
    filled(&folder, some_traffic(24, 40)).await.store.close().await;
    let more = format!("{FIVE}\n{}[schedule]\nenabled = true\n", section(&folder));
    let home = Home::new(folder.path(), &vhost.url("mezhved"), &more);
    let mut daemon = home.start();
    daemon.ready().await;
    let client = Client::new(vhost.url("mezhved")).await;
    let ready = client.take("export.ready", 2).await;
    let own = client.take("export.often", 1).await;
    daemon.stop().await;
    let text = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
    ready.iter().chain(&own).for_each(|message| is_valid(&text(&message.body)));
    let element = |body: &str, name: &str| {
        let (_, rest) = body.split_once(&format!("<b:{name}>")).unwrap_or_else(|| panic!("{name}: {body}"));
        rest.split_once('<').unwrap().0.to_owned()
    };
    for message in &ready {
        let body = text(&message.body);
        let bytes = fs::read(element(&body, "Place")).unwrap();
        assert_eq!(element(&body, "Sha256"), hex::encode(Sha256::digest(&bytes)));
    }
    let content = element(&text(&own[0].body), "Content");
    let content = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, content).unwrap();
    assert_eq!(element(&text(&own[0].body), "Sha256"), hex::encode(Sha256::digest(content)));
    assert!(home.verb(&["export", "history", "--job", "often", "--state", "done", "--json"], 0).lines().count() >= 2);
    assert!(home.verb(&["jobs", "history", "export-often", "--json"], 0).contains("sha256"));
    assert!(home.verb(&["export", "list", "--json"], 0).contains("\"schedule\":\"* * * * * *\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_jobs_that_cannot_be_read_is_told_at_once() {
    let folder = Folder::new();
    filled(&folder, Vec::new()).await.store.close().await;
    let home = Home::new(folder.path(), NO_BROKER, &format!("{FIVE}\n{}", section(&folder)));
    for (arguments, code) in [
        (&["run"][..], 2),
        (&["check"], 1),
        (&["check", "--broker"], 1),
        (&["export", "list"], 2),
        (&["jobs", "list"], 2),
    ] {
        let output = home.command().args(arguments).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            said.contains("export.folder") && said.contains("name a folder that can be read"),
            "{arguments:?}: {said}"
        );
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }
}
