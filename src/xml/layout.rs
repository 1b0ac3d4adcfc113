//! A document laid out for people: an element a line, indented. For reading only; what machines exchange stays as written.

use quick_xml::{Reader, Writer};

const INDENT_SPACES: usize = 2;

/// The document with every element on a line of its own; one that cannot be read stays as it is.
#[must_use]
pub fn laid_out(text: &str) -> String {
    let mut reader = Reader::from_str(text);
    reader.config_mut().trim_text(true);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', INDENT_SPACES);
    loop {
        let Ok(event) = reader.read_event() else { return text.to_owned() };
        if event == quick_xml::events::Event::Eof {
            break;
        }
        if writer.write_event(event).is_err() {
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
        check("<?xml version=\"1.0\"?><а>я</а>", "<?xml version=\"1.0\"?>\n<а>я</а>");
        check("<a><b></a>", "<a><b></a>");
        check("", "");
    }
}
