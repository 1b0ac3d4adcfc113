//! Timers that a status starts: when they are due and what they do. They are data; what fires them is the schedule, and a timer
//! whose case has moved on is void.

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
    /// When the document's last day of validity has passed.
    Validity,
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
}
