//! The documents of a case as its senders know them, and what is done with them next. What becomes of the documents and of the case is
//! foretold by the same data that the receiver goes by: the documents' own lifecycle, and what a status answers to deliveries and
//! approvals.

use super::template::Record;
use crate::binding::DocumentCard;
use crate::domain::document;
use crate::domain::lifecycle::{Class, DocumentRules, DocumentType, Happening, Lifecycle, Reason, Requirement, Status};
use crate::random::Random;

/// In so many of a thousand exchanges that is done which somebody waits for: what was asked for comes, a case that waits for documents asks
/// for some, and one that waits for verdicts gets some.
const WAITED_FOR: u16 = 600;
/// In so many of a thousand exchanges that judge, all documents are judged that can be.
const ALL_JUDGED: u16 = 500;
/// So many documents are asked for at once at most.
const ASKED_MAX: usize = 2;

/// A document of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paper {
    /// Code of its type.
    pub(super) kind: String,
    /// Its number; empty: none.
    pub(super) number: String,
    media_type: String,
    /// Code of its state; none: as it came.
    state: Option<String>,
    signed: bool,
}

/// The documents of a case, and what is still asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    papers: Vec<Paper>,
    /// Types that have not come, by request.
    asked: Vec<Vec<String>>,
}

/// What an exchange does.
#[derive(Debug, Clone)]
pub(super) enum Turn<'d> {
    /// A new document of a type comes.
    Upload(String),
    /// A new version of a document comes.
    Replace(Paper),
    /// What was asked for comes: a document of each of these types.
    Deliver(Vec<String>),
    /// Documents are judged.
    Judge(Vec<Verdict<'d>>),
    /// A document is marked signed.
    Sign(Paper),
    /// Documents of these types are asked for.
    Ask(Vec<&'d DocumentType>),
}

/// A document, the state that it is judged to be in, and why.
#[derive(Debug, Clone)]
pub(super) struct Verdict<'d> {
    pub(super) paper: Paper,
    pub(super) to: &'d Status,
    pub(super) reason: Option<&'d Reason>,
}

impl Paper {
    pub(super) fn new(kind: &str, number: &str, media_type: &str) -> Self {
        let (kind, number, media_type) = (kind.to_owned(), number.to_owned(), media_type.to_owned());
        Self { kind, number, media_type, state: None, signed: false }
    }

    /// The documents of a message, by its cards and attachments.
    pub(super) fn all(cards: &[DocumentCard], attachments: &[Record]) -> Vec<Self> {
        let media_type = |card: &DocumentCard| {
            let file = attachments.iter().find(|one| one.value("content_id") == Some(&card.content_id));
            file.and_then(|file| file.value("media_type")).unwrap_or_default()
        };
        let paper =
            |card: &DocumentCard| Self::new(&card.r#type, card.number.as_deref().unwrap_or_default(), media_type(card));
        cards.iter().map(paper).collect()
    }

    fn state<'p>(&'p self, documents: &'p Lifecycle) -> &'p str {
        self.state.as_deref().unwrap_or(&documents.start().code)
    }

    fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.number == other.number
    }
}

impl Turn<'_> {
    /// Whether it is the agency's; else it is the applicant's.
    pub(super) fn is_agencys(&self) -> bool {
        matches!(self, Self::Judge(_) | Self::Sign(_) | Self::Ask(_))
    }
}

impl Folder {
    /// What is done with the documents next, where the case stands here and documents of these types are brought.
    pub(super) fn turn<'d>(
        &self,
        here: &Status,
        types: &[&'d DocumentType],
        (rules, documents): (&DocumentRules, &'d Lifecycle),
        random: &mut Random,
    ) -> Option<Turn<'d>> {
        if random.chance(WAITED_FOR)
            && let Some(turn) = self.waited_for(here, types, documents, random)
        {
            return Some(turn);
        }
        let paper = random.pick(&self.papers);
        match (random.below(6), paper) {
            (0, Some(paper)) => return Some(Turn::Replace(paper.clone())),
            (1 | 2, Some(paper)) => {
                // What was taken on check is decided first.
                let begun = self.papers.iter().find(|paper| {
                    let state = paper.state(documents);
                    state != documents.start().code && !document::verdicts(documents, state).is_empty()
                });
                let verdicts = self.verdicts(begun.unwrap_or(paper), documents, random);
                if !verdicts.is_empty() {
                    return Some(Turn::Judge(verdicts));
                }
            }
            (3, Some(paper)) if !paper.signed && rules.is_signable(&paper.media_type) => {
                return Some(Turn::Sign(paper.clone()));
            }
            (4, _) if self.asked.is_empty() && !types.is_empty() => return Some(ask(types, random)),
            _ => {}
        }
        random.pick(types).map(|one| Turn::Upload(one.code.clone()))
    }

