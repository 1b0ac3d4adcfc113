//! Notices to people: which channel, how far.

use super::column::Sql;
use super::{Column, ColumnType, Over, Register};

const STATES: &[&str] = &["pending", "sent", "stuck"];

pub(super) static NOTIFICATIONS: Register = Register {
    code: "notifications",
    label: "Уведомления",
    label_en: "Notifications",
    names: ("Notifications", "Notification"),
    source: "outbox",
    columns: COLUMNS,
    moment: "created_at",
    over: Over::Everything,
    from: Sql::Same("outbox t LEFT JOIN inbox i ON i.seq = t.message"),
    condition: "t.what = 'notice'",
    key: "t.id",
};

const COLUMNS: &[Column] = &[
    Column::new("message_id", "Идентификатор", "Id", ColumnType::Text, "t.message_id"),
    Column::new("system", "Система", "System", ColumnType::Text, "i.system").optional(),
    Column::new("case_number", "Номер дела", "Number of the case", ColumnType::Text, "t.case_number").optional(),
    Column::new("channel", "Канал", "Channel", ColumnType::Text, "t.address"),
    Column::new("state", "Состояние", "State", ColumnType::State(STATES), "t.state"),
    Column::new("attempts", "Попыток", "Attempts", ColumnType::Whole, "t.attempts"),
    Column::new("error", "Почему не ушло", "Why it did not leave", ColumnType::Text, "t.error").optional(),
    Column::new("created_at", "Создано", "Created at", ColumnType::Moment, "t.created_at"),
    Column::new("sent_at", "Отправлено", "Sent at", ColumnType::Moment, "t.sent_at").optional(),
];
