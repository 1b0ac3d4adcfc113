//! Spreadsheets: sheets of real numbers and moments, headings that stay in sight. A sheet is packed while its rows come: neither a sheet nor
//! its texts are ever held, and no other file is needed. A sheet has an end; what goes beyond it stands on the next one, under the same
//! headings. Written here and by no library of sheets, because the one that spills long sheets into a file panics where that file cannot be
//! written, and a full disk is to be told.

mod book;

use std::fmt::Write as _;
use std::io::Write;

use chrono::NaiveDate;

use self::book::{Book, Form};
use super::ExportFault;
use super::html::Title;
use super::table::{Row, Shown, Table};
use super::value::{self, Clock, Moments};
use crate::store::ColumnType;

/// Rows of a sheet, its headings too.
const ROWS_MAX: u32 = 1_048_576;
/// What a sheet holds before it is packed: archives count no further without an extension that not every reader of sheets knows.
const SHEET_BYTES_MAX: u64 = 4_000_000_000;
/// The longest text that a cell takes, in UTF-16 units; a longer one is cut and ends with an ellipsis.
const CELL_UNITS_MAX: usize = 32_767;
/// Handed over to be packed when so many bytes have gathered.
const GATHERED_BYTES: usize = 64 * 1024;
/// The day that spreadsheets count as 25,569 is 1970-01-01.
const EPOCH_DAYS: i64 = 25_569;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// Days that every program counts alike: from 1900-03-01 (before it some count a day that never was) to 9999-12-31.
const DAYS: std::ops::Range<i64> = 61..2_958_466;
const WIDTH: u8 = 18;

/// Writes a table as sheets.
pub(super) struct Xlsx<W: Write> {
    book: Book<W>,
    /// The letters of every column.
    letters: Vec<String>,
    headings: Vec<String>,
    moments: Moments,
    /// Rows that are not handed over yet.
    gathered: String,
    scratch: String,
    /// The last row of the open sheet, from 1: its headings.
    row: u32,
    /// Bytes that were handed over to the open sheet.
    sheet_bytes: u64,
    rows_max: u32,
    sheet_bytes_max: u64,
}

impl<W: Write> Xlsx<W> {
    /// Begins a file with its headings.
    pub(super) fn begin(out: W, table: &Table, title: &Title) -> Result<Self, ExportFault> {
        Self::begin_within(out, table, title, (ROWS_MAX, SHEET_BYTES_MAX))
    }

    fn begin_within(
        out: W,
        table: &Table,
        title: &Title,
        (rows_max, sheet_bytes_max): (u32, u64),
    ) -> Result<Self, ExportFault> {
        let mut file = Self {
            book: Book::begin(out, title)?,
            letters: (0..table.columns.len()).map(letters).collect(),
            headings: table.columns.iter().map(|column| column.heading.clone()).collect(),
            moments: Moments::new(Clock::Local(title.zone)),
            gathered: String::new(),
            scratch: String::new(),
            row: 0,
            sheet_bytes: 0,
            rows_max,
            sheet_bytes_max,
        };
        file.begin_sheet()?;
        Ok(file)
    }

