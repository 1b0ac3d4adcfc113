//! CSV: for programs as RFC 4180 has it, or for Excel with Russian settings.

use std::io::Write;

use chrono_tz::Tz;
use csv::{Terminator, WriterBuilder};

use super::ExportFault;
use super::format::{Encoding, Profile};
use super::table::{Chosen, Row, Shown, Table};
use super::value::{self, Clock, Moments};
use crate::store::ColumnType;

/// The byte order mark by which Excel knows UTF-8.
const MARK: &[u8] = "\u{FEFF}".as_bytes();
/// A cell of a sheet that begins so would be worked out instead of shown.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

/// Writes a table as CSV.
pub(super) struct Csv<W: Write> {
    out: csv::Writer<W>,
    profile: Profile,
    encoding: Encoding,
    moments: Moments,
    scratch: String,
    rows: u64,
}

impl<W: Write> Csv<W> {
    /// Begins a file with its headings.
    pub(super) fn begin(
        mut out: W,
        table: &Table,
        profile: Profile,
        encoding: Encoding,
        zone: Tz,
    ) -> Result<Self, ExportFault> {
        let (delimiter, clock) = match profile {
            Profile::Machine => (b',', Clock::Utc),
            Profile::ExcelRu => (b';', Clock::Local(zone)),
        };
        if profile == Profile::ExcelRu && encoding == Encoding::Utf8 {
            out.write_all(MARK).map_err(ExportFault::unwritable("the file"))?;
        }
        let out = WriterBuilder::new().delimiter(delimiter).terminator(Terminator::CRLF).from_writer(out);
        let moments = Moments::new(clock);
        let mut file = Self { out, profile, encoding, moments, scratch: String::new(), rows: 0 };
        for column in &table.columns {
            file.scratch.clear();
            file.scratch.push_str(&column.heading);
            file.cell(column)?;
        }
        file.end_row()?;
        Ok(file)
    }

    /// Writes a row.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        self.rows += 1;
        for column in &table.columns {
            self.scratch.clear();
            match row.value(column) {
                Shown::Nothing => {}
                Shown::Number(number) => self.number(number, column.kind),
                Shown::Text(text) => self.text(text, column.kind),
                Shown::Made(text) => self.text(&text, column.kind),
            }
            self.cell(column)?;
        }
        self.end_row()
    }

    /// Ends the file and gives what it was written to.
    pub(super) fn finish(self) -> Result<W, ExportFault> {
        self.out.into_inner().map_err(|fault| ExportFault::unwritable("the file")(fault.into_error()))
    }

    fn number(&mut self, number: i64, kind: ColumnType) {
        let people = self.profile == Profile::ExcelRu;
        match kind {
            ColumnType::Moment => self.moments.write(number, &mut self.scratch),
            ColumnType::Decimal(decimals) => {
                value::decimal(number, decimals, if people { ',' } else { '.' }, &mut self.scratch);
            }
            ColumnType::Flag => self.scratch.push_str(match (people, number != 0) {
                (true, true) => "да",
                (true, false) => "нет",
                (false, true) => "true",
                (false, false) => "false",
            }),
            _ => value::whole(number, &mut self.scratch),
        }
    }

    fn text(&mut self, text: &str, kind: ColumnType) {
        match self.profile {
            Profile::Machine => self.scratch.push_str(text),
            Profile::ExcelRu if kind == ColumnType::Day => value::day_for_people(text, &mut self.scratch),
            Profile::ExcelRu => {
                if text.starts_with(FORMULA) {
                    self.scratch.push('\'');
                }
                self.scratch.push_str(text);
            }
        }
    }

    fn cell(&mut self, column: &Chosen) -> Result<(), ExportFault> {
        let written = match self.encoding {
            Encoding::Utf8 => self.out.write_field(&self.scratch),
            Encoding::Windows1251 => {
                let (bytes, _, lost) = encoding_rs::WINDOWS_1251.encode(&self.scratch);
                if lost {
                    return Err(self.unmappable(column));
                }
                self.out.write_field(bytes)
            }
        };
        written.map_err(unwritable)
    }

    fn unmappable(&self, column: &Chosen) -> ExportFault {
        let lacks = |character: &char| encoding_rs::WINDOWS_1251.encode(character.encode_utf8(&mut [0; 4])).2;
        let character = self.scratch.chars().find(lacks).unwrap_or_default();
        ExportFault::Unmappable { row: self.rows, column: column.code.clone(), character }
    }

    fn end_row(&mut self) -> Result<(), ExportFault> {
        self.out.write_record(None::<&[u8]>).map_err(unwritable)
    }
}

fn unwritable(fault: csv::Error) -> ExportFault {
    let fault = match fault.into_kind() {
        csv::ErrorKind::Io(fault) => fault,
        other => std::io::Error::other(format!("{other:?}")),
    };
    ExportFault::unwritable("the file")(fault)
}
