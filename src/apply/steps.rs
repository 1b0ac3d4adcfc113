//! What one item does, step by step: a case moves, the cases around it react, new ones open. Each step sees those before it, and
//! nothing is written before all of them are possible. No kind and no status is known here by name: what follows
//! what is said by the lifecycles.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::asked::with_what_is_asked;
use super::codes::CodeRow;
use super::outgoing::Outgoing;
use super::world::{Case, CaseKey, Document, Entry, History, PartyRow, World};
use super::{Change, Done, Event, Refusal, Setting};
use crate::domain::lifecycle::{Guard, Happening, Lifecycle, Opening, Reaction, Reason, Status};
use crate::domain::money;
use crate::domain::term::{Term, day_end};
use crate::domain::wording::{Labelled, Wording};
use crate::outcome::Code;

/// Where a payment says how much was paid; without it the amount of the case counts.
const PAID: &str = "paid-amount";

/// Who does it, and when.
#[derive(Debug, Clone)]
pub(super) struct By {
    pub(super) happened_at: DateTime<Utc>,
    pub(super) agency: String,
    pub(super) officer: Option<String>,
}

/// What is told with a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) comment: Option<String>,
    /// For the history.
    pub(super) details: Value,
    /// What it is about, where that is not the title of the case.
    pub(super) title: Option<Wording>,
    /// In words.
    pub(super) reasons: Vec<Wording>,
    /// In words.
    pub(super) missing: Vec<Wording>,
    pub(super) amount: Option<String>,
    pub(super) result: Option<Wording>,
    pub(super) deadline: Option<NaiveDate>,
    pub(super) expected_on: Option<NaiveDate>,
}

impl Told {
    /// A step that fills its reason in by itself.
    pub(super) fn because(reason: Option<&Reason>) -> Self {
        let mut told = Self { details: json!({}), ..Self::default() };
        told.fill_in(reason);
        told
    }

    fn fill_in(&mut self, reason: Option<&Reason>) {
        if let Some(reason) = reason {
            self.reasons.push(reason.wording());
            self.details["reasons"] = json!([{ "code": reason.code, "text": reason.label }]);
        }
    }
}

/// What happened to a case.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happened<'a> {
    /// Somebody did an act.
    Act(&'a str),
    /// Fields of these groups were corrected.
    Corrected(&'a [String]),
    /// Everything asked for has come.
    Delivered,
    /// All documents are approved.
    Approved,
    /// A case that names it as its parent entered a status.
    Child(&'a Case),
    /// Somebody has read a letter that names it.
    Received,
}

/// What a case answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its status has no answer, or what must hold for it does not.
    None,
    /// It answered.
    Given,
}

/// The steps of one item.
pub(super) struct Steps<'a> {
    setting: &'a Setting<'a>,
    pub(super) world: &'a World,
    by: By,
    pub(super) cases: HashMap<CaseKey, Arc<Case>>,
    counters: HashMap<(String, String, i32), i64>,
    changes: Vec<Change>,
    events: Vec<Event>,
    contents: Vec<(String, Arc<Vec<u8>>)>,
    pub(super) outgoing: Vec<Outgoing>,
    step: u32,
    code_fits: bool,
}

impl<'a> Steps<'a> {
    pub(super) fn new(world: &'a World, setting: &'a Setting<'a>, by: By) -> Self {
        Self {
            setting,
            world,
            by,
            cases: HashMap::new(),
            counters: HashMap::new(),
            changes: Vec::new(),
            events: Vec::new(),
            contents: Vec::new(),
            outgoing: Vec::new(),
            step: 0,
            code_fits: false,
        }
    }

