//! `lifecycle`: how the cases of a system live, as a table or as a diagram.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::listing::{Cell, csv};
use super::{Done, Exit, Layers, assemble, known, show};
use crate::domain::language::Language;
use crate::domain::lifecycle::{
    Class, Duplicates, Extension, Lifecycle, Requirement, Service, Status, System, mermaid,
};
use crate::domain::term::Term;
use crate::handbook::drawing::svg;

/// Lifecycles.
#[derive(Debug, Subcommand)]
pub(super) enum Lifecycles {
    /// Show the lifecycles of a system.
    Show(Show),
}

const AFTER: &str = "Example:
  mezhved lifecycle show epgu --format svg > epgu.svg";

/// What to show.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Show {
    /// Code of the system.
    system: String,
    /// Only this kind of case.
    #[arg(long, value_name = "KIND")]
    case_kind: Option<String>,
    /// As tables, as diagrams in Mermaid, or as one drawing in SVG.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print one JSON object a status and a service, with the labels in both languages.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Print the statuses as CSV.
    #[arg(long, conflicts_with_all = ["format", "json"])]
    csv: bool,
}

/// How to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Mermaid,
    Svg,
}

impl Lifecycles {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let Self::Show(show) = self;
        let rules = assemble::rules(&layers.checked()?)?;
        let system = rules
            .lifecycles
            .system(&show.system)
            .ok_or_else(|| known::unknown("the system", &show.system, rules.lifecycles.systems().map(System::code)))?;
        let wanted = |one: &&Lifecycle| show.case_kind.as_ref().is_none_or(|kind| one.kind().code == *kind);
        let kinds: Vec<&Lifecycle> = system.kinds().iter().filter(wanted).collect();
        if let Some(kind) = show.case_kind.as_deref().filter(|_| kinds.is_empty()) {
            let codes = system.kinds().iter().map(|one| one.kind().code.as_str());
            return Err(known::unknown("--case-kind", kind, codes));
        }
        if show.json || show.csv {
            if show.csv {
                let statuses = |one: &'_ &Lifecycle| {
                    one.statuses().iter().map(|status| Station::of(one, status).cells()).collect::<Vec<_>>()
                };
                csv(&STATION, kinds.iter().flat_map(statuses))?;
                return Ok(Exit::Well);
            }
            for one in &kinds {
                one.statuses().iter().try_for_each(|status| show::json(&Station::of(one, status)))?;
                one.services().iter().try_for_each(|service| show::json(&Offer::of(one, service)))?;
            }
            return Ok(Exit::Well);
        }
        match show.format {
            Format::Table => kinds.into_iter().for_each(|lifecycle| describe(lifecycle, system)),
            Format::Mermaid => kinds.into_iter().for_each(|lifecycle| show::line(&mermaid(lifecycle))),
            Format::Svg => show::bytes(svg(&kinds).as_bytes()),
        }
        Ok(Exit::Well)
    }
}

/// A status, for programs.
#[derive(Debug, Serialize)]
struct Station<'l> {
    system: &'l str,
    kind: &'l str,
    status: &'l str,
    label: &'l str,
    label_en: Option<&'l str>,
    class: Class,
    next: &'l [String],
    requires: &'l [Requirement],
    asks: &'l [String],
    documents: Vec<String>,
    term: Option<String>,
    event: Option<&'l str>,
    answers: Vec<String>,
}

/// What stands over the cells of a status.
const STATION: [&str; 13] = [
    "system",
    "kind",
    "status",
    "label",
    "label_en",
    "class",
    "next",
    "requires",
    "asks",
    "documents",
    "term",
    "event",
    "answers",
];

