//! Schemas and documents that were written to do harm, or grew until they do: what they cost is bounded, by counts that
//! are held here or by named limits, and nothing recurses as deep as they nest. Everything runs on a small stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mezhved::rules::Rules;
use mezhved::schema::{SchemaSet, compile};
use mezhved::validate::{Options, check};
use mezhved::xml::Limits;

use crate::differential::mutation::Dice;

/// Stack of every thread here; what recursed as deep as the schemas below nest would not fit.
const STACK_BYTES: usize = 1 << 20;

fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).unwrap();
        thread.join().unwrap()
    })
}

fn rules(body: &str) -> Result<Rules, String> {
    let text = format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>");
    let source = BTreeMap::from([("t.xsd".to_owned(), text.into_bytes())]);
    on_small_stack(|| compile(&SchemaSet::new(&source).with("t.xsd")).map_err(|faults| faults[0].constraint.to_owned()))
}

/// Codes of the violations of a document, or the fault that ended its reading.
fn codes(rules: &Rules, document: &str) -> Vec<&'static str> {
    let limits = Limits { attributes_max: 100_000, ..Limits::default() };
    let verdict = on_small_stack(|| check(document, rules, &Options { limits, ..Options::default() }));
    let fault = verdict.fault.iter().map(mezhved::xml::Fault::code);
    verdict.violations.iter().map(mezhved::validate::Violation::code).chain(fault).collect()
}

