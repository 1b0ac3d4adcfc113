//! A channel that is out: after several faults in a row it is left alone for a while, then tried with one message; the pause
//! doubles until it answers. And the number of messages that a channel takes in a minute.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// When a channel is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Faults in a row that open it.
    pub faults_max: u32,
    /// The first pause.
    pub pause_min: Duration,
    /// The longest.
    pub pause_max: Duration,
}

/// What may be handed over now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// As much as there is.
    Open,
    /// One message, to see.
    Probe,
    /// Nothing before this moment.
    Shut(DateTime<Utc>),
}

/// Counts faults in a row.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    faults: u32,
    pause: Duration,
    shut_until: Option<DateTime<Utc>>,
}

impl Breaker {
    /// One that is closed: everything passes.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, faults: 0, pause: settings.pause_min, shut_until: None }
    }

    /// What may be handed over now.
    #[must_use]
    pub fn gate(&self, now: DateTime<Utc>) -> Gate {
        match self.shut_until {
            None => Gate::Open,
            Some(until) if now < until => Gate::Shut(until),
            Some(_) => Gate::Probe,
        }
    }

    /// Whether it is open: the channel is out.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.shut_until.is_some()
    }

    /// The channel took something, or answered that it will not: it is there.
    pub fn answered(&mut self) {
        self.faults = 0;
        self.pause = self.settings.pause_min;
        self.shut_until = None;
    }

    /// The channel failed. True where it opens by this.
    pub fn failed(&mut self, now: DateTime<Utc>) -> bool {
        self.faults = self.faults.saturating_add(1);
        let probing = self.shut_until.is_some_and(|until| now >= until);
        if !probing && (self.shut_until.is_some() || self.faults < self.settings.faults_max) {
            return false;
        }
        self.shut_until = Some(now + self.pause);
        self.pause = (self.pause * 2).min(self.settings.pause_max);
        !probing
    }

    /// The channel asked to be left alone until a moment.
    pub fn wait(&mut self, until: DateTime<Utc>) {
        self.shut_until = Some(self.shut_until.map_or(until, |known| known.max(until)));
    }
}

/// How many messages a minute a channel takes.
#[derive(Debug, Clone)]
pub struct Pace {
    per_minute_max: Option<u32>,
    /// Messages of the minute that began then.
    minute: Option<(DateTime<Utc>, u32)>,
}

impl Pace {
    /// A pace; none: as fast as it goes.
    #[must_use]
    pub fn new(per_minute_max: Option<u32>) -> Self {
        Self { per_minute_max, minute: None }
    }

    /// How many may go now, of so many; and when the next may, where not all can.
    pub fn take(&mut self, wanted: usize, now: DateTime<Utc>) -> (usize, Option<DateTime<Utc>>) {
        let Some(max) = self.per_minute_max else { return (wanted, None) };
        let (began, used) = match self.minute {
            Some((began, used)) if now < began + Duration::from_mins(1) => (began, used),
            _ => (now, 0),
        };
        let free = usize::try_from(max.saturating_sub(used)).unwrap_or(usize::MAX);
        let taken = wanted.min(free);
        self.minute = Some((began, used + u32::try_from(taken).unwrap_or(u32::MAX)));
        (taken, (taken < wanted).then(|| began + Duration::from_mins(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings {
            faults_max: 3,
            pause_min: Duration::from_secs(10),
            pause_max: Duration::from_secs(30),
        })
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn opens_after_faults_in_a_row_and_closes_with_an_answer() {
        let mut breaker = breaker();
        assert!(!breaker.failed(at(0)) && !breaker.failed(at(0)));
        breaker.answered();
        assert!(!breaker.failed(at(1)) && !breaker.failed(at(1)));
        assert_eq!(breaker.gate(at(1)), Gate::Open);
        assert!(breaker.failed(at(1)));
        assert_eq!(breaker.gate(at(2)), Gate::Shut(at(11)));
        assert_eq!(breaker.gate(at(11)), Gate::Probe);
        breaker.answered();
        assert_eq!(breaker.gate(at(11)), Gate::Open);
    }

    #[test]
    fn the_pause_doubles_up_to_the_longest() {
        let mut breaker = breaker();
        assert_eq!([0; 3].map(|_| breaker.failed(at(0))), [false, false, true]);
        let mut now = 0;
        for pause in [10, 20, 30, 30] {
            assert_eq!(breaker.gate(at(now)), Gate::Shut(at(now + pause)));
            now += pause;
            assert!(!breaker.failed(at(now)), "it is open already");
        }
    }

    #[test]
    fn a_channel_may_ask_to_be_left_alone() {
        let mut breaker = breaker();
        breaker.wait(at(100));
        breaker.wait(at(50));
        assert_eq!(breaker.gate(at(99)), Gate::Shut(at(100)));
        assert_eq!(breaker.gate(at(100)), Gate::Probe);
    }

    #[test]
    fn a_minute_takes_so_many() {
        let mut pace = Pace::new(Some(5));
        assert_eq!(pace.take(3, at(0)), (3, None));
        assert_eq!(pace.take(3, at(10)), (2, Some(at(60))));
        assert_eq!(pace.take(3, at(59)), (0, Some(at(60))));
        assert_eq!(pace.take(3, at(60)), (3, None));
        assert_eq!(Pace::new(None).take(1000, at(0)), (1000, None));
    }
}
