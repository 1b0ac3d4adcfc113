//! The validator on small schemas: each case is a schema body, a document, and the codes that it must give.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::rules::{CaptureTreeBuilder, Captured, Date, NodeId, Value};
use crate::schema::{SchemaSet, compile};
use crate::xml::Language;

/// Compiles `body` as a schema with the target namespace `urn:t` and the prefix `t`.
pub(super) fn rules(body: &str) -> Rules {
    rules_with(body, "")
}

/// Compiles `body`, which may refer to `other` as `other.xsd`.
pub(super) fn rules_with(body: &str, other: &str) -> Rules {
    let text = |body: &str| {
        format!(
            "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:t'
               xmlns:m='urn:mezhved:rules:1.0' elementFormDefault='qualified'>{body}</xs:schema>"
        )
    };
    let documents = [("t.xsd", body), ("other.xsd", other)];
    let source: BTreeMap<String, Vec<u8>> =
        documents.map(|(path, body)| (path.to_owned(), text(body).into_bytes())).into();
    match compile(&SchemaSet::new(&source).with("t.xsd")) {
        Ok(rules) => rules,
        Err(faults) => panic!("{faults:#?}"),
    }
}

/// `line:column code` of every violation.
pub(super) fn told(rules: &Rules, document: &str) -> Vec<String> {
    let verdict = check(document, rules, &Options::default());
    assert_eq!(verdict.fault, None, "{document}");
    let streamed = check_read(document.as_bytes(), rules, &Options::default());
    assert_eq!(verdict, streamed, "{document}");
    verdict.violations.iter().map(|found| format!("{} {}", found.path, found.code())).collect()
}

/// Documents are written with `_` for the declaration of the namespace.
pub(super) fn check_all(rules: &Rules, cases: &[(&str, &str)]) {
    for (document, expected) in cases {
        let document = document.replacen('_', "xmlns='urn:t' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'", 1);
        assert_eq!(told(rules, &document).join("; "), *expected, "{document}");
    }
}

#[test]
fn sequences_choices_and_bounds() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence>
           <xs:element name='a' type='xs:string'/>
           <xs:element name='b' type='xs:string' minOccurs='0' maxOccurs='3'/>
           <xs:choice minOccurs='2' maxOccurs='unbounded'>
             <xs:element name='c' type='xs:string'/><xs:element name='d' type='xs:string'/>
           </xs:choice>
         </xs:sequence></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><a/><c/><d/></r>", ""),
            ("<r _><a/><b/><b/><b/><c/><c/><d/></r>", ""),
            ("<r _><a/><b/><b/><b/><b/><c/><c/></r>", "/r/b unexpected-element"),
            ("<r _><a/><c/></r>", "/r missing-element"),
            ("<r _/>", "/r missing-element"),
            ("<r _><c/><c/></r>", "/r/c unexpected-element"),
            ("<r _><a/><x/><c/><c/></r>", "/r/x unexpected-element"),
            ("<r _>text<a/><c/><c/></r>", "/r text-between-elements"),
            ("<r _><a/><c/><c><x/></c></r>", "/r/c[2]/x element-in-text"),
            ("<r _ z='1'><a/><c/><c/></r>", "/r/@z unknown-attribute"),
        ],
    );
}

#[test]
fn counted_groups_are_exact() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence minOccurs='2' maxOccurs='3'>
           <xs:element name='a' type='xs:string' minOccurs='1' maxOccurs='2'/>
           <xs:element name='b' type='xs:string' minOccurs='0'/>
         </xs:sequence></xs:complexType></xs:element>",
    );
    // Between two and three rounds of one or two a and perhaps a b; a round can end without its b.
    let valid = |letters: &str| {
        let mut states = std::collections::HashSet::from([(0, 0)]);
        for letter in letters.chars() {
            let mut next = std::collections::HashSet::new();
            for (round, count) in states {
                match letter {
                    'a' if round > 0 && (1..2).contains(&count) => {
                        next.insert((round, count + 1));
                        if round < 3 {
                            next.insert((round + 1, 1));
                        }
                    }
                    'a' if round < 3 => {
                        next.insert((round + 1, 1));
                    }
                    'b' if count > 0 && count < 3 => {
                        next.insert((round, 3));
                    }
                    _ => {}
                }
            }
            states = next;
        }
        states.iter().any(|(round, _)| (2..=3).contains(round))
    };
    for length in 0..8 {
        for bits in 0..1_u32 << length {
            let letters: String = (0..length).map(|bit| if bits >> bit & 1 == 0 { 'a' } else { 'b' }).collect();
            let children: String = letters.chars().map(|letter| format!("<{letter}/>")).collect();
            let document = format!("<r xmlns='urn:t'>{children}</r>");
            assert_eq!(told(&rules, &document).is_empty(), valid(&letters), "{letters}");
        }
    }
}

