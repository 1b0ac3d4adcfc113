//! The world that people are told through, on this machine: a mail server and a gateway that behave as a story wants.

use std::sync::Arc;

use mezhved::sink::gateway::{self, GatewaySink};
use mezhved::sink::mail::{Ended, MailSink, Rule};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::certificates::{authority, issue};

/// A mail server. It ends with the story.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    /// Its authority, PEM, where it speaks TLS.
    pub(crate) authority: String,
    pub(crate) sink: Arc<MailSink>,
    _serving: JoinSet<()>,
}

/// How a mail server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Clear,
    StartTls,
    Wrapped,
}

impl MailServer {
    pub(crate) async fn start(speaks: Speaks, rule: Box<Rule>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = authority();
        let (certificate, key) = issue(&authority, "localhost");
        let acceptor = acceptor(&certificate, &key);
        let sink = Arc::new(MailSink::new(rule, speaks == Speaks::StartTls));
        let mut serving = JoinSet::new();
        let served = Arc::clone(&sink);
        serving.spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                sessions.spawn(session(stream, Arc::clone(&served), acceptor.clone(), speaks));
            }
        });
        Self { port, authority: authority.pem(), sink, _serving: serving }
    }
}

/// One connection; what breaks off is the client's choice.
async fn session(stream: TcpStream, sink: Arc<MailSink>, acceptor: TlsAcceptor, speaks: Speaks) {
    if speaks == Speaks::Wrapped {
        if let Ok(secure) = acceptor.accept(stream).await {
            drop(sink.session(secure, false).await);
        }
        return;
    }
    if let Ok(Ended::StartTls(stream)) = sink.session(stream, false).await
        && let Ok(secure) = acceptor.accept(stream).await
    {
        drop(sink.session(secure, true).await);
    }
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A gateway. It ends with the story.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) sink: Arc<GatewaySink>,
    _serving: JoinSet<()>,
}

impl Gateway {
    pub(crate) async fn start(rule: Box<gateway::Rule>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/messages", listener.local_addr().unwrap());
        let sink = GatewaySink::new(rule);
        let mut serving = JoinSet::new();
        let served = Arc::clone(&sink);
        serving.spawn(async move { served.serve(listener, CancellationToken::new()).await.unwrap() });
        Self { url, sink, _serving: serving }
    }
}
