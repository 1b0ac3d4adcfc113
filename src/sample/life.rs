//! A life of a case: from its application along the transitions of the lifecycle to an end. What is written here
//! is what a right sender would send next, and what the case becomes by it.

use chrono::{DateTime, Days, Duration, FixedOffset, Utc};

use super::Sample;
use super::draft::{Draft, Kind};
use super::folder::Folder;
use super::people::applicant;
use super::template::Record;
use crate::domain::lifecycle::{Requirement, Status};
use crate::random::Random;
use crate::specimen::{Serial, Voice};

const MOSCOW_SECONDS: i32 = 3 * 3600;
/// Tells seeds of neighbours apart.
const ASIDE: u64 = 0xD6E8_FEB8_6659_FD93;
/// In so many of a thousand turns a life exchanges documents.
const EXCHANGES: u16 = 150;
const REQUEST: &str = "Прошу рассмотреть заявление и приложенные документы, о решении сообщить в личный кабинет.";

/// A case as its senders know it.
#[derive(Debug, Clone)]
pub(super) struct Life {
    /// Number of the case.
    pub(super) number: String,
    /// The application.
    pub(super) application: Record,
    /// Which of the agencies works on it.
    pub(super) agency: String,
    /// Code of the status; none before the application.
    pub(super) status: Option<String>,
    /// Code of the status before.
    pub(super) previous: Option<String>,
    /// When the status happened.
    pub(super) since: DateTime<Utc>,
    /// The agency's last sequence number, where it numbers its items.
    pub(super) sequence: Option<u32>,
    /// Its documents.
    pub(super) folder: Folder,
}

impl Life {
    /// Gives an item the agency's next sequence number, where the agency numbers its items.
    pub(super) fn numbered(&mut self, item: &mut Record) {
        if let Some(last) = &mut self.sequence {
            *last += 1;
            item.set("sequence", last.to_string());
        }
    }
}

/// A moment as messages write it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    local(at).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A moment where messages are written.
pub(super) fn local(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(MOSCOW_SECONDS) {
        Some(zone) => at.with_timezone(&zone),
        None => at.fixed_offset(),
    }
}

/// A day so many days after a moment, as messages write it.
pub(super) fn day(at: DateTime<Utc>, later: usize) -> String {
    let day = at.date_naive();
    day.checked_add_days(Days::new(later as u64)).unwrap_or(day).format("%Y-%m-%d").to_string()
}

/// A coded reason or a missing thing.
pub(super) fn coded(code: &str, text: &str) -> Record {
    let mut record = Record::default();
    record.set("code", code);
    record.set("text", text);
    record
}

impl<'l> Sample<'l> {
    /// A case that is yet to be applied for.
    pub(super) fn unborn(&mut self) -> Life {
        let index = self.born;
        self.born += 1;
        let mut random = Random::new(self.plan.seed ^ index.wrapping_mul(0xA24B_AED4_963E_E407));
        let number = format!("{}-{:08X}-{index:07}", self.plan.base.format("%Y"), self.tag);
        let mut application = Record::default();
        let saying = (&self.templates.words, local(self.now()));
        applicant(&mut random, u64::from(self.tag) + index, saying, &mut application);
        application.set("number", &number);
        application.set("purpose", "new");
        application.set("object", format!("99:99:{:07}:{:08X}", index % 10_000_000, self.tag));
        application.set("comment", REQUEST);
        if let Some(service) = random.pick(self.lifecycle.services()) {
            application.set("service", &service.code);
            application.set("service_name", &service.label);
        }
        let agency = random.pick(&self.plan.agencies).cloned().unwrap_or_default();
        let sequence = random.chance(400).then_some(0);
        let (since, folder) = (self.now(), Folder::default());
        Life { number, application, agency, status: None, previous: None, since, sequence, folder }
    }

    /// What somebody writes into a field.
    fn said(&mut self, name: &str) -> String {
        let seed = self.random.next();
        self.voice(seed).named(name)
    }

