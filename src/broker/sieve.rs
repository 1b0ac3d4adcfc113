//! Makes every delivery digestible. AMQP names are bytes, and RabbitMQ passes them on as they are; lapin takes a name
//! that is not UTF-8 for a broken connection, and header tables nested a thousand deep overflow its stack. Either way
//! one hostile or merely old-fashioned publisher would stop the whole intake for good, with the message coming again
//! and again. So bad bytes of names become `?`, and what is nested too deep becomes an opaque text. Lengths stay as they
//! are, bodies are only measured, and what is well is not changed.

use std::collections::HashMap;

/// Frame types of AMQP 0-9-1.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
/// Type, channel, size.
const FRAME_HEAD_BYTES: usize = 7;
/// Larger frames of these kinds than any broker negotiates are not for us to judge.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// The class of deliveries and their headers.
const BASIC: u16 = 60;
/// Class and method of those that carry the words of a publisher, or the broker's own, which it cuts at 255 bytes
/// wherever that falls.
const BASIC_DELIVER: (u16, u16) = (BASIC, 60);
const BASIC_DELIVER_BYTES: [u8; 4] = [0, 60, 0, 60];
/// Where a content header tells the length of the body: behind its class and weight.
const BODY_SIZE_AT: usize = 4;
const BASIC_RETURN: (u16, u16) = (BASIC, 50);
const CHANNEL_CLOSE: (u16, u16) = (20, 40);
const CONNECTION_CLOSE: (u16, u16) = (10, 50);
/// Deeper tables become opaque. RabbitMQ's own `x-death` needs three.
const DEPTH_MAX: usize = 24;

/// Follows a stream of frames from the broker.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    /// Bytes of the frame under way that need no look.
    passing: usize,
    /// The length of the body that is whole once that frame has passed.
    completes: Option<u64>,
    /// Deliveries under way, by channel.
    arriving: HashMap<u16, Arriving>,
}

/// The body of a delivery.
#[derive(Debug, Clone, Copy, Default)]
struct Arriving {
    bytes: u64,
    rest: u64,
}

/// What a look at a piece of the stream came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Looked {
    /// So many bytes from the start can go on; those after them are a frame of which more must come first.
    pub(super) done: usize,
    /// So many frames had to be mended.
    pub(super) mended: u64,
    /// Bytes of the deliveries' bodies that became whole.
    pub(super) delivered: u64,
}

/// Why a piece cannot be read as what it should be.
struct Unreadable;

impl Sieve {
    /// Looks at the stream's next bytes and mends them in place. What is not `done` must come again with more behind it.
    pub(super) fn look(&mut self, bytes: &mut [u8]) -> Looked {
        let mut looked = Looked::default();
        loop {
            let rest = &mut bytes[looked.done..];
            let pass = self.passing.min(rest.len());
            self.passing -= pass;
            looked.done += pass;
            let rest = &mut rest[pass..];
            if self.passing == 0 {
                looked.delivered += self.completes.take().unwrap_or(0);
            }
            let Some(head) = rest.first_chunk::<FRAME_HEAD_BYTES>() else { return looked };
            let [kind, high, low, size @ ..] = *head;
            let channel = u16::from_be_bytes([high, low]);
            let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
            let whole = size.saturating_add(FRAME_HEAD_BYTES + 1);
            if !matches!(kind, METHOD | HEADER) || size > FRAME_BYTES_MAX {
                self.passing = whole;
                if kind == BODY {
                    self.completes = self.body(channel, size);
                }
                continue;
            }
            let Some(frame) = rest.get_mut(..whole) else { return looked };
            let payload = &mut frame[FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + size];
            self.begun(kind, channel, payload);
            looked.mended += u64::from(mend(kind, payload));
            looked.done += whole;
        }
    }

    /// Notes that a delivery begins, or how long it will be.
    fn begun(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        if kind == METHOD && payload.starts_with(&BASIC_DELIVER_BYTES) {
            self.arriving.insert(channel, Arriving::default());
        } else if kind == HEADER
            && let Some(arriving) = self.arriving.get_mut(&channel)
            && let Some(bytes) = payload.get(BODY_SIZE_AT..).and_then(<[u8]>::first_chunk)
        {
            let bytes = u64::from_be_bytes(*bytes);
            *arriving = Arriving { bytes, rest: bytes };
            if bytes == 0 {
                // No piece of a body follows.
                self.arriving.remove(&channel);
            }
        }
    }

