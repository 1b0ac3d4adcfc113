//! Due timers, folded like a batch of messages: each sees what those before it did. One that others have made void is void; what cannot
//! be done leaves its timer stuck, with why, and the others fire all the same.

use chrono::{DateTime, Utc};

use super::fire_timer::{self, DueTimer, Fired};
use super::settle::{Because, Fold, Known, Settlement};
use super::world::{CaseKey, Cause, TimerEnd, Voided, World};
use super::{Change, Context, Done, Place, Refusal, Setting, journal};

/// Folds due timers, in the order in which they are due; gives how many of them, too: where one starts another that is due before the next, that
/// one's turn comes first, so that a late run does what timely ones would have done. Pure: the facts and `now` (in the context) come in.
#[must_use]
pub fn fire(due: &[DueTimer], world: World, context: &Context<'_>) -> (Settlement, usize) {
    let mut fold = Fold::new(context, world, Known::default());
    let mut voided: Vec<(CaseKey, Voided)> = Vec::new();
    let mut started: Option<DateTime<Utc>> = None;
    for (number, timer) in due.iter().enumerate() {
        if started.is_some_and(|started| started < timer.row.due_at) {
            return (fold.out, number);
        }
        if voided.iter().any(|(key, scope)| *key == timer.case && scope.holds(&timer.row)) {
            continue;
        }
        let (done, end) = match fire_timer::apply(timer, &fold.world, &setting(timer, context)) {
            Ok(Fired::Did(done, result)) => (*done, TimerEnd::Fired(result)),
            Ok(Fired::Void(why)) => (Done::default(), TimerEnd::Void(why)),
            Err(refusal) => (Done::default(), TimerEnd::Stuck(refusal.text())),
        };
        voided.extend(done.changes.iter().filter_map(|change| match change {
            Change::Voided(key, scope) => Some((key.clone(), scope.clone())),
            _ => None,
        }));
        let new = done.changes.iter().filter_map(|change| match change {
            Change::Timer(_, row) => Some(row.due_at),
            _ => None,
        });
        started = new.chain(started).min();
        fold.out.writes.changes.push(Change::Ended(timer.id, end));
        let steps = journal::rows(&done, &fold.world, context.lifecycles, &journal::Source::Timer);
        fold.out.writes.audit.extend(steps);
        let because = Because {
            cause: Cause::Timer(timer.id),
            source: (
                format!("timer:{}", timer.row.code),
                format!("{}:{}", timer.id, timer.row.due_at.timestamp_millis()),
            ),
            item: 0,
            traceparent: None,
        };
        fold.absorb(done, &because);
    }
    (fold.out, due.len())
}

/// A timer that the store refuses to let fire.
#[must_use]
pub fn stick(due: &DueTimer, why: &Refusal, context: &Context<'_>) -> Settlement {
    let mut fold = Fold::new(context, World::default(), Known::default());
    fold.out.writes.changes.push(Change::Ended(due.id, TimerEnd::Stuck(why.text())));
    fold.out
}

fn setting<'a>(timer: &'a DueTimer, context: &'a Context<'a>) -> Setting<'a> {
    Setting {
        context,
        system: &timer.case.system,
        sender: context.agency,
        cause: Cause::Timer(timer.id),
        message_id: None,
        item: 0,
        files: &[],
        place: Place::Arrived,
        test: false,
    }
}
