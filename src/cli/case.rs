//! `case show`: a case as it stands, how it came there, its documents. `case list` finds cases.

mod list;

use std::path::PathBuf;

use chrono::DateTime;
use clap::{Args, Subcommand};
use serde::Serialize;

pub(super) use list::List;

use super::listing::{Cell, csv};
use super::member::Member;
use super::seek::annulled;
use super::{Done, Exit, Failed, Layers, assemble, known, page, show};
use crate::apply::Lifecycles;
use crate::clock;
use crate::config::Config;
use crate::domain::term::{Term, remaining};
use crate::store::{CaseFilter, CaseView, HistoryView, Place, Sought, Store};

/// Cases.
#[derive(Debug, Subcommand)]
pub(super) enum Case {
    /// Find cases by number, party, status, agency, period and words.
    List(Box<List>),
    /// Show a case: status, history, documents.
    Show(Show),
}

/// Which case.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved case show 2026-0001234\n  mezhved case show 2026-0001234 --system epgu --json\n  \
                  mezhved case show 2026-0001234 --pdf case.pdf\n  mezhved case show 2026-0001234 --as-member СТ-2026-0000001"
)]
pub(super) struct Show {
    /// Its number.
    number: String,
    /// Its system, where cases of several have this number.
    #[arg(long)]
    system: Option<String>,
    /// Its kind, where cases of several have this number.
    #[arg(long)]
    kind: Option<String>,
    /// As the applicant sees it: an annulled case is not there, and neither are its documents.
    #[arg(long)]
    as_applicant: bool,
    /// As a member of staff sees it, by the member's number: only a case of the organization, only documents that the roles let see.
    #[arg(long, value_name = "NUMBER", conflicts_with = "as_applicant")]
    as_member: Option<String>,
    #[command(flatten)]
    printed: Printed,
}

/// How it is printed.
#[derive(Debug, Args)]
struct Printed {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print the history as CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print a page to read and print.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    html: bool,
    /// Write the same as PDF into this file; `-`: standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv", "html"])]
    pdf: Option<PathBuf>,
}

impl Case {
    pub(super) fn run(self, layers: &Layers) -> Done {
        match self {
            Self::List(list) => list.run(layers),
            Self::Show(show) => show.run(layers),
        }
    }
}

impl Show {
    fn run(self, layers: &Layers) -> Done {
        let show = self;
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        known::case_system(show.system.as_ref(), &rules.lifecycles)?;
        known::case_kind(show.kind.as_ref(), show.system.as_ref(), &rules.lifecycles)?;
        let mut cases = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            let mut cases = store.cases_by_number(show.system.as_deref(), &show.number).await.map_err(Failed::away)?;
            if let Some(number) = &show.as_member {
                let member = Member::find(number, &store, &rules.lifecycles).await?;
                seen_by(&member, &mut cases, &store, &rules.lifecycles).await?;
            }
            Ok::<_, Failed>(cases)
        })?;
        if show.as_applicant {
            let hidden = annulled(&rules.lifecycles);
            let is = |case: &CaseView, place: &Place| {
                (&case.system, &case.kind, &case.status) == (&place.system, &place.kind, &place.status)
            };
            cases.retain(|case| !hidden.iter().any(|place| is(case, place)));
        }
        let case = &show.only(cases)?;
        let end = case.deadline.and_then(DateTime::from_timestamp_millis);
        let left = end.and_then(|end| remaining(clock::now(), end, config.zone, &rules.calendar));
        let sheet = || [page::case(case, &config, &rules.lifecycles)];
        if show.printed.json {
            show::json(&Shown { case, remaining: left.map(|term| term.to_string()) })?;
        } else if show.printed.html {
            page::print(&sheet());
        } else if let Some(path) = &show.printed.pdf {
            return page::keep(&sheet(), path);
        } else if show.printed.csv {
            csv(&HISTORY, case.history.iter().map(|row| history(case, row)))?;
        } else {
            describe(case, left, &config, &rules.lifecycles);
        }
        Ok(Exit::Well)
    }

    /// The one case of the number, of the kind that is asked for.
    fn only(&self, mut cases: Vec<CaseView>) -> Result<CaseView, Failed> {
        let told = |cases: &[CaseView]| {
            let kinds: Vec<String> = cases.iter().map(|case| format!("{}/{}", case.system, case.kind)).collect();
            kinds.join(", ")
        };
        let all = told(&cases);
        if let Some(kind) = &self.kind {
            cases.retain(|case| case.kind == *kind);
        }
        let number = &self.number;
        match cases.len() {
            1 => Ok(cases.remove(0)),
            0 if all.is_empty() => Err(Failed { exit: Exit::Found, text: format!("there is no case {number}") }),
            0 => Err(Failed {
                exit: Exit::Found,
                text: format!("there is no case {number} of that kind, only of {all}"),
            }),
            _ => Err(Failed::wrong(format!(
                "several cases have the number {number}: {}; say which one by --system and --kind",
                told(&cases)
            ))),
        }
    }
}

