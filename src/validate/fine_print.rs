//! Tests of what the fine print of the standard decides, each as a schema body, a document, and the codes that it must give.

use super::tests::{check_all, rules, rules_with, told};

/// Section 4.2.2: a redefinition is pervasive, only what it derives from or restricts is the original.
#[test]
fn a_redefinition_is_meant_wherever_its_name_stands() {
    let redefined =
        "<xs:redefine schemaLocation='other.xsd'><xs:complexType name='c'><xs:complexContent><xs:extension base='t:c'>
         <xs:sequence><xs:element name='added' type='t:c' minOccurs='0'/></xs:sequence><xs:attribute name='x'/>
         </xs:extension></xs:complexContent></xs:complexType></xs:redefine><xs:element name='r' type='t:c'/>";
    let original = "<xs:complexType name='c'><xs:sequence><xs:element name='in' type='t:c' minOccurs='0'/>
         <xs:element name='derived' minOccurs='0'><xs:complexType><xs:complexContent><xs:extension base='t:c'/>
         </xs:complexContent></xs:complexType></xs:element></xs:sequence></xs:complexType>";
    check_all(
        &rules_with(redefined, original),
        &[
            ("<r _ x='1'><in x='2'><in x='3'/></in></r>", ""),
            ("<r _><added x='1'><added x='2'/></added></r>", ""),
            ("<r _><derived x='1'><added x='2'/></derived></r>", ""),
            ("<r _><in y='1'/></r>", "/r/in/@y unknown-attribute"),
        ],
    );
    let redefined = "<xs:redefine schemaLocation='other.xsd'><xs:group name='g'><xs:sequence><xs:group ref='t:g'/>
         <xs:element name='z' minOccurs='0'/></xs:sequence></xs:group></xs:redefine>
         <xs:element name='r'><xs:complexType><xs:group ref='t:g'/></xs:complexType></xs:element>";
    let original = "<xs:group name='g'><xs:sequence><xs:element name='c' minOccurs='0'><xs:complexType>
         <xs:group ref='t:g'/></xs:complexType></xs:element></xs:sequence></xs:group>";
    check_all(
        &rules_with(redefined, original),
        &[("<r _><c><c/><z/></c><z/></r>", ""), ("<r _><c><z/><c/></c></r>", "/r/c/c unexpected-element")],
    );
}

/// Section 3.11.5: keys go up from elements inside, those of the same declaration too.
#[test]
fn references_see_the_keys_of_elements_inside() {
    let rules = rules(
        "<xs:element name='e'><xs:complexType><xs:sequence>
           <xs:element name='k' type='xs:int' minOccurs='0' maxOccurs='9'/><xs:element name='f' type='xs:int' minOccurs='0'/>
           <xs:element ref='t:e' minOccurs='0' maxOccurs='9'/></xs:sequence></xs:complexType>
         <xs:key name='K'><xs:selector xpath='t:k'/><xs:field xpath='.'/></xs:key>
         <xs:keyref name='F' refer='t:K'><xs:selector xpath='t:f'/><xs:field xpath='.'/></xs:keyref></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<e _><k>1</k><f>1</f></e>", ""),
            ("<e _><f>1</f><e><k>1</k></e></e>", ""),
            ("<e _><f>1</f><e><e><k>1</k></e></e></e>", ""),
            ("<e _><f>1</f><e><k>2</k></e><e><k>1</k><k>3</k></e></e>", ""),
            ("<e _><k>1</k><f>1</f><e><k>1</k></e><e><k>1</k></e></e>", ""),
            ("<e _><k>1</k><e><f>1</f></e></e>", "/e/e[1]/f key-not-found"),
            ("<e _><f>1</f><e><k>1</k></e><e><k>1</k></e></e>", "/e/f key-not-found"),
            ("<e _><f>1</f><e><k>1</k><k>2</k><k>3</k></e><e><k>1</k></e></e>", "/e/f key-not-found"),
        ],
    );
}

#[test]
fn an_attribute_that_two_paths_of_a_field_take_counts_once() {
    let rules = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='e' maxOccurs='9'><xs:complexType>
           <xs:attribute name='a'/><xs:attribute name='b'/></xs:complexType></xs:element></xs:sequence></xs:complexType>
         <xs:unique name='U'><xs:selector xpath='t:e'/><xs:field xpath='@a|@*'/></xs:unique></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<r _><e a='1'/><e a='2'/></r>", ""),
            ("<r _><e a='1'/><e b='1'/></r>", "/r/e[2] duplicate-key"),
            ("<r _><e a='1' b='2'/></r>", "/r/e[1] field-twice"),
        ],
    );
}

