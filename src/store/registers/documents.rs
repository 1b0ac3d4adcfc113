//! Documents with their last version, and what agencies asked for.

use super::column::Sql;
use super::{Column, ColumnType, Labels, Over, Register};

const STATES: &[&str] = &["uploaded", "on_check", "approved", "rejected", "expired"];
const REQUEST_STATES: &[&str] = &["open", "closed", "lapsed"];

pub(super) static DOCUMENTS: Register = Register {
    code: "documents",
    label: "Документы",
    label_en: "Documents",
    names: ("Documents", "Document"),
    source: "documents",
    columns: DOCUMENT_COLUMNS,
    moment: "changed_at",
    over: Over::Everything,
    from: Sql::Same(
        "documents t JOIN cases c ON c.id = t.case_id \
         LEFT JOIN document_versions v ON v.document_id = t.id AND v.version = t.versions",
    ),
    condition: "",
    key: "t.id",
};

const DOCUMENT_COLUMNS: &[Column] = &[
    Column::new("system", "Система", "System", ColumnType::Text, "c.system"),
    Column::new("kind", "Вид дела", "Kind of case", ColumnType::Text, "c.kind"),
    Column::new("case_number", "Номер дела", "Number of the case", ColumnType::Text, "c.number"),
    Column::new("type", "Тип документа", "Type of document", ColumnType::Text, "t.type"),
    Column::label("type_label", "Название типа", "Name of the type", Labels::DocumentType, &["system", "kind", "type"]),
    Column::new("series", "Серия", "Series", ColumnType::Text, "t.series").optional().masked(),
    Column::new("number", "Номер документа", "Number of the document", ColumnType::Text, "t.number").masked(),
    Column::new("title", "Название", "Title", ColumnType::Text, "t.title").optional(),
    Column::new("issuer", "Кем выдан", "Issuer", ColumnType::Text, "t.issuer").optional(),
    Column::new("issued_on", "Дата выдачи", "Issued on", ColumnType::Day, "t.issued_on").optional(),
    Column::new("valid_until", "Действует по", "Valid until", ColumnType::Day, "t.valid_until").optional(),
    Column::new("state", "Состояние", "State", ColumnType::State(STATES), "t.state"),
    Column::label("state_label", "Название состояния", "Name of the state", Labels::DocumentState, &["state"]),
    Column::new("reason", "Причина отклонения", "Why rejected", ColumnType::Text, "t.reason").optional(),
    Column::each(
        "signed",
        ("Подписано", "Signed"),
        ColumnType::Flag,
        "(t.signed IS NOT NULL)",
        "(t.signed IS NOT NULL)::int::bigint",
    ),
    Column::new("versions", "Версий", "Versions", ColumnType::Whole, "t.versions"),
    Column::new("file_name", "Файл", "File", ColumnType::Text, "v.file_name").optional(),
    Column::new("media_type", "Формат", "Media type", ColumnType::Text, "v.media_type").optional(),
    Column::new("size", "Размер, байт", "Size, bytes", ColumnType::Whole, "v.size").optional(),
    Column::new("sha256", "SHA-256", "SHA-256", ColumnType::Text, "v.sha256").optional(),
    Column::new("uploader", "Кем загружен", "Uploaded by", ColumnType::Text, "v.uploader").optional(),
    Column::new("uploaded_at", "Загружен", "Uploaded at", ColumnType::Moment, "v.uploaded_at").optional(),
    Column::new("changed_at", "Изменён", "Changed at", ColumnType::Moment, "t.changed_at"),
];

pub(super) static REQUESTS: Register = Register {
    code: "document-requests",
    label: "Запросы документов",
    label_en: "Document requests",
    names: ("DocumentRequests", "DocumentRequest"),
    source: "document_requests",
    columns: REQUEST_COLUMNS,
    moment: "opened_at",
    over: Over::Everything,
    from: Sql::Same("document_requests t JOIN cases c ON c.id = t.case_id LEFT JOIN inbox i ON i.seq = t.message"),
    condition: "",
    key: "t.id",
};

const REQUEST_COLUMNS: &[Column] = &[
    Column::new("system", "Система", "System", ColumnType::Text, "c.system"),
    Column::new("kind", "Вид дела", "Kind of case", ColumnType::Text, "c.kind"),
    Column::new("case_number", "Номер дела", "Number of the case", ColumnType::Text, "c.number"),
    Column::new("agency", "Кто запросил", "Asked by", ColumnType::Text, "t.agency"),
    Column::new("state", "Состояние", "State", ColumnType::State(REQUEST_STATES), "t.state"),
    Column::each(
        "wanted",
        ("Типы документов", "Types of documents"),
        ColumnType::Text,
        "(SELECT group_concat(w.value ->> 'kind', ' ') FROM json_each(t.wanted) w)",
        "(SELECT string_agg(w ->> 'kind', ' ') FROM jsonb_array_elements(t.wanted::jsonb) w)",
    )
    .optional(),
    Column::each(
        "wanted_text",
        ("Что запрошено", "What is wanted"),
        ColumnType::Text,
        "(SELECT group_concat(w.value ->> 'text', '; ') FROM json_each(t.wanted) w)",
        "(SELECT string_agg(w ->> 'text', '; ') FROM jsonb_array_elements(t.wanted::jsonb) w)",
    )
    .optional(),
    Column::each(
        "wanted_count",
        ("Запрошено, шт.", "Documents wanted"),
        ColumnType::Whole,
        "json_array_length(t.wanted)",
        "jsonb_array_length(t.wanted::jsonb)::bigint",
    ),
    Column::each(
        "delivered_count",
        ("Получено, шт.", "Documents delivered"),
        ColumnType::Whole,
        "(SELECT count(*) FROM json_each(t.wanted) w WHERE w.value ->> 'delivered')",
        "(SELECT count(*) FROM jsonb_array_elements(t.wanted::jsonb) w WHERE (w ->> 'delivered')::boolean)",
    ),
    Column::new("due", "Срок истекает", "Due", ColumnType::Moment, "t.due").optional(),
    Column::new("opened_at", "Дата запроса", "Opened at", ColumnType::Moment, "t.opened_at"),
    Column::new("closed_at", "Закрыт", "Closed at", ColumnType::Moment, "t.closed_at").optional(),
    Column::new("message_id", "Сообщение", "Message", ColumnType::Text, "i.message_id").optional(),
];
