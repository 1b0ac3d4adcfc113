//! Documents of lives that go on: uploads, new versions, verdicts, requests and what is brought to them, marks of signature. Which
//! documents come to a case is read from its lifecycle; what follows is foretold as the receiver does it.

use super::carries;
use super::others::EXCHANGE;
use super::telling::Told;
use super::traffic::{Going, Traffic};
use super::unusual::Made;
use super::{Life, Walk};
use crate::domain::lifecycle::{Class, DocumentType, Happening, Status};
use crate::sample::compose::Saying;
use crate::sample::folder::{Leads, Paper, Turn, Verdict};
use crate::sample::life::{day, moment};
use crate::sample::template::Record;
use crate::specimen::Voice;

/// So many exchanges of documents a life has at most, so that what is kept of it does not grow.
const EXCHANGES_MAX: u8 = 8;
/// What is asked for may come until so many days later at least.
const DUE_DAYS_MIN: usize = 14;
/// What is asked for may come until so many days later at most.
const DUE_DAYS_MAX: usize = 44;

impl<'w> Traffic<'w> {
    /// An exchange of documents of a life; the life goes where that leads.
    pub(super) fn exchange(&mut self, going: &mut Going<'w>) -> Made {
        let (lifecycle, here) = (going.life.lifecycle, going.here());
        let Some(rules) = lifecycle.documents() else { return Ok(false) };
        // Nothing is done for what is blocked, and to what is annulled.
        if going.exchanges == EXCHANGES_MAX || here.class == Class::Annulled || here.blocks {
            return Ok(false);
        }
        let types = if here.class.is_open() { self.walk.brings(&going.life) } else { Vec::new() };
        let ground = (rules, self.documents);
        let Some(turn) = going.folder.turn(here, &types, ground, &mut self.random) else { return Ok(false) };
        let due = DUE_DAYS_MIN + self.random.below(DUE_DAYS_MAX - DUE_DAYS_MIN);
        let (nth, seed) = (going.exchanges + 1, self.random.next() >> 1);
        let numbers = (going.sequence, going.numberer.clone());
        let mut letter = self.in_order(going, |walk, life, sequence| {
            let mut voice = walk.voice_of(seed);
            let (saying, attachments) = walk.exchanged(life, &turn, (nth, due), &mut voice);
            let saying = walk.about(saying, life, sequence);
            let what = format!("{} {} {}", lifecycle.kind().code, life.number, named(&turn));
            walk.letter(walk.composer, lifecycle, EXCHANGE, Told { saying, attachments, what })
        })?;
        let mut folder = going.folder.clone();
        let happened = folder.done(&turn, std::mem::take(&mut letter.papers), self.documents);
        let led = folder.leads(lifecycle, here, happened.as_ref());
        if led == Leads::Unknown {
            (going.sequence, going.numberer) = numbers;
            return Ok(false);
        }
        going.folder = folder;
        going.exchanges += 1;
        let now = self.walk.now;
        self.walk.post(letter);
        if let Leads::To(to) = led {
            going.since = now;
            self.walk.entered(&going.life, to);
            going.track.enters(to);
        }
        Ok(true)
    }
}

