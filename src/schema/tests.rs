//! Wrong schemas, each against one constraint of the standard, with the line that is told; and what becomes of documents that
//! are not there.

use std::collections::BTreeMap;

use super::*;
use crate::rules::Strictness;

const HEAD: &str = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:t'>\n";

/// Schemas without their root: the constraint that they break, at the line that holds `<!--!-->`.
const WRONG: &[(&str, &str)] = &[
    ("src-resolve", "<xs:element name='a' type='t:b'/><!--!-->"),
    ("src-resolve.4", "<xs:element name='a' xmlns:u='urn:u' type='u:b'/><!--!-->"),
    ("src-element.1", "<xs:element name='a' default='1' fixed='1'/><!--!-->"),
    (
        "src-element.3",
        "<xs:element name='a' type='xs:int'><!--!--><xs:simpleType><xs:list itemType='xs:int'/></xs:simpleType></xs:element>",
    ),
    ("src-attribute.1", "<xs:attribute name='a' default='1' fixed='1'/><!--!-->"),
    (
        "src-attribute.2",
        "<xs:complexType name='a'>\n<xs:attribute name='b' default='1' use='required'/><!--!-->\n</xs:complexType>",
    ),
    ("s4s-att-must-appear", "<xs:complexType/><!--!-->"),
    ("s4s-att-not-allowed", "<xs:element name='a' colour='red'/><!--!-->"),
    ("s4s-att-invalid-value", "<xs:element name='a' nillable='yes'/><!--!-->"),
    ("s4s-elt-must-match", "<xs:complexType name='a'>\n<xs:element name='b'/><!--!-->\n</xs:complexType>"),
    ("s4s-elt-character", "<xs:element name='a'>text<!--!--></xs:element>"),
    ("sch-props-correct.2", "<xs:element name='a'/>\n<xs:element name='a'/><!--!-->"),
    (
        "p-props-correct.2.1",
        "<xs:complexType name='a'><xs:sequence>\n<xs:element name='b' minOccurs='2'/><!--!-->\n</xs:sequence></xs:complexType>",
    ),
    (
        "cos-nonambig",
        "<xs:complexType name='a'><!--!--><xs:sequence><xs:element name='b' minOccurs='0'/><xs:element name='b'/></xs:sequence>\
         </xs:complexType>",
    ),
    (
        "cos-element-consistent",
        "<xs:complexType name='a'><!--!--><xs:sequence><xs:element name='b' type='xs:int'/><xs:element name='b' type='xs:date'/>\
         </xs:sequence></xs:complexType>",
    ),
    ("cos-list-of-atomic", "<xs:simpleType name='a'><xs:list itemType='xs:NMTOKENS'/><!--!--></xs:simpleType>"),
    (
        "src-simple-type.4",
        "<xs:simpleType name='a'><xs:union memberTypes='t:b'/></xs:simpleType><!--!-->\n<xs:simpleType name='b'><xs:union memberTypes='t:a'/></xs:simpleType>",
    ),
    ("st-props-correct.2", "<xs:simpleType name='a'><xs:restriction base='t:a'/></xs:simpleType><!--!-->"),
    (
        "cos-applicable-facets",
        "<xs:simpleType name='a'><xs:restriction base='xs:int'>\n<xs:length value='1'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "enumeration-valid-restriction",
        "<xs:simpleType name='a'><xs:restriction base='xs:int'>\n<xs:enumeration value='one'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "minInclusive-less-than-equal-to-maxInclusive",
        "<xs:simpleType name='a'><xs:restriction base='xs:int'>\n<xs:minInclusive value='5'/><!--!-->\n<xs:maxInclusive value='4'/></xs:restriction></xs:simpleType>",
    ),
    (
        "minExclusive-less-than-maxInclusive",
        "<xs:simpleType name='a'><xs:restriction base='xs:int'>\n<xs:maxInclusive value='5'/><!--!-->\n<xs:minExclusive value='5'/></xs:restriction></xs:simpleType>",
    ),
    (
        "minInclusive-valid-restriction",
        "<xs:simpleType name='a'><xs:restriction base='xs:byte'>\n<xs:minInclusive value='128'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "src-pattern-value",
        "<xs:simpleType name='a'><xs:restriction base='xs:string'>\n<xs:pattern value='[a'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "pattern-too-large",
        "<xs:simpleType name='a'><xs:restriction base='xs:string'>\n<xs:pattern value='((ab){999}){999}'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "ct-props-correct.3",
        "<xs:complexType name='a'><xs:complexContent><!--!-->\n<xs:extension base='t:a'/>\n</xs:complexContent></xs:complexType>",
    ),
    (
        "ct-props-correct.4",
        "<xs:complexType name='a'>\n<xs:attribute name='b'/><xs:attribute name='b'/><!--!-->\n</xs:complexType>",
    ),
    ("mg-props-correct.2", "<xs:group name='a'><xs:sequence><!--!--><xs:group ref='t:a'/></xs:sequence></xs:group>"),
    ("src-attribute_group.3", "<xs:attributeGroup name='a'><!--!--><xs:attributeGroup ref='t:a'/></xs:attributeGroup>"),
    (
        "e-props-correct.4",
        "<xs:element name='a' type='xs:date'/>\n<xs:element name='b' substitutionGroup='t:a' type='xs:int'/><!--!-->",
    ),
    ("e-props-correct.2", "<xs:element name='a' type='xs:int' default='one'/><!--!-->"),
    (
        "c-selector-xpath",
        "<xs:element name='a'><xs:key name='k'>\n<xs:selector xpath='../b'/><!--!-->\n<xs:field xpath='@c'/></xs:key></xs:element>",
    ),
    (
        "fractionDigits-totalDigits",
        "<xs:simpleType name='a'><xs:restriction base='xs:decimal'><xs:totalDigits value='2'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='b'><xs:restriction base='t:a'>\n<xs:fractionDigits value='3'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "fractionDigits-totalDigits",
        "<xs:simpleType name='a'><xs:restriction base='xs:decimal'><xs:fractionDigits value='3'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='b'><xs:restriction base='t:a'>\n<xs:totalDigits value='2'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "cvc-datatype-valid.1.2.1",
        "<xs:simpleType name='a'><xs:restriction base='xs:decimal'><xs:totalDigits value='2'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='b'><xs:restriction base='t:a'>\n<xs:maxInclusive value='1000'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "cvc-datatype-valid.1.2.1",
        "<xs:simpleType name='a'><xs:restriction base='xs:int'><xs:enumeration value='1'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='b'><xs:restriction base='t:a'>\n<xs:minExclusive value='3'/><!--!-->\n</xs:restriction></xs:simpleType>",
    ),
    (
        "st-props-correct.3",
        "<xs:simpleType name='a' final='restriction'><xs:restriction base='xs:int'/></xs:simpleType>
         <xs:complexType name='b'><xs:simpleContent><xs:extension base='t:a'/></xs:simpleContent></xs:complexType>
         <xs:complexType name='c'><xs:simpleContent>\n<xs:restriction base='t:b'><!--!-->\n<xs:maxInclusive value='3'/></xs:restriction>
         </xs:simpleContent></xs:complexType>",
    ),
    (
        "derivation-ok-restriction.2.1.3",
        "<xs:complexType name='a'><xs:attribute name='b' fixed='5'/></xs:complexType>
         <xs:complexType name='c'><xs:complexContent>\n<xs:restriction base='t:a'><!--!-->\n<xs:attribute name='b' type='xs:int' fixed='05'/>
         </xs:restriction></xs:complexContent></xs:complexType>",
    ),
    (
        "p-props-correct.2.1",
        "<xs:complexType name='a'><xs:sequence>
         <xs:element name='b' minOccurs='99999999999999999999' maxOccurs='099999999999999999998'/><!--!-->\n</xs:sequence></xs:complexType>",
    ),
    // How many rounds two b's are is uncertain, so that a c may be the second or stand behind it.
    (
        "cos-nonambig",
        "<xs:complexType name='a'><!--!--><xs:sequence><xs:choice minOccurs='2' maxOccurs='2'>
         <xs:element name='b' maxOccurs='unbounded' type='xs:int'/><xs:element name='c' type='xs:int'/></xs:choice>
         <xs:element name='c' type='xs:int'/></xs:sequence></xs:complexType>",
    ),
    (
        "cos-nonambig",
        "<xs:element name='h'/><xs:element name='i' substitutionGroup='t:h'/><xs:element name='j' substitutionGroup='t:i'/>
         <xs:complexType name='a'><!--!--><xs:choice><xs:element ref='t:j'/><xs:element ref='t:h'/></xs:choice></xs:complexType>",
    ),
    (
        "cos-nonambig",
        "<xs:element name='h'/><xs:element name='i' substitutionGroup='t:h'/>
         <xs:complexType name='a'><!--!--><xs:choice><xs:element ref='t:h'/><xs:element name='i' form='qualified'/></xs:choice></xs:complexType>",
    ),
    (
        "cos-nonambig",
        "<xs:element name='h'/><xs:element name='i' substitutionGroup='t:h'/>
         <xs:complexType name='a'><!--!--><xs:all><xs:element ref='t:h'/><xs:element ref='t:i'/></xs:all></xs:complexType>",
    ),
    (
        "cos-nonambig",
        "<xs:element name='h'/><xs:element name='i' substitutionGroup='t:h'/>
         <xs:complexType name='a'><!--!--><xs:choice><xs:any/><xs:element ref='t:h'/></xs:choice></xs:complexType>",
    ),
    (
        "cos-element-consistent",
        "<xs:element name='h'/><xs:element name='i' type='xs:int' substitutionGroup='t:h'/>
         <xs:complexType name='a'><!--!--><xs:sequence><xs:element ref='t:h'/><xs:element name='z'/>
         <xs:element name='i' form='qualified' type='xs:date'/></xs:sequence></xs:complexType>",
    ),
    (
        "cos-element-consistent",
        "<xs:group name='g'><!--!--><xs:sequence><xs:element name='a' type='xs:int'/><xs:element name='b'/>
         <xs:element name='a' type='xs:date'/></xs:sequence></xs:group>",
    ),
    ("needs-xsd-1.1", "<xs:complexType name='a'>\n<xs:assert test='@b'/><!--!-->\n</xs:complexType>"),
    ("needs-xsd-1.1", "<xs:complexType name='a'/>\n<xs:override schemaLocation='b.xsd'/><!--!-->"),
    ("needs-xsd-1.1", "<xs:element name='a' type='xs:dateTimeStamp'/><!--!-->"),
    (
        "needs-xsd-1.1",
        "<xs:element name='a'/><xs:element name='b'/>\n<xs:element name='c' substitutionGroup='t:a t:b'/><!--!-->",
    ),
    (
        "needs-xsd-1.1",
        "<xs:complexType name='a'><xs:all>\n<xs:element name='b' maxOccurs='3'/><!--!--></xs:all></xs:complexType>",
    ),
    ("needs-xsd-1.1", "<xs:complexType name='a'><xs:all>\n<xs:any/><!--!--></xs:all></xs:complexType>"),
    ("xml-tag-mismatch", "<xs:element name='a'>\n</xs:elemnt><!--!-->"),
];

