//! Tables of text, as wide as there is room for. Where a table is too wide, empty columns are left out and cells are wrapped between words.
//! Where a word would have to be broken, such as an id that somebody copies, or a row would grow too tall, the table is written row by row instead, a line a cell. Pure.

use comfy_table::{Table, presets};
use unicode_width::UnicodeWidthStr;

/// Lines of a row above which a table is no longer read at a glance.
const ROW_LINES_MAX: usize = 8;
/// Columns that the values have at least where a table is written row by row.
const VALUE_COLUMNS_MIN: usize = 24;
/// What stands in place of a table without rows.
const NOTHING: &str = "nothing";
/// Columns between a heading and its value there.
const GAP: usize = 2;

/// A table: headings, and rows of as many cells.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The columns that a column of a table takes: whole, and at least, so that no word is broken.
#[derive(Debug, Clone, Copy)]
struct Span {
    whole: usize,
    least: usize,
}

impl Grid {
    /// A table with these headings.
    #[must_use]
    pub fn new<H: AsRef<str>>(headings: &[H]) -> Self {
        Self { headings: headings.iter().map(|heading| heading.as_ref().to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row; a cell may have several lines.
    pub fn add_row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table in so many columns; without a number as wide as it is. Where there are no rows, a word that says so.
    #[must_use]
    pub fn text(&self, columns: Option<usize>) -> String {
        if self.rows.is_empty() {
            return NOTHING.to_owned();
        }
        let whole = framed(&self.headings, &self.rows);
        match columns {
            Some(columns) if whole.lines().any(|line| line.width() > columns) => self.filled().narrowed(columns),
            _ => whole,
        }
    }

    /// Without the columns in which nothing stands.
    fn filled(&self) -> Self {
        let stands = |column: usize| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
        let kept: Vec<usize> = (0..self.headings.len()).filter(|column| stands(*column)).collect();
        let of = |cells: &Vec<String>| kept.iter().filter_map(|column| cells.get(*column).cloned()).collect();
        Self { headings: of(&self.headings), rows: self.rows.iter().map(of).collect() }
    }

    fn narrowed(&self, columns: usize) -> String {
        // Of each column there are two spaces and a line, and one line more.
        let room = columns.saturating_sub(self.headings.len() * 3 + 1);
        let Some(widths) = widths(&self.spans(), room) else { return self.row_by_row(columns) };
        let fit = |cells: &Vec<String>| -> Vec<String> {
            cells.iter().zip(&widths).map(|(cell, width)| wrapped(cell, *width).join("\n")).collect()
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(fit).collect();
        if rows.iter().flatten().any(|cell| cell.lines().count() > ROW_LINES_MAX) {
            return self.row_by_row(columns);
        }
        framed(&fit(&self.headings), &rows)
    }

    fn spans(&self) -> Vec<Span> {
        let of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).chain(self.headings.get(column));
            let (mut whole, mut least) = (0, 0);
            for line in cells.flat_map(|cell| cell.lines()) {
                whole = whole.max(line.width());
                least = line.split_whitespace().map(UnicodeWidthStr::width).fold(least, usize::max);
            }
            Span { whole, least }
        };
        (0..self.headings.len()).map(of).collect()
    }

    /// A line for each cell that is not empty; rows are parted by an empty line.
    fn row_by_row(&self, columns: usize) -> String {
        let names = self.headings.iter().map(|heading| heading.width()).max().unwrap_or_default();
        let room = columns.saturating_sub(names + GAP).max(VALUE_COLUMNS_MIN);
        let row = |cells: &Vec<String>| {
            let mut lines = Vec::new();
            for (heading, cell) in self.headings.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                for (number, line) in wrapped(cell, room).into_iter().enumerate() {
                    let name = if number == 0 { heading.as_str() } else { "" };
                    lines.push(format!("{name}{}{line}", " ".repeat(names + GAP - name.width())));
                }
            }
            lines.join("\n")
        };
        self.rows.iter().map(row).collect::<Vec<_>>().join("\n\n")
    }
}

fn framed(headings: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(headings).add_rows(rows);
    table.to_string()
}

/// How wide each column may be, so that all fit: those that need little have it, the others share what is left. Nothing where words would have
/// to be broken.
fn widths(spans: &[Span], room: usize) -> Option<Vec<usize>> {
    let at_most = |most: usize| spans.iter().map(move |span| span.whole.min(span.least.max(most)));
    let most = (0..=room).rev().find(|most| at_most(*most).sum::<usize>() <= room)?;
    Some(at_most(most).collect())
}

/// The lines of a text, those that are too long parted between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.width() <= width {
            lines.push(line.to_owned());
            continue;
        }
        let mut last = String::new();
        for word in line.split_whitespace() {
            if !last.is_empty() && last.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut last));
            }
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
        lines.push(last);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ID: &str = "0b1d9f3e-15f2-11f1-8002-02005e100002";

    fn grid() -> Grid {
        let mut grid = Grid::new(&["no", "message id", "reason"]);
        grid.add_row(["17", ID, "Заявление с таким номером не найдено, ожидание истекло"]);
        grid.add_row(["1042", "sha256:00", ""]);
        grid
    }

    /// The words of a text, without the lines of a table.
    fn words(text: &str) -> BTreeSet<&str> {
        let parts = text.split(|c: char| c.is_whitespace() || "│┆┌┐└┘├┤┬┴┼─╌╞╡╪═".contains(c));
        parts.filter(|word| !word.is_empty()).collect()
    }

    #[test]
    fn whatever_the_room_no_word_is_broken_and_no_line_is_too_long() {
        let whole = grid().text(None);
        for columns in 48..140 {
            let text = grid().text(Some(columns));
            assert!(text.lines().all(|line| line.width() <= columns), "{columns}\n{text}");
            assert_eq!(words(&text), words(&whole), "{columns}\n{text}");
        }
    }

    #[test]
    fn empty_columns_go_first() {
        let mut grid = Grid::new(&["no", "message id", "error", "state"]);
        grid.add_row(["1", ID, "", "sent"]);
        let whole = grid.text(None);
        assert!(whole.contains("error") && grid.text(Some(80)) == whole, "{whole}");
        let narrow = grid.text(Some(56));
        assert!(narrow.starts_with('┌') && !narrow.contains("error") && narrow.contains(ID), "{narrow}");
    }

    #[test]
    fn what_fits_is_a_table_what_can_be_wrapped_is_wrapped_the_rest_is_row_by_row() {
        let whole = grid().text(None);
        let widest = whole.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert_eq!(grid().text(Some(widest)), whole);
        let wrapped = grid().text(Some(80));
        assert!(wrapped.starts_with('┌') && wrapped.lines().count() > whole.lines().count(), "{wrapped}");
        assert_eq!(
            grid().text(Some(50)),
            format!(
                "no          17\nmessage id  {ID}\nreason      Заявление с таким номером не найдено,\n            \
                 ожидание истекло\n\nno          1042\nmessage id  sha256:00"
            )
        );
        let mut tall = Grid::new(&["a", "b"]);
        tall.add_row([&"слово ".repeat(40), ID]);
        assert!(tall.text(Some(52)).starts_with("a  слово"), "{}", tall.text(Some(52)));
        for columns in [None, Some(10), Some(80)] {
            assert_eq!(Grid::new(&["number", "reason"]).text(columns), "nothing");
        }
    }
}
