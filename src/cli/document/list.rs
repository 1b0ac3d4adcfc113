//! `document list`: documents by case, party, type, number, state, period and words.

use clap::Args;
use serde::Serialize;

use crate::apply::Lifecycles;
use crate::cli::listing::{Cell, Page};
use crate::cli::member::Member;
use crate::cli::period::Period;
use crate::cli::seek::{Cases, words};
use crate::cli::{Done, Failed, Layers, assemble, known};
use crate::store::{DocumentFilter, DocumentPlace, DocumentRow, Sought};

/// Which documents.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mezhved document list --case 77-2026-000123
  mezhved document list --inn 7707083893 --type charter --state approved
  mezhved document list --words 'договор аренды' --as-applicant")]
pub(in crate::cli) struct List {
    /// Only of the case with this number; one that ends in * stands for all that begin like it.
    #[arg(long)]
    case: Option<String>,
    /// Only of this type, such as passport or charter.
    #[arg(long)]
    r#type: Option<String>,
    /// Only with this number of their own.
    #[arg(long)]
    number: Option<String>,
    /// Only in this state: its code, or its Russian label.
    #[arg(long)]
    state: Option<String>,
    /// Words of title, issuer, number or file name; each may be the beginning of one. `--text` asks for words of the case.
    #[arg(long)]
    words: Option<String>,
    /// As a member of staff sees them, by the member's number: those of the organization that the roles let see.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["as_applicant", "identifier"])]
    as_member: Option<String>,
    #[command(flatten)]
    cases: Cases,
    #[command(flatten)]
    changed: Period,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    row: &'a DocumentRow,
    type_label: &'a str,
    state_label: &'a str,
}

impl List {
    pub(in crate::cli) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let lifecycles = assemble::rules(&config)?.lifecycles;
        known::document_type(self.r#type.as_ref(), self.cases.system(), &lifecycles)?;
        let state = self.state.map(|word| match lifecycles.documents.recognize(&word) {
            Some(state) => Ok(state.code.clone()),
            None => known::document_state(&word, &lifecycles).map(|()| word),
        });
        let mut filter = DocumentFilter {
            cases: self.cases.filter(self.case.as_ref(), &Period::default(), &config, &lifecycles)?,
            r#type: self.r#type,
            number: self.number,
            state: state.transpose()?,
            changed: self.changed.span(config.zone)?,
            text: self.words,
            unseen: Vec::new(),
            after: self.page.after,
            limit: self.page.limit,
        };
        let rows = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            let member = match &self.as_member {
                Some(number) => Some(Member::find(number, &store, &lifecycles).await?),
                None => None,
            };
            if let Some(member) = &member {
                filter.cases.party = member.organization.first().map(|hash| Sought { hash: *hash, role: None });
                filter.unseen = unseen(member, &lifecycles);
            }
            if filter.text.is_some() || filter.number.is_some() || filter.cases.text.is_some() {
                words(&store).await?;
            }
            store.find_documents(&filter).await.map_err(Failed::away)
        })?;
        self.cases.held(rows.len(), &config)?;
        let listed: Vec<Listed<'_>> = rows.iter().map(|row| Listed::of(row, &lifecycles)).collect();
        let headings = [
            ("no", "id"),
            ("system", "system"),
            ("case", "case"),
            ("type", "type_label"),
            ("number", "number"),
            ("state", "state_label"),
            ("signed", "signed"),
            ("valid until", "valid_until"),
            ("version", "version"),
            ("file", "file_name"),
            ("size", "size"),
            ("changed", "changed_at"),
        ];
        self.page.print(&listed, &headings, config.zone, Listed::cells, |one| one.row.id)
    }
}

/// The types of documents that a member may not see, by system and kind of case.
fn unseen(member: &Member, lifecycles: &Lifecycles) -> Vec<DocumentPlace> {
    let mut unseen = Vec::new();
    for system in lifecycles.systems() {
        for lifecycle in system.kinds() {
            let types = lifecycle.documents().into_iter().flat_map(|rules| &rules.types);
            let hidden = types.filter(|one| !member.sees(&one.code, system, lifecycle));
            unseen.extend(hidden.map(|one| DocumentPlace {
                system: system.code().to_owned(),
                kind: lifecycle.kind().code.clone(),
                r#type: one.code.clone(),
            }));
        }
    }
    unseen
}

impl<'a> Listed<'a> {
    fn of(row: &'a DocumentRow, lifecycles: &'a Lifecycles) -> Self {
        let lifecycle = lifecycles.kind(&row.system, &row.kind);
        let known = lifecycle.and_then(|one| one.documents()).and_then(|rules| rules.document_type(&row.r#type));
        let state = lifecycles.documents.status(&row.state);
        Self {
            row,
            type_label: known.map_or(&row.r#type, |one| &one.label),
            state_label: state.map_or(&row.state, |state| &state.label),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let Self { row, .. } = self;
        vec![
            row.id.into(),
            (&row.system).into(),
            (&row.case).into(),
            self.type_label.into(),
            (&row.number).into(),
            self.state_label.into(),
            row.signed.then_some("Подписано").into(),
            row.valid_until.as_ref().into(),
            row.versions.into(),
            (&row.file_name).into(),
            row.size.into(),
            Cell::Moment(row.changed_at),
        ]
    }
}
