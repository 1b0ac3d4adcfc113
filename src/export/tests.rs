//! The committed schemas are what the registers say, and files are what their readers expect.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::csv::Csv;
use super::format::{Encoding, Headings, Profile};
use super::job::{Bench, Job, Subject};
use super::table::{Asked, Table};
use super::xml::{Head, Xml, element, namespace};
use super::{ExportFault, Jobs, Schemas, kinds_of, unknown_marks};
use crate::apply::Lifecycles;
use crate::assemble;
use crate::config::{self, Config};
use crate::domain::language::Language;
use crate::store::registers::{ALL, Over};
use crate::store::{Cell, Column, ColumnType, Page};

/// Set, the schemas are written anew from the registers instead of being held against them.
const WRITE: &str = "MEZHVED_WRITE_EXPORT_SCHEMAS";

fn documented(column: &Column, indent: &str) -> String {
    let masked = if column.masked { ". Скрыто: видны последние знаки" } else { "" };
    let ru = format!("{}{masked}", column.ru);
    // A heading may end with the full stop of an abbreviation.
    let ru = ru.trim_end_matches('.');
    format!(
        "{indent}<xs:annotation>\n{indent}  <xs:documentation xml:lang=\"ru\">{ru}.</xs:documentation>\n\
         {indent}  <xs:documentation xml:lang=\"en\">{}.</xs:documentation>\n{indent}</xs:annotation>\n",
        column.en
    )
}

fn column_schema(column: &Column) -> String {
    let name = element(column.code);
    let occurs = if column.optional { " minOccurs=\"0\"" } else { "" };
    let doc = documented(column, "        ");
    let inline = |base: &str, facets: &str| {
        format!(
            "      <xs:element name=\"{name}\"{occurs}>\n{doc}        <xs:simpleType>\n          <xs:restriction base=\"{base}\">\n\
             {facets}          </xs:restriction>\n        </xs:simpleType>\n      </xs:element>\n"
        )
    };
    let named =
        |kind: &str| format!("      <xs:element name=\"{name}\" type=\"{kind}\"{occurs}>\n{doc}      </xs:element>\n");
    match column.kind {
        ColumnType::Text => named("xs:string"),
        ColumnType::Whole => named("xs:long"),
        ColumnType::Day => named("xs:date"),
        ColumnType::Flag => named("xs:boolean"),
        ColumnType::Moment => named("e:Moment"),
        ColumnType::Decimal(decimals) => {
            inline("xs:decimal", &format!("            <xs:fractionDigits value=\"{decimals}\"/>\n"))
        }
        ColumnType::State(states) => {
            let values = states.iter().map(|state| format!("            <xs:enumeration value=\"{state}\"/>\n"));
            inline("xs:string", &values.collect::<String>())
        }
    }
}

/// The schema that a register's or report's columns make.
fn schema(
    code: &str,
    (label, label_en): (&str, &str),
    (root, row): (&str, &str),
    columns: &[Column],
    fields: bool,
) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"\n           \
         xmlns:e=\"{0}\"\n           targetNamespace=\"{0}\"\n           elementFormDefault=\"qualified\"\n           \
         version=\"1.0\">\n\n  <xs:annotation>\n    <xs:documentation xml:lang=\"ru\">Выгрузка «{label}».</xs:documentation>\n    \
         <xs:documentation xml:lang=\"en\">Export: {label_en}.</xs:documentation>\n  </xs:annotation>\n\n  \
         <xs:include schemaLocation=\"values.xsd\"/>\n\n  <xs:element name=\"{root}\">\n    <xs:annotation>\n      \
         <xs:documentation xml:lang=\"ru\">{label}.</xs:documentation>\n    </xs:annotation>\n    <xs:complexType>\n      \
         <xs:sequence>\n        <xs:element name=\"{row}\" type=\"e:{row}\" minOccurs=\"0\" maxOccurs=\"unbounded\"",
        namespace(code)
    );
    if fields {
        out.push_str(
            ">\n          <xs:unique name=\"FieldCode\">\n            <xs:selector xpath=\"e:Field\"/>\n            \
             <xs:field xpath=\"@code\"/>\n          </xs:unique>\n        </xs:element>\n",
        );
    } else {
        out.push_str("/>\n");
    }
    out.push_str(
        "      </xs:sequence>\n      <xs:attributeGroup ref=\"e:Head\"/>\n    </xs:complexType>\n  </xs:element>\n\n",
    );
    let _infallible = write!(
        out,
        "  <xs:complexType name=\"{row}\">\n    <xs:annotation>\n      <xs:documentation xml:lang=\"ru\">Строка выгрузки.\
         </xs:documentation>\n    </xs:annotation>\n    <xs:sequence>\n"
    );
    columns.iter().for_each(|column| out.push_str(&column_schema(column)));
    if fields {
        out.push_str("      <xs:element name=\"Field\" type=\"e:Field\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n");
    }
    out.push_str("    </xs:sequence>\n  </xs:complexType>\n\n</xs:schema>\n");
    out
}

