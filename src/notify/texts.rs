//! The texts of every event: the built-in set (the lifecycle files' texts in Russian, `templates/en` in English) and the files
//! of the configured folder that take the place of single ones. All of them are minijinja templates in the end, made once at
//! the start: unknown values are strict errors, loops are bounded by fuel.

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior, context};

use super::built_in::{BuiltIn, LAYOUTS};
use super::values::{Values, names};
use super::{Language, sms};
use crate::apply::Lifecycles;

/// Instructions that one text may run.
const FUEL: u64 = 50_000;
/// Longest title, short and long text that the notice's schema takes, in characters.
const TITLE_CHARACTERS_MAX: usize = 500;
const SHORT_CHARACTERS_MAX: usize = 300;
const LONG_CHARACTERS_MAX: usize = 8000;
/// Events told in full in one digest.
const DIGEST_ITEMS_MAX: usize = 50;

/// A part of what people read of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// One line.
    Title,
    /// For SMS and push.
    Short,
    /// For the cabinet and e-mail.
    Long,
    /// What the reader is to do.
    ToDo,
    /// The whole page of an e-mail.
    Html,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Title, Self::Short, Self::Long, Self::ToDo, Self::Html];

    /// The end of its file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Title => "title.txt",
            Self::Short => "short.txt",
            Self::Long => "long.txt",
            Self::ToDo => "to-do.txt",
            Self::Html => "html",
        }
    }
}

/// A text that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template.failed: {0}")]
pub struct TextFault(pub String);

/// What people read of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// Short.
    pub short: String,
    /// Long.
    pub long: String,
    /// What to do.
    pub to_do: Option<String>,
    /// A link to the case.
    pub link: Option<String>,
}

/// The two forms of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Plain.
    pub text: String,
    /// As a page.
    pub html: String,
}

/// The texts of all events in one language.
#[derive(Debug)]
pub struct Texts {
    language: Language,
    env: Environment<'static>,
    /// What is not wrong but should be looked at.
    warnings: Vec<String>,
}

impl Texts {
    /// Makes all texts; `files` are those of the templates' folder, by path.
    ///
    /// # Errors
    /// Every fault of every file, with its line.
    pub fn compile(
        lifecycles: &Lifecycles,
        language: Language,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let built_in = BuiltIn::of(lifecycles, language, &mut faults);
        let mut sources = built_in.sources;
        let own = format!("{}/", language.code());
        for (path, text) in files.iter().filter(|(path, _)| path.starts_with(&own)) {
            let layout = LAYOUTS.iter().any(|(name, _)| name == path);
            let whole_page = path
                .strip_suffix(Part::Html.ending())
                .is_some_and(|stem| sources.contains_key(&format!("{stem}{}", Part::Title.ending())));
            if !(layout || whole_page || sources.contains_key(path) || is_to_do(path, &sources)) {
                faults.push(format!("template.unknown: {path}: no event and no layout has this text"));
                continue;
            }
            faults.extend(faults_of(path, text));
            sources.insert(path.clone(), text.clone());
        }
        let mut env = environment();
        for (path, source) in sources {
            if let Err(fault) = env.add_template_owned(path.clone(), source) {
                faults.push(told(&path, &fault));
            }
        }
        let texts = Self { language, env, warnings: built_in.warnings };
        for path in files.keys().filter(|path| path.starts_with(&own)) {
            faults.extend(texts.tried(path).err());
        }
        if faults.is_empty() {
            let long = texts.too_long();
            Ok(Self { warnings: [texts.warnings.clone(), long].concat(), ..texts })
        } else {
            faults.sort_unstable();
            faults.dedup();
            Err(faults)
        }
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// What is not wrong but should be looked at.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Every text, by its path: what `notify templates export` writes.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<String, String> {
        self.env.templates().map(|(path, template)| (path.to_owned(), template.source().to_owned())).collect()
    }

