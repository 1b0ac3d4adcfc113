//! Over TLS, with certificates of an authority that only the settings name, on both sides.

use std::path::Path;

use mezhved::broker::{Identity, Tls};

use super::*;
use crate::support::certificates::{Authority, authority, issue};
use crate::support::rabbitmq::RabbitMq;

/// A node that listens for TLS on this port, and lets in only clients with a certificate of the authority.
fn node(authority: &Authority, port: u16) -> RabbitMq {
    RabbitMq::start_with(|folder: &Path| {
        let (certificate, key) = issue(authority, "localhost");
        for (file, content) in [("ca.pem", authority.pem()), ("node.pem", certificate), ("node.key", key)] {
            std::fs::write(folder.join(file), content).expect("a file");
        }
        let folder = folder.display();
        format!(
            "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {folder}/ca.pem\n\
             ssl_options.certfile = {folder}/node.pem\nssl_options.keyfile = {folder}/node.key\n\
             ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
        )
    })
}

#[tokio::test]
async fn a_link_over_tls_needs_the_authority_and_the_certificate() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let authority = authority();
    let node = node(&authority, port);
    let url = node.url("mezhved").replace("amqp://", "amqps://");
    let (head, _) = url.rsplit_once('@').unwrap();
    let url = format!("{head}@localhost:{port}/%2f");
    let (certificate, key) = issue(&authority, "mezhved");
    let identity = Identity { certificate, key: key.into() };
    let tls = |authorities: Option<&str>, identity: Option<&Identity>| Settings {
        tls: Tls { authorities: authorities.map(str::to_owned), identity: identity.cloned() },
        ..settings(&url)
    };

    let link = Running::new(tls(Some(&authority.pem()), Some(&identity)), house());
    fill(&link.session().await, 10).await;
    link.stop().await.unwrap();

    for (missing, settings) in
        [("the authority", tls(None, Some(&identity))), ("our certificate", tls(Some(&authority.pem()), None))]
    {
        let fault = within(Session::open(&settings)).await.expect_err(missing);
        assert_eq!(fault.code(), "broker.unreachable", "without {missing}: {fault}");
    }
}
