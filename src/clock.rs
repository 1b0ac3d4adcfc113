//! The sole caller of the system clock: everything else takes `now` as an argument.

use chrono::{DateTime, SubsecRound, Utc};

/// The present moment, in whole milliseconds: the store keeps no finer ones, and a moment that was
/// written and read again must equal itself.
#[must_use]
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the system")]
    let now = Utc::now();
    now.trunc_subsecs(3)
}
