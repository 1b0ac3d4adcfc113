//! `notify sink`: a mail server and a gateway on this machine that take everything.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::{Done, Exit, Failed, assemble, show};
use crate::sink::gateway::{GatewaySink, Reply};
use crate::sink::mail::{self, MailSink};

/// Where they listen.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sink {
    /// Address of the mail server, in the clear; must be on this machine.
    #[arg(long, default_value = "127.0.0.1:2525")]
    mail: SocketAddr,
    /// Address of the gateway.
    #[arg(long, default_value = "127.0.0.1:8025")]
    http: SocketAddr,
    /// Keep what was taken as files in this folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Sink {
    pub(super) fn run(self) -> Done {
        for address in [self.mail, self.http] {
            if !address.ip().is_loopback() {
                return Err(Failed::wrong(format!("{address} is not an address of this machine alone")));
            }
        }
        if let Some(folder) = &self.folder {
            let unwritable = |fault: std::io::Error| Failed::wrong(format!("{}: {fault}", folder.display()));
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        assemble::runtime()?.block_on(self.serve())
    }

    async fn serve(self) -> Done {
        let bind = |address: SocketAddr| async move {
            TcpListener::bind(address).await.map_err(|fault| Failed::wrong(format!("{address}: {fault}")))
        };
        let (mail, http) = (bind(self.mail).await?, bind(self.http).await?);
        show::line(&format!("taking letters on {}, messages on http://{}/", self.mail, self.http));
        let cancel = CancellationToken::new();
        let mut terminate = signal(SignalKind::terminate()).map_err(Failed::away)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failed::away)?;
        let gateway = gateway(self.folder.clone());
        tokio::select! {
            done = gateway.serve(http, cancel) => done.map_err(Failed::away)?,
            () = letters(mail, self.folder) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(Exit::Well)
    }
}

fn gateway(folder: Option<PathBuf>) -> Arc<GatewaySink> {
    GatewaySink::new(Box::new(move |body, before| {
        let note: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let field = |name: &str| note.get(name).and_then(serde_json::Value::as_str).unwrap_or("—").to_owned();
        let to = if field("to") == "—" { field("reader").chars().take(12).collect() } else { field("to") };
        show::line(&format!("{:<6} {to}: {}", field("channel"), field("text")));
        keep(folder.as_deref(), &format!("{:06}-{}.json", before + 1, field("channel")), body);
        Reply::TAKE
    }))
}

/// Takes letters, each connection beside the others.
async fn letters(listener: TcpListener, folder: Option<PathBuf>) {
    let sink = Arc::new(MailSink::new(Box::new(|_| mail::Reply::Take), false));
    let mut sessions = JoinSet::new();
    let mut told = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let sink = Arc::clone(&sink);
                sessions.spawn(async move { sink.session(stream, false).await.map(drop) });
            }
            Some(_) = sessions.join_next() => {
                for letter in sink.letters().iter().skip(told) {
                    told += 1;
                    show::line(&format!("email  {}: {}", letter.to.join(", "), header(&letter.text, "Message-ID")));
                    keep(folder.as_deref(), &format!("{told:06}-email.eml"), &letter.text);
                }
            }
        }
    }
}

fn header<'t>(text: &'t str, name: &str) -> &'t str {
    let value = |line: &'t str| line.strip_prefix(name)?.strip_prefix(": ");
    text.lines().take_while(|line| !line.is_empty()).find_map(value).unwrap_or("—")
}

fn keep(folder: Option<&Path>, name: &str, text: &str) {
    let Some(folder) = folder else { return };
    if let Err(fault) = std::fs::write(folder.join(name), text) {
        show::error(&format!("{name}: {fault}"));
    }
}
