//! The traffic of a system that is made from its bindings: the walk first, then life after life of further cases, several at once, each
//! along a way of its own to its end, with oddities in known shares. Streaming: what is kept does not grow with the number of messages.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::telling::Letter;
use super::ways::Track;
use super::{Life, Walk};
use crate::domain::lifecycle::{Happening, Lifecycle, Status};
use crate::outcome::Code;
use crate::random::Random;
use crate::sample::compose::Unsayable;
use crate::sample::folder::Folder;
use crate::sample::{Expected, Oddity, RECENT_MESSAGES_MAX, SampleMessage, Shares};

/// So many lives go on at once.
const LIVES: usize = 24;
/// In so many of a thousand turns a new life begins while there is room for one.
const BIRTHS: u16 = 400;
/// So many of a thousand lives are of the kind that the system is there for; the others of any kind.
const MAIN: u16 = 400;
/// So many of a thousand cases get updates that their sender numbers, where a message has a place for the number.
const NUMBERED: u16 = 500;
/// In so many of a thousand turns a life exchanges documents, where its kind of case has any.
const EXCHANGES: u16 = 250;
/// The same while documents move a case on.
const EXCHANGES_AWAITED: u16 = 750;
/// So many oddities wait for their turn at most.
const WANTED_MAX: usize = 64;
/// So often at most an oddity is tried for which nothing fits.
const TRIES_MAX: u8 = 4;

/// The walk through a system and what comes after it: an iterator over messages.
#[derive(Debug)]
pub struct Traffic<'w> {
    pub(super) walk: Walk<'w>,
    /// The lifecycle of documents.
    pub(super) documents: &'w Lifecycle,
    shares: Shares,
    pub(super) random: Random,
    /// Made and not sent yet.
    ready: VecDeque<SampleMessage>,
    /// So many messages of the walk have not been sent yet.
    covering: u64,
    left: u64,
    sent: u64,
    pub(super) lives: Vec<Going<'w>>,
    recent: VecDeque<SampleMessage>,
    /// Oddities whose turn has come, and how often each was tried.
    wanted: VecDeque<(Oddity, u8)>,
    owed: Option<Owed<'w>>,
    fault: Option<Unsayable>,
}

/// A life that goes on.
#[derive(Debug)]
pub(super) struct Going<'w> {
    pub(super) life: Life<'w>,
    pub(super) track: Track<'w>,
    /// When it began.
    pub(super) begun: DateTime<Utc>,
    /// When it came to where it is.
    pub(super) since: DateTime<Utc>,
    /// The last number that its sender used, where it numbers.
    pub(super) sequence: Option<i64>,
    /// Who numbers.
    pub(super) numberer: Option<String>,
    /// Its documents.
    pub(super) folder: Folder,
    /// How many exchanges of documents it had.
    pub(super) exchanges: u8,
    /// The message that opened it, where it was opened by one, and its id.
    pub(super) opening: Option<(SampleMessage, String)>,
}

/// A message that another one waits for, with the life that stands still until it is sent.
#[derive(Debug)]
struct Owed<'w> {
    message: SampleMessage,
    going: Going<'w>,
    patience: usize,
}

impl<'w> Walk<'w> {
    /// The messages of the walk, and of further lives after them once [`Traffic::spread`] has said how many. Where no move is to be
    /// forbidden, the walk tries none. Documents live by this lifecycle.
    ///
    /// # Errors
    /// A message of the walk that the system's files cannot say.
    pub fn traffic(mut self, shares: Shares, documents: &'w Lifecycle) -> Result<Traffic<'w>, Unsayable> {
        self.forbids = shares.of(Oddity::Forbidden) > 0;
        self.covers()?;
        let ready = VecDeque::from(std::mem::take(&mut self.made));
        let covering = ready.len() as u64;
        Ok(Traffic {
            documents,
            shares,
            random: Random::new(self.random.next()),
            walk: self,
            ready,
            covering,
            left: covering,
            sent: 0,
            lives: Vec::new(),
            recent: VecDeque::new(),
            wanted: VecDeque::new(),
            owed: None,
            fault: None,
        })
    }
}

impl<'w> Going<'w> {
    pub(super) fn here(&self) -> &'w Status {
        self.track.here().unwrap_or_else(|| self.life.lifecycle.start())
    }
}

impl<'w> Traffic<'w> {
    /// How many messages the walk alone has.
    #[must_use]
    pub fn walk_len(&self) -> u64 {
        self.covering
    }