    /// What people read of an event.
    pub fn words(&self, system: &str, event: &str, values: &Values) -> Result<Words, TextFault> {
        let part = |part: Part| self.part(system, event, part, value_of(values));
        let missing = |what: &str| TextFault(format!("{system}/{event}: there is no {what}"));
        let title = part(Part::Title)?.ok_or_else(|| missing("title"))?;
        let short = part(Part::Short)?.ok_or_else(|| missing("short text"))?;
        let long = part(Part::Long)?.ok_or_else(|| missing("long text"))?;
        Ok(Words {
            title: sms::shorten(&one_line(&title), TITLE_CHARACTERS_MAX),
            short: sms::shorten(&one_line(&short), SHORT_CHARACTERS_MAX),
            long: sms::shorten(long.trim(), LONG_CHARACTERS_MAX),
            to_do: part(Part::ToDo)?.map(|text| sms::shorten(text.trim(), LONG_CHARACTERS_MAX)),
            link: values.get("link").cloned().flatten(),
        })
    }

    /// Several events in one.
    pub fn digest(&self, all: &[Words]) -> Result<Words, TextFault> {
        let items: Vec<Value> = all.iter().take(DIGEST_ITEMS_MAX).map(item).collect();
        let more = all.len().saturating_sub(DIGEST_ITEMS_MAX);
        let values = context! { count => all.len(), items, more };
        let text = |name: &str| self.render(&format!("{}/digest.{name}", self.language.code()), values.clone());
        Ok(Words {
            title: sms::shorten(&one_line(&text("title.txt")?), TITLE_CHARACTERS_MAX),
            short: sms::shorten(&one_line(&text("short.txt")?), SHORT_CHARACTERS_MAX),
            long: sms::shorten(text("long.txt")?.trim(), LONG_CHARACTERS_MAX),
            to_do: None,
            link: None,
        })
    }

    /// An e-mail of words. `own`: the event whose own page may take the place of the layout, with its values.
    pub fn page(
        &self,
        words: &Words,
        opt_out: Option<&str>,
        own: Option<(&str, &str, &Values)>,
    ) -> Result<Page, TextFault> {
        let Words { title, long, to_do, link, .. } = words;
        let values = context! { title, long, to_do, link, opt_out };
        let layout = |name: &str| self.render(&format!("{}/email.{name}", self.language.code()), values.clone());
        let text = layout("txt")?;
        let page = match own {
            Some((system, event, more)) => {
                let values = context! { ..values.clone(), ..value_of(more) };
                self.part(system, event, Part::Html, values)?
            }
            None => None,
        };
        Ok(Page { text, html: page.map_or_else(|| layout("html"), Ok)? })
    }

