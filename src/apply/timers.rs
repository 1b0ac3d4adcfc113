//! Timers of a case: which ones a step starts, when they are due, and which are void with it. What fires them is the schedule; here
//! they are rows that belong to a turn of the case, or to its whole life.

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::steps::{Happened, Steps, fits};
use super::world::{Case, CaseKey, Document};
use super::{Change, Done, Refusal, Setting, extend};
use crate::domain::lifecycle::{Due, Lifecycle, Status, Timer};
use crate::domain::term::{Term, day_end};
use crate::outcome::Code;

/// Which pending timers of a case are void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voided {
    /// Those of its turns.
    Turn,
    /// Those of its turns and of its whole life.
    All,
    /// The one of a turn or of the whole life with this code.
    One(String),
    /// Those of the document of this type and number.
    Document(String, String),
    /// That of its document requests.
    Request,
}

impl Voided {
    /// Whether a timer is among them.
    #[must_use]
    pub fn holds(&self, timer: &TimerRow) -> bool {
        match self {
            Self::Turn => matches!(timer.scope, Scope::Turn(_)),
            Self::All => matches!(timer.scope, Scope::Turn(_) | Scope::Life),
            Self::One(code) => timer.code == *code && matches!(timer.scope, Scope::Turn(_) | Scope::Life),
            Self::Document(kind, number) => {
                matches!(&timer.scope, Scope::Document(own, its) if own == kind && its == number)
            }
            Self::Request => timer.scope == Scope::Request,
        }
    }
}

/// What a timer is bound to, and void without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The status that the case entered with this turn.
    Turn(u32),
    /// The whole life of the case.
    Life,
    /// The document of this type and number.
    Document(String, String),
    /// The open document requests of the case.
    Request,
}

/// A timer of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerRow {
    /// `status/timer` of a turn, the code of a timer of the whole life, `document/timer`, or `request/due`.
    pub code: String,
    /// What it is bound to.
    pub scope: Scope,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// How a timer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerEnd {
    /// It fired; in words what it did.
    Fired(String),
    /// What it was bound to is gone; in words what came before it.
    Void(String),
    /// It cannot fire before somebody mends what stands in its way; in words what that is.
    Stuck(String),
}

impl TimerEnd {
    /// The state in the tables.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Fired(_) => "fired",
            Self::Void(_) => "void",
            Self::Stuck(_) => "stuck",
        }
    }

    /// What is said of it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Fired(text) | Self::Void(text) | Self::Stuck(text) => text,
        }
    }
}

/// How the timer of the document requests of a case is named.
const REQUEST_DUE: &str = "request/due";

/// How a timer of a status is named among those of the case.
fn name(status: &Status, timer: &Timer) -> String {
    format!("{}/{}", status.code, timer.code)
}

