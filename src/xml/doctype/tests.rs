//! Documents with a DOCTYPE, as what they become or the fault that they are refused for.

use super::*;

fn expanded(text: &str) -> Result<String, Fault> {
    expand(text, &Limits::default()).map(|expanded| expanded.text.into_owned())
}

/// What the document becomes, the white space in place of its DOCTYPE left out.
fn check(text: &str, expected: &str) {
    let found = expanded(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    assert_eq!(found.trim_start(), expected, "{text}");
}

fn check_refused(text: &str, code: FaultCode) {
    assert_eq!(expanded(text).map_err(|fault| fault.code), Err(code), "{text}");
}

#[test]
fn entities_give_way_to_what_they_stand_for() {
    for (subset, document, expected) in [
        ("", "<a>&lt;&#65;</a>", "<a>&lt;&#65;</a>"),
        ("<!ENTITY e 'x'>", "<a>&e;&e;</a>", "<a>xx</a>"),
        ("<!ENTITY e '<b>&#38;lt;&amp;</b>'>", "<a>&e;</a>", "<a><b>&lt;&amp;</b></a>"),
        ("<!ENTITY e 'x'><!ENTITY e 'y'>", "<a>&e;</a>", "<a>x</a>"),
        ("<!ENTITY e '&f;'><!ENTITY f 'y'>", "<a>&e;</a>", "<a>y</a>"),
        ("<!ENTITY e '&#13;\r\n'>", "<a>&e;</a>", "<a>&#13;\n</a>"),
        ("<!ENTITY e 'x'>", "<a b='&e;' c='\"&e;'/>", "<a b=\"x\" c=\"&quot;x\"/>"),
        ("<!ENTITY e '&#10; &#38;#10;'>", "<a b='&e;\t'/>", "<a b=\"  &#10; \"/>"),
        ("<!ENTITY e 'x'>", "<a><!--&e;--><![CDATA[&e;]]><?p &e;?></a>", "<a><!--&e;--><![CDATA[&e;]]><?p &e;?></a>"),
        ("<!ENTITY lt '&#38;#60;'>", "<a b='&lt;'>&lt;</a>", "<a b=\"&lt;\">&lt;</a>"),
        ("<!ENTITY % p '<!ENTITY e \"x\">'> %p;", "<a>&e;</a>", "<a>x</a>"),
        ("<!ENTITY % p \"<!ENTITY e 'x'> &#37;q;\"><!ENTITY % q '<!ENTITY f \"y\">'>%p;", "<a>&e;&f;</a>", "<a>xy</a>"),
        ("<!ENTITY e SYSTEM 'e.xml'><!ENTITY u SYSTEM 'u.gif' NDATA gif>", "<a/>", "<a/>"),
        ("<!ENTITY % p SYSTEM 'p.ent'><!ENTITY e 'x'>%p;<!ENTITY f 'y'>", "<a>&e;</a>", "<a>x</a>"),
        ("<!ENTITY имя 'значение'>", "<a>&имя;</a>", "<a>значение</a>"),
    ] {
        check(&format!("<!DOCTYPE a [{subset}]>{document}"), expected);
    }
}

#[test]
fn attributes_that_are_left_out_are_put_in() {
    for (subset, document, expected) in [
        ("<!ATTLIST a b CDATA 'x'>", "<a/>", "<a b=\"x\"/>"),
        ("<!ATTLIST a b CDATA 'x'>", "<a b='y'><a ></a></a>", "<a b='y'><a  b=\"x\"></a></a>"),
        ("<!ATTLIST a b CDATA #FIXED 'x' c CDATA #IMPLIED d CDATA #REQUIRED>", "<a/>", "<a b=\"x\"/>"),
        ("<!ATTLIST a b CDATA 'x' b CDATA 'y'><!ATTLIST a b CDATA 'z' c (p | q) 'p'>", "<a/>", "<a b=\"x\" c=\"p\"/>"),
        ("<!ATTLIST a xmlns CDATA 'urn:a'>", "<a/>", "<a xmlns=\"urn:a\"/>"),
        ("<!ATTLIST x:a x:b CDATA 'x'>", "<x:a/>", "<x:a x:b=\"x\"/>"),
        ("<!ATTLIST a b NMTOKENS #IMPLIED>", "<a b='  x \n y '/>", "<a b=\"x y\"/>"),
        ("<!ATTLIST a b ID #IMPLIED>", "<a b=' x'/>", "<a b=\"x\"/>"),
        ("<!NOTATION n SYSTEM 'n'><!ATTLIST a b NOTATION (n) 'n'>", "<a/>", "<a b=\"n\"/>"),
        ("<!ENTITY e '\"&#9;\"'><!ATTLIST a b CDATA '&e;'>", "<a/>", "<a b=\"&quot; &quot;\"/>"),
        ("<!ATTLIST a b CDATA '>'>", "<a c='>'/>", "<a c='>' b=\">\"/>"),
    ] {
        check(&format!("<!DOCTYPE a [{subset}]>{document}"), expected);
    }
}

#[test]
fn the_doctype_may_stand_in_many_ways() {
    for text in [
        "<!DOCTYPE a><a/>",
        "\u{FEFF}<?xml version='1.0'?><!-- - --><?p?> <!DOCTYPE a SYSTEM 'a.dtd'><a/>",
        "<!DOCTYPE a PUBLIC '-//A//B' \"a.dtd\" [] ><a/>",
        "<!DOCTYPE a[ <?p?> <!-- ] --> <!ELEMENT a EMPTY> <!ELEMENT b ANY ><!ELEMENT c (#PCDATA)><!ELEMENT d (#PCDATA|a)*>
           <!ELEMENT e ((a|b)*,(c+,d?)?)+ > <!NOTATION n PUBLIC 'n'> <!NOTATION m PUBLIC 'n' 'm'>\n]><a/>",
    ] {
        assert!(expanded(text).is_ok_and(|text| text.ends_with("<a/>") && !text.contains("DOCTYPE")), "{text}");
    }
    for text in ["<a/>", "<?xml version='1.0'?><a>&e;</a>", "", "<!-- <!DOCTYPE a> --><a/>", "<!DOC"] {
        check(text, text);
    }
}