fn repeated(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// A schema of one element `r` whose type is `content`.
fn root(content: &str) -> String {
    format!("<xs:element name='r'><xs:complexType>{content}</xs:complexType></xs:element>")
}

#[test]
fn occurrence_bounds_are_counted_not_written_out() {
    let rules = rules(&root(
        "<xs:sequence maxOccurs='100000'>
           <xs:element name='a' minOccurs='1000' maxOccurs='100000'/>
           <xs:sequence minOccurs='2' maxOccurs='77777'><xs:element name='b' maxOccurs='99999'/></xs:sequence>
         </xs:sequence>",
    ))
    .unwrap();
    let sizes = rules.model_sizes();
    assert!(sizes.states <= 8 && sizes.steps <= 16, "{sizes:?}");
    let document = |a: usize, b: usize| format!("<r>{}{}</r>", "<a/>".repeat(a), "<b/>".repeat(b));
    assert!(codes(&rules, &document(1000, 2)).is_empty());
    assert!(codes(&rules, &document(100_000, 100_000)).is_empty());
    assert_eq!(codes(&rules, &document(999, 2)), ["unexpected-element"]);
    assert_eq!(codes(&rules, &document(1000, 1)), ["missing-element"]);
}

#[test]
fn groups_in_groups_of_bounds_stay_small() {
    let opening = "<xs:sequence minOccurs='0' maxOccurs='2'>".repeat(100);
    let content =
        format!("{opening}<xs:element name='a' minOccurs='0' maxOccurs='2'/>{}", "</xs:sequence>".repeat(100));
    let rules = rules(&root(&content)).unwrap();
    assert!(rules.model_sizes().states <= 4);
    assert!(codes(&rules, &format!("<r>{}</r>", "<a/>".repeat(100_000))).is_empty());
}

#[test]
fn long_choices_share_their_steps() {
    let elements = repeated(10_000, |index| format!("<xs:element name='e{index}' type='xs:string'/>"));
    let rules = rules(&root(&format!("<xs:choice maxOccurs='unbounded'>{elements}</xs:choice>"))).unwrap();
    let sizes = rules.model_sizes();
    assert!(sizes.steps <= 30_000, "{sizes:?}");
    assert!(
        codes(&rules, &format!("<r>{}</r>", repeated(20_000, |index| format!("<e{}/>", index % 10_000)))).is_empty()
    );
    assert_eq!(codes(&rules, "<r><e1/><x/></r>"), ["unexpected-element"]);
}

#[test]
fn long_sequences_of_what_may_be_left_out_share_their_steps() {
    let elements = |count: usize, bounds: &dyn Fn(usize) -> String| {
        repeated(count, |index| format!("<xs:element name='e{index}' type='xs:string' {}/>", bounds(index)))
    };
    let optional = elements(50_000, &|_| "minOccurs='0'".to_owned());
    let found = rules(&root(&format!("<xs:sequence>{optional}</xs:sequence>"))).unwrap();
    let sizes = found.model_sizes();
    assert!(sizes.states <= 50_001 && sizes.steps <= 100_000, "{sizes:?}");
    let every = |step: usize| format!("<r>{}</r>", repeated(50_000 / step, |index| format!("<e{}/>", index * step)));
    for step in [1, 2, 999, 40_000] {
        assert!(codes(&found, &every(step)).is_empty(), "{step}");
    }
    assert_eq!(codes(&found, "<r><e2/><e1/><e49999/></r>"), ["unexpected-element"]);
    assert_eq!(codes(&found, "<r><e49999/><e49999/></r>"), ["unexpected-element"]);
    assert_eq!(codes(&found, "<r><e7/><x/></r>"), ["unexpected-element"]);

    let counted = elements(5_000, &|index| match index % 5 {
        0 => "minOccurs='0' maxOccurs='unbounded'".to_owned(),
        1 => "minOccurs='0' maxOccurs='3'".to_owned(),
        2 if index % 500 == 2 => "minOccurs='2' maxOccurs='100000'".to_owned(),
        _ => "minOccurs='0'".to_owned(),
    });
    let found = rules(&root(&format!("<xs:sequence maxOccurs='2'>{counted}</xs:sequence>"))).unwrap();
    assert!(found.model_sizes().steps <= 40_000, "{:?}", found.model_sizes());
    let round = repeated(10, |index| format!("<e{0}/><e{0}/>", index * 500 + 2));
    assert!(codes(&found, &format!("<r>{round}{round}</r>")).is_empty());
    assert!(codes(&found, &format!("<r><e0/><e1/><e1/><e1/>{round}</r>")).is_empty());
    assert_eq!(codes(&found, &format!("<r><e1/><e1/><e1/><e1/>{round}</r>")), ["unexpected-element"]);
    assert_eq!(codes(&found, &format!("<r>{round}{round}{round}</r>")), ["unexpected-element"]);
    assert_eq!(codes(&found, &format!("<r>{round}<e2/></r>")), ["missing-element"]);
    assert_eq!(
        codes(&found, &format!("<r>{}</r>", round.replace("<e502/><e502/>", "<e502/>"))),
        ["unexpected-element"]
    );

    // The same name twice, with nothing between that must be there.
    let twice = format!(
        "<xs:sequence>{}<xs:element name='e9'/></xs:sequence>",
        elements(1_000, &|_| "minOccurs='0'".to_owned())
    );
    assert_eq!(rules(&root(&twice)).err().as_deref(), Some("cos-nonambig"));
}

/// Long content with random bounds, by a regular expression over its elements.
#[test]
fn long_content_is_judged_as_a_regular_expression_judges_it() {
    for seed in 0..24 {
        let mut dice = Dice::new(seed);
        let (mut schema, mut pattern, mut next) = (String::new(), String::new(), 0);
        long_content(&mut dice, 3, &mut next, &mut schema, &mut pattern);
        let found = rules(&root(&schema)).unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        let regex = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 28).build().unwrap();
        let mut valid = 0;
        for _ in 0..60 {
            let mut places: Vec<usize> = (0..next).filter(|_| dice.below(next.min(40)) == 0).collect();
            for _ in 0..dice.below(3) {
                let (from, to) = (dice.below(places.len() + 1), dice.below(places.len() + 1));
                let piece = places[from.min(to)..from.max(to)].to_vec();
                places.splice(to..to, piece);
            }
            let word: String = places.iter().map(|place| letter(*place)).collect();
            let document = format!("<r>{}</r>", places.iter().map(|place| format!("<e{place}/>")).collect::<String>());
            let agrees = codes(&found, &document).is_empty() == regex.is_match(&word);
            assert!(agrees, "seed {seed}: {document}\n{schema}");
            valid += usize::from(regex.is_match(&word));
        }
        assert!(valid > 5, "seed {seed}: only {valid} are valid");
    }
}

/// The character that stands for an element in a regular expression.
fn letter(place: usize) -> char {
    char::from_u32(0x4E00 + u32::try_from(place).unwrap()).unwrap()
}

