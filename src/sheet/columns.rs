//! How wide the columns of a table are: by what stands in them, as browsers do it, and together as wide as the page.

use super::letters::{Face, showable};
use super::paging::{CELL, HEAD, PAD};
use super::{Cell, Table};

/// A piece that does not break widens its column up to this, points.
const PIECE_MAX: f32 = 90.0;

/// What stands in a cell, as text: several things each on a line of its own, with a dash before them.
pub(super) fn shown(cell: &Cell) -> String {
    match cell.as_slice() {
        [only] => showable(only),
        several => several.iter().map(|one| format!("– {}", showable(one))).collect::<Vec<_>>().join("\n"),
    }
}

/// The widths of the columns, points; together `total`.
pub(super) fn widths(table: &Table, rows: &[Vec<String>], regular: &Face, bold: &Face, total: f32) -> Vec<f32> {
    let column = |(at, heading): (usize, &&str)| {
        let cells = || rows.iter().filter_map(|row| row.get(at));
        let piece = cells().map(|text| regular.widest_piece(text) * CELL.size);
        let line = cells().map(|text| regular.widest_line(text) * CELL.size);
        let least = piece.fold(bold.widest_piece(heading) * HEAD.size, f32::max).min(PIECE_MAX);
        let wanted = line.fold(bold.widest_line(heading) * HEAD.size, f32::max).min(total / 2.0);
        // A hair more, so that what just fits is not broken by rounding.
        (least + 2.0 * PAD + 0.1, wanted.max(least) + 2.0 * PAD + 0.1)
    };
    shared(&table.headings.iter().enumerate().map(column).collect::<Vec<_>>(), total)
}

/// Shares a width among columns by what each needs at least and would like to have.
fn shared(columns: &[(f32, f32)], total: f32) -> Vec<f32> {
    let least: f32 = columns.iter().map(|column| column.0).sum();
    let wanted: f32 = columns.iter().map(|column| column.1).sum();
    if least >= total {
        return columns.iter().map(|column| column.0 * total / least).collect();
    }
    if wanted <= total {
        return columns.iter().map(|column| column.1 * total / wanted).collect();
    }
    let part = (total - least) / (wanted - least);
    columns.iter().map(|column| column.0 + (column.1 - column.0) * part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[(f32, f32)], expected: &[f32]) {
        let got = shared(columns, 100.0);
        assert!(got.iter().zip(expected).all(|(got, one)| (got - one).abs() < 0.01), "{got:?}, expected {expected:?}");
        assert!((got.iter().sum::<f32>() - 100.0).abs() < 0.01);
    }

    #[test]
    fn columns_fill_the_page_and_get_what_they_need_first() {
        check(&[(10.0, 20.0), (10.0, 30.0)], &[40.0, 60.0]);
        check(&[(10.0, 20.0), (20.0, 120.0)], &[16.363, 83.636]);
        check(&[(100.0, 100.0), (300.0, 300.0)], &[25.0, 75.0]);
    }
}