#[test]
fn a_malformed_doctype_is_refused() {
    use FaultCode::{BadComment, BadDoctype, BadInstruction, BadName, BadReference, LessThanInAttribute, Truncated};
    for (text, code) in [
        ("<!DOCTYPE>", BadDoctype),
        ("<!DOCTYPE [", BadName),
        ("<!DOCTYPE a", BadDoctype),
        ("<!DOCTYPE a [", Truncated),
        ("<!DOCTYPE a SYSTEM>", BadDoctype),
        ("<!DOCTYPE aSYSTEM 'x'>", BadDoctype),
        ("<!DOCTYPE a PUBLIC 'x'>", BadDoctype),
        ("<!DOCTYPE a PUBLIC '{' 'x'>", BadDoctype),
        ("<!DOCTYPE a [] b>", BadDoctype),
    ] {
        check_refused(text, code);
    }
    for (subset, code) in [
        ("a", BadDoctype),
        ("<!ENTITY>", BadDoctype),
        ("<!ENTITY e>", BadDoctype),
        ("<!ENTITY e'x'>", BadDoctype),
        ("<!ENTITY e:f 'x'>", BadName),
        ("<!ENTITY e 'x' 'y'>", BadDoctype),
        ("<!ENTITY e '&'>", BadReference),
        ("<!ENTITY e '&f'>", BadReference),
        ("<!ENTITY e '&#1;'>", BadReference),
        ("<!ENTITY e '%'>", BadDoctype),
        ("<!ENTITY % p 'x'><!ENTITY e '%p;'>", BadDoctype),
        ("<!ENTITY %p 'x'>", BadDoctype),
        ("<!ENTITY % p SYSTEM 'x' NDATA n>", BadDoctype),
        ("<!ENTITY e SYSTEM 'x'NDATA n>", BadDoctype),
        ("<!ENTITY e PUBLIC 'x'>", BadDoctype),
        ("<!ELEMENT a>", BadDoctype),
        ("<!ELEMENT a ()>", BadName),
        ("<!ELEMENT a (b,c|d)>", BadDoctype),
        ("<!ELEMENT a (b", BadDoctype),
        ("<!ELEMENT a (#PCDATA|b)>", BadDoctype),
        ("<!ELEMENT a (#PCDATA,b)*>", BadDoctype),
        ("<!ELEMENT a (b|#PCDATA)*>", BadName),
        ("<!ELEMENT a EMPTY ANY>", BadDoctype),
        ("<!ELEMENT a:b:c ANY>", BadName),
        ("<!ATTLIST>", BadDoctype),
        ("<!ATTLIST a b>", BadDoctype),
        ("<!ATTLIST a b CDATA>", BadDoctype),
        ("<!ATTLIST a b CDATA'x'>", BadDoctype),
        ("<!ATTLIST a b CDATA 'x'c CDATA 'y'>", BadDoctype),
        ("<!ATTLIST a b FOO 'x'>", BadDoctype),
        ("<!ATTLIST a b (x y) 'x'>", BadDoctype),
        ("<!ATTLIST a b CDATA '<'>", LessThanInAttribute),
        ("<!ATTLIST a b CDATA '& '>", BadReference),
        ("<!ATTLIST a b CDATA '&e;'><!ENTITY e 'x'>", FaultCode::UndefinedEntity),
        ("<!NOTATION n>", BadDoctype),
        ("<!NOTATION n PUBLIC 'x''y'>", BadDoctype),
        ("<![INCLUDE[<!ENTITY e 'x'>]]>", BadDoctype),
        ("<!-- -- -->", BadComment),
        ("<?xml version='1.0'?>", BadInstruction),
        ("<?a:b?>", BadInstruction),
        ("%p;", FaultCode::UndefinedEntity),
        ("<!ENTITY % p '<!ENTITY e'> %p;", BadDoctype),
        ("<!ENTITY % p '&#37;p;'>%p;", FaultCode::RecursiveEntity),
        ("\u{1}", FaultCode::BadCharacter),
    ] {
        check_refused(&format!("<!DOCTYPE a [{subset}]><a/>"), code);
    }
}

