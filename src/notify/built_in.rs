//! The built-in texts: in Russian those of the lifecycle files, in English those of `src/notify/templates/en`; and the layouts around them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Language;
use super::texts::{Part, path};
use crate::apply::Lifecycles;
use crate::domain::lifecycle::{Event, Template};

/// What stands around the texts of events.
pub(super) const LAYOUTS: [(&str, &str); 10] = [
    ("ru/email.txt", include_str!("templates/ru/email.txt")),
    ("ru/email.html", include_str!("templates/ru/email.html")),
    ("ru/digest.title.txt", include_str!("templates/ru/digest.title.txt")),
    ("ru/digest.short.txt", include_str!("templates/ru/digest.short.txt")),
    ("ru/digest.long.txt", include_str!("templates/ru/digest.long.txt")),
    ("en/email.txt", include_str!("templates/en/email.txt")),
    ("en/email.html", include_str!("templates/en/email.html")),
    ("en/digest.title.txt", include_str!("templates/en/digest.title.txt")),
    ("en/digest.short.txt", include_str!("templates/en/digest.short.txt")),
    ("en/digest.long.txt", include_str!("templates/en/digest.long.txt")),
];

/// The English texts, by system; those of shared kinds stand under `common`.
const ENGLISH: [(&str, &str); 6] = [
    ("agis2", include_str!("templates/en/agis2.toml")),
    ("common", include_str!("templates/en/common.toml")),
    ("epgu", include_str!("templates/en/epgu.toml")),
    ("fgis", include_str!("templates/en/fgis.toml")),
    ("gge", include_str!("templates/en/gge.toml")),
    ("org", include_str!("templates/en/org.toml")),
];

/// The texts of one event, as `src/notify/templates/en` writes them: in the syntax of the lifecycle files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    short: String,
    long: String,
    to_do: Option<String>,
}

/// The built-in set of a language.
pub(super) struct BuiltIn {
    /// Texts by path.
    pub(super) sources: BTreeMap<String, String>,
    /// Events that have no text of their own in this language.
    pub(super) warnings: Vec<String>,
}

impl BuiltIn {
    pub(super) fn of(lifecycles: &Lifecycles, language: Language, faults: &mut Vec<String>) -> Self {
        let own = format!("{}/", language.code());
        let layouts = LAYOUTS.iter().filter(|(name, _)| name.starts_with(&own));
        let mut set = Self {
            sources: layouts.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
            warnings: Vec::new(),
        };
        let english = match language {
            Language::Russian => BTreeMap::new(),
            Language::English => english(faults),
        };
        for system in lifecycles.systems() {
            for event in lifecycles.events(system) {
                let code = event.code.as_str();
                let translated = [system.code(), "common"].iter().find_map(|one| english.get(one)?.get(code));
                match (language, translated) {
                    (Language::English, Some(written)) => set.translated(system.code(), code, written, faults),
                    (Language::English, None) => {
                        set.warnings.push(format!(
                            "template.untranslated: {}/{code}: there is no English text; the lifecycle's is used",
                            system.code()
                        ));
                        set.event(language, system.code(), event);
                    }
                    (Language::Russian, _) => set.event(language, system.code(), event),
                }
            }
        }
        set
    }

    fn event(&mut self, language: Language, system: &str, event: &Event) {
        let parts = [
            (Part::Title, Some(&event.title)),
            (Part::Short, Some(&event.short)),
            (Part::Long, Some(&event.long)),
            (Part::ToDo, event.to_do.as_ref()),
        ];
        for (part, template) in parts {
            self.put(language, (system, &event.code), part, template);
        }
    }

    fn translated(&mut self, system: &str, code: &str, written: &Written, faults: &mut Vec<String>) {
        let parts = [
            (Part::Title, Some(&written.title)),
            (Part::Short, Some(&written.short)),
            (Part::Long, Some(&written.long)),
            (Part::ToDo, written.to_do.as_ref()),
        ];
        for (part, text) in parts {
            match text.map(|text| Template::parse(text)).transpose() {
                Ok(template) => self.put(Language::English, (system, code), part, template.as_ref()),
                Err(fault) => faults.push(format!("template.wrong: en/{system}.toml: {code}: {fault}")),
            }
        }
    }

    fn put(&mut self, language: Language, (system, code): (&str, &str), part: Part, template: Option<&Template>) {
        if let Some(template) = template {
            self.sources.insert(path(language, system, code, part), template.source());
        }
    }
}

fn english(faults: &mut Vec<String>) -> BTreeMap<&'static str, BTreeMap<String, Written>> {
    let mut texts = BTreeMap::new();
    for (system, file) in ENGLISH {
        match toml::from_str::<BTreeMap<String, Written>>(file) {
            Ok(events) => {
                texts.insert(system, events);
            }
            Err(fault) => faults.push(format!("template.wrong: en/{system}.toml: {fault}")),
        }
    }
    texts
}
