use std::collections::BTreeMap;

use super::*;
use crate::schema::{self, SchemaSet};
use crate::xml::{Event, Limits, TextReader};

fn rules(body: &str) -> Rules {
    let head = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:m='urn:mezhved:rules:1.0'>";
    let source = BTreeMap::from([("t.xsd".to_owned(), format!("{head}{body}</xs:schema>").into_bytes())]);
    schema::compile(&SchemaSet::new(&source).with("t.xsd")).unwrap_or_else(|faults| panic!("{faults:?}\n{body}"))
}

fn book(body: &str, language: Language) -> Handbook {
    let rules = rules(body);
    Handbook::of(&rules, rules.element("", "a").expect("an element a"), language)
}

/// Rows of the first section as `name occurs type [values] {checks}`.
fn rows(book: &Handbook) -> Vec<String> {
    let row = |row: &Row| {
        let mut text = format!("{} {} {}", row.name, row.occurs, row.type_words);
        if !row.values.is_empty() {
            text.push_str(&format!(" [{}]", row.values.join("; ")));
        }
        if !row.checks.is_empty() {
            text.push_str(&format!(" {{{}}}", row.checks.join("; ")));
        }
        text
    };
    book.sections[0].rows.iter().map(row).collect()
}

fn check(content: &str, expected: &[&str]) {
    let body = format!("<xs:element name='a'><xs:complexType>{content}</xs:complexType></xs:element>");
    assert_eq!(rows(&book(&body, Language::English)), expected, "{content}");
}

#[test]
fn occurrences_are_those_of_all_groups_together() {
    let sequence = |rest: &str| format!("<xs:sequence minOccurs='0' maxOccurs='2'>{rest}</xs:sequence>");
    check(&sequence("<xs:element name='b' type='xs:int' maxOccurs='3'/>"), &["b 0..6 int"]);
    check(&sequence("<xs:element name='b' type='xs:int' maxOccurs='unbounded'/>"), &["b 0..∞ int"]);
    check(
        "<xs:choice><xs:element name='b' type='xs:int'/><xs:element name='c' type='xs:int'/></xs:choice>",
        &["b 0..1 int", "c 0..1 int"],
    );
    check("<xs:all><xs:element name='b' type='xs:int'/></xs:all>", &["b 1 int"]);
    check(
        "<xs:sequence><xs:any namespace='##other' minOccurs='0'/></xs:sequence>",
        &["<any element ##other than ##local> 0..1 "],
    );
    let wild = "<xs:element name='a'><xs:complexType><xs:sequence><xs:any namespace='##other'/></xs:sequence></xs:complexType></xs:element>";
    assert_eq!(rows(&book(wild, Language::Russian)), ["<любой элемент не из ##local> 1 "]);
}

#[test]
fn values_are_told_in_words() {
    let attribute = |facets: &str| {
        format!("<xs:attribute name='b' use='required'><xs:simpleType>{facets}</xs:simpleType></xs:attribute>")
    };
    let restriction =
        |base: &str, facets: &str| attribute(&format!("<xs:restriction base='xs:{base}'>{facets}</xs:restriction>"));
    check(&restriction("string", "<xs:length value='3'/>"), &["@b 1 string [length 3]"]);
    check(
        &restriction("token", "<xs:minLength value='2'/><xs:maxLength value='5'/><xs:pattern value='a+'/>"),
        &["@b 1 token [length 2–5; pattern: a+]"],
    );
    check(
        &restriction(
            "decimal",
            "<xs:minExclusive value='0'/><xs:maxInclusive value='9.5'/><xs:fractionDigits value='1'/>",
        ),
        &["@b 1 decimal [> 0; ≤ 9.5; digits behind the point at most: 1]"],
    );
    check(&restriction("byte", "<xs:minInclusive value='1'/>"), &["@b 1 byte [≥ 1]"]);
    check(
        &restriction("string", "<xs:enumeration value='x'/><xs:enumeration value='y z'/>"),
        &["@b 1 string [one of: x, y z]"],
    );
    check(&attribute("<xs:list itemType='xs:int'/>"), &["@b 1 list (int)"]);
    check(&attribute("<xs:union memberTypes='xs:int xs:date'/>"), &["@b 1 int or date"]);
    check("<xs:attribute name='b' type='xs:int' default='5'/>", &["@b 0..1 int [by default: 5]"]);
    check("<xs:attribute name='b' type='xs:int' fixed='5'/>", &["@b 0..1 int [only: 5]"]);
    check(
        "<xs:attribute name='b'><xs:simpleType><xs:annotation><xs:appinfo><m:check name='inn'/></xs:appinfo>\
         </xs:annotation><xs:restriction base='xs:string'/></xs:simpleType></xs:attribute>",
        &["@b 0..1 string {an INN with right check digits}"],
    );
}