#[test]
fn a_wrong_schema_is_refused_by_constraint_and_line() {
    let mut surprises = Vec::new();
    for (constraint, body) in WRONG {
        let text = format!("{HEAD}{body}\n</xs:schema>");
        let marked = text[..text.find("<!--!-->").unwrap()].lines().count() as u64;
        let source = BTreeMap::from([("a.xsd".to_owned(), text.into_bytes())]);
        let faults = compile(&SchemaSet::new(&source).with("a.xsd")).err().unwrap_or_default();
        let told = faults.first().map(|fault| (fault.constraint, fault.position.line));
        if told != Some((*constraint, marked)) {
            surprises.push(format!("{constraint} at {marked}: {body}\n  {faults:?}"));
        }
        assert!(faults.iter().all(|fault| fault.file == "a.xsd" && fault.text.len() > 10), "{faults:?}");
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Schemas without their root that break no constraint, though they come near to it.
const RIGHT: &[&str] = &[
    // derivation-ok-restriction.4.3
    "<xs:complexType name='a'><xs:complexContent><xs:restriction base='xs:anyType'><xs:anyAttribute processContents='skip'/>
     </xs:restriction></xs:complexContent></xs:complexType>",
    // derivation-ok-restriction.2.1.3
    "<xs:complexType name='a'><xs:attribute name='b' fixed='5'/></xs:complexType>
     <xs:complexType name='c'><xs:complexContent><xs:restriction base='t:a'><xs:attribute name='b' type='xs:int' fixed='5'/>
     </xs:restriction></xs:complexContent></xs:complexType>",
    // An exclusive bound may be that of the base, which is none of its values.
    "<xs:simpleType name='a'><xs:restriction base='xs:int'><xs:maxExclusive value='5'/></xs:restriction></xs:simpleType>
     <xs:simpleType name='b'><xs:restriction base='t:a'><xs:maxExclusive value='5'/><xs:minInclusive value='4'/></xs:restriction></xs:simpleType>",
    "<xs:simpleType name='a'><xs:restriction base='xs:decimal'><xs:totalDigits value='3'/></xs:restriction></xs:simpleType>
     <xs:simpleType name='b'><xs:restriction base='t:a'><xs:fractionDigits value='3'/></xs:restriction></xs:simpleType>",
    // Zero may have a sign.
    "<xs:complexType name='a'><xs:sequence minOccurs='-0'><xs:element name='b' minOccurs='+00' maxOccurs='+1'/></xs:sequence></xs:complexType>
     <xs:complexType name='c'><xs:all minOccurs='-0'><xs:element name='b' maxOccurs='01'/></xs:all></xs:complexType>
     <xs:simpleType name='d'><xs:restriction base='xs:string'><xs:minLength value='-0'/></xs:restriction></xs:simpleType>",
    // Rounds that are certain tell whether a b begins the second or stands behind it.
    "<xs:complexType name='a'><xs:sequence><xs:sequence minOccurs='2' maxOccurs='2'><xs:element name='b' type='xs:int'/>
     <xs:element name='c' maxOccurs='3'/></xs:sequence><xs:element name='b' type='xs:int'/></xs:sequence></xs:complexType>",
    "<xs:element name='h' block='substitution'/><xs:element name='i' substitutionGroup='t:h'/>
     <xs:complexType name='a'><xs:choice><xs:element ref='t:h'/><xs:element ref='t:i'/></xs:choice></xs:complexType>",
];

#[test]
fn a_right_schema_is_taken() {
    for body in RIGHT {
        let source = documents(&[("a.xsd", body)]);
        if let Err(faults) = compile(&SchemaSet::new(&source).with("a.xsd")) {
            panic!("{body}\n{faults:#?}");
        }
    }
}

/// A choice of a choice and so on, `depth` times, each with an element `name` and a number of its own.
fn nested_choices(depth: usize) -> String {
    let inner: String = (0..depth).map(|number| format!("<xs:element name='e{number}'/></xs:choice>")).collect();
    format!("{}<xs:element name='e'/>{inner}", "<xs:choice maxOccurs='2'>".repeat(depth))
}

#[test]
fn the_cost_of_nested_choices_does_not_double_with_each() {
    let body = format!(
        "<xs:complexType name='a'><xs:sequence><xs:any minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType>
         <xs:complexType name='b'><xs:complexContent><xs:restriction base='t:a'>{}</xs:restriction></xs:complexContent></xs:complexType>",
        nested_choices(60)
    );
    let source = documents(&[("a.xsd", &body)]);
    assert!(compile(&SchemaSet::new(&source).with("a.xsd")).is_ok());
}

#[test]
fn members_of_substitution_groups_are_written_out_up_to_a_limit() {
    let members: String =
        (0..1000).map(|number| format!("<xs:element name='m{number}' substitutionGroup='t:h'/>")).collect();
    for (uses, constraint) in [(1001, "schema-too-large"), (2, "cos-nonambig")] {
        let content = format!("<xs:choice>{}</xs:choice>", "<xs:element ref='t:h'/>".repeat(uses));
        let body = format!(
            "<xs:element name='h'/>{members}<xs:complexType name='a'>{content}</xs:complexType><xs:complexType name='b'>
             <xs:complexContent><xs:restriction base='t:a'>{content}</xs:restriction></xs:complexContent></xs:complexType>"
        );
        let source = documents(&[("a.xsd", &body)]);
        let faults = compile(&SchemaSet::new(&source).with("a.xsd")).unwrap_err();
        assert_eq!(faults[0].constraint, constraint, "{uses}");
    }
}

/// An import without a location is only missing what no other document of the set defines.
#[test]
fn a_namespace_is_not_missing_where_a_root_of_the_set_is_its_schema() {
    let importing = "<xs:import namespace='urn:b'/>\n<xs:element name='a' xmlns:b='urn:b' type='b:other'/>";
    let built_in = "<xs:import namespace='http://www.w3.org/2001/XMLSchema'/>\n<xs:element name='a' type='xs:strng'/>";
    let imported = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:b'><xs:simpleType name='b'>\
        <xs:list itemType='xs:int'/></xs:simpleType></xs:schema>";
    let mut source = documents(&[("a.xsd", importing), ("c.xsd", built_in)]);
    source.insert("b.xsd".to_owned(), imported.into());
    for (roots, expected) in [
        (&["a.xsd"][..], None),
        (&["a.xsd", "b.xsd"], Some(("src-resolve", 3))),
        (&["b.xsd", "a.xsd"], Some(("src-resolve", 3))),
        (&["c.xsd"], Some(("src-resolve", 3))),
    ] {
        let set = roots.iter().copied().fold(SchemaSet::new(&source), SchemaSet::with);
        let told = compile(&set.with_missing(Missing::Tolerated)).err();
        assert_eq!(told.map(|faults| (faults[0].constraint, faults[0].position.line)), expected, "{roots:?}");
    }
}

fn documents(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    of.iter().map(|(path, body)| ((*path).to_owned(), format!("{HEAD}{body}\n</xs:schema>").into_bytes())).collect()
}

/// An include or redefine without its document is a fault where sets are whole; an import only what refers to it.
#[test]
fn a_missing_document_is_a_fault_unless_it_is_tolerated() {
    let include = "<xs:include schemaLocation='b.xsd'/>";
    let redefine = "<xs:redefine schemaLocation='b.xsd'><xs:simpleType name='b'><xs:restriction base='t:b'/></xs:simpleType></xs:redefine>";
    let group = "<xs:redefine schemaLocation='b.xsd'>\n<xs:attributeGroup name='b'><xs:attribute name='c'/></xs:attributeGroup></xs:redefine>";
    let itself = "<xs:redefine schemaLocation='b.xsd'>\n<xs:attributeGroup name='b'><xs:attributeGroup ref='t:b'/></xs:attributeGroup></xs:redefine>";
    let import = "<xs:import namespace='urn:b' schemaLocation='b.xsd'/>";
    let used =
        "<xs:import namespace='urn:b' schemaLocation='b.xsd'/>\n<xs:element name='a' xmlns:b='urn:b' type='b:b'/>";
    for (body, refused, refused_tolerantly) in [
        (include, Some(("schema-unreadable", 2)), None),
        (redefine, Some(("schema-unreadable", 2)), None),
        (itself, Some(("schema-unreadable", 2)), None),
        // A group that does not refer to itself is told from the one that it restricts, which must be there.
        (group, Some(("schema-unreadable", 2)), Some(("src-redefine.7.2.1", 3))),
        (import, None, None),
        (used, Some(("src-resolve", 3)), None),
    ] {
        let source = documents(&[("a.xsd", body)]);
        let set = SchemaSet::new(&source).with("a.xsd");
        let first = |faults: Vec<SchemaFault>| (faults[0].constraint, faults[0].position.line);
        assert_eq!(compile(&set).err().map(first), refused, "{body}");
        match compile(&set.with_missing(Missing::Tolerated)) {
            Ok(rules) => {
                assert_eq!(None, refused_tolerantly, "{body}");
                assert!(rules.warnings()[0].contains("b.xsd"), "{:?}", rules.warnings());
            }
            Err(faults) => assert_eq!(Some(first(faults)), refused_tolerantly, "{body}"),
        }
    }
}

#[test]
fn lenient_patterns_are_told_with_their_place() {
    let body = "<xs:simpleType name='a'><xs:restriction base='xs:string'>\n<xs:pattern value='[a-zA-Z0-9-+.]*'/></xs:restriction></xs:simpleType>";
    let source = documents(&[("a.xsd", body)]);
    let set = SchemaSet::new(&source).with("a.xsd");
    assert_eq!(compile(&set).unwrap_err()[0].constraint, "src-pattern-value");
    let rules = compile(&set.with_strictness(Strictness::Lenient)).unwrap();
    assert!(rules.warnings()[0].starts_with("a.xsd:3:"), "{:?}", rules.warnings());
}

/// Documents as a file system gives them to who works in `/inc/common`.
struct Folder(BTreeMap<String, Vec<u8>>);

impl Source for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.read(&self.identity(path))
    }

    fn identity(&self, path: &str) -> String {
        match path.strip_prefix("../") {
            Some(path) => format!("/inc/{path}"),
            None if path.starts_with('/') => path.to_owned(),
            None => format!("/inc/common/{path}"),
        }
    }
}

