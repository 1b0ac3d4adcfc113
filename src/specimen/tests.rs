use std::collections::BTreeMap;

use super::*;
use crate::schema::{self, SchemaSet};
use proptest::prelude::*;

const HEAD: &str = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:m='urn:mezhved:rules:1.0' \
                    xmlns:t='urn:t' targetNamespace='urn:t' elementFormDefault='qualified'>";

fn rules(body: &str) -> Rules {
    let text = format!("{HEAD}{body}</xs:schema>");
    let source = BTreeMap::from([("t.xsd".to_owned(), text.into_bytes())]);
    schema::compile(&SchemaSet::new(&source).with("t.xsd")).unwrap_or_else(|faults| panic!("{faults:?}\n{body}"))
}

fn made(rules: &Rules, seed: u64, extent: Extent) -> Result<Specimen, Impossible> {
    make(rules, rules.element("urn:t", "a").expect("an element a"), Plan { seed, extent })
}

/// Schemas, each with an element `a`: what the least document of it must hold and may not hold, and what the full one must.
struct Story {
    schema: &'static str,
    least: &'static [&'static str],
    never_least: &'static [&'static str],
    full: &'static [&'static str],
}

const STORIES: &[Story] = &[
    // Occurrences.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' maxOccurs='unbounded'/>\
                 <xs:element name='c' minOccurs='0'/></xs:sequence><xs:attribute name='d'/><xs:attribute name='e' \
                 use='required' type='xs:int'/></xs:complexType></xs:element>",
        least: &["<b/>", " e=\""],
        never_least: &["<c", " d="],
        full: &["<b", "<c", " d=\"", " e=\""],
    },
    // A choice that repeats shows every branch; one that does not takes the cheapest.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:choice maxOccurs='unbounded'><xs:sequence><xs:element name='b'/>\
                 <xs:element name='b2'/></xs:sequence><xs:element name='c'/><xs:element name='d'/></xs:choice>\
                 </xs:complexType></xs:element>",
        least: &[],
        never_least: &["<b"],
        full: &["<b", "<b2", "<c", "<d"],
    },
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:all><xs:element name='b'/><xs:element name='c' minOccurs='0'/>\
                 </xs:all></xs:complexType></xs:element>",
        least: &["<b"],
        never_least: &["<c"],
        full: &["<b", "<c"],
    },
    // Abstract elements and types.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:element ref='t:h' maxOccurs='9'/></xs:sequence>\
                 </xs:complexType></xs:element><xs:element name='h' abstract='true'/><xs:element name='m' type='xs:date' \
                 substitutionGroup='t:h'/><xs:element name='n' substitutionGroup='t:m' type='xs:date'/>",
        least: &["<m>"],
        never_least: &["<h"],
        full: &["<m>", "<n>"],
    },
    Story {
        schema: "<xs:element name='a' type='t:A'/><xs:complexType name='A' abstract='true'/><xs:complexType name='B'>\
                 <xs:complexContent><xs:extension base='t:A'><xs:sequence><xs:element name='b' type='xs:byte'/>\
                 </xs:sequence></xs:extension></xs:complexContent></xs:complexType>",
        least: &["xsi:type=\"", ":B\"", "<b>"],
        never_least: &[],
        full: &["<b>"],
    },
    // What holds itself ends.
    Story {
        schema: "<xs:element name='a' type='t:A'/><xs:complexType name='A'><xs:choice><xs:element name='a' type='t:A' \
                 maxOccurs='unbounded'/><xs:element name='leaf'/></xs:choice></xs:complexType>",
        least: &["<leaf"],
        never_least: &["<a>\n  <a"],
        full: &["<leaf"],
    },
    // Wildcards.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:any namespace='##other' processContents='lax'/>\
                 <xs:any namespace='##targetNamespace' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>\
                 <xs:element name='z' type='xs:boolean'/>",
        least: &["urn:example:any"],
        never_least: &["<z"],
        full: &["urn:example:any"],
    },
    // Fixed and default values.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' fixed='7' type='xs:int'/>\
                 </xs:sequence><xs:attribute name='c' fixed='x y'/></xs:complexType></xs:element>",
        least: &["<b>7</b>"],
        never_least: &[" c="],
        full: &["<b>7</b>", " c=\"x y\""],
    },
    // Identity: unique values, keys and what refers to them, IDs.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='k' minOccurs='3' \
                 maxOccurs='unbounded'><xs:complexType><xs:attribute name='n'><xs:simpleType><xs:restriction \
                 base='xs:int'><xs:minInclusive value='1'/><xs:maxInclusive value='3'/></xs:restriction></xs:simpleType>\
                 </xs:attribute></xs:complexType></xs:element><xs:element name='r' type='xs:int' minOccurs='2' \
                 maxOccurs='9'/></xs:sequence></xs:complexType><xs:key name='K'><xs:selector xpath='t:k'/><xs:field \
                 xpath='@n'/></xs:key><xs:keyref name='R' refer='t:K'><xs:selector xpath='t:r'/><xs:field xpath='.'/>\
                 </xs:keyref></xs:element>",
        least: &["n=\"1\"", "n=\"2\"", "n=\"3\""],
        never_least: &[],
        full: &["n=\"1\"", "n=\"2\"", "n=\"3\"", "<r>"],
    },
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' maxOccurs='9'><xs:complexType>\
                 <xs:attribute name='id' type='xs:ID' use='required'/><xs:attribute name='to' type='xs:IDREFS' \
                 use='required'/></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>",
        least: &["id=\"id-1\" to=\"id-1\""],
        never_least: &[],
        full: &["id-1", "id-2"],
    },
    // Values that must fit each other, and check digits.
    Story {
        schema: "<xs:element name='a'><xs:complexType><xs:annotation><xs:appinfo><m:not-after earlier='from' later='to'/>\
                 <m:account number='number' bik='bik'/></xs:appinfo></xs:annotation><xs:sequence><xs:element name='from' \
                 type='xs:date'/><xs:element name='to' type='xs:date'/><xs:element name='number'><xs:simpleType>\
                 <xs:restriction base='xs:string'><xs:pattern value='\\d{20}'/></xs:restriction></xs:simpleType>\
                 </xs:element><xs:element name='bik'><xs:simpleType><xs:annotation><xs:appinfo><m:check name='bik'/>\
                 </xs:appinfo></xs:annotation><xs:restriction base='xs:string'><xs:pattern value='\\d{9}'/>\
                 </xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element>",
        least: &["<bik>0498"],
        never_least: &[],
        full: &["<bik>0498"],
    },
    // Mixed content, anything, nothing.
    Story {
        schema: "<xs:element name='a'><xs:complexType mixed='true'><xs:sequence><xs:element name='any'/><xs:element \
                 name='none'><xs:complexType/></xs:element></xs:sequence></xs:complexType></xs:element>",
        least: &["<any/><none/>"],
        never_least: &["образец"],
        full: &["образец"],
    },
    // Names in values.
    Story {
        schema: "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:QName'><xs:enumeration value='t:x'/>\
                 </xs:restriction></xs:simpleType></xs:element>",
        least: &[":x<"],
        never_least: &[],
        full: &[":x<"],
    },
];