    /// So many messages in all, the last of them sent before this moment. Fewer than the walk has are its first ones.
    #[must_use]
    pub fn spread(mut self, messages: u64, until: DateTime<Utc>) -> Self {
        self.left = messages;
        let further = i64::try_from(messages.saturating_sub(self.covering)).unwrap_or(i64::MAX);
        let room = (until - self.walk.now).max(Duration::zero());
        self.walk.pace = Duration::milliseconds(room.num_milliseconds() / further.max(1));
        self
    }

    /// The message that could not be said, where the traffic ended before its time.
    #[must_use]
    pub fn fault(&self) -> Option<&Unsayable> {
        self.fault.as_ref()
    }

    /// What is unusual about the next message. One that has to be made waits until what is made already has been sent.
    fn draw(&mut self) -> Option<SampleMessage> {
        let draw = self.random.below(1000);
        match self.shares.at(draw)? {
            Oddity::Repeat if self.room() > 0 => self.repeat(),
            Oddity::Conflict if self.room() > 0 => self.conflict(),
            Oddity::Repeat | Oddity::Conflict => None,
            other => {
                if self.covering == 0 && self.wanted.len() < WANTED_MAX {
                    self.wanted.push_back((other, 0));
                }
                None
            }
        }
    }

    /// How many messages can be sent beside those that are made already.
    fn room(&self) -> u64 {
        self.left.saturating_sub(self.ready.len() as u64 + u64::from(self.owed.is_some()))
    }

    /// A message that was sent and applied.
    fn earlier(&mut self) -> Option<SampleMessage> {
        let at = self.random.below(self.recent.len());
        self.recent.get(at).cloned()
    }

    fn repeat(&mut self) -> Option<SampleMessage> {
        let sent = self.earlier()?;
        let what = format!("repeat of {}", sent.what);
        Some(SampleMessage { oddity: Some(Oddity::Repeat), what, expected: Expected::Repeat, ..sent })
    }

    fn conflict(&mut self) -> Option<SampleMessage> {
        let sent = self.earlier()?;
        let mut bytes = Arc::unwrap_or_clone(sent.bytes);
        bytes.extend(format!("<!-- resent as {} -->\n", self.sent + 1).bytes());
        let what = format!("other content under the id of {}", sent.what);
        let expected = Expected::Failed(Code::MessageIdConflict);
        Some(SampleMessage { oddity: Some(Oddity::Conflict), what, expected, bytes: bytes.into(), ..sent })
    }

    /// The next turn: something odd where that is due and can be said, else an ordinary step of a life.
    fn further(&mut self) -> Result<(), Unsayable> {
        if let Some((oddity, tries)) = self.wanted.pop_front() {
            // What a system's files cannot say does not occur in its traffic.
            if !self.odd(oddity).unwrap_or(false) && tries < TRIES_MAX {
                self.wanted.push_back((oddity, tries + 1));
            }
        }
        if self.walk.made.is_empty() {
            self.ordinary()?;
        }
        self.ready.extend(std::mem::take(&mut self.walk.made));
        Ok(())
    }

    /// Makes the next messages, or gives what another one waits for once others have passed or no room is left for them.
    fn prepare(&mut self) -> Result<(), Unsayable> {
        let Some(mut owed) = self.owed.take() else { return self.further() };
        if owed.patience == 0 || self.left <= 1 {
            self.ready.push_back(owed.message);
            self.keep(owed.going);
            return Ok(());
        }
        owed.patience -= 1;
        self.owed = Some(owed);
        self.further()?;
        let crowded = self.left <= self.ready.len() as u64;
        if let Some(owed) = self.owed.take_if(|_| crowded) {
            self.ready.push_front(owed.message);
            self.keep(owed.going);
        }
        Ok(())
    }

    /// A life that stands still until a message is sent.
    pub(super) fn owe(&mut self, message: SampleMessage, going: Going<'w>, patience: usize) {
        self.owed = Some(Owed { message, going, patience });
    }

    /// Whether a message may be held back until those that are made and one more have been sent.
    pub(super) fn may_owe(&self) -> bool {
        self.owed.is_none() && self.room() > self.walk.made.len() as u64 + 1
    }

    fn ordinary(&mut self) -> Result<(), Unsayable> {
        if self.lives.is_empty() || self.lives.len() < LIVES && self.random.chance(BIRTHS) {
            let going = self.begins()?;
            self.keep(going);
            return Ok(());
        }
        let at = self.random.below(self.lives.len());
        let mut going = self.lives.swap_remove(at);
        // What a system's files cannot say does not occur in its traffic.
        let awaited = |one: &Happening| matches!(one, Happening::DocumentsDelivered | Happening::DocumentsApproved);
        let awaited = going.here().on.iter().any(|reaction| awaited(&reaction.happening));
        let chance = if awaited { EXCHANGES_AWAITED } else { EXCHANGES };
        if self.random.chance(chance) && self.exchange(&mut going).unwrap_or(false) {
            self.keep(going);
            return Ok(());
        }
        let letter = self.step(&mut going)?;
        if let Some(letter) = letter {
            self.walk.post(letter);
        }
        self.keep(going);
        Ok(())
    }

