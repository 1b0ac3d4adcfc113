//! The reader as a whole: the same table is read from memory and byte by byte.

use std::fmt::Write as _;
use std::io::Read;

use proptest::prelude::*;

use super::*;

/// Gives a few bytes at a time.
struct Drops<'t>(&'t [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(into.len());
        let (now, later) = self.0.split_at(length);
        into[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

/// All events in one line, or the fault.
fn tell<W: Window>(mut reader: Reader<W>) -> Result<String, Fault> {
    let mut out = String::new();
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(start) => {
                write!(out, "<{{{}}}{}", start.name.namespace, start.name.local).unwrap();
                for attribute in start.attributes {
                    write!(out, " {{{}}}{}={:?}", attribute.name.namespace, attribute.name.local, attribute.value)
                        .unwrap();
                }
                out.push('>');
            }
            Event::Text(text) => write!(out, "{:?}", text.value).unwrap(),
            Event::End(end) => write!(out, "</{}>", end.name.local).unwrap(),
        }
    }
    Ok(out)
}

fn both_ways(text: &str, limits: &Limits) -> Result<String, Fault> {
    let whole = tell(TextReader::new(text, limits.clone()));
    for step in [1, 3, 4096] {
        let streamed = tell(StreamReader::from_source(Drops(text.as_bytes(), step), limits.clone()));
        assert_eq!(whole, streamed, "in steps of {step}: {}", &text[..text.floor_char_boundary(200)]);
    }
    whole
}

fn check(text: &str, expected: &str) {
    assert_eq!(both_ways(text, &Limits::default()).as_deref(), Ok(expected), "{text}");
}

fn check_refused(text: &str, code: &str, line: u64, column: u64) {
    let fault = both_ways(text, &Limits::default()).expect_err(text);
    assert_eq!((fault.code(), fault.position.line, fault.position.column), (code, line, column), "{text}");
}

#[test]
fn well_formed_documents_are_told() {
    check("<a/>", "<{}a></a>");
    check("\u{FEFF}<?xml version='1.0'?>\n<!-- c --><?p i?><a></a ><!-- d -->\n", "<{}a></a>");
    check("\r\n<a/>\r\n\r", "<{}a></a>");
    check("<a b=\"1\" c = '2' ></a>", "<{}a {}b=\"1\" {}c=\"2\"></a>");
    check("<a b='&lt;&#65;&quot;'>&amp;&#x41;</a>", "<{}a {}b=\"<A\\\"\">\"&A\"</a>");
    check("<a b='x\n\ty\r\nz'>x\r\ny\rz</a>", "<{}a {}b=\"x  y z\">\"x\\ny\\nz\"</a>");
    check("<a>1<![CDATA[<2>]]]]>3<!-- c -->4<?p?>5</a>", "<{}a>\"1<2>]]345\"</a>");
    check("<a>] ]] ></a>", "<{}a>\"] ]] >\"</a>");
    check("<a>x<b>y</b>z</a>", "<{}a>\"x\"<{}b>\"y\"</b>\"z\"</a>");
    check("<имя атрибут='значение'>текст</имя>", "<{}имя {}атрибут=\"значение\">\"текст\"</имя>");
    check("<a>\u{FFFD}\u{F000}</a>", "<{}a>\"\u{FFFD}\\u{f000}\"</a>");
}

#[test]
fn namespaces_are_resolved_in_scope() {
    check("<p:a xmlns:p='urn:1' p:b='x' b='y'/>", "<{urn:1}a {urn:1}b=\"x\" {}b=\"y\"></a>");
    check("<a xmlns='urn:1'><b xmlns=''/><c/></a>", "<{urn:1}a><{}b></b><{urn:1}c></c></a>");
    check("<a xml:lang='ru'/>", "<{}a {http://www.w3.org/XML/1998/namespace}lang=\"ru\"></a>");
    check("<p:a xmlns:p='1'><p:a xmlns:p='2'/><p:a/></p:a>", "<{1}a><{2}a></a><{1}a></a></a>");
}

