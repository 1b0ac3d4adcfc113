//! The bytes from the broker on their way through the [`Sieve`]: a stream around lapin's own, plain or TLS, and the
//! runtime that tells lapin of it.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio, TokioRuntime};
use futures_lite::Stream;
use futures_lite::io::{AsyncRead, AsyncWrite};
use lapin::AsyncTcpStream;
use tokio::time::Sleep;

use super::held::Held;
use super::sieve::Sieve;

/// Read from the connection at a time; grows when a single frame is larger.
const BUFFER_BYTES: usize = 256 * 1024;
/// Read at a time where the connection has brought enough.
const TRICKLE_BYTES: usize = 4096;

/// lapin's own stream on tokio.
pub(super) type Bare = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;
/// The runtime that lapin runs on: tokio, with sieved streams.
pub(super) type SievedRuntime = Runtime<RuntimeParts<Tokio, SievedTokio>>;

/// Two handles of the tokio runtime we are in: the one whose streams are sieved, and the bare one.
pub(super) fn runtimes(held: Held) -> (SievedRuntime, TokioRuntime) {
    let tokio = Tokio::current();
    (Runtime::new(RuntimeParts::new(tokio.clone(), SievedTokio(tokio.clone(), held))), Runtime::new(tokio))
}

/// Tokio's timers and sockets; only the type of its streams differs.
#[derive(Debug, Clone)]
pub(super) struct SievedTokio(Tokio, Held);

impl Reactor for SievedTokio {
    type TcpStream = Sieved<Bare>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let (connecting, held) = (self.0.tcp_connect_addr(address), self.1.clone());
        async move { Ok(Sieved::new(AsyncTcpStream::Plain(connecting.await?), held)) }
    }
}

/// A stream whose reading side is sieved.
#[derive(Debug)]
pub(super) struct Sieved<S> {
    inner: S,
    sieve: Sieve,
    held: Held,
    /// Since it is full: until it must be read a little.
    pause: Option<Pin<Box<Sleep>>>,
    buffer: Vec<u8>,
    /// `buffer[given..looked]` may be read, `buffer[looked..filled]` is the beginning of a frame.
    given: usize,
    looked: usize,
    filled: usize,
}

