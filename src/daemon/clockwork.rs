//! The loops that go by the clock: due timers, and one loop a job, woken by the tick.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{AWAY_PAUSE, DaemonFault, Loops, start, until};
use crate::clock;
use crate::export::{self, Bench, Jobs};
use crate::schedule::{self, Job, Piece, ScheduleFault, Ticker};
use crate::store::Fate;

/// The longest that a job is not looked at: another process may have ordered it, paused it or given a slot of it back.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(5);
/// Pause of a job whose days the calendar does not know.
const CALENDAR_PAUSE: Duration = Duration::from_mins(10);

/// Starts what goes by the clock, unless it is off.
pub(super) async fn start_schedule(loops: &Loops, tracker: &TaskTracker) -> Result<Option<Ticker>, DaemonFault> {
    let jobs = schedule::jobs(&loops.pipeline.config).map_err(|faults| DaemonFault::Schedule(faults.join("\n")))?;
    if !loops.pipeline.config.schedule.enabled {
        tracing::info!("the schedule is off: timers and jobs wait");
        return Ok(None);
    }
    tell_of_exports(loops);
    for fault in schedule::idle(&jobs, clock::now(), &loops.pipeline.calendar) {
        tracing::error!(fault, "a job never runs; see `mezhved check`");
    }
    let ticker = Ticker::start().await.map_err(|fault| DaemonFault::Schedule(fault.to_string()))?;
    start(loops, tracker, timers_loop(loops.clone()));
    let owner = format!("{}:{}", std::process::id(), uuid::Uuid::now_v7());
    tracing::info!(jobs = jobs.len(), owner, "the schedule runs");
    for job in jobs {
        start(loops, tracker, job_loop(loops.clone(), job, owner.clone(), ticker.ticks()));
    }
    Ok(Some(ticker))
}

/// Exports that cannot run are told at the start; they hinder nothing else.
fn tell_of_exports(loops: &Loops) {
    let pipeline = &loops.pipeline;
    let bench = Bench::of(&pipeline.config, &pipeline.lifecycles);
    match Jobs::load(pipeline.config.exports.folder.as_deref(), &bench) {
        Ok(jobs) => {
            for finding in export::findings(&jobs, &bench) {
                tracing::error!(of = finding.of, fault = finding.text, "an export cannot run; see `mezhved check`");
            }
        }
        Err(fault) => tracing::error!(%fault, "the folder of exports cannot be read; none of its jobs will run"),
    }
}

/// Lets timers fire as soon as they are due.
async fn timers_loop(loops: Loops) {
    let pipeline = &loops.pipeline;
    while !loops.stopping.is_cancelled() {
        let pause = match pipeline.fire(clock::now()).await {
            Ok(fired) if fired.is_empty() => until(&pipeline.store.next_timer().await),
            Ok(_) => continue,
            Err(fault) if fault.fate() == Fate::Stop => {
                loops.fault.send_replace(Some(DaemonFault::Store(fault.to_string())));
                return;
            }
            Err(fault) => {
                tracing::warn!(%fault, "timers wait for the store");
                AWAY_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = loops.stopping.cancelled() => return,
        }
    }
}

/// Runs one job whenever a slot of it is due; a stop gives a running slot back.
async fn job_loop(loops: Loops, job: Job, owner: String, mut ticks: watch::Receiver<u64>) {
    let pipeline = &loops.pipeline;
    let mut look_at: DateTime<Utc> = clock::now();
    loop {
        tokio::select! {
            tick = ticks.changed() => if tick.is_err() {
                return;
            },
            () = loops.stopping.cancelled() => return,
        }
        let now = clock::now();
        if now < look_at {
            continue;
        }
        look_at = match schedule::run_once(pipeline, &job, &owner, &loops.stopping).await {
            Ok(Piece::Ran(..)) => now,
            Ok(Piece::Idle(due)) => due.unwrap_or(now + LOOK_PAUSE_MAX).min(now + LOOK_PAUSE_MAX),
            Err(ScheduleFault::Store(fault)) if fault.fate() == Fate::Stop => {
                loops.fault.send_replace(Some(DaemonFault::Store(fault.to_string())));
                return;
            }
            Err(ScheduleFault::Store(fault)) => {
                tracing::warn!(job = job.code, %fault, "a job waits for the store");
                now + AWAY_PAUSE
            }
            Err(ScheduleFault::Calendar(fault)) => {
                tracing::error!(job = job.code, %fault, "a job that runs on working days cannot be run");
                now + CALENDAR_PAUSE
            }
        };
    }
}
