//! `case list`, `organization list`: cases by number, party, place, agency, period and words.

use clap::Args;
use serde::Serialize;

use crate::apply::Lifecycles;
use crate::cli::listing::{Cell, Page};
use crate::cli::period::Period;
use crate::cli::seek::{Cases, places, words};
use crate::cli::{Done, Failed, Layers, assemble};
use crate::domain::lifecycle::{Field, Kind};
use crate::store::{CaseFilter, CaseRow, Place};

/// Which cases.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mezhved case list --system epgu --status 'На рассмотрении' --agency MFC-77 --since 2026-03-01
  mezhved case list --snils '112-233-445 95' --as-applicant
  mezhved case list --text 'реконструкция склада' --csv")]
pub(in crate::cli) struct List {
    /// Only this number; one that ends in * stands for all that begin like it.
    #[arg(long)]
    number: Option<String>,
    #[command(flatten)]
    cases: Cases,
    #[command(flatten)]
    opened: Period,
    #[command(flatten)]
    page: Page,
}

/// A case as it is listed: with what people read.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    row: &'a CaseRow,
    /// What it is called: its title, else the applicant's name where that may be shown.
    name: Option<String>,
    kind_label: &'a str,
    status_label: &'a str,
    /// What it was opened for, where its kind has purposes.
    purpose_label: Option<&'a str>,
    /// Fields that its kind lists: label and value.
    fields: Vec<(&'a str, String)>,
}

impl List {
    pub(in crate::cli) fn run(self, layers: &Layers) -> Done {
        self.listed(layers, |_, _| true)
    }

    /// Only cases that are organizations.
    pub(in crate::cli) fn organizations(self, layers: &Layers) -> Done {
        self.listed(layers, |lifecycles, place| {
            let system = lifecycles.system(&place.system);
            system.is_some_and(|system| system.organizations().contains(&place.kind.as_str()))
        })
    }

    fn listed(self, layers: &Layers, among: impl Fn(&Lifecycles, &Place) -> bool) -> Done {
        let config = layers.checked()?;
        let lifecycles = assemble::rules(&config)?.lifecycles;
        let mut filter = CaseFilter {
            after: self.page.after,
            limit: self.page.limit,
            ..self.cases.filter(self.number.as_ref(), &self.opened, &config, &lifecycles)?
        };
        let every = places(&lifecycles, |_, _| true);
        if every.iter().any(|place| !among(&lifecycles, place)) {
            let mut asked = filter.places.take().unwrap_or(every);
            asked.retain(|place| among(&lifecycles, place));
            filter.places = Some(asked);
        }
        let rows = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            if filter.text.is_some() {
                words(&store).await?;
            }
            store.find_cases(&filter).await.map_err(Failed::away)
        })?;
        self.cases.held(rows.len(), &config)?;
        let listed: Vec<Listed<'_>> =
            rows.iter().map(|row| Listed::of(row, self.cases.as_applicant(), &lifecycles)).collect();
        let headings = [
            ("no", "id"),
            ("system", "system"),
            ("kind", "kind_label"),
            ("number", "number"),
            ("name", "name"),
            ("status", "status_label"),
            ("purpose", "purpose_label"),
            ("since", "since"),
            ("agency", "agency"),
            ("officer", "officer"),
            ("deadline", "deadline"),
            ("parties", "parties"),
            ("fields", "fields"),
        ];
        self.page.print(&listed, &headings, config.zone, Listed::cells, |one| one.row.id)
    }
}

impl<'a> Listed<'a> {
    fn of(row: &'a CaseRow, as_applicant: bool, lifecycles: &'a Lifecycles) -> Self {
        let lifecycle = lifecycles.kind(&row.system, &row.kind);
        let status = lifecycle.and_then(|one| one.status(&row.status));
        let named = lifecycle.into_iter().flat_map(|one| &one.kind().fields).find(|field| {
            !field.masked && field.identifies.as_deref() == Some("applicant") && field.identifier() == Some("name")
        });
        let purpose = lifecycle.zip(row.purpose.as_deref()).and_then(|(one, code)| one.kind().purpose(code));
        let name = named.and_then(|field| row.details.get(&field.code)?.as_str());
        Self {
            row,
            name: row.title.as_deref().or(name).map(str::to_owned),
            kind_label: lifecycle.map_or(&row.kind, |one| &one.kind().label),
            status_label: status.map_or(&row.status, |status| match lifecycle.map(|one| &one.kind().open_label) {
                Some(Some(label)) if as_applicant && status.class.is_open() => label,
                _ => &status.label,
            }),
            purpose_label: purpose.map(|one| one.label.as_str()),
            fields: lifecycle.map(|one| fields(row, one.kind())).unwrap_or_default(),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let Self { row, .. } = self;
        let parties: Vec<String> =
            row.parties.iter().map(|party| format!("{}: {} {}", party.role, party.identifier, party.shown)).collect();
        let fields: Vec<String> = self.fields.iter().map(|(label, value)| format!("{label}: {value}")).collect();
        vec![
            row.id.into(),
            (&row.system).into(),
            self.kind_label.into(),
            (&row.number).into(),
            self.name.as_ref().into(),
            self.status_label.into(),
            self.purpose_label.into(),
            Cell::Moment(row.since),
            (&row.agency).into(),
            row.officer.as_ref().into(),
            Cell::term_end(row.deadline),
            parties.join("\n").into(),
            fields.join("\n").into(),
        ]
    }
}

/// The fields of a case that its kind lists.
fn fields<'a>(row: &CaseRow, kind: &'a Kind) -> Vec<(&'a str, String)> {
    let listed = kind.fields.iter().filter(|field| kind.listed.contains(&field.code));
    let told = |field: &'a Field| {
        let value = row.details.get(&field.code)?;
        Some((field.label.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    listed.filter_map(told).collect()
}
