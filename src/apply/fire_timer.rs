//! A timer fires: what the lifecycle says of it is done to what it is bound to, as of the moment at which it was due, however late that
//! is. Where the case has moved on, it is void; where something stands in its way that an operator can mend, it is stuck.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::asked::with_what_is_asked;
use super::steps::{By, Steps, Told};
use super::timers::of_what_it_holds;
use super::update_status::holds;
use super::world::{Case, CaseKey, Document, Entry, Needs, Scope, TimerRow, World};
use super::{Change, Done, Refusal, Setting, extracts, opened, route};
use crate::apply::Lifecycles;
use crate::domain::language::Language;
use crate::domain::lifecycle::{Action, Class, Due, Lifecycle, Service, Status, System, Timer};
use crate::domain::term::{Term, day_end, told_end};
use crate::domain::wording::{Labelled, Wording};
use crate::outcome::Code;

/// The reason of a move that a timer makes (domain, rule 6), where the lifecycle names no other.
const TERM_EXPIRED: &str = "term-expired";
const TERM_EXPIRED_LABEL: &str = "Истёк срок";
const TERM_EXPIRED_LABEL_EN: &str = "The term has expired";

/// How a timer of a status is called that a sweep has started: no lifecycle can call its own so.
pub const SWEPT: &str = "sweep:overdue";

/// A timer that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    /// Its row.
    pub id: i64,
    /// The case.
    pub case: CaseKey,
    /// What was started.
    pub row: TimerRow,
}

/// What came of it.
pub(super) enum Fired {
    /// It did this, in words beside.
    Did(Box<Done>, String),
    /// What it was bound to is gone.
    Void(String),
}

/// Adds what firing a timer needs to know.
pub fn needs(due: &DueTimer, lifecycles: &Lifecycles, needs: &mut Needs) {
    opened(None, &due.case, lifecycles, needs);
    needs.loads |= route::follows(&due.case.system, lifecycles);
    extracts::needs(&due.case, &due.row.code, lifecycles, needs);
    needs.documents.insert(due.case.clone());
    needs.cases.insert(due.case.clone());
}

pub(super) fn apply(due: &DueTimer, world: &World, setting: &Setting<'_>) -> Result<Fired, Refusal> {
    let case = world.case(&due.case).ok_or_else(|| Refusal::no_case(&due.case))?;
    let lifecycle = setting.lifecycle(&due.case.kind)?;
    let fired = match &due.row.scope {
        Scope::Turn(turn) if *turn != case.turn => Fired::Void(format!("the case is at {} now", case.status)),
        Scope::Turn(_) => {
            let status = lifecycle.status(&case.status).ok_or_else(|| gone(due))?;
            let name = due.row.code.strip_prefix(&status.code).and_then(|rest| rest.strip_prefix('/'));
            let own = status.timers.iter().find(|timer| Some(timer.code.as_str()) == name).cloned();
            let timer = own.or_else(|| swept(lifecycle).filter(|_| name == Some(SWEPT)));
            of_case(due, case, lifecycle, &timer.ok_or_else(|| gone(due))?, world, setting)?
        }
        Scope::Life => {
            let timer = lifecycle.timers().iter().find(|timer| timer.code == due.row.code).ok_or_else(|| gone(due))?;
            let living = lifecycle.status(&case.status).is_some_and(|status| status.class.is_open() || status.standing);
            if living {
                of_case(due, case, lifecycle, timer, world, setting)?
            } else {
                Fired::Void(format!("the case has ended at {}", case.status))
            }
        }
        Scope::Document(kind, number) => of_document(due, case, (kind, number), world, setting)?,
        Scope::Request => of_requests(due, case, world, setting),
    };
    Ok(match fired {
        Fired::Did(mut done, result) => {
            of_what_it_holds(&mut done, setting)?;
            Fired::Did(done, result)
        }
        void @ Fired::Void(_) => void,
    })
}

/// What a sweep does for a case past a deadline that no timer of its status watches: it tells as the kind tells of overdue terms.
fn swept(lifecycle: &Lifecycle) -> Option<Timer> {
    let own = lifecycle.statuses().iter().flat_map(|status| &status.timers);
    let event = lifecycle.timers().iter().chain(own).find_map(|timer| match &timer.action {
        Action::Escalate { event } => Some(event.clone()),
        _ => None,
    })?;
    let action = Action::Escalate { event };
    Some(Timer { code: SWEPT.to_owned(), due: Due::Deadline, action, only: None, from: None, until: None })
}

