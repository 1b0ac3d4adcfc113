//! Reports: what the tables say when they are counted together. A report is one definition, as a register is: its columns, and the
//! statement that its rows come from. What is counted by day comes in quarters of an hour, because only a zone says what a day is.

use serde_json::json;

use super::registers::{Bind, Column, ColumnType, Dialect, Labels, Period, Statement, Value};

/// A report.
#[derive(Debug)]
pub struct Report {
    /// Code in jobs and on the command line.
    pub code: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The same in English.
    pub label_en: &'static str,
    /// Names of its document's root and of a row of it.
    pub names: (&'static str, &'static str),
    /// Its columns.
    pub columns: &'static [Column],
    /// Whether its first column is a day: its rows come with the beginning of a quarter of an hour instead, and are to be added up.
    pub by_day: bool,
    question: Question,
}

/// What a report asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Statuses,
    Terms,
    Throughput,
    Violations,
    Responses,
}

/// What is asked of a report.
#[derive(Debug, Clone, Default)]
pub struct ReportAsk {
    /// From when to when.
    pub period: Option<Period>,
    /// (system, kind, timer) of the timers that are terms, not reminders.
    pub terms: Vec<[String; 3]>,
    /// (system, kind, status) of the statuses in which it is the applicant's turn.
    pub waiting: Vec<[String; 3]>,
}

/// Milliseconds of a quarter of an hour.
pub const QUARTER: i64 = 900_000;
/// The most violations that are told.
const VIOLATIONS_MAX: i64 = 200;

/// Every report, in the order in which they are listed.
pub static ALL: &[&Report] = &[&STATUSES, &TERMS, &THROUGHPUT, &VIOLATIONS, &RESPONSES];

const SYSTEM: Column = text("system", "Система", "System");
const KIND: Column = text("kind", "Вид дела", "Kind of case");
const KIND_LABEL: Column =
    Column::label("kind_label", "Название вида", "Name of the kind", Labels::Kind, &["system", "kind"]);
const OF_STATUS: &[&str] = &["system", "kind", "status"];
const MESSAGE_KIND: Column = text("kind", "Вид сообщения", "Kind of message");
const AGENCY: Column = text("agency", "Ведомство", "Agency");
const DAY: Column = Column::new("day", "День", "Day", ColumnType::Day, "day");
const MESSAGES: Column = count("messages", "Сообщений", "Messages");
const P50: Column = hours("p50", "Медиана, ч", "Median, hours");
const P90: Column = hours("p90", "90 % не дольше, ч", "90 % within, hours");
const P99: Column = hours("p99", "99 % не дольше, ч", "99 % within, hours");
const LONGEST: Column = hours("longest", "Максимум, ч", "Longest, hours");

/// How long something took, in hours.
const fn hours(code: &'static str, ru: &'static str, en: &'static str) -> Column {
    Column::new(code, ru, en, ColumnType::Decimal(2), code)
}

const fn count(code: &'static str, ru: &'static str, en: &'static str) -> Column {
    Column::new(code, ru, en, ColumnType::Whole, code)
}

const fn text(code: &'static str, ru: &'static str, en: &'static str) -> Column {
    Column::new(code, ru, en, ColumnType::Text, code)
}

