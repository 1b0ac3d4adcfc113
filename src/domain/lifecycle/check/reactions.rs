//! Reactions: they answer happenings that exist, move along the lifecycle, and never run in a ring.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::super::load::{Faults, Shared};
use super::super::reaction::Happening;
use super::super::status::Requirement;
use super::super::written::{WrittenKind, WrittenStatus};
use super::{Known, applies};

/// The most reactions that one message may set off behind each other.
const LINKS_MAX: usize = 2;
/// The group of the columns that say from when and until when a case is in force.
const VALIDITY: &str = "validity";

/// The answers of one kind.
pub(super) fn reactions(written: &WrittenKind, shared: &Shared, known: &[Known<'_>], faults: &mut Faults<'_>) {
    for status in &written.status {
        for (name, answer) in &status.on {
            if let Ok(happening) = name.parse() {
                happens(written, &happening, answer, known, faults);
            }
            if let Some(to) = target(answer)
                && !status.next.iter().any(|next| next.get_ref() == to)
            {
                let text = format!("`{to}` is not a next status of `{}`", status.code.get_ref());
                faults.on(answer, "lifecycle.reaction-target", text);
            }
            reasons(written, shared, answer, faults);
            if answer.get_ref().get("if").and_then(toml::Value::as_str) == Some("code-fits")
                && status.code_sent.is_none()
            {
                let text = format!("`{}` sends no code; write `code_sent`", status.code.get_ref());
                faults.on(answer, "lifecycle.guard", text);
            }
            if let Some(opened) = answer.get_ref().get("opens").and_then(toml::Value::as_str)
                && !known.iter().any(|one| one.code == opened)
            {
                faults.on(answer, "lifecycle.unknown-kind", format!("there is no kind `{opened}`"));
            }
        }
    }
    for act in &written.act {
        let answered = format!("act:{}", act.code.get_ref());
        if !written.status.iter().any(|status| status.on.contains_key(&answered)) {
            let text = format!("no status answers `{answered}`");
            faults.on(&act.code, "lifecycle.unanswered-act", text);
        }
    }
}

/// The status that an answer moves to.
fn target(answer: &Spanned<toml::Value>) -> Option<&str> {
    answer.get_ref().as_str().or_else(|| answer.get_ref().get("move")?.as_str())
}

/// A move to a status that requires reasons fills one in that is for it.
fn reasons(written: &WrittenKind, shared: &Shared, answer: &Spanned<toml::Value>, faults: &mut Faults<'_>) {
    let to = target(answer).and_then(|to| written.status.iter().find(|one| one.code.get_ref() == to));
    let reason = answer.get_ref().get("reason").and_then(toml::Value::as_str);
    let known = |to: &WrittenStatus| {
        written
            .reason
            .iter()
            .chain(&shared.reasons)
            .any(|one| Some(one.code.get_ref().as_str()) == reason && applies(one, to))
    };
    if let Some(to) = to
        && (reason.is_some() || to.requires.contains(&Requirement::Reasons))
        && !known(to)
    {
        let text = format!("a move to `{}` needs a `reason` that is for it", to.code.get_ref());
        faults.on(answer, "lifecycle.no-reason", text);
    }
}

/// What is answered must be able to happen.
fn happens(
    written: &WrittenKind,
    happening: &Happening,
    answer: &Spanned<toml::Value>,
    known: &[Known<'_>],
    faults: &mut Faults<'_>,
) {
    let own = written.code.get_ref();
    let fault = match happening {
        Happening::Act(act) if !written.act.iter().any(|one| one.code.get_ref() == act) => {
            format!("the kind has no act `{act}`")
        }
        Happening::Corrected(Some(group))
            if group != VALIDITY
                && !written.field.iter().any(|one| one.group.as_ref().is_some_and(|one| one.get_ref() == group)) =>
        {
            format!("no field of the kind is in the group `{group}`")
        }
        Happening::Child { kind, purpose, status } => match known.iter().find(|one| one.code == kind) {
            None => format!("there is no kind `{kind}`"),
            Some(child) if !child.statuses.contains(&status.as_str()) => format!("`{kind}` has no status `{status}`"),
            Some(child) if purpose.as_ref().is_some_and(|one| !child.purposes.contains(&one.as_str())) => {
                format!("`{kind}` has no purpose `{}`", purpose.as_deref().unwrap_or_default())
            }
            Some(child) if !child.parents.iter().any(|one| one == own || *one == "*") => {
                format!("`{kind}` never belongs to `{own}`; give it a [[kind.parent]]")
            }
            Some(_) => return,
        },
        _ => return,
    };
    faults.on(answer, "lifecycle.happening", fault);
}

/// One message sets off at most so many reactions behind each other, and never a ring of them.
pub(super) fn chains(kinds: &[WrittenKind], faults: &mut Faults<'_>) {
    type At<'k> = (&'k str, &'k str);
    let mut ways: HashMap<At<'_>, HashSet<At<'_>>> = HashMap::new();
    let happenings = |status: &WrittenStatus| {
        status
            .on
            .iter()
            .filter_map(|(name, answer)| Some((name.parse::<Happening>().ok()?, target(answer)?.to_owned())))
            .collect::<Vec<_>>()
    };
    for kind in kinds {
        let code = kind.code.get_ref().as_str();
        for (happening, to) in kind.status.iter().flat_map(happenings) {
            let Happening::Child { kind: child, status, .. } = happening else { continue };
            let Some(child) = kinds.iter().find(|one| *one.code.get_ref() == child) else { continue };
            let entered = child.status.iter().find(|one| *one.code.get_ref() == status);
            let moved = kind.status.iter().find(|one| *one.code.get_ref() == to);
            if let (Some(entered), Some(moved)) = (entered, moved) {
                let from = (child.code.get_ref().as_str(), entered.code.get_ref().as_str());
                ways.entry(from).or_default().insert((code, moved.code.get_ref().as_str()));
            }
        }
    }
    for kind in kinds {
        for status in &kind.status {
            let at = (kind.code.get_ref().as_str(), status.code.get_ref().as_str());
            let mut reached: HashSet<At<'_>> = HashSet::from([at]);
            let mut links = 0;
            while links <= LINKS_MAX {
                reached = reached.iter().filter_map(|one| ways.get(one)).flatten().copied().collect();
                if reached.is_empty() {
                    break;
                }
                links += 1;
            }
            if links > LINKS_MAX {
                let text = format!("entering `{}` sets off more than {LINKS_MAX} reactions behind each other", at.1);
                faults.on(&status.code, "lifecycle.chain", text);
            }
        }
    }
}