#[test]
fn entities_that_cannot_be_put_in_are_refused() {
    use FaultCode::{BadReference, ExternalEntity, RecursiveEntity, TagMismatch, Truncated, UndefinedEntity};
    for (subset, document, code) in [
        ("", "<a>&e;</a>", UndefinedEntity),
        ("<!ENTITY f 'x'>", "<a>&e;</a>", UndefinedEntity),
        ("<!ENTITY f 'x'>", "<a b='&e;'/>", UndefinedEntity),
        ("<!ENTITY e SYSTEM 'e'>", "<a>&e;</a>", ExternalEntity),
        ("<!ENTITY e SYSTEM 'e'>", "<a b='&e;'/>", ExternalEntity),
        ("<!ENTITY % p SYSTEM 'p'>%p;<!ENTITY e 'x'>", "<a>&e;</a>", ExternalEntity),
        ("<!ENTITY e SYSTEM 'e' NDATA n>", "<a>&e;</a>", BadReference),
        ("<!ENTITY e '&e;'>", "<a>&e;</a>", RecursiveEntity),
        ("<!ENTITY e '&f;'><!ENTITY f '<b>&e;</b>'>", "<a>&e;</a>", RecursiveEntity),
        ("<!ENTITY e '<b>'>", "<a>&e;</b></a>", TagMismatch),
        ("<!ENTITY e '</a><a>'>", "<a>&e;</a>", TagMismatch),
        ("<!ENTITY e '<b'>", "<a>&e;/></a>", Truncated),
        ("<!ENTITY e '<!-- '>", "<a>&e; --></a>", Truncated),
        ("<!ENTITY e '&#60;'>", "<a b='&e;'/>", FaultCode::LessThanInAttribute),
    ] {
        let outcome = expanded(&format!("<!DOCTYPE a [{subset}]>{document}"));
        // What is declared nowhere is left for the reader to find.
        let outcome = outcome.and_then(|text| {
            let mut reader = crate::xml::TextReader::new(&text, Limits::default());
            while reader.next_event()?.is_some() {}
            Ok(())
        });
        assert_eq!(outcome.map_err(|fault| fault.code), Err(code), "{subset} {document}");
    }
}

#[test]
fn expansion_is_bounded() {
    let mut subset = String::from("<!ENTITY e0 'ha'>");
    for level in 1..40 {
        subset.push_str(&format!("<!ENTITY e{level} '&e{0};&e{0};&e{0};&e{0};&e{0};&e{0};'>", level - 1));
    }
    check_refused(&format!("<!DOCTYPE a [{subset}]><a>&e39;</a>"), FaultCode::ExpansionTooLarge);
    check_refused(&format!("<!DOCTYPE a [{subset}]><a b='&e39;'/>"), FaultCode::ExpansionTooLarge);
    let chain: String = (0..10_000).map(|level| format!("<!ENTITY e{level} '&e{};'>", level + 1)).collect();
    check_refused(&format!("<!DOCTYPE a [{chain}]><a>&e0;</a>"), FaultCode::ExpansionTooLarge);
    let defaults = format!("<!ATTLIST a b CDATA '{}'>", "x".repeat(1000));
    check_refused(&format!("<!DOCTYPE a [{defaults}]><a>{}</a>", "<a/>".repeat(10_000)), FaultCode::ExpansionTooLarge);
    let nested = "(".repeat(100_000);
    check_refused(&format!("<!DOCTYPE a [<!ELEMENT a {nested}]><a/>"), FaultCode::BadName);
}

#[test]
fn places_lead_back_to_the_document() {
    let text = "<!DOCTYPE a [<!ENTITY e '<b>\n</b>'>\n]>\n<a>&e;<c/></a>";
    let expanded = expand(text, &Limits::default()).unwrap();
    for (found, written) in [("<a>", "<a>"), ("</b>", "&e;"), ("<c/>", "<c/>"), ("</a>", "</a>")] {
        let offset = expanded.text.find(found).unwrap() as u64;
        assert_eq!(expanded.origins.written(offset), text.rfind(written).unwrap() as u64, "{found}");
    }
    let unparsed = expand("<!DOCTYPE a [<!ENTITY u SYSTEM 'u' NDATA n>]><a/>", &Limits::default()).unwrap();
    assert!(unparsed.unparsed_entities.contains("u"));
}