#[test]
fn all_groups_take_any_order() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:all minOccurs='0'>
           <xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string' minOccurs='0'/>
         </xs:all></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _/>", ""),
            ("<r _><b/><a/></r>", ""),
            ("<r _><b/></r>", "/r missing-element"),
            ("<r _><a/><a/></r>", "/r/a unexpected-element"),
        ],
    );
}

#[test]
fn values_and_attributes() {
    let rules = rules(
        "<xs:import namespace='http://www.w3.org/XML/1998/namespace'/>
         <xs:simpleType name='Code'><xs:restriction base='xs:token'><xs:pattern value='[A-Z]{2}'/></xs:restriction></xs:simpleType>
         <xs:element name='r'><xs:complexType><xs:simpleContent><xs:extension base='xs:decimal'>
           <xs:attribute name='code' type='t:Code' use='required'/>
           <xs:attribute name='kind' type='xs:string' fixed='x'/>
           <xs:attribute ref='xml:lang'/>
         </xs:extension></xs:simpleContent></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _ code=' AB ' xml:lang='ru'>1.5</r>", ""),
            ("<r _ code='A'>1.5</r>", "/r/@code pattern-mismatch"),
            ("<r _>x</r>", "/r missing-attribute; /r wrong-type-of-value"),
            ("<r _ code='AB' kind='y'>1</r>", "/r/@kind not-the-fixed-value"),
            ("<r _ code='AB'/>", "/r wrong-type-of-value"),
        ],
    );
}

#[test]
fn types_named_by_the_document() {
    let rules = rules(
        "<xs:complexType name='Base' abstract='true'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence></xs:complexType>
         <xs:complexType name='More'><xs:complexContent><xs:extension base='t:Base'>
           <xs:sequence><xs:element name='b' type='xs:int'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
         <xs:complexType name='Other'/>
         <xs:element name='r' type='t:Base' nillable='true'/>
         <xs:element name='n' type='xs:int'/>",
    );
    check_all(
        &rules,
        &[
            ("<r _ xmlns:t='urn:t' xsi:type='t:More'><a>1</a><b>2</b></r>", ""),
            ("<r _><a>1</a></r>", "/r abstract-type"),
            ("<r _ xmlns:t='urn:t' xsi:type='t:Other'><a>1</a></r>", "/r/@xsi:type wrong-type; /r abstract-type"),
            ("<r _ xmlns:t='urn:t' xsi:type='t:None'><a>1</a></r>", "/r/@xsi:type unknown-type; /r abstract-type"),
            ("<r _ xmlns:t='urn:t' xsi:type='t:More' xsi:nil='true'/>", ""),
            ("<r _ xmlns:t='urn:t' xsi:type='t:More' xsi:nil='true'><a>1</a></r>", "/r/a nil-with-content"),
            ("<n _ xsi:nil='true'/>", "/n/@xsi:nil not-nillable; /n wrong-type-of-value"),
            ("<n _ xmlns:xs='http://www.w3.org/2001/XMLSchema' xsi:type='xs:byte'>200</n>", "/n too-great"),
            ("<q _/>", "/q unknown-root"),
        ],
    );
}