    /// A piece of a body: the length of the whole if it is the last one of a delivery.
    fn body(&mut self, channel: u16, size: usize) -> Option<u64> {
        let arriving = self.arriving.get_mut(&channel)?;
        arriving.rest = arriving.rest.saturating_sub(u64::try_from(size).unwrap_or(u64::MAX));
        let Arriving { bytes, rest } = *arriving;
        if rest > 0 {
            return None;
        }
        self.arriving.remove(&channel);
        Some(bytes)
    }
}

/// Mends one frame; whether there was something to mend. A frame that cannot be read is left to lapin's verdict.
fn mend(kind: u8, payload: &mut [u8]) -> bool {
    let mut reader = Reader { rest: payload, mended: false };
    let _unreadable = if kind == METHOD { reader.method() } else { reader.content_header() };
    reader.mended
}

/// Walks over a payload and mends on its way.
struct Reader<'a> {
    rest: &'a mut [u8],
    mended: bool,
}

impl<'a> Reader<'a> {
    fn method(&mut self) -> Result<(), Unreadable> {
        let names = match (self.u16()?, self.u16()?) {
            BASIC_DELIVER => {
                self.short_text()?;
                self.take(8 + 1)?;
                2
            }
            BASIC_RETURN => {
                self.take(2)?;
                3
            }
            CHANNEL_CLOSE | CONNECTION_CLOSE => {
                self.take(2)?;
                1
            }
            _ => 0,
        };
        (0..names).try_for_each(|_| self.short_text())
    }

    fn content_header(&mut self) -> Result<(), Unreadable> {
        if self.u16()? != BASIC {
            return Ok(());
        }
        self.take(2 + 8)?;
        let flags = self.u16()?;
        for bit in (2..16).rev().filter(|bit| flags & (1 << bit) != 0) {
            match bit {
                // delivery mode, priority
                12 | 11 => drop(self.take(1)?),
                // timestamp
                6 => drop(self.take(8)?),
                // headers
                13 => self.headers()?,
                _ => self.short_text()?,
            }
        }
        Ok(())
    }

    fn headers(&mut self) -> Result<(), Unreadable> {
        let content = self.long()?;
        let mut table = Reader { rest: content, mended: false };
        table.table(1)?;
        self.mended |= table.mended;
        Ok(())
    }

    fn table(&mut self, depth: usize) -> Result<(), Unreadable> {
        while !self.rest.is_empty() {
            self.short_text()?;
            self.value(depth)?;
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Unreadable> {
        while !self.rest.is_empty() {
            self.value(depth)?;
        }
        Ok(())
    }

    /// One value. Nested ones that are too deep or cannot be read become a text of the same length.
    fn value(&mut self, depth: usize) -> Result<(), Unreadable> {
        let kind = self.take(1)?;
        let length = match kind[0] {
            b'V' => 0,
            b't' | b'b' | b'B' => 1,
            b's' | b'U' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'S' | b'x' => return self.long().map(drop),
            b'A' | b'F' => {
                let mut inner = Reader { rest: self.long()?, mended: false };
                let read = match kind[0] {
                    _ if depth >= DEPTH_MAX => Err(Unreadable),
                    b'A' => inner.array(depth + 1),
                    _ => inner.table(depth + 1),
                };
                self.mended |= inner.mended || read.is_err();
                if read.is_err() {
                    kind[0] = b'S';
                }
                return Ok(());
            }
            _ => return Err(Unreadable),
        };
        self.take(length).map(drop)
    }

    fn short_text(&mut self) -> Result<(), Unreadable> {
        let length = usize::from(self.take(1)?[0]);
        let text = self.take(length)?;
        self.mended |= make_utf8(text);
        Ok(())
    }

    fn long(&mut self) -> Result<&'a mut [u8], Unreadable> {
        let length = self.take(4)?.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        self.take(usize::try_from(length).map_err(|_| Unreadable)?)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        Ok(self.take(2)?.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes)))
    }

    fn take(&mut self, length: usize) -> Result<&'a mut [u8], Unreadable> {
        let rest = std::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut_checked(length).ok_or(Unreadable)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Replaces each byte that is not part of UTF-8; whether there was one.
