//! `notify preview`: what people read of an event, with the values of a case or with invented ones.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Done, Exit, Failed, Layers, assemble, show};
use crate::apply::Event;
use crate::apply::world::{CaseKey, Entry};
use crate::assemble::{Rules, template_files};
use crate::clock;
use crate::config::Config;
use crate::domain::lifecycle::{Audience, Event as Texts, Lifecycle};
use crate::domain::money;
use crate::domain::wording::{Labelled, Wording};
use crate::notify::{self, Language, Page, Telling, Values, Words, sample, sms, values};
use crate::store::CaseView;

/// Stands for the token of a reader in a link.
const TOKEN: &str = "TOKEN";

/// Which event.
#[derive(Debug, Args)]
pub(in crate::cli) struct Preview {
    /// Code of the event, or SYSTEM/EVENT.
    event: String,
    /// With the values of this case; without it with invented ones.
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    /// `ru` or `en`; without it as configured.
    #[arg(long, value_parser = ["ru", "en"])]
    language: Option<String>,
    /// Print only the page of the e-mail.
    #[arg(long)]
    html: bool,
    /// Print one JSON object a system.
    #[arg(long)]
    json: bool,
}

impl Preview {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        let language = self.language.as_deref().and_then(Language::parse).unwrap_or(config.notify.language);
        let other;
        let texts = if language == config.notify.language {
            &*rules.texts
        } else {
            let files = template_files(config.notify.templates.as_deref()).map_err(Failed::wrong)?;
            let compiled = notify::Texts::compile(&rules.lifecycles, language, &files);
            other = compiled.map_err(|faults| Failed::wrong(faults.join("\n")))?;
            &other
        };
        let told = match &self.case {
            Some(number) => self.of_case(number, &config, &rules, language)?,
            None => self.invented(&rules, language),
        };
        if told.is_empty() {
            let text = format!("no system has the event {}; `mezhved notify events` lists them", self.event);
            return Err(Failed { exit: Exit::Found, text });
        }
        for one in &told {
            let Told { system, code, way_out, values } = one;
            let words = texts.words(system, code, values).map_err(Failed::wrong)?;
            let link = way_out.link(&config);
            let page = texts.page(&words, link.as_deref(), Some((system, code, values))).map_err(Failed::wrong)?;
            self.print(one, &words, &page, &config)?;
        }
        Ok(Exit::Well)
    }

    fn wanted(&self) -> (Option<&str>, &str) {
        self.event.split_once('/').map_or((None, self.event.as_str()), |(system, event)| (Some(system), event))
    }

    /// The event in every system that has it, with invented values.
    fn invented(&self, rules: &Rules, language: Language) -> Vec<Told> {
        let (system, code) = self.wanted();
        let systems = rules.lifecycles.systems().filter(|one| system.is_none_or(|system| one.code() == system));
        let told = systems.filter_map(|one| {
            let known = rules.lifecycles.events(one).into_iter().find(|known| known.code == code)?;
            let system = one.code().to_owned();
            Some(Told { system, code: code.to_owned(), way_out: WayOut::of(known), values: sample(language, true) })
        });
        told.collect()
    }

    fn of_case(&self, number: &str, config: &Config, rules: &Rules, language: Language) -> Result<Vec<Told>, Failed> {
        let (system, code) = self.wanted();
        let cases = assemble::runtime()?.block_on(async {
            let store = assemble::store(config).await?;
            store.cases_by_number(system, number).await.map_err(Failed::away)
        })?;
        if cases.is_empty() {
            return Err(Failed { exit: Exit::Found, text: format!("there is no case {number}") });
        }
        let telling =
            Telling { language, config, routing: &rules.routing, calendar: &rules.calendar, now: clock::now() };
        let mut told = Vec::new();
        for case in &cases {
            let lifecycle = rules.lifecycles.kind(&case.system, &case.kind);
            if let Some(lifecycle) = lifecycle {
                let event = event(case, code, lifecycle);
                let Some(texts) = rules.lifecycles.event(&event.case, code) else { continue };
                told.push(Told {
                    system: case.system.clone(),
                    code: code.to_owned(),
                    way_out: WayOut::of(texts),
                    values: values(&event, lifecycle, texts, &telling),
                });
            }
        }
        Ok(told)
    }

    fn print(&self, one: &Told, told: &Words, page: &Page, config: &Config) -> Result<(), Failed> {
        let Told { system, code, way_out, .. } = one;
        if self.html {
            show::line(&page.html);
            return Ok(());
        }
        let fitted = |channel: &str| match config.notify.channel(channel).segments_max {
            Some(max) => sms::fit(&told.short, max),
            None => told.short.clone(),
        };
        if self.json {
            return show::json(&json!({
                "system": system,
                "event": code,
                "required": *way_out == WayOut::Required,
                "title": told.title,
                "short": told.short,
                "sms": fitted("sms"),
                "sms_segments": sms::segments(&fitted("sms")),
                "long": told.long,
                "to_do": told.to_do,
                "link": told.link,
                "email_text": page.text,
                "email_html": page.html,
                "opt_out": way_out.link(config),
            }));
        }
        let head = format!("{system}/{code}");
        show::line(&format!("{head}\n{}", "=".repeat(head.chars().count())));
        words(told);
        show::line(&format!(
            "\nsms        {}\n           {}, {}",
            fitted("sms"),
            show::counted(fitted("sms").chars().count(), "character"),
            show::counted(sms::segments(&fitted("sms")), "segment")
        ));
        show::line(&format!("push       {} — {}", told.title, fitted("push")));
        show::line(&format!("opt-out    {}", way_out.told(config)));
        show::line(&format!("\ne-mail, subject: {}\n\n{}", told.title, page.text));
        Ok(())
    }
}

