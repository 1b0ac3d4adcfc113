//! Sheets as PDF: pages of A4 that can be searched, read aloud and kept (PDF/A-2a, PDF/UA-1), with the letters that they use. The same
//! sheets give the same bytes.

use chrono::{Datelike, Timelike};
use krilla::color::luma;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier};
use krilla::{Document, SerializeSettings};
use thiserror::Error;

use super::letters::Face;
use super::paging::{FOOT, Faces, Frame, MARGIN, Mark, Page, Placed, Setting};
use super::{LANGUAGE, Sheet, tags};

#[cfg(test)]
mod tests;

/// Grey of a heading's cell and of the lines around cells: 0 is black.
const HEAD_GREY: u8 = 236;
const LINE_GREY: u8 = 150;
const LINE_WIDTH: f32 = 0.5;

/// Why there is no PDF.
#[derive(Debug, Error)]
pub enum PdfFault {
    /// The program's own fonts cannot be read.
    #[error("the fonts of this program cannot be read: it was built with a damaged `dejavu`")]
    Fonts,
    /// The document cannot be what it should be.
    #[error("the PDF cannot be written: {0}")]
    Document(String),
}

/// Sheets in one document, each beginning on a page of its own.
pub fn written(sheets: &[Sheet]) -> Result<Vec<u8>, PdfFault> {
    let face = |bytes| Face::read(bytes).ok_or(PdfFault::Fonts);
    let faces =
        Faces { regular: face(dejavu::sans_condensed::regular())?, bold: face(dejavu::sans_condensed::bold())? };
    let setting = Setting::of(sheets, &faces);
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|fault| PdfFault::Document(format!("{fault:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    document.set_metadata(about(sheets));
    document.set_outline(outline(&setting.marks));
    let mut drawn: Vec<Vec<Identifier>> = Vec::new();
    drawn.resize_with(setting.owners, Vec::new);
    for (number, page) in setting.pages.iter().enumerate() {
        let count = format!("стр. {} из {}", number + 1, setting.pages.len());
        draw(page, &count, &faces, &mut document, &mut drawn)?;
    }
    document.set_tag_tree(tags::tree(&setting.blocks, &mut drawn));
    document.finish().map_err(|fault| PdfFault::Document(fault.to_string()))
}

/// What the document says of itself; its moment is the one whose state it tells.
fn about(sheets: &[Sheet]) -> Metadata {
    let titles: Vec<&str> = sheets.iter().map(|sheet| sheet.title.as_str()).collect();
    let moment = sheets.iter().map(|sheet| sheet.as_of).max().unwrap_or_default();
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(moment.year()).unwrap_or_default())
        .month(small(moment.month()))
        .day(small(moment.day()))
        .hour(small(moment.hour()))
        .minute(small(moment.minute()))
        .second(small(moment.second()))
        .utc_offset_hour(0);
    Metadata::new()
        .title(titles.join("; "))
        .language(LANGUAGE.to_owned())
        .creator(format!("mezhved {}", env!("CARGO_PKG_VERSION")))
        .creation_date(date)
}

fn outline(marks: &[Mark]) -> Outline {
    let mut outline = Outline::new();
    let mut marks = marks.iter().peekable();
    while let Some(sheet) = marks.next() {
        let mut node = node(sheet);
        while let Some(heading) = marks.next_if(|mark| mark.level > sheet.level) {
            node.push_child(self::node(heading));
        }
        outline.push_child(node);
    }
    outline
}

fn node(mark: &Mark) -> OutlineNode {
    OutlineNode::new(mark.text.clone(), XyzDestination::new(mark.page, Point::from_xy(0.0, mark.y)))
}

fn draw(
    page: &Page,
    count: &str,
    faces: &Faces,
    document: &mut Document,
    drawn: &mut [Vec<Identifier>],
) -> Result<(), PdfFault> {
    let sides = PageSettings::from_wh(page.width, page.height);
    let mut sheet = document.start_page_with(sides.ok_or_else(|| PdfFault::Document("no size of a page".into()))?);
    let mut surface = sheet.surface();
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    page.frames.iter().for_each(|one| frame(one, &mut surface));
    surface.end_tagged();
    surface.set_stroke(None);
    surface.set_fill(Some(grey(0)));
    for same in page.texts.chunk_by(|one, next| one.owner == next.owner) {
        let Some(owner) = same.first().map(|one| one.owner) else { continue };
        let tag = match owner {
            Some(_) => ContentTag::Other,
            None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)),
        };
        let identifier = surface.start_tagged(tag);
        same.iter().for_each(|one| line(one, faces, &mut surface));
        surface.end_tagged();
        if let Some(owner) = owner {
            drawn[owner].push(identifier);
        }
    }
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    foot(page, count, faces, &mut surface);
    surface.end_tagged();
    surface.finish();
    sheet.finish();
    Ok(())
}

fn line(placed: &Placed, faces: &Faces, surface: &mut Surface<'_>) {
    let face = faces.of(placed.style);
    let start = Point::from_xy(placed.x, placed.baseline);
    let glyphs = face.glyphs(&placed.text);
    surface.draw_glyphs(start, &glyphs, face.font.clone(), &placed.text, placed.style.size, false);
}

/// The number of the page at the right, what it is a page of at the left, as much of it as there is room for.
fn foot(page: &Page, count: &str, faces: &Faces, surface: &mut Surface<'_>) {
    let face = faces.of(FOOT);
    let baseline = page.height - MARGIN;
    let width = |text: &str| face.width(text) * FOOT.size;
    let x = page.width - MARGIN - width(count);
    let room = x - MARGIN - 4.0 * FOOT.size;
    let mut title = face.lines(&page.title, room / FOOT.size).into_iter();
    let mut first = title.next().unwrap_or_default();
    if title.next().is_some() {
        first = format!("{}…", first.trim_end());
    }
    for (x, text) in [(MARGIN, first), (x, count.to_owned())] {
        line(&Placed { x, baseline, style: FOOT, text, owner: None }, faces, surface);
    }
}

fn frame(frame: &Frame, surface: &mut Surface<'_>) {
    let [Some(left), Some(right)] = [frame.sides.first(), frame.sides.last()] else { return };
    if frame.head {
        let mut cells = PathBuilder::new();
        if let Some(rect) = Rect::from_ltrb(*left, frame.top, *right, frame.bottom) {
            cells.push_rect(rect);
        }
        surface.set_stroke(None);
        surface.set_fill(Some(grey(HEAD_GREY)));
        if let Some(path) = cells.finish() {
            surface.draw_path(&path);
        }
    }
    let mut lines = PathBuilder::new();
    for y in [frame.top, frame.bottom] {
        lines.move_to(*left, y);
        lines.line_to(*right, y);
    }
    for x in &frame.sides {
        lines.move_to(*x, frame.top);
        lines.line_to(*x, frame.bottom);
    }
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: luma::Color::new(LINE_GREY).into(),
        width: LINE_WIDTH,
        ..Stroke::default()
    }));
    if let Some(path) = lines.finish() {
        surface.draw_path(&path);
    }
}

fn grey(value: u8) -> Fill {
    Fill { paint: luma::Color::new(value).into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}
