//! A page for people: what it is and of when, charts, tables; in Russian, fit for printing, row by row, so that a long register does not
//! need memory either.

use std::io::Write;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::ExportFault;
use super::table::{Row, Shown, Table};
use super::value::{self, Clock, Moments};
use crate::hypertext::{ENDED, begun, escaped};
use crate::store::{ColumnType, Period};

/// What a page says of itself.
#[derive(Debug, Clone)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) agency: String,
    pub(super) slot: DateTime<Utc>,
    pub(super) period: Option<Period>,
    pub(super) zone: Tz,
}

/// Writes a page.
pub(super) struct Html<W: Write> {
    out: W,
    moments: Moments,
    scratch: String,
    /// Rows of the open table; none: no table is open.
    rows: Option<u64>,
}

impl<W: Write> Html<W> {
    /// Begins a page.
    pub(super) fn begin(out: W, title: &Title) -> Result<Self, ExportFault> {
        let moments = Moments::new(Clock::Local(title.zone));
        let mut page = Self { out, moments, scratch: begun("ru", &title.text), rows: None };
        page.scratch.push_str(&format!("<p class=\"quiet\">Ведомство {}", escaped(&title.agency)));
        if let Some(period) = title.period {
            page.scratch.push_str(". Период: с ");
            page.moments.write(period.from, &mut page.scratch);
            page.scratch.push_str(" до ");
            page.moments.write(period.to, &mut page.scratch);
        }
        page.scratch.push_str(". Составлено за ");
        page.moments.write(title.slot.timestamp_millis(), &mut page.scratch);
        page.scratch.push_str(&format!(" ({})</p>\n", title.zone));
        page.hand_over()?;
        Ok(page)
    }

    /// Begins a section: a heading where the page has several, a chart, a table.
    pub(super) fn section(&mut self, heading: Option<&str>, figure: &str, table: &Table) -> Result<(), ExportFault> {
        self.end_table();
        if let Some(heading) = heading {
            self.scratch.push_str(&format!("<h2>{}</h2>\n", escaped(heading)));
        }
        self.scratch.push_str(figure);
        self.scratch.push_str("<table>\n<thead><tr>");
        for column in &table.columns {
            let class = if is_count(column.kind) { " class=\"count\"" } else { "" };
            self.scratch.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escaped(&column.heading)));
        }
        self.scratch.push_str("</tr></thead>\n<tbody>\n");
        self.rows = Some(0);
        self.hand_over()
    }

    /// Writes a row of the open table.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        self.rows = self.rows.map(|rows| rows + 1);
        self.scratch.push_str("<tr>");
        for column in &table.columns {
            self.scratch.push_str(if is_count(column.kind) { "<td class=\"count\">" } else { "<td>" });
            match row.value(column) {
                Shown::Nothing => {}
                Shown::Number(number) => self.number(number, column.kind),
                Shown::Text(text) => self.text(text, column.kind),
                Shown::Made(text) => self.text(&text, column.kind),
            }
            self.scratch.push_str("</td>");
        }
        self.scratch.push_str("</tr>\n");
        self.hand_over()
    }

    /// Ends the page and gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportFault> {
        self.end_table();
        self.scratch.push_str(ENDED);
        self.hand_over()?;
        Ok(self.out)
    }

    fn end_table(&mut self) {
        if let Some(rows) = self.rows.take() {
            self.scratch.push_str("</tbody>\n</table>\n");
            if rows == 0 {
                self.scratch.push_str("<p class=\"quiet\">Строк нет.</p>\n");
            }
        }
    }

    fn number(&mut self, number: i64, kind: ColumnType) {
        match kind {
            ColumnType::Moment => self.moments.write(number, &mut self.scratch),
            ColumnType::Decimal(decimals) => value::decimal(number, decimals, ',', &mut self.scratch),
            ColumnType::Flag => self.scratch.push_str(if number == 0 { "нет" } else { "да" }),
            _ => value::whole(number, &mut self.scratch),
        }
    }

    fn text(&mut self, text: &str, kind: ColumnType) {
        if kind == ColumnType::Day {
            value::day_for_people(text, &mut self.scratch);
        } else {
            self.scratch.push_str(&escaped(text));
        }
    }

    fn hand_over(&mut self) -> Result<(), ExportFault> {
        let written = self.out.write_all(self.scratch.as_bytes());
        self.scratch.clear();
        written.map_err(ExportFault::unwritable("the file"))
    }
}

fn is_count(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Whole | ColumnType::Decimal(_))
}
