//! When a job is to run: its expression, its days, what becomes of moments that were missed. Pure: the moment comes in, slots go out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::cron::Cron;
use crate::domain::calendar::{Calendar, CalendarFault};

/// A slot that is seen within this time has not been missed.
pub const ON_TIME: Duration = Duration::from_mins(1);
/// Slots that one look takes in; the next look goes on behind them.
const SLOTS_MAX: usize = 1000;

/// What becomes of slots that nobody was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// Each of them is run, in order.
    All,
    /// The last of them is run, the others are skipped.
    #[default]
    Last,
    /// None of them is run.
    Skip,
}

/// When and how a job is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The moments.
    pub cron: Cron,
    /// Whether only those on working days count.
    pub working_days: bool,
    /// What becomes of missed ones.
    pub missed: Missed,
    /// Missed ones older than this are forgotten.
    pub horizon: Duration,
    /// A run that takes longer is ended and has failed.
    pub timeout: Duration,
    /// Further tries of a slot that has failed.
    pub retries: u32,
    /// The pause before the second try; it doubles with each.
    pub retry_pause: Duration,
    /// A slot begins up to so much later, always by the same for one job and slot.
    pub jitter: Duration,
}

/// What a look at a job found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Slots to run, in order.
    pub run: Vec<DateTime<Utc>>,
    /// Slots that are skipped, in order.
    pub skipped: Vec<DateTime<Utc>>,
    /// Everything up to here has been seen.
    pub seen: DateTime<Utc>,
}

impl Plan {
    /// The slots after `seen` up to now, by what becomes of them.
    ///
    /// # Errors
    /// Only working days count, and the calendar does not know a day.
    pub fn look(&self, seen: DateTime<Utc>, now: DateTime<Utc>, calendar: &Calendar) -> Result<Look, CalendarFault> {
        let from = seen.max(now - self.horizon);
        let mut slots: Vec<DateTime<Utc>> = Vec::new();
        for slot in self.cron.after(from).take_while(|slot| *slot <= now) {
            if self.counts(slot, calendar)? {
                slots.push(slot);
            }
            if slots.len() == SLOTS_MAX && self.missed == Missed::All {
                let seen = slot;
                return Ok(Look { run: slots, skipped: Vec::new(), seen });
            }
        }
        let on_time = slots.partition_point(|slot| *slot < now - ON_TIME);
        let missed_to_run = match self.missed {
            Missed::All => 0,
            Missed::Last if on_time == slots.len() => on_time.saturating_sub(1),
            Missed::Last | Missed::Skip => on_time,
        };
        let run = slots.split_off(missed_to_run);
        // A stop of weeks is not told second by second.
        let skipped = slots.split_off(slots.len().saturating_sub(SLOTS_MAX));
        Ok(Look { run, skipped, seen: now.max(seen) })
    }

