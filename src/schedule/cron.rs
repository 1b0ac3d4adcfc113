//! Cron expressions and the moments that they stand for. Croner matches wall-clock times; which instants those are in a zone is decided
//! here, so that slots come in order, each once, across changes of the clock as well.

use std::fmt;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;
use croner::JobType;
use croner::parser::{CronParser, Seconds, Year};

/// A change of the clock is looked for so far around a moment.
const AROUND: Duration = Duration::hours(26);
/// A wall-clock time that was left out is looked for so long after it.
const GAP_MINUTES_MAX: i64 = 26 * 60;
/// An expression without a moment within so many years never fires: between leap days may lie eight.
const YEARS_MAX: i64 = 9;

/// A checked cron expression in a zone. Five fields, or six with the seconds first. Where both the day of the month and the day of the week
/// are restricted, either of them is enough, as in cron(8).
#[derive(Clone)]
pub struct Cron {
    written: String,
    pattern: croner::Cron,
    zone: Tz,
}

/// Why an expression cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronFault {
    /// It is no expression.
    #[error(
        "cron.unreadable: `{written}`: {said}; write five fields (minute hour day month weekday), or six with seconds first"
    )]
    Unreadable {
        /// As it was written.
        written: String,
        /// What is wrong.
        said: String,
    },
    /// No moment fits.
    #[error("cron.never: `{written}` never fires: no day within {YEARS_MAX} years fits it")]
    Never {
        /// As it was written.
        written: String,
    },
    /// There is no such zone.
    #[error("cron.zone: there is no zone `{0}`; write for example Europe/Moscow")]
    Zone(String),
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is no expression of five or six fields, it never fires after `now`, or the zone is unknown.
    pub fn parse(written: &str, zone: &str, now: DateTime<Utc>) -> Result<Self, CronFault> {
        let zone: Tz = zone.parse().map_err(|_| CronFault::Zone(zone.to_owned()))?;
        let unreadable = |said: String| CronFault::Unreadable { written: written.to_owned(), said };
        let fields = written.split_whitespace().count();
        if fields != 5 && fields != 6 {
            return Err(unreadable(format!("it has {fields} fields")));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let pattern = parser.parse(written).map_err(|fault| unreadable(fault.to_string()))?;
        let cron = Self { written: written.to_owned(), pattern, zone };
        if cron.after(now).next().is_none() {
            return Err(CronFault::Never { written: written.to_owned() });
        }
        Ok(cron)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The zone whose wall clock it means.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The moments after this one, in order, each once.
    pub fn after(&self, moment: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        let mut at = moment;
        std::iter::from_fn(move || {
            at = self.next(at)?;
            Some(at)
        })
    }

    /// The last moment up to and with this one.
    #[must_use]
    pub fn last(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        [Duration::hours(1), Duration::days(2), Duration::days(40), Duration::days(366 * YEARS_MAX)]
            .into_iter()
            .find_map(|back| self.after(moment - back).take_while(|slot| *slot <= moment).last())
    }

    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Slots are whole seconds; croner would carry a fraction on.
        let after = after.trunc_subsecs(0);
        let shift = self.shift(after);
        let local = after.with_timezone(&self.zone).naive_local();
        // Around a change of the clock a wall-clock time that lies behind may come again.
        let mut wall = self.wall(local - shift, shift > Duration::zero())?;
        let limit = local + Duration::days(366 * YEARS_MAX);
        let mut found: Option<DateTime<Utc>> = None;
        while wall <= limit {
            if found.is_some_and(|found| wall > found.with_timezone(&self.zone).naive_local() + shift) {
                break;
            }
            found = self.instants(wall).into_iter().flatten().filter(|slot| *slot > after).chain(found).min();
            if found.is_some() && shift == Duration::zero() {
                break;
            }
            wall = self.wall(wall, false)?;
        }
        found
    }

    /// By how much the clock is changed around a moment.
    fn shift(&self, moment: DateTime<Utc>) -> Duration {
        let offset =
            |moment: DateTime<Utc>| self.zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc();
        Duration::seconds(i64::from((offset(moment + AROUND) - offset(moment - AROUND)).abs()))
    }

    /// The next wall-clock time that fits, as if there were no changes of the clock.
    fn wall(&self, from: NaiveDateTime, inclusive: bool) -> Option<NaiveDateTime> {
        self.pattern.find_next_occurrence(&from.and_utc(), inclusive).ok().map(|found| found.naive_utc())
    }

    /// The instants of a wall-clock time: one; two where the clock is set back, but only the first for a time of the day; where the clock is
    /// set forward over it, none, but for a time of the day the first instant after.
    fn instants(&self, wall: NaiveDateTime) -> [Option<DateTime<Utc>>; 2] {
        let once_a_day = matches!(self.pattern.determine_job_type(), JobType::FixedTime);
        let utc = |moment: DateTime<Tz>| Some(moment.with_timezone(&Utc));
        match self.zone.from_local_datetime(&wall) {
            LocalResult::Single(moment) => [utc(moment), None],
            LocalResult::Ambiguous(first, second) => [utc(first), utc(second).filter(|_| !once_a_day)],
            LocalResult::None if once_a_day => {
                let whole = wall.and_utc().timestamp().div_euclid(60) * 60;
                let minute = |minutes: i64| DateTime::from_timestamp(whole + minutes * 60, 0).map(|at| at.naive_utc());
                let mut after = (1..=GAP_MINUTES_MAX).filter_map(minute);
                [after.find_map(|wall| self.zone.from_local_datetime(&wall).earliest()).and_then(utc), None]
            }
            LocalResult::None => [None, None],
        }
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cron({} {})", self.written, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn cron(written: &str, zone: &str) -> Cron {
        Cron::parse(written, zone, at("2026-01-01T00:00:00Z")).unwrap()
    }

    fn slots(written: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let seconds = |slot: DateTime<Utc>| slot.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        cron(written, zone).after(at(from)).take(count).map(seconds).collect()
    }

    #[test]
    fn moments_of_expressions() {
        for (written, from, expected) in [
            ("30 2 * * *", "2026-03-01T00:00:00Z", ["2026-03-01T23:30:00Z", "2026-03-02T23:30:00Z"]),
            ("*/15 * * * * *", "2026-03-01T00:00:07Z", ["2026-03-01T00:00:15Z", "2026-03-01T00:00:30Z"]),
            ("0 9 1 * MON", "2026-05-30T00:00:00Z", ["2026-06-01T06:00:00Z", "2026-06-08T06:00:00Z"]),
            ("0 0 L * *", "2026-02-10T00:00:00Z", ["2026-02-27T21:00:00Z", "2026-03-30T21:00:00Z"]),
            ("0 0 29 2 *", "2026-02-10T00:00:00Z", ["2028-02-28T21:00:00Z", "2032-02-28T21:00:00Z"]),
        ] {
            assert_eq!(slots(written, "Europe/Moscow", from, 2), expected, "{written}");
        }
    }

    #[test]
    fn a_time_of_the_day_comes_once_a_day_whatever_the_clock_does() {
        // Berlin: 2:00 to 3:00 is left out on 29 March, and comes twice on 25 October 2026.
        for (from, expected) in [
            ("2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
            ("2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
            // Begun within the hour that comes twice, at its second time.
            ("2026-10-25T01:10:00Z", ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]),
        ] {
            assert_eq!(slots("30 2 * * *", "Europe/Berlin", from, 2), expected, "{from}");
        }
    }

    #[test]
    fn a_beat_goes_on_through_changes_of_the_clock() {
        let expected = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
        assert_eq!(slots("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3), expected);
        let expected = ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"];
        assert_eq!(slots("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 4), expected);
    }

    #[test]
    fn a_midnight_that_is_left_out_is_the_first_moment_of_the_day() {
        // Asuncion skipped midnight of 1 October 2023.
        let expected = ["2023-10-01T04:00:00Z", "2023-10-02T03:00:00Z"];
        assert_eq!(slots("0 0 * * *", "America/Asuncion", "2023-09-30T12:00:00Z", 2), expected);
    }

    #[test]
    fn the_last_moment() {
        let cron = cron("30 2 * * *", "Europe/Moscow");
        assert_eq!(cron.last(at("2026-03-01T23:29:59Z")), Some(at("2026-02-28T23:30:00Z")));
        assert_eq!(cron.last(at("2026-03-01T23:30:00Z")), Some(at("2026-03-01T23:30:00Z")));
        assert_eq!(self::cron("0 0 29 2 *", "UTC").last(at("2026-03-01T00:00:00Z")), Some(at("2024-02-29T00:00:00Z")));
    }

    #[test]
    fn slots_are_whole_seconds_whenever_one_looks() {
        for (written, from, expected) in [
            ("*/15 * * * *", "2026-03-01T06:59:59.999Z", "2026-03-01T07:00:00Z"),
            ("*/15 * * * *", "2026-03-01T07:00:00.001Z", "2026-03-01T07:15:00Z"),
            ("30 2 * * *", "2026-03-28T12:00:00.391Z", "2026-03-29T01:00:00Z"),
            ("* * * * * *", "2026-03-01T07:00:00.5Z", "2026-03-01T07:00:01Z"),
        ] {
            let cron = cron(written, "Europe/Berlin");
            assert_eq!(cron.after(at(from)).next(), Some(at(expected)), "{written} after {from}");
        }
        let last = cron("30 2 * * *", "Europe/Moscow").last(at("2026-03-01T23:30:00.25Z"));
        assert_eq!(last, Some(at("2026-03-01T23:30:00Z")));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for (written, zone, said) in [
            ("", "UTC", "it has 0 fields"),
            ("* * * *", "UTC", "it has 4 fields"),
            ("* * * * * * 2027", "UTC", "it has 7 fields"),
            ("61 * * * *", "UTC", "cron.unreadable"),
            ("a * * * *", "UTC", "cron.unreadable"),
            ("0 0 30 2 *", "UTC", "cron.never: `0 0 30 2 *` never fires"),
            ("0 0 31 4,6 *", "UTC", "cron.never"),
            ("0 0 * * *", "Europe/Moskau", "there is no zone `Europe/Moskau`"),
        ] {
            let fault = Cron::parse(written, zone, at("2026-01-01T00:00:00Z")).unwrap_err().to_string();
            assert!(fault.contains(said), "{written}: {fault}");
        }
    }
}
