//! Timers that a status starts: when they are due and what they do. They are data; what fires them is the schedule, and a timer
//! whose case has moved on is void.

use super::reaction::Happening;
use crate::domain::term::Term;

/// A timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Name within its status.
    pub code: String,
    /// When it is due.
    pub due: Due,
    /// What it does.
    pub action: Action,
    /// Runs only where this field of the case has this value.
    pub only: Option<(String, String)>,
    /// Begins with this happening, in place of entering the status.
    pub from: Option<Happening>,
    /// Void once this has happened.
    pub until: Option<Happening>,
}

/// When a timer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// When the deadline of the status has passed.
    Deadline,
    /// So long after the status was entered.
    After(Term),
    /// When the service's term, counted from the arrival of the case, has passed.
    ServiceTerm,
    /// When the last day of validity, of the document or of the case, has passed.
    Validity,
    /// So long before the deadline of the status.
    BeforeDeadline(Term),
    /// So long before validity ends.
    BeforeValidity(Term),
    /// At once, with the next run of the timers.
    Now,
}

/// What a timer does when it fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Moves the case.
    Move {
        /// Status that it goes to.
        to: String,
        /// Statuses that a service may choose in its place.
        choices: Vec<String>,
        /// Reason that the move fills in by itself.
        reason: Option<String>,
    },
    /// Reminds by this event; the case stays.
    Remind {
        /// Code of the event.
        event: String,
    },
    /// Tells the agency by this event that its term has passed; the case stays.
    Escalate {
        /// Code of the event.
        event: String,
    },
    /// Answers the case with an extract from the store.
    Extract {
        /// What the extract is of.
        report: String,
        /// Status that the case goes to with the extract.
        to: String,
    },
}
