//! What is unusual about messages of further lives, for any system: out of order, late, again, many at once, in another form. None of
//! it moves a life but what is applied. What a system's files cannot say is left out.

use chrono::Duration;

use super::refused::closed;
use super::telling::{Letter, Told};
use super::traffic::{Going, Traffic};
use super::{Life, UPDATE, carries};
use crate::outcome::Code;
use crate::sample::compose::{Saying, Unsayable};
use crate::sample::damage::{self, ENCODINGS, HOSTILE, MALFORMED};
use crate::sample::{Expected, Oddity, PATIENCE_MESSAGES_MAX};

/// So long at most before the present status a late update happened, in seconds.
const LATE_SECONDS_MAX: usize = 3600;
/// So many updates at most in one message.
const ITEMS_MAX: usize = 6;
/// How often in a thousand messages with many updates one of these is impossible.
const PARTLY: u16 = 200;

/// Whether something was made.
pub(super) type Made = Result<bool, Unsayable>;

impl<'w> Traffic<'w> {
    /// Whether something odd was made.
    pub(super) fn odd(&mut self, oddity: Oddity) -> Made {
        match oddity {
            // Both are made of what was sent, by whoever asks.
            Oddity::Repeat | Oddity::Conflict => Ok(false),
            Oddity::Overtaking => self.overtaking(),
            Oddity::Gap => self.gap(),
            Oddity::Stray => self.stray(),
            Oddity::Late => self.late(),
            Oddity::Comment => self.comment(),
            Oddity::Many => self.many(),
            Oddity::Test => self.test(),
            Oddity::Encoding => self.encoding(),
            Oddity::Forbidden => self.forbidden(),
            Oddity::UnknownStatus => self.unknown_status(),
            Oddity::Incomplete => self.incomplete(),
            Oddity::UnknownReason => self.unknown_reason(),
            Oddity::Duplicate => self.duplicate(),
            Oddity::TakenNumber => self.taken_number(),
            Oddity::UsedSequence => self.used_sequence(),
            Oddity::Schema => self.against_schema(),
            Oddity::Malformed => self.damaged(oddity, MALFORMED),
            Oddity::Hostile => self.damaged(oddity, HOSTILE),
            Oddity::Attachment => self.lying_attachment(),
            Oddity::Stranger => self.stranger(),
            Oddity::UnknownKind => self.unknown_kind(),
            Oddity::Expired => self.expired(),
        }
    }