fn make_utf8(text: &mut [u8]) -> bool {
    let mut mended = false;
    let mut from = 0;
    while let Err(fault) = str::from_utf8(&text[from..]) {
        let at = from + fault.valid_up_to();
        let until = fault.error_len().map_or(text.len(), |length| at + length);
        text[at..until].fill(b'?');
        mended = true;
        from = until;
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapin::types::parsing::parse_field_table;
    use lapin::types::{AMQPValue, FieldTable};
    use proptest::prelude::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 1], &size[..], payload, &[0xce]].concat()
    }

    fn short(text: &[u8]) -> Vec<u8> {
        [&[u8::try_from(text.len()).unwrap()], text].concat()
    }

    fn long(content: &[u8]) -> Vec<u8> {
        [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
    }

    fn deliver(exchange: &[u8], key: &[u8]) -> Vec<u8> {
        let head = [&[0, 60, 0, 60][..], &short(b"tag"), &7_u64.to_be_bytes(), &[0]].concat();
        frame(METHOD, &[head, short(exchange), short(key)].concat())
    }

    fn close(text: &[u8]) -> Vec<u8> {
        frame(METHOD, &[&[0, 20, 0, 40, 1, 0x94][..], &short(text), &[0, 50, 0, 10]].concat())
    }

    /// A content header with a type of content, headers and a message id.
    fn header(content_type: &[u8], headers: &[u8], message_id: &[u8]) -> Vec<u8> {
        let flags: u16 = 1 << 15 | 1 << 13 | 1 << 7;
        let head = [&[0, 60, 0, 0][..], &9_u64.to_be_bytes(), &flags.to_be_bytes()].concat();
        frame(HEADER, &[head, short(content_type), long(headers), short(message_id)].concat())
    }

    /// All at once, and byte by byte, with the same result.
    fn check(stream: &[u8], expected: &[u8], mended: u64) {
        let mut whole = stream.to_vec();
        let looked = Sieve::default().look(&mut whole);
        assert_eq!((looked, &whole[..]), (Looked { done: stream.len(), mended, ..looked }, expected));

        let (mut sieve, mut held, mut passed, mut count) = (Sieve::default(), Vec::new(), Vec::new(), 0);
        for byte in stream {
            held.push(*byte);
            let looked = sieve.look(&mut held);
            passed.extend(held.drain(..looked.done));
            count += looked.mended;
        }
        assert_eq!((&passed[..], count), (expected, mended));
    }

    #[test]
    fn what_is_well_is_not_changed() {
        let nested =
            [short("ключ".as_bytes()), b"F".to_vec(), long(&[short(b"a"), b"t\x01".to_vec()].concat())].concat();
        let stream = [
            deliver("обмен".as_bytes(), b"key"),
            header(b"text/xml", &nested, "номер".as_bytes()),
            frame(3, &[0xff; 300]),
            frame(8, &[]),
            frame(METHOD, &[0, 10, 0, 30, 0xff, 0xff]),
            close(b"NOT_FOUND - no queue"),
        ]
        .concat();
        check(&stream, &stream, 0);
    }

    #[test]
    fn names_that_are_not_utf8_are_mended_wherever_they_stand() {
        check(&deliver(b"\xc4\xe5\xeb\xee", b"k"), &deliver(b"????", b"k"), 1);
        check(&deliver(b"e", b"k\xff\xd0"), &deliver(b"e", b"k??"), 1);
        check(&header(b"\xff", b"", b"m"), &header(b"?", b"", b"m"), 1);
        check(&header(b"t", b"", b"ok\xd1\x80\xd1"), &header(b"t", b"", b"ok\xd1\x80?"), 1);
        check(&close(b"no queue '\xd0"), &close(b"no queue '?"), 1);
        let table = |key: &[u8]| [short(key), b"S".to_vec(), long(b"\xff\xfe")].concat();
        check(&header(b"t", &table(b"\xcd"), b"m"), &header(b"t", &table(b"?"), b"m"), 1);
    }

    #[test]
    fn what_is_nested_too_deep_becomes_a_text() {
        let deep = (0..2000).fold(Vec::new(), |inner, _| [b"\x01kF".to_vec(), long(&inner)].concat());
        let mut stream = header(b"t", &deep, b"m");
        let looked = Sieve::default().look(&mut stream);
        assert_eq!(looked, Looked { done: stream.len(), mended: 1, delivered: 0 });
        let start = stream.windows(3).position(|bytes| bytes == b"\x01kF").unwrap() - 4;
        let (_, table) = parse_field_table::<&[u8]>(&stream[start..]).unwrap();
        let mut depth = 0;
        let mut at: &FieldTable = &table;
        while let Some(AMQPValue::FieldTable(inner)) = at.inner().get("k") {
            (at, depth) = (inner, depth + 1);
        }
        assert_eq!(depth, DEPTH_MAX - 1);
        assert!(matches!(at.inner().get("k"), Some(AMQPValue::LongString(_))));
    }

    #[test]
    fn bodies_of_deliveries_are_measured_once_they_are_whole() {
        let on = |channel: u8, mut frame: Vec<u8>| {
            frame[2] = channel;
            frame
        };
        let sized = |bytes: u64| {
            let mut header = header(b"t", &[], b"m");
            header[FRAME_HEAD_BYTES + BODY_SIZE_AT..][..8].copy_from_slice(&bytes.to_be_bytes());
            header
        };
        let body = |length: usize| frame(BODY, &vec![7; length]);
        let steps = [
            (on(1, deliver(b"e", b"k")), 0),
            (on(1, sized(700)), 0),
            (on(1, body(400)), 0),
            // Another channel's message that was returned, not delivered.
            (on(2, sized(50)), 0),
            (on(2, body(50)), 0),
            (on(3, deliver(b"e", b"k")), 0),
            (on(3, sized(30)), 0),
            (on(3, body(30)), 30),
            (on(1, body(300)), 700),
            (on(1, deliver(b"e", b"k")), 0),
            (on(1, sized(0)), 0),
            (on(1, sized(60)), 0),
            (on(1, body(60)), 0),
            (on(1, deliver(b"e", b"k")), 0),
            (on(1, sized(5)), 0),
            (on(1, body(5)), 5),
        ];
        let stream: Vec<u8> = steps.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let whole = Sieve::default().look(&mut stream.clone());
        assert_eq!(whole, Looked { done: stream.len(), mended: 0, delivered: 735 });
        let mut sieve = Sieve::default();
        for (mut frame, delivered) in steps {
            // All but its last byte, then that.
            let last = frame.len() - 1;
            let first = sieve.look(&mut frame[..last]);
            assert_eq!(first.delivered, 0);
            assert_eq!(sieve.look(&mut frame[first.done..]).delivered, delivered);
        }
    }

    #[test]
    fn frames_larger_than_any_broker_sends_pass_unread() {
        let mut head = frame(HEADER, &[]);
        head.truncate(FRAME_HEAD_BYTES);
        head[3..7].copy_from_slice(&u32::MAX.to_be_bytes());
        let stream = [head, vec![0xff; 50]].concat();
        check(&stream, &stream, 0);
    }

    /// A name as publishers write it: any bytes.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| short(&bytes))
    }

    fn value() -> impl Strategy<Value = Vec<u8>> {
        let leaf = prop_oneof![
            Just(b"V".to_vec()),
            any::<i64>().prop_map(|number| [b"l".to_vec(), number.to_be_bytes().to_vec()].concat()),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| [b"S".to_vec(), long(&bytes)].concat()),
        ];
        leaf.prop_recursive(40, 60, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3)
                    .prop_map(|list| [b"A".to_vec(), long(&list.concat())].concat()),
                prop::collection::vec((key(), inner), 0..3).prop_map(|entries| {
                    let content: Vec<u8> = entries.into_iter().flat_map(|(key, value)| [key, value].concat()).collect();
                    [b"F".to_vec(), long(&content)].concat()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn lapin_reads_every_table_that_went_through((key, value) in (key(), value())) {
            let mut stream = header(b"t", &[key, value].concat(), b"m");
            Sieve::default().look(&mut stream);
            // Behind the frame's head, the fixed part of the header and the type of content.
            let table = FRAME_HEAD_BYTES + 4 + 8 + 2 + 2;
            prop_assert!(parse_field_table::<&[u8]>(&stream[table..]).is_ok());
        }

        #[test]
        fn any_bytes_pass_without_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let before = bytes.len();
            let looked = Sieve::default().look(&mut bytes);
            prop_assert!(looked.done <= before && bytes.len() == before);
        }
    }
}
