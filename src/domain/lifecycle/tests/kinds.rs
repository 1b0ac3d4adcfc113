//! Files with several kinds: what they may say of each other, and what is told of spoilt ones.

use crate::domain::lifecycle::*;

/// A right file with three kinds that tests spoil; the third comes from the shelf.
const KINDS: &str = r#"system = "small"
label = "Малая"
version = "1.0"
use = ["note"]

[main]
code = "order"
label = "Заказ"
parties = ["applicant"]
unique = ["applicant"]
editable = ["begun"]
term_from = "paid"
signed = ["open"]
operations = { open = "order", "act:stop" = "order" }
[[main.purpose]]
code = "new"
label = "Новый"
[[main.act]]
code = "stop"
label = "Остановить"
[[main.field]]
code = "weight"
label = "Вес"
type = "number"
required = true
group = "load"
[[main.field]]
code = "payer-inn"
label = "ИНН плательщика"
identifies = "applicant"
[[main.field]]
code = "level"
label = "Уровень"

[rights]
staff = "small/order"
[[operation]]
code = "order"
label = "Заказывать"
[[role]]
code = "clerk"
label = "Служащий"
operations = ["order"]
[[authority]]
code = "orders"
label = "Заказы"
operations = ["order"]

[[status]]
code = "begun"
label = "Начат"
class = "start"
next = ["paid", "stopped"]
asks = ["weight"]
opens = [{ kind = "bill", purpose = "new", same_number = true }]
on = { "act:stop" = "stopped", "bill:settled" = { move = "paid", if = "amount-covers" }, "corrected:load" = { opens = "bill" } }
timers = [
    { code = "slow", after = "2 hours", only = "level=low", remind = "told" },
    { code = "ending", before = "validity", term = "30 calendar days", remind = "told" },
    { code = "stopping", from = "act:stop", until = "corrected", after = "1 hour", escalate = "told" },
]
[[status]]
code = "paid"
label = "Оплачен"
class = "work"
standing = true
next = ["stopped"]
[[status]]
code = "stopped"
label = "Остановлен"
class = "resting"
next = ["begun"]

[[kind]]
code = "bill"
label = "Счёт"
numbering = "СЧ-{year}-{counter:4}"
[[kind.parent]]
kind = "order"
statuses = ["begun"]
within = "30 calendar days"
required = true
[[kind.status]]
code = "due"
label = "К оплате"
class = "start"
next = ["settled"]
[[kind.status]]
code = "settled"
label = "Оплачено"
class = "terminal"

[[event]]
code = "told"
label = "Сказано"
channels = ["cabinet"]
title = "{kind} {number}"
short = "{title}"
long = "{parent}[ до {until}]"
to = ["agency"]
required = true
"#;

const SHELF: &str = r#"version = "1.0"
[[kind]]
code = "note"
label = "Заметка"
[[kind.parent]]
kind = "*"
[[kind.status]]
code = "kept"
label = "Хранится"
class = "start"
standing = true
"#;

fn load(text: &str) -> Result<System, Vec<Fault>> {
    System::load("small.toml", text, &Shelf::load("shelf.toml", SHELF).unwrap())
}

