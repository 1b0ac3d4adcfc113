//! XML of a register's own schema (`xsd/export/1.0`): a root with what the file is, an element a row, an element a value that is
//! there. An element is named after its column: `opened_at` is `OpenedAt`.

use std::io::Write;

use super::ExportFault;
use super::table::{FIELD, Row, Shown, Table};
use super::value::{self, Clock, Moments};
use crate::store::ColumnType;
use crate::xml::{WriteFault, Writer};

/// Handed over to the file when so many bytes have gathered.
const GATHERED_BYTES: usize = 64 * 1024;

/// What a document says of itself.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// Namespace of its schema.
    pub(super) namespace: String,
    /// Names of the root and of a row.
    pub(super) names: (&'static str, &'static str),
    /// Attributes of the root, in order.
    pub(super) attributes: Vec<(&'static str, String)>,
}

/// The namespace of a register's or report's documents.
pub(super) fn namespace(code: &str) -> String {
    format!("urn:mezhved:export:{code}:1.0")
}

/// The element that a column's values stand in.
pub(super) fn element(code: &str) -> String {
    let mut name = String::with_capacity(code.len());
    for part in code.split(['_', '-']) {
        let mut signs = part.chars();
        name.extend(signs.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(signs.as_str());
    }
    name
}

/// Writes a table as XML.
pub(super) struct Xml<W: Write> {
    out: W,
    writer: Writer,
    row: &'static str,
    elements: Vec<String>,
    moments: Moments,
    scratch: String,
    rows: u64,
}

impl<W: Write> Xml<W> {
    /// Begins a document.
    pub(super) fn begin(out: W, table: &Table, head: &Head) -> Result<Self, ExportFault> {
        let mut writer = Writer::new();
        let begun = |writer: &mut Writer| -> Result<(), WriteFault> {
            writer.start(head.names.0)?.namespace("", &head.namespace)?;
            for (name, value) in &head.attributes {
                writer.attribute(name, value)?;
            }
            writer.text("\n").map(drop)
        };
        begun(&mut writer).map_err(|fault| ExportFault::Text { row: 0, column: head.names.0.to_owned(), fault })?;
        let elements = table.columns.iter().map(|column| element(&column.code)).collect();
        let moments = Moments::new(Clock::Utc);
        Ok(Self { out, writer, row: head.names.1, elements, moments, scratch: String::new(), rows: 0 })
    }

    /// Writes a row.
    pub(super) fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        self.rows += 1;
        let at = self.rows;
        let of_row = |fault| ExportFault::Text { row: at, column: String::new(), fault };
        self.writer.start(self.row).map_err(of_row)?;
        for (place, column) in table.columns.iter().enumerate() {
            self.scratch.clear();
            match row.value(column) {
                Shown::Nothing => continue,
                Shown::Number(number) => self.number(number, column.kind),
                Shown::Text(text) => self.scratch.push_str(text),
                Shown::Made(text) => self.scratch.push_str(&text),
            }
            let (writer, text) = (&mut self.writer, &self.scratch);
            let written = match column.code.strip_prefix(FIELD) {
                None => writer.element(&self.elements[place], text).map(drop),
                Some(code) => field(writer, code, &column.heading, text),
            };
            written.map_err(|fault| ExportFault::Text { row: at, column: column.code.clone(), fault })?;
        }
        self.writer.end().and_then(|writer| writer.text("\n")).map_err(of_row)?;
        if self.writer.written() >= GATHERED_BYTES {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Ends the document and gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportFault> {
        let ended = |fault| ExportFault::Text { row: self.rows, column: String::new(), fault };
        self.writer.end().map_err(ended)?;
        self.hand_over()?;
        self.out.write_all(b"\n").map_err(ExportFault::unwritable("the file"))?;
        Ok(self.out)
    }

    fn hand_over(&mut self) -> Result<(), ExportFault> {
        let text = self.writer.take();
        self.out.write_all(text.as_bytes()).map_err(ExportFault::unwritable("the file"))
    }

    fn number(&mut self, number: i64, kind: ColumnType) {
        match kind {
            ColumnType::Moment => self.moments.write(number, &mut self.scratch),
            ColumnType::Decimal(decimals) => value::decimal(number, decimals, '.', &mut self.scratch),
            ColumnType::Flag => self.scratch.push_str(if number == 0 { "false" } else { "true" }),
            _ => value::whole(number, &mut self.scratch),
        }
    }
}

fn field(writer: &mut Writer, code: &str, label: &str, text: &str) -> Result<(), WriteFault> {
    writer.start("Field")?.attribute("code", code)?.attribute("label", label)?.text(text)?.end().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_named_after_columns() {
        for (code, expected) in [("number", "Number"), ("opened_at", "OpenedAt"), ("sha256", "Sha256")] {
            assert_eq!(element(code), expected);
        }
    }
}
