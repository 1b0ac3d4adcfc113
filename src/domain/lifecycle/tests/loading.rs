//! The loader: what it says of spoilt files, and how a loaded lifecycle answers.

use crate::domain::lifecycle::*;

/// A small right lifecycle that tests spoil.
const SMALL: &str = r#"system = "small"
label = "Малая"
version = "1.0"
[words]
"Пошло" = "work"
[[status]]
code = "begun"
label = "Начато"
class = "start"
next = ["work"]
event = "told"
[[status]]
code = "work"
label = "В работе"
class = "waiting"
waits_for = "applicant"
next = ["done"]
term = "3 working days"
requires = ["officer", "reasons"]
timers = [{ code = "late", after = "deadline", move = "done", reason = "late" }]
[[status]]
code = "done"
label = "Готово"
class = "terminal"
[[event]]
code = "told"
label = "Сказано"
channels = ["cabinet"]
title = "{number}"
short = "{number}"
long = "{number}"
[[reason]]
code = "late"
label = "Поздно"
[[service]]
code = "A1"
label = "Услуга"
term = "5 working days"
deadlines = { work = "1 hour" }
timers = { "work/late" = "done" }
"#;

fn faults(text: &str) -> String {
    let faults = Lifecycle::load("small.toml", text).err().unwrap_or_default();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// How a test spoils [`SMALL`] (what, into what), and what is then said.
const SPOILT: &[(&str, &str, &str)] = &[
    ("version", "versoin", "small.toml:3: lifecycle.unreadable: unknown field `versoin`"),
    ("class = \"terminal\"", "class = \"finite\"", "small.toml:24: lifecycle.unreadable: unknown variant `finite`"),
    ("code = \"done\"", "code = \"Done\"", "small.toml:22: lifecycle.code"),
    ("label = \"Готово\"", "label = \"\"", "small.toml:23: lifecycle.label"),
    ("label = \"Готово\"", "label = \"В работе\"", "small.toml:23: lifecycle.twice: label of a status"),
    ("code = \"done\"", "code = \"work\"", "small.toml:22: lifecycle.twice: status \"work\""),
    ("class = \"start\"", "class = \"work\"", "small.toml:1: lifecycle.no-start"),
    ("class = \"waiting\"\nwaits_for = \"applicant\"", "class = \"start\"", "small.toml:13: lifecycle.two-starts"),
    (
        "next = [\"work\"]",
        "next = [\"wrok\"]",
        "small.toml:10: lifecycle.unknown-status: there is no [[status]] `wrok`",
    ),
    ("next = [\"work\"]", "next = [\"done\"]", "small.toml:13: lifecycle.unreachable"),
    ("next = [\"work\"]", "next = [\"work\", \"work\"]", "small.toml:10: lifecycle.twice: next status"),
    ("next = [\"done\"]", "next = [\"begun\"]", "small.toml:13: lifecycle.endless"),
    ("next = [\"done\"]", "next = [\"done\", \"work\"]", "small.toml:17: lifecycle.self-transition"),
    ("class = \"terminal\"", "class = \"terminal\"\nnext = [\"work\"]", "small.toml:22: lifecycle.way-out"),
    ("class = \"terminal\"", "class = \"terminal\"\nterm = \"1 hour\"", "small.toml:22: lifecycle.way-out"),
    ("waits_for = \"applicant\"", "", "small.toml:13: lifecycle.waits-for"),
    ("class = \"terminal\"", "class = \"terminal\"\nwaits_for = \"agency\"", "small.toml:22: lifecycle.waits-for"),
    ("term = \"3 working days\"\n", "", "small.toml:13: lifecycle.no-deadline"),
    ("term = \"3 working days\"", "term = \"3 days\"", "small.toml:18: lifecycle.term: term.unreadable: \"3 days\""),
    ("after = \"deadline\"", "after = \"never\"", "small.toml:20: lifecycle.term"),
    ("move = \"done\"", "move = \"begun\"", "small.toml:20: lifecycle.timer-target"),
    ("reason = \"late\" }]", "reason = \"rain\" }]", "small.toml:20: lifecycle.no-reason"),
    (
        "move = \"done\", reason = \"late\"",
        "remind = \"told\", escalate = \"told\"",
        "small.toml:20: lifecycle.timer-action",
    ),
    ("move = \"done\", reason = \"late\"", "remind = \"nothing\"", "small.toml:20: lifecycle.unknown-event"),
    ("event = \"told\"\n", "", "small.toml:25: lifecycle.unused-event"),
    ("channels = [\"cabinet\"]", "channels = []", "small.toml:26: lifecycle.no-channel"),
    ("channels = [\"cabinet\"]", "channels = [\"sms\", \"sms\"]", "small.toml:28: lifecycle.twice: channel"),
    ("short = \"{number}\"", "short = \"{nr}\"", "small.toml:30: lifecycle.text: there is no value {nr}"),
    ("\"Пошло\" = \"work\"", "\"Пошло\" = \"wrok\"", "small.toml:5: lifecycle.unknown-status"),
    ("\"Пошло\" = \"work\"", "\"Готово\" = \"work\"", "small.toml:5: lifecycle.word"),
    ("label = \"Поздно\"", "label = \"Поздно\"\nstatuses = [\"done\"]", "small.toml:13: lifecycle.no-reason"),
    ("term = \"5 working days\"", "term = \"5\"", "small.toml:38: lifecycle.term"),
    ("work = \"1 hour\"", "done = \"1 hour\"", "small.toml:39: lifecycle.service-deadline"),
    ("\"work/late\" = \"done\"", "\"work/late\" = \"begun\"", "small.toml:40: lifecycle.service-timer"),
    ("\"work/late\" = \"done\"", "\"late\" = \"done\"", "small.toml:40: lifecycle.service-timer"),
];

#[test]
fn faults_name_the_line_and_what_to_do() {
    assert_eq!(faults(SMALL), "");
    for (right, wrong, said) in SPOILT {
        let spoilt = SMALL.replacen(right, wrong, 1);
        assert_ne!(spoilt, SMALL, "{right}");
        let faults = faults(&spoilt);
        assert!(faults.contains(said), "{right} → {wrong}: {faults}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_order() {
    let spoilt = SMALL.replace("label = \"Начато\"", "label = \"\"").replace("{number}", "{x}");
    let lines: Vec<_> = Lifecycle::load("small.toml", &spoilt).unwrap_err().iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [8, 29, 30, 31]);
}

#[test]
fn steps() {
    let small = Lifecycle::load("small.toml", SMALL).unwrap();
    let status = |code| small.status(code).unwrap();
    for (from, word, step) in [
        ("begun", "work", Step::Move(status("work"))),
        ("begun", "В работе", Step::Move(status("work"))),
        ("begun", "Пошло", Step::Move(status("work"))),
        ("begun", "begun", Step::Repeat(status("begun"))),
        ("begun", "done", Step::Forbidden(status("done"))),
        ("done", "work", Step::Forbidden(status("work"))),
        ("lost", "work", Step::Forbidden(status("work"))),
        ("begun", "пошло", Step::Unknown),
        ("begun", "", Step::Unknown),
    ] {
        assert_eq!(small.step(from, word), step, "{from} → {word}");
    }
    assert_eq!(small.status("В работе"), None);
}

#[test]
fn a_status_tells_what_an_update_lacks() {
    let small = Lifecycle::load("small.toml", SMALL).unwrap();
    let work = small.status("work").unwrap();
    assert_eq!(work.lacks(&[Requirement::Officer]), [Requirement::Reasons]);
    assert_eq!(work.lacks(&[Requirement::Reasons, Requirement::Officer, Requirement::Amount]), []);
    assert_eq!(work.lacks(&[]), [Requirement::Officer, Requirement::Reasons]);
}
