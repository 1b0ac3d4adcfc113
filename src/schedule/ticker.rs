//! The tick: once a second the scheduler crate says that time has passed. What is due then is computed from the store.

use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Every second.
const EVERY_SECOND: &str = "* * * * * *";

/// The clock cannot be set going.
#[derive(Debug, thiserror::Error)]
#[error("schedule.ticker: {0}")]
pub struct TickFault(#[from] JobSchedulerError);

/// A running clock.
pub struct Ticker {
    scheduler: JobScheduler,
    ticks: watch::Receiver<u64>,
}

impl Ticker {
    /// Sets the clock going.
    ///
    /// # Errors
    /// The scheduler crate refuses.
    pub async fn start() -> Result<Self, TickFault> {
        let scheduler = JobScheduler::new().await?;
        let (sender, ticks) = watch::channel(0_u64);
        let tick = Job::new(EVERY_SECOND, move |_, _| sender.send_modify(|count| *count = count.wrapping_add(1)))?;
        scheduler.add(tick).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, ticks })
    }

    /// Something that is woken by each tick.
    #[must_use]
    pub fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.clone()
    }

    /// Stops the clock.
    pub async fn stop(mut self) {
        if let Err(fault) = self.scheduler.shutdown().await {
            tracing::debug!(%fault, "the clock did not stop");
        }
    }
}
