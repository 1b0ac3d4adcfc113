//! Tests of routing: what is chosen and why, and what is wrong with a file.

use super::*;
use crate::domain::lifecycle::Shelf;

const LIFECYCLE: &str = r#"
system = "reestr"
label = "Реестр"
version = "1.0"

[[status]]
code = "submitted"
label = "Подана"
class = "start"
next = ["applied"]
routes = "unrouted"

[[status]]
code = "applied"
label = "Внесена"
class = "terminal"

[[service]]
code = "record"
label = "Запись"
term = "5 working days"

[[service]]
code = "extract"
label = "Выписка"
term = "3 working days"

[[event]]
code = "unrouted"
label = "Нет подразделения"
channels = ["cabinet"]
title = "{number}"
short = "{number}"
long = "{number}"
"#;

const RULES: &str = r#"
version = "1.0"
territory = [{ code = "45", label = "Москва" }, { code = "46", label = "Область" }]
unit = [
    { code = "M-1", label = "Первый отдел" },
    { code = "M-2", label = "Второй отдел", open_cases_max = 3 },
    { code = "O-1", label = "Отдел области" },
    { code = "X-1", label = "Отдел выписок", open_cases_max = 1 },
]

[[rule]]
system = "reestr"
services = ["*"]
territories = ["45"]
units = ["M-1", "M-2"]

[[rule]]
system = "reestr"
services = ["*"]
territories = ["*"]
units = ["O-1"]

[[rule]]
system = "reestr"
services = ["extract"]
territories = ["45", "46"]
units = ["X-1"]
"#;

fn load(text: &str) -> Result<Routing, Vec<String>> {
    let system = System::load("reestr.toml", LIFECYCLE, &Shelf::default()).unwrap();
    Routing::load("routing.toml", text, |code| (code == "reestr").then_some(&system))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn chooses_by_territory_service_and_load() {
    let routing = load(RULES).unwrap();
    let chosen = |service: &str, territory: Option<&str>, loads: &[(&str, i64)]| {
        let load = |unit: &str| loads.iter().find(|(code, _)| *code == unit).map_or(0, |(_, load)| *load);
        let choice = routing.choose(&Asked { system: "reestr", service, territory }, load);
        (choice.unit.map(|unit| unit.code.clone()), choice.reason.russian().to_owned())
    };
    for (service, territory, loads, unit) in [
        // Equals: the first; else the fewer; a full one never.
        ("record", Some("45383000"), &[][..], Some("M-1")),
        ("record", Some("45383000"), &[("M-1", 2), ("M-2", 1)], Some("M-2")),
        ("record", Some("45383000"), &[("M-1", 9), ("M-2", 3)], Some("M-1")),
        // Farther away, or nowhere.
        ("record", Some("46000001"), &[], Some("O-1")),
        ("record", None, &[], Some("O-1")),
        // A rule that names the service comes before one that does not, in the same territory.
        ("extract", Some("45383000"), &[], Some("X-1")),
        ("extract", Some("46000001"), &[("X-1", 1)], None),
        ("extract", Some("50000001"), &[], Some("O-1")),
    ] {
        assert_eq!(chosen(service, territory, loads).0.as_deref(), unit, "{service} {territory:?} {loads:?}");
    }
    let (_, reason) = chosen("record", Some("45383000"), &[("M-1", 2), ("M-2", 1)]);
    assert_eq!(reason, "услуга record, территория 45383000 (Москва); открытых дел: M-1 — 2, M-2 — 1");
    let (_, reason) = chosen("extract", Some("46000001"), &[("X-1", 1)]);
    assert_eq!(reason, "услуга extract, территория 46000001 (Область); открытых дел: X-1 — 1; все заняты");
    assert!(routing.serves("reestr") && !routing.serves("epgu"));
    let none = Routing::default();
    let nobody = none.choose(&Asked { system: "reestr", service: "record", territory: None }, |_| 0);
    assert_eq!(nobody.unit, None);
}

#[test]
fn a_faulty_file_is_told_with_its_lines() {
    let broken = |find: &str, replace: &str| {
        assert!(RULES.contains(find), "{find}");
        load(&RULES.replacen(find, replace, 1)).unwrap_err().join("\n")
    };
    for (find, replace, said) in [
        (
            "[\"extract\"]",
            "[\"extracts\"]",
            "routing.toml:25: routing.unknown-service: `reestr` has no service `extracts`",
        ),
        ("\"M-1\", \"M-2\"", "\"M-1\", \"M-3\"", "routing.toml:15: routing.unknown-unit"),
        ("territories = [\"45\", \"46\"]", "territories = [\"47\"]", "routing.toml:26: routing.unknown-territory"),
        ("services = [\"extract\"]", "services = [\"extract\", \"*\"]", "routing.toml:26: routing.overlap"),
        (
            "territories = [\"*\"]",
            "territories = [\"45\"]",
            "routing.unserved: nobody serves `46` for record of `reestr`",
        ),
        ("code = \"M-2\"", "code = \"M-1\"", "routing.twice"),
        ("open_cases_max = 1 ", "open_cases_max = 0 ", "routing.unit"),
        ("code = \"45\"", "code = \"4a\"", "routing.territory"),
        ("system = \"reestr\"", "system = \"reester\"", "routing.toml:12: routing.unknown-system"),
        ("units = [\"O-1\"]", "units = []", "routing.empty"),
        ("units = [\"O-1\"]", "unit = [\"O-1\"]", "routing.unreadable"),
    ] {
        let told = broken(find, replace);
        assert!(told.contains(said), "{told}\ndoes not say {said}");
    }
}
