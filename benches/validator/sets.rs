//! A set of schemas as large as those of a whole state system: half a megabyte in fifty documents that import and include
//! one another, with annotations in Russian, derivation, choices, keys, patterns and lists of codes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use mezhved::schema::{SchemaSet, compile};

const DOCUMENTS: usize = 50;
const TYPES: usize = 14;
const ROUNDS: usize = 20;

/// Prints how long the set takes to compile, at best.
pub(crate) fn measure() {
    let source: BTreeMap<String, Vec<u8>> =
        (0..DOCUMENTS).map(|number| (format!("d{number}.xsd"), document(number).into_bytes())).collect();
    let bytes: usize = source.values().map(Vec::len).sum();
    let set = (0..DOCUMENTS).fold(SchemaSet::new(&source), |set, number| set.with(format!("d{number}.xsd")));
    let mut best = f64::INFINITY;
    let mut elements = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let rules = compile(&set).expect("the schemas compile");
        best = best.min(start.elapsed().as_secs_f64());
        elements = rules.global_elements().count();
    }
    println!(
        "a set of {bytes} bytes in {DOCUMENTS} documents ({elements} global elements) compiles in {:.1} ms",
        best * 1e3
    );
}

/// One document of about 10 KB, each in a namespace of its own, each importing the one before.
fn document(number: usize) -> String {
    let before = number.saturating_sub(1);
    let mut text = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:d{number}'\n  \
         xmlns:b='urn:d{before}' targetNamespace='urn:d{number}' elementFormDefault='qualified'>\n"
    );
    if number > 0 {
        writeln!(text, "  <xs:import namespace='urn:d{before}' schemaLocation='d{before}.xsd'/>")
            .expect("writing to a string");
    }
    for index in 0..TYPES {
        simple_types(&mut text, number, index);
        complex_type(&mut text, number, index);
    }
    text + "</xs:schema>\n"
}

fn simple_types(text: &mut String, number: usize, index: usize) {
    let values: String = (0..4).map(|value| format!("<xs:enumeration value='{number}{index}{value}'/>")).collect();
    write!(
        text,
        "  <xs:simpleType name='Code{index}'>\n    <xs:annotation><xs:documentation xml:lang='ru'>Код {index} по справочнику \
         ведомства</xs:documentation></xs:annotation>\n    <xs:restriction base='xs:token'><xs:pattern value='[A-Z]{{2}}-[0-9]{{{},8}}'/>\
         </xs:restriction>\n  </xs:simpleType>\n  <xs:simpleType name='Kind{index}'><xs:restriction base='xs:string'>{values}\
         </xs:restriction></xs:simpleType>\n",
        index % 5 + 1
    )
    .expect("writing to a string");
}

fn complex_type(text: &mut String, number: usize, index: usize) {
    let base = match index {
        0 if number == 0 => None,
        0 => Some(format!("b:Type{}", TYPES - 1)),
        _ if index.is_multiple_of(4) => None,
        _ => Some(format!("Type{}", index - 1)),
    };
    let (open, close) = match &base {
        None => (String::new(), ""),
        Some(base) => {
            (format!("<xs:complexContent><xs:extension base='{base}'>"), "</xs:extension></xs:complexContent>")
        }
    };
    write!(
        text,
        "  <xs:complexType name='Type{index}'>{open}\n    <xs:sequence>\n      <xs:element name='Number{index}' type='Code{index}'>\
         <xs:annotation><xs:documentation>Номер записи</xs:documentation></xs:annotation></xs:element>\n      \
         <xs:element name='Issued{index}' type='xs:date' minOccurs='0'/>\n      <xs:choice maxOccurs='5'>\
         <xs:element name='A{index}' type='Kind{index}'/><xs:element name='B{index}' type='xs:decimal'/></xs:choice>\n    \
         </xs:sequence>\n    <xs:attribute name='a{number}-{index}' type='xs:int'/>\n  {close}</xs:complexType>\n  \
         <xs:element name='Element{index}' type='Type{index}'><xs:key name='key{index}'><xs:selector xpath='*'/>\
         <xs:field xpath='@a{number}-{index}'/></xs:key></xs:element>\n"
    )
    .expect("writing to a string");
}
