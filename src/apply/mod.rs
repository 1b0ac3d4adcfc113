//! What a message does, decided without doing it: an item, the facts and `now` come in; changes go out, or a refusal, or
//! a reason to wait. Pure, which is what makes batches, rehearsals, replays and tests cheap. A command is one file.

mod act_on_case;
mod again;
mod asked;
mod bury;
pub mod codes;
mod correct_case;
mod documents;
mod event;
mod exchange_documents;
mod extend;
pub mod extracts;
mod fields;
mod fire_timer;
mod firing;
mod guards;
mod journal;
pub mod letters;
mod open_case;
pub mod outgoing;
pub mod people;
mod post_letter;
mod recheck;
pub mod results;
mod rights;
mod route;
pub mod rows;
pub mod settle;
mod steps;
mod subscribe;
mod timers;
mod update_status;
mod watching;
pub mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::admit::{Answers, Kept, Remark};
use crate::binding::{Command, Item};
use crate::config::StateServices;
use crate::domain::calendar::Calendar;
use crate::domain::lifecycle::{Event as Texts, Happening, Lifecycle, Reaction, System};
use crate::domain::media::Held;
use crate::domain::routing::Routing;
use crate::outcome::Code;
use crate::rules::nearest;

pub use event::Event;
pub use fire_timer::{DueTimer, SWEPT, needs as timer_needs, sweepable};
pub use firing::{fire, stick};
pub use rights::{CONSENT, CONSENT_PARENTS_MAX, unfit};
pub use settle::{Known, Noticed, Receipt, Settlement, WholeRefusal, settle};
pub use watching::{Unwatched, Watched, watch, watched};
pub use world::Change;
use world::{CaseKey, Cause, Needs, World};

/// The lifecycles of all systems, and that of documents.
#[derive(Debug)]
pub struct Lifecycles {
    systems: BTreeMap<String, System>,
    /// How a document lives.
    pub documents: Lifecycle,
}

impl Lifecycles {
    /// The systems with their kinds, and how a document lives.
    #[must_use]
    pub fn new(systems: Vec<System>, documents: Lifecycle) -> Self {
        Self { systems: systems.into_iter().map(|one| (one.code().to_owned(), one)).collect(), documents }
    }

    /// The lifecycle of a system's main kind.
    #[must_use]
    pub fn get(&self, system: &str) -> Option<&Lifecycle> {
        self.systems.get(system).map(System::main)
    }

    /// The lifecycle of a kind.
    #[must_use]
    pub fn kind(&self, system: &str, kind: &str) -> Option<&Lifecycle> {
        self.systems.get(system)?.kind(kind)
    }

    /// The texts of an event of a case: of its kind, else of the documents that it holds.
    #[must_use]
    pub fn event(&self, case: &CaseKey, code: &str) -> Option<&Texts> {
        let own = self.kind(&case.system, &case.kind).and_then(|kind| kind.event(code));
        own.or_else(|| self.documents.event(code))
    }

    /// The events that the cases of a system and their documents can be, each once.
    #[must_use]
    pub fn events<'l>(&'l self, system: &'l System) -> Vec<&'l Texts> {
        let mut events: Vec<&Texts> = Vec::new();
        for event in system.kinds().iter().flat_map(Lifecycle::events).chain(self.documents.events()) {
            if !events.iter().any(|known| known.code == event.code) {
                events.push(event);
            }
        }
        events
    }

    /// The kind that a message means: the one that it names, else the main one.
    #[must_use]
    pub fn kind_code(&self, system: &str, named: Option<&str>) -> String {
        let main = || self.get(system).map(|main| main.kind().code.as_str());
        named.or_else(main).unwrap_or_default().to_owned()
    }

    /// The case that a command is about.
    #[must_use]
    pub fn case_key(&self, system: &str, command: &Command) -> CaseKey {
        CaseKey {
            system: system.to_owned(),
            kind: self.kind_code(system, command.case_kind()),
            number: command.case_number().to_owned(),
        }
    }

    /// A system whole.
    #[must_use]
    pub fn system(&self, system: &str) -> Option<&System> {
        self.systems.get(system)
    }

    /// All systems, by code.
    pub fn systems(&self) -> impl Iterator<Item = &System> {
        self.systems.values()
    }
}

