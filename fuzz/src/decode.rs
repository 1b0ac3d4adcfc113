//! Bytes to text: a body as a whole and as a stream come to the same text in the same encoding, or to none both.

use std::io::{Cursor, Read};

use mezhved::decode::{self, Stream};

/// One body.
pub fn run(data: &[u8]) {
    let whole = decode::decode(data, usize::MAX);
    let stream = Stream::open(Cursor::new(data)).unwrap();
    let mut bytes = Vec::new();
    let streamed = stream.map(|mut stream| {
        stream.read_to_end(&mut bytes).unwrap();
        stream.encoding()
    });
    match (whole, streamed) {
        (Ok(text), Ok(encoding)) => {
            assert_eq!(bytes, text.text.as_bytes(), "two texts of {data:?}");
            assert_eq!(encoding, text.encoding, "two encodings of {data:?}");
        }
        // No text: the stream says so by bytes that are none.
        (Err(_), Ok(_)) if !data.is_empty() => assert!(std::str::from_utf8(&bytes).is_err(), "text of {data:?}"),
        (Err(_), _) => {}
        (Ok(text), Err(refusal)) => panic!("{} of {data:?}, but as a stream: {}", text.encoding, refusal.code),
    }
    assert!(decode::decode(data, data.len().saturating_sub(1)).is_err(), "the limit of bytes holds");
}
