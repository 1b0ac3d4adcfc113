//! What every list asks for: which cases, by what people know of them, and which page, printed how.

use clap::Args;
use serde::Serialize;

use super::period::Period;
use super::{Done, Exit, Failed, show};
use crate::apply::Lifecycles;
use crate::config::Config;
use crate::domain::identifiers;
use crate::domain::lifecycle::{Class, Lifecycle, Status, System};
use crate::outcome::Code;
use crate::store::{CaseFilter, Place, Sought, Store, StoreFault};

/// Words taken in together before words are looked for.
const WORDS_MAX: u32 = 500;
/// The role of who asks, in every kind.
const APPLICANT: &str = "applicant";

/// A code that messages fail with, as it is written.
pub(super) fn known_code(text: &str) -> Result<String, String> {
    let known = Code::parse(text).ok_or("there is no such code; docs/outcomes.md lists them all")?;
    Ok(known.as_str().to_owned())
}

/// Which cases.
#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Only of this system.
    #[arg(long)]
    system: Option<String>,
    /// Only of this kind, such as application or organization.
    #[arg(long)]
    kind: Option<String>,
    /// Only in this status: its code, or its Russian label.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    party: Party,
    /// Only those that this agency is responsible for.
    #[arg(long)]
    agency: Option<String>,
    /// Only of this service.
    #[arg(long)]
    service: Option<String>,
    /// Words of title, object and fields; each may be the beginning of one. Case of letters does not matter.
    #[arg(long)]
    text: Option<String>,
    /// As the applicant sees it: annulled cases are hidden, and only those count where he is the applicant.
    #[arg(long)]
    as_applicant: bool,
}

/// Who takes part.
#[derive(Debug, Args)]
pub(super) struct Party {
    /// Only with this INN, of 10 or 12 digits.
    #[arg(long, group = "identifier")]
    inn: Option<String>,
    /// Only with this SNILS.
    #[arg(long, group = "identifier")]
    snils: Option<String>,
    /// Only with this OGRN of 13, or OGRNIP of 15 digits.
    #[arg(long, group = "identifier")]
    ogrn: Option<String>,
}

/// Which page, printed how.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// Only rows after this one.
    #[arg(long, default_value_t = 0)]
    pub(super) after: i64,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Print CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Party {
    /// The party, by the hash that its identifier is kept under.
    pub(super) fn sought(&self, role: Option<&'static str>) -> Result<Option<Sought>, Failed> {
        let ogrn = self.ogrn.as_deref();
        let (name, text, right) = match (&self.inn, &self.snils, ogrn) {
            (Some(inn), _, _) => ("inn", inn.as_str(), identifiers::inn(inn)),
            (_, Some(snils), _) => ("snils", snils.as_str(), identifiers::snils(snils)),
            (_, _, Some(ogrn)) if ogrn.len() == 15 => ("ogrnip", ogrn, identifiers::ogrnip(ogrn)),
            (_, _, Some(ogrn)) => ("ogrn", ogrn, identifiers::ogrn(ogrn)),
            _ => return Ok(None),
        };
        if !right {
            return Err(Failed::wrong(format!("--{name}: this is not one, or its check digits are wrong")));
        }
        Ok(Some(Sought { hash: identifiers::lookup(name, text), role }))
    }
}

impl Cases {
    /// Whether they are shown as the applicant sees them.
    pub(super) fn as_applicant(&self) -> bool {
        self.as_applicant
    }

    /// The filter that they are; `number` and `opened` are asked for apart.
    pub(super) fn filter(
        &self,
        number: Option<&String>,
        opened: &Period,
        config: &Config,
        lifecycles: &Lifecycles,
    ) -> Result<CaseFilter, Failed> {
        Ok(CaseFilter {
            number: number.cloned(),
            party: self.party.sought(self.as_applicant.then_some(APPLICANT))?,
            places: self.places(lifecycles)?,
            agency: self.agency.clone(),
            service: self.service.clone(),
            opened: opened.span(config.zone)?,
            text: self.text.clone(),
            hidden: if self.as_applicant { annulled(lifecycles) } else { Vec::new() },
            after: 0,
            limit: u32::MAX,
        })
    }

    /// Where the cases stand, by system, kind and status.
    fn places(&self, lifecycles: &Lifecycles) -> Result<Option<Vec<Place>>, Failed> {
        if self.system.is_none() && self.kind.is_none() && self.status.is_none() {
            return Ok(None);
        }
        let fits = |own: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == own);
        let places = places(lifecycles, |lifecycle, status| {
            fits(lifecycle.system(), &self.system)
                && fits(&lifecycle.kind().code, &self.kind)
                && self.status.as_deref().is_none_or(|word| lifecycle.recognize(word) == Some(status))
        });
        if places.is_empty() {
            let said = [("system", &self.system), ("kind", &self.kind), ("status", &self.status)];
            let said = said.iter().filter_map(|(name, value)| Some(format!("--{name} {}", value.as_ref()?)));
            let said = said.collect::<Vec<_>>().join(" ");
            return Err(Failed::wrong(format!("{said}: no lifecycle has that; see `mezhved lifecycle show SYSTEM`")));
        }
        Ok(Some(places))
    }
}

/// All places of all lifecycles that fit.
pub(super) fn places(lifecycles: &Lifecycles, fits: impl Fn(&Lifecycle, &Status) -> bool) -> Vec<Place> {
    let kinds = lifecycles.systems().flat_map(System::kinds);
    let all = kinds.flat_map(|lifecycle| lifecycle.statuses().iter().map(move |status| (lifecycle, status)));
    all.filter(|(lifecycle, status)| fits(lifecycle, status))
        .map(|(lifecycle, status)| Place {
            system: lifecycle.system().to_owned(),
            kind: lifecycle.kind().code.clone(),
            status: status.code.clone(),
        })
        .collect()
}

/// Where a case is hidden from its applicant and its documents are closed.
pub(super) fn annulled(lifecycles: &Lifecycles) -> Vec<Place> {
    places(lifecycles, |_, status| status.class == Class::Annulled)
}

impl Page {
    /// Prints a page of rows.
    pub(super) fn print<T: Serialize>(
        &self,
        rows: &[T],
        headings: &[&str],
        cells: impl Fn(&T) -> Vec<String>,
        key: impl Fn(&T) -> i64,
    ) -> Done {
        if self.json {
            rows.iter().try_for_each(show::json)?;
        } else if self.csv {
            show::csv(headings, rows.iter().map(cells))?;
        } else {
            let mut table = show::table(headings);
            for row in rows {
                table.add_row(cells(row));
            }
            show::line(&table.to_string());
            show::more(rows.len(), self.limit, rows.last().map(key));
        }
        Ok(Exit::Well)
    }
}

/// Brings the index of words up to date, so that nothing committed is missed.
pub(super) async fn words(store: &Store) -> Result<(), Failed> {
    let all = async {
        while store.take_words(WORDS_MAX).await? > 0 {}
        Ok::<(), StoreFault>(())
    };
    all.await.map_err(Failed::away)
}
