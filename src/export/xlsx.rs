//! Spreadsheets: one sheet of real numbers and moments, headings that stay in sight. The whole sheet is held in memory until it is
//! saved; a sheet has an end, and more rows than that are an error.

use std::io::Write;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as Style, Workbook, XlsxError};

use super::ExportFault;
use super::html::Title;
use super::table::{Row, Shown, Table};
use super::value::{Clock, Moments};
use crate::store::ColumnType;

/// Rows of a sheet below its headings.
const ROWS_MAX: u64 = 1_048_575;
/// The longest text that a cell takes, in characters; a longer one is cut and ends with an ellipsis.
const CELL_CHARACTERS_MAX: usize = 32_767;
/// The day that spreadsheets count as 25,569 is 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_SECONDS: f64 = 86_400.0;
const WIDTH: f64 = 18.0;

/// Writes a table as a sheet.
pub(super) struct Xlsx<W: Write> {
    out: W,
    workbook: Workbook,
    moments: Moments,
    moment: Style,
    day: Style,
    decimals: Vec<Style>,
    rows: u64,
}

fn unwritable(fault: XlsxError) -> ExportFault {
    ExportFault::unwritable("the sheet")(std::io::Error::other(fault.to_string()))
}

impl<W: Write> Xlsx<W> {
    /// Begins a file with its headings. Its moment of making is the slot, so that the same rows make the same bytes.
    pub(super) fn begin(out: W, table: &Table, title: &Title) -> Result<Self, ExportFault> {
        let mut workbook = Workbook::new();
        let made = ExcelDateTime::from_timestamp(title.slot.timestamp()).map_err(unwritable)?;
        workbook.set_properties(&DocProperties::new().set_title(&title.text).set_creation_datetime(&made));
        let heading = Style::new().set_bold();
        let sheet = workbook.add_worksheet();
        sheet.set_freeze_panes(1, 0).map_err(unwritable)?;
        for (at, column) in (0_u16..).zip(&table.columns) {
            sheet.set_column_width(at, WIDTH).map_err(unwritable)?;
            sheet.write_string_with_format(0, at, &column.heading, &heading).map_err(unwritable)?;
        }
        let decimal = |decimals: usize| match decimals {
            0 => Style::new().set_num_format("0"),
            _ => Style::new().set_num_format(format!("0.{}", "0".repeat(decimals))),
        };
        Ok(Self {
            out,
            workbook,
            moments: Moments::new(Clock::Local(title.zone)),
            moment: Style::new().set_num_format("dd.mm.yyyy hh:mm:ss"),
            day: Style::new().set_num_format("dd.mm.yyyy"),
            decimals: (0..=4).map(decimal).collect(),
            rows: 0,
        })
    }

    /// Writes a row.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(ExportFault::TooManyRows(ROWS_MAX));
        }
        let at = u32::try_from(self.rows).map_err(|_| ExportFault::TooManyRows(ROWS_MAX))?;
        for (place, column) in (0_u16..).zip(&table.columns) {
            match row.value(column) {
                Shown::Nothing => {}
                Shown::Number(number) => self.number(at, place, number, column.kind)?,
                Shown::Text(text) => self.text(at, place, text, column.kind)?,
                Shown::Made(text) => self.text(at, place, &text, column.kind)?,
            }
        }
        Ok(())
    }

    /// Ends the file and gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportFault> {
        let bytes = self.workbook.save_to_buffer().map_err(unwritable)?;
        self.out.write_all(&bytes).map_err(ExportFault::unwritable("the file"))?;
        Ok(self.out)
    }

    #[expect(clippy::cast_precision_loss, reason = "a sheet has no other numbers")]
    fn number(&mut self, row: u32, place: u16, number: i64, kind: ColumnType) -> Result<(), ExportFault> {
        let serial = match kind {
            ColumnType::Moment => {
                Some((self.moments.local(number) as f64 / 1000.0 / DAY_SECONDS + EPOCH_DAYS, &self.moment))
            }
            ColumnType::Decimal(decimals) => {
                let style = self.decimals.get(usize::from(decimals)).unwrap_or(&self.decimals[0]);
                Some((number as f64 / 10_f64.powi(i32::from(decimals)), style))
            }
            _ => None,
        };
        let sheet = self.workbook.worksheet_from_index(0).map_err(unwritable)?;
        let written = match serial {
            Some((value, style)) => sheet.write_number_with_format(row, place, value, style),
            None if kind == ColumnType::Flag => sheet.write_string(row, place, if number == 0 { "нет" } else { "да" }),
            None => sheet.write_number(row, place, number as f64),
        };
        written.map(drop).map_err(unwritable)
    }

    fn text(&mut self, row: u32, place: u16, text: &str, kind: ColumnType) -> Result<(), ExportFault> {
        let sheet = self.workbook.worksheet_from_index(0).map_err(unwritable)?;
        let day = (kind == ColumnType::Day).then(|| ExcelDateTime::parse_from_str(text).ok()).flatten();
        let written = match day {
            Some(day) => sheet.write_datetime_with_format(row, place, &day, &self.day),
            None if text.chars().count() > CELL_CHARACTERS_MAX => {
                let cut: String = text.chars().take(CELL_CHARACTERS_MAX - 1).chain(['…']).collect();
                sheet.write_string(row, place, cut)
            }
            None => sheet.write_string(row, place, text),
        };
        written.map(drop).map_err(unwritable)
    }
}
