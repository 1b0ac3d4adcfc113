//! `run`: the daemon. A first SIGTERM or SIGINT stops it in order, a second one at once.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Done, Exit, Failed, Layers, assemble};
use crate::daemon::{self, DaemonFault, Stopped};

/// The exit code of a process that a signal ended at once.
const ABORTED: i32 = 130;

pub(super) fn run(layers: &Layers) -> Done {
    let config = layers.checked()?;
    assemble::log(&config)?;
    assemble::runtime()?.block_on(async {
        let pipeline = assemble::founded(config).await?;
        let signals = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
        let stop = CancellationToken::new();
        let kinds: Vec<String> =
            pipeline.rulebook.families().map(|one| format!("{}/{}", one.system, one.kind)).collect();
        tracing::info!(systems = ?pipeline.config.systems, kinds = ?kinds, "starting");
        let daemon = daemon::run(Arc::clone(&pipeline), stop.clone());
        tokio::pin!(daemon);
        let (mut terminate, mut interrupt) = signals;
        let ended = loop {
            tokio::select! {
                ended = &mut daemon => break ended,
                _ = terminate.recv() => asked(&stop),
                _ = interrupt.recv() => asked(&stop),
            }
        };
        match ended {
            Ok(Stopped::Cleanly) => Ok(Exit::Well),
            Ok(Stopped::AtDeadline) => Ok(Exit::Found),
            Err(fault @ (DaemonFault::Http(_) | DaemonFault::Channel(_) | DaemonFault::Exports(_))) => {
                Err(Failed::wrong(fault))
            }
            Err(fault) => Err(Failed::away(fault)),
        }
    })
}

fn signals(kind: SignalKind) -> Result<Signal, Failed> {
    signal(kind).map_err(Failed::away)
}

#[expect(clippy::exit, reason = "a second signal means: now")]
fn asked(stop: &CancellationToken) {
    if stop.is_cancelled() {
        tracing::warn!("a second signal: ending at once; what was not done comes again");
        std::process::exit(ABORTED);
    }
    stop.cancel();
}
