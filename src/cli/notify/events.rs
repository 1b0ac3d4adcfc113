//! `notify events`: what people can be told of.

use clap::Args;
use serde::Serialize;

use super::super::listing::{Cell, Form};
use super::super::{Done, Exit, Layers, assemble, known};
use crate::apply::Lifecycles;
use crate::domain::lifecycle::Audience;

/// Which events.
#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    /// Only of this system.
    #[arg(long)]
    system: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// An event of a system.
#[derive(Debug, Serialize)]
struct Row {
    system: String,
    event: String,
    label: String,
    label_en: Option<String>,
    channels: Vec<String>,
    readers: Vec<&'static str>,
    required: bool,
}

impl Events {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        known::case_system(self.system.as_ref(), &rules.lifecycles)?;
        let rows: Vec<Row> = rows(&rules.lifecycles, self.system.as_deref());
        let headings = [
            ("system", "system"),
            ("event", "event"),
            ("label", "label"),
            ("in English", "label_en"),
            ("channels", "channels"),
            ("readers", "readers"),
            ("required", "required"),
        ];
        self.form.print(&rows, &headings, config.zone, Row::cells)?;
        Ok(Exit::Well)
    }
}

impl Row {
    fn cells(&self) -> Vec<Cell> {
        vec![
            (&self.system).into(),
            (&self.event).into(),
            (&self.label).into(),
            self.label_en.as_ref().into(),
            self.channels.join(", ").into(),
            self.readers.join(", ").into(),
            self.required.then_some("yes").into(),
        ]
    }
}

fn rows(lifecycles: &Lifecycles, system: Option<&str>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for one in lifecycles.systems().filter(|one| system.is_none_or(|system| one.code() == system)) {
        for event in lifecycles.events(one) {
            rows.push(Row {
                system: one.code().to_owned(),
                event: event.code.clone(),
                label: event.label.clone(),
                label_en: event.label_en.clone(),
                channels: event.channels.clone(),
                readers: event.to.iter().copied().map(reader).collect(),
                required: event.required,
            });
        }
    }
    rows
}

fn reader(audience: Audience) -> &'static str {
    match audience {
        Audience::Applicant => "applicant",
        Audience::Agency => "agency",
        Audience::Origin => "origin",
        Audience::All => "all",
    }
}
