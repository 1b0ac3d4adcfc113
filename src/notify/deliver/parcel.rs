//! What leaves as one: a notification or a digest, in words, for the way that its channel goes.

use secrecy::ExposeSecret;

use crate::broker::Outgoing;
use crate::domain::identifiers::mask;
use crate::mail::{File, Letter};
use crate::notify::tell::Plan;
use crate::notify::ways::{broker, http::Note};
use crate::notify::{
    AddressKind, ChannelSettings, NotifySettings, OptOut, Page, Telling, TextFault, Values, Way, Words, sms, values,
};
use crate::outbox::{self, Addressee, Digest, Notice, Told};
use crate::pipeline::Pipeline;
use crate::relay::Sheet;
use crate::store::{DueNotification, Reader};

/// Names the readers of what is for everybody.
const EVERYBODY: &str = "*";

/// What parcels are made with.
pub(super) struct Packing<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) plan: &'a Plan<'a>,
    pub(super) channel: &'a str,
    pub(super) settings: &'a ChannelSettings,
    pub(super) telling: Telling<'a>,
}

/// The form in which a way takes a parcel.
#[derive(Debug)]
enum Form {
    Message(Outgoing),
    Letter(Letter),
    Note(Note),
}

/// A notification that is to go out now.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) row: DueNotification,
    /// SHA-256 of the reader's strongest identifier.
    pub(super) subscriber: Option<[u8; 32]>,
    /// What a letter of it brings.
    pub(super) files: Vec<File>,
}

/// What leaves as one.
#[derive(Debug)]
pub(super) struct Parcel {
    rows: Vec<Wanted>,
    form: Form,
}

