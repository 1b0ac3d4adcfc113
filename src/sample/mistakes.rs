//! Messages that are right XML and right by their schema, but not by the rules of the trade.

use super::draft::{Draft, Kind};
use super::life::{Life, coded};
use super::template::Record;
use super::{Expected, Made, Sample, what};
use crate::domain::lifecycle::{Duplicates, Requirement, Status};
use crate::outcome::Code;

impl Sample<'_> {
    /// A refused update of a life that nothing numbers, so that the refusal moves nothing.
    fn refused(&mut self, life: &Life, item: Record, code: Code) -> Made {
        let draft = Draft::new(&life.agency, Kind::Update, vec![item]);
        let told = format!("{}: {code}", what(&draft));
        self.finished(draft, told, Expected::Failed(code))
    }

    fn unnumbered(&mut self, fits: impl Fn(&Status) -> bool) -> Option<Life> {
        let at =
            self.somebody_who(|sample, life| life.sequence.is_none() && sample.status_of(life).is_some_and(&fits))?;
        Some(self.lives[at].clone())
    }

    /// A whole update to a status to which no way leads from here.
    pub(super) fn impossible(&mut self, life: &Life) -> Option<Record> {
        let from = self.status_of(life)?;
        let lifecycle = self.lifecycle;
        let apart = |to: &&Status| to.code != from.code && !from.next.contains(&to.code);
        let apart: Vec<&Status> = lifecycle.statuses().iter().filter(apart).collect();
        let to = self.random.pick(&apart).copied()?;
        let at = self.now().max(life.since);
        Some(self.update_to(life, to, at))
    }

    pub(super) fn forbidden(&mut self) -> Option<Made> {
        let life = self.unnumbered(|_| true)?;
        let item = self.impossible(&life)?;
        Some(self.refused(&life, item, Code::ForbiddenTransition))
    }

    pub(super) fn unknown_status(&mut self) -> Option<Made> {
        let life = self.unnumbered(|_| true)?;
        let at = self.now().max(life.since);
        let mut item = self.update_to(&life, self.lifecycle.start(), at);
        item.set("status", self.random.word(&["teleported", "Потеряно", "forgotten_in_a_drawer"]));
        Some(self.refused(&life, item, Code::UnknownStatus))
    }

    /// A possible next status of this life that fulfils a wish.
    fn next_where(&mut self, life: &Life, fits: impl Fn(&Status) -> bool) -> Option<&Status> {
        let lifecycle = self.lifecycle;
        let next = &self.status_of(life)?.next;
        let fitting: Vec<&Status> =
            next.iter().filter_map(|code| lifecycle.status(code)).filter(|status| fits(status)).collect();
        self.random.pick(&fitting).copied()
    }

    pub(super) fn incomplete(&mut self) -> Option<Made> {
        let life = self.unnumbered(|status| !status.next.is_empty())?;
        let to = self.next_where(&life, |status| !status.requires.is_empty())?.clone();
        let at = self.now().max(life.since);
        let mut item = self.update_to(&life, &to, at);
        for name in ["reasons", "missing", "officer", "expected_on", "amount", "result_link", "result_place", "comment"]
        {
            item.remove(name);
        }
        Some(self.refused(&life, item, Code::StatusIncomplete))
    }

    pub(super) fn unknown_reason(&mut self) -> Option<Made> {
        let life = self.unnumbered(|status| !status.next.is_empty())?;
        let to = self.next_where(&life, |status| status.requires.contains(&Requirement::Reasons))?.clone();
        let at = self.now().max(life.since);
        let mut item = self.update_to(&life, &to, at);
        item.list("reasons", vec![coded("bad-weather", "Шёл дождь")]);
        Some(self.refused(&life, item, Code::UnknownReason))
    }

    /// A second application of the same applicant for the same service and object.
    pub(super) fn duplicate(&mut self) -> Option<Made> {
        let at = self.somebody_who(|sample, life| {
            let service = life.application.value("service").and_then(|code| sample.lifecycle.service(code));
            sample.status_of(life).is_some_and(|status| status.class.is_open())
                && service.is_some_and(|service| service.duplicates == Duplicates::Refused)
        })?;
        let first = self.lives[at].clone();
        let mut second = self.unborn();
        let number = second.number.clone();
        second.application = first.application;
        second.application.set("number", &number);
        let draft = self.submit(&mut second);
        let told = format!("{} like {}", what(&draft), first.number);
        Some(self.finished(draft, told, Expected::Failed(Code::DuplicateApplication)))
    }

    /// Another application under a number that is taken.
    pub(super) fn taken_number(&mut self) -> Option<Made> {
        let at = self.somebody_who(|_, life| life.status.is_some())?;
        let number = self.lives[at].number.clone();
        let mut other = self.unborn();
        other.application.set("number", &number);
        let draft = self.submit(&mut other);
        let told = format!("{} once more", what(&draft));
        Some(self.finished(draft, told, Expected::Failed(Code::CaseExists)))
    }

    /// A sequence number that was used.
    pub(super) fn used_sequence(&mut self) -> Option<Made> {
        let at = self.somebody_who(|sample, life| {
            life.sequence.is_some_and(|last| last > 0) && sample.status_of(life).is_some()
        })?;
        let life = self.lives[at].clone();
        let happened = self.now().max(life.since);
        let mut item = self.update_to(&life, self.status_of(&life)?, happened);
        let last = usize::try_from(life.sequence?).unwrap_or(1);
        item.set("sequence", (1 + self.random.below(last)).to_string());
        Some(self.refused(&life, item, Code::SequenceUsed))
    }
}
