//! Lets everything fire that is due, piece by piece: the net under the daemon's own loop.

use crate::apply::world::TimerEnd;
use crate::schedule::job::{JobFault, Report, Run, Work, Working};

#[derive(Debug)]
pub(super) struct Timers;

impl Work for Timers {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let (mut fired, mut stuck) = (0, 0);
            loop {
                let piece = run.pipeline.fire(run.now).await.map_err(JobFault::again)?;
                if piece.is_empty() {
                    break;
                }
                fired += piece.len() as u64;
                stuck += piece.iter().filter(|timer| matches!(timer.end, TimerEnd::Stuck(_))).count();
            }
            Ok(Report::of(fired, format!("{fired} timers, {stuck} of them stuck")).with("stuck", stuck))
        })
    }
}
