//! A document laid out for people: an element a line, indented. For reading only; what machines exchange stays as written.

use quick_xml::events::{BytesText, Event};
use quick_xml::{Reader, Writer};

const INDENT_SPACES: usize = 2;

/// The document with every element on a line of its own; one that cannot be read stays as it is.
#[must_use]
pub fn laid_out(text: &str) -> String {
    let mut reader = Reader::from_str(text);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', INDENT_SPACES);
    // Text and references between two tags, which the writer must get as one: it breaks the line between two events.
    let mut between = String::new();
    let mut depth = 0_usize;
    loop {
        let Ok(event) = reader.read_event() else { return text.to_owned() };
        match &event {
            // Outside the root there is nothing but white space.
            Event::Text(_) if depth == 0 => continue,
            Event::Text(part) => {
                between.push_str(part);
                continue;
            }
            Event::GeneralRef(name) => {
                between.push('&');
                between.push_str(name);
                between.push(';');
                continue;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let told = between.is_empty() || writer.write_event(Event::Text(BytesText::from_escaped(&between))).is_ok();
        between.clear();
        if event == Event::Eof {
            break;
        }
        if !told || writer.write_event(event).is_err() {
            return text.to_owned();
        }
    }
    String::from_utf8(writer.into_inner()).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_a_line_and_text_stays_beside_its_tags() {
        fn check(text: &str, expected: &str) {
            assert_eq!(laid_out(text), expected);
        }
        check("<a><b>x &amp; y</b><c d='1'/></a>", "<a>\n  <b>x &amp; y</b>\n  <c d='1'/>\n</a>");
        check("<?xml version=\"1.0\"?>\n<а>я &#x20;&lt; ю</а>\n", "<?xml version=\"1.0\"?>\n<а>я &#x20;&lt; ю</а>");
        check("<a><b></a>", "<a><b></a>");
        check("", "");
    }
}
