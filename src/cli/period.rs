//! Periods on the command line: days of the configured zone, or moments.

use chrono::{DateTime, Days, NaiveDate};
use chrono_tz::Tz;
use clap::Args;

use super::Failed;
use crate::domain::term::day_end;
use crate::store::Span;

/// A period: from its first day or moment to its last day or the moment before which it ends.
#[derive(Debug, Default, Args)]
pub(super) struct Period {
    /// From this day or moment on: `2026-03-01`, or `2026-03-01T09:00:00+03:00`.
    #[arg(long, value_name = "DAY|MOMENT")]
    since: Option<String>,
    /// To the end of this day, or to just before this moment.
    #[arg(long, value_name = "DAY|MOMENT")]
    until: Option<String>,
}

impl Period {
    /// The stretch of time that it is.
    pub(super) fn span(&self, zone: Tz) -> Result<Span, Failed> {
        let since = self.since.as_deref().map(|text| moment("--since", text, zone, true)).transpose()?;
        let before = self.until.as_deref().map(|text| moment("--until", text, zone, false)).transpose()?;
        Ok(Span { since, before })
    }
}

fn moment(flag: &str, text: &str, zone: Tz, begins: bool) -> Result<i64, Failed> {
    let wrong = || {
        let like = "a day such as 2026-03-01, or a moment such as 2026-03-01T09:00:00+03:00";
        Failed::wrong(format!("{flag} {text}: write {like}"))
    };
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.timestamp_millis());
    }
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    // A day begins where the one before it ends.
    let last = if begins { day.checked_sub_days(Days::new(1)) } else { Some(day) };
    last.and_then(|day| day_end(day, zone)).map(|moment| moment.timestamp_millis()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_moments_are_themselves() {
        let zone = chrono_tz::Europe::Moscow;
        let period = |since: &str, until: &str| Period { since: Some(since.into()), until: Some(until.into()) };
        let millis = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        assert_eq!(
            period("2026-03-01", "2026-03-02").span(zone).unwrap(),
            Span { since: Some(millis("2026-02-28T21:00:00Z")), before: Some(millis("2026-03-02T21:00:00Z")) }
        );
        assert_eq!(
            period("2026-03-01T09:00:00+03:00", "2026-03-01T06:00:00Z").span(zone).unwrap(),
            Span { since: Some(millis("2026-03-01T06:00:00Z")), before: Some(millis("2026-03-01T06:00:00Z")) }
        );
        for wrong in ["вчера", "2026-02-30", "2026-03-01T09:00:00", ""] {
            assert!(period(wrong, "2026-03-01").span(zone).is_err(), "{wrong}");
        }
    }
}
