//! Cases: all of them, and those of the kinds that a lifecycle marks with a register.

use super::column::Sql;
use super::{Column, ColumnType, Labels, Over, Register};

const COLUMNS: &[Column] = &[
    Column::new("system", "Система", "System", ColumnType::Text, "t.system"),
    Column::label("system_label", "Название системы", "Name of the system", Labels::System, &["system"]),
    Column::new("kind", "Вид дела", "Kind of case", ColumnType::Text, "t.kind"),
    Column::label("kind_label", "Название вида", "Name of the kind", Labels::Kind, &["system", "kind"]),
    Column::new("number", "Номер", "Number", ColumnType::Text, "t.number"),
    Column::new("status", "Статус", "Status", ColumnType::Text, "t.status"),
    Column::label("status_label", "Название статуса", "Name of the status", Labels::Status, &["system", "kind", "status"]),
    Column::new("since", "В статусе с", "In the status since", ColumnType::Moment, "t.since"),
    Column::new("service", "Услуга", "Service", ColumnType::Text, "t.service").optional(),
    Column::label("service_label", "Название услуги", "Name of the service", Labels::Service, &["system", "kind", "service"]),
    Column::new("object", "Объект", "Object", ColumnType::Text, "t.object").optional(),
    Column::new("purpose", "Цель", "Purpose", ColumnType::Text, "t.purpose").optional(),
    Column::new("title", "Краткое название", "Short name", ColumnType::Text, "t.title").optional().titling(),
    Column::new("parent_kind", "Вид исходного дела", "Kind of the parent case", ColumnType::Text, "t.parent_kind").optional(),
    Column::new("parent_number", "Номер исходного дела", "Number of the parent case", ColumnType::Text, "t.parent_number").optional(),
    Column::each(
        "parties",
        ("Участники", "Parties"),
        ColumnType::Text,
        "(SELECT group_concat(p.role || ' ' || p.identifier || ' ' || p.shown, '; ' ORDER BY p.role, p.identifier, p.hash) \
         FROM parties p WHERE p.case_id = t.id)",
        "(SELECT string_agg(p.role || ' ' || p.identifier || ' ' || p.shown, '; ' ORDER BY p.role, p.identifier, p.hash) \
         FROM parties p WHERE p.case_id = t.id)",
    )
    .optional(),
    Column::new("origin", "Кто открыл", "Opened by", ColumnType::Text, "t.origin"),
    Column::new("agency", "Ведомство", "Agency", ColumnType::Text, "t.agency"),
    Column::new("officer", "Исполнитель", "Officer", ColumnType::Text, "t.officer").optional(),
    Column::new("unit", "Подразделение", "Unit", ColumnType::Text, "t.unit").optional(),
    Column::new("deadline", "Срок истекает", "Deadline", ColumnType::Moment, "t.deadline").optional(),
    Column::new("expected_on", "Ожидается", "Expected on", ColumnType::Day, "t.expected_on").optional(),
    Column::new("valid_from", "Действует с", "Valid from", ColumnType::Moment, "t.valid_from").optional(),
    Column::new("valid_until", "Действует до", "Valid until", ColumnType::Moment, "t.valid_until").optional(),
    Column::new("amount", "Сумма, руб.", "Amount, roubles", ColumnType::Decimal(2), "t.amount").optional(),
    Column::new("email", "Электронная почта", "E-mail", ColumnType::Text, "t.email").optional().masked(),
    Column::new("phone", "Телефон", "Phone", ColumnType::Text, "t.phone").optional().masked(),
    Column::new("open", "Открыто", "Open", ColumnType::Flag, "t.open"),
    Column::new("turn", "Переходов", "Moves", ColumnType::Whole, "t.turn"),
    Column::new("opened_at", "Поступило", "Opened at", ColumnType::Moment, "t.opened_at"),
    Column::new("changed_at", "Изменено", "Changed at", ColumnType::Moment, "t.changed_at"),
];

const fn register(
    code: &'static str,
    label: &'static str,
    label_en: &'static str,
    names: (&'static str, &'static str),
    over: Over,
) -> Register {
    Register {
        code,
        label,
        label_en,
        names,
        source: "cases",
        columns: COLUMNS,
        moment: "opened_at",
        over,
        from: Sql::Same("cases t"),
        condition: "",
        key: "t.id",
    }
}

pub(super) static CASES: Register = register("cases", "Дела", "Cases", ("Cases", "Case"), Over::Everything);
pub(super) static PAYMENTS: Register =
    register("payments", "Платежи", "Payments", ("Payments", "Payment"), Over::MarkedKinds);
pub(super) static APPEALS: Register =
    register("appeals", "Апелляции и жалобы", "Appeals and complaints", ("Appeals", "Appeal"), Over::MarkedKinds);
pub(super) static INQUIRIES: Register =
    register("inquiries", "Обращения в ведомства", "Inquiries", ("Inquiries", "Inquiry"), Over::MarkedKinds);
pub(super) static ORGANIZATIONS: Register =
    register("organizations", "Организации", "Organizations", ("Organizations", "Organization"), Over::MarkedKinds);
pub(super) static POWERS: Register =
    register("powers", "Доверенности", "Powers of attorney", ("Powers", "Power"), Over::MarkedKinds);
pub(super) static CERTIFICATES: Register =
    register("certificates", "Сертификаты", "Certificates", ("Certificates", "Certificate"), Over::MarkedKinds);
pub(super) static CONSENTS: Register = register(
    "consents",
    "Согласия на обработку персональных данных",
    "Consents",
    ("Consents", "Consent"),
    Over::MarkedKinds,
);
pub(super) static RECORDS: Register =
    register("records", "Записи реестров", "Registry records", ("Records", "Record"), Over::MarkedKinds);
pub(super) static DIALOGS: Register =
    register("dialogs", "Переписка", "Dialogs", ("Dialogs", "Dialog"), Over::MarkedKinds);
