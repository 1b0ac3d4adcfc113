//! A document of 1 GB that is made while it is read: it is validated in constant memory, in a process of its own, so that
//! the greatest memory that the process ever had is that of the validation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::process::Command;
use std::time::Instant;

use mezhved::schema::{SchemaSet, compile};
use mezhved::validate::{Options, check_read};

/// Tells the benchmark's program to validate the document and end.
pub(crate) const ARGUMENT: &str = "--giant";
const BYTES: usize = 1 << 30;

const SCHEMA: &str = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>
  <xs:element name='Register'><xs:complexType><xs:sequence><xs:element name='Record' maxOccurs='unbounded'>
    <xs:complexType><xs:sequence>
      <xs:element name='Number'><xs:simpleType><xs:restriction base='xs:token'><xs:pattern value='EP-[0-9]{1,10}'/>
        </xs:restriction></xs:simpleType></xs:element>
      <xs:element name='Day' type='xs:date'/><xs:element name='Fee' type='xs:decimal'/>
      <xs:element name='Title' type='xs:string'/>
    </xs:sequence><xs:attribute name='number' type='xs:positiveInteger' use='required'/></xs:complexType>
  </xs:element></xs:sequence></xs:complexType></xs:element>
</xs:schema>";

/// The document, a record at a time.
#[derive(Default)]
struct Register {
    piece: String,
    given: usize,
    records: usize,
    bytes: usize,
    ended: bool,
}

impl Register {
    fn next_piece(&mut self) {
        self.given = 0;
        self.piece.clear();
        if self.bytes == 0 {
            self.piece.push_str("<Register>\n");
        } else if self.bytes < BYTES {
            self.records += 1;
            let number = self.records;
            let day = number % 28 + 1;
            writeln!(
                self.piece,
                "  <Record number='{number}'><Number>EP-{number}</Number><Day>2026-01-{day:02}</Day><Fee>{number}.50</Fee>\
                 <Title>Выписка из единого реестра №&#160;{number} &amp; приложения</Title></Record>"
            )
            .expect("writing to a string");
        } else if !self.ended {
            self.ended = true;
            self.piece.push_str("</Register>\n");
        }
        self.bytes += self.piece.len();
    }
}

impl Read for Register {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.given == self.piece.len() {
            self.next_piece();
        }
        let left = &self.piece.as_bytes()[self.given..];
        let length = left.len().min(into.len());
        into[..length].copy_from_slice(&left[..length]);
        self.given += length;
        Ok(length)
    }
}

/// Validates the document and prints the figures.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn validate() {
    let source = BTreeMap::from([("register.xsd".to_owned(), SCHEMA.as_bytes().to_vec())]);
    let rules = compile(&SchemaSet::new(&source).with("register.xsd")).expect("the schema compiles");
    let start = Instant::now();
    let verdict = check_read(Register::default(), &rules, &Options::default());
    let seconds = start.elapsed().as_secs_f64();
    assert!(verdict.is_valid(), "{verdict:?}");
    let rate = BYTES as f64 / seconds / 1e6;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("unknown", str::trim);
    println!("a document of 1 GB is validated in {seconds:.1} s ({rate:.0} MB/s); most memory resident: {peak}");
}

/// Runs [`validate`] in a process of its own.
pub(crate) fn measure() {
    let program = std::env::current_exe().expect("the benchmark's own program");
    let status = Command::new(program).arg(ARGUMENT).status().expect("it runs once more");
    assert!(status.success(), "the document is valid");
}