#[test]
fn malformed_documents_are_refused_at_their_place() {
    check_refused("", "xml-empty", 1, 1);
    check_refused("<!-- c -->", "xml-empty", 1, 11);
    check_refused("x", "xml-text-outside-root", 1, 1);
    check_refused("<a/>\n<b/>", "xml-two-roots", 2, 1);
    check_refused("<a/>x", "xml-text-outside-root", 1, 5);
    check_refused("<a><b></a>", "xml-tag-mismatch", 1, 7);
    check_refused("<a></ab>", "xml-tag-mismatch", 1, 4);
    check_refused("<ab></a>", "xml-tag-mismatch", 1, 5);
    check_refused("<a>", "xml-truncated", 1, 4);
    check_refused("<a>привет", "xml-truncated", 1, 10);
    check_refused("<a b='1'", "xml-truncated", 1, 9);
    check_refused("<a b='1'c='2'/>", "xml-bad-tag", 1, 9);
    check_refused("<a b=1/>", "xml-bad-tag", 1, 6);
    check_refused("<a b/>", "xml-bad-tag", 1, 5);
    check_refused("<a / >", "xml-bad-tag", 1, 4);
    check_refused("<1a/>", "xml-bad-name", 1, 2);
    check_refused("< a/>", "xml-bad-name", 1, 2);
    check_refused("<a:b:c xmlns:a='u'/>", "xml-bad-name", 1, 2);
    check_refused("<a b='<'/>", "xml-less-than-in-attribute", 1, 7);
    check_refused("<a b='1' b='2'/>", "xml-duplicate-attribute", 1, 10);
    check_refused("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "xml-duplicate-attribute", 1, 35);
    check_refused("<a xmlns:p='u' xmlns:p='u'/>", "xml-duplicate-attribute", 1, 16);
    check_refused("<p:a/>", "xml-undeclared-prefix", 1, 2);
    check_refused("<a p:b=''/>", "xml-undeclared-prefix", 1, 4);
    check_refused("<a xmlns:p=''/>", "xml-bad-namespace", 1, 4);
    check_refused("<a xmlns:xmlns='u'/>", "xml-bad-namespace", 1, 4);
    check_refused("<a xmlns:xml='u'/>", "xml-bad-namespace", 1, 4);
    check_refused("<a>&nbsp;</a>", "xml-undefined-entity", 1, 4);
    check_refused("<a>a & b</a>", "xml-bad-reference", 1, 6);
    check_refused("<a b='&#1;'/>", "xml-bad-reference", 1, 7);
    check_refused("<a>\u{1}</a>", "xml-bad-character", 1, 4);
    check_refused("<a>\u{FFFE}</a>", "xml-bad-character", 1, 4);
    check_refused("<a b='\u{FFFF}'/>", "xml-bad-character", 1, 7);
    check_refused("<a>]]></a>", "xml-cdata-end-in-text", 1, 4);
    check_refused("<a><!-- -- --></a>", "xml-bad-comment", 1, 9);
    check_refused("<a><?xml version='1.0'?></a>", "xml-bad-declaration", 1, 4);
    check_refused(" <?xml version='1.0'?><a/>", "xml-bad-declaration", 1, 2);
    check_refused("<!DOCTYPE a><a/>", "doctype-forbidden", 1, 1);
    check_refused("<![CDATA[x]]><a/>", "xml-text-outside-root", 1, 1);
    check_refused("<a><!ELEMENT b></a>", "xml-bad-tag", 1, 4);
    check_refused("</a>", "xml-tag-mismatch", 1, 1);
    check_refused("<?p i?>\r\n\r\n <!ENTITY>", "xml-bad-tag", 3, 2);
    check_refused("<a/>\r\n<b/>", "xml-two-roots", 2, 1);
    check_refused("<a/>\r<b/>", "xml-two-roots", 2, 1);
    check_refused("\r\n\r", "xml-empty", 3, 1);
}

#[test]
fn hostile_sizes_are_refused() {
    fn check(text: &str, code: &str) {
        assert_eq!(both_ways(text, &Limits::default()).expect_err(code).code(), code);
    }
    check(&"<a>".repeat(100_000), "xml-too-deep");
    let mut attributes = String::from("<a");
    for index in 0..100_000 {
        write!(attributes, " b{index}=''").unwrap();
    }
    check(&attributes, "xml-too-many-attributes");
    check(&attributes.replace(" b", " xmlns:b"), "xml-too-many-attributes");
    let nested =
        (0..200).fold(String::new(), |text, level| text + &format!("<a xmlns:b{level}='u' xmlns:c{level}='u'>"));
    check(&nested, "xml-too-many-namespaces");
    check(&format!("<{}", "a".repeat(5000)), "xml-name-too-long");
    check(&format!("<a b='{}'/>", "x".repeat((1 << 20) + 1)), "xml-attribute-too-long");
}

#[test]
fn long_texts_and_documents_are_refused() {
    let limits = Limits { text_bytes_max: 10, document_bytes_max: 40, markup_bytes_max: 12, ..Limits::default() };
    for (text, code) in [
        ("<a>12345678901</a>", "xml-text-too-long"),
        ("<a>12345<!---->678901</a>", "xml-text-too-long"),
        ("<a><![CDATA[12345678901]]></a>", "xml-text-too-long"),
        ("<a><!--12345678901234--></a>", "xml-markup-too-long"),
        ("<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/></a>", "xml-too-large"),
    ] {
        assert_eq!(both_ways(text, &limits).expect_err(text).code(), code, "{text}");
    }
    assert!(both_ways("<a>1234567890</a>", &limits).is_ok());
}

/// What is too long is told before any other fault that stands behind the limit: a window may end between the two.
#[test]
fn a_limit_comes_before_what_stands_behind_it() {
    let limits = Limits { text_bytes_max: 10, markup_bytes_max: 12, attribute_value_bytes_max: 6, ..Limits::default() };
    for (text, code) in [
        ("<a>12345678901]]></a>", "xml-text-too-long"),
        ("<a>12345678901 & </a>", "xml-text-too-long"),
        ("<a>12345678901&bad;</a>", "xml-text-too-long"),
        ("<a>12345678901\u{1}</a>", "xml-text-too-long"),
        ("<a>12345678901]", "xml-text-too-long"),
        ("<a>12345678901<", "xml-text-too-long"),
        ("<a>1&lt;12345678901]]></a>", "xml-text-too-long"),
        ("<a>1234567890]]></a>", "xml-cdata-end-in-text"),
        ("<a b='1234567&bad;'/>", "xml-attribute-too-long"),
        ("<a b='1234567<'/>", "xml-attribute-too-long"),
        ("<a b='123456<'/>", "xml-less-than-in-attribute"),
        ("<a b='12345678901234567890'/>", "xml-attribute-too-long"),
        ("<a            />", "xml-markup-too-long"),
        ("<a            !>", "xml-markup-too-long"),
        ("<a b          !/>", "xml-markup-too-long"),
        ("<a b=         !/>", "xml-markup-too-long"),
        ("<a b='1'     !/>", "xml-markup-too-long"),
        ("<a></a          !>", "xml-markup-too-long"),
        ("<a></a       ", "xml-truncated"),
    ] {
        assert_eq!(both_ways(text, &limits).expect_err(text).code(), code, "{text}");
    }
}

#[test]
fn blanks_that_are_passed_over_are_measured_too() {
    fn passed<W: Window>(mut reader: Reader<W>) -> Result<(), Fault> {
        while reader.advance_over_blanks()? {}
        Ok(())
    }
    let limits = Limits { text_bytes_max: 10, ..Limits::default() };
    for (blanks, fits) in [(10, true), (11, false), (100, false)] {
        let text = format!("<a>{}<b/></a>", " ".repeat(blanks));
        let whole = passed(TextReader::new(&text, limits.clone()));
        assert_eq!(whole.is_ok(), fits, "{blanks}: {whole:?}");
        for step in [1, 4096] {
            let source = Drops(text.as_bytes(), step);
            assert_eq!(passed(StreamReader::from_source(source, limits.clone())), whole, "{blanks} by {step}");
        }
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "<a b='x'>\n&lt;<c/></a>";
    let mut reader = TextReader::new(text, Limits::default());
    let cut = |span: Span| &text[usize::try_from(span.offset).unwrap()..usize::try_from(span.end()).unwrap()];
    let mut found = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        match event {
            Event::Start(start) => {
                found.push(cut(start.span));
                for attribute in start.attributes {
                    found.extend([cut(attribute.span), cut(attribute.value_span)]);
                }
            }
            Event::Text(text) => found.push(cut(text.span)),
            Event::End(end) => found.push(cut(end.span)),
        }
    }
    assert_eq!(found, ["<a b='x'>", "b='x'", "x", "\n&lt;", "<c/>", "<c/>", "</a>"]);
}

/// The same telling from roxmltree's tree, where it accepts the text.
fn tell_tree(node: roxmltree::Node<'_, '_>, out: &mut String) {
    if node.is_text() {
        write!(out, "{:?}", node.text().unwrap_or("")).unwrap();
    } else if node.is_element() {
        write!(out, "<{{{}}}{}", node.tag_name().namespace().unwrap_or(""), node.tag_name().name()).unwrap();
        for attribute in node.attributes() {
            write!(out, " {{{}}}{}={:?}", attribute.namespace().unwrap_or(""), attribute.name(), attribute.value())
                .unwrap();
        }
        out.push('>');
        node.children().for_each(|child| tell_tree(child, out));
        write!(out, "</{}>", node.tag_name().name()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What we accept, roxmltree accepts and reads as the same tree.
    #[test]
    fn agrees_with_roxmltree(pieces in prop::collection::vec(prop::sample::select(vec![
        "<a>", "</a>", "<b c='1'>", "</b>", "<a/>", "text", "&lt;", "&#65;", "]]>", "<![CDATA[x]]>", "\r\n", " ",
        "<p:a xmlns:p='u'>", "</p:a>", "<!--c-->", "<?p i?>", "ы", "'", "\"", "<", ">", "&",
    ]), 0..12)) {
        let text = format!("<r>{}</r>", pieces.concat());
        if let Ok(told) = both_ways(&text, &Limits::default()) {
            let tree = roxmltree::Document::parse(&text).expect(&text);
            let mut expected = String::new();
            tell_tree(tree.root_element(), &mut expected);
            // roxmltree keeps the texts around a comment apart.
            prop_assert_eq!(told.replace("\"\"", ""), expected.replace("\"\"", ""), "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in "[<>/!?a='\"&;#x\\[\\]\\- \\n:D]{0,40}") {
        let _ = both_ways(&text, &Limits::default());
    }
}
