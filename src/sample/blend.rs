//! Traffic of several systems in one: whatever each system's own traffic is, in its order, mixed as queues mix it.

use super::SampleMessage;
use crate::random::Random;

/// The blend: an iterator over messages, numbered anew.
pub struct Blend<'s> {
    sources: Vec<Source<'s>>,
    random: Random,
    made: u64,
}

struct Source<'s> {
    messages: Box<dyn Iterator<Item = SampleMessage> + 's>,
    left: u64,
}

impl<'s> Blend<'s> {
    /// An empty blend.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { sources: Vec::new(), random: Random::new(seed ^ 0x5DEE_CE66), made: 0 }
    }

    /// With more traffic; at most so many messages.
    #[must_use]
    pub fn with(mut self, messages: impl Iterator<Item = SampleMessage> + 's, most: u64) -> Self {
        self.sources.push(Source { messages: Box::new(messages), left: most });
        self
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
            let source = &mut self.sources[at];
            let next = if source.left == 0 { None } else { source.messages.next() };
            let Some(message) = next else {
                drop(self.sources.remove(at));
                continue;
            };
            source.left -= 1;
            self.made += 1;
            return Some(SampleMessage { number: self.made, ..message });
        }
        None
    }
}
