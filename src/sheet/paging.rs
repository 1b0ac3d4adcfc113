//! Sheets set on pages of A4: where each line of text and each frame of a row stands. Tables go on over pages with their headings again; a
//! row stays together unless it is higher than a page.

use super::letters::{Face, showable};
use super::{Part, Sheet, Table, columns};

/// The sides of A4, points.
const SHORT_SIDE: f32 = 595.28;
const LONG_SIDE: f32 = 841.89;
/// What stays free around, points: 14 mm.
pub(super) const MARGIN: f32 = 39.69;
/// A table of more columns is set across.
const UPRIGHT_COLUMNS_MAX: usize = 7;
/// Free space in a cell at each side, points.
pub(super) const PAD: f32 = 3.0;
/// A heading stays with at least so much of what follows, points.
const TOGETHER: f32 = 64.0;
/// The last lines of a row that goes on are not torn off it, if the page has no room for so many.
const ROW_LINES_MIN: usize = 3;

/// How a text is set: sizes in points, the free space above a paragraph of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) leading: f32,
    pub(super) bold: bool,
    above: f32,
}

const fn style(size: f32, leading: f32, bold: bool, above: f32) -> Style {
    Style { size, leading, bold, above }
}

const TITLE: Style = style(15.0, 19.0, true, 0.0);
const HEADING: Style = style(11.0, 14.0, true, 12.0);
const BODY: Style = style(9.5, 12.5, false, 4.0);
pub(super) const CELL: Style = style(7.5, 9.5, false, 0.0);
pub(super) const HEAD: Style = style(7.5, 9.5, true, 0.0);
pub(super) const FOOT: Style = style(7.5, 9.5, false, 0.0);

/// Both faces.
pub(super) struct Faces {
    pub(super) regular: Face,
    pub(super) bold: Face,
}

impl Faces {
    pub(super) fn of(&self, style: Style) -> &Face {
        if style.bold { &self.bold } else { &self.regular }
    }
}

/// A line of text on a page. Its owner is the element of the document that it belongs to; none: a heading that is only repeated.
pub(super) struct Placed {
    pub(super) x: f32,
    pub(super) baseline: f32,
    pub(super) style: Style,
    pub(super) text: String,
    pub(super) owner: Option<usize>,
}

/// The frame of a row, or of the part of it that stands on a page.
pub(super) struct Frame {
    pub(super) top: f32,
    pub(super) bottom: f32,
    /// Left sides of its cells, and the right side of the last.
    pub(super) sides: Vec<f32>,
    pub(super) head: bool,
}

/// A page.
pub(super) struct Page {
    pub(super) width: f32,
    pub(super) height: f32,
    /// What stands at its foot beside its number.
    pub(super) title: String,
    pub(super) texts: Vec<Placed>,
    pub(super) frames: Vec<Frame>,
}

/// What a document is made of, in reading order; numbers are owners of texts.
pub(super) enum Block {
    Title(usize, String),
    Heading(usize, String),
    Paragraph(usize),
    Table { head: Vec<usize>, rows: Vec<Vec<usize>> },
}

/// A heading to jump to: 1 for a sheet, 2 within it; the page from 0, and how far down.
pub(super) struct Mark {
    pub(super) level: u8,
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// Everything set.
pub(super) struct Setting<'f> {
    faces: &'f Faces,
    pub(super) pages: Vec<Page>,
    pub(super) blocks: Vec<Block>,
    pub(super) marks: Vec<Mark>,
    /// How many owners there are.
    pub(super) owners: usize,
    width: f32,
    height: f32,
    title: String,
    y: f32,
}

/// A table that is being set.
struct Rows<'r> {
    sides: Vec<f32>,
    head: &'r [Vec<String>],
}

impl<'f> Setting<'f> {
    /// Sets sheets one after another, each beginning on a page of its own.
    pub(super) fn of(sheets: &[Sheet], faces: &'f Faces) -> Self {
        let (pages, blocks, marks) = (Vec::new(), Vec::new(), Vec::new());
        let mut setting =
            Self { faces, pages, blocks, marks, owners: 0, width: 0.0, height: 0.0, title: String::new(), y: 0.0 };
        sheets.iter().for_each(|sheet| setting.sheet(sheet));
        setting
    }

    fn sheet(&mut self, sheet: &Sheet) {
        let across = sheet
            .parts
            .iter()
            .any(|part| matches!(part, Part::Table(table) if table.headings.len() > UPRIGHT_COLUMNS_MAX));
        (self.width, self.height) = if across { (LONG_SIDE, SHORT_SIDE) } else { (SHORT_SIDE, LONG_SIDE) };
        self.title = showable(&sheet.title).replace('\n', " ");
        self.turn();
        let title = self.title.clone();
        self.mark(1, &title);
        let owner = self.text(TITLE, &title);
        self.blocks.push(Block::Title(owner, title));
        for part in &sheet.parts {
            match part {
                Part::Paragraph(text) if text.is_empty() => {}
                Part::Paragraph(text) => {
                    let owner = self.text(BODY, &showable(text));
                    self.blocks.push(Block::Paragraph(owner));
                }
                Part::Heading(text) => {
                    let text = showable(text).replace('\n', " ");
                    if self.room() < TOGETHER {
                        self.turn();
                    }
                    self.mark(2, &text);
                    let owner = self.text(HEADING, &text);
                    self.blocks.push(Block::Heading(owner, text));
                }
                Part::Table(table) => self.table(table),
            }
        }
    }