/// Every schema that there must be.
fn schemas() -> Vec<(&'static str, String)> {
    Subject::all()
        .filter(|subject| !subject.columns().is_empty())
        .map(|subject| {
            let fields = matches!(subject, Subject::Register(register) if register.over == Over::MarkedKinds);
            let labels = (subject.label(), subject.label_en());
            (subject.code(), schema(subject.code(), labels, subject.names(), subject.columns(), fields))
        })
        .collect()
}

#[test]
fn the_committed_schemas_are_those_of_the_columns() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("xsd/export/1.0");
    let mut different = Vec::new();
    for (code, text) in schemas() {
        let file = folder.join(format!("{code}.xsd"));
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        if std::fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            different.push(code);
        }
    }
    assert!(
        different.is_empty(),
        "{different:?} differ: run this test with {WRITE}=1, look at what changed, raise the version"
    );
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, schemas().len() + 1, "one schema each, and the values");
}

fn config() -> Config {
    let mut written = config::load(None, &[]).unwrap();
    written.intake.systems = ["agis2", "epgu", "fgis", "gge", "org"].map(str::to_owned).to_vec();
    Config::check(&written).unwrap()
}

pub(super) fn words() -> Arc<Lifecycles> {
    static WORDS: LazyLock<Arc<Lifecycles>> = LazyLock::new(|| assemble::rules(&config()).unwrap().lifecycles);
    Arc::clone(&WORDS)
}

#[test]
fn every_marked_register_shows_some_kind_and_every_mark_is_one() {
    let words = words();
    assert_eq!(unknown_marks(&words), Vec::<String>::new());
    for register in ALL.iter().filter(|register| register.over == Over::MarkedKinds) {
        assert!(!kinds_of(register, &words).is_empty(), "{}", register.code);
    }
}

