//! A walk through a system: for every kind of case, lives that together take every transition of its lifecycle, and for every status a
//! move that it forbids; then a message of each kind that those lives had no need of. The messages are made from the bindings, so a system that joins by its files walks as well. Numbers that the
//! receiver gives are foretold, as an empty store would give them.

mod carries;
mod exchange;
mod others;
mod refused;
mod routes;
mod scene;
mod telling;
mod traffic;
mod unusual;
mod ways;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike, Duration, Utc};
use chrono_tz::Tz;

pub use self::scene::{Scene, Wanted as WantedUpdate};
pub use self::traffic::Traffic;

use self::carries::{Written, as_day};
use self::telling::{Letter, Told};
use super::compose::{Composer, Saying, Unsayable};
use super::folder::Paper;
use super::life::moment;
use super::senders::Senders;
use super::{Expected, Oddity, SampleMessage, Template};
use crate::binding::{Party, Rulebook};
use crate::domain::lifecycle::{Lifecycle, Parent, Service, Status, System};
use crate::outcome::Code;
use crate::random::Random;
use crate::specimen::Serial;

/// A parent of any kind.
const ANY: &str = "*";
/// The field that names a consent.
const CONSENT: &str = "consent";
const OPEN: &str = "open-case";
const UPDATE: &str = "update-status";
/// Between two messages of the walk.
const PACE: Duration = Duration::seconds(1);
/// Longer than any service's term.
const LONG_AGO: Duration = Duration::days(120);
/// Cases that belong to cases that belong to cases.
const GENERATIONS_MAX: usize = 6;

/// What to make.
#[derive(Debug, Clone)]
pub struct WalkPlan {
    /// The same seed, the same messages.
    pub seed: u64,
    /// When the first message is sent.
    pub base: DateTime<Utc>,
    /// The receiver's zone: the year of foretold numbers.
    pub zone: Tz,
    /// Code of the agency that receives the messages.
    pub recipient: String,
    /// Who sends them.
    pub senders: Senders,
}

/// A walk through one system.
#[derive(Debug)]
pub struct Walk<'w> {
    plan: WalkPlan,
    system: &'w System,
    rulebook: &'w Rulebook,
    composer: &'w Composer,
    envelope: &'w Template,
    random: Random,
    now: DateTime<Utc>,
    /// Between two messages.
    pace: Duration,
    /// Whether moves are tried that are forbidden.
    forbids: bool,
    made: Vec<SampleMessage>,
    /// How many numbers of each kind the receiver has given.
    given: HashMap<String, i64>,
    /// Statuses in which a forbidden move has been tried.
    tried: HashSet<(String, String)>,
    /// Kinds of message that have been sent.
    said: HashSet<String>,
    born: u64,
    /// Numbers that were not given to anybody yet.
    serial: Serial,
    /// Id of the message that was posted last.
    posted: String,
    /// The documents that it brought.
    brought: Vec<Paper>,
}

/// A case of the walk.
#[derive(Debug)]
struct Life<'w> {
    lifecycle: &'w Lifecycle,
    number: String,
    purpose: Option<String>,
    service: Option<&'w Service>,
    parties: Vec<Party>,
}

/// What a new case is wanted for.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted<'a> {
    purpose: Option<&'a str>,
    service: Option<&'a Service>,
    /// A declared field with its value.
    detail: Option<(&'a str, &'a str)>,
}

