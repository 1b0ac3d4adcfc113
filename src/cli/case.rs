//! `case show`: a case as it stands, how it came there, its documents. `case list` finds cases.

mod list;

use chrono::DateTime;
use clap::{Args, Subcommand};
use serde::Serialize;

pub(super) use list::List;

use super::seek::annulled;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::apply::Lifecycles;
use crate::clock;
use crate::config::Config;
use crate::domain::term::{Term, remaining};
use crate::store::{CaseView, HistoryView, Place};

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
    after_help = "Examples:\n  mezhved case show 2026-0001234\n  mezhved case show 2026-0001234 --system epgu --json"
)]
pub(super) struct Show {
    /// Its number.
    number: String,
    /// Its system, where several have this number.
    #[arg(long)]
    system: Option<String>,
    /// As the applicant sees it: an annulled case is not there, and neither are its documents.
    #[arg(long)]
    as_applicant: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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
        let mut cases = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            store.cases_by_number(show.system.as_deref(), &show.number).await.map_err(Failed::away)
        })?;
        let rules = assemble::rules(&config)?;
        if show.as_applicant {
            let hidden = annulled(&rules.lifecycles);
            let is = |case: &CaseView, place: &Place| {
                (&case.system, &case.kind, &case.status) == (&place.system, &place.kind, &place.status)
            };
            cases.retain(|case| !hidden.iter().any(|place| is(case, place)));
        }
        if cases.is_empty() {
            return Err(Failed { exit: Exit::Found, text: format!("there is no case {}", show.number) });
        }
        let rules = assemble::rules(&config)?;
        let left = |case: &CaseView| {
            let end = case.deadline.and_then(DateTime::from_timestamp_millis)?;
            remaining(clock::now(), end, config.zone, &rules.calendar)
        };
        if show.json {
            let told = |case| Shown { case, remaining: left(case).map(|term| term.to_string()) };
            cases.iter().try_for_each(|case| show::json(&told(case)))?;
            return Ok(Exit::Well);
        }
        cases.iter().for_each(|case| describe(case, left(case), &config, &rules.lifecycles));
        Ok(Exit::Well)
    }
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
        show::line(&format!("  deadline  {} ({left})", show::moment(deadline, zone)));
    }
    if let Some(expected) = &case.expected_on {
        show::line(&format!("  expected  {expected}"));
    }
    let mut table = show::table(&["happened", "entry", "from", "to", "agency", "officer", "comment", "message"]);
    for row in &case.history {
        table.add_row([
            show::moment(row.happened_at, zone),
            row.entry.clone(),
            row.from.as_deref().map(label).unwrap_or_default(),
            label(&row.to),
            row.agency.clone(),
            show::or_dash(row.officer.as_deref()),
            show::or_dash(row.comment.as_deref()),
            source(row),
        ]);
    }
    show::line(&table.to_string());
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
    show::line(&table.to_string());
}