    fn mark(&mut self, level: u8, text: &str) {
        let page = self.pages.len() - 1;
        self.marks.push(Mark { level, text: text.to_owned(), page, y: self.y });
    }

    /// Begins a page.
    fn turn(&mut self) {
        let (width, height, title) = (self.width, self.height, self.title.clone());
        self.pages.push(Page { width, height, title, texts: Vec::new(), frames: Vec::new() });
        self.y = MARGIN;
    }

    /// What is left of the page, points.
    fn room(&self) -> f32 {
        self.height - MARGIN - 1.5 * FOOT.leading - self.y
    }

    fn owner(&mut self) -> usize {
        self.owners += 1;
        self.owners - 1
    }

    fn place(&mut self, x: f32, top: f32, style: Style, text: String, owner: Option<usize>) {
        let baseline = top + (style.leading - style.size) / 2.0 + style.size * 0.8;
        if let Some(page) = self.pages.last_mut() {
            page.texts.push(Placed { x, baseline, style, text, owner });
        }
    }

    /// A text over the whole width; gives who owns it.
    fn text(&mut self, style: Style, text: &str) -> usize {
        let owner = self.owner();
        let width = (self.width - 2.0 * MARGIN) / style.size;
        self.y += style.above;
        for line in self.faces.of(style).lines(text, width) {
            if self.room() < style.leading {
                self.turn();
            }
            self.place(MARGIN, self.y, style, line, Some(owner));
            self.y += style.leading;
        }
        owner
    }

    fn table(&mut self, table: &Table) {
        let total = self.width - 2.0 * MARGIN;
        let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(columns::shown).collect()).collect();
        let widths = columns::widths(table, &rows, &self.faces.regular, &self.faces.bold, total);
        let mut sides = vec![MARGIN];
        sides.extend(widths.iter().scan(MARGIN, |side, width| {
            *side += width;
            Some(*side)
        }));
        let inner = |style: Style, width: f32| (width - 2.0 * PAD) / style.size;
        let heading = |(text, width): (&&str, &f32)| self.faces.bold.lines(text, inner(HEAD, *width));
        let head: Vec<Vec<String>> = table.headings.iter().zip(&widths).map(heading).collect();
        let rows_of = Rows { sides, head: &head };
        self.y += PAD;
        if self.room() < TOGETHER {
            self.turn();
        }
        let owners: Vec<usize> = head.iter().map(|_| self.owner()).collect();
        self.fragment(&rows_of.sides, &head, HEAD, Some(&owners));
        let mut set = Vec::new();
        for row in rows {
            let cell = |(text, width): (&String, &f32)| self.faces.regular.lines(text, inner(CELL, *width));
            let cells: Vec<Vec<String>> = row.iter().zip(&widths).map(cell).collect();
            let owners: Vec<usize> = cells.iter().map(|_| self.owner()).collect();
            self.row(cells, &owners, &rows_of);
            set.push(owners);
        }
        self.blocks.push(Block::Table { head: owners, rows: set });
    }

    /// A row: whole if any page can hold it, else as many lines as there is room for, again and again.
    fn row(&mut self, mut cells: Vec<Vec<String>>, owners: &[usize], of: &Rows<'_>) {
        loop {
            let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
            let room = lines_in(self.room());
            if lines <= room {
                return self.fragment(&of.sides, &cells, CELL, Some(owners));
            }
            let free = self.height - 2.0 * MARGIN - 1.5 * FOOT.leading;
            let most = lines_in(free - height_of(of.head));
            let fresh = room >= most;
            if !fresh && (lines <= most || room < ROW_LINES_MIN) {
                self.turn_table(of);
                continue;
            }
            let now: Vec<Vec<String>> =
                cells.iter_mut().map(|cell| cell.drain(..cell.len().min(room.max(1))).collect()).collect();
            self.fragment(&of.sides, &now, CELL, Some(owners));
            self.turn_table(of);
        }
    }

    fn turn_table(&mut self, of: &Rows<'_>) {
        self.turn();
        self.fragment(&of.sides, of.head, HEAD, None);
    }

    /// Cells side by side, as high as the highest of them.
    fn fragment(&mut self, sides: &[f32], cells: &[Vec<String>], style: Style, owners: Option<&[usize]>) {
        let top = self.y;
        for (at, cell) in cells.iter().enumerate() {
            for (number, line) in (0_u16..).zip(cell) {
                let line_top = top + PAD + f32::from(number) * style.leading;
                self.place(sides[at] + PAD, line_top, style, line.clone(), owners.map(|owners| owners[at]));
            }
        }
        self.y += height_of(cells);
        let frame = Frame { top, bottom: self.y, sides: sides.to_vec(), head: style == HEAD };
        if let Some(page) = self.pages.last_mut() {
            page.frames.push(frame);
        }
    }
}

/// How many lines of a row stand in so much room.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page has some hundred lines")]
fn lines_in(room: f32) -> usize {
    ((room - 2.0 * PAD) / CELL.leading).max(0.0) as usize
}

fn height_of(cells: &[Vec<String>]) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
    f32::from(u16::try_from(lines).unwrap_or(u16::MAX)) * CELL.leading + 2.0 * PAD
}