    /// Writes a row.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        if self.row >= self.rows_max || self.sheet_bytes >= self.sheet_bytes_max {
            self.end_sheet()?;
            self.begin_sheet()?;
        }
        self.begin_row();
        for (place, column) in table.columns.iter().enumerate() {
            match row.value(column) {
                Shown::Nothing => {}
                Shown::Number(number) => self.number(place, number, column.kind),
                Shown::Text(text) => self.text(place, text, column.kind),
                Shown::Made(text) => self.text(place, &text, column.kind),
            }
        }
        self.end_row()
    }

    /// Ends the file and gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportFault> {
        self.end_sheet()?;
        self.book.finish()
    }

    fn begin_sheet(&mut self) -> Result<(), ExportFault> {
        self.book.sheet(self.letters.len(), WIDTH)?;
        (self.row, self.sheet_bytes) = (0, 0);
        self.begin_row();
        let headings = std::mem::take(&mut self.headings);
        headings.iter().enumerate().for_each(|(place, heading)| self.words(place, heading, Form::Heading));
        self.headings = headings;
        self.end_row()
    }

    fn end_sheet(&mut self) -> Result<(), ExportFault> {
        self.hand_over()?;
        self.book.end_sheet()
    }

    fn begin_row(&mut self) {
        self.row += 1;
        let _infallible = write!(self.gathered, "<row r=\"{}\">", self.row);
    }

    fn end_row(&mut self) -> Result<(), ExportFault> {
        self.gathered.push_str("</row>");
        if self.gathered.len() >= GATHERED_BYTES { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), ExportFault> {
        self.book.write(&self.gathered)?;
        self.sheet_bytes += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    fn number(&mut self, place: usize, number: i64, kind: ColumnType) {
        self.scratch.clear();
        match kind {
            ColumnType::Moment => self.moment(place, number),
            ColumnType::Decimal(decimals) => {
                value::decimal(number, decimals, '.', &mut self.scratch);
                self.value(place, Form::Decimals(decimals));
            }
            ColumnType::Flag => self.words(place, if number == 0 { "нет" } else { "да" }, Form::Plain),
            _ => {
                value::whole(number, &mut self.scratch);
                self.value(place, Form::Plain);
            }
        }
    }

    /// A moment as the clock on the wall shows it; one that sheets cannot count is text.
    fn moment(&mut self, place: usize, moment: i64) {
        let local = self.moments.local(moment);
        let (days, in_day) = (local.div_euclid(DAY_MILLISECONDS) + EPOCH_DAYS, local.rem_euclid(DAY_MILLISECONDS));
        if DAYS.contains(&days) {
            // Ten digits of a day are less than a millisecond.
            let part = (i128::from(in_day) * 10_000_000_000 + 43_200_000) / i128::from(DAY_MILLISECONDS);
            let _infallible = write!(self.scratch, "{days}.{part:010}");
            self.value(place, Form::Moment);
        } else {
            let mut text = String::new();
            self.moments.write(moment, &mut text);
            self.words(place, &text, Form::Plain);
        }
    }

    fn text(&mut self, place: usize, text: &str, kind: ColumnType) {
        let day = (kind == ColumnType::Day).then(|| text.parse::<NaiveDate>().ok()).flatten();
        let days = day.map(|day| day.signed_duration_since(NaiveDate::default()).num_days() + EPOCH_DAYS);
        match days.filter(|days| DAYS.contains(days)) {
            Some(days) => {
                self.scratch.clear();
                value::whole(days, &mut self.scratch);
                self.value(place, Form::Day);
            }
            None => self.words(place, text, Form::Plain),
        }
    }

    /// A cell of the number that was made.
    fn value(&mut self, place: usize, form: Form) {
        self.begin_cell(place, form);
        self.gathered.push_str("><v>");
        self.gathered.push_str(&self.scratch);
        self.gathered.push_str("</v></c>");
    }

    /// A cell of text, which stands in the cell itself.
    fn words(&mut self, place: usize, text: &str, form: Form) {
        if text.is_empty() {
            return;
        }
        self.begin_cell(place, form);
        self.gathered.push_str(" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
        match cut(text) {
            Some(begin) => {
                escape(begin, &mut self.gathered);
                self.gathered.push('…');
            }
            None => escape(text, &mut self.gathered),
        }
        self.gathered.push_str("</t></is></c>");
    }

    fn begin_cell(&mut self, place: usize, form: Form) {
        let letters = self.letters.get(place).map_or("", String::as_str);
        let _infallible = write!(self.gathered, "<c r=\"{letters}{}\"", self.row);
        if form != Form::Plain {
            let _infallible = write!(self.gathered, " s=\"{}\"", form.place());
        }
    }
}

/// The letters of a column: A to Z, then AA.
fn letters(mut place: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(place % 26).unwrap_or(0)));
        match (place / 26).checked_sub(1) {
            Some(rest) => place = rest,
            None => return letters.into_iter().rev().collect(),
        }
    }
}

/// What a cell takes of a text that is too long for it, before the ellipsis.
fn cut(text: &str) -> Option<&str> {
    // There are never more units than bytes.
    if text.len() <= CELL_UNITS_MAX || text.encode_utf16().count() <= CELL_UNITS_MAX {
        return None;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > CELL_UNITS_MAX - 1
    });
    end.map(|(at, _)| &text[..at])
}

/// Text of a cell: markup escaped, and what XML cannot hold written as sheets write it, `_x0001_`; what looks so by itself too.
fn escape(text: &str, out: &mut String) {
    let mut copied = 0;
    for (at, character) in text.char_indices() {
        let replacement = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '_' if is_escape(&text.as_bytes()[at..]) => "_x005F_",
            '\t' | '\n' => continue,
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        copied = at + character.len_utf8();
        if replacement.is_empty() {
            let _infallible = write!(out, "_x{:04X}_", u32::from(character));
        }
        out.push_str(replacement);
    }
    out.push_str(&text[copied..]);
}

fn is_escape(bytes: &[u8]) -> bool {
    match bytes {
        [b'_', b'x', digits @ .., _] if digits.len() >= 4 => {
            digits[..4].iter().all(u8::is_ascii_hexdigit) && bytes[6] == b'_'
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