    /// What somebody waits for here.
    fn waited_for<'d>(
        &self,
        here: &Status,
        types: &[&'d DocumentType],
        documents: &'d Lifecycle,
        random: &mut Random,
    ) -> Option<Turn<'d>> {
        let answers = |happening: Happening| here.on.iter().any(|reaction| reaction.happening == happening);
        if let Some(asked) = self.asked.first() {
            return Some(Turn::Deliver(asked.clone()));
        }
        if answers(Happening::DocumentsDelivered) && !types.is_empty() {
            return Some(ask(types, random));
        }
        if !answers(Happening::DocumentsApproved) {
            return None;
        }
        if let Some(lacking) = types.iter().find(|one| !self.has(&one.code)) {
            return Some(Turn::Upload(lacking.code.clone()));
        }
        let verdicts = self.good_verdicts(documents);
        (!verdicts.is_empty()).then_some(Turn::Judge(verdicts))
    }

    /// Verdicts that bring all documents nearer to a good end.
    fn good_verdicts<'d>(&self, documents: &'d Lifecycle) -> Vec<Verdict<'d>> {
        let verdict = |paper: &Paper| {
            let next = document::verdicts(documents, paper.state(documents));
            let to = next.into_iter().find(|to| !to.requires.contains(&Requirement::Reasons))?;
            Some(Verdict { paper: paper.clone(), to, reason: None })
        };
        self.papers.iter().filter_map(verdict).collect()
    }

    /// Verdicts on this document, or on all that can be judged.
    fn verdicts<'d>(&self, paper: &Paper, documents: &'d Lifecycle, random: &mut Random) -> Vec<Verdict<'d>> {
        let all = random.chance(ALL_JUDGED);
        let judged = self.papers.iter().filter(|one| all || one.is(paper));
        let verdict = |paper: &Paper| {
            let to = *random.pick(&document::verdicts(documents, paper.state(documents)))?;
            let known: Vec<&Reason> =
                documents.reasons().iter().filter(|reason| reason.statuses.contains(&to.code)).collect();
            let reason = if to.requires.contains(&Requirement::Reasons) { random.pick(&known).copied() } else { None };
            Some(Verdict { paper: paper.clone(), to, reason })
        };
        judged.filter_map(verdict).collect()
    }

    /// Documents that come with other news.
    pub(super) fn keeps(&mut self, papers: impl IntoIterator<Item = Paper>) {
        for paper in papers {
            match self.papers.iter_mut().find(|known| known.is(&paper)) {
                Some(known) => *known = paper,
                None => self.papers.push(paper),
            }
        }
    }

    /// Whether there is a document of this type.
    fn has(&self, kind: &str) -> bool {
        self.papers.iter().any(|paper| paper.kind == kind)
    }

    /// Where a case goes that stands in a status, by what has happened to its documents, which are these now.
    pub(super) fn leads<'l>(
        &self,
        lifecycle: &'l Lifecycle,
        here: &'l Status,
        happened: Option<&Happening>,
    ) -> Leads<'l> {
        match leads(lifecycle, here, happened) {
            Leads::To(to) if !to.documents.iter().all(|any| any.iter().any(|kind| self.has(kind))) => Leads::Unknown,
            led => led,
        }
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.papers.len()
    }

    /// What is done is done, with the documents that came. Gives what has happened by it.
    pub(super) fn done(&mut self, turn: &Turn<'_>, came: Vec<Paper>, documents: &Lifecycle) -> Option<Happening> {
        match turn {
            Turn::Upload(_) | Turn::Replace(_) | Turn::Deliver(_) => self.brought(came),
            Turn::Judge(verdicts) => {
                for Verdict { paper, to, .. } in verdicts {
                    self.of(paper).for_each(|known| known.state = Some(to.code.clone()));
                }
                let good = |one: &Paper| {
                    documents.status(one.state(documents)).is_some_and(|state| state.class == Class::Decision)
                };
                self.papers.iter().all(good).then_some(Happening::DocumentsApproved)
            }
            Turn::Sign(paper) => {
                self.of(paper).for_each(|known| known.signed = true);
                None
            }
            Turn::Ask(types) => {
                self.asked.push(types.iter().map(|one| one.code.clone()).collect());
                None
            }
        }
    }

    fn of<'f>(&'f mut self, paper: &'f Paper) -> impl Iterator<Item = &'f mut Paper> {
        self.papers.iter_mut().filter(|known| known.is(paper))
    }

    fn brought(&mut self, came: Vec<Paper>) -> Option<Happening> {
        let waited = !self.asked.is_empty();
        for asked in &mut self.asked {
            asked.retain(|kind| came.iter().all(|paper| paper.kind != *kind));
        }
        self.asked.retain(|asked| !asked.is_empty());
        self.keeps(came);
        (waited && self.asked.is_empty()).then_some(Happening::DocumentsDelivered)
    }
}

