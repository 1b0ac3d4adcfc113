//! One bounded piece of a job: look which slots have come, claim one, run it within its time, tell what became of it. Everything that must
//! last stands in the store, so a stop or another replica changes nothing.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::job::{Job, JobFault, Report, Run};
use crate::apply::rows::AuditRow;
use crate::clock;
use crate::domain::calendar::CalendarFault;
use crate::failpoint;
use crate::pipeline::Pipeline;
use crate::store::{Claimed, Lease, NewSlots, SCHEDULE, Store, StoreFault, Tried};

/// A runner that has not said so for this long is gone.
const LEASE: Duration = Duration::from_secs(30);
/// How often it says so.
const RENEWAL: Duration = Duration::from_secs(10);

/// Why a piece could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFault {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreFault),
    /// Only working days count, and the calendar does not know them.
    #[error("{0}")]
    Calendar(#[from] CalendarFault),
}

/// What a piece did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A slot was tried.
    Ran(DateTime<Utc>, Tried),
    /// Nothing is due before then.
    Idle(Option<DateTime<Utc>>),
}

/// Looks which slots of a job have come, and enters them.
pub async fn look(pipeline: &Pipeline, job: &Job, now: DateTime<Utc>) -> Result<(), ScheduleFault> {
    let known = pipeline.store.job(&job.code, now).await?;
    if known.paused.is_some() || known.seen >= now {
        return Ok(());
    }
    let look = job.plan.look(known.seen, now, &pipeline.calendar)?;
    if look.run.is_empty() && look.skipped.is_empty() {
        // Nothing came: the next look goes on from here, and nobody needs to know.
        return Ok(());
    }
    if !look.skipped.is_empty() {
        tracing::warn!(job = job.code, slots = look.skipped.len(), "slots were missed and are skipped");
    }
    let run: Vec<_> = look.run.iter().map(|slot| (*slot, job.plan.begins(&job.code, *slot))).collect();
    let slots = NewSlots {
        job: &job.code,
        origin: SCHEDULE,
        run: &run,
        skipped: &look.skipped,
        seen_before: known.seen,
        seen: look.seen,
        now,
    };
    Ok(pipeline.store.enter_slots(&slots).await?)
}

/// One bounded piece: at most one slot is run. `owner` is a name that no other runner has; `ending` gives a running slot back.
pub async fn run_once(
    pipeline: &Arc<Pipeline>,
    job: &Job,
    owner: &str,
    ending: &CancellationToken,
) -> Result<Piece, ScheduleFault> {
    let now = clock::now();
    look(pipeline, job, now).await?;
    let Some(claimed) = pipeline.store.claim_slot(&job.code, None, lease(owner, now)).await? else {
        return Ok(Piece::Idle(next(pipeline, job, now).await?));
    };
    Ok(Piece::Ran(claimed.slot, run_claimed(pipeline, job, owner, &claimed, ending).await?))
}

/// Runs one slot of a job that is in the table and due; none while another slot of it runs.
pub async fn run_slot(
    pipeline: &Arc<Pipeline>,
    job: &Job,
    owner: &str,
    slot: DateTime<Utc>,
    ending: &CancellationToken,
) -> Result<Option<Tried>, ScheduleFault> {
    match pipeline.store.claim_slot(&job.code, Some(slot), lease(owner, clock::now())).await? {
        Some(claimed) => Ok(Some(run_claimed(pipeline, job, owner, &claimed, ending).await?)),
        None => Ok(None),
    }
}

