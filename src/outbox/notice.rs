//! What people are told of a change: one message a channel, with the texts of the lifecycle's event. A channel that needs
//! an address (e-mail, SMS) is left out where the case has none.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::envelope::{Header, id, message, moment};
use super::{OutboxRow, OutboxWhat, Sending};
use crate::apply::{Event, Noticed};
use crate::domain::lifecycle::{Event as Texts, Lifecycle, Place};
use crate::domain::term::{Term, remaining};
use crate::xml::{WriteFault, Writer};

const NAMESPACE: &str = "urn:mezhved:notice:1.0";
/// Longest title, short and long text that the notice's schema takes, in characters.
const TITLE_CHARACTERS_MAX: usize = 500;
const SHORT_CHARACTERS_MAX: usize = 300;
const LONG_CHARACTERS_MAX: usize = 8000;

pub(super) fn rows(noticed: &Noticed, sending: &Sending<'_>) -> Result<Vec<OutboxRow>, WriteFault> {
    let event = &noticed.event;
    let mut rows = Vec::new();
    let Some(lifecycle) = sending.lifecycles.kind(&event.case.system, &event.case.kind) else { return Ok(rows) };
    let Some(texts) = sending.lifecycles.event(&event.case, &event.code) else { return Ok(rows) };
    let values = values(event, lifecycle, sending);
    for channel in &texts.channels {
        match addressee(channel, noticed) {
            Addressee::Nowhere => {}
            addressee => rows.push(row(noticed, lifecycle, texts, &values, (channel, &addressee), sending)?),
        }
    }
    Ok(rows)
}

/// How a channel finds its reader.
enum Addressee<'a> {
    /// By itself.
    Known,
    /// At this address: the element's name, and the address.
    At(&'static str, &'a str),
    /// Not at all: the case has no such address.
    Nowhere,
}

fn addressee<'a>(channel: &str, noticed: &'a Noticed) -> Addressee<'a> {
    let event = &noticed.event;
    let (element, address) = match channel {
        "email" => ("b:Email", &event.email),
        "sms" => ("b:Phone", &event.phone),
        _ => match &event.reader {
            Some(reader) => return Addressee::At("b:Account", reader),
            None => return Addressee::Known,
        },
    };
    address.as_deref().map_or(Addressee::Nowhere, |address| Addressee::At(element, address))
}