/// A long sequence in which most may be left out, as a schema and as a regular expression.
fn long_content(dice: &mut Dice, depth: usize, next: &mut usize, schema: &mut String, pattern: &mut String) {
    let bounds = |dice: &mut Dice, needed: usize| {
        let least = if dice.below(needed) == 0 { 1 + dice.below(2) } else { 0 };
        let most = (dice.below(3) > 0).then(|| least.max(1) + dice.below(3));
        let most_text = most.map_or("unbounded".to_owned(), |most| most.to_string());
        let most_digits = most.map_or(String::new(), |most| most.to_string());
        (format!("minOccurs='{least}' maxOccurs='{most_text}'"), format!("{{{least},{most_digits}}}"))
    };
    schema.push_str("<xs:sequence>");
    for _ in 0..if depth == 3 { 150 + dice.below(100) } else { 1 + dice.below(8) } {
        if depth > 0 && dice.below(20) == 0 {
            let (occurs, counted) = bounds(dice, 40);
            write!(schema, "<xs:sequence {occurs}>").unwrap();
            pattern.push_str("(?:");
            long_content(dice, depth - 1, next, schema, pattern);
            schema.push_str("</xs:sequence>");
            write!(pattern, "){counted}").unwrap();
        } else {
            let (occurs, counted) = bounds(dice, 200);
            write!(schema, "<xs:element name='e{next}' {occurs}/>").unwrap();
            write!(pattern, "{}{counted}", letter(*next)).unwrap();
            *next += 1;
        }
    }
    schema.push_str("</xs:sequence>");
}

#[test]
fn all_groups_may_be_long() {
    let elements = repeated(10_000, |index| format!("<xs:element name='e{index}' minOccurs='0'/>"));
    let rules = rules(&root(&format!("<xs:all>{elements}</xs:all>"))).unwrap();
    assert!(
        codes(&rules, &format!("<r>{}</r>", repeated(10_000, |index| format!("<e{}/>", 9_999 - index)))).is_empty()
    );
    assert_eq!(codes(&rules, "<r><e1/><e1/></r>"), ["unexpected-element"]);
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let double = |name: &str, body: &dyn Fn(usize) -> String, last: &str| {
        repeated(60, body) + last + &root(&format!("<xs:{name} ref='g0'/>"))
    };
    let deep_groups = |count: usize| {
        let link = |index| {
            let next = index + 1;
            format!(
                "<xs:group name='g{index}'><xs:sequence><xs:group ref='g{next}' minOccurs='0'/></xs:sequence></xs:group>"
            )
        };
        let last = format!("<xs:group name='g{count}'><xs:sequence><xs:element name='e'/></xs:sequence></xs:group>");
        repeated(count, link) + &last + &root("<xs:group ref='g0'/>")
    };
    let doubled_groups = double(
        "group",
        &|index| {
            let next = index + 1;
            format!(
                "<xs:group name='g{index}'><xs:sequence><xs:group ref='g{next}' minOccurs='0'/><xs:group ref='g{next}'/>
                 </xs:sequence></xs:group>"
            )
        },
        "<xs:group name='g60'><xs:sequence><xs:element name='e'/></xs:sequence></xs:group>",
    );
    let deep_attributes = repeated(10_000, |index| {
        let next = index + 1;
        format!(
            "<xs:attributeGroup name='g{index}'><xs:attributeGroup ref='g{next}'/><xs:attribute name='a{index}'/>
             </xs:attributeGroup>"
        )
    }) + "<xs:attributeGroup name='g10000'/>"
        + &root("<xs:attributeGroup ref='g0'/>");
    let grown = "<xs:complexType name='t0'><xs:sequence/></xs:complexType>".to_owned()
        + &repeated(10_000, |index| {
            let next = index + 1;
            format!(
                "<xs:complexType name='t{next}'><xs:complexContent><xs:extension base='t{index}'><xs:sequence>
                   <xs:element name='e{next}'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
            )
        });
    let heads = "<xs:element name='h0'/>".to_owned()
        + &repeated(10_000, |index| format!("<xs:element name='h{}' substitutionGroup='h{index}'/>", index + 1));
    let patterned = "<xs:simpleType name='t0'><xs:restriction base='xs:string'/></xs:simpleType>".to_owned()
        + &repeated(10_000, |index| {
            let next = index + 1;
            format!(
                "<xs:simpleType name='t{next}'><xs:restriction base='t{index}'><xs:pattern value='x*'/></xs:restriction>
                 </xs:simpleType>"
            )
        });
    let unions = "<xs:simpleType name='t0'><xs:union memberTypes='xs:int xs:date'/></xs:simpleType>".to_owned()
        + &repeated(10_000, |index| {
            let next = index + 1;
            format!(
                "<xs:simpleType name='n{index}'><xs:restriction base='t{index}'><xs:pattern value='.*'/></xs:restriction>
                 </xs:simpleType><xs:simpleType name='t{next}'><xs:union memberTypes='n{index} xs:string'/></xs:simpleType>"
            )
        });
    let paths = vec!["a"; 2000].join("|");
    let path = format!(
        "<xs:element name='r'><xs:unique name='u'><xs:selector xpath='{paths}'/><xs:field xpath='@b'/></xs:unique></xs:element>"
    );
    assert!(rules(&deep_groups(200)).is_ok());
    for (what, body) in [
        ("groups 10,000 deep", deep_groups(10_000)),
        ("groups doubled 60 times", doubled_groups),
        ("attributes that add up over 10,000 groups", deep_attributes),
        ("content that grows over 10,000 extensions", grown),
        ("elements that substitute one another in a line of 10,000", heads),
        ("patterns of 10,000 steps", patterned),
        ("unions 10,000 deep", unions),
        ("a path of 2,000 alternatives", path),
    ] {
        assert_eq!(rules(&body).err().as_deref(), Some("schema-too-large"), "{what}");
    }
    assert_eq!(
        rules(&format!("{}{}", "<xs:annotation>".repeat(300), "</xs:annotation>".repeat(300))).err().as_deref(),
        Some("xml-too-deep")
    );
}