#[test]
fn the_text_of_an_element_is_not_that_of_another_around_it() {
    let rules = rules(
        "<xs:element name='o' default='d'><xs:complexType mixed='true'><xs:sequence><xs:element name='i' minOccurs='0' fixed='abc'>
           <xs:complexType mixed='true'/></xs:element></xs:sequence></xs:complexType></xs:element>",
    );
    check_all(
        &rules,
        &[
            ("<o _>xx<i>abc</i></o>", ""),
            ("<o _>abc<i/>y</o>", ""),
            ("<o _>abc<i>abd</i></o>", "/o/i not-the-fixed-value"),
            ("<o _>ab<i>c</i></o>", "/o/i not-the-fixed-value"),
        ],
    );
}

/// `cvc-elt.5.2.2.2.2`, where `xsi:type` has the value be of another type than the declared one.
#[test]
fn a_fixed_value_is_one_of_the_type_that_the_document_names() {
    let rules = rules(
        "<xs:simpleType name='u'><xs:union memberTypes='xs:int xs:string'/></xs:simpleType>
         <xs:element name='any' fixed='5'/><xs:element name='simple' fixed='5' type='xs:anySimpleType'/>
         <xs:element name='union' fixed='5' type='t:u'/><xs:element name='decimal' fixed='5.0' type='xs:decimal'/>
         <xs:element name='word' fixed='x'/>",
    );
    let cases = [
        ("any", "", "5", true),
        ("any", "", "6", false),
        ("any", "int", "5", true),
        ("any", "int", "05", true),
        ("any", "int", "6", false),
        ("any", "string", "5", true),
        ("any", "string", "05", false),
        ("simple", "int", "5", true),
        ("simple", "int", "6", false),
        ("simple", "string", "5", true),
        ("union", "string", "5", true),
        ("union", "", "05", true),
        ("decimal", "int", "5", true),
        ("decimal", "int", "6", false),
        ("word", "int", "6", false),
    ];
    for (element, named, text, valid) in cases {
        let named = if named.is_empty() { String::new() } else { format!(" xsi:type='xs:{named}'") };
        let document = format!("<{element} _ xmlns:xs='http://www.w3.org/2001/XMLSchema'{named}>{text}</{element}>");
        let expected = if valid { String::new() } else { format!("/{element} not-the-fixed-value") };
        check_all(&rules, &[(&document, &expected)]);
    }
}

#[test]
fn nil_elements_may_hold_what_is_no_text() {
    let rules = rules("<xs:element name='r' nillable='true' type='xs:int'/>");
    check_all(
        &rules,
        &[
            ("<r _ xsi:nil='true'><!-- c --><?p?><![CDATA[]]></r>", ""),
            ("<r _ xsi:nil='true'> </r>", "/r nil-with-content"),
            ("<r _ xsi:nil='true'><![CDATA[1]]></r>", "/r nil-with-content"),
        ],
    );
}

/// How many rounds some `a` are can be read in hundreds of ways; up to a limit all are followed.
#[test]
fn counted_rounds_are_followed_in_all_their_readings() {
    let rounds = |least: u32, most: u32| {
        rules(&format!(
            "<xs:element name='r'><xs:complexType><xs:sequence minOccurs='{least}' maxOccurs='{most}'>
               <xs:element name='a' minOccurs='2' maxOccurs='4'/><xs:element name='c' minOccurs='0'/></xs:sequence>
             </xs:complexType></xs:element>"
        ))
    };
    let document = |count: usize| format!("<r xmlns='urn:t'>{}</r>", "<a/>".repeat(count));
    let some = rounds(100, 200);
    for (count, expected) in [
        (199, "/r missing-element"),
        (200, ""),
        (201, ""),
        (400, ""),
        (799, ""),
        (800, ""),
        (801, "/r/a unexpected-element"),
    ] {
        assert_eq!(told(&some, &document(count)).join("; "), expected, "{count}");
    }
    let told = told(&rounds(2000, 4000), &document(4000));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with(" content-too-ambiguous"), "{told:?}");
}