fn row(
    noticed: &Noticed,
    lifecycle: &Lifecycle,
    texts: &Texts,
    values: &HashMap<&'static str, String>,
    (channel, addressee): (&str, &Addressee<'_>),
    sending: &Sending<'_>,
) -> Result<OutboxRow, WriteFault> {
    let event = &noticed.event;
    let item = noticed.item.to_string();
    let mut parts = vec!["notice", &noticed.source.0, &noticed.source.1, &item, &texts.code, channel];
    parts.extend(event.reader.as_deref());
    let message_id = id(&parts);
    let header = Header {
        message_id: &message_id,
        in_reply_to: None,
        correlation: None,
        recipient: sending.agency,
        system: &event.case.system,
        test: false,
    };
    let body = message(&header, sending, NAMESPACE, |w| {
        w.start("b:Notice")?.element("b:Event", &texts.code)?.element("b:Channel", channel)?;
        if let Addressee::At(element, address) = addressee {
            w.start("b:Addressee")?.element(element, address)?.end()?;
        }
        w.start("b:Case")?.attribute("system", &event.case.system)?.attribute("number", &event.case.number)?;
        if let Some(service) = values.get(Place::Service.name()) {
            w.element("b:Service", service)?;
        }
        w.end()?;
        let status = lifecycle.status(&event.status).map_or(event.status.as_str(), |status| &status.label);
        w.start("b:Status")?.attribute("code", &event.status)?.text(status)?.end()?;
        w.element("b:HappenedAt", &moment(event.happened_at))?;
        write_texts(w, texts, values)?;
        if let Some(deadline) = event.deadline {
            w.element("b:DueBy", &moment(deadline))?;
        }
        if let Some(link) = sending.link {
            let link = link.replace("{system}", &event.case.system).replace("{number}", &event.case.number);
            w.element("b:Link", &link)?;
        }
        w.end()?;
        Ok(())
    })?;
    Ok(OutboxRow {
        what: OutboxWhat::Notice,
        message: noticed.cause.message(),
        case_number: Some(event.case.number.clone()),
        kind: "notice",
        address: channel.to_owned(),
        order_key: Some(format!("notice:{channel}:{}:{}:{}", event.case.system, event.case.kind, event.case.number)),
        message_id,
        correlation: None,
        r#type: "Notice",
        traceparent: noticed.traceparent.clone(),
        body,
        created_at: sending.now,
    })
}

fn write_texts(w: &mut Writer, texts: &Texts, values: &HashMap<&'static str, String>) -> Result<(), WriteFault> {
    let value = |place: Place| values.get(place.name()).map(String::as_str);
    w.element("b:Title", &texts.title.fill(value, TITLE_CHARACTERS_MAX))?;
    w.element("b:Short", &texts.short.fill(value, SHORT_CHARACTERS_MAX))?;
    w.element("b:Long", &texts.long.fill(value, LONG_CHARACTERS_MAX))?;
    if let Some(to_do) = &texts.to_do {
        w.element("b:ToDo", &to_do.fill(value, LONG_CHARACTERS_MAX))?;
    }
    Ok(())
}

/// What is left of the deadline, else of the validity.
fn left(event: &Event, sending: &Sending<'_>) -> Option<String> {
    let ends = [event.deadline, event.valid_until].into_iter().flatten();
    let mut left = ends.filter_map(|end| remaining(sending.now, end, sending.zone, sending.calendar));
    left.next().map(Term::label)
}

fn values(event: &Event, lifecycle: &Lifecycle, sending: &Sending<'_>) -> HashMap<&'static str, String> {
    let day = |moment: DateTime<Utc>| moment.with_timezone(&sending.zone).format("%d.%m.%Y").to_string();
    // A deadline is the first moment after its last day.
    let last_day = |end: DateTime<Utc>| day(end - chrono::Duration::milliseconds(1));
    let list = |list: &[String]| (!list.is_empty()).then(|| list.join("; "));
    let happened = event.happened_at.with_timezone(&sending.zone).format("%d.%m.%Y %H:%M").to_string();
    let service = lifecycle.service(&event.service).map_or_else(|| event.service.clone(), |one| one.label.clone());
    let status = lifecycle.status(&event.status).map_or_else(|| event.status.clone(), |one| one.label.clone());
    [
        (Place::Number, Some(event.case.number.clone())),
        (Place::Kind, Some(lifecycle.kind().label.clone())),
        (Place::Title, event.title.clone()),
        (Place::Parent, event.parent.clone()),
        (Place::Until, event.valid_until.map(last_day)),
        (Place::Remaining, left(event, sending)),
        (Place::Status, Some(status)),
        (Place::Service, Some(service).filter(|service| !service.is_empty())),
        (Place::Happened, Some(happened)),
        (Place::Deadline, event.deadline.map(last_day)),
        (Place::Expected, event.expected_on.map(|day| day.format("%d.%m.%Y").to_string())),
        (Place::Comment, event.comment.clone()),
        (Place::Reasons, list(&event.reasons)),
        (Place::Missing, list(&event.missing)),
        (Place::Amount, event.amount.clone()),
        (Place::Result, event.result.clone()),
        (Place::Officer, event.officer.clone()),
        (Place::Agency, Some(event.agency.clone())),
        (
            Place::Unit,
            event.unit.as_ref().map(|code| sending.routing.unit(code).map_or(code, |unit| &unit.label).clone()),
        ),
        (Place::Code, event.secret.as_ref().map(|secret| secret.reveal().to_owned())),
    ]
    .into_iter()
    .filter_map(|(place, value)| Some((place.name(), value?)))
    .collect()
}
