//! The commands that messages may mean, as typed records: the one list of fields that bindings fill and
//! `apply` reads. A command here knows nothing of XML; a binding file says where its fields stand.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// Text, white space already handled by the schema.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A moment, in UTC.
    Moment,
    /// A calendar day.
    Day,
    /// Bytes, already decoded from base64 or hex.
    Bytes,
}

/// A value as it was bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    /// See [`FieldKind::Text`].
    Text(String),
    /// See [`FieldKind::Number`].
    Number(i64),
    /// See [`FieldKind::Flag`].
    Flag(bool),
    /// See [`FieldKind::Moment`].
    Moment(DateTime<Utc>),
    /// See [`FieldKind::Day`].
    Day(NaiveDate),
    /// See [`FieldKind::Bytes`].
    Bytes(Vec<u8>),
}

/// One field of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSpec {
    /// Name in code; binding files write it as [`FieldSpec::written`].
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether a message without it is refused.
    pub required: bool,
}

impl FieldSpec {
    /// The name as binding files write it.
    #[must_use]
    pub(super) fn written(&self) -> &'static str {
        self.name.strip_prefix("r#").unwrap_or(self.name)
    }
}

/// One repeating part of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListSpec {
    /// Name in binding files.
    pub name: &'static str,
    /// The fields of each entry.
    pub shape: &'static Shape,
}

/// The fields and lists of a command or of an entry of a list.
#[derive(Debug)]
pub(super) struct Shape {
    /// Name in binding files.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
    /// Its lists.
    pub lists: &'static [ListSpec],
}

/// Values bound for one shape, in the order of its fields and lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// One place for each field of the shape.
    pub fields: Vec<Option<Field>>,
    /// One place for each list of the shape.
    pub lists: Vec<Vec<Record>>,
}

impl Record {
    /// An empty record of a shape.
    #[must_use]
    pub(super) fn of(shape: &Shape) -> Self {
        Self { fields: vec![None; shape.fields.len()], lists: vec![Vec::new(); shape.lists.len()] }
    }
}

/// A required field that the message does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the field `{0}` is required")]
pub(super) struct Missing(pub &'static str);

/// A type that a [`Record`] can be turned into.
pub(super) trait Shaped: Sized {
    /// Its fields and lists.
    const SHAPE: &'static Shape;

    /// The typed form of a record of this shape.
    fn from_record(record: Record) -> Result<Self, Missing>;
}

trait Typed: Sized {
    const KIND: FieldKind;
    const REQUIRED: bool = true;
    fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing>;
}

macro_rules! typed {
    ($($type:ty = $kind:ident;)*) => {$(
        impl Typed for $type {
            const KIND: FieldKind = FieldKind::$kind;
            fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing> {
                match field {
                    Some(Field::$kind(value)) => Ok(value),
                    _ => Err(Missing(name)),
                }
            }
        }
    )*};
}

typed! {
    String = Text;
    i64 = Number;
    bool = Flag;
    DateTime<Utc> = Moment;
    NaiveDate = Day;
    Vec<u8> = Bytes;
}

impl<T: Typed> Typed for Option<T> {
    const KIND: FieldKind = T::KIND;
    const REQUIRED: bool = false;
    fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing> {
        Ok(field.and_then(|field| T::take(Some(field), name).ok()))
    }
}

macro_rules! shape {
    ($(#[$doc:meta])* $name:ident = $text:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        $(; $($(#[$list_doc:meta])* $list:ident: [$entry:ty],)*)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$list_doc])* pub $list: Vec<$entry>,)*)?
        }

        impl Shaped for $name {
            const SHAPE: &'static Shape = &Shape {
                name: $text,
                fields: &[$(FieldSpec {
                    name: stringify!($field),
                    kind: <$type as Typed>::KIND,
                    required: <$type as Typed>::REQUIRED,
                }),*],
                lists: &[$($(ListSpec {
                    name: stringify!($list),
                    shape: <$entry as Shaped>::SHAPE,
                }),*)?],
            };

            fn from_record(record: Record) -> Result<Self, Missing> {
                let mut fields = record.fields.into_iter();
                $(
                    let mut lists = record.lists.into_iter();
                    $(let $list = lists
                        .next()
                        .unwrap_or_default()
                        .into_iter()
                        .map(<$entry as Shaped>::from_record)
                        .collect::<Result<Vec<_>, _>>()?;)*
                )?
                Ok(Self {
                    $($field: Typed::take(fields.next().flatten(), stringify!($field))?,)*
                    $($($list,)*)?
                })
            }
        }
    };
}

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
    /// A new application (заявление): opens a case.
    SubmitApplication = "submit-application" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Number of the case to be.
        number: String,
        /// When the applicant submitted it.
        submitted_at: DateTime<Utc>,
        /// Code of the service.
        service: String,
        /// Name of the service.
        service_name: Option<String>,
        /// What the service is asked for: a plot, a building, a licence.
        object: Option<String>,
        /// `new`, `change`, `cancellation` or `appeal`; absent: new.
        purpose: Option<String>,
        /// The case that a change, a cancellation or an appeal refers to.
        refers_to: Option<String>,
        /// Code of the territory (ОКТМО).
        territory: Option<String>,
        /// Last name of a person.
        person_last_name: Option<String>,
        /// First name of a person.
        person_first_name: Option<String>,
        /// Middle name of a person.
        person_middle_name: Option<String>,
        /// Day of birth of a person.
        person_birth_date: Option<NaiveDate>,
        /// СНИЛС of a person.
        snils: Option<String>,
        /// ИНН, 10 or 12 digits.
        inn: Option<String>,
        /// Full name of an organization.
        organization_name: Option<String>,
        /// КПП of an organization.
        kpp: Option<String>,
        /// ОГРН of an organization.
        ogrn: Option<String>,
        /// ОГРНИП of a sole trader.
        ogrnip: Option<String>,
        /// Where e-mail may be sent.
        email: Option<String>,
        /// Where SMS may be sent.
        phone: Option<String>,
        /// Free text.
        comment: Option<String>,
        ;
        /// What is attached.
        documents: [DocumentCard],
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
    /// A status update of one case.
    UpdateStatus = "update-status" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// The case.
        case_number: String,
        /// Code of the new status, after the binding's value map.
        status: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// The responsible agency; absent: the sender.
        agency: Option<String>,
        /// The responsible officer.
        officer: Option<String>,
        /// Free text.
        comment: Option<String>,
        /// The last day on which somebody may act.
        deadline: Option<NaiveDate>,
        /// When the next step is expected.
        expected_on: Option<NaiveDate>,
        /// Amount due, roubles and kopecks as written.
        amount: Option<String>,
        /// Link to the electronic result.
        result_link: Option<String>,
        /// Where to collect a result on paper.
        result_place: Option<String>,
        ;
        /// Reasons of a refusal or an annulment.
        reasons: [Reason],
        /// What is missing.
        missing: [Reason],
    }
}

