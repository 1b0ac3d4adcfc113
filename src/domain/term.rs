//! Terms: so many working days, calendar days, hours or minutes. A term in days begins on the next
//! (working) day and ends with its last day, in the zone of the agency; a term in hours or minutes is plain time. The
//! result is always a moment: the first one at which the term is over.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::calendar::{Calendar, CalendarFault};
use super::language::Language;

/// The largest count in a term, in any unit.
const COUNT_MAX: u32 = 10_000;

/// A length of time as people agree on it. Written `10 working days`, `30 calendar days`, `48 hours`, `15 minutes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// Days of the production calendar; the first counted is the next working day.
    WorkingDays(u32),
    /// Days in a row; the first counted is the next day.
    CalendarDays(u32),
    /// Hours of plain time.
    Hours(u32),
    /// Minutes of plain time.
    Minutes(u32),
}

/// The text is not a term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "term.unreadable: {written:?} is not a term; write for example `10 working days`, `30 calendar days`, `48 hours`, `15 minutes`"
)]
pub struct TermFault {
    written: String,
}

impl Term {
    /// The first moment at which the term, begun at `from`, is over.
    ///
    /// # Errors
    /// The calendar has no data for a year on the way, or the term leaves what dates can hold.
    pub fn end(self, from: DateTime<Utc>, zone: Tz, calendar: &Calendar) -> Result<DateTime<Utc>, CalendarFault> {
        match self {
            Self::WorkingDays(_) | Self::CalendarDays(_) => {
                day_end(self.last_day(from.with_timezone(&zone).date_naive(), calendar)?, zone)
                    .ok_or(CalendarFault::TooFar)
            }
            Self::Hours(count) => add(from, Duration::hours(count.into())),
            Self::Minutes(count) => add(from, Duration::minutes(count.into())),
        }
    }

    /// The last day of a term that begins on `day`. A term in hours or minutes has none of its own: `day` itself.
    ///
    /// # Errors
    /// The calendar has no data for a year on the way, or the term leaves what dates can hold.
    pub fn last_day(self, day: NaiveDate, calendar: &Calendar) -> Result<NaiveDate, CalendarFault> {
        match self {
            Self::WorkingDays(count) => calendar.working_day_after(day, count),
            Self::CalendarDays(count) => day.checked_add_days(Days::new(count.into())).ok_or(CalendarFault::TooFar),
            Self::Hours(_) | Self::Minutes(_) => Ok(day),
        }
    }

    /// The term in Russian, for notices: «10 рабочих дней».
    #[must_use]
    pub fn label(self) -> String {
        let (count, forms) = match self {
            Self::WorkingDays(count) => (count, ["рабочий день", "рабочих дня", "рабочих дней"]),
            Self::CalendarDays(count) => (count, ["календарный день", "календарных дня", "календарных дней"]),
            Self::Hours(count) => (count, ["час", "часа", "часов"]),
            Self::Minutes(count) => (count, ["минута", "минуты", "минут"]),
        };
        let form = match (count % 10, count % 100) {
            (1, tens) if tens != 11 => 0,
            (2..=4, tens) if !(12..=14).contains(&tens) => 1,
            _ => 2,
        };
        format!("{count} {}", forms[form])
    }
}

/// The first moment after the given day in a zone: what a deadline named as a day, inclusive, means. None where
/// dates end.
#[must_use]
pub fn day_end(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let next = day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
    // Where midnight is skipped by a clock change, the day begins an hour later.
    zone.from_local_datetime(&next)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(next + Duration::hours(1))).earliest())
        .map(|moment| moment.with_timezone(&Utc))
}

/// How much of a term is left that ends at `end`: working days where there are any, else days, hours, minutes. None where it is over. Days are
/// calendar days where the calendar does not know the way.
#[must_use]
pub fn remaining(now: DateTime<Utc>, end: DateTime<Utc>, zone: Tz, calendar: &Calendar) -> Option<Term> {
    if end <= now {
        return None;
    }
    let today = now.with_timezone(&zone).date_naive();
    let last = (end - Duration::milliseconds(1)).with_timezone(&zone).date_naive();
    let count = |count: i64| u32::try_from(count).ok().filter(|count| *count > 0);
    let working = calendar.working_days_between(today, last).ok().filter(|days| *days > 0).map(Term::WorkingDays);
    let left = end - now;
    working
        .or_else(|| count((last - today).num_days()).map(Term::CalendarDays))
        .or_else(|| count(left.num_hours()).map(Term::Hours))
        .or_else(|| Some(Term::Minutes(count(left.num_minutes()).unwrap_or(1))))
}

fn add(from: DateTime<Utc>, length: Duration) -> Result<DateTime<Utc>, CalendarFault> {
    from.checked_add_signed(length).ok_or(CalendarFault::TooFar)
}

impl FromStr for Term {
    type Err = TermFault;

    fn from_str(written: &str) -> Result<Self, TermFault> {
        let fault = || TermFault { written: written.to_owned() };
        let (count, unit) = written.split_once(' ').ok_or_else(fault)?;
        let count: u32 = count.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count)).ok_or_else(fault)?;
        match unit {
            "working day" | "working days" => Ok(Self::WorkingDays(count)),
            "calendar day" | "calendar days" => Ok(Self::CalendarDays(count)),
            "hour" | "hours" => Ok(Self::Hours(count)),
            "minute" | "minutes" => Ok(Self::Minutes(count)),
            _ => Err(fault()),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::WorkingDays(count) => (count, "working day"),
            Self::CalendarDays(count) => (count, "calendar day"),
            Self::Hours(count) => (count, "hour"),
            Self::Minutes(count) => (count, "minute"),
        };
        write!(out, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}