    /// A case of a kind, with a purpose of this kind.
    pub(super) fn begins(&mut self) -> Result<Going<'w>, Unsayable> {
        let system = self.walk.system;
        let any = self.random.below(system.kinds().len());
        let any = system.kinds().get(any).unwrap_or(system.main());
        let lifecycle = if self.random.chance(MAIN) { system.main() } else { any };
        let purpose = self.random.pick(&lifecycle.kind().purposes).map(|purpose| purpose.code.clone());
        let life = self.walk.born(lifecycle, purpose, 0)?;
        // A step of another case may have opened it.
        let said = |what: &str| what.split(' ').count() == 2 && what.starts_with(&lifecycle.kind().code);
        let last = self.walk.made.last().filter(|last| said(&last.what));
        let opening = last.map(|last| (last.clone(), self.walk.posted.clone()));
        let mut folder = Folder::default();
        if opening.is_some() {
            folder.keeps(std::mem::take(&mut self.walk.brought));
        }
        let sequence = self.random.chance(NUMBERED).then_some(0);
        let begun = self.walk.now;
        Ok(Going {
            life,
            track: Track::from(lifecycle.start()),
            begun,
            since: begun,
            sequence,
            numberer: None,
            folder,
            exchanges: 0,
            opening,
        })
    }

    /// A life goes on unless it has come to its end.
    pub(super) fn keep(&mut self, going: Going<'w>) {
        if !going.track.is_over() {
            self.lives.push(going);
        }
    }

    /// The next step of a life; the life takes it.
    pub(super) fn step(&mut self, going: &mut Going<'w>) -> Result<Option<Letter>, Unsayable> {
        let Some(to) = going.track.way(going.life.lifecycle, &mut self.random) else { return Ok(None) };
        let letter = self.numbered(going, to)?;
        going.since = self.walk.now;
        self.walk.entered(&going.life, to);
        going.track.enters(to);
        Ok(Some(letter))
    }

    /// An update of a life to a status; the life has the documents that come with it.
    pub(super) fn numbered(&mut self, going: &mut Going<'w>, to: &Status) -> Result<Letter, Unsayable> {
        let mut letter = self.in_order(going, |walk, life, sequence| walk.update(walk.composer, life, to, sequence))?;
        going.folder.keeps(std::mem::take(&mut letter.papers));
        Ok(letter)
    }

    /// Something told of a life, with its sender's next number where the sender numbers. A message without a place for a number makes
    /// the sender give it up.
    pub(super) fn in_order(
        &mut self,
        going: &mut Going<'w>,
        told: impl Fn(&mut Walk<'w>, &Life<'w>, Option<i64>) -> Result<Letter, Unsayable>,
    ) -> Result<Letter, Unsayable> {
        if let Some(last) = going.sequence {
            // Every sender has numbers of its own.
            if let Ok(letter) = told(&mut self.walk, &going.life, Some(last + 1))
                && going.numberer.as_ref().is_none_or(|one| *one == letter.sender)
            {
                going.sequence = Some(last + 1);
                going.numberer = Some(letter.sender.clone());
                return Ok(letter);
            }
            if last == 0 {
                going.sequence = None;
            }
        }
        told(&mut self.walk, &going.life, None)
    }

    fn send(&mut self, message: SampleMessage) -> SampleMessage {
        self.left -= 1;
        self.sent += 1;
        if message.expected == Expected::Applied && message.oddity.is_none() {
            if self.recent.len() == RECENT_MESSAGES_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back(message.clone());
        }
        SampleMessage { number: self.sent, ..message }
    }
}

impl Iterator for Traffic<'_> {
    type Item = SampleMessage;

    fn next(&mut self) -> Option<SampleMessage> {
        if self.left == 0 {
            return None;
        }
        if let Some(odd) = self.draw() {
            return Some(self.send(odd));
        }
        while self.ready.is_empty() {
            if let Err(fault) = self.prepare() {
                self.fault = Some(fault);
                self.left = 0;
                return None;
            }
        }
        let message = self.ready.pop_front()?;
        self.covering = self.covering.saturating_sub(1);
        Some(self.send(message))
    }
}