fn ask<'d>(types: &[&'d DocumentType], random: &mut Random) -> Turn<'d> {
    let mut asked: Vec<&DocumentType> =
        (0..=random.below(ASKED_MAX)).filter_map(|_| random.pick(types).copied()).collect();
    asked.dedup_by_key(|one| &one.code);
    Turn::Ask(asked)
}

/// What happens to documents may move their case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Leads<'l> {
    /// It stays.
    Nowhere,
    /// To this status.
    To(&'l Status),
    /// More is asked than a sender can know.
    Unknown,
}

fn leads<'l>(lifecycle: &'l Lifecycle, here: &'l Status, happened: Option<&Happening>) -> Leads<'l> {
    let Some(reaction) = here.on.iter().find(|reaction| Some(&reaction.happening) == happened) else {
        return Leads::Nowhere;
    };
    if reaction.guard.is_some() || reaction.opens.is_some() || reaction.rechecks {
        return Leads::Unknown;
    }
    match reaction.to.as_deref().and_then(|code| lifecycle.status(code)) {
        Some(to) if to.guard.is_some() => Leads::Unknown,
        Some(to) => Leads::To(to),
        None => Leads::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Lifecycle {
        Lifecycle::load("documents.toml", include_str!("../../xsd/common/documents.toml")).unwrap()
    }

    #[test]
    fn what_was_asked_for_is_delivered_once_all_of_it_has_come() {
        let (documents, mut folder) = (documents(), Folder::default());
        folder.asked = vec![vec!["passport".to_owned(), "plan".to_owned()]];
        let mut came = |kind| {
            let turn = Turn::Upload(String::new());
            folder.done(&turn, vec![Paper::new(kind, "1", "application/pdf")], &documents)
        };
        assert_eq!(came("plan"), None);
        assert_eq!(came("letter"), None);
        assert_eq!(came("passport"), Some(Happening::DocumentsDelivered));
        assert_eq!(came("passport"), None, "nothing is asked for any more");
        assert_eq!(folder.len(), 3, "the second one was a new version");
    }

    #[test]
    fn all_are_approved_where_each_is_and_a_new_version_begins_anew() {
        let (documents, mut folder) = (documents(), Folder::default());
        let papers = [Paper::new("plan", "1", ""), Paper::new("plan", "2", "")];
        folder.keeps(papers.clone());
        let to = documents.status("approved").unwrap();
        let mut judged = |paper: &Paper| {
            let verdict = Verdict { paper: paper.clone(), to, reason: None };
            folder.done(&Turn::Judge(vec![verdict]), Vec::new(), &documents)
        };
        assert_eq!(judged(&papers[0]), None);
        assert_eq!(judged(&papers[1]), Some(Happening::DocumentsApproved));
        folder.keeps([papers[0].clone()]);
        assert_eq!(folder.papers[0].state(&documents), documents.start().code);
    }

    #[test]
    fn a_status_answers_what_its_lifecycle_says() {
        let epgu = Lifecycle::load("epgu.toml", include_str!("../../xsd/epgu/lifecycle.toml")).unwrap();
        let leads = |code: &str, happened: Option<Happening>| {
            let here = epgu.status(code).unwrap();
            match leads(&epgu, here, happened.as_ref()) {
                Leads::To(to) => to.code.as_str(),
                Leads::Nowhere => "",
                Leads::Unknown => "?",
            }
            .to_owned()
        };
        assert_eq!(leads("incomplete", Some(Happening::DocumentsDelivered)), "received");
        assert_eq!(leads("rework", Some(Happening::DocumentsDelivered)), "on_check");
        assert_eq!(leads("rework", Some(Happening::DocumentsApproved)), "");
        assert_eq!(leads("received", Some(Happening::DocumentsDelivered)), "");
        assert_eq!(leads("rework", None), "");
    }
}