impl<'w> Walk<'w> {
    /// A walk through a system.
    #[must_use]
    pub fn new(
        plan: WalkPlan,
        system: &'w System,
        (rulebook, composer, envelope): (&'w Rulebook, &'w Composer, &'w Template),
    ) -> Self {
        let own =
            system.code().bytes().fold(plan.seed, |seed, byte| seed.wrapping_mul(0x0100_0000_01B3) ^ u64::from(byte));
        let (mut random, now) = (Random::new(own), plan.base);
        let serial = Serial { next: 0, offset: random.next() };
        Self {
            plan,
            system,
            rulebook,
            composer,
            envelope,
            random,
            now,
            pace: PACE,
            forbids: true,
            made: Vec::new(),
            given: HashMap::new(),
            tried: HashSet::new(),
            said: HashSet::new(),
            born: 0,
            serial,
            posted: String::new(),
            brought: Vec::new(),
        }
    }

    /// Walks; gives the messages in the order in which they are sent.
    ///
    /// # Errors
    /// A message that the system's files cannot say.
    pub fn messages(mut self) -> Result<Vec<SampleMessage>, Unsayable> {
        self.covers()?;
        Ok(self.made)
    }

    /// The lives that take every transition, and the messages that they have no need of.
    fn covers(&mut self) -> Result<(), Unsayable> {
        for lifecycle in self.system.kinds() {
            let purposes = &lifecycle.kind().purposes;
            let routes = routes::all(lifecycle);
            for nth in 0..routes.len().max(purposes.len()) {
                let purpose = (!purposes.is_empty()).then(|| purposes[nth % purposes.len()].code.clone());
                let life = self.born(lifecycle, purpose, 0)?;
                self.forbidden(&life, lifecycle.start())?;
                for to in &routes[nth % routes.len()] {
                    self.moves(&life, to)?;
                    self.forbidden(&life, to)?;
                }
            }
        }
        self.other_messages();
        Ok(())
    }

    /// A new case: opened by a message, or by a step of another case.
    fn born(
        &mut self,
        lifecycle: &'w Lifecycle,
        purpose: Option<String>,
        generation: usize,
    ) -> Result<Life<'w>, Unsayable> {
        self.born_by(self.composer, lifecycle, purpose, generation)
    }

