//! An AMQP publisher that writes its own frames: for messages that no decent client library would let through.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Frame types.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
/// The largest frame that RabbitMQ takes by default, without its head and end.
const PAYLOAD_MAX: usize = 128 * 1024 - 8;

/// A connection with one channel.
#[derive(Debug)]
pub(crate) struct RawPublisher {
    socket: TcpStream,
}

/// A message as bytes.
#[derive(Debug, Default)]
pub(crate) struct RawMessage<'a> {
    pub(crate) exchange: &'a [u8],
    pub(crate) routing_key: &'a [u8],
    pub(crate) content_type: Option<&'a [u8]>,
    /// The content of the header table; see [`entry`].
    pub(crate) headers: Option<&'a [u8]>,
    pub(crate) message_id: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
}

impl RawPublisher {
    /// Logs in at `amqp://user:password@host:port/vhost`.
    pub(crate) fn connect(url: &str) -> Self {
        let rest = url.strip_prefix("amqp://").expect("amqp");
        let (login, rest) = rest.split_once('@').expect("user and password");
        let (user, password) = login.split_once(':').expect("a password");
        let (host, vhost) = rest.split_once('/').expect("a virtual host");
        let socket = TcpStream::connect(host).expect("the broker listens");
        socket.set_nodelay(true).expect("a socket option");
        let mut raw = Self { socket };
        raw.write(b"AMQP\x00\x00\x09\x01");
        raw.expect((10, 10));
        let answer = long(format!("\0{user}\0{password}").as_bytes());
        raw.method(0, (10, 11), &[long(b""), short(b"PLAIN"), answer, short(b"en_US")].concat());
        let tune = raw.expect((10, 30));
        raw.method(0, (10, 31), &tune);
        raw.method(0, (10, 40), &[short(vhost.replace("%2f", "/").as_bytes()), short(b""), vec![0]].concat());
        raw.expect((10, 41));
        raw.method(1, (20, 10), &short(b""));
        raw.expect((20, 11));
        raw.method(1, (85, 10), &[0]);
        raw.expect((85, 11));
        raw
    }

    /// Publishes and waits for the confirmation.
    pub(crate) fn publish(&mut self, message: &RawMessage<'_>) {
        let target = [vec![0, 0], short(message.exchange), short(message.routing_key), vec![0]].concat();
        self.method(1, (60, 40), &target);
        let mut flags = 0_u16;
        let mut properties = Vec::new();
        let mut property = |bit: u16, value: Option<Vec<u8>>| {
            if let Some(value) = value {
                flags |= 1 << bit;
                properties.extend(value);
            }
        };
        property(15, message.content_type.map(short));
        property(13, message.headers.map(long));
        property(7, message.message_id.map(short));
        let size = u64::try_from(message.body.len()).expect("a length").to_be_bytes();
        let header = [&[0, 60, 0, 0][..], &size, &flags.to_be_bytes(), &properties].concat();
        self.frame(HEADER, 1, &header);
        for part in message.body.chunks(PAYLOAD_MAX) {
            self.frame(BODY, 1, part);
        }
        self.expect((60, 80));
    }

    fn method(&mut self, channel: u16, (class, method): (u16, u16), arguments: &[u8]) {
        self.frame(METHOD, channel, &[&class.to_be_bytes()[..], &method.to_be_bytes(), arguments].concat());
    }

    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let head = [&[kind][..], &channel.to_be_bytes()].concat();
        self.write(&[head, long(payload), vec![0xce]].concat());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the broker reads");
    }

    /// Reads frames until a method comes, which must be this one; its arguments.
    fn expect(&mut self, wanted: (u16, u16)) -> Vec<u8> {
        loop {
            let mut head = [0; 7];
            self.socket.read_exact(&mut head).expect("the broker answers");
            let [kind, _, _, size @ ..] = head;
            let mut payload = vec![0; usize::try_from(u32::from_be_bytes(size)).expect("a size") + 1];
            self.socket.read_exact(&mut payload).expect("a whole frame");
            payload.pop();
            if kind == METHOD {
                let arguments = payload.split_off(4);
                let found =
                    (u16::from_be_bytes([payload[0], payload[1]]), u16::from_be_bytes([payload[2], payload[3]]));
                assert_eq!(found, wanted, "{}", String::from_utf8_lossy(&arguments));
                return arguments;
            }
        }
    }
}

/// One entry of a header table: a key, a type and the value's bytes.
pub(crate) fn entry(key: &[u8], kind: u8, value: &[u8]) -> Vec<u8> {
    [short(key), vec![kind], value.to_vec()].concat()
}

/// A text with its length in four bytes, as header values and tables have it.
pub(crate) fn long(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).expect("a length").to_be_bytes()[..], text].concat()
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).expect("at most 255 bytes")][..], text].concat()
}
