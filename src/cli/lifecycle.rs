//! `lifecycle`: how the cases of a system live, as a table or as a diagram.

use clap::{Args, Subcommand, ValueEnum};

use super::{Done, Exit, Layers, assemble, known, show};
use crate::domain::lifecycle::{Lifecycle, System, mermaid};
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
        match show.format {
            Format::Table => kinds.into_iter().for_each(|lifecycle| describe(lifecycle, system)),
            Format::Mermaid => kinds.into_iter().for_each(|lifecycle| show::line(&mermaid(lifecycle))),
            Format::Svg => show::bytes(svg(&kinds).as_bytes()),
        }
        Ok(Exit::Well)
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
