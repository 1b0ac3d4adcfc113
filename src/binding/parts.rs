//! The parts that commands are made of: parties, authors, documents, reasons, and the header of every message.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::shape::{FieldSpec, ListSpec, Missing, Record, Shape, Shaped, Typed, shape};

shape! {
    /// The header of a message, as far as it could be read: all of it is optional here because a message that
    /// breaks off still yields its id and sender; what must be there is said by the envelope's schema.
    Envelope = "envelope" {
        /// The message's own id.
        message_id: Option<String>,
        /// The id of the message that this one answers.
        in_reply_to: Option<String>,
        /// The sender's mark for a conversation.
        correlation_id: Option<String>,
        /// Code of the sending agency.
        sender: Option<String>,
        /// Code of the agency it is meant for.
        recipient_agency: Option<String>,
        /// The system it is meant for.
        recipient_system: Option<String>,
        /// When it was sent.
        sent_at: Option<DateTime<Utc>>,
        /// Its end of life.
        expires_at: Option<DateTime<Utc>>,
        /// Validated and answered, but changing nothing.
        test: Option<bool>,
        /// Version of the body's schema family, where several are in use.
        schema_version: Option<String>,
        ;
        /// What travels beside the body.
        attachments: [Attachment],
    }
}

shape! {
    /// A file that travels with a message, inline or by reference.
    Attachment = "attachment" {
        /// Its name within the message.
        content_id: String,
        /// The file's name.
        file_name: String,
        /// The declared media type.
        media_type: String,
        /// The declared size, bytes.
        size: i64,
        /// The declared SHA-256, hex.
        sha256: String,
        /// The content itself.
        #[serde(skip)]
        content: Option<Vec<u8>>,
        /// SHA-256 of a content that the document store already holds.
        reference: Option<String>,
    }
}

shape! {
    /// A document's requisites and the attachment that holds its content.
    DocumentCard = "document" {
        /// Code of the document type.
        r#type: String,
        /// Title for people.
        title: Option<String>,
        /// Series.
        series: Option<String>,
        /// Number; with the type it names the document within its case.
        number: Option<String>,
        /// Day of issue.
        issued_on: Option<NaiveDate>,
        /// Last day of validity.
        valid_until: Option<NaiveDate>,
        /// Who issued it.
        issuer: Option<String>,
        /// What it is for.
        purpose: Option<String>,
        /// Kind of the signature that the file carries itself.
        signature: Option<String>,
        /// Which attachment is its content.
        content_id: String,
    }
}

shape! {
    /// A coded reason or a missing thing, with a text.
    Reason = "reason" {
        /// Code.
        code: Option<String>,
        /// The field or the document that it is about.
        about: Option<String>,
        /// Text for people.
        text: Option<String>,
    }
}

shape! {
    /// A verdict on a document of the case.
    Verdict = "verdict" {
        /// Code of the document type.
        r#type: String,
        /// Number of the document.
        number: Option<String>,
        /// The state it moves to.
        verdict: String,
        /// Code of the reason.
        code: Option<String>,
        /// Text of the reason.
        text: Option<String>,
    }
}

shape! {
    /// What an agency wants, by when.
    DocumentRequest = "request" {
        /// The last day for it.
        due: Option<NaiveDate>,
        ;
        /// What is wanted.
        wanted: [Wanted],
    }
}

shape! {
    /// One wanted document.
    Wanted = "wanted" {
        /// Code of the document type.
        r#type: String,
        /// Text for people.
        text: Option<String>,
    }
}

shape! {
    /// A mark that a document is signed; the signature itself is carried as an attachment.
    SignatureMark = "signature" {
        /// Code of the document type.
        r#type: String,
        /// Number of the document.
        number: Option<String>,
        /// КЭП, УЭП, ПЭП.
        kind: Option<String>,
        /// When it was signed.
        signed_at: Option<DateTime<Utc>>,
        /// Serial number of the certificate.
        certificate: Option<String>,
        /// Owner of the certificate.
        owner: Option<String>,
        /// Who issued the certificate.
        issuer: Option<String>,
        /// From when the certificate is good.
        valid_from: Option<DateTime<Utc>>,
        /// Until when.
        valid_until: Option<DateTime<Utc>>,
    }
}

shape! {
    /// A person, a sole trader or an organization that takes part in a case, in some role.
    Party = "party" {
        /// In which role: one of those that the kind of case knows.
        role: String,
        /// СНИЛС of a person.
        snils: Option<String>,
        /// ИНН, 10 or 12 digits.
        inn: Option<String>,
        /// ОГРН of an organization.
        ogrn: Option<String>,
        /// ОГРНИП of a sole trader.
        ogrnip: Option<String>,
        /// КПП of an organization.
        kpp: Option<String>,
        /// Full name of an organization, or of a person where it is not parted.
        name: Option<String>,
        /// Last name of a person.
        last_name: Option<String>,
        /// First name of a person.
        first_name: Option<String>,
        /// Middle name of a person.
        middle_name: Option<String>,
        /// Day of birth of a person.
        birth_date: Option<NaiveDate>,
        /// Post of a person in an organization.
        post: Option<String>,
        /// Where e-mail may be sent.
        email: Option<String>,
        /// Where SMS may be sent.
        phone: Option<String>,
    }
}

shape! {
    /// Who does it, in whose name, and by what right. Without an author the sending agency answers for itself.
    Author = "author" {
        /// СНИЛС of who acts.
        actor_snils: Option<String>,
        /// ИНН of who acts.
        actor_inn: Option<String>,
        /// ОГРН of the organization in whose name it is done.
        principal_ogrn: Option<String>,
        /// ИНН of whom it is done in the name of.
        principal_inn: Option<String>,
        /// Number of the power of attorney.
        power: Option<String>,
        /// Kind of the signature.
        signature: Option<String>,
        /// Serial number of the certificate.
        certificate: Option<String>,
        /// When it was signed.
        signed_at: Option<DateTime<Utc>>,
    }
}

shape! {
    /// One of the values of a declared field that is a list.
    ListedValue = "value" {
        /// Code of the field.
        field: String,
        /// The value.
        value: Option<String>,
        /// What belongs to it: a phone number to a name.
        note: Option<String>,
    }
}

shape! {
    /// Something that a letter names: a case, a document of the dialog.
    Named = "named" {
        /// `case`, `document` or `task`.
        what: String,
        /// Kind of the case, type of the document.
        kind: Option<String>,
        /// Its number.
        number: String,
    }
}

shape! {
    /// Somebody who takes part in a dialog.
    Reader = "reader" {
        /// Who, by the code that the dialog knows.
        participant: String,
        /// `sender`, `receiver` or `controller`.
        role: String,
    }
}
