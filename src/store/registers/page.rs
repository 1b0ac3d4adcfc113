//! Rows as they are read: many at a time in one piece of memory, so that a million of them cost few allocations.

/// A value in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'p> {
    /// There is none.
    Nothing,
    /// A whole number; a column's type says of what.
    Number(i64),
    /// Text.
    Text(&'p str),
}

impl<'p> Cell<'p> {
    /// The text; `""` where there is none.
    #[must_use]
    pub fn text(self) -> &'p str {
        match self {
            Self::Text(text) => text,
            Self::Nothing | Self::Number(_) => "",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Nothing,
    Number(i64),
    Text { from: usize, to: usize },
}

/// Rows of the same columns.
#[derive(Debug, Default)]
pub struct Page {
    width: usize,
    slots: Vec<Slot>,
    text: String,
    /// The key of the last row, by which the next page begins.
    pub last_key: i64,
    /// Whether there is nothing behind it.
    pub is_last: bool,
}

impl Page {
    /// A page of rows with so many values, and nothing behind it.
    #[must_use]
    pub fn of_width(width: usize) -> Self {
        Self { width, is_last: true, ..Self::default() }
    }

    /// Adds a value to the row being filled.
    pub fn push(&mut self, cell: Cell<'_>) {
        self.slots.push(match cell {
            Cell::Nothing => Slot::Nothing,
            Cell::Number(number) => Slot::Number(number),
            Cell::Text(text) => {
                let from = self.text.len();
                self.text.push_str(text);
                Slot::Text { from, to: self.text.len() }
            }
        });
    }

    /// How many values a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = PageRow<'_>> {
        self.slots.chunks_exact(self.width.max(1)).map(|slots| PageRow { slots, text: &self.text })
    }
}

/// A row of a page.
#[derive(Debug, Clone, Copy)]
pub struct PageRow<'p> {
    slots: &'p [Slot],
    text: &'p str,
}

impl<'p> PageRow<'p> {
    /// The value at a place; nothing beyond the last one.
    #[must_use]
    pub fn cell(self, at: usize) -> Cell<'p> {
        match self.slots.get(at) {
            Some(Slot::Number(number)) => Cell::Number(*number),
            Some(Slot::Text { from, to }) => Cell::Text(&self.text[*from..*to]),
            Some(Slot::Nothing) | None => Cell::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_filled() {
        let mut page = Page::of_width(3);
        for cell in [Cell::Text("а"), Cell::Number(1), Cell::Nothing, Cell::Nothing, Cell::Text(""), Cell::Text("бв")]
        {
            page.push(cell);
        }
        assert_eq!(page.len(), 2);
        let rows: Vec<Vec<Cell<'_>>> = page.rows().map(|row| (0..4).map(|at| row.cell(at)).collect()).collect();
        assert_eq!(rows[0], [Cell::Text("а"), Cell::Number(1), Cell::Nothing, Cell::Nothing]);
        assert_eq!(rows[1], [Cell::Nothing, Cell::Text(""), Cell::Text("бв"), Cell::Nothing]);
        assert_eq!(Page::of_width(0).len(), 0);
    }
}
