//! What every list of cases and what belongs to them asks for: which cases, by what people know of them.

use clap::Args;

use super::period::Period;
use super::{Failed, known};
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
    /// Only those opened for this purpose of their kind, such as change or repeat.
    #[arg(long)]
    purpose: Option<String>,
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
            return Err(Failed::wrong(format!(
                "what --{name} is given is none: its digits are too few or too many, or its check digits are wrong"
            )));
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
            purpose: self.purpose.clone(),
            opened: opened.span(config.zone)?,
            text: self.text.clone(),
            hidden: if self.as_applicant { annulled(lifecycles) } else { Vec::new() },
            after: 0,
            limit: u32::MAX,
        })
    }

    /// A filter that found nothing: is it because of an agency that is not there?
    pub(super) fn held(&self, found: usize, config: &Config) -> Result<(), Failed> {
        if found == 0 { known::agency("--agency", self.agency.as_ref(), config) } else { Ok(()) }
    }

    /// The system that is asked for.
    pub(super) fn system(&self) -> Option<&String> {
        self.system.as_ref()
    }

    /// Where the cases stand, by system, kind and status.
    fn places(&self, lifecycles: &Lifecycles) -> Result<Option<Vec<Place>>, Failed> {
        let system = self.system.as_ref();
        known::case_system(system, lifecycles)?;
        known::case_kind(self.kind.as_ref(), system, lifecycles)?;
        known::service(self.service.as_ref(), system, lifecycles)?;
        known::purpose(self.purpose.as_ref(), (system, self.kind.as_ref()), lifecycles)?;
        if self.system.is_none() && self.kind.is_none() && self.status.is_none() {
            return Ok(None);
        }
        let fits = |own: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| wanted == own);
        let places = places(lifecycles, |lifecycle, status| {
            fits(lifecycle.system(), &self.system)
                && fits(&lifecycle.kind().code, &self.kind)
                && self.status.as_deref().is_none_or(|word| lifecycle.recognize(word) == Some(status))
        });
        if let Some(word) = self.status.as_deref().filter(|_| places.is_empty()) {
            known::status(word, (self.system.as_ref(), self.kind.as_ref()), lifecycles)?;
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

/// Brings the index of words up to date, so that nothing committed is missed.
pub(super) async fn words(store: &Store) -> Result<(), Failed> {
    let all = async {
        while store.take_words(WORDS_MAX).await? > 0 {}
        Ok::<(), StoreFault>(())
    };
    all.await.map_err(Failed::away)
}