/// What every item of a batch is decided with.
pub struct Context<'a> {
    /// The moment of the batch.
    pub now: DateTime<Utc>,
    /// Our own code: who does what timers do.
    pub agency: &'a str,
    /// The zone of days and terms.
    pub zone: Tz,
    /// How cases live.
    pub lifecycles: &'a Lifecycles,
    /// Working days.
    pub calendar: &'a Calendar,
    /// Which unit is responsible for what.
    pub routing: &'a Routing,
    /// State services that requests go out to.
    pub services: &'a StateServices,
    /// What their answers must look like.
    pub answers: &'a Answers,
    /// Pauses before each try of a parked item, the last one repeated.
    pub delays: &'a [Duration],
    /// When waiting ends.
    pub patience: Duration,
    /// Dead letters longer than this lie outside the tables.
    pub dead_letter_inline_bytes_max: usize,
    /// Random bytes of this batch, from which one-time codes are made: no two batches have the same.
    pub seed: [u8; 32],
    /// A content that the document store holds, by SHA-256.
    pub held: &'a dyn Fn(&str) -> Option<Held>,
}

impl Context<'_> {
    /// The pause before try `number` + 1.
    fn delay(&self, number: u32) -> Duration {
        let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.delays.get(at).or(self.delays.last()).copied().unwrap_or(self.patience)
    }
}

/// From where an item comes to its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It has just arrived.
    Arrived,
    /// It was parked in this row.
    Parked(i64),
    /// An operator replays it: order was lost long ago and is not asked for.
    Replayed,
}

/// What one item is decided with.
pub struct Setting<'a> {
    /// What every item shares.
    pub context: &'a Context<'a>,
    /// Code of the system.
    pub system: &'a str,
    /// Code of the sending agency.
    pub sender: &'a str,
    /// The message or the timer that does it.
    pub cause: Cause,
    /// Id of the message; none: a timer does it.
    pub message_id: Option<&'a str>,
    /// Its number in the message; 0: a timer's.
    pub item: u32,
    /// The message's attachments.
    pub files: &'a [Kept],
    /// From where it comes.
    pub place: Place,
    /// Whether it is only tried, and changes nothing.
    pub test: bool,
}

impl Setting<'_> {
    fn lifecycle(&self, kind: &str) -> Result<&Lifecycle, Refusal> {
        let missing = || {
            let detail = format!("у системы {} нет вида дел {kind}", self.system);
            Refusal::with(Code::UnknownKind, detail)
        };
        self.context.lifecycles.kind(self.system, kind).ok_or_else(missing)
    }
}

/// Of a status that is not known at most so many characters are told.
const WORD_CHARACTERS_MAX: usize = 64;

/// What is decided of an item.
#[derive(Debug)]
pub enum Decision {
    /// It is applied.
    Apply(Done),
    /// It waits, for this case.
    Park(Wait, CaseKey),
    /// It is refused.
    Refuse(Refusal),
}

/// What an applied item does.
#[derive(Debug, Default)]
pub struct Done {
    /// Changes, in order.
    pub changes: Vec<Change>,
    /// What people are to be told of.
    pub events: Vec<Event>,
    /// Contents that were made by it: SHA-256 and bytes.
    pub contents: Vec<(String, Arc<Vec<u8>>)>,
    /// What goes out to others.
    pub outgoing: Vec<outgoing::Outgoing>,
    /// What is to be said of it although it was applied.
    pub remark: Option<Remark>,
}

/// What an item waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Its case.
    Case,
    /// The numbers before its own.
    Sequence,
    /// Earlier items of its case, which wait themselves.
    Order,
}

impl Wait {
    /// The form in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "unknown-case",
            Self::Sequence => "sequence-gap",
            Self::Order => "in-order",
        }
    }

    /// The refusal once patience ends; `key` is the case that was waited for.
    #[must_use]
    pub fn refusal(self, key: &CaseKey) -> Refusal {
        match self {
            Self::Sequence => Refusal::with(Code::SequenceGap, format!("дело {}", key.number)),
            Self::Case | Self::Order => Refusal::no_case(key),
        }
    }
}

