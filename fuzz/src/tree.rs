//! What a document says, in one line: as our reader tells it and as roxmltree's tree has it.

use std::fmt::Write as _;

use mezhved::xml::{Event, Fault, Limits, TextReader};

/// All that a document says.
///
/// # Errors
/// What our reader refuses it for.
pub fn tell(text: &str) -> Result<String, Fault> {
    let mut reader = TextReader::new(text, Limits::default());
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

/// Whether roxmltree may read a text wrongly: beside a reference it leaves a carriage return one, where a line feed is to be
/// read (XML 1.0, 2.11), and an attribute `p:xmlns` it takes for a declaration, whatever the prefix.
#[must_use]
pub fn may_be_misread(text: &str) -> bool {
    text.contains("\r&") || text.contains(";\r") || text.contains(":xmlns")
}

/// The same of roxmltree's tree.
#[must_use]
pub fn tell_tree(root: roxmltree::Node<'_, '_>) -> String {
    let mut out = String::new();
    append(root, &mut out);
    out
}

fn append(node: roxmltree::Node<'_, '_>, out: &mut String) {
    if node.is_text() {
        // Texts around a comment are kept apart there.
        let text = format!("{:?}", node.text().unwrap_or(""));
        match out.strip_suffix('"') {
            Some(before) if node.prev_sibling().is_some() => *out = format!("{before}{}", &text[1..]),
            _ => out.push_str(&text),
        }
    } else if node.is_element() {
        write!(out, "<{{{}}}{}", node.tag_name().namespace().unwrap_or(""), node.tag_name().name()).unwrap();
        for attribute in node.attributes() {
            write!(out, " {{{}}}{}={:?}", attribute.namespace().unwrap_or(""), attribute.name(), attribute.value())
                .unwrap();
        }
        out.push('>');
        node.children().for_each(|child| append(child, out));
        write!(out, "</{}>", node.tag_name().name()).unwrap();
    }
}