/// Leaves what a member of staff sees.
async fn seen_by(
    member: &Member,
    cases: &mut Vec<CaseView>,
    store: &Store,
    lifecycles: &Lifecycles,
) -> Result<(), Failed> {
    let mut own = Vec::new();
    for (case, hash) in cases.iter().flat_map(|case| member.organization.iter().map(move |hash| (case, *hash))) {
        let party = Some(Sought { hash, role: None });
        let filter = CaseFilter { number: Some(case.number.clone()), party, limit: u32::MAX, ..CaseFilter::default() };
        let found = store.find_cases(&filter).await.map_err(Failed::away)?;
        own.extend(found.into_iter().map(|row| (row.system, row.kind)));
    }
    cases.retain(|case| own.iter().any(|(system, kind)| *system == case.system && *kind == case.kind));
    for case in cases {
        let place = lifecycles.system(&case.system).zip(lifecycles.kind(&case.system, &case.kind));
        let Some((system, lifecycle)) = place else { continue };
        case.documents.retain(|document| member.sees(&document.r#type, system, lifecycle));
    }
    Ok(())
}

const HISTORY: [&str; 15] = [
    "system",
    "kind",
    "number",
    "happened_at",
    "recorded_at",
    "entry",
    "from",
    "to",
    "agency",
    "officer",
    "comment",
    "details",
    "message_id",
    "item",
    "timer",
];

fn history(case: &CaseView, row: &HistoryView) -> Vec<Cell> {
    vec![
        (&case.system).into(),
        (&case.kind).into(),
        (&case.number).into(),
        Cell::Moment(row.happened_at),
        Cell::Moment(row.recorded_at),
        (&row.entry).into(),
        row.from.as_ref().into(),
        (&row.to).into(),
        (&row.agency).into(),
        row.officer.as_ref().into(),
        row.comment.as_ref().into(),
        row.details.as_ref().into(),
        row.message_id.as_ref().into(),
        row.message_id.as_ref().map(|_| row.item).into(),
        row.timer.as_ref().into(),
    ]
}

/// A case as JSON, with what is left of its deadline.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    case: &'a CaseView,
    remaining: Option<String>,
}

fn describe(case: &CaseView, left: Option<Term>, config: &Config, lifecycles: &Lifecycles) {
    let lifecycle = lifecycles.kind(&case.system, &case.kind);
    let label = |code: &str| {
        let label = lifecycle.and_then(|one| one.status(code)).map(|status| status.label.as_str());
        label.map_or_else(|| code.to_owned(), |label| format!("{label} ({code})"))
    };
    let service = lifecycle.and_then(|one| one.service(&case.service)).map_or(case.service.as_str(), |one| &one.label);
    let zone = config.zone;
    show::line(&format!("case {} of {}/{}: {}", case.number, case.system, case.kind, label(&case.status)));
    show::line(&format!("  service   {service}"));
    show::line(&format!(
        "  since     {}, agency {}, officer {}",
        show::moment(case.since, zone),
        case.agency,
        show::or_dash(case.officer.as_deref())
    ));
    if let Some(unit) = &case.unit {
        show::line(&format!("  unit      {unit}"));
    }
    if let Some(deadline) = case.deadline {
        let left = left.map_or_else(|| "it has passed".to_owned(), |left| format!("{left} left"));
        show::line(&format!("  deadline  {} ({left})", show::term_end(deadline, zone)));
    }
    if let Some(expected) = &case.expected_on {
        show::line(&format!("  expected  {expected}"));
    }
    let mut table = show::table(&[
        "happened", "recorded", "entry", "from", "to", "agency", "officer", "comment", "told", "message",
    ]);
    for row in &case.history {
        table.add_row([
            show::moment(row.happened_at, zone),
            show::moment(row.recorded_at, zone),
            row.entry.clone(),
            row.from.as_deref().map(label).unwrap_or_default(),
            label(&row.to),
            row.agency.clone(),
            row.officer.clone().unwrap_or_default(),
            row.comment.clone().unwrap_or_default(),
            page::told(row, lifecycle, |deadline| show::term_end(deadline, config.zone)).join("\n"),
            source(row),
        ]);
    }
    show::print(&table);
    for former in &case.former {
        let by = show::or_dash(former.message_id.as_deref());
        let replaced = show::moment(former.replaced_at, zone);
        show::line(&format!(
            "version {} of the fields, replaced {replaced} by {by} (--json shows them)",
            former.version
        ));
    }
    if !case.documents.is_empty() {
        documents(case, config, lifecycles);
    }
    for timer in &case.timers {
        show::line(&format!("timer {}, due {} ({})", timer.code, show::moment(timer.due_at, zone), timer.state));
    }
    for request in &case.requests {
        let due = request.due.map(|due| show::moment(due, zone));
        show::line(&format!(
            "document request by {}, due {}: {}",
            request.agency,
            show::or_dash(due.as_deref()),
            request.state
        ));
    }
}

/// The message or the timer that did it.
fn source(row: &HistoryView) -> String {
    let timer = row.timer.as_ref().map(|code| format!("timer {code}"));
    row.message_id.clone().or(timer).unwrap_or_else(|| "-".to_owned())
}

fn documents(case: &CaseView, config: &Config, lifecycles: &Lifecycles) {
    let mut table = show::table(&["document", "number", "state", "version", "file", "size", "sha256", "uploaded"]);
    for document in &case.documents {
        let state = lifecycles.documents.status(&document.state).map_or(document.state.as_str(), |state| &state.label);
        for version in &document.versions {
            table.add_row([
                document.r#type.clone(),
                document.number.clone(),
                state.to_owned(),
                version.version.to_string(),
                version.file_name.clone(),
                version.size.to_string(),
                version.sha256.chars().take(12).collect(),
                show::moment(version.uploaded_at, config.zone),
            ]);
        }
    }
    show::print(&table);
}