impl<'l> Station<'l> {
    fn of(lifecycle: &'l Lifecycle, status: &'l Status) -> Self {
        Self {
            system: lifecycle.system(),
            kind: &lifecycle.kind().code,
            status: &status.code,
            label: &status.label,
            label_en: status.label_en.as_deref(),
            class: status.class,
            next: &status.next,
            requires: &status.requires,
            asks: &status.asks,
            documents: status.documents.iter().map(|any| any.join("|")).collect(),
            term: status.term.map(|term| Language::English.term(term)),
            event: status.event.as_deref(),
            answers: status.on.iter().map(|reaction| reaction.happening.to_string()).collect(),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let list = |list: &[String]| Cell::from(list.join(" "));
        vec![
            self.system.into(),
            self.kind.into(),
            self.status.into(),
            self.label.into(),
            self.label_en.into(),
            code(&self.class).into(),
            list(self.next),
            list(&self.requires.iter().map(code).collect::<Vec<_>>()),
            list(self.asks),
            list(&self.documents),
            self.term.as_ref().into(),
            self.event.into(),
            list(&self.answers),
        ]
    }
}

/// A code as JSON has it.
fn code<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A service, for programs.
#[derive(Debug, Serialize)]
struct Offer<'l> {
    system: &'l str,
    kind: &'l str,
    service: &'l str,
    label: &'l str,
    label_en: Option<&'l str>,
    category: Option<&'l str>,
    category_en: Option<&'l str>,
    access: Option<&'l str>,
    access_en: Option<&'l str>,
    term: String,
    soonest: Option<String>,
    documents: &'l [String],
    signatures: &'l [String],
    duplicates: Duplicates,
    extended: Extension,
}

impl<'l> Offer<'l> {
    fn of(lifecycle: &'l Lifecycle, service: &'l Service) -> Self {
        Self {
            system: lifecycle.system(),
            kind: &lifecycle.kind().code,
            service: &service.code,
            label: &service.label,
            label_en: service.label_en.as_deref(),
            category: service.category.as_deref(),
            category_en: service.category_en.as_deref(),
            access: service.access.as_deref(),
            access_en: service.access_en.as_deref(),
            term: Language::English.term(service.term),
            soonest: service.earliest.map(|term| Language::English.term(term)),
            documents: &service.documents,
            signatures: &service.signatures,
            duplicates: service.duplicates,
            extended: service.extension,
        }
    }
}

fn describe(lifecycle: &Lifecycle, system: &System) {
    let kind = lifecycle.kind();
    show::line(&format!("{}/{} «{}»", lifecycle.system(), kind.code, kind.label));
    let mut table = show::table(&["status", "label", "class", "next", "asks for", "term", "event", "answers"]);
    for status in lifecycle.statuses() {
        let mut asked: Vec<&str> = status.requires.iter().map(|one| one.label()).collect();
        asked.extend(status.asks.iter().map(|code| kind.field(code).map_or(code.as_str(), |field| &field.label)));
        table.add_row([
            status.code.clone(),
            status.label.clone(),
            format!("{:?}", status.class).to_lowercase(),
            status.next.join("\n"),
            asked.join("\n"),
            status.term.map(Term::label).unwrap_or_default(),
            status.event.clone().unwrap_or_default(),
            status.on.iter().map(|reaction| reaction.happening.to_string()).collect::<Vec<_>>().join("\n"),
        ]);
    }
    show::print(&table);
    if !lifecycle.services().is_empty() {
        services(lifecycle, system);
    }
}

/// The services that cases of a kind ask for.
fn services(lifecycle: &Lifecycle, system: &System) {
    let headings = [
        "service",
        "label",
        "category",
        "access",
        "term",
        "soonest",
        "documents",
        "signatures",
        "duplicates",
        "extended",
    ];
    let mut table = show::table(&headings);
    for service in lifecycle.services() {
        let documents = service.documents.iter().map(|code| {
            let known = lifecycle.documents().and_then(|rules| rules.document_type(code));
            known.map_or(code.as_str(), |one| &one.label)
        });
        let signatures = service.signatures.iter().map(|code| system.vocabulary().signature(code));
        table.add_row([
            service.code.clone(),
            service.label.clone(),
            service.category.clone().unwrap_or_default(),
            service.access.clone().unwrap_or_default(),
            service.term.label(),
            service.earliest.map(Term::label).unwrap_or_default(),
            documents.collect::<Vec<_>>().join("\n"),
            signatures.collect::<Vec<_>>().join("\n"),
            format!("{:?}", service.duplicates).to_lowercase(),
            format!("{:?}", service.extension).to_lowercase(),
        ]);
    }
    show::print(&table);
}