/// The texts that the column of a table may hold, as its CHECK has them.
fn checked(migrations: &str, table: &str, column: &str) -> Vec<String> {
    let (_, table) = migrations.split_once(&format!("CREATE TABLE {table} (")).unwrap();
    let (table, _) = table.split_once(") STRICT").unwrap();
    let (_, list) = table.split_once(&format!("CHECK ({column} = ")).unwrap();
    let (list, _) = list.split_once(')').unwrap();
    list.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn migrations() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn columns_of_states_know_every_state_that_the_tables_let_in() {
    let migrations = migrations();
    let mut compared = 0;
    for register in ALL {
        for column in register.columns {
            let ColumnType::State(states) = column.kind else { continue };
            assert_eq!(
                checked(&migrations, register.source, column.code),
                states,
                "{}: {}",
                register.code,
                column.code
            );
            compared += 1;
        }
    }
    assert!(compared >= 7);
}

#[test]
fn the_changes_of_every_register_are_noted() {
    let migrations = migrations();
    for register in ALL {
        let noted = format!("INSERT INTO export_changes (source, row) VALUES ('{}', NEW.", register.source);
        // What is append-only is never changed.
        let times = if matches!(register.source, "history" | "audit") { 1 } else { 2 };
        assert_eq!(migrations.matches(&noted).count(), times, "{}", register.source);
    }
}

#[test]
fn the_built_in_jobs_can_run() {
    let jobs = Jobs::load(None, &Bench::of(&config(), &words())).unwrap();
    assert_eq!(jobs.faults, []);
    assert!(jobs.listed.len() >= 5);
    assert!(jobs.listed.iter().all(|listed| listed.job.schedule.is_some()));
}

#[test]
fn what_is_wrong_with_a_job_is_told_with_its_line() {
    let (config, words) = (config(), words());
    let bench = Bench::of(&config, &words);
    for (text, line, said) in [
        ("code = 'a'\nregister = 'casses'", 2, "there is no register `casses`; there are cases,"),
        (
            "code = 'a'\nregister = 'cases'\ncolumns = ['number',\n  'nunber']",
            4,
            "cases has no column `nunber`; it has system,",
        ),
        ("code = 'a'\nregister = 'payments'\ncolumns = ['field.payer']", 3, "payments has no column `field.payer`"),
        ("code = 'a'\nregister = 'cases'\nperiod = 'yesterday'", 3, "`yesterday` is no period"),
        ("code = 'a'\nregister = 'cases'\nzone = 'Moscow'", 3, "`Moscow` is no zone"),
        ("code = 'a'\nregister = 'cases'\nmoment = 'status'", 3, "`status` is no moment of cases; there are since,"),
        ("code = 'a'\nregister = 'cases'\n[schedule]\ncron = '0 0 30 2 *'", 0, "never fires"),
        ("code = 'a'\nregister = 'cases'\n[schedule]\ncron = 'daily'", 0, "cron.unreadable"),
        ("code = 'a'\nregister = 'cases'\n[filter]\nsince = '2026'", 4, "cannot be chosen by `since`"),
        ("code = 'a'\nregister = 'cases'\n[filter]\nemail = 'a@b.ru'", 4, "cannot be chosen by `email`"),
        ("code = 'a'\nregister = 'messages'\n[filter]\noutcome = 'aplied'", 4, "`outcome` is never `aplied`"),
        ("code = 'a'\nregister = 'cases'\n[filter]\nstatus = 7", 4, "wants a text or a list of texts"),
        ("code = 'a'\nregister = 'cases'\nformat = 'xml'\nencoding = 'windows-1251'", 4, "only CSV"),
        ("code = 'a'\nregister = 'cases'\nformat = 'xml'\ncolumns = ['number']", 4, "all columns of its schema"),
        ("code = 'a'\nregister = 'cases'\nformat = 'pdf'", 3, "there is no format `pdf`"),
        ("code = 'a'\nregister = 'cases'\nmode = 'incremental'\nperiod = 'previous day'", 4, "has no period"),
        ("code = 'Имя'\nregister = 'cases'", 1, "is no code"),
        ("register = 'cases'", 1, "needs a `code`"),
        ("code = 'a'", 1, "needs a `register` or a `report`"),
        ("code = 'a'\nregister = 'cases'\nreport = 'terms'", 3, "not both"),
        ("code = 'a'\nreport = 'cases'", 2, "there is no report `cases`; there are cases-by-status,"),
        ("code = 'a'\nreport = 'terms'\nmoment = 'since'", 3, "goes by its own moments"),
        ("code = 'a'\nreport = 'terms'\nmode = 'incremental'", 2, "only a register has changes"),
        ("code = 'a'\nreport = 'overview'", 2, "which is HTML"),
        ("code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'pigeon'", 4, "there is no destination `pigeon`"),
        (
            "code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'folder'\nname = '../x'",
            5,
            "no name of a file below",
        ),
        (
            "code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'folder'\nname = '{number}'",
            5,
            "there is no {number}",
        ),
        ("code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'queue'\npath = 'x'", 5, "`queue` has no `path`"),
        ("code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'mail'\nto = ['a@example.org']", 4, "no mail server"),
        (
            "code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'mail'\nto = ['a@example.org', 'b']",
            5,
            "`b` is no address",
        ),
        (
            "code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'mail'\nto = []",
            4,
            "needs `to`, a list of addresses",
        ),
        (
            "code = 'a'\nregister = 'cases'\n[[destination]]\nkind = 'folder'\nto = ['a@example.org']",
            5,
            "`folder` has no `to`",
        ),
        ("code = 'ready'\nregister = 'cases'", 1, "is taken"),
        ("code = 'a'\nregister = 'cases'\ncolour = 'red'", 3, "unknown field `colour`"),
        ("code = 'a'\nregister = [", 2, ""),
    ] {
        let faults = Job::load("a.toml", text, &bench).unwrap_err();
        assert!(
            // 0: somewhere in its section.
            faults.iter().any(|fault| (line == 0 || fault.line == line) && fault.text.contains(said)),
            "{text}\n{}",
            faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()
        );
    }
}

pub(super) const SAMPLE: &[Column] = &[
    Column::new("name", "Имя", "Name", ColumnType::Text, "t.name"),
    Column::new("amount", "Сумма", "Amount", ColumnType::Decimal(2), "t.amount").optional(),
    Column::new("day", "День", "Day", ColumnType::Day, "t.day").optional(),
    Column::new("at", "Когда", "At", ColumnType::Moment, "t.at").optional(),
    Column::new("open", "Открыто", "Open", ColumnType::Flag, "t.open").optional(),
];

pub(super) fn page(rows: &[[Cell<'_>; 5]]) -> Page {
    let mut page = Page::of_width(5);
    rows.iter().flatten().for_each(|cell| page.push(*cell));
    page
}

fn csv(rows: &[[Cell<'_>; 5]], profile: Profile, encoding: Encoding) -> Result<Vec<u8>, ExportFault> {
    let table = Table::new(SAMPLE, Vec::new(), None, Headings::Russian).unwrap();
    let words = words();
    let mut csv = Csv::begin(Vec::new(), &table, profile, encoding, chrono_tz::Europe::Moscow)?;
    let page = page(rows);
    for row in page.rows() {
        csv.row(&table, &table.row(row, &words))?;
    }
    csv.finish()
}

const NOTHING: Cell<'_> = Cell::Nothing;

#[test]
fn csv_for_machines_is_rfc_4180() {
    let rows = [
        [Cell::Text("a,\"b\"\nc"), Cell::Number(-35_005), Cell::Text("2026-03-02"), Cell::Number(0), Cell::Number(1)],
        [Cell::Text("=1+1"), NOTHING, NOTHING, NOTHING, Cell::Number(0)],
    ];
    let bytes = csv(&rows, Profile::Machine, Encoding::Utf8).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "Имя,Сумма,День,Когда,Открыто\r\n\"a,\"\"b\"\"\nc\",-350.05,2026-03-02,1970-01-01T00:00:00.000Z,true\r\n\
         =1+1,,,,false\r\n"
    );
}

#[test]
fn csv_for_excel_has_a_mark_semicolons_local_values_and_no_formulas() {
    let rows = [
        [Cell::Text("a;b"), Cell::Number(-35_005), Cell::Text("2026-03-02"), Cell::Number(0), Cell::Number(1)],
        [Cell::Text("=1+1"), NOTHING, NOTHING, NOTHING, Cell::Number(0)],
        [Cell::Text("@a"), NOTHING, NOTHING, NOTHING, NOTHING],
        [Cell::Text("+7 900"), NOTHING, NOTHING, NOTHING, NOTHING],
        [Cell::Text("-1"), NOTHING, NOTHING, NOTHING, NOTHING],
        [Cell::Text("\t=1"), NOTHING, NOTHING, NOTHING, NOTHING],
        [Cell::Text("\r=1"), NOTHING, NOTHING, NOTHING, NOTHING],
        [Cell::Text("1-2"), NOTHING, NOTHING, NOTHING, NOTHING],
    ];
    let bytes = csv(&rows, Profile::ExcelRu, Encoding::Utf8).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "\u{FEFF}Имя;Сумма;День;Когда;Открыто\r\n\"a;b\";-350,05;02.03.2026;01.01.1970 03:00:00;да\r\n\
         '=1+1;;;;нет\r\n'@a;;;;\r\n'+7 900;;;;\r\n'-1;;;;\r\n'\t=1;;;;\r\n\"'\r=1\";;;;\r\n1-2;;;;\r\n"
    );
}

#[test]
fn windows_1251_is_written_or_the_character_that_it_lacks_is_told() {
    let rows = [[Cell::Text("Ёж №1"), NOTHING, NOTHING, NOTHING, NOTHING]];
    let bytes = csv(&rows, Profile::ExcelRu, Encoding::Windows1251).unwrap();
    assert!(bytes.ends_with(b"\xA8\xE6 \xB91;;;;\r\n") && !bytes.starts_with(&[0xEF]));
    let rows = [rows[0], [Cell::Text("δ"), NOTHING, NOTHING, NOTHING, NOTHING]];
    let fault = csv(&rows, Profile::ExcelRu, Encoding::Windows1251).unwrap_err().to_string();
    assert!(fault.contains("row 2, column name") && fault.contains("U+03B4"), "{fault}");
}

#[test]
fn columns_stand_in_the_order_asked_for_under_their_own_headings() {
    let asked = |code: &str, heading: Option<&str>| Asked { code: code.into(), heading: heading.map(str::to_owned) };
    let columns = [asked("open", None), asked("name", Some("Кто"))];
    let table = Table::new(SAMPLE, Vec::new(), Some(&columns), Headings::English).unwrap();
    let headings: Vec<&str> = table.columns.iter().map(|column| column.heading.as_str()).collect();
    assert_eq!(headings, ["Open", "Кто"]);
    let unknown = Table::new(SAMPLE, Vec::new(), Some(&[asked("nobody", None)]), Headings::Codes).unwrap_err();
    assert_eq!(unknown, ["nobody"]);
}

#[test]
fn labels_are_in_the_language_of_the_headings() {
    let columns = crate::store::Register::get("cases").unwrap().columns;
    let wanted = ["system_label", "kind_label", "status_label", "service_label"];
    let asked = wanted.map(|code| Asked { code: code.to_owned(), heading: None });
    for (headings, expected) in [
        (Headings::Russian, "Госуслуги,Заявление,Отказано,Предоставление лицензии"),
        (Headings::Codes, "Госуслуги,Заявление,Отказано,Предоставление лицензии"),
        (Headings::English, "Gosuslugi,Application,Refused,Grant of a licence"),
    ] {
        let table = Table::new(columns, Vec::new(), Some(&asked), headings).unwrap();
        let mut page = Page::of_width(table.reads.len());
        for column in &table.reads {
            page.push(Cell::Text(match column.code {
                "system" => "epgu",
                "kind" => "application",
                "status" => "refused",
                _ => "licence",
            }));
        }
        let mut csv =
            Csv::begin(Vec::new(), &table, Profile::Machine, Encoding::Utf8, chrono_tz::Europe::Moscow).unwrap();
        for row in page.rows() {
            csv.row(&table, &table.row(row, &words())).unwrap();
        }
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        assert_eq!(text.lines().nth(1), Some(expected), "{headings:?}");
    }
}

#[test]
fn the_short_name_of_a_case_leaves_masked_where_it_is_a_masked_field() {
    let columns = crate::store::Register::get("cases").unwrap().columns;
    let asked = [Asked { code: "title".to_owned(), heading: None }];
    let table = Table::new(columns, Vec::new(), Some(&asked), Headings::Codes).unwrap();
    for (system, kind, masked) in [
        ("fgis", "account", true),
        ("fgis", "record", true),
        ("org", "organization", true),
        ("gge", "project", false),
        ("epgu", "application", false),
        ("gone", "gone", false),
    ] {
        let mut page = Page::of_width(table.reads.len());
        for column in &table.reads {
            page.push(Cell::Text(match column.code {
                "system" => system,
                "kind" => kind,
                _ => "Жилой дом",
            }));
        }
        let mut csv =
            Csv::begin(Vec::new(), &table, Profile::Machine, Encoding::Utf8, chrono_tz::Europe::Moscow).unwrap();
        for row in page.rows() {
            csv.row(&table, &table.row(row, &words())).unwrap();
        }
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        assert_eq!(!text.contains("Жилой"), masked, "{system}/{kind}: {text}");
    }
}

#[test]
fn a_document_with_a_character_that_xml_lacks_is_not_written() {
    let table = Table::new(SAMPLE, Vec::new(), None, Headings::Codes).unwrap();
    let words = words();
    let head = Head { namespace: namespace("sample"), names: ("Rows", "Row"), attributes: Vec::new() };
    let mut xml = Xml::begin(Vec::new(), &table, &head).unwrap();
    let page = page(&[[Cell::Text("a\u{1}"), NOTHING, NOTHING, NOTHING, NOTHING]]);
    let row = page.rows().next().unwrap();
    let fault = xml.row(&table, &table.row(row, &words)).unwrap_err().to_string();
    assert!(fault.contains("row 1, column name"), "{fault}");
}

#[test]
fn every_schema_compiles_and_refuses_what_it_must() {
    let schemas = Schemas::load(None).unwrap();
    for subject in Subject::all().filter(|subject| !subject.columns().is_empty()) {
        let (code, (root, row)) = (subject.code(), subject.names());
        let document = |content: &str| {
            format!(
                "<{root} xmlns=\"{}\" agency=\"A\" job=\"j\" slot=\"2026-03-04T00:00:00.000Z\">{content}</{root}>",
                namespace(code)
            )
        };
        schemas.check(code, document("").as_bytes()).unwrap_or_else(|fault| panic!("{code}: {fault}"));
        let fault = schemas.check(code, document(&format!("<{row}/>")).as_bytes()).unwrap_err();
        assert!(matches!(fault, ExportFault::Invalid { .. }), "{code}: {fault}");
    }
}

#[test]
fn no_two_terms_of_a_kind_have_one_name() {
    let words = words();
    let terms = super::report::ask(&words, None).terms;
    assert!(terms.len() > 10, "{}", terms.len());
    for language in Language::ALL {
        let mut told: BTreeMap<(&str, &str, String), &str> = BTreeMap::new();
        for [system, kind, code] in &terms {
            let name = super::table::term(words.kind(system, kind).unwrap(), code, language).unwrap();
            let former = told.insert((system, kind, name), code);
            assert_eq!(former, None, "{system}/{kind}: {code} is told as another one is");
        }
    }
    let told = |code| super::table::term(words.kind("agis2", "application").unwrap(), code, Language::Russian);
    assert_eq!(told("in_processing/automatic-check").unwrap(), "В обработке: Срок прошёл (5 минут)");
}