#[test]
fn substitution_groups_and_wildcards() {
    let rules = rules(
        "<xs:element name='head' type='xs:string' abstract='true'/>
         <xs:element name='one' type='xs:string' substitutionGroup='t:head'/>
         <xs:element name='two' type='xs:token' substitutionGroup='t:one'/>
         <xs:element name='r'><xs:complexType><xs:sequence>
           <xs:element ref='t:head' maxOccurs='2'/>
           <xs:any namespace='##other' processContents='lax' minOccurs='0'/>
         </xs:sequence><xs:anyAttribute namespace='##other' processContents='skip'/></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><one/><two/></r>", ""),
            ("<r _><head/></r>", "/r/head[1] abstract-element"),
            ("<r _><one/><x xmlns='urn:x'><y/><one xmlns='urn:t'><z/></one></x></r>", "/r/x/one[1]/z element-in-text"),
            // Without a declaration nil says nothing.
            ("<r _><one/><x xmlns='urn:x' xsi:nil='true'><y/></x></r>", ""),
            ("<r _ xmlns:p='urn:p' p:a='1'><one/></r>", ""),
            ("<r _ a='1'><one/></r>", "/r/@a unknown-attribute"),
            ("<r _><one/><x xmlns=''/></r>", "/r/x unexpected-element"),
        ],
    );
}

#[test]
fn keys_uniques_and_references() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence>
           <xs:element name='k' maxOccurs='unbounded'><xs:complexType><xs:sequence>
             <xs:element name='n' type='xs:decimal' minOccurs='0' maxOccurs='2'/></xs:sequence>
             <xs:attribute name='id' type='xs:int'/></xs:complexType></xs:element>
           <xs:element name='ref' type='xs:decimal' minOccurs='0' maxOccurs='unbounded'/>
         </xs:sequence></xs:complexType>
         <xs:key name='K'><xs:selector xpath='t:k'/><xs:field xpath='t:n'/></xs:key>
         <xs:unique name='U'><xs:selector xpath='.//t:k'/><xs:field xpath='@id'/></xs:unique>
         <xs:keyref name='F' refer='t:K'><xs:selector xpath='t:ref'/><xs:field xpath='.'/></xs:keyref>
         </xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><k id='1'><n>1</n></k><k><n>2</n></k><ref>1.0</ref><ref>2</ref></r>", ""),
            ("<r _><k><n>1</n></k><k><n>01.0</n></k></r>", "/r/k[2] duplicate-key"),
            ("<r _><k/></r>", "/r/k[1] missing-key-field"),
            ("<r _><k id='1'><n>1</n></k><k id='01'><n>2</n></k></r>", "/r/k[2] duplicate-key"),
            ("<r _><k><n>1</n></k><ref>3</ref></r>", "/r/ref[1] key-not-found"),
            ("<r _><k><n>1</n><n>2</n></k></r>", "/r/k[1]/n[2] field-twice"),
            ("<r _><k><n>x</n></k></r>", "/r/k[1]/n[1] wrong-type-of-value"),
        ],
    );
}