impl<'w> Walk<'w> {
    /// What an exchange says, with the files that it brings.
    fn exchanged(
        &self,
        life: &Life<'w>,
        turn: &Turn<'_>,
        (nth, due): (u8, usize),
        voice: &mut Voice<'_>,
    ) -> (Saying, Vec<Record>) {
        let (mut saying, mut attachments) = (Saying::default(), Vec::new());
        let line = format!("{} - {nth}", life.number);
        let mut brings = |code: &str, number: &str, voice: &mut Voice<'_>| {
            let mut files = (&mut saying, &mut attachments);
            carries::numbered(life.lifecycle, (code, number), &line, &mut files, voice);
        };
        match turn {
            Turn::Upload(code) => {
                let number = voice.named("number");
                brings(code, &number, voice);
            }
            Turn::Replace(paper) => brings(&paper.kind, &paper.number, voice),
            Turn::Deliver(codes) => {
                for code in codes {
                    let number = voice.named("number");
                    brings(code, &number, voice);
                }
            }
            Turn::Judge(verdicts) => {
                for verdict in verdicts {
                    saying.entry("verdicts", judged(verdict));
                }
            }
            Turn::Sign(paper) => saying.entry("signatures", self.mark(paper, voice)),
            Turn::Ask(types) => {
                let mut request = Saying::default().with("due", day(self.now, due));
                for one in types {
                    let wanted = Saying::default().with("type", one.code.as_str());
                    request.entry("wanted", wanted.if_possible("text", one.label.as_str()));
                }
                saying.entry("requests", request);
            }
        }
        (saying, attachments)
    }

    /// Types of documents that the applicant brings to a case: those that its beginning, its service and the statuses that wait ask for,
    /// and those that must be approved for it to go on.
    /// Where nothing asks for any, the kind that the system is there for takes all that no status of the system comes with.
    fn brings(&self, life: &Life<'w>) -> Vec<&'w DocumentType> {
        let lifecycle = life.lifecycle;
        let Some(rules) = lifecycle.documents() else { return Vec::new() };
        let asks = |status: &&Status| matches!(status.class, Class::Start | Class::Waiting);
        let of_statuses = lifecycle.statuses().iter().filter(asks).flat_map(|status| status.documents.iter().flatten());
        let approved = lifecycle.statuses().iter().flat_map(|status| &status.on);
        let approved = approved.filter(|reaction| reaction.happening == Happening::DocumentsApproved);
        let led = approved.filter_map(|reaction| lifecycle.status(reaction.to.as_deref()?));
        let of_approval = led.flat_map(|status| status.documents.iter().flatten());
        let of_service = life.service.map(|service| service.documents.as_slice()).unwrap_or_default();
        let named: Vec<&String> = of_statuses.chain(of_approval).chain(of_service).collect();
        let types = rules.types.iter();
        if !named.is_empty() || !self.is_main(lifecycle) {
            return types.filter(|one| named.contains(&&one.code)).collect();
        }
        let all = self.system.kinds().iter().flat_map(|kind| kind.statuses().iter());
        let given: Vec<&String> =
            all.filter(|status| !asks(status)).flat_map(|status| status.documents.iter().flatten()).collect();
        types.filter(|one| !given.contains(&&one.code)).collect()
    }

    /// A mark that a document is signed now, with a certificate that is in force.
    fn mark(&self, paper: &Paper, voice: &mut Voice<'_>) -> Saying {
        let days = chrono::Duration::days;
        let mark = keyed(paper)
            .with("signed_at", moment(self.now))
            .if_possible("owner", voice.named("officer"))
            .if_possible("valid_from", moment(self.now - days(30)))
            .if_possible("valid_until", moment(self.now + days(365)));
        match self.system.vocabulary().signatures.iter().find(|one| one.certified) {
            Some(kind) => mark.with("kind", kind.code.as_str()),
            None => mark.with_any("kind"),
        }
    }
}

/// A document of a case, by its type and number.
fn keyed(paper: &Paper) -> Saying {
    let saying = Saying::default().with("type", paper.kind.as_str());
    if paper.number.is_empty() { saying } else { saying.with("number", paper.number.as_str()) }
}

fn judged(Verdict { paper, to, reason }: &Verdict<'_>) -> Saying {
    let saying = keyed(paper).with("verdict", to.code.as_str());
    match reason {
        Some(reason) => saying.with("code", reason.code.as_str()).if_possible("text", reason.label.as_str()),
        None => saying,
    }
}

/// What an exchange does, in a word.
fn named(turn: &Turn<'_>) -> &'static str {
    match turn {
        Turn::Upload(_) => "document",
        Turn::Replace(_) => "new-version",
        Turn::Deliver(_) => "delivery",
        Turn::Judge(_) => "verdict",
        Turn::Sign(_) => "signature",
        Turn::Ask(_) => "request",
    }
}