/// What is told of an event in a system.
struct Told {
    system: String,
    code: String,
    way_out: WayOut,
    values: Values,
}

/// Whether readers of an event may want no more of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayOut {
    /// It must be told.
    Required,
    /// Only agencies read it, and these choose nothing.
    Agencies,
    /// People read it, who may.
    Link,
}

impl WayOut {
    fn of(event: &Texts) -> Self {
        match event {
            Texts { required: true, .. } => Self::Required,
            Texts { to, .. } if to.iter().any(|one| matches!(one, Audience::Applicant | Audience::All)) => Self::Link,
            Texts { .. } => Self::Agencies,
        }
    }

    /// The link of letters, where there is one; each reader has a token of his own.
    fn link(self, config: &Config) -> Option<String> {
        let settings = config.notify.opt_out.as_ref().filter(|_| self == Self::Link)?;
        Some(settings.link.replace("{token}", TOKEN))
    }

    fn told(self, config: &Config) -> String {
        match (self, self.link(config)) {
            (Self::Required, _) => "none: it goes out whatever the reader chose".to_owned(),
            (Self::Agencies, _) => "none: agencies read it, which choose nothing".to_owned(),
            (Self::Link, None) => "none: notify.opt_out_link is not set".to_owned(),
            (Self::Link, Some(link)) => format!("in e-mails: {link}"),
        }
    }
}

/// Prints what stands in every channel.
pub(super) fn words(words: &Words) {
    show::line(&format!("\ntitle      {}\nshort      {}\nlong       {}", words.title, words.short, words.long));
    for (name, value) in [("to do", &words.to_do), ("link", &words.link)] {
        if let Some(value) = value {
            show::line(&format!("{name:<10} {value}"));
        }
    }
}

/// The event as if it happened to the case as it stands.
fn event(case: &CaseView, code: &str, lifecycle: &Lifecycle) -> Event {
    let moment = |at: i64| DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    // Its words are those of the last step; what somebody wrote between steps, or when opening the case, was never told.
    let last = case.history.iter().rfind(|row| row.entry == Entry::Moved.as_str());
    let details = last.and_then(|row| row.details.as_deref());
    let details = details.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let list = |name: &str| details.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reason = |code: &str| lifecycle.reasons().iter().find(|one| one.code == code).map(Labelled::wording);
    let document = |code: &str| lifecycle.documents()?.document_type(code).map(Labelled::wording);
    Event {
        code: code.to_owned(),
        case: CaseKey { system: case.system.clone(), kind: lifecycle.kind().code.clone(), number: case.number.clone() },
        root: None,
        status: case.status.clone(),
        service: case.service.clone(),
        agency: case.agency.clone(),
        officer: case.officer.clone(),
        title: case.title.clone().map(Wording::Same),
        parent: case.parent.clone(),
        valid_until: case.valid_until.map(moment),
        deadline: case.deadline.map(moment),
        expected_on: case.expected_on.as_deref().and_then(|day| day.parse().ok()),
        email: None,
        phone: None,
        happened_at: moment(case.since),
        comment: last.and_then(|row| row.comment.clone()).map(Wording::Same),
        reasons: list("reasons").iter().filter_map(|one| wording(one, &reason)).collect(),
        missing: list("missing").iter().filter_map(|one| wording(one, &document)).collect(),
        amount: case.amount.map(money::written),
        result: None,
        reader: None,
        unit: case.unit.clone(),
        secret: None,
    }
}

/// A reason, or what is missing, as the history keeps it: by its own words in each language, else by the label of its code.
fn wording(kept: &Value, label: &dyn Fn(&str) -> Option<Wording>) -> Option<Wording> {
    let part = |name: &str| kept.get(name).and_then(Value::as_str);
    let words = match (part("text"), part("text_en")) {
        (Some(ru), Some(en)) => Wording::Each { ru: ru.to_owned(), en: en.to_owned() },
        _ => Wording::of(part("code"), part("text").or(kept.as_str()), label)?,
    };
    Some(words.about(part("about")))
}