/// The open statuses whose cases can be swept: system, kind, status.
#[must_use]
pub fn sweepable(lifecycles: &Lifecycles) -> Vec<[String; 3]> {
    let kinds = lifecycles.systems().flat_map(System::kinds).filter(|kind| swept(kind).is_some());
    let names =
        |kind: &Lifecycle, status: &Status| [kind.system().to_owned(), kind.kind().code.clone(), status.code.clone()];
    kinds
        .flat_map(|kind| {
            kind.statuses().iter().filter(|one| one.class.is_open()).map(move |status| names(kind, status))
        })
        .collect()
}

/// The lifecycle file was changed while the timer ran.
fn gone(due: &DueTimer) -> Refusal {
    Refusal::with(Code::UnknownStatus, format!("таймера {} нет в жизненном цикле", due.row.code))
}

fn of_case(
    due: &DueTimer,
    case: &Case,
    lifecycle: &Lifecycle,
    timer: &Timer,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Fired, Refusal> {
    let mut steps = Steps::new(world, setting, by(due.row.due_at.max(case.since), setting));
    let service = lifecycle.service(&case.service);
    match &timer.action {
        Action::Move { reason, .. } => {
            let from = lifecycle.status(&case.status).ok_or_else(|| gone(due))?;
            let to = lifecycle.timer_target(from, timer, service).ok_or_else(|| gone(due))?;
            holds(to, world.documents.get(&due.case).map(Vec::as_slice).unwrap_or_default(), lifecycle)?;
            let own = reason.as_deref().and_then(|code| lifecycle.reason(to, code));
            let reason = (reason.as_deref().unwrap_or(TERM_EXPIRED), own.map_or_else(term_expired, Labelled::wording));
            let told = expired(due, reason, term(timer, case, lifecycle, setting), setting);
            steps.enter(case.clone(), to, &told)?;
            Ok(Fired::Did(Box::new(steps.done()), format!("moved to {}", to.code)))
        }
        Action::Remind { event } | Action::Escalate { event } => {
            let told = Told { details: json!({ "timer": due.row.code, "event": event }), ..Told::default() };
            let status = lifecycle.status(&case.status).ok_or_else(|| gone(due))?;
            let told = with_what_is_asked(&told, case, lifecycle, status);
            steps.record(case, Entry::Timed, Some(case.status.clone()), &case.status, &told);
            steps.tell_of(event, case, &told);
            Ok(Fired::Did(Box::new(steps.done()), format!("told of {event}")))
        }
        Action::Extract { report, to } => {
            let to = lifecycle.status(to).ok_or_else(|| gone(due))?;
            let result = extracts::answer(&mut steps, case, report, to)?;
            Ok(Fired::Did(Box::new(steps.done()), result))
        }
    }
}

/// The agency's own daemon does it.
fn by(happened_at: DateTime<Utc>, setting: &Setting<'_>) -> By {
    By { happened_at, agency: setting.sender.to_owned(), officer: None }
}

/// What is told with a move that a timer makes: its own reason and the term, where more than its end was named.
fn expired(due: &DueTimer, (code, label): (&str, Wording), term: Option<Term>, setting: &Setting<'_>) -> Told {
    let text = Wording::each(|language| {
        let (label, last) = (label.told(language), told_end(due.row.due_at, setting.context.zone, language));
        let term = term.map(|term| format!("{}, ", language.term(term))).unwrap_or_default();
        match language {
            Language::Russian => format!("{label}: {term}до {last}"),
            Language::English => format!("{label}: {term}until {last}"),
        }
    });
    let words = term.map(Term::label).unwrap_or_default();
    let reason = json!({ "code": code, "text": text.russian(), "text_en": text.told(Language::English) });
    Told {
        details: json!({ "timer": due.row.code, "term": words, "reasons": [reason] }),
        reasons: vec![text],
        ..Told::default()
    }
}

fn term_expired() -> Wording {
    Wording::Each { ru: TERM_EXPIRED_LABEL.to_owned(), en: TERM_EXPIRED_LABEL_EN.to_owned() }
}

/// The term that has run out; none where only its end was named.
fn term(timer: &Timer, case: &Case, lifecycle: &Lifecycle, setting: &Setting<'_>) -> Option<Term> {
    let service: Option<&Service> = lifecycle.service(&case.service);
    match timer.due {
        Due::After(term) => Some(term),
        Due::ServiceTerm => service.map(|service| service.term),
        Due::Deadline => lifecycle
            .status(&case.status)
            .and_then(|status| lifecycle.deadline(status, service))
            .filter(|term| setting.end(*term, case.since).ok() == case.deadline),
        Due::Validity | Due::BeforeDeadline(_) | Due::BeforeValidity(_) | Due::Now => None,
    }
}

/// A document's validity ends, or will.
fn of_document(
    due: &DueTimer,
    case: &Case,
    (kind, number): (&str, &str),
    world: &World,
    setting: &Setting<'_>,
) -> Result<Fired, Refusal> {
    let known = world.documents.get(&due.case).into_iter().flatten();
    let Some(document) = known.into_iter().find(|one| one.kind == kind && one.number == number) else {
        return Ok(Fired::Void("the case has no such document any more".to_owned()));
    };
    let states = &setting.context.lifecycles.documents;
    let state = states.status(&document.state).ok_or_else(|| gone(due))?;
    let name = due.row.code.strip_prefix("document/");
    let Some(timer) = state.timers.iter().find(|timer| Some(timer.code.as_str()) == name) else {
        return Ok(Fired::Void(format!("the document is {} now", document.state)));
    };
    let of_case = setting.lifecycle(&due.case.kind)?.status(&case.status);
    let annulled = of_case.is_some_and(|status| status.class == Class::Annulled);
    let (case, told_of) = about(document, case, setting)?;
    let mut steps = Steps::new(world, setting, by(due.row.due_at, setting));
    let result = match &timer.action {
        Action::Move { .. } => {
            let to = states.timer_target(state, timer, None).ok_or_else(|| gone(due))?;
            steps.change(Change::Document(due.case.clone(), Box::new(moved(document, to, due, setting))));
            let told = Told { details: json!({ "documents": [kind], "state": to.code }), ..Told::default() };
            steps.record(&case, Entry::Documents, Some(case.status.clone()), &case.status, &told);
            if let Some(event) = states.event_of(to).filter(|_| !annulled) {
                steps.tell_of(&event.code, &case, &told_of);
            }
            format!("document {kind} is {} now", to.code)
        }
        Action::Remind { .. } | Action::Escalate { .. } if annulled => {
            return Ok(Fired::Void("the case has been annulled, its documents are closed".to_owned()));
        }
        Action::Remind { event } | Action::Escalate { event } => {
            let told = Told { details: json!({ "documents": [kind], "event": event }), ..Told::default() };
            steps.record(&case, Entry::Timed, Some(case.status.clone()), &case.status, &told);
            steps.tell_of(event, &case, &told_of);
            format!("told of {event}")
        }
        Action::Extract { .. } => return Err(gone(due)),
    };
    Ok(Fired::Did(Box::new(steps.done()), result))
}

fn moved(document: &Document, to: &Status, due: &DueTimer, setting: &Setting<'_>) -> Document {
    Document {
        state: to.code.clone(),
        reason: Some(format!(
            "{TERM_EXPIRED_LABEL}: до {}",
            told_end(due.row.due_at, setting.context.zone, Language::Russian)
        )),
        changed_at: setting.context.now,
        ..document.clone()
    }
}

/// The case as its document's notices tell of it: the title and the validity are the document's.
fn about(document: &Document, case: &Case, setting: &Setting<'_>) -> Result<(Case, Told), Refusal> {
    let lifecycle = setting.lifecycle(&case.key.kind)?;
    let own = document.title.clone().map(Wording::Same);
    let title = own.unwrap_or_else(|| lifecycle.document_wording(&document.kind));
    let mut case = case.clone();
    case.title = Some(title.russian().to_owned());
    case.valid_until = document.valid_until.and_then(|day| day_end(day, setting.context.zone));
    Ok((case, Told { title: Some(title), ..Told::default() }))
}

/// What was asked for by then has not come.
fn of_requests(due: &DueTimer, case: &Case, world: &World, setting: &Setting<'_>) -> Fired {
    let mut requests = world.requests.get(&due.case).cloned().unwrap_or_default();
    let mut wanted: Vec<Value> = Vec::new();
    for request in &mut requests {
        if request.closed_at.is_none() && request.due.is_some_and(|by| by <= due.row.due_at) {
            request.closed_at = Some(due.row.due_at);
            (request.lapsed, request.touched) = (true, true);
            let missing = request.wanted.iter().filter(|one| !one.delivered);
            wanted.extend(missing.map(|one| json!(one.kind)));
        }
    }
    if wanted.is_empty() {
        return Fired::Void("everything asked for has come".to_owned());
    }
    let mut steps = Steps::new(world, setting, by(due.row.due_at, setting));
    let result = format!("{} documents did not come in time", wanted.len());
    let told = Told { details: json!({ "lapsed": wanted }), ..Told::default() };
    steps.record(case, Entry::Documents, Some(case.status.clone()), &case.status, &told);
    steps.change(Change::Requests(due.case.clone(), requests));
    Fired::Did(Box::new(steps.done()), result)
}