/// A report of a question; one whose first column is a day is counted by days.
const fn report(
    (code, question): (&'static str, Question),
    (label, label_en): (&'static str, &'static str),
    names: (&'static str, &'static str),
    columns: &'static [Column],
) -> Report {
    let by_day = matches!(columns[0].kind, ColumnType::Day);
    Report { code, label, label_en, names, columns, by_day, question }
}

static STATUSES: Report = report(
    ("cases-by-status", Question::Statuses),
    ("Дела по статусам, ведомствам и дням", "Cases by status, agency and day"),
    ("CasesByStatus", "Count"),
    &[
        DAY,
        SYSTEM,
        KIND,
        KIND_LABEL,
        AGENCY,
        text("status", "Статус", "Status"),
        Column::label("status_label", "Название статуса", "Name of the status", Labels::Status, OF_STATUS),
        count("cases", "Перешло дел", "Cases that entered it"),
    ],
);
static TERMS: Report = report(
    ("terms", Question::Terms),
    ("Сроки: соблюдены и нарушены", "Terms kept and broken"),
    ("Terms", "Term"),
    &[
        SYSTEM,
        KIND,
        KIND_LABEL,
        text("term", "Срок", "Term"),
        Column::label("term_label", "Что за срок", "What the term is", Labels::Timer, &["system", "kind", "term"]),
        count("kept", "Соблюдено", "Kept"),
        count("broken", "Нарушено", "Broken"),
        Column::new("share", "Нарушено, %", "Broken, %", ColumnType::Decimal(1), "share"),
        P50,
        P90,
        P99,
        LONGEST,
    ],
);

static THROUGHPUT: Report = report(
    ("throughput", Question::Throughput),
    ("Сообщения и отказы по ведомствам и видам", "Throughput and failures by agency and kind"),
    ("Throughput", "Flow"),
    &[
        DAY,
        text("sender", "Отправитель", "Sender"),
        SYSTEM,
        MESSAGE_KIND,
        MESSAGES,
        count("applied", "Применено", "Applied"),
        count("failed", "Отказано", "Failed"),
        count("parked", "Ожидает", "Parked"),
        count("test", "Тестовых", "Tests"),
        count("repeats", "Повторов", "Repeats"),
    ],
);

static VIOLATIONS: Report = report(
    ("violations", Question::Violations),
    ("Частые нарушения", "Top violations"),
    ("Violations", "Violation"),
    &[
        text("code", "Нарушение", "Violation"),
        Column::label("code_label", "Причина отказа", "Reason of the refusal", Labels::Outcome, &["code"]),
        text("constraint", "Ограничение стандарта", "Constraint of the standard").optional(),
        SYSTEM.optional(),
        MESSAGE_KIND.optional(),
        text("path", "Место в XML", "Place in the XML").optional(),
        count("violations", "Нарушений", "Violations"),
        MESSAGES,
        count("senders", "Отправителей", "Senders"),
    ],
);

static RESPONSES: Report = report(
    ("responses", Question::Responses),
    ("Время ответа ведомств", "Response times of agencies"),
    ("Responses", "Response"),
    &[AGENCY, SYSTEM, KIND, KIND_LABEL, count("answers", "Ответов", "Answers"), P50, P90, P99, LONGEST],
);

impl Report {
    /// The report of this code.
    #[must_use]
    pub fn get(code: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|report| report.code == code)
    }

    /// The columns that are read; labels are not among them.
    pub fn reads(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| matches!(column.value, Value::Read(_)))
    }

    /// What is read as a number, in the order of the values; a day comes as the beginning of its quarter of an hour.
    pub(super) fn numbers(&self) -> impl Iterator<Item = bool> {
        self.reads().enumerate().map(|(at, column)| column.kind.is_number() || (self.by_day && at == 0))
    }

    /// The statement that its rows come from, in the order of [`Report::reads`].
    pub(super) fn statement(&self, dialect: Dialect, ask: &ReportAsk) -> Statement {
        match self.question {
            Question::Statuses => statuses(dialect, ask),
            Question::Terms => terms(dialect, ask),
            Question::Throughput => throughput(dialect, ask),
            Question::Violations => violations(dialect, ask),
            Question::Responses => responses(dialect, ask),
        }
    }
}

/// The value that so many of a hundred do not exceed, by nearest rank, over `took`, `place` and `total`, in hundredths of hours.
fn quantile(percent: u32) -> String {
    format!(
        "max(CASE WHEN place * 100 >= {percent} * total AND (place - 1) * 100 < {percent} * total THEN took END) / 36000"
    )
}

fn quantiles() -> String {
    format!("{}, {}, {}, max(took) / 36000", quantile(50), quantile(90), quantile(99))
}

/// ` AND moment >= … AND moment < …`.
fn within(statement: &mut Statement, moment: &str, ask: &ReportAsk) {
    if let Some(period) = ask.period {
        statement.add(&format!(" AND {moment} >= "));
        statement.bind(Bind::Number(period.from));
        statement.add(&format!(" AND {moment} < "));
        statement.bind(Bind::Number(period.to));
    }
}

/// A list of triples to be looked into.
fn triples(statement: &mut Statement, dialect: Dialect, list: &[[String; 3]]) {
    let (before, after) = match dialect {
        Dialect::Sqlite => ("(SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(", "))"),
        Dialect::Postgres => ("(SELECT v ->> 0, v ->> 1, v ->> 2 FROM jsonb_array_elements(", "::jsonb) v)"),
    };
    statement.add(before);
    statement.bind(Bind::Text(json!(list).to_string()));
    statement.add(after);
}

fn statuses(dialect: Dialect, ask: &ReportAsk) -> Statement {
    let text = format!(
        "SELECT h.happened_at / {QUARTER} * {QUARTER} AS day, c.system, c.kind, h.agency, h.to_status, count(*) \
         FROM history h JOIN cases c ON c.id = h.case_id WHERE h.entry IN ('opened', 'moved')"
    );
    let mut statement = Statement::new(dialect, text);
    within(&mut statement, "h.happened_at", ask);
    statement.add(" GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5");
    statement
}

/// A term is kept when its case moved on before it ran out, broken when it ran out.
fn terms(dialect: Dialect, ask: &ReportAsk) -> Statement {
    let mut statement = Statement::new(
        dialect,
        "WITH ended AS (SELECT c.system, c.kind, t.code, t.settled_at - t.started_at AS took, \
         CASE t.state WHEN 'fired' THEN 1 ELSE 0 END AS broken FROM timers t JOIN cases c ON c.id = t.case_id \
         WHERE t.state IN ('fired', 'void')"
            .to_owned(),
    );
    within(&mut statement, "t.settled_at", ask);
    statement.add(" AND (c.system, c.kind, t.code) IN ");
    triples(&mut statement, dialect, &ask.terms);
    statement.add(&format!(
        "), ranked AS (SELECT system, kind, code, took, broken, \
         row_number() OVER (PARTITION BY system, kind, code ORDER BY took) AS place, \
         count(*) OVER (PARTITION BY system, kind, code) AS total FROM ended) \
         SELECT system, kind, code, count(*) - sum(broken), sum(broken), sum(broken) * 1000 / count(*), {} \
         FROM ranked GROUP BY system, kind, code ORDER BY system, kind, code",
        quantiles()
    ));
    statement
}

