//! The Russian production calendar: which days are worked. Holidays, moved days off and working
//! Saturdays come from the official data of `holidays-ru`; a calendar file (TOML, one per year) takes the place of a year or adds
//! one that is not there yet. A year without data is an error that names the file to add, never a guess: a
//! forecast would silently move somebody's deadline. Shortened days do not matter to terms.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};
use holidays_ru::{Federal, Resolved};
use serde::Deserialize;

/// The longest stretch that [`Calendar::working_day_after`] and [`Calendar::working_days_between`] walk, in days.
const SPAN_DAYS_MAX: u32 = 40 * 366;

/// Which days are worked: official data, and calendar files over it.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    years: BTreeMap<i32, Year>,
}

/// A year from a calendar file.
#[derive(Debug, Clone)]
struct Year {
    days_off: BTreeSet<NaiveDate>,
    working_days: BTreeSet<NaiveDate>,
}

/// A calendar file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    year: i32,
    /// Days from Monday to Friday that are not worked: holidays and moved days off.
    days_off: Vec<toml::value::Datetime>,
    /// Saturdays and Sundays that are worked.
    #[serde(default)]
    working_days: Vec<toml::value::Datetime>,
}

/// Why the calendar cannot answer. Always the operator's matter: a file is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// No official data for the year and no file.
    #[error(
        "calendar.no-year: no production calendar for {year}; add the file {file} (year, days_off, working_days) to the calendar folder"
    )]
    NoYear {
        /// The year asked for.
        year: i32,
        /// Name of the file to add.
        file: String,
    },
    /// The file is not a calendar file.
    #[error("calendar.unreadable: {file}:{line}: {text}")]
    Unreadable {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// A day does not belong where it stands.
    #[error("calendar.wrong-day: {file}: {day} {text}")]
    WrongDay {
        /// Name of the file.
        file: String,
        /// The day as written.
        day: String,
        /// What is wrong with it.
        text: &'static str,
    },
    /// The term is longer than any term may be.
    #[error("calendar.too-far: the term leaves the span of {SPAN_DAYS_MAX} days; shorten it")]
    TooFar,
}

impl CalendarFault {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoYear { .. } => "calendar.no-year",
            Self::Unreadable { .. } => "calendar.unreadable",
            Self::WrongDay { .. } => "calendar.wrong-day",
            Self::TooFar => "calendar.too-far",
        }
    }
}

impl Calendar {
    /// The official data alone.
    #[must_use]
    pub fn official() -> Self {
        Self::default()
    }

    /// Adds a year from a calendar file; it takes the place of the official data of that year as a whole.
    ///
    /// # Errors
    /// The text is not a calendar file, or a day in it lies outside its year, or on the wrong side of the week.
    pub fn with_file(mut self, file: &str, text: &str) -> Result<Self, CalendarFault> {
        let written: Written = toml::from_str(text).map_err(|error| CalendarFault::Unreadable {
            file: file.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            text: error.message().to_owned(),
        })?;
        let days = |written_days: &[toml::value::Datetime], weekend: bool, text: &'static str| {
            written_days
                .iter()
                .map(|day| match date_of(day).filter(|date| date.year() == written.year) {
                    None => Err(wrong_day(file, day, "is not a date of this year")),
                    Some(date) if is_weekend(date) != weekend => Err(wrong_day(file, day, text)),
                    Some(date) => Ok(date),
                })
                .collect::<Result<BTreeSet<_>, _>>()
        };
        let days_off = days(&written.days_off, false, "is a Saturday or Sunday: not worked anyway")?;
        let working_days = days(&written.working_days, true, "is a weekday: worked anyway")?;
        self.years.insert(written.year, Year { days_off, working_days });
        Ok(self)
    }

    /// Whether the day is worked.
    ///
    /// # Errors
    /// No data for its year.
    pub fn is_working(&self, day: NaiveDate) -> Result<bool, CalendarFault> {
        if let Some(year) = self.years.get(&day.year()) {
            return Ok(if is_weekend(day) { year.working_days.contains(&day) } else { !year.days_off.contains(&day) });
        }
        match official(day) {
            Some(Resolved::Fact(working)) => Ok(working),
            Some(Resolved::Predict(_)) | None => {
                Err(CalendarFault::NoYear { year: day.year(), file: format!("{}.toml", day.year()) })
            }
        }
    }

    /// The `count`-th working day after `day`; `day` itself is never counted. With a count of 0, `day`.
    ///
    /// # Errors
    /// No data for a year on the way, or the term is absurdly long.
    pub fn working_day_after(&self, day: NaiveDate, count: u32) -> Result<NaiveDate, CalendarFault> {
        let mut left = count;
        let mut at = day;
        for _ in 0..SPAN_DAYS_MAX {
            if left == 0 {
                return Ok(at);
            }
            at = at.checked_add_days(Days::new(1)).ok_or(CalendarFault::TooFar)?;
            left -= u32::from(self.is_working(at)?);
        }
        Err(CalendarFault::TooFar)
    }

    /// How many working days lie after `from` up to and with `until`; 0 when `until` is not later.
    ///
    /// # Errors
    /// No data for a year on the way, or the span is absurdly long.
    pub fn working_days_between(&self, from: NaiveDate, until: NaiveDate) -> Result<u32, CalendarFault> {
        let mut count = 0;
        let mut at = from;
        for _ in 0..SPAN_DAYS_MAX {
            if at >= until {
                return Ok(count);
            }
            at = at.checked_add_days(Days::new(1)).ok_or(CalendarFault::TooFar)?;
            count += u32::from(self.is_working(at)?);
        }
        Err(CalendarFault::TooFar)
    }
}

