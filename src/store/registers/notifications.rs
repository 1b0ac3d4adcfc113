//! Notices to people: which channel, how far.

use super::column::Sql;
use super::{Column, ColumnType, Over, Register};

const AUDIENCES: &[&str] = &["applicant", "agency", "origin", "all"];
const STATES: &[&str] = &["pending", "sent", "confirmed", "failed", "suppressed"];

pub(super) static NOTIFICATIONS: Register = Register {
    code: "notifications",
    label: "Уведомления",
    label_en: "Notifications",
    names: ("Notifications", "Notification"),
    source: "notifications",
    columns: COLUMNS,
    moment: "created_at",
    over: Over::Everything,
    from: Sql::Same("notifications t JOIN events e ON e.id = t.event"),
    condition: "",
    key: "t.id",
};

const COLUMNS: &[Column] = &[
    Column::new("message_id", "Идентификатор", "Id", ColumnType::Text, "t.delivery"),
    Column::new("system", "Система", "System", ColumnType::Text, "e.system").optional(),
    Column::new("case_number", "Номер дела", "Number of the case", ColumnType::Text, "e.case_number").optional(),
    Column::new("event", "Событие", "Event", ColumnType::Text, "e.code"),
    Column::new("audience", "Кому", "Audience", ColumnType::State(AUDIENCES), "t.audience"),
    Column::new("channel", "Канал", "Channel", ColumnType::Text, "t.channel"),
    Column::new("state", "Состояние", "State", ColumnType::State(STATES), "t.state"),
    Column::new("attempts", "Попыток", "Attempts", ColumnType::Whole, "t.attempts"),
    Column::new("error", "Причина неотправки", "Why it did not leave", ColumnType::Text, "coalesce(t.error, t.reason)")
        .optional(),
    Column::new("created_at", "Создано", "Created at", ColumnType::Moment, "t.created_at"),
    Column::new("sent_at", "Отправлено", "Sent at", ColumnType::Moment, "t.sent_at").optional(),
    Column::new("settled_at", "Завершено", "Settled at", ColumnType::Moment, "t.settled_at").optional(),
];