fn throughput(dialect: Dialect, ask: &ReportAsk) -> Statement {
    let outcome = |outcome: &str| format!("sum(CASE outcome WHEN '{outcome}' THEN 1 ELSE 0 END)");
    let text = format!(
        "SELECT received_at / {QUARTER} * {QUARTER} AS day, sender, coalesce(system, ''), coalesce(kind, ''), count(*), \
         {}, {}, {}, CAST(sum(test) AS BIGINT), CAST(sum(repeats) AS BIGINT) FROM inbox WHERE seq > 0",
        outcome("applied"),
        outcome("failed"),
        outcome("parked"),
    );
    let mut statement = Statement::new(dialect, text);
    within(&mut statement, "received_at", ask);
    statement.add(" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
    statement
}

/// Violations of schemas, and refusals by a rule of the trade, which have no violation of their own.
fn violations(dialect: Dialect, ask: &ReportAsk) -> Statement {
    let (of, list) = match dialect {
        Dialect::Sqlite => ("v.value", "json_each(iif(json_array_length(d.violations) > 0, d.violations, '[{}]')) v"),
        Dialect::Postgres => (
            "v",
            "jsonb_array_elements(CASE WHEN jsonb_array_length(d.violations::jsonb) > 0 THEN d.violations::jsonb \
             ELSE '[{}]'::jsonb END) v",
        ),
    };
    let text = format!(
        "SELECT coalesce({of} ->> 'code', d.code) AS code, {of} ->> 'constraint' AS rule, d.system, d.kind, \
         {of} ->> 'path' AS path, count(*) AS violations, count(DISTINCT d.message), count(DISTINCT d.sender) \
         FROM dead_letters d CROSS JOIN {list} WHERE d.id > 0"
    );
    let mut statement = Statement::new(dialect, text);
    within(&mut statement, "d.died_at", ask);
    statement.add(" GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 2, 3, 4, 5 LIMIT ");
    statement.bind(Bind::Number(VIOLATIONS_MAX));
    statement
}

/// From a case's entering a status until an agency moves it on; the time in which it is the applicant's turn does not count.
fn responses(dialect: Dialect, ask: &ReportAsk) -> Statement {
    let mut statement = Statement::new(
        dialect,
        "WITH steps AS (SELECT h.case_id, h.to_status, h.happened_at AS entered, \
         lead(h.happened_at) OVER (PARTITION BY h.case_id ORDER BY h.turn) AS answered, \
         lead(h.agency) OVER (PARTITION BY h.case_id ORDER BY h.turn) AS agency \
         FROM history h WHERE h.entry IN ('opened', 'moved')), \
         answers AS (SELECT s.agency, c.system, c.kind, s.answered - s.entered AS took FROM steps s \
         JOIN cases c ON c.id = s.case_id WHERE s.answered IS NOT NULL"
            .to_owned(),
    );
    within(&mut statement, "s.answered", ask);
    statement.add(" AND (c.system, c.kind, s.to_status) NOT IN ");
    triples(&mut statement, dialect, &ask.waiting);
    statement.add(&format!(
        "), ranked AS (SELECT agency, system, kind, took, \
         row_number() OVER (PARTITION BY agency, system, kind ORDER BY took) AS place, \
         count(*) OVER (PARTITION BY agency, system, kind) AS total FROM answers) \
         SELECT agency, system, kind, count(*), {} FROM ranked GROUP BY agency, system, kind ORDER BY agency, system, kind",
        quantiles()
    ));
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_is_whole_and_asks_in_both_dialects() {
        let ask = ReportAsk { period: Some(Period { from: 1, to: 2 }), ..ReportAsk::default() };
        for report in ALL {
            let code = report.code;
            assert!(std::ptr::eq(Report::get(code).unwrap(), *report), "{code}");
            assert_eq!(report.reads().count(), report.numbers().count(), "{code}");
            assert!(super::super::Register::get(code).is_none(), "{code} is a register too");
            for column in report.columns {
                if let Value::Label(_, of) = column.value {
                    assert!(of.iter().all(|of| report.reads().any(|read| read.code == *of)), "{code}: {}", column.code);
                }
            }
            let (sqlite, postgres) =
                (report.statement(Dialect::Sqlite, &ask), report.statement(Dialect::Postgres, &ask));
            assert_eq!(sqlite.binds, postgres.binds, "{code}");
            assert!(sqlite.text.contains("?1") && postgres.text.contains("$1"), "{code}");
        }
    }
}