#[test]
fn documents_hold_what_their_extent_asks_for() {
    for story in STORIES {
        let rules = rules(story.schema);
        for seed in 0..30 {
            let least = made(&rules, seed, Extent::Minimal).unwrap_or_else(|fault| panic!("{fault}\n{}", story.schema));
            let full = made(&rules, seed, Extent::Full).unwrap_or_else(|fault| panic!("{fault}\n{}", story.schema));
            let holds = |text: &str, part: &&&str| text.contains(**part);
            for (text, parts) in [(&least.text, story.least), (&full.text, story.full)] {
                let missing = parts.iter().find(|part| !holds(text, part));
                assert_eq!(missing, None, "seed {seed}\n{text}");
            }
            let needless = story.never_least.iter().find(|part| holds(&least.text, part));
            assert_eq!(needless, None, "seed {seed}\n{}", least.text);
            for text in [least.text, full.text] {
                assert!(validate::check(&text, &rules, &Options::default()).is_valid(), "{text}");
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_text_and_another_one_another() {
    let rules = rules(STORIES[0].schema);
    let text = |seed| made(&rules, seed, Extent::Full).unwrap().text;
    assert_eq!(text(5), text(5));
    assert_ne!(text(5), text(6));
}

#[test]
fn what_cannot_be_made_is_told_with_its_component() {
    for (schema, told) in [
        ("<xs:element name='a' abstract='true'/>", "element a (t.xsd:1): it is abstract"),
        (
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:element ref='t:a'/></xs:sequence></xs:complexType></xs:element>",
            "element a (t.xsd:1): it can have no finite content",
        ),
        ("<xs:element name='a' type='xs:ENTITY'/>", "type ENTITY: an entity needs a DOCTYPE"),
        ("<xs:element name='a' type='xs:IDREF'/>", "type IDREF: there is no ID"),
        (
            "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:token'><xs:pattern value='a'/><xs:minLength value='2'/></xs:restriction></xs:simpleType></xs:element>",
            "no value was found",
        ),
        (
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' minOccurs='900000000' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element>",
            "too large",
        ),
        (
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' type='xs:boolean' minOccurs='5' maxOccurs='5'/></xs:sequence></xs:complexType><xs:unique name='U'><xs:selector xpath='t:b'/><xs:field xpath='.'/></xs:unique></xs:element>",
            "U (t.xsd:1)",
        ),
    ] {
        let fault = made(&rules(schema), 1, Extent::Full).expect_err(schema).to_string();
        assert!(fault.contains(told), "{fault} does not tell {told}");
    }
}

#[test]
fn optional_parts_that_cannot_be_made_are_left_out_and_told() {
    let rules = rules(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' type='xs:ENTITY' minOccurs='0'/>\
         </xs:sequence><xs:attribute name='c' type='xs:ENTITIES'/></xs:complexType></xs:element>",
    );
    let full = made(&rules, 1, Extent::Full).unwrap();
    assert!(full.text.contains("<a xmlns=\"urn:t\"/>"), "{}", full.text);
    assert!(full.omitted.iter().any(|told| told.contains("ENTITY")), "{:?}", full.omitted);
}

/// Simple types built at random from bases and facets that can be satisfied together.
fn simple_type() -> impl Strategy<Value = String> {
    // No name has no character: a greatest length of none would leave no value.
    let lengths = (0..6_u32, 1..9_u32)
        .prop_map(|(least, more)| format!("<xs:minLength value='{least}'/><xs:maxLength value='{}'/>", least + more));
    let text = ("string|normalizedString|token|NMTOKEN|Name|NCName|anyURI", lengths.clone());
    let octets = ("hexBinary|base64Binary", lengths);
    let bounded = (
        "decimal|integer|long|int|short|byte|double|float",
        -100..100_i32,
        1..50_i32,
        prop::sample::select(vec![("Inclusive", "Inclusive"), ("Exclusive", "Inclusive"), ("Inclusive", "Exclusive")]),
    );
    let day = (1900..2100_i32, 1..13_u32, 1..29_u32, 1..50_i32);
    prop_oneof![
        text.prop_map(|(base, facets)| (base, facets)),
        octets.prop_map(|(base, facets)| (base, facets)),
        bounded.prop_map(|(base, low, span, (from, to))| {
            let span = if base == "byte" { span.min(20) } else { span };
            (base, format!("<xs:min{from} value='{low}'/><xs:max{to} value='{}'/>", low + span))
        }),
        day.prop_map(|(year, month, day, years)| {
            let until = year + years;
            let facets = format!(
                "<xs:minExclusive value='{year}-{month:02}-{day:02}'/><xs:maxInclusive value='{until}-01-01'/>"
            );
            ("date".to_owned(), facets)
        }),
        "[a-cА-Я]{1,3}(-[0-9]{1,2}|x|\\.[а-в]+)?|[^a-z]{2}|\\p{Lu}[0-9]{3}".prop_map(|_| {
            let facet = "<xs:pattern value='[a-cА-Я]{1,3}(-[0-9]{1,2}|x|\\.[а-в]+)?'/>";
            ("string".to_owned(), facet.to_owned())
        }),
        (1..18_u32, 0..4_u32).prop_map(|(total, fraction)| {
            let fraction = fraction.min(total);
            let facets = format!("<xs:totalDigits value='{total}'/><xs:fractionDigits value='{fraction}'/>");
            ("decimal".to_owned(), facets)
        }),
    ]
    .prop_map(|(base, facets)| {
        format!("<xs:simpleType><xs:restriction base='xs:{base}'>{facets}</xs:restriction></xs:simpleType>")
    })
}

/// Content models built at random.
fn particle() -> impl Strategy<Value = String> {
    let occurs = (0..3_u32, prop::option::of(0..3_u32)).prop_map(|(least, more)| {
        let most = more.map_or("unbounded".to_owned(), |more| (least + more).max(1).to_string());
        format!("minOccurs='{least}' maxOccurs='{most}'")
    });
    let leaf = (occurs.clone(), simple_type())
        .prop_map(|(occurs, simple)| format!("<xs:element name='e#' {occurs}>{simple}</xs:element>"));
    leaf.prop_recursive(3, 12, 4, move |inner| {
        (prop::collection::vec(inner, 1..4), "sequence|choice", occurs.clone())
            .prop_map(|(parts, group, occurs)| format!("<xs:{group} {occurs}>{}</xs:{group}>", parts.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_has_documents(particle in particle(), attribute in simple_type(), seed: u64) {
        // Every element gets a name of its own, so that no particle is ambiguous.
        let parts: Vec<&str> = particle.split("name='e#'").collect();
        let named = (0..).zip(parts).map(|(number, part)| if number == 0 { part.to_owned() } else { format!("name='e{number}'{part}") });
        let named: String = named.collect();
        let schema = format!(
            "<xs:element name='a'><xs:complexType><xs:sequence>{named}</xs:sequence><xs:attribute name='x'>{attribute}\
             </xs:attribute></xs:complexType></xs:element>"
        );
        let rules = rules(&schema);
        for extent in [Extent::Minimal, Extent::Full] {
            let specimen = made(&rules, seed, extent);
            prop_assert!(specimen.is_ok(), "{:?}\n{}", specimen, schema);
        }
    }
}