#[test]
fn deep_derivation_that_adds_little_is_compiled() {
    let chain = |first: &str, link: &dyn Fn(usize) -> String, wanted: &str| {
        let body = first.to_owned() + &repeated(10_000, link) + "<xs:element name='r' type='t10000'/>";
        let rules = rules(&body).unwrap();
        assert!(codes(&rules, wanted).is_empty());
        rules
    };
    let complex =
        "<xs:complexType name='t0'><xs:sequence><xs:element name='e' minOccurs='0'/></xs:sequence></xs:complexType>";
    let derived = |index: usize, way: &str, content: &str| {
        let next = index + 1;
        format!(
            "<xs:complexType name='t{next}'><xs:complexContent><xs:{way} base='t{index}'>{content}</xs:{way}>
             </xs:complexContent></xs:complexType>"
        )
    };
    chain(complex, &|index| derived(index, "extension", ""), "<r><e/></r>");
    let again = "<xs:sequence><xs:element name='e' minOccurs='0'/></xs:sequence>";
    let rules_of_restrictions = chain(complex, &|index| derived(index, "restriction", again), "<r><e/></r>");
    assert_eq!(codes(&rules_of_restrictions, "<r><e/><e/></r>"), ["unexpected-element"]);
    let simple = "<xs:simpleType name='t0'><xs:restriction base='xs:string'/></xs:simpleType>";
    let shorter = |index: usize| {
        let (next, length) = (index + 1, 20_000 - index);
        format!(
            "<xs:simpleType name='t{next}'><xs:restriction base='t{index}'><xs:maxLength value='{length}'/></xs:restriction>
             </xs:simpleType>"
        )
    };
    let rules_of_lengths = chain(simple, &shorter, "<r>x</r>");
    assert_eq!(codes(&rules_of_lengths, &format!("<r>{}</r>", "x".repeat(10_002))), ["too-long"]);
    let union = "<xs:simpleType name='t0'><xs:union memberTypes='xs:int xs:date'/></xs:simpleType>";
    let around = |index: usize| {
        let next = index + 1;
        format!("<xs:simpleType name='t{next}'><xs:union memberTypes='t{index} t{index}'/></xs:simpleType>")
    };
    assert_eq!(codes(&chain(union, &around, "<r>2024-01-01</r>"), "<r>x</r>"), ["wrong-type-of-value"]);
}

#[test]
fn many_of_a_kind_are_looked_up_not_looked_through() {
    let elements = repeated(100_000, |index| format!("<xs:element name='e{index}' type='xs:int'/>"));
    let found = rules(&elements).unwrap();
    assert!(codes(&found, "<e99999>1</e99999>").is_empty());
    assert_eq!(found.global_elements().count(), 100_000);
    let values = repeated(100_000, |index| format!("<xs:enumeration value='v{index}'/>"));
    let listed = rules(&root(&format!(
        "<xs:sequence><xs:element name='v' maxOccurs='unbounded'><xs:simpleType><xs:restriction base='xs:string'>{values}
         </xs:restriction></xs:simpleType></xs:element></xs:sequence>"
    )))
    .unwrap();
    assert!(codes(&listed, &format!("<r>{}</r>", repeated(100_000, |index| format!("<v>v{index}</v>")))).is_empty());
    let wrong = codes(&listed, &format!("<r>{}</r>", "<v>w</v>".repeat(100_000)));
    assert_eq!(wrong, vec!["value-not-listed"; 100]);
}

