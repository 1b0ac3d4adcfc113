//! Messages that are right but come another way: again, under a taken id, before what they need, late, many at once,
//! as a test, in another encoding.

use std::sync::Arc;

use chrono::Duration;

use super::damage::{self, ENCODINGS};
use super::draft::{Draft, Kind};
use super::{Expected, LIVES, Life, Made, Owed, PATIENCE_MESSAGES_MAX, Sample, what};
use crate::outcome::Code;

/// So many updates at most in one message.
const ITEMS_MAX: usize = 6;

impl Sample<'_> {
    /// The bytes of an earlier message.
    pub(super) fn repeat(&mut self) -> Option<Made> {
        let at = self.random.below(self.recent.len());
        let sent = self.recent.get(at)?.clone();
        Some(Made {
            what: format!("repeat of {}", sent.what),
            sender: sent.sender,
            bytes: Vec::new(),
            expected: Expected::Repeat,
            repeatable: false,
            again: Some(sent.bytes),
        })
    }

    /// The id of an earlier message on other bytes.
    pub(super) fn conflict(&mut self) -> Option<Made> {
        let at = self.random.below(self.recent.len());
        let sent = self.recent.get(at)?.clone();
        let mut bytes = Arc::unwrap_or_clone(sent.bytes);
        bytes.extend(format!("<!-- resent as {} -->\n", self.made + 1).bytes());
        Some(Made {
            what: format!("other content under the id of {}", sent.what),
            sender: sent.sender,
            bytes,
            expected: Expected::Failed(Code::MessageIdConflict),
            repeatable: false,
            again: None,
        })
    }

    /// An update before its application.
    pub(super) fn overtaking(&mut self) -> Made {
        let mut life = self.unborn();
        let application = self.submit(&mut life);
        let item = self.update(&mut life);
        let update = Draft::new(&life.agency, Kind::Update, vec![item]);
        let told = format!("application {}, overtaken", life.number);
        let made = self.finished(application, told, Expected::Applied);
        let patience = self.random.below(PATIENCE_MESSAGES_MAX);
        let told = format!("{} before its application", what(&update));
        self.owed = Some(Owed { made, life: None, newborn: Some(life), patience });
        let mut early = self.finished(update, told, Expected::ParkedThenApplied(Code::UnknownCase));
        early.repeatable = false;
        early
    }

    /// The second of two numbered updates before the first.
    pub(super) fn gap(&mut self) -> Option<Made> {
        let at = self.somebody_who(|sample, life| {
            let moving = sample.status_of(life).is_some_and(|status| !status.class.is_end());
            moving && life.sequence.is_some()
        })?;
        let mut life = self.lives[at].clone();
        let first = self.update(&mut life);
        if self.status_of(&life).is_none_or(|status| status.class.is_end()) {
            // The first was the last: nothing can overtake it.
            let draft = Draft::new(&life.agency, Kind::Update, vec![first]);
            self.lives[at] = life;
            let told = what(&draft);
            return Some(self.finished(draft, told, Expected::Applied));
        }
        let second = self.update(&mut life);
        let [first, second] = [first, second].map(|item| Draft::new(&life.agency, Kind::Update, vec![item]));
        self.lives[at] = life;
        let told = format!("{}, overtaken", what(&first));
        let made = self.finished(first, told, Expected::Applied);
        let patience = self.random.below(PATIENCE_MESSAGES_MAX);
        self.owed = Some(Owed { made, life: Some(at), newborn: None, patience });
        let told = format!("{} before the one numbered lower", what(&second));
        let mut early = self.finished(second, told, Expected::ParkedThenApplied(Code::SequenceGap));
        early.repeatable = false;
        Some(early)
    }

    /// An update of a case that never comes.
    pub(super) fn stray(&mut self) -> Made {
        let mut life = self.unborn();
        life.sequence = None;
        life.status = Some(self.lifecycle.start().code.clone());
        let item = self.update(&mut life);
        let draft = Draft::new(&life.agency, Kind::Update, vec![item]);
        let told = format!("{} of a case that never comes", what(&draft));
        self.finished(draft, told, Expected::ParkedThenFailed(Code::UnknownCase))
    }

    /// An update that happened before the present status.
    pub(super) fn late(&mut self) -> Option<Made> {
        let at = self.somebody_who(|_, life| life.previous.is_some())?;
        let mut life = self.lives[at].clone();
        let to = self.lifecycle.status(life.previous.as_deref()?)?;
        let seconds = 1 + i64::try_from(self.random.below(3600)).unwrap_or_default();
        let mut item = self.update_to(&life, to, life.since - Duration::seconds(seconds));
        life.numbered(&mut item);
        let draft = Draft::new(&life.agency, Kind::Update, vec![item]);
        self.lives[at] = life;
        let told = format!("late {}", what(&draft));
        Some(self.finished(draft, told, Expected::Applied))
    }

    /// The present status once more, with a comment.
    pub(super) fn comment(&mut self) -> Option<Made> {
        let at = self.somebody_who(|_, life| life.status.is_some())?;
        let mut life = self.lives[at].clone();
        let item = self.say_again(&mut life)?;
        let draft = Draft::new(&life.agency, Kind::Update, vec![item]);
        self.lives[at] = life;
        let told = format!("comment on {}", what(&draft));
        Some(self.finished(draft, told, Expected::Applied))
    }

    fn say_again(&mut self, life: &mut Life) -> Option<super::Record> {
        let status = self.status_of(life)?;
        let mut item = self.update_to(life, status, self.now().max(life.since));
        item.set("comment", "Работа по делу продолжается, срок прежний.");
        life.numbered(&mut item);
        Some(item)
    }

    /// Updates of several lives in one message; now and then one more that is impossible.
    pub(super) fn many(&mut self) -> Option<Made> {
        let first = self.somebody_who(|_, life| life.status.is_some())?;
        let agency = self.lives[first].agency.clone();
        let count = 2 + self.random.below(ITEMS_MAX - 1);
        let still = self.owed.as_ref().and_then(|owed| owed.life);
        let mut items = Vec::new();
        let mut refused = Vec::new();
        for at in (first..first + LIVES).map(|at| at % LIVES) {
            let mut life = self.lives[at].clone();
            let moving = self.status_of(&life).is_some_and(|status| !status.class.is_end());
            if items.len() == count || still == Some(at) || !moving || life.agency != agency {
                continue;
            }
            items.push(self.update(&mut life));
            if life.sequence.is_none() && refused.is_empty() && self.random.chance(200) {
                let impossible = self.impossible(&life);
                refused.extend(impossible.is_some().then_some(Code::ForbiddenTransition));
                items.extend(impossible);
            }
            self.lives[at] = life;
        }
        let expected = if refused.is_empty() { Expected::Applied } else { Expected::Partly(refused) };
        let draft = Draft::new(&agency, Kind::Update, items);
        let told = what(&draft);
        Some(self.finished(draft, told, expected))
    }

    /// An application that changes nothing.
    pub(super) fn test(&mut self) -> Made {
        let mut life = self.unborn();
        let mut draft = self.submit(&mut life);
        draft.envelope.set("test", "true");
        let told = format!("test {}", what(&draft));
        self.finished(draft, told, Expected::Applied)
    }

    /// An ordinary message in another encoding.
    pub(super) fn encoding(&mut self) -> Option<Made> {
        let at = self.somebody();
        let mut draft = self.advance(at);
        let turn = self.random.below(ENCODINGS.len());
        let (declared, name) = ENCODINGS[turn];
        draft.envelope.set("encoding", declared);
        let told = format!("{} {name}", what(&draft));
        let mut made = self.finished(draft, told, Expected::Applied);
        made.repeatable = false;
        made.bytes = damage::encoded(std::str::from_utf8(&made.bytes).ok()?, turn);
        Some(made)
    }
}