    /// A new case: opened by a message that this composer makes, or by a step of another case.
    fn born_by(
        &mut self,
        composer: &Composer,
        lifecycle: &'w Lifecycle,
        purpose: Option<String>,
        generation: usize,
    ) -> Result<Life<'w>, Unsayable> {
        let nobody = Unsayable::NoMessage {
            system: self.system.code().to_owned(),
            command: OPEN.to_owned(),
            kind: lifecycle.kind().code.clone(),
        };
        if generation > GENERATIONS_MAX {
            return Err(nobody);
        }
        if !composer.says(self.system.code(), OPEN, &lifecycle.kind().code, self.is_main(lifecycle)) {
            return self.born_of_another(lifecycle, generation)?.ok_or(nobody);
        }
        let parent = match lifecycle.kind().parent(purpose.as_deref()) {
            Some(rule) if rule.required || generation < GENERATIONS_MAX => self.parent(lifecycle, rule, generation)?,
            _ => None,
        };
        let (own, year) = (self.another_number(), self.year());
        // Some kinds take digits alone: a certificate's number is its serial.
        let plain = format!("{year}{:08}", self.born);
        let service = self.random.pick(lifecycle.services());
        let mut opened = Err(nobody);
        // Some write when something is in force as a day, others as a moment.
        let forms: [(&str, Written); 4] = [(&own, as_day), (&own, moment), (&plain, as_day), (&plain, moment)];
        let wanted = Wanted { purpose: purpose.as_deref(), service, detail: None };
        for (number, written) in forms {
            opened = self.opens(composer, lifecycle, wanted, parent.as_ref(), (number, written));
            if !matches!(opened, Err(Unsayable::Impossible { .. })) {
                break;
            }
        }
        let number = opened?;
        let parties = self.made.last().map(|sent| carries::parties(self.rulebook, &sent.bytes)).unwrap_or_default();
        let life = Life { lifecycle, number, purpose, service, parties };
        self.entered(&life, lifecycle.start());
        Ok(life)
    }

    /// Sends the message that opens a case; gives its number: this one, or the one that the receiver will give.
    fn opens(
        &mut self,
        composer: &Composer,
        lifecycle: &'w Lifecycle,
        Wanted { purpose, service, detail }: Wanted<'_>,
        parent: Option<&Life<'w>>,
        (own, written): (&str, Written),
    ) -> Result<String, Unsayable> {
        let signed = self.signed(lifecycle, service, parent)?;
        let consent = self.consented(lifecycle)?;
        let mut saying = carries::opening(lifecycle, purpose, service, self.born, (self.now, written))
            .if_possible("number", own)
            .with("happened_at", moment(self.now));
        if let Some(parent) = parent {
            // The consent may be that of the case above.
            saying = if lifecycle.kind().consent.is_empty() {
                saying.if_possible("parent", parent.number.as_str())
            } else {
                saying.with("parent", parent.number.as_str())
            };
            saying = saying.if_possible("parent_kind", parent.lifecycle.kind().code.as_str());
            carries::inherited(lifecycle, &parent.parties, &mut saying);
        }
        if let Some(signature) = signed {
            saying.entry("author", signature);
        }
        if let Some((code, value)) = detail {
            saying.detail(code, Some(value.to_owned()));
        }
        if let Some(number) = consent {
            saying.detail(CONSENT, Some(number));
        }
        let (mut attachments, mut voice) = (Vec::new(), self.voice());
        let wanted = lifecycle.start().documents.iter().filter_map(|either| either.first());
        let of_service = service.map(|service| service.documents.as_slice()).unwrap_or_default();
        for code in wanted.chain(of_service) {
            carries::document(lifecycle, code, own, &mut (&mut saying, &mut attachments), &mut voice);
        }
        let what = format!("{} {own}", lifecycle.kind().code);
        let body = self.send(composer, lifecycle, OPEN, Told { saying, attachments, what })?;
        Ok(if body.left_out.contains("number") { self.foretold(lifecycle) } else { own.to_owned() })
    }

    /// The case that a new one belongs to, in a status in which it may.
    fn parent(&mut self, child: &Lifecycle, rule: &Parent, generation: usize) -> Result<Option<Life<'w>>, Unsayable> {
        let about = (self.system.code(), child.kind().code.as_str(), self.is_main(child));
        let lifecycle = if rule.kind == ANY {
            let named = self.composer.constant(about, OPEN, "parent_kind");
            named.map_or(Some(self.system.main()), |kind| self.system.kind(kind))
        } else {
            self.system.kind(&rule.kind)
        };
        let Some(lifecycle) = lifecycle else { return Ok(None) };
        let begins = lifecycle.kind().term_from.as_slice();
        let statuses = if rule.overdue && rule.statuses.is_empty() { begins } else { &rule.statuses };
        let Some(route) = routes::to(lifecycle, statuses) else { return Ok(None) };
        let purpose = lifecycle.kind().purposes.first().map(|purpose| purpose.code.clone());
        // A parent whose term must be over was opened long ago.
        let present = self.now;
        if rule.overdue {
            self.now -= LONG_AGO;
        }
        let life = self.born(lifecycle, purpose, generation + 1)?;
        for to in route {
            self.moves(&life, to)?;
        }
        if rule.overdue {
            self.now = present;
        }
        Ok(Some(life))
    }

    /// A case that a step of another one opens.
    fn born_of_another(&mut self, lifecycle: &'w Lifecycle, generation: usize) -> Result<Option<Life<'w>>, Unsayable> {
        let system = self.system;
        for other in system.kinds() {
            for status in other.statuses() {
                let Some(opening) = status.opens.iter().find(|opening| opening.kind == lifecycle.kind().code) else {
                    continue;
                };
                let Some(route) = routes::to(other, std::slice::from_ref(&status.code)) else { continue };
                let first = other.kind().purposes.first().map(|purpose| purpose.code.clone());
                let life = self.born(other, opening.purpose.clone().or(first), generation + 1)?;
                for to in route {
                    self.moves(&life, to)?;
                }
                let number = if opening.same_number { life.number.clone() } else { self.last(lifecycle) };
                let purpose = opening.purpose.clone();
                return Ok(Some(Life { lifecycle, number, purpose, service: None, parties: life.parties }));
            }
        }
        Ok(None)
    }

    /// The mark of a signature that an opening needs, with the certificate of the organization that it must name.
    fn signed(
        &mut self,
        lifecycle: &Lifecycle,
        service: Option<&Service>,
        parent: Option<&Life<'w>>,
    ) -> Result<Option<Saying>, Unsayable> {
        let of_service = service.map(|service| service.signatures.as_slice()).unwrap_or_default();
        if !lifecycle.kind().signed.iter().any(|command| command == "open") && of_service.is_empty() {
            return Ok(None);
        }
        let system = self.system;
        let known = &system.vocabulary().signatures;
        let named = of_service.first().or(lifecycle.kind().signatures.first());
        let plain = known.iter().find(|one| !one.certified).map(|one| &one.code);
        let Some(kind) = named.or(plain) else {
            // The system names no kinds of signature: any mark will do.
            return Ok(Some(Saying::default().with_any("signature").with("signed_at", moment(self.now))));
        };
        let signature = Saying::default().with("signature", kind.as_str()).with("signed_at", moment(self.now));
        if !known.iter().any(|one| one.code == *kind && one.certified) {
            return Ok(Some(signature));
        }
        let certificates = system.rights().certificates.as_ref().and_then(|name| system.kind(&name.kind));
        let Some(certificates) = certificates else { return Ok(Some(signature)) };
        self.born += 1;
        let serial = format!("{:012x}", self.born);
        let wanted = Wanted { detail: Some(("signature", kind.as_str())), ..Wanted::default() };
        self.opens(self.composer, certificates, wanted, parent, (&serial, as_day))
            .or_else(|_| self.opens(self.composer, certificates, wanted, parent, (&serial, moment)))?;
        Ok(Some(signature.with("certificate", serial)))
    }

    /// The number of a consent that stands, where the kind processes personal data.
    fn consented(&mut self, lifecycle: &Lifecycle) -> Result<Option<String>, Unsayable> {
        let system = self.system;
        let asks = lifecycle.kind().consent.iter().any(|command| command == "open");
        let consents = system.rights().consents.as_ref().and_then(|name| system.kind(&name.kind));
        match consents.filter(|_| asks && lifecycle.kind().field(CONSENT).is_some()) {
            Some(consents) => Ok(Some(self.born(consents, None, GENERATIONS_MAX)?.number)),
            None => Ok(None),
        }
    }

    fn moves(&mut self, life: &Life<'w>, to: &Status) -> Result<(), Unsayable> {
        let letter = self.update(self.composer, life, to, None)?;
        self.post(letter);
        self.entered(life, to);
        Ok(())
    }

    /// A move that the status does not allow, once for each status.
    fn forbidden(&mut self, life: &Life<'w>, here: &Status) -> Result<(), Unsayable> {
        if !self.forbids || !self.tried.insert((life.lifecycle.kind().code.clone(), here.code.clone())) {
            return Ok(());
        }
        let closed = |status: &&Status| status.code != here.code && !here.next.contains(&status.code);
        match life.lifecycle.statuses().iter().find(closed) {
            Some(to) => {
                let letter = self.update(self.composer, life, to, None)?;
                let expected = Expected::Failed(Code::ForbiddenTransition);
                self.post(Letter { oddity: Some(Oddity::Forbidden), expected, ..letter });
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What the receiver does by itself when a case enters a status: it numbers the cases that this opens.
    fn entered(&mut self, life: &Life<'w>, status: &Status) {
        for opening in &status.opens {
            let fits = opening.purpose.is_none() || opening.purpose == life.purpose;
            if fits
                && !opening.same_number
                && let Some(lifecycle) = self.system.kind(&opening.kind)
            {
                self.foretold(lifecycle);
            }
        }
    }

    /// The next number that the receiver gives.
    fn foretold(&mut self, lifecycle: &Lifecycle) -> String {
        *self.given.entry(lifecycle.kind().code.clone()).or_default() += 1;
        self.last(lifecycle)
    }

    /// The last number that the receiver gave.
    fn last(&self, lifecycle: &Lifecycle) -> String {
        let given = self.given.get(&lifecycle.kind().code).copied().unwrap_or_default();
        lifecycle.kind().numbering.as_ref().map(|numbering| numbering.number(self.year(), given)).unwrap_or_default()
    }

    /// A number that a sender gives a new case.
    fn another_number(&mut self) -> String {
        self.born += 1;
        format!("{}-{}-{:06}", self.year(), self.system.code().to_uppercase(), self.born)
    }

    /// The year of numbers.
    fn year(&self) -> i32 {
        self.plan.base.with_timezone(&self.plan.zone).year()
    }

    fn is_main(&self, lifecycle: &Lifecycle) -> bool {
        self.system.main().kind().code == lifecycle.kind().code
    }
}
