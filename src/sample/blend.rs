//! Traffic of several systems in one: whatever each system's own traffic is, in its order, mixed as queues mix it. A share of what
//! was sent comes again.

use std::collections::VecDeque;

use super::{Expected, Oddity, RECENT_MESSAGES_MAX, SampleMessage};
use crate::random::Random;

/// The blend: an iterator over messages, numbered anew.
pub struct Blend<'s> {
    sources: Vec<Source<'s>>,
    random: Random,
    /// How often in a thousand messages one that was sent before is sent again.
    repeats: u16,
    recent: VecDeque<SampleMessage>,
    made: u64,
}

struct Source<'s> {
    messages: Box<dyn Iterator<Item = SampleMessage> + 's>,
    left: u64,
    /// It brings repeats of its own.
    repeats: bool,
}

impl<'s> Blend<'s> {
    /// An empty blend; `repeats` in a thousand come again.
    #[must_use]
    pub fn new(seed: u64, repeats: u16) -> Self {
        Self { sources: Vec::new(), random: Random::new(seed ^ 0x5DEE_CE66), repeats, recent: VecDeque::new(), made: 0 }
    }

    /// With traffic that has repeats of its own; at most so many messages.
    #[must_use]
    pub fn with_odd(mut self, messages: impl Iterator<Item = SampleMessage> + 's, most: u64) -> Self {
        self.sources.push(Source { messages: Box::new(messages), left: most, repeats: true });
        self
    }

    /// With plain traffic; at most so many messages.
    #[must_use]
    pub fn with_plain(mut self, messages: impl Iterator<Item = SampleMessage> + 's, most: u64) -> Self {
        self.sources.push(Source { messages: Box::new(messages), left: most, repeats: false });
        self
    }

    /// A message that was sent before.
    fn again(&mut self) -> Option<SampleMessage> {
        if !self.random.chance(self.repeats) {
            return None;
        }
        let at = self.random.below(self.recent.len());
        let sent = self.recent.get(at)?.clone();
        let what = format!("repeat of {}", sent.what);
        Some(SampleMessage { oddity: Some(Oddity::Repeat), what, expected: Expected::Repeat, ..sent })
    }
}

impl Iterator for Blend<'_> {
    type Item = SampleMessage;

    fn next(&mut self) -> Option<SampleMessage> {
        while !self.sources.is_empty() {
            // The fuller a source still is, the sooner it is its turn: all end at about the same time.
            let all: u64 = self.sources.iter().map(|source| source.left).sum();
            let mut draw = self.random.below(usize::try_from(all.max(1)).unwrap_or(usize::MAX)) as u64;
            let passes = |left: u64, draw: &mut u64| {
                let here = *draw < left;
                *draw = draw.saturating_sub(left);
                here
            };
            let at = self.sources.iter().position(|source| passes(source.left, &mut draw)).unwrap_or(0);
            if !self.sources[at].repeats
                && let Some(again) = self.again()
            {
                self.made += 1;
                return Some(SampleMessage { number: self.made, ..again });
            }
            let source = &mut self.sources[at];
            let next = if source.left == 0 { None } else { source.messages.next() };
            let Some(message) = next else {
                drop(self.sources.remove(at));
                continue;
            };
            source.left -= 1;
            self.made += 1;
            let message = SampleMessage { number: self.made, ..message };
            if !source.repeats && message.expected == Expected::Applied {
                if self.recent.len() == RECENT_MESSAGES_MAX {
                    self.recent.pop_front();
                }
                self.recent.push_back(message.clone());
            }
            return Some(message);
        }
        None
    }
}
