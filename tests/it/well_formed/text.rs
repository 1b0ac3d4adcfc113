//! What documents say: bytes become characters, line ends and attribute values are normalized.

use mezhved::xml::{Event, Limits, StreamReader, TextReader};

use super::read_through;
use crate::fuzzed::bodies::pieces::Drops;

#[test]
fn bytes_that_are_no_text_are_refused() {
    for bytes in [
        &b"<a>\xFF</a>"[..],
        b"<a>\xC0\xAF</a>",
        b"<a>\xED\xA0\x80</a>",
        b"<a b='\xE2\x82'/>",
        b"<a>\xF4\x90\x80\x80</a>",
        b"<a/>\xC3",
    ] {
        for step in [1, 4096] {
            let fault = read_through(StreamReader::from_source(Drops(bytes, step), Limits::default())).unwrap_err();
            assert_eq!(fault.code(), "xml-bad-encoding", "{bytes:?}");
        }
    }
}

/// Line ends, attributes and text are what the standard makes of them (sections 2.11 and 3.3.3).
#[test]
fn what_is_read_is_normalized() {
    for (document, attribute, content) in [
        ("<a b='x\r\ny\rz\n\tw'>x\r\ny\rz\n\tw</a>", "x y z  w", "x\ny\nz\n\tw"),
        ("<a b='&#13;&#10;&#9;'>&#13;&#10;&#9;</a>", "\r\n\t", "\r\n\t"),
        ("<a b=' x  y '> x  y </a>", " x  y ", " x  y "),
        ("<a b='&lt;&amp;lt;'>&lt;&amp;lt;<![CDATA[\r\n&lt;]]></a>", "<&lt;", "<&lt;\n&lt;"),
        ("<a b=''>1<!--2-->3<?p?>5</a>", "", "135"),
    ] {
        let mut reader = TextReader::new(document, Limits::default());
        let (mut found_attribute, mut found_content) = (String::new(), String::new());
        while let Some(event) = reader.next_event().unwrap() {
            match event {
                Event::Start(start) => start.attributes.for_each(|found| found_attribute.push_str(found.value)),
                Event::Text(text) => found_content.push_str(text.value),
                Event::End(_) => {}
            }
        }
        assert_eq!((found_attribute.as_str(), found_content.as_str()), (attribute, content), "{document}");
    }
}
