//! Listings: rows printed as a table for people, or as JSON or CSV for programs; page by page where there may be many. Moments are local in
//! tables, RFC 3339 in UTC in CSV, and milliseconds since 1970 in JSON. docs/listings.md says what the keys of JSON mean.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

use super::{Done, Exit, Failed, show};

/// How a listing is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Form {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Print CSV, with moments in UTC.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Which page, printed how.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// Only rows after the one with this number, in the order of the list.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(super) after: i64,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(super) limit: u32,
    #[command(flatten)]
    form: Form,
}

/// What a column is called: over a table, and by programs, in CSV as in JSON.
pub(super) type Heading<'h> = (&'h str, &'static str);

/// What stands in one place of a listing.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(String),
    /// A moment in milliseconds.
    Moment(i64),
    /// The first moment after a term.
    TermEnd(i64),
    /// Words about a moment.
    Since(String, i64),
    Nothing,
}

impl Cell {
    /// A moment in milliseconds, where there is one.
    pub(super) fn moment(at: impl Into<Option<i64>>) -> Self {
        at.into().map_or(Self::Nothing, Self::Moment)
    }

    /// The end of a term, where there is one.
    pub(super) fn term_end(at: impl Into<Option<i64>>) -> Self {
        at.into().map_or(Self::Nothing, Self::TermEnd)
    }

    fn for_people(self, zone: Tz) -> String {
        match self {
            Self::Text(text) => text,
            Self::Moment(at) => show::moment(at, zone),
            Self::TermEnd(at) => show::term_end(at, zone),
            Self::Since(text, at) => format!("{text}, {}", show::moment(at, zone)),
            Self::Nothing => String::new(),
        }
    }

    fn for_programs(self) -> String {
        let exact = |at| {
            let moment = DateTime::<Utc>::from_timestamp_millis(at);
            moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
        };
        match self {
            Self::Text(text) => text,
            Self::Moment(at) | Self::TermEnd(at) => exact(at),
            Self::Since(text, at) => format!("{text}, {}", exact(at)),
            Self::Nothing => String::new(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Text(number.to_string())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl Form {
    /// Whether a person reads it: a table, and words beside it.
    pub(super) fn for_people(self) -> bool {
        !self.json && !self.csv
    }

    /// Whether it is JSON.
    pub(super) fn json(self) -> bool {
        self.json
    }

    /// Whether it is CSV.
    pub(super) fn csv(self) -> bool {
        self.csv
    }

    /// Prints rows.
    pub(super) fn print<T: Serialize>(
        self,
        rows: &[T],
        headings: &[Heading<'_>],
        zone: Tz,
        cells: impl Fn(&T) -> Vec<Cell>,
    ) -> Result<(), Failed> {
        if self.json {
            return rows.iter().try_for_each(show::json);
        }
        if self.csv {
            let keys: Vec<&str> = headings.iter().map(|(_, key)| *key).collect();
            return csv(&keys, rows.iter().map(cells));
        }
        let shown: Vec<&str> = headings.iter().map(|(shown, _)| *shown).collect();
        let mut table = show::table(&shown);
        for row in rows {
            table.add_row(cells(row).into_iter().map(|cell| cell.for_people(zone)));
        }
        show::print(&table);
        Ok(())
    }
}

impl Page {
    /// Prints a page of rows, and how to go on where it is full; `key` is what `--after` takes.
    pub(super) fn print<T: Serialize>(
        &self,
        rows: &[T],
        headings: &[Heading<'_>],
        zone: Tz,
        cells: impl Fn(&T) -> Vec<Cell>,
        key: impl Fn(&T) -> i64,
    ) -> Done {
        self.form.print(rows, headings, zone, cells)?;
        if let Some(last) = rows.last().filter(|_| self.form.for_people() && rows.len() == self.limit as usize) {
            show::line(&format!("more: --after {}", key(last)));
        }
        Ok(Exit::Well)
    }

    /// How it is printed.
    pub(super) fn form(&self) -> Form {
        self.form
    }
}

/// Prints rows as CSV with these keys over them: UTF-8, RFC 4180, for other programs.
pub(super) fn csv(keys: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<(), Failed> {
    csv_row(keys.iter().map(|key| Cell::from(*key)).collect())?;
    rows.into_iter().try_for_each(csv_row)
}

/// Prints one row as CSV.
pub(super) fn csv_row(cells: Vec<Cell>) -> Result<(), Failed> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells.into_iter().map(Cell::for_programs)).map_err(Failed::wrong)?;
    show::bytes(&writer.into_inner().map_err(Failed::wrong)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_local_moments_and_programs_exact_ones() {
        let zone = chrono_tz::Europe::Moscow;
        // The first moment of 2 March in Moscow.
        let at = 1_772_398_800_000;
        for (cell, people, programs) in [
            (Cell::moment(at + 1), "2026-03-02 00:00:00", "2026-03-01T21:00:00.001Z"),
            (Cell::term_end(at), "2026-03-01", "2026-03-01T21:00:00.000Z"),
            (Cell::Since("paused".into(), at), "paused, 2026-03-02 00:00:00", "paused, 2026-03-01T21:00:00.000Z"),
            (Cell::moment(None), "", ""),
            (Cell::from(Some(17)), "17", "17"),
            (Cell::from(None::<&str>), "", ""),
        ] {
            assert_eq!(cell.clone().for_people(zone), people);
            assert_eq!(cell.for_programs(), programs);
        }
    }
}