    fn part(&self, system: &str, event: &str, part: Part, values: Value) -> Result<Option<String>, TextFault> {
        let name = path(self.language, system, event, part);
        if self.env.get_template(&name).is_err() {
            return Ok(None);
        }
        let text = self.render(&name, values)?;
        let text = if part == Part::Html { text } else { single_stops(&text) };
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    fn render(&self, name: &str, values: Value) -> Result<String, TextFault> {
        let rendered = self.env.get_template(name).and_then(|template| template.render(values));
        rendered.map_err(|fault| TextFault(told(name, &fault)))
    }

    /// Values as a text might get them.
    fn sample(&self, whole: bool) -> Value {
        context! { ..sample_layout(whole), ..value_of(&super::values::sample(self.language, whole)) }
    }

    /// A text of the folder, tried with many values and with few.
    fn tried(&self, path: &str) -> Result<(), String> {
        if self.env.get_template(path).is_err() {
            return Ok(());
        }
        for whole in [true, false] {
            let values = self.sample(whole);
            self.render(path, values).map_err(|fault| fault.0)?;
        }
        Ok(())
    }

    /// Short texts that cannot fit two segments of SMS even with usual values.
    fn too_long(&self) -> Vec<String> {
        let short = format!(".{}", Part::Short.ending());
        let names = self.env.templates().map(|(name, _)| name.to_owned()).filter(|name| name.ends_with(&short));
        names
            .filter_map(|name| {
                let text = one_line(&self.render(&name, self.sample(false)).ok()?);
                let segments = sms::segments(&text);
                (segments > 2).then(|| {
                    let signs = text.chars().count();
                    format!("template.long: {name}: {signs} characters are {segments} segments of SMS; it will be cut")
                })
            })
            .collect()
    }
}

/// The path of a text.
#[must_use]
pub(super) fn path(language: Language, system: &str, event: &str, part: Part) -> String {
    format!("{}/{system}/{event}.{}", language.code(), part.ending())
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_formatter(|out, state, value| {
        let dash = Value::from("—");
        minijinja::escape_formatter(out, state, if value.is_none() { &dash } else { value })
    });
    env
}

/// The values of an event, as templates see them.
fn value_of(values: &Values) -> Value {
    Value::from_pairs(values.iter().map(|(name, value)| (*name, value.clone())))
}

fn item(words: &Words) -> Value {
    let Words { title, short, long, to_do, link } = words;
    context! { title, short, long, to_do, link }
}

/// Whether it is what to do at an event whose built-in set does not say it.
fn is_to_do(path: &str, sources: &BTreeMap<String, String>) -> bool {
    path.strip_suffix(Part::ToDo.ending())
        .is_some_and(|stem| sources.contains_key(&format!("{stem}{}", Part::Title.ending())))
}

/// The values of layouts: what they name beside the events' own.
fn sample_layout(whole: bool) -> Value {
    let words = Words {
        title: "Заявление 77-2026-000101: На рассмотрении".to_owned(),
        short: "77-2026-000101: На рассмотрении".to_owned(),
        long: "Статус изменился.".to_owned(),
        to_do: whole.then(|| "Откройте дело.".to_owned()),
        link: whole.then(|| "https://example.org/epgu/77-2026-000101".to_owned()),
    };
    let Words { title, long, to_do, link, .. } = &words;
    let opt_out = whole.then_some("https://example.org/opt-out?token=1");
    context! { title, long, to_do, link, opt_out, count => 2, items => vec![item(&words), item(&words)], more => 1 }
}

/// Names that a text may use: those of events; in a layout and a whole page also the parts and the way out.
fn known(path: &str) -> Vec<&'static str> {
    let layout = LAYOUTS.iter().any(|(name, _)| *name == path);
    let mut known = if layout { Vec::new() } else { names() };
    if path.contains("/digest.") {
        known.extend(["count", "items", "more"]);
    } else if layout || path.ends_with(Part::Html.ending()) {
        known.extend(["title", "long", "to_do", "link", "opt_out"]);
    }
    known
}

/// What is wrong with a text before it is ever made: its syntax, and names that nobody fills in.
fn faults_of(path: &str, source: &str) -> Vec<String> {
    let env = environment();
    let template = match env.template_from_named_str(path, source) {
        Ok(template) => template,
        Err(fault) => return vec![told(path, &fault)],
    };
    let known = known(path);
    let globals: Vec<String> = env.globals().map(|(name, _)| name.to_owned()).collect();
    let unknown = template.undeclared_variables(false).into_iter();
    unknown
        .filter(|name| !known.contains(&name.as_str()) && !globals.contains(name))
        .map(|name| {
            let line = line_of(source, &name);
            format!("template.unknown-value: {path}:{line}: there is no `{name}`; there are {}", known.join(", "))
        })
        .collect()
}

/// The first line that names something within a tag.
fn line_of(source: &str, name: &str) -> usize {
    let part_of_name = |sign: char| sign.is_alphanumeric() || sign == '_';
    let whole = |line: &str| {
        line.match_indices(name)
            .any(|(at, _)| !line[..at].ends_with(part_of_name) && !line[at + name.len()..].starts_with(part_of_name))
    };
    let tagged = |line: &&str| line.contains('{') && whole(line);
    let lines: Vec<&str> = source.lines().collect();
    lines.iter().position(tagged).or_else(|| lines.iter().position(|line| whole(line))).map_or(1, |at| at + 1)
}

fn told(path: &str, fault: &minijinja::Error) -> String {
    let line = fault.line().map(|line| format!(":{line}")).unwrap_or_default();
    let detail = fault.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("template.wrong: {path}{line}: {}{detail}", fault.kind())
}

/// A value that ends with a full stop, such as a name with initials, before the full stop of its text: one of the two is left.
fn single_stops(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("..") {
        let end = rest[at..].find(|sign: char| sign != '.').map_or(rest.len(), |dots| at + dots);
        let behind = &rest[end..];
        let doubled = end - at == 2 && behind.chars().next().is_none_or(char::is_whitespace);
        single.push_str(&rest[..if doubled { at + 1 } else { end }]);
        rest = behind;
    }
    single + rest
}

/// A text of one line: line breaks and runs of spaces become one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