#[test]
fn a_document_is_the_same_wherever_the_way_to_it_begins() {
    let source = Folder(documents(&[
        ("/inc/common/common.xsd", "<xs:include schemaLocation='../types/t.xsd'/><xs:element name='r' type='t:t'/>"),
        ("/inc/types/t.xsd", "<xs:include schemaLocation='../common/common.xsd'/>\n<xs:complexType name='t'/>"),
    ]));
    for (path, expected) in [
        ("common.xsd", ["common.xsd", "../types/t.xsd"]),
        ("/inc/common/common.xsd", ["/inc/common/common.xsd", "/inc/types/t.xsd"]),
        ("../types/t.xsd", ["../types/t.xsd", "../common/common.xsd"]),
    ] {
        let rules = compile(&SchemaSet::new(&source).with(path)).unwrap_or_else(|faults| panic!("{path}: {faults:?}"));
        assert_eq!(rules.documents(), expected, "{path}");
    }
    let twice = SchemaSet::new(&source).with("common.xsd").with("/inc/common/common.xsd");
    assert_eq!(compile(&twice).map(|rules| rules.documents().len()), Ok(2));
}

#[test]
fn what_is_too_large_is_told_with_its_limit() {
    let group = |number: usize| {
        let uses = format!("<xs:group ref='t:g{number}'/>").repeat(60);
        format!("<xs:group name='g{}'><xs:sequence>{uses}</xs:sequence></xs:group>", number + 1)
    };
    let groups: String = (0..3).map(group).collect();
    let body = format!("<xs:group name='g0'><xs:sequence><xs:element name='e'/></xs:sequence></xs:group>{groups}");
    let source = documents(&[("a.xsd", &body)]);
    let faults = compile(&SchemaSet::new(&source).with("a.xsd")).unwrap_err();
    assert_eq!(faults[0].constraint, "schema-too-large");
    assert!(faults[0].text.starts_with("the content model has more than 200000 particles"), "{}", faults[0]);
}
