//! A case for trials: the messages that bring it about, and updates of it as the trial wants them, along its lifecycle or not.

use chrono::{DateTime, Utc};

use super::telling::Told;
use super::{UPDATE, Walk, carries};
use crate::domain::lifecycle::Lifecycle;
use crate::sample::SampleMessage;
use crate::sample::compose::Unsayable;
use crate::sample::life::moment;

/// An update that a trial wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Code of the status that it tells.
    pub to: String,
    /// When that happened.
    pub happened_at: DateTime<Utc>,
    /// The sender's number for it.
    pub sequence: Option<i64>,
}

/// A case with its updates.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Its number.
    pub number: String,
    /// What must be there before it.
    pub before: Vec<SampleMessage>,
    /// The message after which it is there.
    pub opening: SampleMessage,
    /// The updates, in the order in which they were wanted. What is expected of them is that they are applied, which is true of those
    /// along the lifecycle alone.
    pub updates: Vec<SampleMessage>,
}

impl<'w> Walk<'w> {
    /// A new case of a kind of this system, of its first purpose, and updates of it; those to statuses that the kind does not have are
    /// left out.
    ///
    /// # Errors
    /// A message that the system's files cannot say.
    pub fn scene(mut self, lifecycle: &'w Lifecycle, wanted: &[Wanted]) -> Result<Scene, Unsayable> {
        let purpose = lifecycle.kind().purposes.first().map(|purpose| purpose.code.clone());
        let life = self.born(lifecycle, purpose, 0)?;
        let mut before = std::mem::take(&mut self.made);
        let Some(opening) = before.pop() else {
            let kind = lifecycle.kind().code.clone();
            return Err(Unsayable::NoMessage {
                system: self.system.code().to_owned(),
                command: UPDATE.to_owned(),
                kind,
            });
        };
        for one in wanted {
            let Some(to) = lifecycle.status(&one.to) else { continue };
            let mut voice = self.voice();
            let (saying, attachments) = carries::update(lifecycle, to, &life.number, one.happened_at, &mut voice);
            let mut saying =
                saying.with("case_number", life.number.as_str()).with("happened_at", moment(one.happened_at));
            if let Some(sequence) = one.sequence {
                saying = saying.with("sequence", sequence.to_string());
            }
            let what = format!("{} {} {}", lifecycle.kind().code, life.number, to.code);
            self.send(self.composer, lifecycle, UPDATE, Told { saying, attachments, what })?;
        }
        Ok(Scene { number: life.number, before, opening, updates: self.made })
    }
}
