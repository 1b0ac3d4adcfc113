//! Patterns: a pattern facet takes what the reference takes, character by character and without backtracking, and is refused
//! where the grammar of the standard does not have it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mezhved::rules::Strictness;
use mezhved::schema::{SchemaFault, SchemaSet, compile};

use super::reference::{self, Expression};

/// Longer ones say nothing more.
const PATTERN_CHARACTERS_MAX: usize = 80;
const TEXT_CHARACTERS_MAX: usize = 40;

/// A pattern, then texts to hold against it.
pub fn run(data: &[u8]) {
    let documents = super::documents(data);
    let Some((pattern, texts)) = documents.split_first() else { return };
    let is_xml = |text: &str| text.chars().all(mezhved::xml::is_char);
    if pattern.chars().count() > PATTERN_CHARACTERS_MAX || !is_xml(pattern) {
        return;
    }
    let expected = match Expression::parse(pattern) {
        Ok(expression) => Some(expression),
        Err(reference::Stop::Wrong) => None,
        Err(reference::Stop::Beyond) => return,
    };
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let found = accepted(pattern, strictness, texts);
        match (&found, &expected) {
            (Ok(answers), Some(expression)) => {
                for (text, answer) in texts.iter().zip(answers) {
                    if text.chars().count() <= TEXT_CHARACTERS_MAX {
                        assert_eq!(*answer, expression.matches(text), "{pattern:?} on {text:?}");
                    }
                }
            }
            (Ok(_), None) => assert!(strictness == Strictness::Lenient, "{pattern:?} is no expression, but is taken"),
            (Err(fault), Some(_)) => assert!(fault.constraint == "pattern-too-large", "{pattern:?}: {fault}"),
            (Err(_), None) => {}
        }
    }
}

/// Whether a type with the pattern accepts each of the texts.
fn accepted(pattern: &str, strictness: Strictness, texts: &[String]) -> Result<Vec<bool>, SchemaFault> {
    let mut written = String::new();
    for character in pattern.chars() {
        write!(written, "&#{};", u32::from(character)).unwrap();
    }
    let schema = format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='r'><xs:simpleType>\
         <xs:restriction base='xs:string'><xs:pattern value='{written}'/></xs:restriction></xs:simpleType></xs:element>\
         </xs:schema>"
    );
    let source = BTreeMap::from([("a.xsd".to_owned(), schema.into_bytes())]);
    let set = SchemaSet::new(&source).with("a.xsd").with_strictness(strictness);
    let rules = compile(&set).map_err(|mut faults| faults.remove(0))?;
    let simple = rules.element("", "r").and_then(|element| element.simple_type()).unwrap();
    Ok(texts.iter().map(|text| simple.accepts(text)).collect())
}
