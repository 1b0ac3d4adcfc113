//! Moments that a command is given, in the one way in which all commands read them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;

use super::Failed;
use crate::clock;

/// A moment as people write it: a day, a local moment, or one with its offset.
pub(super) fn moment(written: &str, zone: Tz) -> Result<DateTime<Utc>, Failed> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(written) {
        return Ok(moment.to_utc());
    }
    let day = |text: &str| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0);
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
    let local =
        forms.iter().find_map(|form| NaiveDateTime::parse_from_str(written, form).ok()).or_else(|| day(written));
    local.and_then(|local| zone.from_local_datetime(&local).earliest()).map(|moment| moment.to_utc()).ok_or_else(|| {
        Failed::wrong(format!(
            "`{written}` is no moment; write 2026-03-04, 2026-03-04T02:30 (in {zone}) or 2026-03-04T02:30:00+03:00"
        ))
    })
}

/// Refuses a slot that has not come, unless it is to be run early: what a slot gives is given once.
pub(super) fn not_to_come(slot: DateTime<Utc>, early: bool) -> Result<(), Failed> {
    if early || slot <= clock::now() {
        return Ok(());
    }
    let slot = slot.to_rfc3339_opts(SecondsFormat::Secs, true);
    Err(Failed::wrong(format!(
        "the slot {slot} has not come yet: what happens until then would never be in it; wait for it, or run it all the same with --early"
    )))
}