#[test]
fn content_models_are_one_line() {
    for (content, expected) in [
        ("<xs:sequence><xs:element name='b'/><xs:element name='c' minOccurs='0'/></xs:sequence>", "b, c?"),
        ("<xs:choice maxOccurs='unbounded'><xs:element name='b'/><xs:element name='c'/></xs:choice>", "(b | c)+"),
        (
            "<xs:sequence><xs:choice><xs:element name='b'/><xs:element name='c'/></xs:choice><xs:element name='d' minOccurs='2' maxOccurs='5'/></xs:sequence>",
            "(b | c), d{2,5}",
        ),
        ("<xs:all><xs:element name='b'/><xs:element name='c' minOccurs='0'/></xs:all>", "b & c?"),
        (
            "<xs:sequence minOccurs='0'><xs:element name='b' minOccurs='2' maxOccurs='unbounded'/></xs:sequence>",
            "(b{2,})?",
        ),
        ("<xs:sequence><xs:any processContents='lax'/></xs:sequence>", "<any element ##any, lax>"),
    ] {
        let body = format!("<xs:element name='a'><xs:complexType>{content}</xs:complexType></xs:element>");
        assert_eq!(book(&body, Language::English).sections[0].formula, expected);
    }
}

#[test]
fn every_kind_of_content_has_one_section_in_reading_order() {
    let book = book(
        "<xs:element name='a' type='A'/>\
         <xs:complexType name='A'><xs:sequence><xs:element name='b' type='B'/><xs:element name='c' type='C'/>\
         <xs:element name='again' type='A' minOccurs='0'/></xs:sequence></xs:complexType>\
         <xs:complexType name='B'><xs:sequence><xs:element name='d' type='D'/></xs:sequence></xs:complexType>\
         <xs:complexType name='C'><xs:sequence><xs:element name='d' type='D'/></xs:sequence></xs:complexType>\
         <xs:complexType name='D'><xs:attribute name='e'/></xs:complexType>",
        Language::English,
    );
    let paths: Vec<&str> = book.sections.iter().map(|section| section.path.as_str()).collect();
    assert_eq!(paths, ["/a", "/a/b", "/a/b/d", "/a/c"]);
    let links: Vec<Option<usize>> = book.sections[0].rows.iter().map(|row| row.section).collect();
    assert_eq!(links, [Some(1), Some(3), Some(0)]);
    assert_eq!(book.sections[3].rows[0].section, Some(2));
}

#[test]
fn what_holds_between_values_is_remarked() {
    let book = book(
        "<xs:element name='a'><xs:complexType><xs:annotation><xs:appinfo><m:not-after earlier='f' later='t'/></xs:appinfo>\
         </xs:annotation><xs:sequence><xs:element name='f' type='xs:date'/><xs:element name='t' type='xs:date'/><xs:element \
         name='k' maxOccurs='9'><xs:complexType><xs:attribute name='n' type='xs:int'/></xs:complexType></xs:element>\
         </xs:sequence></xs:complexType><xs:key name='K'><xs:selector xpath='k'/><xs:field xpath='@n'/></xs:key><xs:keyref \
         name='R' refer='K'><xs:selector xpath='.//k'/><xs:field xpath='@n'/></xs:keyref></xs:element>",
        Language::Russian,
    );
    assert_eq!(
        book.sections[0].remarks,
        [
            "Ошибка, если первая дата позже второй (f, t)",
            "Ключ (обязателен, не повторяется), K: k → @n",
            "Ссылка на ключ, R: .//k → @n ∈ K",
        ]
    );
}

#[test]
fn the_language_asked_for_is_taken_where_it_is_there() {
    let body = "<xs:element name='a'><xs:annotation><xs:documentation>plain</xs:documentation><xs:documentation \
                xml:lang='ru'>по-русски</xs:documentation></xs:annotation></xs:element>";
    assert_eq!(book(body, Language::Russian).documentation, "по-русски");
    assert_eq!(book(body, Language::English).documentation, "plain");
}

#[test]
fn whatever_the_schema_says_the_page_stays_a_page() {
    let hostile = "<xs:element name='a'><xs:annotation><xs:documentation>&lt;script&gt;|`*&amp;\"</xs:documentation>\
                   </xs:annotation><xs:complexType><xs:attribute name='b'><xs:simpleType><xs:restriction \
                   base='xs:string'><xs:enumeration value='&lt;/td>&lt;img src=x>'/></xs:restriction></xs:simpleType>\
                   </xs:attribute></xs:complexType></xs:element>";
    let book = book(hostile, Language::Russian);
    let page = book.html();
    // Written so that it is well-formed XML too, but for its first line.
    let mut reader = TextReader::new(page.split_once('\n').unwrap().1, Limits::default());
    while let Some(event) = reader.next_event().unwrap_or_else(|fault| panic!("{fault}\n{page}")) {
        if let Event::Start(start) = event {
            assert!(!matches!(start.name.local, "script" | "img" | "link"), "{page}");
        }
    }
    assert!(book.markdown().contains("&lt;script&gt;\\|\\`\\*&amp;"), "{}", book.markdown());
    assert!(!book.text(80).is_empty());
}

#[test]
fn narrow_tables_do_not_break_how_often_a_thing_occurs() {
    let long = "б".repeat(60);
    let text = book(
        &format!(
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='{long}' minOccurs='0' maxOccurs='100000'><xs:annotation>\
             <xs:documentation>{long}</xs:documentation></xs:annotation><xs:simpleType><xs:restriction base='xs:string'>\
             <xs:enumeration value='{long}'/></xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element>"
        ),
        Language::Russian,
    )
    .text(80);
    assert!(text.contains("Сколько") && text.contains("0..100000"), "{text}");
    assert!(text.lines().skip_while(|line| !line.starts_with('┌')).all(|line| line.chars().count() <= 80), "{text}");
}
