//! When something may go out: not within quiet hours, a digest at its hour. In the configured zone, also across a change of
//! its clocks.

use chrono::{DateTime, Days, Duration, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::Frequency;

/// Hours in which a channel is silent: from one time of the day until another, over midnight where the second is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// When they begin.
    pub from: NaiveTime,
    /// When they are over.
    pub until: NaiveTime,
}

impl QuietHours {
    /// The moment itself, or the end of the quiet hours that it falls into.
    #[must_use]
    pub fn after(self, moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let local = moment.with_timezone(&zone);
        let (day, time) = (local.date_naive(), local.time());
        let overnight = self.until <= self.from;
        let quiet =
            if overnight { time >= self.from || time < self.until } else { time >= self.from && time < self.until };
        if !quiet {
            return moment;
        }
        let ends = if overnight && time >= self.from { day + Days::new(1) } else { day };
        there(ends.and_time(self.until), zone).max(moment)
    }
}

/// When the digest that something falls into goes out: the next full hour, or the next day's hour; none where it goes out at
/// once or never.
#[must_use]
pub fn digest(frequency: Frequency, now: DateTime<Utc>, daily_at: NaiveTime, zone: Tz) -> Option<DateTime<Utc>> {
    match frequency {
        Frequency::Never | Frequency::AtOnce => None,
        Frequency::Hourly => {
            let local = now.with_timezone(&zone);
            let past = Duration::minutes(local.minute().into())
                + Duration::seconds(local.second().into())
                + Duration::nanoseconds((local.nanosecond() % 1_000_000_000).into());
            Some(now - past + Duration::hours(1))
        }
        Frequency::Daily => {
            let today = now.with_timezone(&zone).date_naive();
            let at = there(today.and_time(daily_at), zone);
            Some(if at > now { at } else { there((today + Days::new(1)).and_time(daily_at), zone) })
        }
    }
}

/// A local time as a moment: the first of two where clocks are put back, the first after the gap where they are put forward.
fn there(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let mut local = local;
    loop {
        if let Some(moment) = zone.from_local_datetime(&local).earliest() {
            return moment.with_timezone(&Utc);
        }
        local += Duration::minutes(15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn hours(from: (u32, u32), until: (u32, u32)) -> QuietHours {
        let time = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        QuietHours { from: time(from), until: time(until) }
    }

    #[test]
    fn quiet_hours_end_in_the_morning() {
        let moscow = chrono_tz::Europe::Moscow;
        let (night, noon) = (hours((22, 0), (8, 0)), hours((13, 0), (14, 0)));
        for (quiet, moment, goes) in [
            (night, "2026-03-02T18:59:59Z", "2026-03-02T18:59:59Z"),
            (night, "2026-03-02T19:00:00Z", "2026-03-03T05:00:00Z"),
            (night, "2026-03-02T23:30:00Z", "2026-03-03T05:00:00Z"),
            (night, "2026-03-03T05:00:00Z", "2026-03-03T05:00:00Z"),
            (noon, "2026-03-02T10:30:00Z", "2026-03-02T11:00:00Z"),
            (noon, "2026-03-02T11:00:00Z", "2026-03-02T11:00:00Z"),
        ] {
            assert_eq!(quiet.after(at(moment), moscow), at(goes), "{moment}");
        }
    }

    #[test]
    fn quiet_hours_over_a_change_of_clocks() {
        // Clocks go from 02:00 to 03:00 on 2026-03-29 in Berlin: 02:30 is not there that day.
        let berlin = chrono_tz::Europe::Berlin;
        let goes = hours((22, 0), (2, 30)).after(at("2026-03-28T23:00:00Z"), berlin);
        assert_eq!(goes, at("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_digest_goes_at_its_hour() {
        let moscow = chrono_tz::Europe::Moscow;
        let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
        for (frequency, moment, goes) in [
            (Frequency::Hourly, "2026-03-02T10:00:00Z", Some("2026-03-02T11:00:00Z")),
            (Frequency::Hourly, "2026-03-02T10:59:59.999Z", Some("2026-03-02T11:00:00Z")),
            (Frequency::Daily, "2026-03-02T05:59:00Z", Some("2026-03-02T06:00:00Z")),
            (Frequency::Daily, "2026-03-02T06:00:00Z", Some("2026-03-03T06:00:00Z")),
            (Frequency::AtOnce, "2026-03-02T06:00:00Z", None),
            (Frequency::Never, "2026-03-02T06:00:00Z", None),
        ] {
            assert_eq!(digest(frequency, at(moment), nine, moscow), goes.map(at), "{frequency:?} {moment}");
        }
    }
}
