//! Does the store hold together? Every message has its one outcome, histories are paths of their lifecycles, no timer
//! outlives its status, documents have all their versions.

use crate::apply::Lifecycles;
use crate::store::{Misfit, Store, StoreFault, Tally};

/// Misfits told of each rule.
const MISFITS_MAX: u32 = 100;

/// Holds all rows against each other and against the lifecycles; gives what does not fit.
pub async fn check(store: &Store, lifecycles: &Lifecycles) -> Result<Vec<Misfit>, StoreFault> {
    let mut misfits = store.misfits(MISFITS_MAX).await?;
    for tally in store.standing().await? {
        let status = lifecycles.kind(&tally.system, &tally.kind).and_then(|one| one.status(&tally.to));
        match status {
            None => misfits.push(misfit("unknown-status", &tally)),
            Some(status) if status.class.is_open() != tally.open => misfits.push(misfit("open-differs", &tally)),
            Some(_) => {}
        }
    }
    for tally in store.moves().await? {
        let Some(lifecycle) = lifecycles.kind(&tally.system, &tally.kind) else { continue };
        let along = match tally.from.as_deref() {
            None => lifecycle.start().code == tally.to,
            Some(from) => lifecycle.status(from).is_some_and(|status| status.next.contains(&tally.to)),
        };
        if !along {
            misfits.push(misfit("move-beside-the-lifecycle", &tally));
        }
    }
    for tally in store.timed().await? {
        let status = lifecycles.kind(&tally.system, &tally.kind).and_then(|one| one.status(&tally.to));
        if status.is_some_and(|status| status.class.is_end()) {
            misfits.push(misfit("timer-past-the-end", &tally));
        }
    }
    Ok(misfits)
}

fn misfit(rule: &'static str, tally: &Tally) -> Misfit {
    let Tally { system, kind, from, to, rows, example, .. } = tally;
    let place = match from {
        Some(from) => format!("{from} → {to}"),
        None => to.clone(),
    };
    Misfit { rule, subject: format!("{rows} cases of {system}/{kind}, such as {example}: {place}") }
}