#[test]
fn violations_of_keys_say_the_value_and_where_it_came_first() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:choice maxOccurs='unbounded'>
           <xs:element name='k'><xs:complexType><xs:sequence>
             <xs:element name='n' type='xs:decimal'/><xs:element name='m' type='xs:string' minOccurs='0'/></xs:sequence>
             <xs:attribute name='id' type='xs:token'/></xs:complexType></xs:element>
           <xs:element name='ref' type='xs:decimal'/>
         </xs:choice></xs:complexType>
         <xs:key name='K'><xs:selector xpath='t:k'/><xs:field xpath='t:n'/></xs:key>
         <xs:unique name='U'><xs:selector xpath='t:k'/><xs:field xpath='t:n'/><xs:field xpath='@id'/></xs:unique>
         <xs:keyref name='F' refer='t:K'><xs:selector xpath='t:ref'/><xs:field xpath='.'/></xs:keyref>
         </xs:element>",
    );
    let told = |verdict: Verdict, values| {
        let text = |found: &Violation| format!("{} {}", found.position, found.text(Language::English, values));
        verdict.violations.iter().map(text).collect::<Vec<_>>()
    };
    let twice = "<r xmlns='urn:t'>\n<k id=' a '><n>1</n></k>\n<k id='a'><n>01.0</n></k>\n<ref>7.0</ref></r>";
    let expected = [
        "3:14 a value of K is given twice, first in line 2; the document has \"01.0\"",
        "3:14 a value of U is given twice, first in line 2; the document has \"01.0, a\"",
        "4:6 F refers to a value that is not there; the document has \"7.0\"",
    ];
    assert_eq!(told(check(twice, &rules, &Options::default()), true), expected);
    assert_eq!(told(check_read(twice.as_bytes(), &rules, &Options::default()), true), expected);
    let hidden = expected.map(|text| text.split(';').next().unwrap_or_default());
    assert_eq!(told(check(twice, &rules, &Options::default()), false), hidden);
    let declared = Options { doctype: Doctype::Internal, ..Options::default() };
    let with_doctype = format!("<!DOCTYPE r [\n<!ENTITY e '1'>\n]>{}", twice.replacen(">1<", ">&e;<", 1));
    let lines = told(check(&with_doctype, &rules, &declared), false);
    assert_eq!(lines[0], "5:14 a value of K is given twice, first in line 4");

    // Far apart, and with much between a field and the end of its element.
    let many: String = (0..9000).map(|number| format!("<k><n>{number}</n></k>\n")).collect();
    let long = "x".repeat(200_000);
    let apart = format!("<r xmlns='urn:t'>\n<ref>-1</ref>{many}\n<k>\n<n>5</n>\n<m>{long}</m></k></r>");
    let streamed = check_read(apart.as_bytes(), &rules, &Options::default());
    assert_eq!(streamed, check(&apart, &rules, &Options::default()));
    assert_eq!(
        told(streamed, false).first().map(String::as_str),
        Some("9004:4 a value of K is given twice, first in line 7")
    );
}

#[test]
fn lengths_fixed_values_and_long_lists_are_told_exactly() {
    let listed: String = (0..5000).map(|number| format!("<xs:enumeration value='word-{number}'/>")).collect();
    let rules = rules(&format!(
        "<xs:attribute name='wild' type='xs:int' fixed='1'/>
         <xs:simpleType name='List'><xs:list itemType='xs:int'/></xs:simpleType>
         <xs:element name='r'><xs:complexType><xs:choice>
           <xs:element name='s'><xs:simpleType><xs:restriction base='xs:string'><xs:length value='21'/></xs:restriction></xs:simpleType></xs:element>
           <xs:element name='h'><xs:simpleType><xs:restriction base='xs:hexBinary'><xs:minLength value='2'/></xs:restriction></xs:simpleType></xs:element>
           <xs:element name='l'><xs:simpleType><xs:restriction base='t:List'><xs:maxLength value='1'/></xs:restriction></xs:simpleType></xs:element>
           <xs:element name='e'><xs:simpleType><xs:restriction base='xs:string'>{listed}</xs:restriction></xs:simpleType></xs:element>
           <xs:element name='f' type='xs:int' fixed='1'/>
           <xs:element name='u'><xs:simpleType><xs:union memberTypes='xs:int xs:date'/></xs:simpleType></xs:element>
         </xs:choice><xs:attribute name='a' fixed='x'/><xs:anyAttribute/></xs:complexType></xs:element>"
    ));
    for (content, constraint, english, russian) in [
        ("<s/>", "cvc-length-valid", "the length must be 21 characters", "длина значения отличается от 21 символа"),
        ("<h>00</h>", "cvc-minLength-valid", "the value is shorter than 2 octets", "длина значения меньше 2 октетов"),
        (
            "<l>1 2</l>",
            "cvc-maxLength-valid",
            "the value is longer than 1 item of the list",
            "длина значения больше 1 элемента списка",
        ),
        ("<f>2</f>", "cvc-elt.5.2.2.2", "the value must be 1", "значение должно быть равно 1"),
        ("<u>x</u>", "cvc-datatype-valid.1.2.3", "the value is neither int nor date", "значение не соответствует ни"),
        ("<f a='y'>1</f>", "cvc-au", "the value must be x", "значение должно быть равно x"),
        (
            "<f t:wild='2' xmlns:t='urn:t'>1</f>",
            "cvc-attribute.4",
            "the value must be 1",
            "значение должно быть равно 1",
        ),
        ("<e>wodr-4321</e>", "cvc-enumeration-valid", "(and more: 4988); did you mean word-4321?", "(и ещё: 4988)"),
    ] {
        // The attributes of the example stand on the root.
        let attributes = content.split_once(' ').filter(|_| content.starts_with("<f "));
        let attributes = attributes.and_then(|(_, rest)| rest.split_once('>')).map_or("", |(attributes, _)| attributes);
        let document = format!("<r xmlns='urn:t' {attributes}>{}</r>", content.replace(attributes, ""));
        let verdict = check(&document, &rules, &Options::default());
        let [found] = &verdict.violations[..] else { panic!("{document}: {verdict:?}") };
        assert_eq!(found.constraint(), constraint, "{document}");
        for (language, expected) in [(Language::English, english), (Language::Russian, russian)] {
            let text = found.text(language, false);
            assert!(text.contains(expected), "{text} has no {expected}");
        }
        let count = if content.starts_with("<e") { 5000 } else { found.expected().len() };
        assert_eq!(found.expected_count(), count);
    }
}