fn official(day: NaiveDate) -> Option<Resolved<bool>> {
    let (month, day_of_month) = (u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?);
    holidays_ru::is_working_day_ymd::<Federal>(day.year(), month, day_of_month)
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn date_of(written: &toml::value::Datetime) -> Option<NaiveDate> {
    let (date, None) = (written.date?, written.time) else {
        return None;
    };
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
}

fn wrong_day(file: &str, day: &toml::value::Datetime, text: &'static str) -> CalendarFault {
    CalendarFault::WrongDay { file: file.to_owned(), day: day.to_string(), text }
}

/// The line, from 1, on which a byte offset stands.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn official_days() {
        let calendar = Calendar::official();
        for (date, working) in [
            ("2024-04-27", true),  // a working Saturday
            ("2024-04-29", false), // the day off moved from it
            ("2025-01-08", false),
            ("2025-11-01", true), // a working Saturday
            ("2025-11-03", false),
            ("2026-03-09", false), // 8 March fell on a Sunday
            ("2026-03-10", true),
            ("2026-06-12", false),
            ("2026-06-13", false),
        ] {
            assert_eq!(calendar.is_working(day(date)), Ok(working), "{date}");
        }
    }

    #[test]
    fn a_year_without_data_names_the_file_to_add() {
        let fault = Calendar::official().is_working(day("2031-02-03")).unwrap_err();
        assert_eq!(fault, CalendarFault::NoYear { year: 2031, file: "2031.toml".into() });
        assert!(fault.to_string().contains("add the file 2031.toml"));
        let fault = Calendar::official().working_day_after(day("2027-12-20"), 30).unwrap_err();
        assert_eq!(fault.code(), "calendar.no-year");
    }

    #[test]
    fn a_file_adds_a_year_or_takes_the_place_of_one() {
        let text = "year = 2031\ndays_off = [2031-01-01, 2031-01-02]\nworking_days = [2031-01-04]\n";
        let calendar = Calendar::official().with_file("2031.toml", text).unwrap();
        for (date, working) in
            [("2031-01-01", false), ("2031-01-03", true), ("2031-01-04", true), ("2031-01-05", false)]
        {
            assert_eq!(calendar.is_working(day(date)), Ok(working), "{date}");
        }
        let calendar = Calendar::official().with_file("2026.toml", "year = 2026\ndays_off = []\n").unwrap();
        assert_eq!(calendar.is_working(day("2026-06-12")), Ok(true));
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_place() {
        for (text, said) in [
            ("year = 2031\ndays_of = []\n", "calendar.unreadable: 2031.toml:2"),
            ("year = 2031\n\ndays_off = [1]\n", "calendar.unreadable: 2031.toml:3"),
            ("year = 2031\ndays_off = [2030-01-01]\n", "2030-01-01 is not a date of this year"),
            ("year = 2031\ndays_off = [2031-01-04]\n", "2031-01-04 is a Saturday"),
            ("year = 2031\ndays_off = []\nworking_days = [2031-01-06]\n", "2031-01-06 is a weekday"),
        ] {
            let fault = Calendar::official().with_file("2031.toml", text).unwrap_err().to_string();
            assert!(fault.contains(said), "{fault}");
        }
    }

    #[test]
    fn counts_and_steps_agree() {
        let calendar = Calendar::official();
        for (from, count, until) in [
            ("2026-03-06", 0, "2026-03-06"),
            ("2026-03-06", 1, "2026-03-10"), // Friday, then the long weekend of 8 March
            ("2025-12-30", 1, "2026-01-12"),
            ("2026-06-10", 3, "2026-06-16"),
            ("2026-06-13", 1, "2026-06-15"), // begun on a Saturday
        ] {
            assert_eq!(calendar.working_day_after(day(from), count), Ok(day(until)), "{from} + {count}");
            assert_eq!(calendar.working_days_between(day(from), day(until)), Ok(count), "{from} .. {until}");
        }
        assert_eq!(calendar.working_days_between(day("2026-06-10"), day("2026-06-01")), Ok(0));
    }
}