    /// What the batch knows.
    pub(super) fn world(&self) -> &'a World {
        self.world
    }

    /// What the steps have come to so far.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The one-time code that a reaction asks for is the right one.
    pub(super) fn code_fits(&mut self) {
        self.code_fits = true;
    }

    /// The last one-time code of a case after the steps so far.
    pub(super) fn code(&self, key: &CaseKey) -> Option<&CodeRow> {
        let changed = self.changes.iter().rev().find_map(|change| match change {
            Change::Code(of, code) if of == key => Some(&**code),
            _ => None,
        });
        changed.or_else(|| self.world.codes.get(key))
    }

    /// Who takes part in a case after the steps so far.
    pub(super) fn parties(&self, key: &CaseKey) -> Vec<PartyRow> {
        let mut rows = self.world.people.of(key).to_vec();
        for change in &self.changes {
            if let Change::Parties(of, told) = change
                && of == key
            {
                rows.retain(|row| told.iter().all(|one| one.role != row.role));
                rows.extend_from_slice(told);
            }
        }
        rows
    }

    /// What every step is decided with.
    pub(super) fn setting(&self) -> &'a Setting<'a> {
        self.setting
    }

    /// Who does it, and when.
    pub(super) fn by(&self) -> &By {
        &self.by
    }

    /// What the steps come to.
    pub(super) fn done(self) -> Done {
        let mut changes = self.changes;
        changes.extend(
            self.counters.into_iter().map(|((system, kind, year), last)| Change::Counter(system, kind, year, last)),
        );
        Done { changes, events: self.events, contents: self.contents, outgoing: self.outgoing, remark: None }
    }

    /// A case as it stands after the steps so far.
    pub(super) fn case(&self, key: &CaseKey) -> Option<&Case> {
        self.cases.get(key).map(Arc::as_ref).or_else(|| self.world.case(key))
    }

    /// The documents of a case before this item.
    pub(super) fn documents(&self, key: &CaseKey) -> Vec<Document> {
        self.world.documents.get(key).cloned().unwrap_or_default()
    }

    /// Keeps a content that was made here; gives its name in the content store.
    pub(super) fn keep(&mut self, bytes: Arc<Vec<u8>>) -> String {
        let sha256 = hex::encode(Sha256::digest(bytes.as_slice()));
        self.contents.push((sha256.clone(), bytes));
        sha256
    }

    /// Something that people are told of.
    pub(super) fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// A new state of a case.
    pub(super) fn put(&mut self, case: Case) {
        let case = Arc::new(case);
        self.cases.insert(case.key.clone(), Arc::clone(&case));
        self.changes.push(Change::Case(case));
    }

    /// A row of the history of a case as it stands.
    pub(super) fn record(&mut self, case: &Case, entry: Entry, from: Option<String>, to: &str, told: &Told) {
        self.changes.push(Change::History(Box::new(History {
            case: case.key.clone(),
            entry,
            turn: case.turn,
            step: self.step,
            from,
            to: to.to_owned(),
            happened_at: self.by.happened_at,
            recorded_at: self.setting.context.now,
            agency: self.by.agency.clone(),
            officer: self.by.officer.clone(),
            comment: told.comment.clone(),
            details: told.details.clone(),
            cause: self.setting.cause,
            item: self.setting.item,
        })));
        self.step += 1;
    }

    /// A case enters a status: it moves, people are told, other cases open, its parent reacts.
    pub(super) fn enter(&mut self, mut case: Case, to: &Status, told: &Told) -> Result<(), Refusal> {
        let lifecycle = self.lifecycle(&case.key)?;
        lacks_fields(&case, lifecycle, to)?;
        self.guarded(&case, lifecycle, to)?;
        let from = std::mem::replace(&mut case.status, to.code.clone());
        case.turn += 1;
        case.since = self.by.happened_at;
        case.open = to.class.is_open();
        case.expected_on = told.expected_on;
        let told = with_what_is_asked(told, &case, lifecycle, to);
        let told = told.as_ref();
        case.deadline = self.deadline(&case, lifecycle, to, told)?;
        case.changed_at = self.setting.context.now;
        let routed = self.route(&mut case, to, told);
        self.record(&case, Entry::Moved, Some(from), &to.code, routed.as_ref().unwrap_or(told));
        self.put(case.clone());
        self.tell(&case, lifecycle, to, told);
        self.send_code(&case, to);
        self.send(&case, lifecycle, to, told);
        self.turned(&case, lifecycle, to)?;
        self.entered(&case, to)
    }

    /// A case keeps its status; something is said of it.
    pub(super) fn comment(&mut self, mut case: Case, told: &Told) -> Result<(), Refusal> {
        case.deadline = told.deadline.and_then(|day| day_end(day, self.setting.context.zone)).or(case.deadline);
        case.expected_on = told.expected_on.or(case.expected_on);
        case.changed_at = self.setting.context.now;
        self.record(&case, Entry::Comment, Some(case.status.clone()), &case.status.clone(), told);
        let retimed = self
            .case(&case.key)
            .is_some_and(|known| (known.deadline, known.valid_until) != (case.deadline, case.valid_until));
        self.put(case.clone());
        if retimed {
            self.retimed(&case, self.lifecycle(&case.key)?)?;
        }
        Ok(())
    }

    /// What entering a status sets off.
    pub(super) fn entered(&mut self, case: &Case, status: &Status) -> Result<(), Refusal> {
        for opening in &status.opens {
            if opening.purpose.is_none() || opening.purpose == case.purpose {
                self.open(case, opening)?;
            }
        }
        if let Some(parent) = &case.parent {
            self.happen(&parent.clone(), &Happened::Child(case))?;
        }
        Ok(())
    }

    /// Something happens to a case: its status answers, or nothing follows.
    pub(super) fn happen(&mut self, key: &CaseKey, happened: &Happened<'_>) -> Result<Answer, Refusal> {
        let Some(case) = self.case(key).cloned() else { return Ok(Answer::None) };
        let lifecycle = self.lifecycle(key)?;
        self.timed(&case, lifecycle, happened)?;
        let reaction = lifecycle.status(&case.status).and_then(|status| answer(status, happened));
        let Some(reaction) = reaction else { return Ok(Answer::None) };
        // What happened before the present status is late: it moves nothing.
        if self.by.happened_at < case.since || !self.holds(reaction, &case, happened)? {
            return Ok(Answer::None);
        }
        self.react(case, reaction, happened, lifecycle)?;
        Ok(Answer::Given)
    }

    fn react(
        &mut self,
        mut case: Case,
        reaction: &Reaction,
        happened: &Happened<'_>,
        lifecycle: &Lifecycle,
    ) -> Result<(), Refusal> {
        let mut told = Told { details: json!({ "because": reaction.happening.to_string() }), ..Told::default() };
        if let Happened::Child(child) = happened {
            told.details = json!({ "because": reaction.happening.to_string(), "case": child.key.number });
            if reaction.takes_details {
                self.take_details(&mut case, child, lifecycle);
            }
        }
        if let Some(kind) = &reaction.opens {
            self.open(&case, &Opening { kind: kind.clone(), purpose: None, same_number: false })?;
        }
        if reaction.rechecks
            && let Some(status) = lifecycle.status(&case.status)
        {
            self.recheck(&case, lifecycle, status, &told);
            self.resend(&mut case, lifecycle, status)?;
        }
        let Some(to) = reaction.to.as_deref().and_then(|code| lifecycle.status(code)) else {
            if reaction.takes_details && matches!(happened, Happened::Child(_)) {
                case.changed_at = self.setting.context.now;
                self.record(&case, Entry::Corrected, Some(case.status.clone()), &case.status.clone(), &told);
                self.put(case);
            }
            return Ok(());
        };
        told.fill_in(reaction.reason.as_deref().and_then(|code| lifecycle.reason(to, code)));
        self.enter(case, to, &told)
    }

    /// The fields that both kinds declare pass from the child to the case.
    fn take_details(&mut self, case: &mut Case, child: &Case, lifecycle: &Lifecycle) {
        let former = Value::Object(case.details.clone()).to_string();
        for (code, value) in &child.details {
            if lifecycle.kind().field(code).is_some() {
                case.details.insert(code.clone(), value.clone());
            }
        }
        self.corrected(case, former);
    }

    /// Notes that a case has new details, and keeps the former ones.
    pub(super) fn corrected(&mut self, case: &mut Case, former: String) {
        self.changes.push(Change::Former(case.key.clone(), case.version, former, self.setting.cause.message()));
        case.version += 1;
        case.corrected = true;
    }

    /// Whether what must hold for a reaction holds.
    fn holds(&self, reaction: &Reaction, case: &Case, happened: &Happened<'_>) -> Result<bool, Refusal> {
        match (reaction.guard, happened) {
            (Some(Guard::AmountCovers), Happened::Child(child)) => {
                let paid = child.details.get(PAID).and_then(Value::as_str).and_then(money::kopecks).or(child.amount);
                Ok(case.amount.is_none_or(|due| paid.is_some_and(|paid| paid >= due)))
            }
            (Some(Guard::CodeFits), _) => Ok(self.code_fits),
            (Some(Guard::NewEvidence), Happened::Child(child)) => self.new_evidence(case, child).map(|()| true),
            (Some(Guard::NoOpenCases), _) => self.no_open_cases(case).map(|()| true),
            _ => Ok(true),
        }
    }

    /// Opens a case beside another.
    fn open(&mut self, parent: &Case, opening: &Opening) -> Result<(), Refusal> {
        let system = &parent.key.system;
        let Some(lifecycle) = self.setting.context.lifecycles.kind(system, &opening.kind) else { return Ok(()) };
        let number = if opening.same_number {
            parent.key.number.clone()
        } else {
            self.number(lifecycle).unwrap_or_else(|| parent.key.number.clone())
        };
        let key = CaseKey { system: system.clone(), kind: opening.kind.clone(), number };
        if self.case(&key).is_some() {
            return Ok(());
        }
        let start = lifecycle.start();
        let now = self.setting.context.now;
        let shared = |code: &&String| lifecycle.kind().field(code).is_some();
        let mut case = Case {
            id: None,
            key,
            service: String::new(),
            purpose: opening.purpose.clone().filter(|code| lifecycle.kind().purpose(code).is_some()),
            parent: Some(parent.key.clone()),
            open: start.class.is_open(),
            status: start.code.clone(),
            turn: 0,
            since: self.by.happened_at,
            officer: None,
            unit: None,
            deadline: parent.deadline,
            expected_on: None,
            details: parent
                .details
                .iter()
                .filter(|(code, _)| shared(code))
                .map(|(code, value)| (code.clone(), value.clone()))
                .collect(),
            version: 1,
            corrected: false,
            opened_at: now,
            changed_at: now,
            ..parent.clone()
        };
        if case.deadline.is_none() || start.code_sent.is_some() {
            case.deadline = self.deadline(&case, lifecycle, start, &Told::default())?;
        }
        self.begin(&case, lifecycle, &Told::default())?;
        self.send(&case, lifecycle, start, &Told::default());
        let known = |row: &PartyRow| lifecycle.kind().parties.contains(&row.role);
        let rows: Vec<PartyRow> = self.parties(&parent.key).into_iter().filter(known).collect();
        if !rows.is_empty() {
            self.change(Change::Parties(case.key, rows));
        }
        Ok(())
    }

    /// The first step of a case: it is there, and people are told. What its status sends goes when its documents are there too.
    pub(super) fn begin(&mut self, case: &Case, lifecycle: &Lifecycle, told: &Told) -> Result<(), Refusal> {
        self.put(case.clone());
        self.count(&case.key, lifecycle);
        self.record(case, Entry::Opened, None, &case.status, told);
        // Where no officer opened the case, its comment is the applicant's own word: no news to the applicant, and not the agency's.
        let news = Told { comment: told.comment.clone().filter(|_| self.by.officer.is_some()), ..told.clone() };
        self.tell(case, lifecycle, lifecycle.start(), &news);
        self.send_code(case, lifecycle.start());
        self.turned(case, lifecycle, lifecycle.start())
    }

    /// The next number of a kind that numbers its cases.
    pub(super) fn number(&mut self, lifecycle: &Lifecycle) -> Option<String> {
        let numbering = lifecycle.kind().numbering.as_ref()?;
        let year = self.setting.context.now.with_timezone(&self.setting.context.zone).year();
        let last = self.counted(&(lifecycle.system().to_owned(), lifecycle.kind().code.clone(), year));
        Some(numbering.number(year, last + 1))
    }

    /// A number of the kind's own form is used, whoever gave it: the next one that we give comes after it.
    fn count(&mut self, key: &CaseKey, lifecycle: &Lifecycle) {
        let read = lifecycle.kind().numbering.as_ref().and_then(|form| form.read(&key.number));
        let Some((year, used)) = read else { return };
        let counter = (key.system.clone(), key.kind.clone(), year);
        if used > self.counted(&counter) {
            self.counters.insert(counter, used);
        }
    }

    /// The last counter that was used.
    fn counted(&self, counter: &(String, String, i32)) -> i64 {
        self.counters.get(counter).or_else(|| self.world.counters.get(counter)).copied().unwrap_or(0)
    }

    /// Tells of the event that a status is.
    pub(super) fn tell(&mut self, case: &Case, lifecycle: &Lifecycle, status: &Status, told: &Told) {
        if let Some(event) = lifecycle.event_of(status) {
            self.tell_of(&event.code, case, told);
        }
    }

    /// Tells of an event of a case.
    pub(super) fn tell_of(&mut self, event: &str, case: &Case, told: &Told) {
        let event = Event::of(event, case, self.by.happened_at);
        self.events.push(Event {
            title: told.title.clone().or(event.title),
            comment: told.comment.clone().map(Wording::Same),
            reasons: told.reasons.clone(),
            missing: told.missing.clone(),
            amount: told.amount.clone().or_else(|| case.amount.map(money::written)),
            result: told.result.clone(),
            ..event
        });
    }

    /// The message's own deadline, else the service's, else the lifecycle's (domain, rule 6).
    pub(super) fn deadline(
        &self,
        case: &Case,
        lifecycle: &Lifecycle,
        status: &Status,
        told: &Told,
    ) -> Result<Option<DateTime<Utc>>, Refusal> {
        if let Some(day) = told.deadline {
            return Ok(day_end(day, self.setting.context.zone));
        }
        if let Some(within) = self.answer_within(case, status) {
            return Ok(Some(self.by.happened_at + within));
        }
        let term = lifecycle.deadline(status, lifecycle.service(&case.service));
        term.map(|term| self.setting.end(term, self.by.happened_at)).transpose()
    }

    fn lifecycle(&self, key: &CaseKey) -> Result<&'a Lifecycle, Refusal> {
        self.setting.lifecycle(&key.kind)
    }
}