    /// Somebody who says what people write, whatever else happens.
    pub(super) fn aside(&self) -> Voice<'l> {
        self.voice(self.plan.seed ^ self.made.wrapping_mul(ASIDE))
    }

    fn voice(&self, seed: u64) -> Voice<'l> {
        Voice::new(&self.templates.words, seed, local(self.now()), Serial { next: self.made, offset: self.plan.seed })
    }

    /// The application of a life.
    pub(super) fn submit(&mut self, life: &mut Life) -> Draft {
        life.since = self.now();
        life.status = Some(self.lifecycle.start().code.clone());
        life.application.set("submitted_at", moment(life.since));
        let mut draft = Draft::new(&self.plan.portal, Kind::Submit, Vec::new());
        let count = self.random.below(3);
        let cards: Vec<Record> = (0..count).filter_map(|nth| self.upload(life, nth, &mut draft)).collect();
        let mut item = life.application.clone();
        item.list("documents", cards);
        draft.items.push(item);
        draft
    }

    /// What a life does next: its application, a move, or documents. A life at its end gives way to a new one.
    pub(super) fn advance(&mut self, at: usize) -> Draft {
        let mut life = self.take(at);
        if life.status.is_none() {
            let draft = self.submit(&mut life);
            self.lives[at] = life;
            return draft;
        }
        if self.random.chance(EXCHANGES) {
            let mut exchanging = life.clone();
            if let Some(draft) = self.exchange(&mut exchanging) {
                self.lives[at] = exchanging;
                return draft;
            }
        }
        let item = self.update(&mut life);
        let draft = Draft::new(&life.agency, Kind::Update, vec![item]);
        self.lives[at] = life;
        draft
    }

    /// The life at a place; a new one where it has come to its end.
    pub(super) fn take(&mut self, at: usize) -> Life {
        let ended = self.status_of(&self.lives[at]).is_some_and(|status| status.class.is_end());
        if ended { self.unborn() } else { self.lives[at].clone() }
    }

    /// The status of a life.
    pub(super) fn status_of(&self, life: &Life) -> Option<&'l Status> {
        self.lifecycle.status(life.status.as_deref()?)
    }

    /// The next move of a life, as an item; the life moves. A life that has no way on tells its status once more.
    pub(super) fn update(&mut self, life: &mut Life) -> Record {
        let to = self.way(life).or_else(|| self.status_of(life)).unwrap_or_else(|| self.lifecycle.start());
        let earlier = i64::try_from(self.random.below(60)).unwrap_or_default();
        let happened = (self.now() - Duration::seconds(earlier)).max(life.since);
        let mut item = self.update_to(life, to, happened);
        life.numbered(&mut item);
        life.previous = life.status.replace(to.code.clone());
        life.since = happened;
        item
    }

    /// A way on: half the time the one that was taken least so far, and an end only now and then. What was never taken when a
    /// life has left the status as often as it has ways on is taken next, so that rare statuses show all of them.
    fn way(&mut self, life: &Life) -> Option<&'l Status> {
        let from = self.status_of(life)?;
        let all: Vec<&'l Status> = from.next.iter().filter_map(|code| self.lifecycle.status(code)).collect();
        let open: Vec<&'l Status> = all.iter().copied().filter(|status| !status.class.is_end()).collect();
        let taken = |to: &Status| self.taken.get(&(from.code.as_str(), to.code.as_str())).copied().unwrap_or(0);
        let left: u64 = all.iter().map(|to| taken(to)).sum();
        let owed = all.iter().copied().find(|to| taken(to) == 0).filter(|_| left >= all.len() as u64);
        let ways = if open.is_empty() || self.random.chance(150) { all } else { open };
        let rarest = ways.iter().copied().min_by_key(|to| taken(to));
        let to = if self.random.chance(500) { rarest } else { self.random.pick(&ways).copied() };
        let to = owed.or(to)?;
        *self.taken.entry((&from.code, &to.code)).or_default() += 1;
        Some(to)
    }

    /// An update to a status with all that the status asks for, without a sequence number.
    pub(super) fn update_to(&mut self, life: &Life, to: &Status, happened: DateTime<Utc>) -> Record {
        let mut item = Record::default();
        item.set("case_number", &life.number);
        item.set("status", if self.random.chance(100) { &to.label } else { &to.code });
        item.set("happened_at", moment(happened));
        item.set("agency", &life.agency);
        if self.random.chance(300) {
            item.set("comment", self.said("comment"));
        }
        if to.term.is_some() && self.random.chance(600) {
            item.set("deadline", day(happened, 14 + self.random.below(20)));
        }
        for requirement in &to.requires {
            self.fulfil(*requirement, to, happened, &mut item);
        }
        item
    }

    fn fulfil(&mut self, requirement: Requirement, to: &Status, happened: DateTime<Utc>, item: &mut Record) {
        let lifecycle = self.lifecycle;
        match requirement {
            Requirement::Reasons => {
                let own: Vec<_> =
                    lifecycle.reasons().iter().filter(|reason| reason.statuses.contains(&to.code)).collect();
                let reason = self.random.pick(&own).map(|reason| coded(&reason.code, &reason.label));
                item.list("reasons", reason.into_iter().collect());
            }
            Requirement::Missing => {
                let types = lifecycle.documents().map_or(&[][..], |rules| &rules.types);
                let first = self.random.pick(types).map(|kind| coded(&kind.code, &kind.label));
                item.list("missing", first.into_iter().collect());
            }
            Requirement::Officer => item.set("officer", self.said("officer")),
            Requirement::ExpectedOn => {
                item.set("expected_on", day(happened, 5 + self.random.below(20)));
            }
            Requirement::Amount => item.set("amount", format!("{}.00", 350 + 50 * self.random.below(100))),
            Requirement::Result if self.random.chance(500) => {
                item.set("result_place", self.aside().named("Place"));
            }
            Requirement::Result => {
                item.set("result_link", format!("https://example.org/results/{}", self.random.next() >> 32));
            }
            Requirement::Comment => item.set("comment", self.said("comment")),
            Requirement::About => {}
        }
    }
}
