//! The built-in lifecycles against the tables of the trade.

use crate::domain::lifecycle::*;

const EPGU: &str = include_str!("../../../../xsd/epgu/lifecycle.toml");
const DOCUMENTS: &str = include_str!("../../../../xsd/common/documents.toml");

#[test]
fn services_have_their_own_deadlines_and_targets() {
    let epgu = Lifecycle::load("epgu", EPGU).unwrap();
    for (service, status, term, moved) in [
        ("citizen-registration", "incomplete", "5 working days", "lapsed"),
        ("licence", "incomplete", "10 working days", "lapsed"),
        ("licence", "rework", "20 working days", "rejected"),
        ("subsidy", "rework", "10 working days", "on_check"),
        ("certificate", "rework", "10 working days", "cancelled"),
        ("certificate", "payment_suspended", "15 calendar days", "archived"),
        ("licence", "payment_suspended", "15 calendar days", "rejected"),
    ] {
        let (status, service) = (epgu.status(status).unwrap(), epgu.service(service));
        assert_eq!(epgu.deadline(status, service), term.parse().ok(), "{service:?}");
        let moving = status.timers.iter().find(|timer| matches!(timer.action, Action::Move { .. })).unwrap();
        let target = epgu.timer_target(status, moving, service);
        assert_eq!(target.map(|target| target.code.as_str()), Some(moved), "{service:?}");
    }
    let [certificate, licence] = ["certificate", "licence"].map(|code| epgu.service(code).unwrap().duplicates);
    assert_eq!((certificate, licence), (Duplicates::Allowed, Duplicates::Refused));
    assert!(epgu.service("fishing").is_none());
}

#[test]
fn reasons_are_for_their_statuses() {
    let epgu = Lifecycle::load("epgu", EPGU).unwrap();
    for (status, reason, right) in [
        ("refused", "missing-documents", true),
        ("cancelled", "missing-documents", false),
        ("cancelled", "formal-grounds", true),
        ("lapsed", "term-expired", true),
        ("refused", "rain", false),
    ] {
        let status = epgu.status(status).unwrap();
        assert_eq!(epgu.reason(status, reason).is_some(), right, "{} {reason}", status.code);
    }
}

/// The table of the trade: code, label, whether it is open for duplicates, what it requires, where it leads.
const TABLE: [(&str, &str, bool, &str, &str); 24] = [
    ("received", "Получено", true, "", "incomplete verified rejected cancelled"),
    ("incomplete", "Неполный", true, "Missing", "received cancelled lapsed"),
    ("verified", "Проверено", true, "", "assigned awaiting_payment cancelled"),
    ("assigned", "Назначено исполнителю", true, "Officer", "accepted cancelled"),
    (
        "accepted",
        "Принято к рассмотрению",
        true,
        "ExpectedOn",
        "awaiting_payment under_review clarification rework approved rejected refused lapsed cancelled",
    ),
    ("awaiting_payment", "Ожидает оплаты", true, "Amount", "paid payment_suspended rejected archived cancelled"),
    ("payment_suspended", "Ожидание оплаты", true, "", "awaiting_payment paid rejected archived cancelled"),
    ("paid", "Оплата подтверждена", true, "", "assigned accepted under_review cancelled"),
    (
        "under_review",
        "На рассмотрении",
        true,
        "",
        "clarification awaiting_data rework executed approved refused rejected cancelled",
    ),
    ("clarification", "Требуется уточнение", true, "Missing", "on_check under_review lapsed cancelled"),
    ("awaiting_data", "Ожидает дополнительных данных", true, "Missing", "on_check under_review lapsed cancelled"),
    ("rework", "Требуется доработка", true, "Missing", "on_check cancelled rejected"),
    (
        "on_check",
        "На проверке",
        true,
        "",
        "under_review executed approved rework clarification refused rejected cancelled",
    ),
    ("executed", "Выполнено", true, "", "approved refused rendered"),
    ("approved", "Одобрено", false, "Result", "rendered"),
    ("rendered", "Услуга оказана", true, "", "completed"),
    ("completed", "Завершено", false, "", ""),
    ("refused", "Отказано", false, "Reasons", "on_appeal closed"),
    ("rejected", "Отклонено", false, "Reasons", "on_appeal closed"),
    ("on_appeal", "На пересмотре", true, "", "approved refused"),
    ("closed", "Закрыто", false, "", ""),
    ("lapsed", "Не завершено", false, "", ""),
    ("cancelled", "Аннулировано", false, "Reasons", ""),
    ("archived", "В архиве", false, "", ""),
];

