//! A TCP proxy on loopback that can cut, stall and refuse: what networks do to connections, on request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the proxy does to its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Carries bytes both ways.
    Pass,
    /// Keeps connections open and carries nothing.
    Stall,
    /// Closes new connections at once; old ones go on.
    Refuse,
}

/// A proxy to one address; it and all its connections end when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _listening: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Grows with every cut: connections of an earlier count end.
    cuts: watch::Sender<u64>,
    /// Bytes towards the client until the next cut; negative: no limit.
    allowance: AtomicI64,
    open: AtomicUsize,
}

impl Proxy {
    /// Listens on a free port and carries connections to `target`.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::new(Shared {
            target,
            mode: watch::Sender::new(Mode::Pass),
            cuts: watch::Sender::new(0),
            allowance: AtomicI64::new(-1),
            open: AtomicUsize::new(0),
        });
        let mut listening = JoinSet::new();
        listening.spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, _listening: listening }
    }

    /// A proxy before the host of this address, and the address that leads through it.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (head, rest) = url.split_once('@').expect("user and password in the address");
        let (host, path) = rest.split_once('/').expect("a virtual host in the address");
        let proxy = Self::start(host.parse().expect("host and port")).await;
        let through = format!("{head}@{}/{path}", proxy.address);
        (proxy, through)
    }

    /// Carries bytes both ways; the state at the start.
    pub(crate) fn pass(&self) {
        self.shared.mode.send_replace(Mode::Pass);
    }

    /// Keeps connections open, accepts new ones, and carries nothing.
    pub(crate) fn stall(&self) {
        self.shared.mode.send_replace(Mode::Stall);
    }

    /// Closes new connections at once, and cuts those that are open.
    pub(crate) fn refuse(&self) {
        self.shared.mode.send_replace(Mode::Refuse);
        self.cut();
    }

    /// Cuts all open connections; new ones are welcome.
    pub(crate) fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts all open connections once this many more bytes have gone towards the client, in the middle of a frame if
    /// it comes to that.
    pub(crate) fn cut_after(&self, bytes: u32) {
        self.shared.allowance.store(bytes.into(), Ordering::SeqCst);
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        if *shared.mode.borrow() == Mode::Refuse {
            continue;
        }
        connections.spawn(carry(client, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::SeqCst);
    let mut cuts = shared.cuts.subscribe();
    let carried = async {
        let server = TcpStream::connect(shared.target).await?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            done = pump(from_client, to_server, &shared, false) => done,
            done = pump(from_server, to_client, &shared, true) => done,
        }
    };
    tokio::select! {
        _ = cuts.changed() => {}
        _ = carried => {}
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shared: &Shared,
    towards_client: bool,
) -> io::Result<()> {
    let mut mode = shared.mode.subscribe();
    let mut held = Vec::new();
    loop {
        let stalled = *mode.borrow_and_update() == Mode::Stall;
        if !stalled && !held.is_empty() {
            let passing = if towards_client { shared.allowed(held.len()) } else { held.len() };
            to.write_all(&held[..passing]).await?;
            if passing < held.len() {
                shared.cuts.send_modify(|cuts| *cuts += 1);
                return Ok(());
            }
            held.clear();
        }
        // The end of a peer is noticed while stalled too, as the other one would notice it.
        tokio::select! {
            length = from.read_buf(&mut held) => if length? == 0 {
                return Ok(());
            },
            _ = mode.changed() => {}
        }
    }
}

impl Shared {
    /// How many of these bytes may pass before the cut that was asked for; the limit is lifted once it is met.
    fn allowed(&self, length: usize) -> usize {
        let wanted = i64::try_from(length).unwrap_or(i64::MAX);
        let before = self.allowance.load(Ordering::SeqCst);
        if before < 0 {
            return length;
        }
        self.allowance.store(if wanted > before { -1 } else { before - wanted }, Ordering::SeqCst);
        usize::try_from(before).unwrap_or(0).min(length)
    }
}
