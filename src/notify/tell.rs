//! Who hears of an event, by which channel and when: one row each, also where it does not go out, with the reason. Nothing is
//! put into words here and nothing leaves.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::choice::{Choice, Question, Suppressed};
use super::{AddressKind, Frequency, NotifySettings, Way, digest};
use crate::apply::world::CaseKey;
use crate::apply::{Event, Lifecycles};
use crate::clock;
use crate::config::Config;
use crate::domain::lifecycle::{Audience, Event as Texts, Lifecycle};
use crate::failpoint;
use crate::outbox::id;
use crate::pipeline::Pipeline;
use crate::store::{ChoiceRow, ConsentKind, NotificationRow, Reader, StoreFault, Told, Untold};

/// Readers of an event for everybody that are planned at a time.
const PAGE_MAX: u32 = 1000;

/// Plans events that nobody has planned yet: one bounded piece. Gives how many.
pub async fn tell(pipeline: &Pipeline) -> Result<usize, StoreFault> {
    let untold = pipeline.store.untold(pipeline.config.notify.batch_max).await?;
    if untold.is_empty() {
        return Ok(0);
    }
    let plan = Plan::new(pipeline, clock::now());
    let mut cases: Vec<CaseKey> = untold.iter().map(|one| one.noticed.event.case.clone()).collect();
    cases.sort_unstable();
    cases.dedup();
    let readers = pipeline.store.readers(&cases, &plan.consents).await?;
    let readers: HashMap<CaseKey, Reader> =
        readers.into_iter().filter_map(|one| Some((one.key.clone()?, one))).collect();
    let mut told = Told::default();
    for one in &untold {
        let event = &one.noticed.event;
        match plan.texts(event) {
            Some((_, texts)) if texts.to.contains(&Audience::All) => {
                everybody(pipeline, &plan, one, texts, &mut told).await?;
            }
            Some((_, texts)) => {
                told.told.push(one.id);
                told.notifications.extend(plan.event(one, texts, readers.get(&event.case)));
            }
            None => {
                let why = format!("{}/{} has no event {}", event.case.system, event.case.kind, event.code);
                tracing::error!(event = one.id, why, "an event cannot be told of");
                told.stuck.push((one.id, why));
            }
        }
    }
    pipeline.store.tell(&told).await?;
    pipeline
        .counters
        .notified(told.notifications.iter().filter_map(|row| Some((&row.channel, "suppressed", row.suppressed?))));
    failpoint::hit("notify.told");
    Ok(untold.len())
}

/// An event for everybody who uses the system: channels that know their readers get it once, the others once an address.
async fn everybody(
    pipeline: &Pipeline,
    plan: &Plan<'_>,
    one: &Untold,
    texts: &Texts,
    told: &mut Told,
) -> Result<(), StoreFault> {
    let event = &one.noticed.event;
    let page =
        pipeline.store.readers_of(&event.case.system, one.reached.unwrap_or(0), PAGE_MAX, &plan.consents).await?;
    if one.reached.is_none() {
        told.notifications.extend(plan.broadcast(one, texts));
    }
    for reader in &page {
        told.notifications.extend(plan.person(one, texts, reader, "all"));
    }
    match page.last() {
        Some(last) if page.len() == PAGE_MAX as usize => told.reached.push((one.id, last.case)),
        _ => told.told.push(one.id),
    }
    Ok(())
}

/// Where a row goes to.
struct Towards<'a> {
    audience: &'static str,
    reader: Option<i64>,
    agency: Option<&'a str>,
    address: Option<String>,
    recipient: String,
    frequency: Frequency,
    suppressed: Option<Suppressed>,
}