/// The last day of a term that ends with a day; none where it ends within one. An end is the first moment after its term.
#[must_use]
pub fn whole_last_day(end: DateTime<Utc>, zone: Tz) -> Option<NaiveDate> {
    let end = end.with_timezone(&zone).naive_local();
    if end.time() == NaiveTime::MIN { end.date().pred_opt() } else { None }
}

/// The end of a term as people read it: its last day `11.03.2026`, or `11.03.2026 10:35` where it ends within a day.
#[must_use]
pub fn told_end(end: DateTime<Utc>, zone: Tz, language: Language) -> String {
    match whole_last_day(end, zone) {
        Some(day) => language.day(day),
        None => language.moment(end.with_timezone(&zone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOSCOW: Tz = chrono_tz::Europe::Moscow;

    #[test]
    fn written_and_read_back() {
        for text in ["1 working day", "10 working days", "30 calendar days", "1 hour", "48 hours", "15 minutes"] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), text);
        }
        for text in
            ["", "10", "ten days", "10 days", "0 hours", "-1 hours", "10001 minutes", "10  hours", "10 working days "]
        {
            assert!(text.parse::<Term>().unwrap_err().to_string().contains("is not a term"), "{text}");
        }
    }

    #[test]
    fn an_end_is_told_by_its_last_day_or_by_its_moment() {
        for (end, told) in [
            ("2026-03-10T21:00:00Z", "10.03.2026"),
            ("2026-03-10T20:59:59Z", "10.03.2026 23:59"),
            ("2026-03-11T07:35:00Z", "11.03.2026 10:35"),
            ("2026-03-11T00:00:00Z", "11.03.2026 03:00"),
        ] {
            assert_eq!(told_end(end.parse().unwrap(), MOSCOW, Language::Russian), told);
        }
    }

    #[test]
    fn russian_labels_agree_in_number() {
        for (term, label) in [
            (Term::WorkingDays(1), "1 рабочий день"),
            (Term::WorkingDays(3), "3 рабочих дня"),
            (Term::WorkingDays(11), "11 рабочих дней"),
            (Term::CalendarDays(21), "21 календарный день"),
            (Term::CalendarDays(30), "30 календарных дней"),
            (Term::Hours(24), "24 часа"),
            (Term::Minutes(112), "112 минут"),
        ] {
            assert_eq!(term.label(), label);
        }
    }

    #[test]
    fn ends() {
        let calendar = Calendar::official();
        for (term, from, end) in [
            // Friday noon in Moscow; Monday 9 March is a moved day off.
            ("1 working day", "2026-03-06T09:00:00Z", "2026-03-10T21:00:00Z"),
            // 23:30 UTC is already the next day in Moscow.
            ("1 calendar day", "2026-03-05T23:30:00Z", "2026-03-07T21:00:00Z"),
            ("30 calendar days", "2026-01-01T09:00:00Z", "2026-01-31T21:00:00Z"),
            ("48 hours", "2026-03-06T09:00:00Z", "2026-03-08T09:00:00Z"),
            ("15 minutes", "2026-03-06T23:55:00Z", "2026-03-07T00:10:00Z"),
        ] {
            let ended = term.parse::<Term>().unwrap().end(from.parse().unwrap(), MOSCOW, &calendar);
            assert_eq!(ended, Ok(end.parse().unwrap()), "{term} from {from}");
        }
        let fault = Term::WorkingDays(20).end("2027-12-20T09:00:00Z".parse().unwrap(), MOSCOW, &calendar);
        assert_eq!(fault.unwrap_err().code(), "calendar.no-year");
    }

    #[test]
    fn what_is_left_of_a_term() {
        let calendar = Calendar::official();
        let end = "2026-03-10T21:00:00Z";
        for (now, end, left) in [
            ("2026-03-05T09:00:00Z", end, Some("2 working days")),
            ("2026-03-07T09:00:00Z", end, Some("1 working day")),
            ("2026-03-07T09:00:00Z", "2026-03-09T21:00:00Z", Some("2 calendar days")),
            ("2026-03-10T09:30:00Z", end, Some("11 hours")),
            ("2026-03-10T20:30:00Z", end, Some("30 minutes")),
            ("2026-03-10T20:59:59Z", end, Some("1 minute")),
            ("2026-03-10T21:00:00Z", end, None),
            ("2031-03-10T09:00:00Z", "2031-03-12T21:00:00Z", Some("2 calendar days")),
        ] {
            let told = remaining(now.parse().unwrap(), end.parse().unwrap(), MOSCOW, &calendar);
            assert_eq!(told.map(|term| term.to_string()).as_deref(), left, "{now}");
        }
    }

    #[test]
    fn a_deadline_day_is_inclusive() {
        let end = day_end("2026-03-10".parse().unwrap(), MOSCOW).unwrap();
        assert_eq!(end, "2026-03-10T21:00:00Z".parse::<DateTime<Utc>>().unwrap());
        // Asuncion skipped midnight of 1 October 2023.
        let end = day_end("2023-09-30".parse().unwrap(), chrono_tz::America::Asuncion).unwrap();
        assert_eq!(end, "2023-10-01T04:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(day_end(NaiveDate::MAX, MOSCOW), None);
    }
}
