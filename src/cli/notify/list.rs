//! `notify list` and `notify show`.

use clap::Args;

use super::super::listing::{Cell, Form, Page};
use super::super::{Done, Exit, Failed, Layers, assemble, known, show};
use crate::clock;
use crate::config::Config;
use crate::domain::identifiers::mask;
use crate::notify::{Telling, values};
use crate::store::{NotificationCount, NotificationFilter, NotificationView};

/// Which notifications.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only this state.
    #[arg(long, value_parser = ["pending", "sent", "confirmed", "failed", "suppressed"])]
    state: Option<String>,
    /// Only this channel.
    #[arg(long)]
    channel: Option<String>,
    /// Only of this case.
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    /// Only of this event.
    #[arg(long)]
    event: Option<String>,
    /// Print counts by channel, state and reason instead.
    #[arg(long)]
    count: bool,
    #[command(flatten)]
    page: Page,
}

/// Which notification.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Its number.
    id: i64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        if self.event.is_some() || self.channel.is_some() {
            let lifecycles = assemble::rules(&config)?.lifecycles;
            known::event(self.event.as_ref(), &lifecycles)?;
            known::channel(self.channel.as_ref(), &lifecycles, &config)?;
        }
        assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            if self.count {
                let counts = store.notification_counts().await.map_err(Failed::away)?;
                return counted(&counts, self.page.form(), &config);
            }
            let filter = NotificationFilter {
                state: self.state,
                channel: self.channel,
                case_number: self.case,
                event: self.event,
                after: self.page.after,
                limit: self.page.limit,
            };
            let mut rows = store.notifications(&filter).await.map_err(Failed::away)?;
            // A listing is for looking over; `show` tells an address.
            rows.iter_mut().for_each(|row| row.address = row.address.as_deref().map(mask));
            let headings = [
                ("no", "id"),
                ("event", "event"),
                ("system", "system"),
                ("case", "case"),
                ("to", "address"),
                ("channel", "channel"),
                ("state", "state"),
                ("why", "reason"),
                ("tries", "attempts"),
                ("due", "due_at"),
            ];
            self.page.print(&rows, &headings, config.zone, cells, |row| row.id)
        })
    }
}

fn counted(counts: &[NotificationCount], form: Form, config: &Config) -> Done {
    let cells = |one: &NotificationCount| {
        vec![(&one.channel).into(), (&one.state).into(), one.reason.as_ref().into(), one.count.into()]
    };
    form.print(
        counts,
        &[("channel", "channel"), ("state", "state"), ("reason", "reason"), ("notifications", "count")],
        config.zone,
        cells,
    )?;
    Ok(Exit::Well)
}

fn cells(row: &NotificationView) -> Vec<Cell> {
    vec![
        row.id.into(),
        (&row.event).into(),
        (&row.system).into(),
        (&row.case).into(),
        row.address.as_deref().or(row.agency.as_deref()).unwrap_or(&row.audience).into(),
        (&row.channel).into(),
        (&row.state).into(),
        row.reason.as_ref().or(row.error.as_ref()).into(),
        row.attempts.into(),
        Cell::Moment(row.due_at),
    ]
}

impl Show {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let (view, noticed) = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            let view = store.notification(self.id).await.map_err(Failed::away)?;
            let noticed = store.noticed(self.id).await.map_err(Failed::away)?;
            Ok::<_, Failed>((view, noticed))
        })?;
        let (Some(view), Some(noticed)) = (view, noticed) else {
            return Err(Failed { exit: Exit::Found, text: format!("there is no notification {}", self.id) });
        };
        if self.json {
            show::json(&view)?;
            return Ok(Exit::Well);
        }
        let moment = |at: Option<i64>| at.map(|at| show::moment(at, config.zone));
        for (name, value) in [
            ("event", Some(format!("{} of {}/{}", view.event, view.system, view.case))),
            ("reader", Some(view.agency.clone().unwrap_or_else(|| view.audience.clone()))),
            ("channel", Some(view.channel.clone())),
            ("address", view.address.clone()),
            ("required", view.required.then(|| "yes".to_owned())),
            ("digest", view.digest.clone()),
            ("leaves as", Some(view.delivery.clone())),
            ("state", Some(view.state.clone())),
            ("reason", view.reason.clone()),
            ("last try", view.error.clone()),
            ("tries", Some(view.attempts.to_string())),
            ("written", moment(Some(view.created_at))),
            ("due", moment(Some(view.due_at))),
            ("sent", moment(view.sent_at)),
            ("settled", moment(view.settled_at)),
        ] {
            if let Some(value) = value {
                show::line(&format!("{name:<10} {value}"));
            }
        }
        let rules = assemble::rules(&config)?;
        let event = &noticed.event;
        let lifecycle = rules.lifecycles.kind(&event.case.system, &event.case.kind);
        let texts = rules.lifecycles.event(&event.case, &event.code);
        if let (Some(lifecycle), Some(texts)) = (lifecycle, texts) {
            let telling = Telling {
                language: config.notify.language,
                config: &config,
                routing: &rules.routing,
                calendar: &rules.calendar,
                now: clock::now(),
            };
            let values = values(event, lifecycle, texts, &telling);
            let words = rules.texts.words(&event.case.system, &event.code, &values).map_err(Failed::wrong)?;
            super::preview::words(&words);
        }
        Ok(Exit::Well)
    }
}