#[test]
fn ids_and_references() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' maxOccurs='9'><xs:complexType>
           <xs:attribute name='id' type='xs:ID'/><xs:attribute name='to' type='xs:IDREFS'/></xs:complexType></xs:element>
         </xs:sequence></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><a to='y x'/><a id='x'/><a id='y'/></r>", ""),
            ("<r _><a id='x'/><a id='x'/></r>", "/r/a[2]/@id duplicate-id"),
            ("<r _><a id='x'/><a to='x z'/></r>", "/r/a[2]/@to id-not-found"),
        ],
    );
}

#[test]
fn checks_from_appinfo() {
    let rules = rules(
        "<xs:simpleType name='Inn'><xs:annotation><xs:appinfo><m:check name='inn'/></xs:appinfo></xs:annotation>
           <xs:restriction base='xs:token'/></xs:simpleType>
         <xs:complexType name='Base'><xs:annotation><xs:appinfo><m:not-after earlier='from' later='to/@day'/></xs:appinfo></xs:annotation>
           <xs:sequence><xs:element name='inn' type='t:Inn'/><xs:element name='from' type='xs:date' minOccurs='0'/>
           <xs:element name='to' minOccurs='0'><xs:complexType><xs:attribute name='day' type='xs:date'/></xs:complexType></xs:element></xs:sequence></xs:complexType>
         <xs:element name='r'><xs:complexType><xs:complexContent><xs:extension base='t:Base'/></xs:complexContent></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><inn>7700000019</inn><from>2024-01-01</from><to day='2024-01-01'/></r>", "/r/inn check-inn"),
            ("<r _><inn>7707083893</inn><from>2024-01-02</from><to day='2024-01-01'/></r>", "/r dates-out-of-order"),
            ("<r _><inn>7707083893</inn><from>2024-01-02</from></r>", ""),
            ("<r _><inn>7707083893</inn><from>x</from><to day='2024-01-01'/></r>", "/r/from wrong-type-of-value"),
        ],
    );
}

const ENVELOPE: &str = "<xs:element name='Envelope'><xs:complexType><xs:sequence>
    <xs:element name='Id' type='xs:token'/>
    <xs:element name='Body'><xs:complexType><xs:sequence><xs:any namespace='##any' processContents='lax'/></xs:sequence></xs:complexType></xs:element>
    <xs:element name='After' type='xs:int' minOccurs='0'/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name='Update'><xs:complexType><xs:sequence>
    <xs:element name='Item' maxOccurs='9'><xs:complexType><xs:sequence>
      <xs:element name='Day' type='xs:date' maxOccurs='2'/></xs:sequence><xs:attribute name='n' type='xs:int' default='7'/></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>";

struct Chosen<'r> {
    rules: &'r Rules,
    captures: &'r CaptureTree,
}