/// Why an item is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// Particulars in Russian: codes and numbers, no personal data.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal that its code says all of.
    #[must_use]
    pub fn of(code: Code) -> Self {
        Self { code, detail: None }
    }

    /// A refusal with particulars.
    #[must_use]
    pub fn with(code: Code, detail: String) -> Self {
        Self { code, detail: Some(detail) }
    }

    /// There is no such case.
    #[must_use]
    pub fn no_case(key: &CaseKey) -> Self {
        let detail = Some(key.number.clone()).filter(|number| !number.is_empty());
        Self { code: Code::UnknownCase, detail }
    }

    /// The lifecycle has no such status; the one that is most like it is told.
    #[must_use]
    pub fn no_status(lifecycle: &Lifecycle, word: &str) -> Self {
        let word: String = word.chars().take(WORD_CHARACTERS_MAX).collect();
        let known = lifecycle.statuses().iter().flat_map(|status| [status.label.as_str(), status.code.as_str()]);
        let detail = match nearest(&word, known, 1).first() {
            Some(near) => format!("«{word}»; похожий — «{near}»"),
            None => format!("«{word}»"),
        };
        Self::with(Code::UnknownStatus, detail)
    }

    /// What is told to people.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.code.label()),
            None => self.code.label().to_owned(),
        }
    }

    /// The refusal at its item's place in the message.
    #[must_use]
    pub fn remark(&self, item: &Item) -> Remark {
        Remark {
            line: Some(item.line),
            column: Some(item.column),
            path: Some(item.path.clone()),
            ..Remark::plain(self.code, self.text())
        }
    }
}