impl Steps<'_> {
    /// A case has entered a status: what ran for the former one is void, what the new one asks for starts.
    pub(super) fn turned(&mut self, case: &Case, lifecycle: &Lifecycle, status: &Status) -> Result<(), Refusal> {
        let living = status.class.is_open() || status.standing;
        if case.turn > 0 {
            self.change(Change::Voided(case.key.clone(), if living { Voided::Turn } else { Voided::All }));
        }
        if living {
            self.whole_life(case, lifecycle, status)?;
        }
        for timer in status.timers.iter().filter(|timer| timer.from.is_none()) {
            self.start(case, lifecycle, Some(status), timer)?;
        }
        Ok(())
    }

    /// Timers of the whole life begin with the case; a service's term with the status that it runs from.
    fn whole_life(&mut self, case: &Case, lifecycle: &Lifecycle, status: &Status) -> Result<(), Refusal> {
        for timer in lifecycle.timers() {
            let begins = match (&lifecycle.kind().term_from, timer.due) {
                (Some(from), Due::ServiceTerm) => *from == status.code,
                _ => case.turn == 0,
            };
            if begins {
                if case.turn > 0 {
                    self.restart(case, lifecycle, timer)?;
                } else {
                    self.start(case, lifecycle, None, timer)?;
                }
            }
        }
        Ok(())
    }

    /// Timers that begin or end with what happened.
    pub(super) fn timed(&mut self, case: &Case, lifecycle: &Lifecycle, happened: &Happened<'_>) -> Result<(), Refusal> {
        let Some(status) = lifecycle.status(&case.status) else { return Ok(()) };
        for timer in &status.timers {
            if timer.until.as_ref().is_some_and(|until| fits(until, happened)) {
                self.change(Change::Voided(case.key.clone(), Voided::One(name(status, timer))));
            }
            if timer.from.as_ref().is_some_and(|from| fits(from, happened)) {
                // It may run already: what begins it has happened once more.
                self.change(Change::Voided(case.key.clone(), Voided::One(name(status, timer))));
                self.start(case, lifecycle, Some(status), timer)?;
            }
        }
        Ok(())
    }

    /// The deadline or the validity of a case is another now: the timers that run by it start anew.
    pub(super) fn retimed(&mut self, case: &Case, lifecycle: &Lifecycle) -> Result<(), Refusal> {
        let Some(status) = lifecycle.status(&case.status) else { return Ok(()) };
        let moved = |timer: &&Timer| {
            matches!(timer.due, Due::Deadline | Due::BeforeDeadline(_) | Due::Validity | Due::BeforeValidity(_))
        };
        for timer in status.timers.iter().filter(moved).filter(|timer| timer.from.is_none()) {
            self.change(Change::Voided(case.key.clone(), Voided::One(name(status, timer))));
            self.start(case, lifecycle, Some(status), timer)?;
        }
        Ok(())
    }

    /// A timer of the whole life begins again.
    pub(super) fn restart(&mut self, case: &Case, lifecycle: &Lifecycle, timer: &Timer) -> Result<(), Refusal> {
        self.change(Change::Voided(case.key.clone(), Voided::One(timer.code.clone())));
        self.start(case, lifecycle, None, timer)
    }

    fn start(
        &mut self,
        case: &Case,
        lifecycle: &Lifecycle,
        status: Option<&Status>,
        timer: &Timer,
    ) -> Result<(), Refusal> {
        if timer.only.as_ref().is_some_and(|(field, value)| !has(case, field, value)) {
            return Ok(());
        }
        let from = self.by().happened_at;
        if let Some(due_at) = due(timer, case, lifecycle, from, self.setting())? {
            let row = TimerRow {
                code: status.map_or_else(|| timer.code.clone(), |status| name(status, timer)),
                scope: status.map_or(Scope::Life, |_| Scope::Turn(case.turn)),
                started_at: from,
                due_at,
            };
            self.change(Change::Timer(case.key.clone(), row));
        }
        Ok(())
    }
}

/// Timers of what a case holds: of each document that came or changed, by its state, and of the requests that are open.
pub(super) fn of_what_it_holds(done: &mut Done, setting: &Setting<'_>) -> Result<(), Refusal> {
    let mut more = Vec::new();
    for change in &done.changes {
        match change {
            Change::Document(key, document) => of_document(key, document, setting, &mut more)?,
            Change::Requests(key, requests) => {
                more.push(Change::Voided(key.clone(), Voided::Request));
                let open = requests.iter().filter(|request| request.closed_at.is_none());
                if let Some((due_at, started_at)) = open.filter_map(|one| Some((one.due?, one.opened_at))).min() {
                    let row = TimerRow { code: REQUEST_DUE.to_owned(), scope: Scope::Request, started_at, due_at };
                    more.push(Change::Timer(key.clone(), row));
                }
            }
            _ => {}
        }
    }
    done.changes.extend(more);
    Ok(())
}