    /// The place of some life that fulfils a wish.
    pub(super) fn somebody(&mut self, fits: impl Fn(&Going<'w>) -> bool) -> Option<usize> {
        let (count, start) = (self.lives.len(), self.random.below(self.lives.len()));
        (start..start + count).map(|at| at % count).find(|at| self.lives.get(*at).is_some_and(&fits))
    }

    /// The place of some life that nothing numbers, so that a refusal moves nothing.
    pub(super) fn unnumbered(&mut self, fits: impl Fn(&Going<'w>) -> bool) -> Option<usize> {
        self.somebody(|going| going.sequence.is_none() && fits(going))
    }

    pub(super) fn posts(&mut self, letter: Letter, oddity: Oddity, how: &str, expected: Expected) -> Made {
        let what = format!("{}{how}", letter.what);
        self.walk.post(Letter { what, oddity: Some(oddity), expected, ..letter });
        Ok(true)
    }

    pub(super) fn refused(&mut self, letter: Letter, oddity: Oddity, code: Code) -> Made {
        self.posts(letter, oddity, &format!(": {code}"), Expected::Failed(code))
    }

    /// An update of a life that says this and nothing else.
    pub(super) fn says(&mut self, life: &Life<'w>, to: &str, saying: Saying) -> Result<Letter, Unsayable> {
        let saying = self.walk.about(saying.with("status", to), life, None);
        let what = format!("{} {} {to}", life.lifecycle.kind().code, life.number);
        let told = Told { saying, attachments: Vec::new(), what };
        self.walk.letter(self.walk.composer, life.lifecycle, UPDATE, told)
    }

    /// A life for a while outside of the mixture.
    pub(super) fn with<T>(&mut self, at: usize, does: impl FnOnce(&mut Self, &mut Going<'w>) -> T) -> T {
        let mut going = self.lives.swap_remove(at);
        let done = does(self, &mut going);
        self.keep(going);
        done
    }

    /// A new case of which the first step is told before the case itself.
    fn overtaking(&mut self) -> Made {
        let mut going = self.begins()?;
        // A number that the receiver gives is not known before the case, and cases that it opens by itself are numbered in order.
        let named = going.opening.as_ref().is_some_and(|(opening, _)| names(&opening.what, &going.life.number));
        if !named || !going.here().opens.is_empty() || !self.may_owe() {
            self.keep(going);
            return Ok(false);
        }
        going.sequence = None;
        let Some(letter) = self.step(&mut going)? else { return Ok(false) };
        if !going.here().opens.is_empty() {
            self.walk.post(letter);
            self.keep(going);
            return Ok(false);
        }
        if let Some(opening) = self.walk.made.pop() {
            let patience = self.random.below(PATIENCE_MESSAGES_MAX);
            self.owe(opening, going, patience);
        }
        self.posts(letter, Oddity::Overtaking, " before its case", Expected::ParkedThenApplied(Code::UnknownCase))
    }

    /// The second of two numbered updates before the first.
    fn gap(&mut self) -> Made {
        let goes_on = |going: &Going<'_>| {
            let lifecycle = going.life.lifecycle;
            let next = going.here().next.iter().filter_map(|code| lifecycle.status(code));
            going.sequence.is_some() && next.into_iter().any(|to| !to.next.is_empty())
        };
        if !self.may_owe() {
            return Ok(false);
        }
        let Some(at) = self.somebody(goes_on) else { return Ok(false) };
        let mut going = self.lives.swap_remove(at);
        let first = self.step(&mut going)?;
        let opens = !going.here().opens.is_empty();
        let Some(first) = first else { return Ok(false) };
        self.walk.post(first);
        if opens || going.track.is_over() {
            self.keep(going);
            return Ok(true);
        }
        let Some(first) = self.walk.made.pop() else { return Ok(false) };
        let numbered = going.sequence;
        let second = self.step(&mut going)?;
        let in_order = going.sequence == numbered || !going.here().opens.is_empty();
        match second {
            Some(second) if !in_order => {
                let expected = Expected::ParkedThenApplied(Code::SequenceGap);
                self.posts(second, Oddity::Gap, " before the one numbered lower", expected)?;
                let patience = self.random.below(PATIENCE_MESSAGES_MAX);
                self.owe(first, going, patience);
            }
            second => {
                self.walk.made.push(first);
                second.map(|second| self.walk.post(second));
                self.keep(going);
            }
        }
        Ok(true)
    }

    /// An update of a case that never comes: of another year.
    fn stray(&mut self) -> Made {
        let year = self.walk.year();
        let Some(at) = self.somebody(|going| going.life.number.contains(&year.to_string())) else { return Ok(false) };
        self.with(at, |own, going| {
            let number = going.life.number.replacen(&year.to_string(), &(year + 1).to_string(), 1);
            let Some(to) = going.track.way(going.life.lifecycle, &mut own.random) else { return Ok(false) };
            let known = std::mem::replace(&mut going.life.number, number);
            let letter = own.walk.update(own.walk.composer, &going.life, to, None);
            going.life.number = known;
            let expected = Expected::ParkedThenFailed(Code::UnknownCase);
            own.posts(letter?, Oddity::Stray, " of a case that never comes", expected)
        })
    }

    /// An update that happened before the present status.
    fn late(&mut self) -> Made {
        let Some(at) = self.somebody(|going| going.track.previous().is_some() && room(going) > 0) else {
            return Ok(false);
        };
        self.with(at, |own, going| {
            let Some(to) = going.track.previous() else { return Ok(false) };
            let seconds = 1 + own.random.below(room(going));
            let earlier = Duration::seconds(i64::try_from(seconds).unwrap_or(1));
            let present = std::mem::replace(&mut own.walk.now, going.since - earlier);
            let letter = own.numbered(going, to);
            own.walk.now = present;
            own.posts(letter?, Oddity::Late, ", late", Expected::Applied)
        })
    }

    /// The present status once more, with a comment.
    fn comment(&mut self) -> Made {
        let Some(at) = self.unnumbered(|_| true) else { return Ok(false) };
        self.with(at, |own, going| {
            let here = going.here().code.clone();
            let comment = Saying::default().with("comment", own.walk.voice().named("comment"));
            let letter = own.says(&going.life, &here, comment)?;
            if own.is_bare(&letter) {
                return own.posts(letter, Oddity::Comment, " once more", Expected::Applied);
            }
            Ok(false)
        })
    }

    /// Updates of several lives in one message; now and then one more that is impossible.
    fn many(&mut self) -> Made {
        let Some(first) = self.unnumbered(|_| true) else { return Ok(false) };
        let kind = self.lives[first].life.lifecycle;
        let count = 2 + self.random.below(ITEMS_MAX - 1);
        let (mut group, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.lives)
            .into_iter()
            .partition(|going| going.sequence.is_none() && going.life.lifecycle.kind().code == kind.kind().code);
        self.lives = others;
        self.lives.extend(group.split_off(count.min(group.len())));
        let made = if group.len() > 1 { self.together(&mut group) } else { Ok(false) };
        group.into_iter().for_each(|going| self.keep(going));
        made
    }

    fn together(&mut self, group: &mut [Going<'w>]) -> Made {
        let mut steps = Vec::new();
        let mut sayings = Vec::new();
        for going in group.iter() {
            let life = &going.life;
            let Some(to) = going.track.way(life.lifecycle, &mut self.random) else { return Ok(false) };
            let mut voice = self.walk.voice();
            let (saying, files) = carries::update(life.lifecycle, to, &life.number, self.walk.now, &mut voice);
            if !files.is_empty() || !to.opens.is_empty() {
                return Ok(false);
            }
            steps.push(to);
            sayings.push(self.walk.about(saying, life, None));
        }
        let impossible = self.random.chance(PARTLY).then(|| {
            let going = group.last()?;
            let to = closed(steps.last()?, going).find(|to| to.documents.is_empty())?;
            let mut voice = self.walk.voice();
            let (saying, _) = carries::update(going.life.lifecycle, to, "1", self.walk.now, &mut voice);
            Some(self.walk.about(saying, &going.life, None))
        });
        let refused = impossible.flatten();
        let expected = match &refused {
            Some(_) => Expected::Partly(vec![Code::ForbiddenTransition]),
            None => Expected::Applied,
        };
        let said: Vec<&Saying> = sayings.iter().chain(refused.as_ref()).collect();
        let Some(first) = group.first() else { return Ok(false) };
        let lifecycle = first.life.lifecycle;
        let about = (self.walk.system.code(), lifecycle.kind().code.as_str(), self.walk.is_main(lifecycle));
        let mut voice = self.walk.voice();
        let body = self.walk.composer.body(about, UPDATE, &said, &mut voice)?;
        self.walk.serial = voice.serial;
        // One message has one sender: it must be that of all.
        let sender = |going: &Going<'_>| {
            let senders = &self.walk.plan.senders;
            senders.of(self.walk.system.code(), &body.message, &going.life.number).map(str::to_owned)
        };
        if group.iter().any(|going| sender(going) != sender(first)) {
            return Ok(false);
        }
        let (sender, envelope) = self.walk.envelope(&body, Some(&first.life.number));
        let what = format!("{} {}s", said.len(), lifecycle.kind().code);
        let (attachments, papers) = (Vec::new(), Vec::new());
        let oddity = Some(Oddity::Many);
        self.walk.post(Letter { sender, body, envelope, attachments, papers, what, oddity, expected });
        let since = self.walk.now - self.walk.pace;
        for (going, to) in group.iter_mut().zip(steps) {
            going.since = since;
            going.track.enters(to);
        }
        Ok(true)
    }

    /// The next step of a life, which the life does not take.
    pub(super) fn onward(&mut self) -> Result<Option<Letter>, Unsayable> {
        let Some(at) = self.unnumbered(|_| true) else { return Ok(None) };
        self.with(at, |own, going| {
            let to = going.track.way(going.life.lifecycle, &mut own.random);
            to.map(|to| own.walk.update(own.walk.composer, &going.life, to, None)).transpose()
        })
    }

    fn test(&mut self) -> Made {
        let Some(mut letter) = self.onward()? else { return Ok(false) };
        letter.envelope.set("test", "true");
        self.posts(letter, Oddity::Test, ", a test", Expected::Applied)
    }

    /// The next step of a life in another encoding.
    fn encoding(&mut self) -> Made {
        let Some(at) = self.somebody(|_| true) else { return Ok(false) };
        self.with(at, |own, going| {
            let Some(mut letter) = own.step(going)? else { return Ok(false) };
            let turn = own.random.below(ENCODINGS.len());
            let (declared, how) = ENCODINGS[turn];
            letter.envelope.set("encoding", declared);
            own.posts(letter, Oddity::Encoding, &format!(" {how}"), Expected::Applied)?;
            own.rewrite(|text| damage::encoded(text, turn));
            Ok(true)
        })
    }

    /// Other bytes for the message that was made last.
    pub(super) fn rewrite(&mut self, into: impl FnOnce(&str) -> Vec<u8>) {
        if let Some(last) = self.walk.made.last_mut() {
            last.bytes = into(&String::from_utf8_lossy(&last.bytes)).into();
        }
    }
}

/// How many seconds before the present status something can have happened: where somebody has agreed to the case, not before it began.
fn room(going: &Going<'_>) -> usize {
    if going.life.lifecycle.kind().consent.is_empty() {
        return LATE_SECONDS_MAX;
    }
    usize::try_from((going.since - going.begun).num_seconds()).unwrap_or_default()
}

/// Whether a message, in words, is about the case of this number.
pub(super) fn names(what: &str, number: &str) -> bool {
    what.split(' ').nth(1) == Some(number)
}
