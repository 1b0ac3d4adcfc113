//! Values as they stand in files: moments, days, amounts. A million rows hold many million of them, so they are written without a
//! formatter; the offset of a zone is asked for once a quarter of an hour of data.

use std::fmt::Write as _;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::domain::language;

const DAY: i64 = 86_400;
/// Offsets of zones change at whole quarters of an hour.
const QUARTER: i64 = 900;

/// How moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// `2026-03-02T07:00:00.000Z`, for machines.
    Utc,
    /// `02.03.2026 10:00:00` in a zone, for people.
    Local(Tz),
}

/// `30.11.2026 в 10:35`: a moment as a sentence tells it.
pub(super) fn in_a_sentence(moment: i64, zone: Tz) -> String {
    let mut written = String::new();
    Moments::new(Clock::Local(zone)).write(moment, &mut written);
    written.truncate(written.len() - ":00".len());
    written.replacen(' ', " в ", 1)
}

/// Writes moments.
#[derive(Debug)]
pub(super) struct Moments {
    clock: Clock,
    quarter: i64,
    offset: i64,
    /// The last day, and how it is written: moments of neighbouring rows mostly share it.
    day: i64,
    day_written: String,
}

impl Moments {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, quarter: i64::MIN, offset: 0, day: i64::MIN, day_written: String::new() }
    }

    /// A moment of milliseconds since the epoch.
    pub(super) fn write(&mut self, moment: i64, out: &mut String) {
        let (seconds, milliseconds) = (moment.div_euclid(1000), moment.rem_euclid(1000));
        match self.clock {
            Clock::Utc => {
                self.day(seconds.div_euclid(DAY), out);
                time(seconds, out);
                out.push('.');
                padded::<3>(milliseconds, out);
                out.push('Z');
            }
            Clock::Local(zone) => {
                let local = seconds + self.offset(seconds, zone);
                self.day(local.div_euclid(DAY), out);
                time(local, out);
            }
        }
    }

    /// A day counted from 1970-01-01, with what stands between it and the time.
    fn day(&mut self, day: i64, out: &mut String) {
        if day != self.day {
            self.day = day;
            self.day_written.clear();
            let ((year, month, of_month), written) = (civil(day), &mut self.day_written);
            match self.clock {
                Clock::Utc => {
                    padded::<4>(year, written);
                    written.push('-');
                    padded::<2>(month, written);
                    written.push('-');
                    padded::<2>(of_month, written);
                    written.push('T');
                }
                Clock::Local(_) => {
                    padded::<2>(of_month, written);
                    written.push('.');
                    padded::<2>(month, written);
                    written.push('.');
                    padded::<4>(year, written);
                    written.push(' ');
                }
            }
        }
        out.push_str(&self.day_written);
    }

    /// A moment as the clock on the wall shows it: milliseconds of the zone's own count.
    #[cfg(feature = "xlsx")]
    pub(super) fn local(&mut self, moment: i64) -> i64 {
        match self.clock {
            Clock::Utc => moment,
            Clock::Local(zone) => moment + self.offset(moment.div_euclid(1000), zone) * 1000,
        }
    }

    fn offset(&mut self, seconds: i64, zone: Tz) -> i64 {
        let quarter = seconds.div_euclid(QUARTER);
        if quarter != self.quarter {
            self.quarter = quarter;
            self.offset = DateTime::from_timestamp(seconds, 0).map_or(0, |moment| {
                i64::from(zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc())
            });
        }
        self.offset
    }
}

fn time(seconds: i64, out: &mut String) {
    let second = seconds.rem_euclid(DAY);
    padded::<2>(second / 3600, out);
    out.push(':');
    padded::<2>(second / 60 % 60, out);
    out.push(':');
    padded::<2>(second % 60, out);
}

/// A day as people write it: `02.03.2026` for `2026-03-02`; anything else stays as it is.
pub(super) fn day_for_people(day: &str, out: &mut String) {
    let mut parts = day.splitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) if year.len() == 4 => {
            out.push_str(day);
            out.push('.');
            out.push_str(month);
            out.push('.');
            out.push_str(year);
        }
        _ => out.push_str(day),
    }
}

