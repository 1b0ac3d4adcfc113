//! Spreadsheets, unpacked and read back: numbers, days and moments are cells of their own types.

use std::collections::BTreeMap;
use std::io::Read;

use chrono::{DateTime, NaiveDate};
use mezhved::store::{ColumnType, Register};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spreadsheet_is_the_same_bytes_for_the_same_rows() {
    let folder = Folder::new();
    filled(&folder, some_traffic(17, 40)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let make = |name: &str| {
        let path = office.folder.path().join(name).display().to_string();
        let arguments = ["export", "run", "cases", "--slot", "2026-03-04", "--format", "xlsx", "--output", &path];
        office.home.verb(&arguments, 0);
        fs::read(path).unwrap()
    };
    let (first, second) = (make("a.xlsx"), make("b.xlsx"));
    assert!(first.starts_with(b"PK") && first == second);
    assert!(
        office.refused(&["export", "run", "cases", "--format", "xlsx", "--compression", "gzip"], 2).contains("packed")
    );
}

/// The files of a ZIP archive, by its central directory.
fn unzipped(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, bytes: usize| {
        (0..bytes).rev().fold(0, |number, place| number << 8 | usize::from(archive[at + place]))
    };
    let end = archive.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap();
    let (mut at, mut files) = (number(end + 16, 4), BTreeMap::new());
    for _ in 0..number(end + 10, 2) {
        assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
        let (method, size, name_size) = (number(at + 10, 2), number(at + 20, 4), number(at + 28, 2));
        let name = String::from_utf8(archive[at + 46..at + 46 + name_size].to_vec()).unwrap();
        let local = number(at + 42, 4);
        let begin = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let packed = &archive[begin..begin + size];
        let mut content = Vec::new();
        match method {
            0 => content.extend(packed),
            _ => drop(flate2::read::DeflateDecoder::new(packed).read_to_end(&mut content).unwrap()),
        }
        files.insert(name, content);
        at += 46 + name_size + number(at + 30, 2) + number(at + 32, 2);
    }
    files
}

/// A cell as a sheet has it.
#[derive(Debug, PartialEq)]
enum Cell {
    Nothing,
    Text(String),
    /// A number and the form in which it is shown.
    Number(f64, String),
}

/// The rows of the first sheet, of so many columns.
fn rows(archive: &[u8], width: usize) -> Vec<Vec<Cell>> {
    let files = unzipped(archive);
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let (styles, sheet) = (text("xl/styles.xml"), text("xl/worksheets/sheet1.xml"));
    let styles = roxmltree::Document::parse(&styles).unwrap();
    let named = |name: &'static str| move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
    let formats: BTreeMap<&str, &str> = styles
        .descendants()
        .filter(named("numFmt"))
        .map(|node| (node.attribute("numFmtId").unwrap(), node.attribute("formatCode").unwrap()))
        .collect();
    let cells = styles.descendants().find(named("cellXfs")).unwrap();
    let of_style: Vec<&str> =
        cells.children().filter(named("xf")).map(|xf| xf.attribute("numFmtId").unwrap()).collect();
    // Of the forms that spreadsheets know by number: these two.
    let form = |style: &str| match of_style[style.parse::<usize>().unwrap()] {
        "1" => "0".to_owned(),
        "2" => "0.00".to_owned(),
        own => formats.get(own).map_or_else(String::new, |form| (*form).to_owned()),
    };
    let sheet = roxmltree::Document::parse(&sheet).unwrap();
    let mut rows = Vec::new();
    for row in sheet.descendants().filter(named("row")) {
        let mut line: Vec<Cell> = (0..width).map(|_| Cell::Nothing).collect();
        for cell in row.children().filter(named("c")) {
            let letters = cell.attribute("r").unwrap().bytes().take_while(u8::is_ascii_uppercase);
            let place = letters.fold(0, |place, letter| place * 26 + usize::from(letter - b'A') + 1) - 1;
            let held = |name| cell.descendants().find(named(name)).unwrap().text().unwrap();
            line[place] = match cell.attribute("t") {
                Some("inlineStr") => Cell::Text(held("t").to_owned()),
                None => Cell::Number(held("v").parse().unwrap(), form(cell.attribute("s").unwrap_or("0"))),
                Some(other) => panic!("a cell of the type {other}"),
            };
        }
        rows.push(line);
    }
    rows
}

/// What a sheet must hold where CSV for machines has this.
fn expected(written: &str, kind: ColumnType) -> Cell {
    let days = |day: NaiveDate| {
        f64::from(i32::try_from((day - NaiveDate::from_ymd_opt(1899, 12, 30).unwrap()).num_days()).unwrap())
    };
    match kind {
        _ if written.is_empty() => Cell::Nothing,
        ColumnType::Text | ColumnType::State(_) => Cell::Text(written.to_owned()),
        ColumnType::Flag => Cell::Text(if written == "true" { "да" } else { "нет" }.to_owned()),
        ColumnType::Whole => Cell::Number(written.parse().unwrap(), String::new()),
        ColumnType::Decimal(2) => Cell::Number(written.parse().unwrap(), "0.00".to_owned()),
        ColumnType::Decimal(other) => panic!("{other} decimals"),
        ColumnType::Day => Cell::Number(days(written.parse().unwrap()), "dd.mm.yyyy".to_owned()),
        ColumnType::Moment => {
            let local =
                DateTime::parse_from_rfc3339(written).unwrap().with_timezone(&chrono_tz::Europe::Moscow).naive_local();
            let in_day = f64::from(
                u32::try_from((local - local.date().and_hms_opt(0, 0, 0).unwrap()).num_milliseconds()).unwrap(),
            );
            Cell::Number(days(local.date()) + in_day / 86_400_000.0, "dd.mm.yyyy hh:mm:ss".to_owned())
        }
    }
}

fn is_same(found: &Cell, expected: &Cell) -> bool {
    match (found, expected) {
        (Cell::Number(found, form), Cell::Number(expected, expected_form)) => {
            // Less than a millisecond of a day.
            (found - expected).abs() < 5e-9 && form == expected_form
        }
        _ => found == expected,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_days_and_moments_are_cells_of_their_own_types() {
    let folder = Folder::new();
    filled(&folder, fixtures().into_iter().chain(some_traffic(31, 60)).collect()).await.store.close().await;
    let office = Office::over(folder, &[]);
    let mut kinds = BTreeSet::new();
    for code in ["cases", "payments", "documents", "messages"] {
        let register = Register::get(code).unwrap();
        let columns: Vec<&str> = register.columns.iter().map(|column| column.code).collect();
        let columns = columns.join(",");
        let path = office.folder.path().join("file.xlsx").display().to_string();
        office.home.verb(&["export", "run", code, "--format", "xlsx", "--columns", &columns, "--output", &path], 0);
        let printed = office.home.verb(&["export", "run", code, "--columns", &columns], 0);
        let found = rows(&fs::read(path).unwrap(), register.columns.len());
        let heading: Vec<Cell> = register.columns.iter().map(|column| Cell::Text(column.ru.to_owned())).collect();
        assert_eq!(found[0], heading, "{code}");
        let mut reader = csv::Reader::from_reader(printed.as_bytes());
        let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(found.len(), lines.len() + 1, "{code}");
        for (row, line) in found[1..].iter().zip(&lines) {
            for ((cell, written), column) in row.iter().zip(line).zip(register.columns) {
                let expected = expected(written, column.kind);
                assert!(is_same(cell, &expected), "{code}, {}: {cell:?}, not {expected:?}", column.code);
                kinds.insert((
                    format!("{:?}", column.kind).split('(').next().unwrap().to_owned(),
                    *cell != Cell::Nothing,
                ));
            }
        }
    }
    for kind in ["Text", "State", "Whole", "Decimal", "Day", "Moment", "Flag"] {
        assert!(kinds.contains(&(kind.to_owned(), true)), "{kind}: some cell holds one");
    }
}
