//! The codes of refusals: one table that receipts, dead letters, counters and `docs/outcomes.md` share.
//! A code is stable: agencies match on it. What happened stands in the code, the particulars in the text.

use std::fmt;

/// Who may bring a refused message to a good end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The sender mends the message and sends it with a new id.
    Sender,
    /// The operator mends the configuration or the store, then replays the dead letter.
    Operator,
    /// The daemon has retried by itself until its patience ended; afterwards the operator may replay.
    Daemon,
}

macro_rules! codes {
    ($(#[doc = $en:literal] $name:ident = $code:literal, $remedy:ident, $ru:literal;)*) => {
        /// Why a message or an item of it was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $en] $name,)* }

        impl Code {
            /// Every code there is, in the order of `docs/outcomes.md`.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The stable form that stands in receipts, tables and counters.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// Who may bring such a message to a good end.
            #[must_use]
            pub fn remedy(self) -> Remedy {
                match self { $(Code::$name => Remedy::$remedy),* }
            }

            /// What it means, in English: for the command line and logs.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                let meaning = match self { $(Code::$name => $en),* };
                meaning.trim().trim_end_matches('.')
            }

            /// The short Russian text that people read beside the code.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Code::$name => $ru),* }
            }
        }
    };
}

codes! {
    /// The delivery carried no bytes.
    EmptyBody = "empty-body", Sender, "Пустое сообщение";
    /// Longer than the queue's limit; kept without parsing.
    TooLarge = "too-large", Sender, "Размер сообщения больше допустимого";
    /// The declared encoding is not one we read.
    EncodingUnknown = "encoding-unknown", Sender, "Неизвестная кодировка";
    /// The bytes are not text in their encoding.
    EncodingBroken = "encoding-broken", Sender, "Байты не соответствуют кодировке";
    /// Not well-formed XML.
    MalformedXml = "malformed-xml", Sender, "XML построен неверно";
    /// A document type declaration.
    DoctypeForbidden = "doctype-forbidden", Sender, "Объявление DOCTYPE запрещено";
    /// Deeper, wider or longer than the reader's limits.
    XmlLimit = "xml-limit", Sender, "Превышен предел разбора XML";
    /// The envelope or the body breaks its schema.
    SchemaViolation = "schema-violation", Sender, "Сообщение не соответствует схеме";
    /// No rules for this root element in this system.
    UnknownKind = "unknown-kind", Sender, "Неизвестный вид сообщения";
    /// The envelope names another recipient than this agency, or another system than the queue's.
    WrongRecipient = "wrong-recipient", Sender, "Сообщение адресовано не нам";
    /// The envelope names a sender that is not configured.
    UnknownSender = "unknown-sender", Operator, "Неизвестный отправитель";
    /// The AMQP user is not the sender's, or the sender may not send this kind to this system.
    SenderNotAllowed = "sender-not-allowed", Operator, "Отправителю это не разрешено";
    /// Past its end of life.
    Expired = "expired", Sender, "Срок действия сообщения истёк";
    /// The same id came before with other content.
    MessageIdConflict = "message-id-conflict", Sender, "Идентификатор уже занят другим сообщением";
    /// A document names an attachment that the message does not carry, or a reference that the store does not hold.
    AttachmentMissing = "attachment-missing", Sender, "Вложение не найдено";
    /// The declared SHA-256 is not the content's.
    AttachmentHash = "attachment-hash", Sender, "Контрольная сумма вложения не совпадает";
    /// The declared size is not the content's.
    AttachmentSize = "attachment-size", Sender, "Размер вложения не совпадает";
    /// The declared media type is not what the content is.
    AttachmentType = "attachment-type", Sender, "Формат вложения не совпадает с объявленным";
    /// The system does not take files of this format or size.
    AttachmentNotAllowed = "attachment-not-allowed", Sender, "Файл такого формата или размера не принимается";
    /// The content takes a password, so that it cannot be told what it is, or cannot be signed.
    DocumentLocked = "document-locked", Sender, "Документ защищён паролем";
    /// Documents of this format are not signed.
    NotSignable = "not-signable", Sender, "Документы такого формата не подписываются";
    /// A file name that is a path, or that no file system should see.
    FileNameUnsafe = "file-name-unsafe", Sender, "Недопустимое имя файла";
    /// The binding needs a value that the message leaves out or that has another form.
    FieldUnusable = "field-unusable", Sender, "Значение отсутствует или записано неверно";
    /// The service is not one of the system's.
    UnknownService = "unknown-service", Operator, "Неизвестная услуга";
    /// The case exists already.
    CaseExists = "case-exists", Sender, "Дело с таким номером уже есть";
    /// A second open application of the same applicant for the same service and object.
    DuplicateApplication = "duplicate-application", Sender, "Повторное заявление";
    /// The kind of case demands a field or a document that the message does not bring.
    FieldMissing = "field-missing", Sender, "Не хватает обязательного поля дела";
    /// A field that the kind of case does not know, or a value that is not of its type.
    FieldWrong = "field-wrong", Sender, "Поле дела заполнено неверно";
    /// The case that this one refers to stands in a status that does not allow it.
    ParentStatus = "parent-status", Sender, "Статус исходного дела этого не допускает";
    /// The term within which it had to be done has passed.
    TooLate = "too-late", Sender, "Срок для этого прошёл";
    /// The term that must be over first is not.
    TooEarly = "too-early", Sender, "Срок для этого ещё не наступил";
    /// Another appeal against the same brings nothing that was not seen before.
    NoNewEvidence = "no-new-evidence", Sender, "Нет новых доказательств";
    /// A second living case with an identifier that may stand in one only.
    IdentifierTaken = "identifier-taken", Sender, "Участник уже есть в другом деле";
    /// A member of staff cannot be removed while cases are assigned to the person.
    OpenCases = "open-cases", Sender, "Есть открытые дела";
    /// Nobody may act so in that name: the power of attorney is over, is another's, does not cover it, or there is none.
    NoAuthority = "no-authority", Sender, "Нет полномочий";
    /// The member of staff is not active, or has no role that allows it.
    RoleNotAllowed = "role-not-allowed", Sender, "Роль этого не разрешает";
    /// What must be signed carries no signature, or one of a kind that does not count.
    SignatureRequired = "signature-required", Sender, "Нет нужной подписи";
    /// The certificate is not known, not in force, or belongs to somebody else.
    CertificateExpired = "certificate-expired", Sender, "Недействительный сертификат";
    /// There is no standing consent to the processing of personal data.
    ConsentWithdrawn = "consent-withdrawn", Sender, "Нет действующего согласия";
    /// The account is blocked.
    AccountBlocked = "account-blocked", Sender, "Учётная запись заблокирована";
    /// The one-time code is past its term, used, or was never sent.
    CodeExpired = "code-expired", Sender, "Одноразовый код не действует";
    /// The case cannot be corrected in its status.
    NotEditable = "not-editable", Sender, "Дело в этом статусе или после срока исправить нельзя";
    /// The status of the case does not allow the act.
    ActForbidden = "act-forbidden", Sender, "Действие в этом статусе невозможно";
    /// The case did not appear while the message waited for it.
    UnknownCase = "unknown-case", Daemon, "Дело не найдено";
    /// The messages before this one did not appear while it waited for them.
    SequenceGap = "sequence-gap", Daemon, "Пропущены предыдущие сообщения";
    /// The sequence number was used before.
    SequenceUsed = "sequence-used", Sender, "Порядковый номер уже использован";
    /// The status is not one of the system's.
    UnknownStatus = "unknown-status", Sender, "Неизвестный статус";
    /// The lifecycle has no way from the current status to this one.
    ForbiddenTransition = "forbidden-transition", Sender, "Переход статуса не разрешён";
    /// The status asks for something that the update does not carry.
    StatusIncomplete = "status-incomplete", Sender, "Для статуса не хватает сведений";
    /// The reason is not in the system's list.
    UnknownReason = "unknown-reason", Sender, "Неизвестный код причины";
    /// The case is annulled: its documents are closed.
    CaseClosed = "case-closed", Sender, "Дело аннулировано, документы закрыты";
    /// Who writes or reads does not take part in the dialog, or its role does not write.
    LetterNotAllowed = "letter-not-allowed", Sender, "В переписке это не разрешено";
    /// The answer of a state service is not valid by the schema that is configured for it.
    AnswerInvalid = "answer-invalid", Sender, "Ответ не соответствует схеме сервиса";
    /// No such document in the case.
    UnknownDocument = "unknown-document", Sender, "Документ не найден";
    /// The verdict is not possible from the document's state.
    ForbiddenVerdict = "forbidden-verdict", Sender, "Такое решение по документу невозможно";
    /// The document's term of validity has passed.
    DocumentExpired = "document-expired", Sender, "Срок действия документа истёк";
    /// The document lacks a requisite that its type must have.
    DocumentIncomplete = "document-incomplete", Sender, "У документа не хватает реквизитов";
    /// The production calendar has no data for a year that a term runs into.
    CalendarMissing = "calendar-missing", Operator, "Нет производственного календаря на нужный год";
    /// The store refused this message's rows though all before was right.
    StoreRefused = "store-refused", Operator, "Хранилище не приняло сообщение";
    /// The program itself failed over the message.
    ProgramFault = "program-fault", Operator, "Внутренняя ошибка при обработке сообщения";
    /// The broker gave the message up: it expired in its queue.
    BrokerExpired = "broker-expired", Operator, "Срок сообщения истёк в очереди";
    /// The broker gave the message up: delivered too often without an acknowledgement.
    BrokerDeliveryLimit = "broker-delivery-limit", Operator, "Брокер исчерпал попытки доставки";
    /// The broker gave the message up for another reason.
    BrokerDeadLetter = "broker-dead-letter", Operator, "Брокер вернул сообщение как недоставленное";
}

impl Code {
    /// The code of this stable form, where there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