/// Decides an item.
#[must_use]
pub fn decide(item: &Item, world: &World, setting: &Setting<'_>) -> Decision {
    let key = setting.context.lifecycles.case_key(setting.system, &item.command);
    match order(item, &key, world, setting) {
        Order::Turn => {}
        Order::Wait(wait) => return Decision::Park(wait, key),
        Order::Used(last) => {
            let detail = format!("последний использованный — {last}");
            return Decision::Refuse(Refusal::with(Code::SequenceUsed, detail));
        }
    }
    if let Some(other) = awaited(&item.command, &key, world, setting) {
        return match setting.place {
            Place::Replayed => Decision::Refuse(Refusal::no_case(&other)),
            _ => Decision::Park(Wait::Case, other),
        };
    }
    let done = rights::allowed(&item.command, &key, world, setting).and_then(|()| match &item.command {
        Command::OpenCase(command) => open_case::apply(command, &key, world, setting),
        Command::UpdateStatus(command) => update_status::apply(command, &key, world, setting),
        Command::CorrectCase(command) => correct_case::apply(command, &key, world, setting),
        Command::ActOnCase(command) => act_on_case::apply(command, &key, world, setting),
        Command::ExchangeDocuments(command) => exchange_documents::apply(command, &key, world, setting),
        Command::PostLetter(command) => post_letter::apply(command, &key, world, setting),
        Command::Subscribe(command) => subscribe::apply(command, &key, setting),
    });
    match done.and_then(|mut done| timers::of_what_it_holds(&mut done, setting).map(|()| done)) {
        Ok(mut done) => {
            if let Some(number) = item.command.sequence() {
                let used = world.sequences.get(&(setting.sender.to_owned(), key.clone())).copied().unwrap_or(0);
                done.changes.push(Change::Sequence(setting.sender.to_owned(), key, number.max(used)));
            }
            Decision::Apply(done)
        }
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// The case that must be there first: it may have been overtaken.
fn awaited(command: &Command, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Option<CaseKey> {
    if let Command::OpenCase(command) = command {
        return open_case::awaited(command, key, world, setting);
    }
    // A choice for all cases is about none.
    let about_none = matches!(command, Command::Subscribe(choice) if choice.case_number.is_none());
    if !about_none && !world.cases.contains_key(key) {
        return setting.lifecycle(&key.kind).is_ok().then(|| key.clone());
    }
    match command {
        Command::PostLetter(command) => post_letter::awaited(command, world, setting),
        _ => None,
    }
}

enum Order {
    Turn,
    Wait(Wait),
    Used(i64),
}

/// Whether it is the item's turn: by its number where it has one, else behind what waits for the same case.
fn order(item: &Item, key: &CaseKey, world: &World, setting: &Setting<'_>) -> Order {
    if setting.place == Place::Replayed {
        return Order::Turn;
    }
    if let Some(number) = item.command.sequence() {
        let last = world.sequences.get(&(setting.sender.to_owned(), key.clone())).copied().unwrap_or(0);
        return match number {
            _ if number <= last => Order::Used(last),
            _ if number == last + 1 => Order::Turn,
            _ => Order::Wait(Wait::Sequence),
        };
    }
    // An application opens the case that the others wait for.
    if matches!(item.command, Command::OpenCase(_)) {
        return Order::Turn;
    }
    let first = world.waiting.get(key).and_then(|waiting| waiting.first().copied());
    match (setting.place, first) {
        (_, None) => Order::Turn,
        (Place::Parked(own), Some(first)) if own <= first => Order::Turn,
        _ => Order::Wait(Wait::Order),
    }
}

/// Adds what an item needs to know.
pub fn needs(item: &Item, system: &str, lifecycles: &Lifecycles, needs: &mut Needs) {
    let key = lifecycles.case_key(system, &item.command);
    match &item.command {
        Command::OpenCase(command) => {
            open_case::needs(command, system, lifecycles, needs);
            opened(Some(&item.command), &key, lifecycles, needs);
        }
        Command::UpdateStatus(_) | Command::ExchangeDocuments(_) | Command::CorrectCase(_) | Command::ActOnCase(_) => {
            opened(Some(&item.command), &key, lifecycles, needs);
            if let Some(lifecycle) = lifecycles.kind(&key.system, &key.kind) {
                guards::needs(&key, lifecycle, needs);
            }
        }
        Command::PostLetter(command) => {
            opened(Some(&item.command), &key, lifecycles, needs);
            needs.dialogs.insert(key.clone());
            post_letter::needs(command, system, lifecycles, needs);
        }
        Command::Subscribe(_) => {}
    }
    needs.loads |= route::may_ask(&item.command, &key, lifecycles);
    match &item.command {
        Command::ActOnCase(command) if command.code.is_some() => {
            needs.codes.insert(key.clone());
        }
        Command::ActOnCase(_) | Command::UpdateStatus(_) => {
            let sends = lifecycles.kind(&key.system, &key.kind).is_some_and(Lifecycle::sends_codes);
            needs.codes.extend(sends.then(|| key.clone()));
        }
        Command::CorrectCase(command) => correct_case::needs(command, &key, lifecycles, needs),
        _ => {}
    }
    rights::needs(&item.command, &key, lifecycles, needs);
    if documents(&item.command, &key, lifecycles) {
        needs.documents.insert(key.clone());
    }
    needs.sequences.extend(item.command.sequence().map(|_| key.clone()));
    needs.cases.insert(key);
}

/// Whether the documents of the case must be known: some come, are judged, or a status asks for them.
fn documents(command: &Command, key: &CaseKey, lifecycles: &Lifecycles) -> bool {
    match command {
        Command::ExchangeDocuments(_) => true,
        Command::UpdateStatus(command) => {
            let status = lifecycles.kind(&key.system, &key.kind).and_then(|one| one.recognize(&command.status));
            !command.documents.is_empty() || status.is_some_and(|status| !status.documents.is_empty())
        }
        Command::CorrectCase(command) => !command.documents.is_empty(),
        Command::ActOnCase(command) => !command.documents.is_empty() || rechecks(&command.act, key, lifecycles),
        Command::PostLetter(command) => !command.documents.is_empty(),
        Command::OpenCase(_) | Command::Subscribe(_) => false,
    }
}

/// Whether an act may run the checks of the opening again.
fn rechecks(act: &str, key: &CaseKey, lifecycles: &Lifecycles) -> bool {
    let answers = |one: &Reaction| one.rechecks && one.happening == Happening::Act(act.to_owned());
    let kind = lifecycles.kind(&key.system, &key.kind);
    kind.is_some_and(|kind| kind.statuses().iter().flat_map(|status| &status.on).any(answers))
}

/// Cases that a step of this one (by a command, or by a timer) may open: those of its own number must be known, the others are numbered.
fn opened(command: Option<&Command>, key: &CaseKey, lifecycles: &Lifecycles, needs: &mut Needs) {
    let Some(lifecycle) = lifecycles.kind(&key.system, &key.kind) else { return };
    // A step may move the parent too, and that may open a case that is to be numbered.
    let Some(system) = lifecycles.system(&key.system) else { return };
    needs.counters |= system.opens();
    needs.openers.extend(system.openers().map(|kind| (key.system.clone(), kind.to_owned())));
    // What is opened takes over the parties of this case.
    let with_parties = match command {
        None => lifecycle.statuses().iter().any(|status| system.opens_parties(status)),
        Some(Command::OpenCase(_)) => false,
        Some(Command::UpdateStatus(command)) => {
            lifecycle.recognize(&command.status).is_some_and(|status| system.opens_parties(status))
        }
        Some(_) => system.answers_with_parties(lifecycle, |_| true),
    };
    if with_parties {
        needs.held.insert(key.clone());
    }
    for status in lifecycle.statuses() {
        for opening in status.opens.iter().filter(|opening| opening.same_number) {
            needs.cases.insert(CaseKey { kind: opening.kind.clone(), ..key.clone() });
        }
    }
}
