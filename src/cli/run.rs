//! `run`: the daemon. A first SIGTERM or SIGINT stops it in order, a second one at once.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Done, Exit, Failed, Layers, assemble};
use crate::daemon::{self, DaemonFault, Stopped};

/// The exit code of a process that a signal ended at once.
const ABORTED: i32 = 130;

/// Read by the allocator before `main`, and only from the environment: after how many milliseconds free memory goes back to
/// the system.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

pub(super) fn run(layers: &Layers) -> Done {
    give_memory_back();
    let config = layers.checked()?;
    assemble::log(&config)?;
    assemble::runtime()?.block_on(async {
        let pipeline = assemble::pipeline(config).await?;
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

/// Starts the program once more, in the same process, with an allocator that gives free memory back at once. By default its
/// threads keep what a batch took until they are busy again: a seventh of all (`benches/notes.md`). Where the program cannot
/// be started again it goes on as it is.
fn give_memory_back() {
    if std::env::var_os(PURGE_DELAY).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let _fault = again.args(arguments).env(PURGE_DELAY, "0").exec();
}

#[expect(clippy::exit, reason = "a second signal means: now")]
fn asked(stop: &CancellationToken) {
    if stop.is_cancelled() {
        tracing::warn!("a second signal: ending at once; what was not done comes again");
        std::process::exit(ABORTED);
    }
    stop.cancel();
}
