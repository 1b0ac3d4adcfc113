//! The file around the sheets of a spreadsheet (ECMA-376, parts 1 and 2): a ZIP archive of small documents, written in one go from its first
//! byte to its last. Every moment in it is fixed, so that the same sheets make the same bytes.

use std::fmt::Write as _;
use std::io::{self, Write};

use chrono::SecondsFormat;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::super::ExportFault;
use super::super::html::Title;
use crate::xml::{WriteFault, Writer};

/// Packing hard takes several times as long and gains little: sheets are mostly tags.
const DEFLATE_LEVEL: i64 = 2;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const DECLARED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Sheets are what a part is unless it is named here; so this comes first, before anybody knows how many there will be.
const TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>\
    <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
    <Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>\
    <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/></Types>";
const ROOT: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
    <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
    </Relationships>";
/// Forms of cells, in the order of [`Form`]; the numbers of the program's own begin at 164.
const STYLES: &str = "<numFmts count=\"5\"><numFmt numFmtId=\"164\" formatCode=\"dd.mm.yyyy hh:mm:ss\"/>\
    <numFmt numFmtId=\"165\" formatCode=\"dd.mm.yyyy\"/><numFmt numFmtId=\"166\" formatCode=\"0.0\"/>\
    <numFmt numFmtId=\"167\" formatCode=\"0.000\"/><numFmt numFmtId=\"168\" formatCode=\"0.0000\"/></numFmts>\
    <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font>\
    <font><b/><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
    <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>";
const NAMED_STYLES: &str =
    "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// How a cell is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// A day with its time.
    Moment,
    /// A day.
    Day,
    /// A number with so many decimals, four at most.
    Decimals(u8),
}

/// Number format and font of every form, by its place.
const FORMS: [(u16, u8); 9] = [(0, 0), (0, 1), (164, 0), (165, 0), (1, 0), (166, 0), (2, 0), (167, 0), (168, 0)];

impl Form {
    /// Its place among the styles.
    pub(super) fn place(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Heading => 1,
            Self::Moment => 2,
            Self::Day => 3,
            Self::Decimals(decimals) => 4 + usize::from(decimals.min(4)),
        }
    }
}

/// A spreadsheet that is being written.
pub(super) struct Book<W: Write> {
    zip: ZipWriter<StreamWriter<Gate<W>>>,
    options: SimpleFileOptions,
    sheets: usize,
}

