//! `process`: files through the same pipeline, without any broker.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::clock;
use crate::daemon;
use crate::intake::folder;
use crate::notify;
use crate::pipeline::Pipeline;
use crate::relay;

/// Apply files or folders.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: some message failed; see `mezhved dlq list`.\n\nExamples:\n  mezhved process inbox/\n  mezhved process --json 0001.xml 0002.xml"
)]
pub(super) struct Process {
    /// Message files, or folders of them (every *.xml in and below, but never *.receipt.xml), in the order of their paths.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

impl Process {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        assemble::log(&config)?;
        let files = folder::files(&self.paths).map_err(Failed::wrong)?;
        assemble::runtime()?.block_on(async {
            let pipeline = assemble::founded(config).await?;
            let before = counts(&pipeline).await?;
            apply(&pipeline, &files).await?;
            let after = counts(&pipeline).await?;
            pipeline.counters.tell_unaddressed();
            pipeline.store.close().await;
            self.summary(files.len(), &before, &after)
        })
    }

    fn summary(&self, files: usize, before: &Counts, after: &Counts) -> Done {
        let [applied, failed, repeats] =
            [after.applied - before.applied, after.failed - before.failed, after.repeats - before.repeats];
        let parked = after.parked;
        if self.json {
            show::json(&json!({
                "files": files, "applied": applied, "failed": failed, "parked": parked, "repeats": repeats,
            }))?;
        } else {
            show::line(&format!(
                "{files} files: {applied} applied, {failed} failed, {parked} waiting, {repeats} repeats"
            ));
            if failed > 0 {
                show::line("see what failed: mezhved dlq list");
            }
        }
        Ok(if failed > 0 { Exit::Found } else { Exit::Well })
    }
}

struct Counts {
    applied: i64,
    failed: i64,
    parked: i64,
    repeats: i64,
}

async fn counts(pipeline: &Pipeline) -> Result<Counts, Failed> {
    let outcomes = pipeline.store.outcomes().await.map_err(Failed::away)?;
    let of = |outcome: &str| outcomes.iter().filter(|one| one.outcome == outcome).map(|one| one.messages).sum();
    Ok(Counts {
        applied: of("applied"),
        failed: of("failed"),
        parked: of("parked"),
        repeats: outcomes.iter().map(|one| one.repeats).sum(),
    })
}

/// Batch after batch; after each, what was parked for it and the receipts.
async fn apply(pipeline: &Arc<Pipeline>, files: &[PathBuf]) -> Result<(), Failed> {
    let bar = bar(files.len());
    let config = &pipeline.config;
    for part in files.chunks(config.batch_messages_max) {
        let mut batch = Vec::with_capacity(part.len());
        let mut bytes = 0;
        for path in part {
            let delivery = folder::delivery(path, config.message_large_bytes_max, clock::now())
                .map_err(|fault| Failed::wrong(format!("{}: {fault}", path.display())))?;
            bytes += delivery.body.len();
            batch.push(delivery);
            if bytes > config.batch_bytes_max {
                settle(pipeline, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        settle(pipeline, batch).await?;
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn settle(pipeline: &Arc<Pipeline>, batch: Vec<crate::intake::Delivery>) -> Result<(), Failed> {
    if !batch.is_empty() {
        let prepared = pipeline.prepare(batch).await;
        pipeline.settle(prepared, ()).await.map_err(Failed::away)?.into_run();
    }
    while daemon::parked_once(pipeline).await.map_err(Failed::away)? > 0 {}
    while notify::tell(pipeline).await.map_err(Failed::away)? > 0 {}
    while !relay::to_files(pipeline, clock::now()).await.map_err(Failed::away)?.is_idle() {}
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
fn bar(files: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files {per_sec} {eta}");
    let bar = ProgressBar::new(files as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