/// Why a parcel cannot be made: reason and particulars.
type Unpackable = (&'static str, String);

impl Packing<'_> {
    pub(super) fn parcel(&self, rows: Vec<Wanted>) -> Result<Parcel, Unpackable> {
        let template = |fault: TextFault| ("template", fault.to_string());
        let texts = &self.pipeline.texts;
        let mut told = Vec::with_capacity(rows.len());
        for one in &rows {
            let event = &one.row.noticed.event;
            let (lifecycle, its) = self.plan.texts(event).ok_or(("event-unknown", event.code.clone()))?;
            let values = values(event, lifecycle, its, &self.telling);
            let words = texts.words(&event.case.system, &event.code, &values).map_err(template)?;
            told.push((values, words));
        }
        let single = rows.len() == 1;
        let mut words = if single {
            told[0].1.clone()
        } else {
            let all: Vec<Words> = told.iter().map(|(_, words)| words.clone()).collect();
            texts.digest(&all).map_err(template)?
        };
        if let Some(max) = self.settings.segments_max {
            words.short = sms::fit(&words.short, max);
        }
        let form = match &self.settings.way {
            Way::Mail => Form::Letter(self.letter(&rows, &told, &words).map_err(template)?),
            Way::Http(_) => Form::Note(self.note(&rows, &words)),
            Way::Broker | Way::Off => {
                Form::Message(self.message(&rows, &told, &words).map_err(|fault| ("unsendable", fault.to_string()))?)
            }
        };
        Ok(Parcel { rows, form })
    }

    fn letter(&self, rows: &[Wanted], told: &[(Values, Words)], words: &Words) -> Result<Letter, TextFault> {
        let row = &rows[0].row;
        let event = &row.noticed.event;
        let out = self.opt_out(rows);
        let own = (rows.len() == 1).then(|| (event.case.system.as_str(), event.code.as_str(), &told[0].0));
        let Page { text, html } = self.pipeline.texts.page(words, out.as_deref(), own)?;
        let mut headers = vec![("Auto-Submitted", "auto-generated".to_owned())];
        if let Some(link) = out {
            headers.push(("List-Unsubscribe", format!("<{link}>")));
            headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        Ok(Letter {
            to: row.address.iter().cloned().collect(),
            subject: words.title.clone(),
            text,
            html: Some(html),
            key: row.delivery.clone(),
            headers,
            files: rows.iter().flat_map(|one| one.files.iter().cloned()).collect(),
        })
    }

    /// A link by which the reader opts out; none for what goes out all the same, and for readers without an identifier.
    fn opt_out(&self, rows: &[Wanted]) -> Option<String> {
        let one = rows.iter().find(|one| !one.row.required)?;
        let settings = self.pipeline.config.notify.opt_out.as_ref()?;
        let opt_out = OptOut {
            subscriber: one.subscriber?,
            system: one.row.noticed.event.case.system.clone(),
            channel: self.channel.to_owned(),
        };
        Some(settings.link.replace("{token}", &opt_out.token(settings.key.expose_secret().as_bytes())))
    }

    fn note(&self, rows: &[Wanted], words: &Words) -> Note {
        let row = &rows[0].row;
        let event = &row.noticed.event;
        let single = rows.len() == 1;
        Note {
            id: row.delivery.clone(),
            channel: self.channel.to_owned(),
            system: event.case.system.clone(),
            event: single.then(|| event.code.clone()),
            case: single.then(|| event.case.number.clone()),
            to: row.address.clone(),
            reader: rows[0]
                .subscriber
                .map(hex::encode)
                .or_else(|| row.agency.clone())
                .unwrap_or_else(|| EVERYBODY.to_owned()),
            title: words.title.clone(),
            text: words.short.clone(),
            link: words.link.clone(),
        }
    }

    fn message(
        &self,
        rows: &[Wanted],
        told: &[(Values, Words)],
        words: &Words,
    ) -> Result<Outgoing, crate::xml::WriteFault> {
        let row = &rows[0].row;
        let event = &row.noticed.event;
        let sending = self.pipeline.sending(row.created_at);
        let addressee = match (&row.address, self.settings.address, &row.agency) {
            (Some(address), AddressKind::Email, _) => Addressee::Email(address),
            (Some(address), AddressKind::Phone, _) => Addressee::Phone(address),
            (_, _, Some(agency)) => Addressee::Account(agency),
            _ => Addressee::Known,
        };
        let message_id = &row.delivery;
        let Words { title, short, long, to_do, link } = words;
        let told_words = Told { title, short, long, to_do: to_do.as_deref(), link: link.as_deref() };
        let (kind, correlation, body) = if rows.len() == 1 {
            let value = |name: &str| told[0].0.get(name).and_then(Option::as_deref);
            let notice = Notice {
                message_id,
                channel: self.channel,
                addressee,
                event,
                service: value("service"),
                status: value("status").unwrap_or(&event.status),
                told: told_words,
            };
            ("Notice", notice.chain(), outbox::notice(&notice, &sending)?)
        } else {
            let events: Vec<_> =
                rows.iter().zip(told).map(|(one, (_, words))| (&one.row.noticed.event, words.title.as_str())).collect();
            let system = &event.case.system;
            let digest =
                Digest { message_id, system, channel: self.channel, addressee, told: told_words, events: &events };
            ("Digest", message_id.as_str(), outbox::digest(&digest, &sending)?)
        };
        let sheet = Sheet {
            message_id,
            correlation,
            system: Some(&event.case.system),
            kind,
            traceparent: row.noticed.traceparent.as_deref(),
            created_at: row.created_at,
            body,
        };
        Ok(broker::outgoing(self.channel, sheet, &self.pipeline.config))
    }
}

impl Parcel {
    /// The numbers of its rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = i64> {
        self.rows.iter().map(|one| one.row.id)
    }

    /// How often it was tried.
    pub(super) fn attempts(&self) -> u32 {
        self.rows.iter().map(|one| one.row.attempts).max().unwrap_or(0)
    }

    /// For the broker. A parcel is packed for the way of its channel, and for no other.
    pub(super) fn outgoing(&self) -> Option<Outgoing> {
        match &self.form {
            Form::Message(message) => Some(message.clone()),
            _ => None,
        }
    }

    /// As a letter.
    pub(super) fn letter(&self) -> Option<Letter> {
        match &self.form {
            Form::Letter(letter) => Some(letter.clone()),
            _ => None,
        }
    }

    /// For a gateway.
    pub(super) fn note(&self) -> Option<Note> {
        match &self.form {
            Form::Note(note) => Some(note.clone()),
            _ => None,
        }
    }

    /// What a channel said, without the reader's address in it.
    pub(super) fn without_address(&self, said: &str) -> String {
        let addresses = self.rows.iter().filter_map(|one| one.row.address.as_deref());
        addresses.fold(said.to_owned(), |said, address| said.replace(address, &mask(address)))
    }
}

/// Where a row goes to whose address was not known when it was planned.
pub(super) fn address(
    settings: &ChannelSettings,
    row: &DueNotification,
    reader: Option<&Reader>,
    notify: &NotifySettings,
) -> Option<String> {
    match (settings.address, &row.agency) {
        (AddressKind::None, _) => None,
        (AddressKind::Email, Some(agency)) => notify.agencies.get(agency).cloned(),
        (AddressKind::Phone, Some(_)) => None,
        (AddressKind::Email, None) => reader.and_then(|reader| reader.email.clone()),
        (AddressKind::Phone, None) => reader.and_then(|reader| reader.phone.clone()),
    }
}