pub(super) fn of_document(
    key: &CaseKey,
    document: &Document,
    setting: &Setting<'_>,
    more: &mut Vec<Change>,
) -> Result<(), Refusal> {
    let brand_new = document.id.is_none() && document.versions == 1;
    if brand_new && document.valid_until.is_none() {
        return Ok(());
    }
    let names = || (document.kind.clone(), document.number.clone());
    let (kind, number) = names();
    more.push(Change::Voided(key.clone(), Voided::Document(kind, number)));
    let end = document.valid_until.and_then(|day| day_end(day, setting.context.zone));
    let state = setting.context.lifecycles.documents.status(&document.state);
    for timer in state.into_iter().flat_map(|state| &state.timers) {
        let started_at = document.changed_at;
        let due = match timer.due {
            Due::Validity => end,
            Due::BeforeValidity(term) => before(term, end, started_at, setting)?,
            Due::Now => Some(started_at),
            Due::After(term) => Some(setting.end(term, started_at)?),
            Due::Deadline | Due::ServiceTerm | Due::BeforeDeadline(_) => None,
        };
        if let Some(due_at) = due {
            let (kind, number) = names();
            let code = format!("document/{}", timer.code);
            let row = TimerRow { code, scope: Scope::Document(kind, number), started_at, due_at };
            more.push(Change::Timer(key.clone(), row));
        }
    }
    Ok(())
}

/// Whether a field of the case has this value, as the lifecycle writes it.
fn has(case: &Case, field: &str, value: &str) -> bool {
    case.details.get(field).is_some_and(|told| match told {
        serde_json::Value::String(text) => text == value,
        other => {
            let text = other.to_string();
            text == value
        }
    })
}

/// When a timer is due that starts at `from`; none where what it waits for has no term, or where it is too late to go off before it.
fn due(
    timer: &Timer,
    case: &Case,
    lifecycle: &Lifecycle,
    from: DateTime<Utc>,
    setting: &Setting<'_>,
) -> Result<Option<DateTime<Utc>>, Refusal> {
    Ok(match timer.due {
        Due::Now => Some(from),
        Due::After(term) => Some(setting.end(term, from)?),
        Due::ServiceTerm => match extend::until(case, lifecycle.kind(), setting) {
            Some(until) => Some(until),
            None => lifecycle.service(&case.service).map(|one| setting.end(one.term, from)).transpose()?,
        },
        Due::Deadline => case.deadline,
        Due::Validity => case.valid_until,
        Due::BeforeDeadline(term) => before(term, case.deadline, from, setting)?,
        Due::BeforeValidity(term) => before(term, case.valid_until, from, setting)?,
    })
}

/// The moment a term before another; none where that has passed.
fn before(
    term: Term,
    moment: Option<DateTime<Utc>>,
    from: DateTime<Utc>,
    setting: &Setting<'_>,
) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(moment) = moment else { return Ok(None) };
    let zone = setting.context.zone;
    let last = (moment - Duration::milliseconds(1)).with_timezone(&zone).date_naive();
    let due = match term {
        Term::Hours(count) => moment.checked_sub_signed(Duration::hours(count.into())),
        Term::Minutes(count) => moment.checked_sub_signed(Duration::minutes(count.into())),
        Term::CalendarDays(count) => begin(last.checked_sub_days(chrono::Days::new(count.into())), setting),
        Term::WorkingDays(count) => begin(working_days_before(last, count, setting)?, setting),
    };
    Ok(due.filter(|due| *due > from))
}

fn begin(day: Option<NaiveDate>, setting: &Setting<'_>) -> Option<DateTime<Utc>> {
    day.and_then(|day| day.pred_opt()).and_then(|day| day_end(day, setting.context.zone))
}

fn working_days_before(last: NaiveDate, count: u32, setting: &Setting<'_>) -> Result<Option<NaiveDate>, Refusal> {
    let mut day = last;
    let mut left = count;
    while left > 0 {
        let Some(before) = day.pred_opt() else { return Ok(None) };
        day = before;
        let working = setting.context.calendar.is_working(day);
        if working.map_err(|fault| Refusal::with(Code::CalendarMissing, fault.to_string()))? {
            left -= 1;
        }
    }
    Ok(Some(day))
}