    /// The next slots after a moment.
    ///
    /// # Errors
    /// Only working days count, and the calendar does not know a day.
    pub fn next(
        &self,
        after: DateTime<Utc>,
        count: usize,
        calendar: &Calendar,
    ) -> Result<Vec<DateTime<Utc>>, CalendarFault> {
        let mut slots = Vec::with_capacity(count);
        for slot in self.cron.after(after) {
            if slots.len() == count {
                break;
            }
            if self.counts(slot, calendar)? {
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    /// The last slot up to a moment, of those that are not too far back.
    ///
    /// # Errors
    /// Only working days count, and the calendar does not know a day.
    pub fn last(&self, until: DateTime<Utc>, calendar: &Calendar) -> Result<Option<DateTime<Utc>>, CalendarFault> {
        let before = |slot: &DateTime<Utc>| self.cron.last(*slot - Duration::from_millis(1));
        for slot in std::iter::successors(self.cron.last(until), before).take(SLOTS_MAX) {
            if self.counts(slot, calendar)? {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    fn counts(&self, slot: DateTime<Utc>, calendar: &Calendar) -> Result<bool, CalendarFault> {
        if !self.working_days {
            return Ok(true);
        }
        calendar.is_working(slot.with_timezone(&self.cron.zone()).date_naive())
    }

    /// When a slot begins.
    #[must_use]
    pub fn begins(&self, job: &str, slot: DateTime<Utc>) -> DateTime<Utc> {
        let span = u64::try_from(self.jitter.as_millis()).unwrap_or(u64::MAX);
        if span == 0 {
            return slot;
        }
        let hash = Sha256::digest(format!("{job}:{}", slot.timestamp_millis()));
        let random = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        slot + Duration::from_millis(random % span)
    }

    /// When a slot is tried again after so many tries; none: it has failed for good.
    #[must_use]
    pub fn again(&self, attempt: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let pause = self.retry_pause.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(16)));
        (attempt <= self.retries).then(|| now + pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn plan(cron: &str, missed: Missed) -> Plan {
        Plan {
            cron: Cron::parse(cron, "Europe/Moscow", at("2026-01-01T00:00:00Z")).unwrap(),
            working_days: false,
            missed,
            horizon: Duration::from_hours(168),
            timeout: Duration::from_mins(1),
            retries: 2,
            retry_pause: Duration::from_secs(10),
            jitter: Duration::ZERO,
        }
    }

    fn days(slots: &[DateTime<Utc>]) -> Vec<String> {
        slots.iter().map(|slot| slot.format("%d").to_string()).collect()
    }

    #[test]
    fn what_was_missed_follows_the_policy() {
        let calendar = Calendar::official();
        let (seen, now) = (at("2026-06-01T12:00:00Z"), at("2026-06-05T12:00:00Z"));
        for (missed, run, skipped) in [
            (Missed::All, &["02", "03", "04", "05"][..], &[][..]),
            (Missed::Last, &["05"], &["02", "03", "04"]),
            (Missed::Skip, &[], &["02", "03", "04", "05"]),
        ] {
            let look = plan("0 6 * * *", missed).look(seen, now, &calendar).unwrap();
            assert_eq!(
                (days(&look.run), days(&look.skipped)),
                (
                    run.iter().map(|day| (*day).to_owned()).collect(),
                    skipped.iter().map(|day| (*day).to_owned()).collect()
                ),
                "{missed:?}"
            );
            assert_eq!(look.seen, now);
        }
    }

    #[test]
    fn a_slot_on_time_is_run_whatever_the_policy_and_takes_the_place_of_the_last_missed_one() {
        let calendar = Calendar::official();
        let (seen, now) = (at("2026-06-01T12:00:00Z"), at("2026-06-03T03:00:30Z"));
        for (missed, run, skipped) in [(Missed::All, 2, 0), (Missed::Last, 1, 1), (Missed::Skip, 1, 1)] {
            let look = plan("0 6 * * *", missed).look(seen, now, &calendar).unwrap();
            assert_eq!((look.run.len(), look.skipped.len()), (run, skipped), "{missed:?}");
            assert_eq!(look.run.last(), Some(&at("2026-06-03T03:00:00Z")));
        }
    }

    #[test]
    fn what_lies_before_the_horizon_is_forgotten_and_many_slots_come_in_pieces() {
        let calendar = Calendar::official();
        let plan = plan("* * * * *", Missed::All);
        let now = at("2026-06-30T00:00:00Z");
        let first = plan.look(at("2026-01-01T00:00:00Z"), now, &calendar).unwrap();
        assert_eq!(first.run.first(), Some(&at("2026-06-23T00:01:00Z")));
        assert_eq!((first.run.len(), first.seen), (SLOTS_MAX, first.run[SLOTS_MAX - 1]));
        let second = plan.look(first.seen, now, &calendar).unwrap();
        assert_eq!(second.run.first(), Some(&(first.seen + Duration::from_mins(1))));
    }

    #[test]
    fn only_working_days_count_where_it_is_asked_for() {
        let mut plan = plan("0 9 * * *", Missed::All);
        plan.working_days = true;
        // 6 March 2026 is a Friday, Monday the 9th a day off.
        let look = plan.look(at("2026-03-06T12:00:00Z"), at("2026-03-10T12:00:00Z"), &Calendar::official()).unwrap();
        assert_eq!(days(&look.run), ["10"]);
        let fault = plan.look(at("2031-01-05T00:00:00Z"), at("2031-01-07T00:00:00Z"), &Calendar::official());
        assert_eq!(fault.unwrap_err().code(), "calendar.no-year");
    }

    #[test]
    fn jitter_is_the_same_for_one_slot_and_within_its_bound() {
        let mut plan = plan("0 9 * * *", Missed::All);
        let slots = plan.next(at("2026-03-01T00:00:00Z"), 50, &Calendar::official()).unwrap();
        assert!(slots.iter().all(|slot| plan.begins("a", *slot) == *slot));
        plan.jitter = Duration::from_mins(5);
        let later: Vec<_> = slots.iter().map(|slot| plan.begins("a", *slot) - *slot).collect();
        assert!(later.iter().all(|by| (0..300_000).contains(&by.num_milliseconds())));
        assert_eq!(later, slots.iter().map(|slot| plan.begins("a", *slot) - *slot).collect::<Vec<_>>());
        assert_ne!(later, slots.iter().map(|slot| plan.begins("b", *slot) - *slot).collect::<Vec<_>>());
    }

    #[test]
    fn a_failed_slot_is_tried_again_with_doubled_pauses() {
        let plan = plan("0 9 * * *", Missed::All);
        let now = at("2026-03-01T00:00:00Z");
        let pauses: Vec<_> =
            (1..5).map(|attempt| plan.again(attempt, now).map(|at| (at - now).num_seconds())).collect();
        assert_eq!(pauses, [Some(10), Some(20), None, None]);
    }
}