/// What plans are made with.
pub(super) struct Plan<'a> {
    config: &'a Config,
    settings: &'a NotifySettings,
    lifecycles: &'a Lifecycles,
    now: DateTime<Utc>,
    /// The kinds that hold consents.
    pub(super) consents: Vec<ConsentKind>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, now: DateTime<Utc>) -> Self {
        let kinds = pipeline.lifecycles.systems().filter_map(|system| {
            let of = system.rights().consents.clone()?;
            Some(ConsentKind { asked_by: system.code().to_owned(), system: of.system, kind: of.kind })
        });
        Self {
            config: &pipeline.config,
            settings: &pipeline.config.notify,
            lifecycles: &pipeline.lifecycles,
            now,
            consents: kinds.collect(),
        }
    }

    /// The lifecycle of an event's case, and the event in it.
    pub(super) fn texts(&self, event: &Event) -> Option<(&'a Lifecycle, &'a Texts)> {
        let lifecycle = self.lifecycles.kind(&event.case.system, &event.case.kind)?;
        Some((lifecycle, self.lifecycles.event(&event.case, &event.code)?))
    }

    fn event(&self, one: &Untold, texts: &Texts, reader: Option<&Reader>) -> Vec<NotificationRow> {
        let event = &one.noticed.event;
        let mut rows = Vec::new();
        for audience in &texts.to {
            match audience {
                Audience::Applicant => match &event.reader {
                    // A participant of a dialog is known by its account alone.
                    Some(account) => rows.extend(self.agency(one, texts, account, "applicant")),
                    None => {
                        let nobody = Reader::default();
                        rows.extend(self.person(one, texts, reader.unwrap_or(&nobody), "applicant"));
                    }
                },
                Audience::Agency => rows.extend(self.agency(one, texts, &event.agency, "agency")),
                Audience::Origin => {
                    let origin = reader.map(|reader| reader.origin.as_str()).unwrap_or_default();
                    let twice = texts.to.contains(&Audience::Agency) && origin == event.agency;
                    if !twice {
                        rows.extend(self.agency(one, texts, origin, "origin"));
                    }
                }
                Audience::All => {}
            }
        }
        rows
    }

    /// The rows of one person: the applicant of a case.
    fn person(&self, one: &Untold, texts: &Texts, reader: &Reader, audience: &'static str) -> Vec<NotificationRow> {
        let event = &one.noticed.event;
        let choices = choices(reader);
        let question = self.question(event, texts, &choices);
        let stopped = !texts.required && self.is_stopped(reader);
        let mut rows = Vec::new();
        for channel in question.channels() {
            let settings = self.settings.channel(channel);
            let Some(frequency) = question.frequency(channel) else { continue };
            let own = audience == "applicant";
            let address = match settings.address {
                AddressKind::None if own => None,
                // Everybody is told once by such a channel, not once a person.
                AddressKind::None => continue,
                AddressKind::Email => Some(event.email.as_ref().filter(|_| own).or(reader.email.as_ref())),
                AddressKind::Phone => Some(event.phone.as_ref().filter(|_| own).or(reader.phone.as_ref())),
            };
            if !own && address.flatten().is_none() {
                continue;
            }
            let suppressed = match (&settings.way, address) {
                (Way::Off, _) => Some(Suppressed::ChannelOff),
                _ if frequency == Frequency::Never => Some(Suppressed::OptedOut),
                _ if stopped => Some(Suppressed::ConsentWithdrawn),
                (_, Some(None)) => Some(Suppressed::NoAddress),
                _ => None,
            };
            let address = address.flatten().cloned();
            let recipient = address.clone().unwrap_or_else(|| match reader.identifiers.first() {
                Some(identifier) => hex::encode(identifier),
                None => format!("case:{}", reader.case),
            });
            let reader = Some(reader.case).filter(|case| *case > 0);
            let towards = Towards { audience, reader, agency: None, address, recipient, frequency, suppressed };
            rows.push(self.row(one, texts, channel, towards));
        }
        rows
    }

    /// The rows of an agency, or of a participant of a dialog. It chooses nothing; what it has no address for is suppressed.
    fn agency(&self, one: &Untold, texts: &Texts, agency: &str, audience: &'static str) -> Vec<NotificationRow> {
        let row = |channel: &String| {
            let settings = self.settings.channel(channel);
            let email = self.settings.agencies.get(agency);
            let address = match settings.address {
                AddressKind::None => None,
                AddressKind::Email => Some(email),
                AddressKind::Phone => Some(None),
            };
            let suppressed = match (&settings.way, address) {
                (Way::Off, _) => Some(Suppressed::ChannelOff),
                (_, Some(None)) => Some(Suppressed::NoAddress),
                _ => None,
            };
            let towards = Towards {
                audience,
                reader: None,
                agency: Some(agency),
                address: address.flatten().cloned(),
                recipient: format!("agency:{agency}"),
                frequency: Frequency::AtOnce,
                suppressed,
            };
            self.row(one, texts, channel, towards)
        };
        texts.channels.iter().map(row).collect()
    }

    /// The rows for everybody by channels that know their readers.
    fn broadcast(&self, one: &Untold, texts: &Texts) -> Vec<NotificationRow> {
        let channels = texts.channels.iter().filter(|name| self.settings.channel(name).address == AddressKind::None);
        let row = |channel: &String| {
            let off = matches!(self.settings.channel(channel).way, Way::Off);
            let towards = Towards {
                audience: "all",
                reader: None,
                agency: None,
                address: None,
                recipient: "*".to_owned(),
                frequency: Frequency::AtOnce,
                suppressed: off.then_some(Suppressed::ChannelOff),
            };
            self.row(one, texts, channel, towards)
        };
        channels.map(row).collect()
    }

    fn row(&self, one: &Untold, texts: &Texts, channel: &str, towards: Towards<'_>) -> NotificationRow {
        let event = &one.noticed.event;
        let settings = self.settings.channel(channel);
        let zone = self.config.zone;
        let urgent = texts.is_urgent();
        let slot = digest(towards.frequency, self.now, self.settings.daily_at, zone);
        let wanted = slot.unwrap_or(self.now);
        let due_at = settings.quiet.filter(|_| !urgent).map_or(wanted, |quiet| quiet.after(wanted, zone));
        let system = &event.case.system;
        let delivery = match slot {
            Some(slot) => {
                let slot = slot.timestamp().to_string();
                id(&["digest", &self.config.agency, system, channel, &towards.recipient, &slot])
            }
            None => {
                let (sender, message) = &one.noticed.source;
                let (item, event) = (one.noticed.item.to_string(), one.id.to_string());
                id(&["notice", sender, message, &item, &event, channel, towards.audience, &towards.recipient])
            }
        };
        let CaseKey { kind, number, .. } = &event.case;
        // What the law wants told leaves in order too, but waits only behind what can leave now: see `Store::notifications_due`.
        let in_order = slot.is_none() && !urgent && towards.audience != "all";
        let patience = self.now.max(due_at) + self.settings.patience;
        let give_up_at = if urgent { event.deadline.map_or(patience, |end| end.min(patience)) } else { patience };
        NotificationRow {
            event: one.id,
            audience: towards.audience,
            reader: towards.reader,
            agency: towards.agency.map(str::to_owned),
            channel: channel.to_owned(),
            address: towards.address,
            order_key: in_order.then(|| format!("{channel}:{}:{system}:{kind}:{number}", towards.recipient)),
            recipient: towards.recipient,
            required: texts.required,
            digest: slot.map(|_| towards.frequency.as_str()),
            delivery,
            suppressed: towards.suppressed.map(Suppressed::as_str),
            due_at,
            created_at: self.now,
            give_up_at,
        }
    }

    /// Why what was planned for a person is no longer wanted: choices and consents may have changed since.
    pub(super) fn unwanted(&self, event: &Event, texts: &Texts, channel: &str, reader: &Reader) -> Option<Suppressed> {
        if texts.required {
            return None;
        }
        let choices = choices(reader);
        if self.question(event, texts, &choices).frequency(channel) == Some(Frequency::Never) {
            return Some(Suppressed::OptedOut);
        }
        self.is_stopped(reader).then_some(Suppressed::ConsentWithdrawn)
    }

    fn question<'q>(&'q self, event: &'q Event, texts: &'q Texts, choices: &'q [Choice]) -> Question<'q> {
        Question {
            event: texts,
            system: &event.case.system,
            case: (&event.case.kind, &event.case.number),
            choices,
            defaults: &self.settings.defaults,
        }
    }

    /// Whether a person gave consents and none of them is in force any more (domain, rule 12).
    fn is_stopped(&self, reader: &Reader) -> bool {
        let stands = |(system, kind, status): &(String, String, String)| {
            let lifecycle = self.lifecycles.kind(system, kind);
            lifecycle.and_then(|one| one.status(status)).is_some_and(|status| status.standing)
        };
        !reader.consents.is_empty() && !reader.consents.iter().any(stands)
    }
}

fn choices(reader: &Reader) -> Vec<Choice> {
    let choice = |row: &ChoiceRow| {
        Some(Choice {
            case: row.case.clone(),
            event: row.event.clone(),
            channel: row.channel.clone(),
            frequency: Frequency::parse(&row.frequency)?,
            happened_at: row.happened_at,
        })
    };
    reader.choices.iter().filter_map(choice).collect()
}
