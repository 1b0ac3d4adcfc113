//! A page for people: what it is and of when, charts, tables; in Russian, fit for printing, row by row, so that a long register does not
//! need memory either.

use std::io::Write;

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::ExportFault;
use super::make::Section;
use super::table::{Row, Shown, Table};
use super::value::{self, Clock, Moments};
use crate::hypertext::{ENDED, begun, escaped};
use crate::store::{ColumnType, Period};

/// A table of more columns is printed across the sheet, in small type.
const NARROW_COLUMNS_MAX: usize = 9;

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
    /// What is said below it.
    note: String,
}

impl<W: Write> Html<W> {
    /// Begins a page.
    pub(super) fn begin(out: W, title: &Title) -> Result<Self, ExportFault> {
        let scratch = begun("ru", &title.text);
        let mut page =
            Self { out, moments: Moments::new(Clock::Local(title.zone)), scratch, rows: None, note: String::new() };
        page.scratch.push_str(&format!("<p class=\"quiet\">Ведомство: {}", escaped(&title.agency)));
        if let Some(period) = title.period {
            page.scratch.push_str(". Период: ");
            page.period(period, title.zone);
        }
        let made = value::in_a_sentence(title.slot.timestamp_millis(), title.zone);
        page.scratch.push_str(&format!(". Составлено {made} ({})</p>\n", title.zone));
        page.hand_over()?;
        Ok(page)
    }

    /// Begins a section: a heading where the page has several, a chart, a table.
    pub(super) fn section(&mut self, section: &Section) -> Result<(), ExportFault> {
        self.end_table();
        self.scratch.push_str(&section.lead);
        if let Some(heading) = &section.heading {
            self.scratch.push_str(&format!("<h2>{}</h2>\n", escaped(heading)));
        }
        self.scratch.push_str(&section.figure);
        self.note.clone_from(&section.note);
        let is_wide = section.table.columns.len() > NARROW_COLUMNS_MAX;
        if is_wide {
            self.scratch.push_str("<style>@page{size:A4 landscape;margin:8mm}</style>\n");
        }
        let class = if is_wide { " class=\"wide\"" } else { "" };
        self.scratch.push_str(&format!("<div class=\"scroll\"><table{class}>\n<thead><tr>"));
        for column in &section.table.columns {
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
            match row.for_people(column) {
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

    /// Whole days by their dates, the last one included; anything else from moment to moment.
    fn period(&mut self, period: Period, zone: Tz) {
        let day = |moment: i64| {
            let local = DateTime::from_timestamp_millis(moment)?.with_timezone(&zone).naive_local();
            (local.time() == NaiveTime::MIN).then(|| local.date())
        };
        match (day(period.from), day(period.to).and_then(|day| day.pred_opt())) {
            (Some(from), Some(to)) if from == to => self.scratch.push_str(&from.format("%d.%m.%Y").to_string()),
            (Some(from), Some(to)) => {
                self.scratch.push_str(&format!("с {} по {}", from.format("%d.%m.%Y"), to.format("%d.%m.%Y")));
            }
            _ => {
                self.scratch.push_str("с ");
                self.moments.write(period.from, &mut self.scratch);
                self.scratch.push_str(" до ");
                self.moments.write(period.to, &mut self.scratch);
            }
        }
    }

    fn end_table(&mut self) {
        if let Some(rows) = self.rows.take() {
            self.scratch.push_str("</tbody>\n</table></div>\n");
            if rows == 0 {
                self.note.push_str("За этот период строк нет.");
            }
            if !self.note.is_empty() {
                self.scratch.push_str(&format!("<p class=\"quiet\">{}</p>\n", escaped(&self.note)));
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
