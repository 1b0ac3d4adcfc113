//! `notify list` and `notify show`.

use clap::Args;

use super::super::{Done, Exit, Failed, Layers, assemble, show};
use crate::clock;
use crate::config::Config;
use crate::domain::identifiers::mask;
use crate::notify::{Telling, values};
use crate::store::{NotificationFilter, NotificationView};

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
    /// Only after this number.
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print counts by channel, state and reason instead.
    #[arg(long)]
    count: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
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
        assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            if self.count {
                let counts = store.notification_counts().await.map_err(Failed::away)?;
                return counted(&counts, self.json);
            }
            let filter = NotificationFilter {
                state: self.state,
                channel: self.channel,
                case_number: self.case,
                event: self.event,
                after: self.after,
                limit: self.limit,
            };
            let mut rows = store.notifications(&filter).await.map_err(Failed::away)?;
            // A listing is for looking over; `show` tells an address.
            rows.iter_mut().for_each(|row| row.address = row.address.as_deref().map(mask));
            if self.json {
                rows.iter().try_for_each(show::json)?;
                return Ok(Exit::Well);
            }
            listed(&rows, &config);
            if rows.len() == self.limit as usize
                && let Some(last) = rows.last()
            {
                show::line(&format!("more: --after {}", last.id));
            }
            Ok(Exit::Well)
        })
    }
}

fn counted(counts: &[crate::store::NotificationCount], json: bool) -> Done {
    if json {
        counts.iter().try_for_each(show::json)?;
        return Ok(Exit::Well);
    }
    let mut table = show::table(&["channel", "state", "reason", "notifications"]);
    for one in counts {
        let reason = show::or_dash(one.reason.as_deref());
        table.add_row([one.channel.clone(), one.state.clone(), reason, one.count.to_string()]);
    }
    show::line(&table.to_string());
    Ok(Exit::Well)
}

fn listed(rows: &[NotificationView], config: &Config) {
    let mut table = show::table(&["no", "event", "case", "to", "channel", "state", "why", "tries", "due"]);
    for row in rows {
        let to = row.address.as_deref().or(row.agency.as_deref()).unwrap_or(&row.audience);
        let why = row.reason.as_deref().or(row.error.as_deref());
        table.add_row([
            row.id.to_string(),
            row.event.clone(),
            format!("{}/{}", row.system, row.case),
            to.to_owned(),
            row.channel.clone(),
            row.state.clone(),
            show::or_dash(why),
            row.attempts.to_string(),
            show::moment(row.due_at, config.zone),
        ]);
    }
    show::line(&table.to_string());
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
                zone: config.zone,
                link: config.notify.link.as_deref(),
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