impl<'r> Bodies<'r> for Chosen<'r> {
    fn pick(&self, header: &Captured, namespace: &str, local: &str) -> Pick<'r> {
        assert_eq!(header.frames[0].values[0].value, Value::Text("m1".into()));
        match (namespace, local) {
            ("urn:t", "Update") => Pick::Rules { rules: self.rules, captures: self.captures, tag: 5 },
            _ => Pick::Refuse { code: "unknown-kind" },
        }
    }
}

fn pass(document: &str) -> Pass {
    let rules = rules(ENVELOPE);
    let envelope = {
        let mut tree = CaptureTreeBuilder::new(&rules, rules.element("urn:t", "Envelope").unwrap());
        let id = tree.child(NodeId::ROOT, "urn:t", "Id").unwrap();
        tree.text_slot(id).unwrap();
        let after = tree.child(NodeId::ROOT, "urn:t", "After").unwrap();
        tree.text_slot(after).unwrap();
        let body = tree.child(NodeId::ROOT, "urn:t", "Body").unwrap();
        tree.body(body);
        tree.build()
    };
    let update = {
        let mut tree = CaptureTreeBuilder::new(&rules, rules.element("urn:t", "Update").unwrap());
        let item = tree.child(NodeId::ROOT, "urn:t", "Item").unwrap();
        assert_eq!(tree.frame(item).index(), 1);
        assert_eq!(tree.attribute_slot(item, "", "n").unwrap().index(), 0);
        let day = tree.child(item, "urn:t", "Day").unwrap();
        assert_eq!(tree.text_slot(day).unwrap().index(), 1);
        let wrong = tree.child(item, "urn:t", "Dey").unwrap_err();
        assert_eq!(wrong.to_string(), "<Item> has no child element {urn:t}Dey; did you mean Day?");
        assert!(tree.attribute_slot(item, "", "m").is_err() && tree.text_slot(item).is_err());
        tree.build()
    };
    let document = document.replacen('_', "xmlns='urn:t'", 1);
    run(&document, &rules, &envelope, &Chosen { rules: &rules, captures: &update }, &Options::default())
}

#[test]
fn a_body_is_validated_by_its_own_rules_and_captured() {
    let pass = pass(
        "<Envelope _><Id> m1 </Id><Body><Update><Item n='1'><Day>2024-01-31</Day></Item>
         <Item><Day>2024-02-29</Day><Day>x</Day></Item></Update></Body><After>3</After></Envelope>",
    );
    let codes: Vec<String> = pass.violations.iter().map(|found| format!("{} {}", found.path, found.code())).collect();
    assert_eq!(codes, ["/Envelope/Body/Update/Item[2]/Day[2] wrong-type-of-value"]);
    assert_eq!(pass.violations[0].position.line, 2);
    assert_eq!(pass.captured.frames[0].values[1].value, Value::Integer(3));
    let body = pass.body.expect("a body");
    assert_eq!((body.tag, body.local.as_str()), (5, "Update"));
    let frames = &body.captured.frames;
    let paths: Vec<&str> = frames.iter().map(|frame| frame.path.as_str()).collect();
    assert_eq!(paths, ["/Envelope/Body/Update", "/Envelope/Body/Update/Item[1]", "/Envelope/Body/Update/Item[2]"]);
    assert_eq!((frames[0].parent, frames[2].parent), (None, Some(0)));
    let values: Vec<&Value> = frames[2].values.iter().map(|captured| &captured.value).collect();
    let day = Value::Date(Date { year: 2024, month: 2, day: 29, zone_minutes: None });
    assert_eq!(values, [&Value::Integer(7), &day]);
}

#[test]
fn a_refused_body_is_only_read() {
    let found = pass("<Envelope _><Id>m1</Id><Body><x xmlns='urn:q'><y>1</y></x></Body></Envelope>");
    let refused = found.refused_body.as_ref().expect("a refusal");
    assert_eq!((refused.code, refused.local.as_str(), refused.span.length), ("unknown-kind", "x", 29));
    assert!(found.is_valid() && found.body.is_none());
    assert_eq!(
        pass("<Envelope _><Id>m1</Id><Body><x><y></x></Body></Envelope>").fault.map(|fault| fault.code()),
        Some("xml-tag-mismatch")
    );
}