impl<S> Sieved<S> {
    pub(super) fn new(inner: S, held: Held) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { inner, sieve: Sieve::default(), held, pause: None, buffer, given: 0, looked: 0, filled: 0 }
    }

    /// Waits until something may be read: where to in the buffer.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.held.poll_room(cx).is_ready() {
            self.pause = None;
            return Poll::Ready(self.buffer.len());
        }
        let pause = self.pause.get_or_insert_with(|| {
            tracing::debug!("the connection has brought enough for now and is read a little only");
            self.held.pause()
        });
        ready!(pause.as_mut().poll(cx));
        self.pause = Some(self.held.pause());
        Poll::Ready(self.buffer.len().min(self.filled + TRICKLE_BYTES))
    }

    /// Gives what has been looked at.
    fn give(&mut self, to: &mut [u8]) -> usize {
        let ready = &self.buffer[self.given..self.looked];
        let length = ready.len().min(to.len());
        to[..length].copy_from_slice(&ready[..length]);
        self.given += length;
        length
    }

    /// Makes room behind what is still being waited for. Called when all that was looked at has been given.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.looked..self.filled, 0);
        (self.given, self.looked, self.filled) = (0, 0, self.filled - self.looked);
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    fn look(&mut self) {
        let looked = self.sieve.look(&mut self.buffer[self.looked..self.filled]);
        self.looked += looked.done;
        self.held.arrived(looked.delivered);
        if looked.mended > 0 {
            tracing::warn!(
                count = looked.mended,
                "messages with names that are not UTF-8, or with headers nested too deep: such bytes were replaced"
            );
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieved<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            if this.given < this.looked || to.is_empty() {
                return Poll::Ready(Ok(this.give(to)));
            }
            this.make_room();
            let end = ready!(this.poll_room(cx));
            let length = ready!(Pin::new(&mut this.inner).poll_read(cx, &mut this.buffer[this.filled..end]))?;
            this.filled += length;
            if length == 0 {
                // The rest of a frame that will never be whole says no more than its missing end does.
                return Poll::Ready(Ok(0));
            }
            this.look();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieved<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use futures_lite::io::{AsyncReadExt, Cursor};
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use tokio::runtime::Handle;

    fn body_frame(length: usize) -> Vec<u8> {
        let size = u32::try_from(length).unwrap().to_be_bytes();
        [&[3, 0, 1], &size[..], &vec![7; length], &[0xce]].concat()
    }

    /// Whose clock counts where nothing waits.
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

    fn sieved(stream: &[u8]) -> Sieved<Cursor<&[u8]>> {
        Sieved::new(Cursor::new(stream), Held::new(usize::MAX, Duration::MAX, RUNTIME.handle().clone()))
    }

    /// A delivery with a body of so many bytes.
    fn delivery(length: usize) -> Vec<u8> {
        let bytes = u64::try_from(length).unwrap().to_be_bytes();
        let header = [&[2, 0, 1, 0, 0, 0, 14, 0, 60, 0, 0], &bytes[..], &[0, 0, 0xce]].concat();
        [&[1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 60, 0xce], &header[..], &body_frame(length)].concat()
    }

    /// Reads what can be read without waiting.
    fn at_once(sieved: &mut Sieved<Cursor<&[u8]>>) -> usize {
        let mut piece = vec![0; 70_000];
        let lengths = std::iter::from_fn(|| block_on(poll_once(sieved.read(&mut piece))).map(Result::unwrap));
        lengths.take_while(|length| *length > 0).sum()
    }

    #[tokio::test]
    async fn what_has_brought_enough_is_not_read_on_until_something_is_acknowledged() {
        let held = Held::new(300_000, Duration::from_hours(1), Handle::current());
        let (long, short) = (delivery(400_000), delivery(5));
        let stream = [&long[..], &short.repeat(20_000)].concat();
        let mut sieved = Sieved::new(Cursor::new(&stream[..]), held.clone());
        let read = at_once(&mut sieved);
        assert!(
            (long.len()..long.len() + 2 * BUFFER_BYTES).contains(&read),
            "the whole of it, and what came with it: {read}"
        );
        assert_eq!(at_once(&mut sieved), 0);
        held.released(90_000);
        assert_eq!(at_once(&mut sieved), 0, "more than 300,000 bytes are still held");
        held.released(310_000);
        assert_eq!(read + at_once(&mut sieved), stream.len());
    }

    #[tokio::test]
    async fn what_has_brought_enough_is_read_a_little_so_that_it_does_not_seem_dead() {
        let stream = [delivery(400_000), [8, 0, 0, 0, 0, 0, 0, 0xce].repeat(100_000)].concat();
        let mut sieved =
            Sieved::new(Cursor::new(&stream[..]), Held::new(300_000, Duration::from_millis(1), Handle::current()));
        let (mut read, mut pauses, mut piece) = (0, 0, vec![0; stream.len()]);
        while read < stream.len() {
            match poll_once(sieved.read(&mut piece)).await {
                Some(length) => read += length.unwrap(),
                None => {
                    let length = sieved.read(&mut piece).await.unwrap();
                    assert!(length <= TRICKLE_BYTES, "{length}");
                    (read, pauses) = (read + length, pauses + 1);
                }
            }
        }
        assert!(pauses > 50, "{pauses}");
    }

    #[tokio::test]
    async fn a_connection_that_ends_is_read_to_its_end() {
        let held = Held::new(0, Duration::from_hours(1), Handle::current());
        let stream = delivery(400_000).repeat(3);
        let mut sieved = Sieved::new(Cursor::new(&stream[..]), held.clone());
        let read = at_once(&mut sieved);
        assert!(read < stream.len());
        let mut rest = Vec::new();
        let (ended, ()) = tokio::join!(sieved.read_to_end(&mut rest), async { held.unbounded() });
        assert_eq!(read + ended.unwrap(), stream.len());
    }

    #[test]
    fn a_frame_larger_than_the_buffer_is_read_whole() {
        let mut close = vec![1, 0, 1];
        close.extend(600_000_u32.to_be_bytes());
        close.extend(vec![0; 600_001]);
        let mut read = Vec::new();
        block_on(sieved(&close).read_to_end(&mut read)).unwrap();
        assert_eq!(read, close);
    }

    #[test]
    fn a_frame_that_is_cut_off_is_not_given() {
        let stream = [body_frame(3), vec![1, 0, 1, 0, 0, 0, 9, 0, 20]].concat();
        let mut read = Vec::new();
        block_on(sieved(&stream).read_to_end(&mut read)).unwrap();
        assert_eq!(read, body_frame(3));
    }

    proptest! {
        #[test]
        fn what_is_well_comes_out_as_it_went_in(lengths in prop::collection::vec(0_usize..500_000, 0..6), step in 1_usize..70_000) {
            let stream: Vec<u8> = lengths.into_iter().flat_map(body_frame).collect();
            let mut sieved = sieved(&stream);
            let (mut read, mut piece) = (Vec::new(), vec![0; step]);
            loop {
                let length = block_on(sieved.read(&mut piece)).unwrap();
                if length == 0 {
                    break;
                }
                read.extend_from_slice(&piece[..length]);
            }
            prop_assert!(read == stream);
        }
    }
}