fn faults(text: &str) -> String {
    load(text).err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// How a test spoils [`KINDS`] (what, into what), and what is then said.
const SPOILT: &[(&str, &str, &str)] = &[
    ("use = [\"note\"]", "use = [\"nota\"]", ":4: lifecycle.unknown-kind: there is no shared kind `nota`"),
    ("use = [\"note\"]", "use = [\"note\", \"note\"]", ":4: lifecycle.twice: kind \"note\""),
    ("code = \"bill\"\n", "code = \"order\"\n", "lifecycle.twice: kind \"order\""),
    ("unique = [\"applicant\"]", "unique = [\"owner\"]", ":10: lifecycle.unknown-party"),
    ("editable = [\"begun\"]", "editable = [\"began\"]", ":11: lifecycle.unknown-status"),
    ("term_from = \"paid\"", "term_from = \"payed\"", ":12: lifecycle.unknown-status"),
    ("signed = [\"open\"]", "signed = [\"shut\"]", ":13: lifecycle.unknown-command: `shut`"),
    ("signed = [\"open\"]", "consent = [\"shut\"]", ":13: lifecycle.unknown-command: `shut`"),
    (
        "signed = [\"open\"]",
        "signatures = [\"wax\"]",
        ":13: lifecycle.unknown-signature: there is no [[signature]] `wax`",
    ),
    ("signed = [\"open\"]", "signed_or = \"seal\"", ":13: lifecycle.unknown-field: the kind has no field `seal`"),
    ("signed = [\"open\"]", "listed = [\"seal\"]", ":13: lifecycle.unknown-field: the kind has no field `seal`"),
    (
        "signed = [\"open\"]",
        "extension = { until = \"weight\", reason = \"level\", event = \"told\" }",
        ":13: lifecycle.unknown-field: the kind has no field `weight` for it; that of the day is of the type `day`",
    ),
    (
        "signed = [\"open\"]",
        "editable_until = \"weight\"",
        ":13: lifecycle.unknown-field: the kind has no field `weight` for it; that of the day is of the type `day`",
    ),
    ("signed = [\"open\"]", "inherits = { owner = \"payer\" }", ":13: lifecycle.unknown-party: `owner`"),
    ("standing = true\nnext", "standing = true\nblocks = true\nnext", "lifecycle.standing: what blocks"),
    ("asks = [\"weight\"]", "guard = \"new-evidence\"", "lifecycle.guard: a status is guarded by `no-open-cases`"),
    ("if = \"amount-covers\"", "if = \"code-fits\"", "lifecycle.guard: `begun` sends no code"),
    ("\"act:stop\" = \"order\" }", "\"act:go\" = \"order\" }", ":14: lifecycle.unknown-command: `act:go`"),
    ("{ open = \"order\"", "{ open = \"steal\"", ":14: lifecycle.unknown-operation: there is no [[operation]] `steal`"),
    ("operations = [\"order\"]\n[[authority]]", "operations = [\"x\"]\n[[authority]]", "lifecycle.unknown-operation"),
    ("staff = \"small/order\"", "staff = \"order\"", "lifecycle.rights"),
    ("asks = [\"weight\"]", "asks = [\"height\"]", "lifecycle.unknown-field: the kind has no field `height`"),
    ("only = \"level=low\"", "only = \"depth=low\"", "lifecycle.unknown-field: the kind has no field `depth`"),
    ("only = \"level=low\"", "only = \"level\"", "lifecycle.timer-only"),
    ("type = \"number\"", "type = \"flag\"", "lifecycle.field: a flag"),
    ("identifies = \"applicant\"", "identifies = \"owner\"", "lifecycle.unknown-party"),
    ("code = \"payer-inn\"", "code = \"payer\"", "lifecycle.field: the code of a field that identifies"),
    ("before = \"validity\"", "before = \"lunch\"", "lifecycle.timer-due"),
    ("before = \"validity\", term = \"30 calendar days\"", "before = \"validity\"", "lifecycle.timer-due"),
    ("before = \"validity\"", "before = \"deadline\"", "lifecycle.no-deadline"),
    ("from = \"act:stop\"", "from = \"stop\"", "lifecycle.happening: \"stop\" is no happening"),
    ("kind = \"bill\", purpose", "kind = \"bell\", purpose", "lifecycle.unknown-kind: there is no kind `bell`"),
    ("purpose = \"new\", same", "purpose = \"old\", same", "lifecycle.unknown-purpose"),
    ("\"act:stop\" = \"stopped\"", "\"act:stop\" = \"begun\"", "lifecycle.reaction-target"),
    ("\"act:stop\" = \"stopped\"", "\"act:halt\" = \"stopped\"", "lifecycle.happening: the kind has no act `halt`"),
    (
        "\"act:stop\" = \"stopped\"",
        "\"act:halt\" = \"stopped\"",
        "lifecycle.unanswered-act: no status answers `act:stop`",
    ),
    ("\"act:stop\" = \"stopped\"", "\"act:stop\" = { move = \"stopped\", reason = \"rain\" }", "lifecycle.no-reason"),
    ("\"bill:settled\"", "\"bill:lost\"", "lifecycle.happening: `bill` has no status `lost`"),
    ("\"bill:settled\"", "\"bill/old:settled\"", "lifecycle.happening: `bill` has no purpose `old`"),
    ("\"bill:settled\"", "\"order:paid\"", "lifecycle.happening: `order` never belongs to `order`"),
    ("\"corrected:load\"", "\"corrected:cargo\"", "lifecycle.happening: no field of the kind is in the group `cargo`"),
    ("{ opens = \"bill\" }", "{ opens = \"bell\" }", "lifecycle.unknown-kind: there is no kind `bell`"),
    ("if = \"amount-covers\"", "if = \"luck\"", "lifecycle.reaction: `bill:settled`: unknown variant `luck`"),
    ("standing = true\nnext = [\"stopped\"]", "next = [\"stopped\"]", "lifecycle.endless"),
    ("class = \"terminal\"", "class = \"terminal\"\nstanding = true", "lifecycle.standing"),
    ("numbering = \"СЧ-{year}-{counter:4}\"", "numbering = \"СЧ-{counter}\"", "lifecycle.numbering"),
    ("kind = \"order\"\nstatuses", "kind = \"orderly\"\nstatuses", "lifecycle.unknown-kind"),
    (
        "statuses = [\"begun\"]\nwithin",
        "statuses = [\"gone\"]\nwithin",
        "lifecycle.unknown-status: `order` has no status `gone`",
    ),
    ("within = \"30 calendar days\"", "within = \"a month\"", "lifecycle.term"),
    ("to = [\"agency\"]", "to = [\"press\"]", "lifecycle.unreadable: unknown variant `press`"),
    ("label = \"Счёт\"", "label = \"\"", "lifecycle.label"),
    ("[rights]", "[[main.status]]\ncode = \"x1\"\nlabel = \"X\"\nclass = \"work\"\n[rights]", ":7: lifecycle.main"),
];

#[test]
fn faults_name_the_line_and_what_to_do() {
    assert_eq!(faults(KINDS), "");
    for (right, wrong, said) in SPOILT {
        let spoilt = KINDS.replacen(right, wrong, 1);
        assert_ne!(spoilt, KINDS, "{right}");
        let faults = faults(&spoilt);
        assert!(faults.contains(said), "{right} → {wrong}: {faults}");
    }
}

#[test]
fn a_ring_of_reactions_is_refused() {
    let ring = KINDS
        .replace(
            "[[kind.status]]\ncode = \"due\"",
            "[[kind.act]]\ncode = \"go\"\nlabel = \"Дальше\"\n[[kind.status]]\ncode = \"due\"",
        )
        .replace(
            "next = [\"settled\"]",
            "next = [\"settled\"]\non = { \"act:go\" = \"settled\", \"order:paid\" = \"settled\" }",
        )
        .replace("[main]\n", "[main]\nparent = [{ kind = \"bill\" }]\n");
    let faults = faults(&ring);
    assert!(faults.contains("lifecycle.chain: entering"), "{faults}");
}

#[test]
fn kinds_keep_what_the_file_says() {
    let small = load(KINDS).unwrap();
    let codes: Vec<_> = small.kinds().iter().map(|one| one.kind().code.as_str()).collect();
    assert_eq!(codes, ["order", "bill", "note"]);
    assert_eq!(small.kind("note").map(Lifecycle::system), Some("small"));
    let begun = small.main().start();
    assert_eq!(begun.timers[1].due, Due::BeforeValidity("30 calendar days".parse().unwrap()));
    assert_eq!(begun.timers[0].only, Some(("level".to_owned(), "low".to_owned())));
    let paid = begun.on.iter().find(|one| one.happening.to_string() == "bill:settled").unwrap();
    assert_eq!((paid.to.as_deref(), paid.guard), (Some("paid"), Some(Guard::AmountCovers)));
    assert_eq!(small.main().kind().operation("act:stop"), Some("order"));
    assert_eq!(small.main().kind().operation("correct"), None);
    assert_eq!(small.kind("bill").unwrap().kind().parent(Some("new")).map(|one| one.required), Some(true));
    assert_eq!(small.rights().staff.as_ref().map(|one| one.kind.as_str()), Some("order"));
    assert_eq!(small.vocabulary().authorities[0].operations, ["order"]);
    assert_eq!(small.main().event("told").unwrap().to, [Audience::Agency]);
    assert_eq!(small.channels(), ["cabinet"]);
}

#[test]
fn a_file_of_one_kind_needs_no_words_about_kinds() {
    let lifecycle = Lifecycle::load("documents.toml", include_str!("../../../../xsd/common/documents.toml")).unwrap();
    assert_eq!(lifecycle.kind().code, "application");
    assert!(lifecycle.kind().fields.is_empty());
}

#[test]
fn the_shelf_is_checked_too() {
    let faults = Shelf::load("shelf.toml", &SHELF.replace("standing = true", "")).unwrap_err();
    assert_eq!(faults[0].to_string(), "shelf.toml:8: lifecycle.endless: no way leads from `kept` to an end");
    Shelf::load("kinds.toml", include_str!("../../../../xsd/common/kinds.toml")).unwrap();
}
