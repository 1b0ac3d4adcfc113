//! What texts say, and what is told of wrong ones.

use super::*;
use chrono::{DateTime, Utc};

use crate::apply::world::CaseKey;
use crate::apply::{Event as Happened, Lifecycles};
use crate::binding::Library;
use crate::config::{self, Config};
use crate::domain::calendar::Calendar;
use crate::domain::lifecycle::{Lifecycle, Place, Shelf, System};
use crate::domain::routing::Routing;
use crate::domain::wording::Labelled;
use crate::notify::Telling;
use crate::notify::values::{sample, values};

fn lifecycles() -> Lifecycles {
    let library = Library::load(None).unwrap();
    let text = |path: &str| String::from_utf8_lossy(library.get(path).unwrap()).into_owned();
    let shelf = Shelf::load("kinds", &text("common/kinds.toml")).unwrap();
    let documents = Lifecycle::load("documents", &text("common/documents.toml")).unwrap();
    let systems = library.ending("/lifecycle.toml").map(|path| System::load(path, &text(path), &shelf).unwrap());
    Lifecycles::new(systems.collect(), documents)
}

fn texts(files: &[(&str, &str)]) -> Result<Texts, Vec<String>> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Texts::compile(&lifecycles(), Language::Russian, &files)
}

#[test]
fn every_event_of_every_system_has_its_words_in_both_languages() {
    let lifecycles = lifecycles();
    for language in Language::ALL {
        let texts = Texts::compile(&lifecycles, language, &BTreeMap::new()).unwrap();
        assert_eq!(texts.warnings(), <[String; 0]>::default(), "{language:?}");
        let mut events = 0;
        for system in lifecycles.systems() {
            for event in lifecycles.events(system) {
                for whole in [true, false] {
                    let values = sample(language, whole);
                    let words = texts.words(system.code(), &event.code, &values).unwrap();
                    let page = texts.page(&words, None, Some((system.code(), &event.code, &values))).unwrap();
                    assert!(page.html.contains("<h1") && page.text.contains(&words.title), "{}", event.code);
                    assert!(!words.long.contains("{{") && sms::segments(&words.short) <= 2, "{words:?}");
                    // What only names the missing says nothing where nothing is.
                    let asks = event.to_do.as_ref().is_some_and(|text| whole || !text.names(Place::Missing));
                    assert_eq!(words.to_do.is_some(), asks, "{}/{}", system.code(), event.code);
                }
                events += 1;
            }
        }
        assert!(events > 50, "{events}");
    }
}

/// Everything that the lifecycles can put into a text, in English: no letter of it is Cyrillic.
#[test]
fn an_english_text_is_english_throughout() {
    let lifecycles = lifecycles();
    let texts = Texts::compile(&lifecycles, Language::English, &BTreeMap::new()).unwrap();
    let (routing, calendar) = (Routing::default(), Calendar::default());
    let now = "2026-03-02T07:00:00Z".parse().unwrap();
    let config = Config::check(&config::load(None, &[]).unwrap()).unwrap();
    let telling = Telling { language: Language::English, config: &config, routing: &routing, calendar: &calendar, now };
    let mut told = 0;
    for system in lifecycles.systems() {
        for kind in system.kinds() {
            let services = kind.services().iter().map(|one| one.code.as_str()).chain([""]);
            let stations: Vec<_> = services.flat_map(|one| kind.statuses().iter().map(move |to| (one, to))).collect();
            for (service, status) in stations {
                let missing = kind.kind().fields.iter().map(Labelled::wording);
                let papers = kind.documents().into_iter().flat_map(|rules| &rules.types).map(Labelled::wording);
                for event in kind.events() {
                    let happened = Happened {
                        status: status.code.clone(),
                        service: service.to_owned(),
                        deadline: Some(now + chrono::Duration::days(9)),
                        reasons: kind.reasons().iter().map(Labelled::wording).collect(),
                        missing: missing.clone().chain(papers.clone()).collect(),
                        ..happened(&event.code, system.code(), &kind.kind().code, now)
                    };
                    let values = values(&happened, kind, event, &telling);
                    let words = texts.words(system.code(), &event.code, &values).unwrap();
                    let page = texts.page(&words, None, Some((system.code(), &event.code, &values))).unwrap();
                    let all = format!("{words:?} {} {} {values:?}", page.text, page.html);
                    let cyrillic = all.find(|sign: char| ('\u{400}'..='\u{52f}').contains(&sign));
                    assert_eq!(cyrillic, None, "{}/{}: {all}", system.code(), event.code);
                    told += 1;
                }
            }
        }
    }
    assert!(told > 1000, "{told}");
}