async fn run_claimed(
    pipeline: &Arc<Pipeline>,
    job: &Job,
    owner: &str,
    claimed: &Claimed,
    ending: &CancellationToken,
) -> Result<Tried, ScheduleFault> {
    let taken_over = || Tried::Again(clock::now(), "the slot was taken over".to_owned());
    let (tried, report) = tokio::select! {
        tried = attempt(pipeline, job, claimed) => tried,
        () = kept(&pipeline.store, claimed.id, owner) => (taken_over(), None),
        () = ending.cancelled() => (Tried::GivenBack, None),
    };
    failpoint::hit("schedule.ran");
    let audit = audit(job, claimed, &tried, report.as_ref());
    if !pipeline.store.finish_slot(claimed, owner, &tried, clock::now(), audit).await? {
        tracing::warn!(job = job.code, "a slot was taken over while it ran");
    }
    tell(job, claimed, &tried);
    Ok(tried)
}

/// When the next slot is due: one of the table, or the next that the plan has.
async fn next(pipeline: &Pipeline, job: &Job, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ScheduleFault> {
    let waiting = pipeline.store.next_slot(&job.code).await?;
    let coming = job.plan.next(now, 1, &pipeline.calendar)?.first().copied();
    Ok([waiting, coming].into_iter().flatten().min())
}

fn lease(owner: &str, now: DateTime<Utc>) -> Lease<'_> {
    Lease { owner, now, until: now + LEASE }
}

/// One try, within the job's time.
async fn attempt(pipeline: &Arc<Pipeline>, job: &Job, claimed: &Claimed) -> (Tried, Option<Report>) {
    let again = |why: String| match job.plan.again(claimed.attempt, clock::now()) {
        Some(at) => Tried::Again(at, why),
        None => Tried::Failed(why),
    };
    if claimed.attempt > job.plan.retries + 1 {
        return (Tried::Failed("its runner was lost too often".to_owned()), None);
    }
    let Claimed { slot, attempt, ref origin, .. } = *claimed;
    let run = Run { pipeline, job: &job.code, slot, now: clock::now(), attempt, actor: origin };
    match tokio::time::timeout(job.plan.timeout, job.work().run(&run)).await {
        Ok(Ok(report)) => {
            let result = serde_json::to_string(&report).unwrap_or_else(|_| "{}".to_owned());
            (Tried::Done(result), Some(report))
        }
        Ok(Err(JobFault::Again(why))) => (again(why), None),
        Ok(Err(JobFault::Never(why))) => (Tried::Failed(why), None),
        Err(_) => (again(format!("it took longer than {} seconds", job.plan.timeout.as_secs())), None),
    }
}

/// Keeps a claimed slot for as long as it runs; ends when it is not ours any more.
async fn kept(store: &Store, id: i64, owner: &str) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        match store.renew_slot(id, lease(owner, clock::now())).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(fault) => tracing::debug!(%fault, "a lease could not be renewed yet"),
        }
    }
}

/// Runs that did something, and those that failed, stand in the journal.
fn audit(job: &Job, claimed: &Claimed, tried: &Tried, report: Option<&Report>) -> Option<AuditRow> {
    let after = match tried {
        Tried::Done(result) if report.is_some_and(|report| report.done > 0) => result.clone(),
        Tried::Failed(why) => serde_json::json!({ "failed": why }).to_string(),
        _ => return None,
    };
    let subject = format!("job:{}:{}", job.code, claimed.slot.format("%Y-%m-%dT%H:%M:%SZ"));
    Some(AuditRow { after: Some(after), ..AuditRow::by_job(clock::now(), &job.code, "job.run", &subject) })
}

fn tell(job: &Job, claimed: &Claimed, tried: &Tried) {
    let (job, slot, attempt) = (job.code.as_str(), claimed.slot.to_rfc3339(), claimed.attempt);
    match tried {
        Tried::Done(result) => tracing::debug!(job, slot, attempt, result, "a job is done"),
        Tried::Again(at, why) => {
            tracing::warn!(job, slot, attempt, why, again = %at, "a job failed and is tried again");
        }
        Tried::Failed(why) => tracing::error!(job, slot, attempt, why, "a job failed; see `mezhved jobs history`"),
        Tried::GivenBack => tracing::info!(job, slot, "a job was interrupted by the stop and is run again"),
    }
}
