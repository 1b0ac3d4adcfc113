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

/// What an upright sheet has room for, and one laid across: a count takes a place, anything else two. Of a wider table each row is printed
/// as a card.
const UPRIGHT_PLACES_MAX: usize = 14;
const ACROSS_PLACES_MAX: usize = 20;
/// The column of registers that names what a row is of.
const NUMBER: &str = "number";

/// What a page says of itself.
#[derive(Debug, Clone)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) agency: String,
    pub(super) slot: DateTime<Utc>,
    pub(super) period: Option<Period>,
    pub(super) zone: Tz,
}

/// How a table is printed. On a screen all of them are tables; what is wider than it is moved under its headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sheet {
    Upright,
    Across,
    Cards,
}

impl Sheet {
    fn of(columns: impl Iterator<Item = ColumnType>) -> Self {
        match columns.map(|kind| if is_count(kind) { 1 } else { 2 }).sum::<usize>() {
            places if places <= UPRIGHT_PLACES_MAX => Self::Upright,
            places if places <= ACROSS_PLACES_MAX => Self::Across,
            _ => Self::Cards,
        }
    }

    /// What heads a card: the number of what it is of, else what comes first.
    fn key(self, table: &Table) -> Option<usize> {
        let number = table.columns.iter().position(|column| column.code == NUMBER);
        (self == Self::Cards).then(|| number.unwrap_or_default())
    }

    /// The beginning of the table, the `number`-th of its page, and of what it is moved in.
    fn begun(self, number: usize) -> String {
        match self {
            Self::Upright => "<div class=\"scroll\"><table>".to_owned(),
            Self::Across => "<div class=\"scroll wide\"><table class=\"wide\">".to_owned(),
            Self::Cards => {
                format!("<div class=\"scroll wide\"><table class=\"wide cards\" id=\"table-{number}\">")
            }
        }
    }
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
    /// Sections so far.
    sections: usize,
    /// Which column of the open table heads the cards that its rows are printed as; none: they are no cards.
    key: Option<usize>,
}

impl<W: Write> Html<W> {
    /// Begins a page.
    pub(super) fn begin(out: W, title: &Title) -> Result<Self, ExportFault> {
        let scratch = begun("ru", &title.text);
        let moments = Moments::new(Clock::Local(title.zone));
        let mut page = Self { out, moments, scratch, rows: None, note: String::new(), sections: 0, key: None };
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
        self.sections += 1;
        let sheet = Sheet::of(section.table.columns.iter().map(|column| column.kind));
        self.key = sheet.key(&section.table);
        match sheet {
            Sheet::Upright => {}
            Sheet::Across => self.scratch.push_str("<style>@page{size:A4 landscape;margin:8mm}</style>\n"),
            Sheet::Cards => self.labels(&section.table),
        }
        self.scratch.push_str(&sheet.begun(self.sections));
        self.scratch.push_str("\n<thead><tr>");
        for column in &section.table.columns {
            let class = if is_count(column.kind) { " class=\"count\"" } else { "" };
            self.scratch.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escaped(&column.heading)));
        }
        self.scratch.push_str("</tr></thead>\n<tbody>\n");
        self.rows = Some(0);
        self.hand_over()
    }

    /// What stands before each value of a card: the heading of its column.
    fn labels(&mut self, table: &Table) {
        self.scratch.push_str("<style>@media print{");
        for (at, column) in (1..).zip(&table.columns) {
            let (number, heading) = (self.sections, quoted(&column.heading));
            self.scratch.push_str(&format!("#table-{number} td:nth-child({at})::before{{content:{heading}}}"));
        }
        self.scratch.push_str("}</style>\n");
    }

    /// Writes a row of the open table.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        self.rows = self.rows.map(|rows| rows + 1);
        self.scratch.push_str("<tr>");
        for (at, column) in table.columns.iter().enumerate() {
            self.scratch.push_str(match self.key {
                Some(key) if key == at => "<td class=\"key\">",
                _ if is_count(column.kind) => "<td class=\"count\">",
                _ => "<td>",
            });
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

/// Text as a string of a style sheet, which cannot end it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for sign in text.chars() {
        if sign.is_alphanumeric() || matches!(sign, ' ' | ',' | '.' | '-' | '(' | ')' | '№' | '%') {
            quoted.push(sign);
        } else {
            quoted.push_str(&format!("\\{:x} ", u32::from(sign)));
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_cannot_end_the_style_that_it_stands_in() {
        assert_eq!(quoted("Срок, до"), "\"Срок, до\"");
        assert_eq!(quoted("a\"}</style>\\\n"), "\"a\\22 \\7d \\3c \\2f style\\3e \\5c \\a \"");
    }

    #[test]
    fn the_sheet_is_as_wide_as_its_table() {
        for (texts, counts, sheet) in [
            (7, 0, Sheet::Upright),
            (3, 8, Sheet::Upright),
            (7, 1, Sheet::Across),
            (4, 12, Sheet::Across),
            (10, 0, Sheet::Across),
            (10, 1, Sheet::Cards),
        ] {
            let columns = std::iter::repeat_n(ColumnType::Text, texts);
            let columns = columns.chain(std::iter::repeat_n(ColumnType::Whole, counts));
            assert_eq!(Sheet::of(columns), sheet, "{texts} texts, {counts} counts");
        }
    }
}
