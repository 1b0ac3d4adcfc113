//! Incremental reading beside whole reading: the same events at the same places, or the same fault.

use mezhved::xml::{Attribute, Event, Limits, Reader, StreamReader, TextReader, Window};

use super::pieces::Drops;

/// The first byte says how many bytes come at once and how narrow the limits are; the rest is the document.
pub fn run(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else { return };
    let limits = if how & 0x80 == 0 { Limits::default() } else { narrow() };
    let step = usize::from(how & 0x7F) + 1;
    let dropped = told(StreamReader::from_source(Drops(bytes, step), limits.clone()));
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() as u64 > limits.document_bytes_max => {
            // A whole text is refused before it is looked at, pieces where they have become too many.
            let whole = told(TextReader::new(text, limits));
            assert!(whole.len() == 1 && whole[0].starts_with("fault "), "too large, but read: {text:?}");
            assert!(dropped.last().is_some_and(|end| end.starts_with("fault ")), "too large, but read: {text:?}");
        }
        Ok(text) => assert_eq!(dropped, told(TextReader::new(text, limits)), "in drops of {step}: {text:?}"),
        Err(broken) => {
            // Up to the first byte that is no text nothing can tell the two apart, and there the stream ends.
            assert!(dropped.last().is_some_and(|end| end.starts_with("fault ")), "read, but no text: {bytes:?}");
            let before = std::str::from_utf8(&bytes[..broken.valid_up_to()]).unwrap();
            let whole = told(TextReader::new(before, Limits { document_bytes_max: u64::MAX, ..limits }));
            let shared = dropped.len() - 1;
            assert!(whole.len() >= shared && whole[..shared] == dropped[..shared], "before the fault in {bytes:?}");
        }
    }
}

/// Limits that a small document passes.
fn narrow() -> Limits {
    Limits {
        document_bytes_max: 300,
        depth_max: 4,
        attributes_max: 3,
        namespaces_max: 4,
        name_bytes_max: 8,
        text_bytes_max: 40,
        attribute_value_bytes_max: 16,
        markup_bytes_max: 64,
        expansion_bytes_max: 64,
    }
}

/// Every event with its place, and how the reading ended.
fn told<W: Window>(mut reader: Reader<W>) -> Vec<String> {
    let mut events = Vec::new();
    loop {
        let event = match reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => return events,
            Err(fault) => {
                events.push(format!("fault {fault:?}"));
                return events;
            }
        };
        let (told, span) = match event {
            Event::Start(start) => {
                let attributes: Vec<Attribute<'_>> = start.attributes.collect();
                (format!("{:?} {attributes:?}", start.name), start.span)
            }
            Event::Text(text) => (format!("{:?}", text.value), text.span),
            Event::End(end) => (format!("/{:?}", end.name), end.span),
        };
        events.push(format!("{told} at {}+{}", reader.position(span.offset), span.length));
    }
}
