//! The date and time family: `dateTime`, `time`, `date` and the five partial dates, with real calendar days, time zones
//! and the partial order between values with and without a zone (XML Schema Part 2, sections 3.2.7 to 3.2.14).

use std::cmp::Ordering;

/// Attoseconds (10⁻¹⁸ s) in a second; digits of a fraction beyond the 18th are dropped.
pub(crate) const ATTOSECONDS: u64 = 1_000_000_000_000_000_000;

/// Which type of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MomentKind {
    /// `dateTime`
    DateTime,
    /// `time`
    Time,
    /// `date`
    Date,
    /// `gYearMonth`
    YearMonth,
    /// `gYear`
    Year,
    /// `gMonthDay`
    MonthDay,
    /// `gDay`
    Day,
    /// `gMonth`
    Month,
}

/// A value of the family, as written; fields that its kind lacks hold the reference values of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Which type it is of.
    pub kind: MomentKind,
    /// Year; there is no year 0, and -1 is the year before 1.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 24 (24 only as 24:00:00).
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Fraction of the second in units of 10⁻¹⁸ s.
    pub attosecond: u64,
    /// Offset from UTC in minutes, where the value has a zone.
    pub zone_minutes: Option<i16>,
}

/// Reads the digits behind the point of a second.
pub(crate) fn parse_fraction(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut scale = ATTOSECONDS;
    Some(digits.bytes().take(18).fold(0, |value, digit| {
        scale /= 10;
        value + u64::from(digit - b'0') * scale
    }))
}