/// A whole number of the smallest units with so many decimals.
pub(super) fn decimal(number: i64, decimals: u8, point: char, out: &mut String) {
    if decimals == 0 {
        return whole(number, out);
    }
    let scale = 10_u64.pow(u32::from(decimals));
    if number < 0 {
        out.push('-');
    }
    let size = number.unsigned_abs();
    let _infallible = write!(out, "{}", size / scale);
    out.push(point);
    let _infallible = write!(out, "{:0width$}", size % scale, width = usize::from(decimals));
}

/// A whole number.
pub(super) fn whole(number: i64, out: &mut String) {
    let _infallible = write!(out, "{number}");
}

/// A count as people read it: `1 234 567`, with spaces that do not break.
pub(super) fn grouped(number: u64, out: &mut String) {
    out.push_str(&language::grouped(number, '\u{a0}'));
}

/// A number with zeros before it; one that has more digits as it is.
fn padded<const WIDTH: usize>(number: i64, out: &mut String) {
    let (mut digits, mut left) = ([0; WIDTH], number);
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    if left != 0 || number < 0 {
        return whole(number, out);
    }
    digits.iter().for_each(|digit| out.push(char::from(b'0' + digit)));
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar (the era method: 400 years have 146,097 days).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    use super::*;

    fn written(clock: Clock, moment: i64) -> String {
        let mut out = String::new();
        Moments::new(clock).write(moment, &mut out);
        out
    }

    proptest! {
        #[test]
        fn moments_are_written_as_the_calendar_library_writes_them(moment in -62_000_000_000_000_i64..200_000_000_000_000) {
            let known = DateTime::from_timestamp_millis(moment).unwrap();
            prop_assert_eq!(written(Clock::Utc, moment), known.to_rfc3339_opts(SecondsFormat::Millis, true));
        }

        #[test]
        fn local_moments_too(moment in 0_i64..4_000_000_000_000) {
            for zone in [chrono_tz::Europe::Moscow, chrono_tz::Asia::Kathmandu, chrono_tz::America::New_York] {
                let known = DateTime::from_timestamp_millis(moment).unwrap().with_timezone(&zone);
                prop_assert_eq!(written(Clock::Local(zone), moment), known.format("%d.%m.%Y %H:%M:%S").to_string());
            }
        }
    }

    #[test]
    fn an_offset_is_not_taken_over_a_change_of_the_clock() {
        let mut moments = Moments::new(Clock::Local(chrono_tz::Europe::Berlin));
        let mut out = String::new();
        // 2026-03-29, one second before and at the change.
        for moment in [1_774_745_999_000, 1_774_746_000_000] {
            moments.write(moment, &mut out);
            out.push('\n');
        }
        assert_eq!(out, "29.03.2026 01:59:59\n29.03.2026 03:00:00\n");
    }

    #[test]
    fn a_sentence_tells_a_moment_to_the_minute() {
        assert_eq!(in_a_sentence(1_796_024_126_000, chrono_tz::Europe::Moscow), "30.11.2026 в 10:35");
    }

    #[test]
    fn numbers_and_days() {
        for (number, decimals, expected) in [
            (0, 2, "0,00"),
            (35_005, 2, "350,05"),
            (-5, 2, "-0,05"),
            (7, 0, "7"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            let mut out = String::new();
            decimal(number, decimals, ',', &mut out);
            assert_eq!(out, expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1\u{a0}000"), (1_234_567, "1\u{a0}234\u{a0}567")] {
            let mut out = String::new();
            grouped(number, &mut out);
            assert_eq!(out, expected);
        }
        for (day, expected) in [("2026-03-02", "02.03.2026"), ("март", "март"), ("", "")] {
            let mut out = String::new();
            day_for_people(day, &mut out);
            assert_eq!(out, expected);
        }
    }
}
