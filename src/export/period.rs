//! Periods relative to the moment that a run stands for: yesterday, last week, the six hours before. Days, weeks, months, quarters and
//! years begin in the job's zone; a week on Monday.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::ExportFault;
use crate::store::Period;

/// A period before a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relative {
    /// From the beginning of everything.
    All,
    /// The calendar unit before the one that holds the slot.
    Previous(Unit),
    /// So many hours up to the slot.
    Hours(u32),
    /// So many days up to the beginning of the slot's day.
    Days(u32),
}

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
    /// From January, April, July, October.
    Quarter,
    /// From January.
    Year,
}

/// The longest that a job may reach back.
const HOURS_MAX: u32 = 24 * 366;

impl FromStr for Relative {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let previous = |unit| Ok(Self::Previous(unit));
        match text {
            "all" => return Ok(Self::All),
            "previous day" => return previous(Unit::Day),
            "previous week" => return previous(Unit::Week),
            "previous month" => return previous(Unit::Month),
            "previous quarter" => return previous(Unit::Quarter),
            "previous year" => return previous(Unit::Year),
            _ => {}
        }
        let count = |unit: &str| {
            let number = text.strip_prefix("last ")?.strip_suffix(unit)?.trim_end();
            number.parse::<u32>().ok().filter(|count| (1..=HOURS_MAX).contains(count))
        };
        if let Some(hours) = count("hours").or_else(|| count("hour")) {
            return Ok(Self::Hours(hours));
        }
        if let Some(days) = count("days").or_else(|| count("day")).filter(|days| *days <= HOURS_MAX / 24) {
            return Ok(Self::Days(days));
        }
        Err(format!(
            "`{text}` is no period; write `all`, `previous day`, `previous week`, `previous month`, `previous quarter`, \
             `previous year`, `last 6 hours` or `last 30 days`"
        ))
    }
}

impl Relative {
    /// The period for a slot; none: everything.
    ///
    /// # Errors
    /// A slot at the edge of the calendar.
    pub fn at(self, slot: DateTime<Utc>, zone: Tz) -> Result<Option<Period>, ExportFault> {
        let day = slot.with_timezone(&zone).date_naive();
        let outside = || ExportFault::Period(format!("there is no such period before {slot}"));
        let days = |from: Option<NaiveDate>, to: NaiveDate| between(from.ok_or_else(outside)?, to, zone);
        match self {
            Self::All => Ok(None),
            Self::Hours(hours) => {
                let from = slot - TimeDelta::hours(i64::from(hours));
                Ok(Some(Period { from: from.timestamp_millis(), to: slot.timestamp_millis() }))
            }
            Self::Days(count) => days(day.checked_sub_days(Days::new(u64::from(count))), day).map(Some),
            Self::Previous(unit) => {
                let to = unit.beginning(day).ok_or_else(outside)?;
                let from = match unit {
                    Unit::Day => to.checked_sub_days(Days::new(1)),
                    Unit::Week => to.checked_sub_days(Days::new(7)),
                    Unit::Month => to.checked_sub_months(Months::new(1)),
                    Unit::Quarter => to.checked_sub_months(Months::new(3)),
                    Unit::Year => to.checked_sub_months(Months::new(12)),
                };
                days(from, to).map(Some)
            }
        }
    }
}

impl Unit {
    fn beginning(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
            Self::Quarter => day.with_day(1)?.with_month((day.month() - 1) / 3 * 3 + 1),
            Self::Year => day.with_day(1)?.with_month(1),
        }
    }
}

/// From the first moment of a day to the first moment of another one.
///
/// # Errors
/// The second is not after the first.
pub(super) fn between(from: NaiveDate, to: NaiveDate, zone: Tz) -> Result<Period, ExportFault> {
    if from >= to {
        return Err(ExportFault::Period(format!("{to} is not after {from}")));
    }
    Ok(Period { from: midnight(from, zone).timestamp_millis(), to: midnight(to, zone).timestamp_millis() })
}

/// The first moment of a day in a zone: where the clock jumps over midnight, the moment of the jump.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    if let Some(moment) = zone.from_local_datetime(&midnight).earliest() {
        return moment.to_utc();
    }
    // A gap is never longer than a day; its end is the first local time that there is.
    let mut later = (1..=96).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let first = later.find_map(|local| zone.from_local_datetime(&local).earliest());
    first.map_or_else(|| midnight.and_utc(), |moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(written: &str, slot: &str, zone: Tz) -> (String, String) {
        let slot: DateTime<Utc> = slot.parse().unwrap();
        let period = written.parse::<Relative>().unwrap().at(slot, zone).unwrap().unwrap();
        let said = |moment| DateTime::from_timestamp_millis(moment).unwrap().format("%Y-%m-%dT%H:%M").to_string();
        (said(period.from), said(period.to))
    }

    #[test]
    fn periods_end_before_their_slot_and_begin_in_their_zone() {
        let moscow = chrono_tz::Europe::Moscow;
        for (written, from, to) in [
            ("previous day", "2026-03-02T21:00", "2026-03-03T21:00"),
            ("previous week", "2026-02-22T21:00", "2026-03-01T21:00"),
            ("previous month", "2026-01-31T21:00", "2026-02-28T21:00"),
            ("previous quarter", "2025-09-30T21:00", "2025-12-31T21:00"),
            ("previous year", "2024-12-31T21:00", "2025-12-31T21:00"),
            ("last 6 hours", "2026-03-03T17:30", "2026-03-03T23:30"),
            ("last 1 hour", "2026-03-03T22:30", "2026-03-03T23:30"),
            ("last 2 days", "2026-03-01T21:00", "2026-03-03T21:00"),
        ] {
            // Half past two in the night of 4 March in Moscow.
            let found = period(written, "2026-03-03T23:30:00Z", moscow);
            assert_eq!(found, (from.to_owned(), to.to_owned()), "{written}");
        }
        assert!("all".parse::<Relative>().unwrap().at(DateTime::UNIX_EPOCH, moscow).unwrap().is_none());
    }

    #[test]
    fn a_day_of_a_changed_clock_is_shorter_and_may_begin_late() {
        // In Berlin the clock went forward on 29 March 2026; in Beirut it did so at midnight of 29 March.
        let (from, to) = period("previous day", "2026-03-30T12:00:00Z", chrono_tz::Europe::Berlin);
        assert_eq!((from.as_str(), to.as_str()), ("2026-03-28T23:00", "2026-03-29T22:00"));
        let (from, to) = period("previous day", "2026-03-30T12:00:00Z", chrono_tz::Asia::Beirut);
        assert_eq!((from.as_str(), to.as_str()), ("2026-03-28T22:00", "2026-03-29T21:00"));
    }

    #[test]
    fn what_is_no_period_is_told() {
        for written in ["", "yesterday", "last hours", "last 0 hours", "last -1 days", "last 900 days", "previous hour"]
        {
            assert!(written.parse::<Relative>().unwrap_err().contains("is no period"), "{written}");
        }
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        assert!(between(day, day, chrono_tz::UTC).unwrap_err().to_string().contains("is not after"));
    }
}