/// Reads what is left of a lexical form, front to back.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn take(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == byte).then_some(())
    }

    fn two_digits(&mut self) -> Option<u8> {
        let [tens, ones, rest @ ..] = self.0 else { return None };
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        self.0 = rest;
        Some((tens - b'0') * 10 + (ones - b'0'))
    }

    /// Four digits or more, the first not zero where there are more; no year 0.
    fn year(&mut self) -> Option<i64> {
        let negative = self.0.first() == Some(&b'-');
        if negative {
            self.take(b'-')?;
        }
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        if length < 4 || length > 4 && digits[0] == b'0' {
            return None;
        }
        let year =
            digits.iter().try_fold(0_i64, |year, digit| year.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
        // A year too large to count is still a year; the largest that arithmetic on seconds can bear stands for it.
        let year = year.unwrap_or(i64::MAX).min(1 << 60);
        self.0 = rest;
        (year != 0).then_some(if negative { -year } else { year })
    }

    fn zone(&mut self) -> Option<Option<i16>> {
        let sign = match self.0 {
            [] => return Some(None),
            [b'Z'] => {
                self.0 = &[];
                return Some(Some(0));
            }
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = i16::from(self.two_digits()?);
        self.take(b':')?;
        let minutes = i16::from(self.two_digits()?);
        if !self.0.is_empty() || minutes > 59 || hours > 14 || hours == 14 && minutes > 0 {
            return None;
        }
        Some(Some(sign * (hours * 60 + minutes)))
    }

    fn time(&mut self, moment: &mut Moment) -> Option<()> {
        moment.hour = self.two_digits()?;
        self.take(b':')?;
        moment.minute = self.two_digits()?;
        self.take(b':')?;
        moment.second = self.two_digits()?;
        // Digits that are dropped count here: an instant after midnight is the next day's.
        let mut whole = true;
        if self.0.first() == Some(&b'.') {
            let length = self.0[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digits = std::str::from_utf8(&self.0[1..=length]).ok()?;
            moment.attosecond = parse_fraction(digits)?;
            whole = digits.bytes().all(|digit| digit == b'0');
            self.0 = &self.0[1 + length..];
        }
        let midnight = moment.hour == 24 && moment.minute == 0 && moment.second == 0 && whole;
        ((moment.hour < 24 || midnight) && moment.minute < 60 && moment.second < 60).then_some(())
    }
}

impl Moment {
    /// Reads the lexical form of `kind`.
    pub(crate) fn parse(kind: MomentKind, text: &str) -> Option<Self> {
        // A leap year whose months all begin the calendar's longest way, so that partial dates keep their days.
        let mut moment = Self {
            kind,
            year: 1972,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            attosecond: 0,
            zone_minutes: None,
        };
        let mut rest = Rest(text.as_bytes());
        match kind {
            MomentKind::DateTime | MomentKind::Date | MomentKind::YearMonth | MomentKind::Year => {
                moment.year = rest.year()?;
            }
            MomentKind::MonthDay | MomentKind::Month => {
                rest.take(b'-')?;
                rest.take(b'-')?;
                moment.month = rest.two_digits()?;
            }
            MomentKind::Day => {
                rest.take(b'-')?;
                rest.take(b'-')?;
                rest.take(b'-')?;
                moment.day = rest.two_digits()?;
            }
            MomentKind::Time => {}
        }
        if matches!(kind, MomentKind::DateTime | MomentKind::Date | MomentKind::YearMonth) {
            rest.take(b'-')?;
            moment.month = rest.two_digits()?;
        }
        if matches!(kind, MomentKind::DateTime | MomentKind::Date | MomentKind::MonthDay) {
            rest.take(b'-')?;
            moment.day = rest.two_digits()?;
        }
        if kind == MomentKind::DateTime {
            rest.take(b'T')?;
        }
        if matches!(kind, MomentKind::DateTime | MomentKind::Time) {
            rest.time(&mut moment)?;
        }
        moment.zone_minutes = rest.zone()?;
        moment.is_real().then_some(moment)
    }

    fn is_real(&self) -> bool {
        let longest = if self.kind == MomentKind::Day { 31 } else { days_in(self.year, self.month) };
        (1..=12).contains(&self.month) && (1..=longest).contains(&self.day)
    }

    /// Days from the start of 1970 to the first of the month that is `months` after January of the year 0.
    pub(crate) fn days_before_month(months: i128) -> i128 {
        let year = months.div_euclid(12);
        let month = months.rem_euclid(12) + 1;
        days_from_civil(year, month, 1)
    }

    /// Seconds since the start of 1970 as if the local time were UTC.
    fn local_seconds(&self) -> i128 {
        // Years before 1 are counted without a year 0.
        let year = if self.year < 0 { i128::from(self.year) + 1 } else { i128::from(self.year) };
        let days = days_from_civil(year, i128::from(self.month), i128::from(self.day));
        // The end of the day is the start of the next; without a date it is the start of the same one.
        let hour = if self.kind == MomentKind::Time { self.hour % 24 } else { self.hour };
        days * 86_400 + i128::from(hour) * 3600 + i128::from(self.minute) * 60 + i128::from(self.second)
    }

    /// The point of the time line, where the value has a zone; local time otherwise.
    pub(crate) fn timeline(&self) -> (i128, u64) {
        let zone = i128::from(self.zone_minutes.unwrap_or(0)) * 60;
        (self.local_seconds() - zone, self.attosecond)
    }

    /// The partial order: a value without a zone is less or greater only if it is so in every zone.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        /// The widest offset that a zone may have, in seconds.
        const WIDEST: i128 = 14 * 3600;
        if self.kind != other.kind {
            return None;
        }
        let (left, right) = (self.timeline(), other.timeline());
        let apart = |zoned: (i128, u64), local: (i128, u64)| {
            if zoned < (local.0 - WIDEST, local.1) {
                Some(Ordering::Less)
            } else if zoned > (local.0 + WIDEST, local.1) {
                Some(Ordering::Greater)
            } else {
                None
            }
        };
        match (self.zone_minutes.is_some(), other.zone_minutes.is_some()) {
            (true, false) => apart(left, right),
            (false, true) => apart(right, left).map(Ordering::reverse),
            _ => Some(left.cmp(&right)),
        }
    }
}

fn days_in(year: i64, month: u8) -> u8 {
    let counted = if year < 0 { year + 1 } else { year };
    let leap = counted % 4 == 0 && (counted % 100 != 0 || counted % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years with a year 0.
fn days_from_civil(year: i128, month: i128, day: i128) -> i128 {
    // Years begin in March here, so that the leap day is the last of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexical_spaces_are_exact() {
        use MomentKind::{Date, DateTime, Day, Month, MonthDay, Time, Year, YearMonth};
        for (kind, right, wrong) in [
            (
                DateTime,
                &[
                    "2024-02-29T23:59:59",
                    "2024-01-01T24:00:00Z",
                    "-0001-01-01T00:00:00.123+14:00",
                    "12024-01-01T00:00:00",
                ][..],
                &[
                    "2023-02-29T00:00:00",
                    "0000-01-01T00:00:00",
                    "2024-01-01",
                    "2024-01-01T24:00:01",
                    "2024-01-01T00:00:00+14:01",
                    "2024-01-01T00:00:60",
                    "02024-01-01T00:00:00",
                    "2024-1-01T00:00:00",
                    "2024-01-01T00:00:00.",
                    "+2024-01-01T00:00:00",
                    "2024-01-01 00:00:00",
                    "2024-01-01T00:00",
                    "2024-01-01T00:00:00z",
                ][..],
            ),
            (
                Date,
                &["2000-02-29", "2024-12-31Z", "2024-12-31-05:00"],
                &["1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "24-01-01", ""],
            ),
            (
                Time,
                &["00:00:00", "24:00:00", "24:00:00.00", "23:59:59.999Z"],
                &["24:00:00.1", "24:00:00.0000000000000000001", "1:00:00", "25:00:00", "00:60:00"],
            ),
            (YearMonth, &["2024-01", "2024-12Z"], &["2024-13", "2024", "2024-1"]),
            (Year, &["2024", "-0044", "2024+03:00"], &["0000", "24", "2024-01"]),
            (MonthDay, &["--02-29", "--12-31Z"], &["--02-30", "-02-29", "--2-29", "--13-01"]),
            (Day, &["---31", "---01Z"], &["---32", "---00", "--01"]),
            (Month, &["--01", "--12Z", "--05-05:00"], &["--13", "--1", "--01--"]),
        ] {
            for text in right {
                assert!(Moment::parse(kind, text).is_some(), "{kind:?} {text}");
            }
            for text in wrong {
                assert!(Moment::parse(kind, text).is_none(), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn the_order_minds_zones() {
        for (left, right, order) in [
            ("2024-01-01T12:00:00Z", "2024-01-01T15:00:00+03:00", Some(Ordering::Equal)),
            ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00", None),
            ("2024-01-01T12:00:00Z", "2024-01-02T12:00:00", Some(Ordering::Less)),
            ("2024-01-03T12:00:00", "2024-01-02T12:00:00Z", Some(Ordering::Greater)),
            ("2024-01-01T24:00:00Z", "2024-01-02T00:00:00Z", Some(Ordering::Equal)),
            ("2024-01-01T00:00:00.5", "2024-01-01T00:00:00.50", Some(Ordering::Equal)),
            ("-0001-12-31T24:00:00Z", "0001-01-01T00:00:00Z", Some(Ordering::Equal)),
        ] {
            let parse = |text| Moment::parse(MomentKind::DateTime, text).expect(text);
            assert_eq!(parse(left).compare(&parse(right)), order, "{left} {right}");
        }
        let time = |text| Moment::parse(MomentKind::Time, text).expect(text);
        assert_eq!(time("24:00:00").compare(&time("00:00:00")), Some(Ordering::Equal));
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(days_from_civil(1969, 12, 31), -1);
    }
}
