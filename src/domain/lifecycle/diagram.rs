//! A lifecycle as a diagram in Mermaid: statuses with their labels, ways between them, and along a way what takes a case there
//! by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::timer::Action;
use super::{Lifecycle, Status};

/// The diagram of a kind's lifecycle.
#[must_use]
pub fn mermaid(lifecycle: &Lifecycle) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for status in lifecycle.statuses() {
        let _ = writeln!(text, "    {} : {}", status.code, status.label);
    }
    let _ = writeln!(text, "    [*] --> {}", lifecycle.start().code);
    for status in lifecycle.statuses() {
        let causes = causes(status);
        for next in &status.next {
            let _ = match causes.get(next.as_str()) {
                Some(causes) => writeln!(text, "    {} --> {next} : {}", status.code, causes.join(", ")),
                None => writeln!(text, "    {} --> {next}", status.code),
            };
        }
        if status.class.is_end() {
            let _ = writeln!(text, "    {} --> [*]", status.code);
        }
    }
    text
}

/// What takes a case from a status to others by itself: happenings and timers.
fn causes(status: &Status) -> BTreeMap<&str, Vec<String>> {
    let mut causes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for reaction in &status.on {
        if let Some(to) = &reaction.to {
            // A colon ends the label of a way.
            causes.entry(to).or_default().push(reaction.happening.to_string().replace(':', " "));
        }
    }
    for timer in &status.timers {
        if let Action::Move { to, .. } | Action::Extract { to, .. } = &timer.action {
            causes.entry(to).or_default().push(format!("timer {}", timer.code));
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_statuses_ways_and_what_takes_them() {
        let lifecycle = Lifecycle::load("epgu.toml", include_str!("../../../xsd/epgu/lifecycle.toml")).unwrap();
        let drawn = mermaid(&lifecycle);
        for line in [
            "stateDiagram-v2",
            "    received : Получено",
            "    [*] --> received",
            "    incomplete --> lapsed : timer unanswered",
            "    awaiting_payment --> paid : payment paid",
            "    refused --> on_appeal : appeal filed",
            "    completed --> [*]",
        ] {
            assert!(drawn.lines().any(|drawn| drawn == line), "{line}\n{drawn}");
        }
    }
}