fn happened(event: &str, system: &str, kind: &str, at: DateTime<Utc>) -> Happened {
    let key = CaseKey { system: system.to_owned(), kind: kind.to_owned(), number: "77-2026-000101".to_owned() };
    Happened {
        code: event.to_owned(),
        case: key,
        root: None,
        status: String::new(),
        service: String::new(),
        agency: "MINSTROY".to_owned(),
        officer: None,
        unit: None,
        title: None,
        parent: None,
        valid_until: None,
        deadline: None,
        expected_on: None,
        email: None,
        phone: None,
        happened_at: at,
        comment: None,
        reasons: Vec::new(),
        missing: Vec::new(),
        amount: None,
        reader: None,
        result: None,
        secret: None,
    }
}

#[test]
fn a_file_takes_the_place_of_one_text() {
    let texts = texts(&[
        ("ru/epgu/decision.short.txt", "Решение по {{ number }}: {{ status|lower }}\n"),
        ("ru/epgu/decision.html", "<b>{{ title }}</b>{% if reasons %}{{ reasons }}{% endif %}"),
    ])
    .unwrap();
    let mut values = sample(Language::Russian, false);
    values.insert("reasons", Some("a < b".to_owned()));
    let words = texts.words("epgu", "decision", &values).unwrap();
    assert_eq!(words.short, "Решение по 77-2026-000101: на рассмотрении");
    assert!(words.title.starts_with("По заявлению 77-2026-000101"), "{words:?}");
    let page = texts.page(&words, None, Some(("epgu", "decision", &values))).unwrap();
    assert_eq!(page.html, format!("<b>{}</b>a &lt; b", words.title));
}

#[test]
fn a_value_that_ends_with_a_full_stop_gets_no_second_one() {
    for (text, single) in [
        ("Ответственный: Образцов Ш. М..", "Ответственный: Образцов Ш. М."),
        ("Причины: нет справки.. Приложите её.", "Причины: нет справки. Приложите её."),
        ("Нет справки..\nПриложите её..", "Нет справки.\nПриложите её."),
        ("Ждём... Ответа нет.", "Ждём... Ответа нет."),
        ("https://example.org/../result", "https://example.org/../result"),
        ("", ""),
    ] {
        assert_eq!(single_stops(text), single, "{text}");
    }
    let texts = texts(&[]).unwrap();
    let mut values = sample(Language::Russian, true);
    values.insert("reasons", Some("нет справки.".to_owned()));
    let long = texts.words("epgu", "refused", &values).unwrap().long;
    assert!(long.contains("Причины: нет справки. ") && !long.contains(".."), "{long}");
}

#[test]
fn wrong_files_are_told_with_their_line() {
    for (path, text, told) in [
        ("ru/epgu/decision.short.txt", "{{ number }}\n{{ deadlin }}", "decision.short.txt:2: there is no `deadlin`"),
        ("ru/epgu/decision.short.txt", "ok\n\n{% if status %}", "decision.short.txt:3"),
        ("ru/epgu/decision.short.txt", "{{ number|shout }}", "decision.short.txt:1"),
        ("ru/epgu/decision.short.txt", "{% for i in range(100000) %}{{ i }}{% endfor %}", "decision.short.txt"),
        ("ru/epgu/decison.short.txt", "x", "ru/epgu/decison.short.txt: no event"),
        ("ru/email.html", "{{ number }}", "email.html:1: there is no `number`"),
        ("ru/epgu/decision.brief.txt", "x", "decision.brief.txt: no event"),
    ] {
        let faults = texts(&[(path, text)]).unwrap_err().join("\n");
        assert!(faults.contains(told), "{told}: {faults}");
    }
    let both = texts(&[("ru/epgu/decision.long.txt", "{{ a }}\n{{ b }}")]).unwrap_err();
    assert_eq!(both.iter().filter(|fault| fault.contains("unknown-value")).count(), 2, "{both:?}");
}

#[test]
fn a_short_text_that_cannot_fit_is_a_warning() {
    let long = "слово ".repeat(30);
    let texts = texts(&[("ru/epgu/decision.short.txt", &long)]).unwrap();
    let warnings = texts.warnings().join("\n");
    assert!(warnings.contains("ru/epgu/decision.short.txt: 179 characters are 3 segments"), "{warnings}");
}

#[test]
fn a_digest_tells_all_of_it_or_how_many_more() {
    let texts = texts(&[]).unwrap();
    let words = texts.words("epgu", "decision", &sample(Language::Russian, false)).unwrap();
    let few = texts.digest(&vec![words.clone(); 2]).unwrap();
    assert_eq!(few.title, "Новости по вашим делам: 2");
    assert!(few.long.contains("1. ") && few.long.contains("2. ") && !few.long.contains("И ещё"), "{}", few.long);
    let many = texts.digest(&vec![Words { long: "Кратко.".into(), ..words }; 60]).unwrap();
    assert!(many.long.contains("И ещё 10"), "{}", many.long);
}