#[test]
fn a_truncated_document_yields_what_came_before() {
    let pass = pass("<Envelope _><Id>m1</Id><Body><Update><Item n='1'><Day>2024-01-31</Day></It");
    assert_eq!(pass.fault.map(|fault| fault.code()), Some("xml-truncated"));
    assert_eq!(pass.captured.frames[0].values[0].value, Value::Text("m1".into()));
    assert_eq!(pass.body.expect("a body").captured.frames[1].values.len(), 2);
}

#[test]
fn texts_help_and_hide_values() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='status'><xs:simpleType>
         <xs:restriction base='xs:string'><xs:enumeration value='отправлено'/><xs:enumeration value='отказано'/></xs:restriction>
         </xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element>",
    );
    let told = |document: &str, language, values| {
        let verdict = check(document, &rules, &Options::default());
        verdict.violations.iter().map(|found| found.text(language, values)).collect::<Vec<_>>().join("\n")
    };
    let wrong = "<r xmlns='urn:t'><status>отказанo</status></r>";
    let russian = told(wrong, Language::Russian, false);
    assert_eq!(russian, "значения нет среди допустимых: отправлено или отказано; возможно, имелось в виду «отказано»");
    assert!(!told(wrong, Language::English, false).contains("отказанo"));
    assert!(told(wrong, Language::English, true).ends_with("; the document has \"отказанo\""));
    let hostile = told("<r xmlns='urn:t'><status>&#x9B;31m&#x202E;</status></r>", Language::English, true);
    assert!(hostile.ends_with("; the document has \"\u{FFFD}31m\u{FFFD}\""), "{hostile:?}");
    let misspelt = told("<r xmlns='urn:t'><statsu/></r>", Language::English, false);
    assert_eq!(
        misspelt,
        "element <statsu> cannot stand here; expected: status; did you mean status?\nthe value is none of the allowed ones: отправлено or отказано"
    );
}

#[test]
fn what_entities_stand_for_is_told_where_they_are_named() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:int' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element>",
    );
    let text = "<!DOCTYPE r [<!ENTITY e 'one'><!ENTITY f '<a>&e;</a>'>]><r xmlns='urn:t'><a>2&e;</a><a>&e;2</a>&f;<a>x</a></r>";
    let verdict = check(text, &rules, &Options { doctype: Doctype::Internal, ..Options::default() });
    let place = |found: &Violation| usize::try_from(found.position.offset).unwrap();
    let told = |found: &Violation| text[place(found)..][..usize::try_from(found.length).unwrap()].to_owned();
    assert_eq!(verdict.violations.iter().map(told).collect::<Vec<_>>(), ["2&e;", "&e;2", "&f;", "x"]);
}

#[test]
fn violations_are_limited() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:int' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element>",
    );
    let document = format!("<r xmlns='urn:t'>{}</r>", "<a>x</a>".repeat(50));
    let options = Options { violations_max: 10, ..Options::default() };
    let verdict = check(&document, &rules, &options);
    assert_eq!((verdict.violations.len(), verdict.violations_truncated), (10, true));
    let enough = check(&document.replace(">x<", ">1<"), &rules, &options);
    assert!(enough.fault.is_none() && !enough.violations_truncated);
}

proptest! {
    /// Documents of random shape never panic, and are judged the same from memory and from a stream.
    #[test]
    fn any_document_is_judged(pieces in prop::collection::vec(prop::sample::select(vec![
        "<Envelope xmlns='urn:t'>", "</Envelope>", "<Id>m1</Id>", "<Body>", "</Body>", "<Update xmlns='urn:t'>", "</Update>",
        "<Item n='x'>", "<Item>", "</Item>", "<Day>2024-01-01</Day>", "<Day/>", "text", "<After>1</After>",
    ]), 0..14)) {
        let document = format!("<Envelope xmlns='urn:t'>{}</Envelope>", pieces.concat());
        let rules = rules(ENVELOPE);
        let whole = check(&document, &rules, &Options::default());
        let streamed = check_read(document.as_bytes(), &rules, &Options::default());
        prop_assert_eq!(whole, streamed);
    }
}
