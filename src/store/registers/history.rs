//! The history of cases: every accepted change, append-only.

use super::column::Sql;
use super::{Column, ColumnType, Labels, Over, Register};

const ENTRIES: &[&str] = &["opened", "moved", "comment", "late", "documents", "acted", "corrected", "timed"];

pub(super) static HISTORY: Register = Register {
    code: "status-history",
    label: "История статусов",
    label_en: "Status history",
    names: ("StatusHistory", "Entry"),
    source: "history",
    columns: COLUMNS,
    moment: "recorded_at",
    over: Over::Everything,
    from: Sql::Same(
        "history t JOIN cases c ON c.id = t.case_id LEFT JOIN inbox i ON i.seq = t.message \
         LEFT JOIN timers m ON m.id = t.timer",
    ),
    condition: "",
    key: "t.id",
};

const COLUMNS: &[Column] = &[
    Column::new("system", "Система", "System", ColumnType::Text, "c.system"),
    Column::new("kind", "Вид дела", "Kind of case", ColumnType::Text, "c.kind"),
    Column::label("kind_label", "Название вида", "Name of the kind", Labels::Kind, &["system", "kind"]),
    Column::new("number", "Номер дела", "Number of the case", ColumnType::Text, "c.number"),
    Column::new("entry", "Запись", "Entry", ColumnType::State(ENTRIES), "t.entry"),
    Column::new("turn", "Переход", "Move", ColumnType::Whole, "t.turn"),
    Column::new("from_status", "Статус до", "Status before", ColumnType::Text, "t.from_status").optional(),
    Column::label(
        "from_label",
        "Название статуса до",
        "Name of the status before",
        Labels::Status,
        &["system", "kind", "from_status"],
    ),
    Column::new("to_status", "Статус после", "Status after", ColumnType::Text, "t.to_status"),
    Column::label(
        "to_label",
        "Название статуса после",
        "Name of the status after",
        Labels::Status,
        &["system", "kind", "to_status"],
    ),
    Column::new("happened_at", "Произошло", "Happened at", ColumnType::Moment, "t.happened_at"),
    Column::new("recorded_at", "Записано", "Recorded at", ColumnType::Moment, "t.recorded_at"),
    Column::new("agency", "Ведомство", "Agency", ColumnType::Text, "t.agency"),
    Column::new("officer", "Исполнитель", "Officer", ColumnType::Text, "t.officer").optional(),
    Column::new("comment", "Комментарий", "Comment", ColumnType::Text, "t.comment").optional(),
    Column::each(
        "reasons",
        ("Причины", "Reasons"),
        ColumnType::Text,
        "(SELECT group_concat(r.value ->> 'code', ' ') FROM json_each(t.details, '$.reasons') r)",
        "(SELECT string_agg(r ->> 'code', ' ') FROM jsonb_array_elements(t.details::jsonb -> 'reasons') r)",
    )
    .optional(),
    Column::new("timer", "Истёкший срок", "Timer", ColumnType::Text, "m.code").optional(),
    Column::new("message_id", "Сообщение", "Message", ColumnType::Text, "i.message_id").optional(),
    Column::new("item", "Позиция в сообщении", "Item of the message", ColumnType::Whole, "t.item").optional(),
];