impl<W: Write> Book<W> {
    /// Begins a file. Its moment of making is the slot.
    pub(super) fn begin(out: W, title: &Title) -> Result<Self, ExportFault> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(DEFLATE_LEVEL))
            .unix_permissions(0o600)
            .last_modified_time(DateTime::default());
        let zip = ZipWriter::new_stream(Gate { out, is_shut: false });
        let mut book = Self { zip, options, sheets: 0 };
        book.part("[Content_Types].xml", &format!("{DECLARED}{TYPES}"))?;
        book.part("_rels/.rels", &format!("{DECLARED}{ROOT}"))?;
        let about = about(title).map_err(|fault| ExportFault::Text { row: 0, column: "title".to_owned(), fault })?;
        book.part("docProps/core.xml", &about)?;
        Ok(book)
    }

    /// Begins a sheet of so many columns, each so many characters wide; what is written until the next one goes into it.
    pub(super) fn sheet(&mut self, columns: usize, width: u8) -> Result<(), ExportFault> {
        self.sheets += 1;
        self.begin_part(&format!("xl/worksheets/sheet{}.xml", self.sheets))?;
        let selected = if self.sheets == 1 { " tabSelected=\"1\"" } else { "" };
        let mut head = format!(
            "{DECLARED}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView{selected} workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/><selection pane=\"bottomLeft\"/>\
             </sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/>"
        );
        if columns > 0 {
            head += &format!("<cols><col min=\"1\" max=\"{columns}\" width=\"{width}\" customWidth=\"1\"/></cols>");
        }
        self.write(&(head + "<sheetData>"))
    }

    /// Writes a piece of the open sheet: whole rows.
    pub(super) fn write(&mut self, rows: &str) -> Result<(), ExportFault> {
        self.zip.write_all(rows.as_bytes()).map_err(unwritable)
    }

    /// Ends the open sheet.
    pub(super) fn end_sheet(&mut self) -> Result<(), ExportFault> {
        self.write("</sheetData></worksheet>")
    }

    /// Ends the file and gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportFault> {
        let (mut sheets, mut relations) = (String::new(), String::new());
        for number in 1..=self.sheets {
            let _infallible =
                write!(sheets, "<sheet name=\"Лист{number}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
            let _infallible = write!(
                relations,
                "<Relationship Id=\"rId{number}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
            );
        }
        let styles = self.sheets + 1;
        let _infallible =
            write!(relations, "<Relationship Id=\"rId{styles}\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/>");
        self.part(
            "xl/workbook.xml",
            &format!(
                "{DECLARED}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><bookViews><workbookView/></bookViews>\
                 <sheets>{sheets}</sheets></workbook>"
            ),
        )?;
        self.part(
            "xl/_rels/workbook.xml.rels",
            &format!(
                "{DECLARED}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{relations}\
                 </Relationships>"
            ),
        )?;
        let forms: String = FORMS
            .iter()
            .map(|(number, font)| {
                format!(
                    "<xf numFmtId=\"{number}\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" \
                     applyNumberFormat=\"1\" applyFont=\"1\"/>"
                )
            })
            .collect();
        let count = FORMS.len();
        self.part(
            "xl/styles.xml",
            &format!(
                "{DECLARED}<styleSheet xmlns=\"{MAIN}\">{STYLES}<cellXfs count=\"{count}\">{forms}</cellXfs>{NAMED_STYLES}</styleSheet>"
            ),
        )?;
        Ok(self.zip.finish().map_err(|fault| unwritable(fault.into()))?.into_inner().out)
    }

    fn part(&mut self, name: &str, text: &str) -> Result<(), ExportFault> {
        self.begin_part(name)?;
        self.write(text)
    }

    fn begin_part(&mut self, name: &str) -> Result<(), ExportFault> {
        self.zip.start_file(name, self.options).map_err(|fault| unwritable(fault.into()))
    }
}

fn unwritable(fault: io::Error) -> ExportFault {
    ExportFault::unwritable("the file")(fault)
}

/// What the file says of itself.
fn about(title: &Title) -> Result<String, WriteFault> {
    let mut writer = Writer::new();
    writer
        .start("cp:coreProperties")?
        .namespace("cp", "http://schemas.openxmlformats.org/package/2006/metadata/core-properties")?
        .namespace("dc", "http://purl.org/dc/elements/1.1/")?
        .namespace("dcterms", "http://purl.org/dc/terms/")?
        .namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")?;
    writer.element("dc:title", &title.text)?.element("dc:creator", &title.agency)?;
    let made = title.slot.to_rfc3339_opts(SecondsFormat::Secs, true);
    writer.start("dcterms:created")?.attribute("xsi:type", "dcterms:W3CDTF")?.text(&made)?.end()?.end()?;
    writer.finish()
}

/// Lets everything through until something fails, and nothing afterwards: an archive that is given up ends itself, and its end, too, would
/// fail and be told beside the fault that counts.
struct Gate<W> {
    out: W,
    is_shut: bool,
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_shut {
            return Ok(bytes.len());
        }
        self.out.write(bytes).inspect_err(|fault| self.is_shut = fault.kind() != io::ErrorKind::Interrupted)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_shut { Ok(()) } else { self.out.flush() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_shut_gate_tells_one_fault_and_no_more() {
        let mut gate = Gate { out: Full(3), is_shut: false };
        assert_eq!(gate.write(b"abc").unwrap(), 3);
        assert_eq!(gate.write(b"d").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(gate.write(b"ef").unwrap(), 2);
        gate.flush().unwrap();
    }
}