#[test]
fn epgu_is_the_table_of_the_trade() {
    let epgu = Lifecycle::load("xsd/epgu/lifecycle.toml", EPGU).unwrap();
    let rows: Vec<_> = epgu
        .statuses()
        .iter()
        .map(|one| {
            let requires: Vec<_> = one.requires.iter().map(|required| format!("{required:?}")).collect();
            (one.code.as_str(), one.label.as_str(), one.class.is_open(), requires.join(" "), one.next.join(" "))
        })
        .collect();
    let table =
        TABLE.map(|(code, label, open, requires, next)| (code, label, open, requires.to_owned(), next.to_owned()));
    assert_eq!(rows, table);
    assert_eq!(epgu.start().code, "received");
    assert_eq!(epgu.channels(), ["cabinet", "email", "push", "sms"]);
    for (word, code) in
        [("В обработке", "under_review"), ("Требуется оплата", "awaiting_payment"), ("Отказ", "refused")]
    {
        assert_eq!(epgu.recognize(word).map(|one| one.code.as_str()), Some(code));
    }
}

#[test]
fn final_decisions_go_to_cabinet_and_sms() {
    let epgu = Lifecycle::load("epgu", EPGU).unwrap();
    for status in epgu.statuses() {
        let event = epgu.event_of(status).unwrap();
        let sms = event.channels.iter().any(|channel| channel == "sms");
        let decided = status.class == Class::Decision || status.code == "rendered";
        assert_eq!(sms, decided, "{}", status.code);
        assert!(event.channels.iter().any(|channel| channel == "cabinet"), "{}", status.code);
    }
}

#[test]
fn every_epgu_timer_that_the_trade_names_is_there() {
    let epgu = Lifecycle::load("epgu", EPGU).unwrap();
    let moves: Vec<_> = epgu
        .statuses()
        .iter()
        .flat_map(|status| status.timers.iter().map(move |timer| (status, timer)))
        .filter_map(|(status, timer)| {
            Some((status.code.as_str(), epgu.timer_target(status, timer, None)?.code.as_str()))
        })
        .collect();
    let named = [
        ("incomplete", "lapsed"),
        ("accepted", "lapsed"),
        ("awaiting_payment", "payment_suspended"),
        ("payment_suspended", "rejected"),
        ("clarification", "lapsed"),
        ("awaiting_data", "lapsed"),
        ("rework", "cancelled"),
        ("rendered", "completed"),
        ("refused", "closed"),
        ("rejected", "closed"),
    ];
    assert_eq!(moves, named);
    assert!(matches!(epgu.timers(), [Timer { due: Due::ServiceTerm, action: Action::Escalate { .. }, .. }]));
}

#[test]
fn documents_live_their_own_small_life() {
    let documents = Lifecycle::load("xsd/common/documents.toml", DOCUMENTS).unwrap();
    let rows: Vec<_> = documents.statuses().iter().map(|one| (one.label.as_str(), one.next.join(" "))).collect();
    let table = [
        ("Загружено", "on_check expired"),
        ("На проверке", "approved rejected expired"),
        ("Одобрен", "expired"),
        ("Отклонён", ""),
        ("Истёк срок действия", ""),
    ];
    assert_eq!(rows, table.map(|(label, next)| (label, next.to_owned())));
}
