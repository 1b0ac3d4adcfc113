//! The journal: what persons and jobs did, what it was before and after. It is written with personal data masked already.

use super::column::Sql;
use super::{Column, ColumnType, Over, Register};

pub(super) static AUDIT: Register = Register {
    code: "audit",
    label: "Журнал действий",
    label_en: "Audit",
    names: ("Audit", "Action"),
    source: "audit",
    columns: &[
        Column::new("id", "Номер", "Number", ColumnType::Whole, "t.id"),
        Column::new("at", "Когда", "At", ColumnType::Moment, "t.at"),
        Column::new("actor", "Кто", "Actor", ColumnType::Text, "t.actor"),
        Column::new("action", "Действие", "Action", ColumnType::Text, "t.action"),
        Column::new("subject", "Объект", "Subject", ColumnType::Text, "t.subject"),
        Column::new("before", "Было", "Before", ColumnType::Text, "t.before").optional(),
        Column::new("after", "Стало", "After", ColumnType::Text, "t.after").optional(),
    ],
    moment: "at",
    over: Over::Everything,
    from: Sql::Same("audit t"),
    condition: "",
    key: "t.id",
};
