//! What people are told, as messages for channels that the broker serves: a notice of one event, or a digest of several.

use super::Sending;
use super::envelope::{Header, is_uuid, message, moment};
use crate::apply::Event;
use crate::xml::{WriteFault, Writer};

const NAMESPACE: &str = "urn:mezhved:notice:1.0";
/// Longest link that the notice's schema takes, in bytes.
const LINK_BYTES_MAX: usize = 2000;

/// Whom a channel shall find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee<'a> {
    /// The channel knows by itself.
    Known,
    /// An e-mail address.
    Email(&'a str),
    /// A phone number.
    Phone(&'a str),
    /// An account of the cabinet: an agency.
    Account(&'a str),
}

/// What people read.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// One line.
    pub title: &'a str,
    /// Short.
    pub short: &'a str,
    /// Long.
    pub long: &'a str,
    /// What to do.
    pub to_do: Option<&'a str>,
    /// A link to the case.
    pub link: Option<&'a str>,
}

/// A notice of one event.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The id under which it leaves.
    pub message_id: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// Whom it shall find.
    pub addressee: Addressee<'a>,
    /// What happened.
    pub event: &'a Event,
    /// Name of the service.
    pub service: Option<&'a str>,
    /// Label of the status.
    pub status: &'a str,
    /// What people read.
    pub told: Told<'a>,
}

impl<'a> Notice<'a> {
    /// The chain that it belongs to: the message that opened its case, or itself.
    #[must_use]
    pub fn chain(&self) -> &'a str {
        self.event.root.as_deref().filter(|id| is_uuid(id)).unwrap_or(self.message_id)
    }
}

/// A digest of several events of one system.
#[derive(Debug, Clone, Copy)]
pub struct Digest<'a> {
    /// The id under which it leaves.
    pub message_id: &'a str,
    /// Code of the system.
    pub system: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// Whom it shall find.
    pub addressee: Addressee<'a>,
    /// What people read of all.
    pub told: Told<'a>,
    /// The events, each with its title.
    pub events: &'a [(&'a Event, &'a str)],
}

/// A notice as a message.
///
/// # Errors
/// A value cannot stand in XML.
pub fn notice(notice: &Notice<'_>, sending: &Sending<'_>) -> Result<String, WriteFault> {
    let event = notice.event;
    message(&header(notice.message_id, notice.chain(), &event.case.system, sending), sending, NAMESPACE, |w| {
        w.start("b:Notice")?.element("b:Event", &event.code)?.element("b:Channel", notice.channel)?;
        addressee(w, notice.addressee)?;
        w.start("b:Case")?.attribute("system", &event.case.system)?.attribute("number", &event.case.number)?;
        if let Some(service) = notice.service {
            w.element("b:Service", service)?;
        }
        w.end()?;
        w.start("b:Status")?.attribute("code", &event.status)?.text(notice.status)?.end()?;
        w.element("b:HappenedAt", &moment(event.happened_at))?;
        texts(w, &notice.told)?;
        if let Some(to_do) = notice.told.to_do {
            w.element("b:ToDo", to_do)?;
        }
        if let Some(deadline) = event.deadline {
            w.element("b:DueBy", &moment(deadline))?;
        }
        if let Some(link) = notice.told.link.filter(|link| link.len() <= LINK_BYTES_MAX) {
            w.element("b:Link", link)?;
        }
        w.end()?;
        Ok(())
    })
}

/// A digest as a message.
///
/// # Errors
/// A value cannot stand in XML.
pub fn digest(digest: &Digest<'_>, sending: &Sending<'_>) -> Result<String, WriteFault> {
    message(&header(digest.message_id, digest.message_id, digest.system, sending), sending, NAMESPACE, |w| {
        w.start("b:Digest")?.element("b:Channel", digest.channel)?;
        addressee(w, digest.addressee)?;
        texts(w, &digest.told)?;
        for (event, title) in digest.events {
            w.start("b:Item")?.element("b:Event", &event.code)?;
            w.start("b:Case")?.attribute("system", &event.case.system)?.attribute("number", &event.case.number)?;
            w.end()?.element("b:HappenedAt", &moment(event.happened_at))?.element("b:Title", title)?.end()?;
        }
        w.end()?;
        Ok(())
    })
}

fn header<'a>(message_id: &'a str, correlation: &'a str, system: &'a str, sending: &Sending<'a>) -> Header<'a> {
    Header { message_id, in_reply_to: None, correlation, recipient: sending.agency, system, test: false }
}

fn addressee(w: &mut Writer, addressee: Addressee<'_>) -> Result<(), WriteFault> {
    let (element, value) = match addressee {
        Addressee::Known => return Ok(()),
        Addressee::Email(value) => ("b:Email", value),
        Addressee::Phone(value) => ("b:Phone", value),
        Addressee::Account(value) => ("b:Account", value),
    };
    w.start("b:Addressee")?.element(element, value)?.end()?;
    Ok(())
}

fn texts(w: &mut Writer, told: &Told<'_>) -> Result<(), WriteFault> {
    w.element("b:Title", told.title)?.element("b:Short", told.short)?.element("b:Long", told.long)?;
    Ok(())
}