shape! {
    /// A coded reason or a missing thing, with a text.
    Reason = "reason" {
        /// Code.
        code: Option<String>,
        /// Text for people.
        text: Option<String>,
    }
}

shape! {
    /// Documents that go back and forth about one case.
    ExchangeDocuments = "exchange-documents" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// The case.
        case_number: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// The responsible agency; absent: the sender.
        agency: Option<String>,
        /// The responsible officer.
        officer: Option<String>,
        /// Free text.
        comment: Option<String>,
        ;
        /// New documents, or new versions of known ones.
        documents: [DocumentCard],
        /// Verdicts on documents.
        verdicts: [Verdict],
        /// Requests for documents.
        requests: [DocumentRequest],
        /// Marks that a document is signed.
        signatures: [SignatureMark],
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
    }
}

/// What an item of a message asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a case.
    SubmitApplication(Box<SubmitApplication>),
    /// Moves a case, or comments on it.
    UpdateStatus(Box<UpdateStatus>),
    /// Adds, judges, requests documents.
    ExchangeDocuments(Box<ExchangeDocuments>),
}

/// How a record becomes a command.
pub(super) type Make = fn(Record) -> Result<Command, Missing>;

macro_rules! commands {
    ($($name:ident),*) => {
        /// The commands that a binding may name, and how each is made.
        pub(super) const COMMANDS: &[(&Shape, Make)] = &[$(
            ($name::SHAPE, |record| Ok(Command::$name(Box::new($name::from_record(record)?)))),
        )*];

        impl Command {
            /// The case that the command is about.
            #[must_use]
            pub fn case_number(&self) -> &str {
                match self { $(Self::$name(command) => command.case()),* }
            }

            /// The item's number in the sender's sequence for the case.
            #[must_use]
            pub fn sequence(&self) -> Option<i64> {
                match self { $(Self::$name(command) => command.sequence),* }
            }
        }
    };
}

commands!(SubmitApplication, UpdateStatus, ExchangeDocuments);

impl SubmitApplication {
    fn case(&self) -> &str {
        &self.number
    }
}

impl UpdateStatus {
    fn case(&self) -> &str {
        &self.case_number
    }
}

impl ExchangeDocuments {
    fn case(&self) -> &str {
        &self.case_number
    }
}