impl Setting<'_> {
    /// When a term is over.
    pub(super) fn end(&self, term: Term, from: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        term.end(from, self.context.zone, self.context.calendar)
            .map_err(|fault| Refusal::with(Code::CalendarMissing, fault.to_string()))
    }
}

/// Whether something is what happened.
pub(super) fn fits(happening: &Happening, happened: &Happened<'_>) -> bool {
    match (happening, happened) {
        (Happening::Act(act), Happened::Act(done)) => act == done,
        (Happening::Corrected(Some(group)), Happened::Corrected(groups)) => groups.contains(group),
        (Happening::Corrected(None), Happened::Corrected(_))
        | (Happening::DocumentsDelivered, Happened::Delivered)
        | (Happening::DocumentsApproved, Happened::Approved)
        | (Happening::LetterReceived, Happened::Received) => true,
        (Happening::Child { kind, purpose, status }, Happened::Child(child)) => {
            *kind == child.key.kind && *status == child.status && (purpose.is_none() || *purpose == child.purpose)
        }
        _ => false,
    }
}

/// The answer of a status to what happened; one to a group of fields comes before one to any correction.
fn answer<'s>(status: &'s Status, happened: &Happened<'_>) -> Option<&'s Reaction> {
    let any = |reaction: &&Reaction| reaction.happening == Happening::Corrected(None);
    let mut fitting = status.on.iter().filter(|reaction| fits(&reaction.happening, happened));
    fitting.clone().find(|reaction| !any(reaction)).or_else(|| fitting.next())
}

/// The fields that a status asks for must be there.
pub(super) fn lacks_fields(case: &Case, lifecycle: &Lifecycle, status: &Status) -> Result<(), Refusal> {
    let lacks: Vec<&str> = status
        .asks
        .iter()
        .filter(|code| !case.details.contains_key(*code))
        .map(|code| lifecycle.kind().field(code).map_or(code.as_str(), |field| &field.label))
        .collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Refusal::with(Code::StatusIncomplete, format!("«{}»: {}", status.label, lacks.join(", "))))
}
