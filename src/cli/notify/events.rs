//! `notify events`: what people can be told of.

use clap::Args;
use serde::Serialize;

use super::super::{Done, Exit, Layers, assemble, show};
use crate::apply::Lifecycles;
use crate::domain::lifecycle::Audience;

/// Which events.
#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    /// Only of this system.
    #[arg(long)]
    system: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// An event of a system.
#[derive(Debug, Serialize)]
struct Row {
    system: String,
    event: String,
    label: String,
    channels: Vec<String>,
    readers: Vec<&'static str>,
    required: bool,
}

impl Events {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        let rows: Vec<Row> = rows(&rules.lifecycles, self.system.as_deref());
        if self.json {
            rows.iter().try_for_each(show::json)?;
            return Ok(Exit::Well);
        }
        let mut table = show::table(&["system", "event", "label", "channels", "readers", "required"]);
        for row in rows {
            table.add_row([
                row.system,
                row.event,
                row.label,
                row.channels.join(", "),
                row.readers.join(", "),
                if row.required { "yes".to_owned() } else { String::new() },
            ]);
        }
        show::line(&table.to_string());
        Ok(Exit::Well)
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