#[test]
fn keys_and_ids_are_looked_up() {
    let keyed = rules(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='k' maxOccurs='unbounded'><xs:complexType>
           <xs:attribute name='v'/><xs:attribute name='w'/><xs:attribute name='i' type='xs:ID'/>
           <xs:attribute name='j' type='xs:IDREF'/></xs:complexType></xs:element></xs:sequence></xs:complexType>
           <xs:key name='k'><xs:selector xpath='k'/><xs:field xpath='@v'/></xs:key>
           <xs:keyref name='f' refer='k'><xs:selector xpath='k'/><xs:field xpath='@w'/></xs:keyref></xs:element>",
    )
    .unwrap();
    let same = codes(&keyed, &format!("<r>{}</r>", "<k v='1'/>".repeat(10_000)));
    assert_eq!(same, vec!["duplicate-key"; 100]);
    let crossed = |index: usize| {
        let other = 99_999 - index;
        format!("<k v='{index}' w='{other}' i='i{index}' j='i{other}'/>")
    };
    assert!(codes(&keyed, &format!("<r>{}</r>", repeated(100_000, crossed))).is_empty());
    let dangling = codes(&keyed, &format!("<r>{}</r>", repeated(10_000, |index| format!("<k v='{index}' w='x'/>"))));
    assert_eq!(dangling, vec!["key-not-found"; 100]);
}

#[test]
fn patterns_match_in_linear_time_or_are_refused() {
    let with = |pattern: &str| {
        rules(&format!(
            "<xs:element name='r'><xs:simpleType><xs:restriction base='xs:string'><xs:pattern value='{pattern}'/>
             </xs:restriction></xs:simpleType></xs:element>"
        ))
    };
    let text = format!("<r>{}</r>", "a".repeat(50_000));
    for (pattern, valid) in [
        ("(a*)*b", false),
        ("(a|a)*", true),
        ("(a|aa)+", true),
        ("([a-z]+)*@", false),
        ("(a+a+)+b", false),
        ("(a?){50000}a{50000}", true),
        ("a{1000000}", false),
        ("((a*)*)*", true),
        ("((a{1,1000}){1,1000}){1,1000}", true),
        ("(a{0,200}b?){0,4}(a|aa)*", true),
    ] {
        let found = codes(&with(pattern).unwrap(), &text);
        assert_eq!(found, if valid { vec![] } else { vec!["pattern-mismatch"] }, "{pattern}");
    }
    let deep = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
    for (pattern, code) in [
        ("((ab{1,1000}){1,1000}){1,1000}", "pattern-too-large"),
        (r"(\w{0,4000}-){0,4000}", "pattern-too-large"),
        (r"(\p{L}\p{N}{1,1000}){1,1000}", "pattern-too-large"),
        (&deep, "src-pattern-value"),
    ] {
        assert_eq!(with(pattern).err().as_deref(), Some(code), "{}", &pattern[..20]);
    }
}

#[test]
fn schemas_that_refer_to_themselves_are_read_once() {
    let schema =
        |body: &str| format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>").into_bytes();
    let mut source = BTreeMap::new();
    let includes = "<xs:include schemaLocation='a.xsd'/><xs:include schemaLocation='./a.xsd'/>
                    <xs:include schemaLocation='b/../a.xsd'/><xs:include schemaLocation='b/b.xsd'/>";
    source.insert("a.xsd".to_owned(), schema(&format!("{includes}<xs:element name='a'/>")));
    source.insert("b/b.xsd".to_owned(), schema("<xs:include schemaLocation='../a.xsd'/><xs:element name='b'/>"));
    for index in 0..4000 {
        let next = format!("<xs:include schemaLocation='c{}.xsd'/><xs:element name='c{index}'/>", (index + 1) % 4000);
        source.insert(format!("c{index}.xsd"), schema(&next));
    }
    let documents =
        |path: &str| on_small_stack(|| compile(&SchemaSet::new(&source).with(path)).unwrap().documents().len());
    assert_eq!(documents("a.xsd"), 2);
    assert_eq!(documents("c0.xsd"), 4000);
}

#[test]
fn attributes_and_namespaces_of_an_element_may_be_many() {
    let attributes = repeated(9_000, |index| format!("<xs:attribute name='a{index}' type='xs:int'/>"));
    let found = rules(&root(&attributes)).unwrap();
    let mut document = String::from("<r");
    for index in 0..9_000 {
        write!(document, " a{index}='x'").unwrap();
    }
    assert_eq!(codes(&found, &(document + "/>")).len(), 100);
    let namespaces = repeated(20_000, |index| format!("urn:{index} "));
    let any = rules(&root(&format!(
        "<xs:sequence><xs:any maxOccurs='unbounded' processContents='lax' namespace='{namespaces}'/></xs:sequence>"
    )))
    .unwrap();
    assert!(codes(&any, &format!("<r>{}</r>", "<a xmlns='urn:19999'/>".repeat(10_000))).is_empty());
}
