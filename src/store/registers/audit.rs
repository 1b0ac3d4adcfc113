//! The journal: what persons and jobs did. What it was before and after is not taken out: it may hold personal data.

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
        Column::new("subject", "Над чем", "Subject", ColumnType::Text, "t.subject"),
    ],
    moment: "at",
    over: Over::Everything,
    from: Sql::Same("audit t"),
    condition: "",
    key: "t.id",
};
