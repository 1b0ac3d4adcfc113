//! How things are printed: tables, moments, JSON lines. The only place that writes to standard output and error.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use comfy_table::Table;
use serde::Serialize;

use super::Failed;
use crate::config;
use crate::domain::term::whole_last_day;
use crate::grid::Grid;

/// Why something that was printed did not get out.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line. A reader that has gone away ends the printing quietly; what else hinders it is told by [`end`].
pub(super) fn line(text: &str) {
    noted(writeln!(io::stdout().lock(), "{text}"));
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) {
    noted(io::stdout().lock().write_all(bytes));
}

/// Ends the printing: everything gets out, or why not.
pub(super) fn end() -> Result<(), Failed> {
    noted(io::stdout().lock().flush());
    LOST.get().map_or(Ok(()), |fault| Err(Failed::away(format!("not everything could be printed: {fault}"))))
}

/// `mezhved … | head`: nobody reads any more, and that is no fault.
fn noted(printed: io::Result<()>) {
    if let Err(fault) = printed
        && fault.kind() != io::ErrorKind::BrokenPipe
    {
        // The first one counts.
        drop(LOST.set(fault));
    }
}

/// Standard output as something to write to. A reader that has gone away ends the printing quietly.
#[derive(Debug, Default)]
pub(super) struct Output {
    gone: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        match io::stdout().lock().write(bytes) {
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone { Ok(()) } else { io::stdout().lock().flush() }
    }
}

/// Prints what went wrong.
pub(super) fn error(text: &str) {
    let mut out = io::stderr().lock();
    for line in text.lines() {
        if writeln!(out, "mezhved: {line}").is_err() {
            return;
        }
    }
}

/// Prints one JSON value a line.
pub(super) fn json<T: Serialize>(value: &T) -> Result<(), Failed> {
    let text = serde_json::to_string(value).map_err(Failed::wrong)?;
    line(&text);
    Ok(())
}

/// A table with these headings.
pub(super) fn table(headings: &[&str]) -> Grid {
    Grid::new(headings)
}

/// Prints a table: in the columns of the terminal, as wide as it is where there is none.
pub(super) fn print(table: &Grid) {
    line(&table.text(width().map(usize::from)));
}

/// Whether standard output is a terminal.
pub(super) fn to_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a terminal wants colours.
pub(super) fn in_colour() -> bool {
    to_terminal() && !config::no_color()
}

/// The columns of the terminal; nothing where there is none.
pub(super) fn width() -> Option<u16> {
    Table::new().width()
}

/// Runs something that may go deep into what others wrote, on a stack of this size.
pub(super) fn with_stack<T: Send>(stack_bytes: usize, work: impl FnOnce() -> T + Send) -> Result<T, Failed> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(stack_bytes);
        let working = worker.spawn_scoped(scope, work).map_err(Failed::wrong)?;
        working.join().map_err(|_| Failed::wrong("the program is wrong here, please report the schema"))
    })
}

/// A moment in the configured zone.
pub(super) fn moment(milliseconds: i64, zone: Tz) -> String {
    local(milliseconds, zone, "%Y-%m-%d %H:%M:%S")
}

/// A moment in the configured zone as pages in Russian write it.
pub(super) fn for_people(milliseconds: i64, zone: Tz) -> String {
    local(milliseconds, zone, "%d.%m.%Y %H:%M:%S")
}

/// The end of a term: it is kept as the first moment after it, people read its last day, or its moment where it ends within a day.
pub(super) fn term_end(milliseconds: i64, zone: Tz) -> String {
    last_day(milliseconds, zone).map_or_else(|| moment(milliseconds, zone), |day| day.to_string())
}

/// The end of a term as pages in Russian write it.
pub(super) fn term_end_for_people(milliseconds: i64, zone: Tz) -> String {
    let day = last_day(milliseconds, zone).map(|day| day.format("%d.%m.%Y").to_string());
    day.unwrap_or_else(|| for_people(milliseconds, zone))
}

fn local(milliseconds: i64, zone: Tz, format: &str) -> String {
    DateTime::<Utc>::from_timestamp_millis(milliseconds)
        .map(|moment| moment.with_timezone(&zone).format(format).to_string())
        .unwrap_or_default()
}

/// The last day of a term that ends with a day.
fn last_day(milliseconds: i64, zone: Tz) -> Option<NaiveDate> {
    whole_last_day(DateTime::<Utc>::from_timestamp_millis(milliseconds)?, zone)
}

/// `1 time`, `2 times`.
pub(super) fn counted(count: impl TryInto<u64>, one: &str) -> String {
    many(count, one, &format!("{one}s"))
}

/// `1 status`, `2 statuses`.
pub(super) fn many(count: impl TryInto<u64>, one: &str, several: &str) -> String {
    let count = count.try_into().unwrap_or_default();
    format!("{count} {}", if count == 1 { one } else { several })
}

/// A value, or a dash.
pub(super) fn or_dash(value: Option<&str>) -> String {
    value.filter(|value| !value.is_empty()).unwrap_or("—").to_owned()
}
