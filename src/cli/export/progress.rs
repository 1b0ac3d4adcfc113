//! How far an export is: a bar on a terminal, now and then a line in the log otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::export::{Progress, rate};

/// Between two lines of the log.
const LINE_PAUSE: Duration = Duration::from_secs(5);
const BAR: &str = "{bar:40} {percent:>3} %  {msg}  {elapsed_precise}";

/// Shows how far an export is.
pub(super) enum Shown {
    /// A terminal is there.
    Bar(ProgressBar),
    /// A log is.
    Log { started: Instant, last: Mutex<Instant> },
}

impl Shown {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template(BAR);
        match style.ok().filter(|_| std::io::stderr().is_terminal()) {
            Some(style) => Self::Bar(ProgressBar::new(0).with_style(style)),
            None => Self::Log { started: Instant::now(), last: Mutex::new(Instant::now()) },
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Shown {
    fn read(&self, rows: u64, key: i64, last_key: i64) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(u64::try_from(last_key).unwrap_or_default());
                bar.set_position(u64::try_from(key).unwrap_or_default());
                bar.set_message(format!("{rows} rows, {} a second", rate(rows, bar.elapsed())));
            }
            Self::Log { started, last } => {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() >= LINE_PAUSE {
                    *last = Instant::now();
                    tracing::info!(rows, rows_a_second = rate(rows, started.elapsed()), "exporting");
                }
            }
        }
    }
}
