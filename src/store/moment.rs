//! Moments as the tables hold them: whole milliseconds since the epoch, in UTC.

use chrono::{DateTime, Utc};

/// A moment for a table.
pub(super) fn to_store(moment: DateTime<Utc>) -> i64 {
    moment.timestamp_millis()
}

/// A moment from a table; one that no calendar has becomes the epoch.
pub(super) fn from_store(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}
