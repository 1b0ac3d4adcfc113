//! Messages with their one outcome, and what failed.

use super::column::Sql;
use super::{Column, ColumnType, Labels, Over, Register};

const OUTCOMES: &[&str] = &["parked", "applied", "failed"];
const STATES: &[&str] = &["open", "replayed", "discarded"];

pub(super) static MESSAGES: Register = Register {
    code: "messages",
    label: "Сообщения",
    label_en: "Messages",
    names: ("Messages", "Message"),
    source: "inbox",
    columns: MESSAGE_COLUMNS,
    moment: "received_at",
    over: Over::Everything,
    from: Sql::Same("inbox t"),
    condition: "",
    key: "t.seq",
};

const MESSAGE_COLUMNS: &[Column] = &[
    Column::new("seq", "Порядковый номер", "Order of arrival", ColumnType::Whole, "t.seq"),
    Column::new("sender", "Отправитель", "Sender", ColumnType::Text, "t.sender"),
    Column::new("message_id", "Идентификатор", "Message id", ColumnType::Text, "t.message_id"),
    Column::new("system", "Система", "System", ColumnType::Text, "t.system").optional(),
    Column::new("kind", "Вид сообщения", "Kind of message", ColumnType::Text, "t.kind").optional(),
    Column::new("version", "Версия схемы", "Version of the schema", ColumnType::Text, "t.version").optional(),
    Column::new("outcome", "Исход", "Outcome", ColumnType::State(OUTCOMES), "t.outcome"),
    Column::new("code", "Код отказа", "Code of the refusal", ColumnType::Text, "t.code").optional(),
    Column::label("code_label", "Причина отказа", "Reason of the refusal", Labels::Outcome, &["code"]),
    Column::new("test", "Тестовое", "Test", ColumnType::Flag, "t.test"),
    Column::new("source", "Откуда", "Source", ColumnType::Text, "t.source"),
    Column::new("size", "Размер, байт", "Size, bytes", ColumnType::Whole, "t.raw_length"),
    Column::each(
        "items",
        ("Позиций", "Items"),
        ColumnType::Whole,
        "json_array_length(t.items)",
        "jsonb_array_length(t.items::jsonb)::bigint",
    ),
    Column::new("received_at", "Получено", "Received at", ColumnType::Moment, "t.received_at"),
    Column::new("settled_at", "Обработано", "Settled at", ColumnType::Moment, "t.settled_at").optional(),
    Column::new("repeats", "Повторов", "Repeats", ColumnType::Whole, "t.repeats"),
    Column::new("repeated_at", "Последний повтор", "Last repeat at", ColumnType::Moment, "t.repeated_at").optional(),
];

pub(super) static DEAD_LETTERS: Register = Register {
    code: "dead-letters",
    label: "Необработанные сообщения",
    label_en: "Dead letters",
    names: ("DeadLetters", "DeadLetter"),
    source: "dead_letters",
    columns: LETTER_COLUMNS,
    moment: "died_at",
    over: Over::Everything,
    from: Sql::Same("dead_letters t"),
    condition: "",
    key: "t.id",
};

const LETTER_COLUMNS: &[Column] = &[
    Column::new("id", "Номер", "Number", ColumnType::Whole, "t.id"),
    Column::new("state", "Состояние", "State", ColumnType::State(STATES), "t.state"),
    Column::new("code", "Код отказа", "Code of the refusal", ColumnType::Text, "t.code"),
    Column::label("code_label", "Причина отказа", "Reason of the refusal", Labels::Outcome, &["code"]),
    Column::new("reason", "Подробности", "Particulars", ColumnType::Text, "t.reason"),
    Column::new("sender", "Отправитель", "Sender", ColumnType::Text, "t.sender"),
    Column::new("message_id", "Идентификатор сообщения", "Message id", ColumnType::Text, "t.message_id"),
    Column::new("item", "Позиция в сообщении", "Item of the message", ColumnType::Whole, "t.item"),
    Column::new("system", "Система", "System", ColumnType::Text, "t.system").optional(),
    Column::new("kind", "Вид сообщения", "Kind of message", ColumnType::Text, "t.kind").optional(),
    Column::new("case_number", "Номер дела", "Number of the case", ColumnType::Text, "t.case_number").optional(),
    Column::each(
        "violations",
        ("Нарушений", "Violations"),
        ColumnType::Whole,
        "json_array_length(t.violations)",
        "jsonb_array_length(t.violations::jsonb)::bigint",
    ),
    Column::each(
        "violation",
        ("Первое нарушение", "First violation"),
        ColumnType::Text,
        "t.violations ->> '$[0].code'",
        "(t.violations::jsonb -> 0 ->> 'code')",
    )
    .optional(),
    Column::each(
        "path",
        ("Место в XML", "Place in the XML"),
        ColumnType::Text,
        "t.violations ->> '$[0].path'",
        "(t.violations::jsonb -> 0 ->> 'path')",
    )
    .optional(),
    Column::new("source", "Откуда", "Source", ColumnType::Text, "t.source"),
    Column::new("size", "Размер, байт", "Size, bytes", ColumnType::Whole, "t.size"),
    Column::new("attempts", "Попыток", "Attempts", ColumnType::Whole, "t.attempts"),
    Column::new("died_at", "Отказано", "Failed at", ColumnType::Moment, "t.died_at"),
    Column::new("closed_at", "Закрыто", "Closed at", ColumnType::Moment, "t.closed_at").optional(),
    Column::new("closed_by", "Кем закрыто", "Closed by", ColumnType::Text, "t.closed_by").optional(),
];
