use std::cell::Cell as Counter;
use std::io::{Cursor, Read};
use std::rc::Rc;

use super::*;
use crate::export::tests::{SAMPLE, page, words};
use crate::export::{Headings, table::Table};
use crate::store::Cell;

fn title() -> Title {
    let slot = chrono::DateTime::from_timestamp(1_772_571_600, 0).unwrap();
    let zone = chrono_tz::Europe::Moscow;
    Title { text: "Дела & <сроки>".to_owned(), agency: "MINSTROY".to_owned(), slot, period: None, zone }
}

/// A file of these texts in its first column, with sheets of at most so many rows and bytes.
fn written<W: Write>(out: W, texts: &[String], limits: (u32, u64)) -> W {
    let table = Table::new(SAMPLE, Vec::new(), None, Headings::Russian).unwrap();
    let (words, mut file) = (words(), Xlsx::begin_within(out, &table, &title(), limits).unwrap());
    for text in texts {
        let nothing = Cell::Nothing;
        let page = page(&[[Cell::Text(text), nothing, nothing, nothing, nothing]]);
        page.rows().for_each(|row| file.row(&table, &table.row(row, &words)).unwrap());
    }
    file.finish().unwrap()
}

/// The texts of the first column of every sheet.
fn sheets(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut sheets = Vec::new();
    for number in 1.. {
        let Ok(mut part) = archive.by_name(&format!("xl/worksheets/sheet{number}.xml")) else { break };
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        let sheet = roxmltree::Document::parse(&text).unwrap();
        let first = |node: &roxmltree::Node<'_, '_>| {
            node.tag_name().name() == "c" && node.attribute("r").unwrap().strip_prefix('A').is_some()
        };
        let text = |cell: roxmltree::Node<'_, '_>| {
            cell.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect()
        };
        sheets.push(sheet.descendants().filter(first).map(text).collect());
    }
    sheets
}

#[test]
fn what_a_sheet_has_no_room_for_stands_on_the_next_one_under_the_same_headings() {
    let texts: Vec<String> = (1..=5).map(|number| format!("row {number}")).collect();
    let of = |rows: &[&str]| -> Vec<String> { ["Имя"].iter().chain(rows).map(|&text| text.to_owned()).collect() };
    let bytes = written(Vec::new(), &texts, (3, u64::MAX));
    let expected = [of(&["row 1", "row 2"]), of(&["row 3", "row 4"]), of(&["row 5"])];
    assert_eq!(sheets(&bytes), expected);
    assert_eq!(sheets(&written(Vec::new(), &texts, (ROWS_MAX, SHEET_BYTES_MAX))).len(), 1);
    assert_eq!(sheets(&written(Vec::new(), &[], (3, u64::MAX))), [of(&[])]);
    // Every part that the book names is there, and the other way round.
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
    let mut relations = String::new();
    archive.by_name("xl/_rels/workbook.xml.rels").unwrap().read_to_string(&mut relations).unwrap();
    for number in 1..=3 {
        assert!(relations.contains(&format!("worksheets/sheet{number}.xml")), "{relations}");
    }
    assert!(!relations.contains("sheet4"), "{relations}");
}

#[test]
fn a_sheet_ends_before_it_is_more_than_an_archive_can_count() {
    // One piece is handed over and another one begun.
    let texts: Vec<String> = (0..2000).map(|number| format!("{number:0100}")).collect();
    let sheets = sheets(&written(Vec::new(), &texts, (ROWS_MAX, 1)));
    assert!(sheets.len() > 2, "{}", sheets.len());
    let rows: Vec<&String> = sheets.iter().flat_map(|sheet| &sheet[1..]).collect();
    assert!(rows.iter().copied().eq(&texts), "every row once, in order");
}

/// Counts what it is given.
struct Counted(Rc<Counter<usize>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_are_handed_on_as_they_come_and_texts_are_held_nowhere() {
    let counter = Rc::new(Counter::new(0));
    let table = Table::new(SAMPLE, Vec::new(), None, Headings::Russian).unwrap();
    let (words, slot) = (words(), title());
    let mut file = Xlsx::begin(Counted(Rc::clone(&counter)), &table, &slot).unwrap();
    let mut waiting = Vec::new();
    for number in 0..20_u32 {
        for part in 0..1000_u32 {
            // Texts that differ, and that nothing packs well.
            let text = hex::encode(<sha2::Sha256 as sha2::Digest>::digest((number * 1000 + part).to_be_bytes()));
            let nothing = Cell::Nothing;
            let page = page(&[[Cell::Text(&text), nothing, nothing, nothing, nothing]]);
            page.rows().for_each(|row| file.row(&table, &table.row(row, &words)).unwrap());
        }
        waiting.push((u64::from(number + 1) * 32_000).saturating_sub(counter.get() as u64));
    }
    // A hash is 32 bytes however it is written: what is not handed on is in a piece and in the packer, and does not grow.
    assert!(waiting.iter().all(|bytes| *bytes < 300_000), "{waiting:?}");
    assert!(file.gathered.capacity() < 4 * GATHERED_BYTES);
}

#[test]
fn columns_have_letters() {
    for (place, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
        assert_eq!(letters(place), expected);
    }
}

#[test]
fn what_xml_cannot_hold_is_written_as_sheets_write_it() {
    for (text, expected) in [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("\u{1}\r\n\t", "_x0001__x000D_\n\t"),
        ("\u{FFFE}я", "_xFFFE_я"),
        ("_x0041_", "_x005F_x0041_"),
        ("_x004", "_x004"),
        ("_xя0041_", "_xя0041_"),
        ("_", "_"),
    ] {
        let mut out = String::new();
        escape(text, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }
}

#[test]
fn a_text_that_a_cell_cannot_hold_is_cut() {
    let whole = "я".repeat(CELL_UNITS_MAX);
    assert_eq!(cut(&whole), None);
    assert_eq!(cut(&format!("{whole}я")).unwrap().chars().count(), CELL_UNITS_MAX - 1);
    // A character of two units is taken whole or not at all.
    assert_eq!(cut(&"😀".repeat(16_384)).unwrap().encode_utf16().count(), CELL_UNITS_MAX - 1);
    assert_eq!(cut(&format!("a{}", "😀".repeat(16_384))).unwrap().encode_utf16().count(), CELL_UNITS_MAX - 2);
}

#[test]
fn what_sheets_cannot_count_is_text() {
    let table = Table::new(SAMPLE, Vec::new(), None, Headings::Codes).unwrap();
    let words = words();
    let mut file = Xlsx::begin(Vec::new(), &table, &title()).unwrap();
    let page = page(&[
        [Cell::Nothing, Cell::Nothing, Cell::Text("1899-12-31"), Cell::Number(-2_300_000_000_000), Cell::Nothing],
        [Cell::Nothing, Cell::Nothing, Cell::Text("1900-03-01"), Cell::Number(0), Cell::Nothing],
        [Cell::Nothing, Cell::Nothing, Cell::Text("март"), Cell::Nothing, Cell::Nothing],
    ]);
    page.rows().for_each(|row| file.row(&table, &table.row(row, &words)).unwrap());
    for part in ["1899-12-31</t>", ".1897 ", "<v>61</v>", "<v>25569.1250000000</v>", "март</t>"] {
        assert!(file.gathered.contains(part), "{part}: {}", file.gathered);
    }
}
