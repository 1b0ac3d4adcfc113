//! What a PDF shows is read back by `pdftotext` and `pdfinfo` (poppler-utils), as the one who gets it would.

use std::fs;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::written;
use crate::sheet::{Cell, Part, Sheet, Table, cell};

fn moment() -> DateTime<Utc> {
    "2026-03-02T07:30:00Z".parse().unwrap()
}

fn sheet(title: &str, parts: Vec<Part>) -> Sheet {
    Sheet { title: title.into(), as_of: moment(), parts }
}

fn table(headings: &[&'static str], rows: Vec<Vec<Cell>>) -> Part {
    Part::Table(Table { headings: headings.to_vec(), rows })
}

/// What a program of poppler-utils says of a PDF; none where it is not there.
fn asked(program: &str, options: &[&str], pdf: &[u8]) -> Option<String> {
    let folder = std::env::temp_dir().join(format!("mezhved-sheet-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("sheet.pdf");
    fs::write(&file, pdf).unwrap();
    let mut command = Command::new(program);
    command.args(options).arg(&file).stderr(Stdio::piped());
    if program == "pdftotext" {
        command.arg("-");
    }
    let output = command.output();
    fs::remove_dir_all(&folder).unwrap();
    let Ok(output) = output else {
        eprintln!("NOT RUN: there is no {program}; deploy/packages.sh poppler-utils");
        return None;
    };
    // Its older versions take the mark that there is nothing suspect for a fault.
    let faults =
        String::from_utf8_lossy(&output.stderr).replace("Syntax Error: Suspects object is wrong type (boolean)", "");
    assert!(output.status.success() && faults.trim().is_empty(), "{faults}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

#[test]
fn a_sheet_is_a_titled_russian_document_with_its_fonts() {
    let parts = vec![Part::Paragraph("Ведомство: «Образец», № 5 — 10 ₽".into()), Part::Heading("История".into())];
    let pdf = written(&[sheet("Заявление 2026-1", parts)]).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    let Some(said) = asked("pdfinfo", &["-isodates"], &pdf) else { return };
    for part in ["Заявление 2026-1", "2026-03-02T", "Tagged:          yes", "Pages:           1", "(A4)"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let fonts = asked("pdffonts", &[], &pdf).unwrap();
    let faces: Vec<&str> = fonts.lines().filter(|line| line.contains("DejaVu")).collect();
    assert_eq!(faces.len(), 2, "{fonts}");
    for face in faces {
        assert!(face.contains('+') && face.contains("yes yes yes"), "embedded, a subset, with its letters: {face}");
    }
    let text = asked("pdftotext", &["-layout"], &pdf).unwrap();
    for part in ["Заявление 2026-1", "Ведомство: «Образец», № 5 — 10 ₽", "История", "стр. 1 из 1"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let structure = asked("pdfinfo", &["-struct-text"], &pdf).unwrap();
    for part in ["H1", "\"Заявление 2026-1\"", "P (block)", "H2"] {
        assert!(structure.contains(part), "{part}: {structure}");
    }
}

#[test]
fn a_table_of_two_thousand_rows_goes_on_over_pages_with_its_headings() {
    let words = "Представлены не все сведения, предусмотренные порядком: доверенность представителя; копия устава. ";
    let row = |number: usize| {
        let comment = words.repeat(1 + number % 5);
        let id = format!("{number:08x}-15f2-11f1-8fff-02005e100001");
        vec![cell(format!("строка-{number}")), cell("2026-03-02 10:00:00"), cell(comment), cell(id)]
    };
    let headings = ["№", "Произошло", "Комментарий", "Источник"];
    let table = || vec![table(&headings, (0..2000).map(row).collect())];
    let pdf = written(&[sheet("Дело", table())]).unwrap();
    assert_eq!(pdf, written(&[sheet("Дело", table())]).unwrap(), "the same sheet gives the same bytes");
    let Some(text) = asked("pdftotext", &["-layout"], &pdf) else { return };
    let pages: Vec<&str> = text.split_terminator('\u{C}').collect();
    assert!((100..600).contains(&pages.len()), "{} pages", pages.len());
    for (number, page) in pages.iter().enumerate() {
        let count = format!("стр. {} из {}", number + 1, pages.len());
        assert!(page.contains(&count) && page.contains("Произошло") && page.contains("Комментарий"), "{count}: {page}");
    }
    let plain = squeezed(&asked("pdftotext", &["-raw"], &pdf).unwrap());
    for number in 0..2000 {
        assert!(plain.contains(&format!("строка-{number}")), "row {number}");
        assert!(plain.contains(&format!("{number:08x}-15f2-11f1-8fff-02005e100001")), "id of row {number}");
    }
    assert_eq!(
        plain.matches("доверенностьпредставителя").count(),
        (0..2000).map(|number| 1 + number % 5).sum::<usize>()
    );
}

#[test]
fn a_row_higher_than_a_page_goes_on_and_short_ones_stay_together() {
    let long = (0..400).map(|line| format!("линия-{line}.")).collect::<Vec<_>>().join("\n");
    let rows =
        vec![vec![cell("начало"), cell("до")], vec![cell("длинная"), cell(long)], vec![cell("конец"), cell("после")]];
    let pdf = written(&[sheet("Дело", vec![table(&["Строка", "Текст"], rows)]), sheet("Второе", Vec::new())]).unwrap();
    let Some(text) = asked("pdftotext", &["-layout"], &pdf) else { return };
    for line in 0..400 {
        assert_eq!(text.matches(&format!("линия-{line}.")).count(), 1, "line {line}");
    }
    let pages: Vec<&str> = text.split_terminator('\u{C}').collect();
    assert!(pages[0].contains("линия-0.") && pages[0].contains("Строка"), "{}", pages[0]);
    assert!(pages.last().unwrap().contains("Второе") && !pages.last().unwrap().contains("конец"));
    let outline = asked("pdfinfo", &["-struct"], &pdf).unwrap();
    assert_eq!(outline.matches("TR\n").count(), 4, "a row that goes on is one row: {outline}");
    assert_eq!(outline.matches("TH:").count(), 2, "repeated headings are no part of the table");
}

#[test]
fn a_wide_table_is_set_across_and_lists_stand_in_lines() {
    let headings = ["А", "Б", "В", "Г", "Д", "Е", "Ж", "З"];
    let row =
        vec![cell("1"), vec!["раз".into(), "два".into()], cell(""), cell(""), cell(""), cell(""), cell(""), cell("8")];
    let pdf = written(&[sheet("Широкая", vec![table(&headings, vec![row])])]).unwrap();
    let Some(said) = asked("pdfinfo", &[], &pdf) else { return };
    assert!(said.contains("841.89 x 595.28"), "{said}");
    let text = asked("pdftotext", &["-layout"], &pdf).unwrap();
    assert!(text.contains("– раз") && text.contains("– два"), "{text}");
    let structure = asked("pdfinfo", &["-struct"], &pdf).unwrap();
    assert_eq!(structure.matches("TD\n").count(), 8, "empty cells are cells: {structure}");
}

#[test]
fn any_text_becomes_a_document() {
    let mut runner = TestRunner::new(Config { cases: 40, ..Config::default() });
    let strategy = (any::<String>(), any::<Vec<String>>(), "[\u{0}-\u{FFFF}]{0,300}");
    let told = runner.run(&strategy, |(title, cells, text)| {
        let rows = vec![vec![cells, cell(text.clone())]];
        let title = format!("Дело {title}");
        let pdf = written(&[sheet(&title, vec![Part::Paragraph(text), table(&["А", "Б"], rows)])]);
        prop_assert!(pdf.is_ok(), "{:?}", pdf.err());
        Ok(())
    });
    told.unwrap();
}
