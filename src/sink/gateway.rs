//! A gateway that takes messages by HTTP and answers by rule.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Taken;

/// Longer than any client waits.
const SILENCE: Duration = Duration::from_hours(1);

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The key under which it may come again.
    pub key: String,
    /// The signature.
    pub signature: String,
    /// The message.
    pub body: String,
    /// Whether it was answered with success.
    pub taken: bool,
}

/// What the gateway answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, `Retry-After` where there is one, and a body.
    Say(u16, Option<&'static str>, &'static str),
    /// Nothing, for ever.
    Silence,
}

impl Reply {
    /// The message is taken.
    pub const TAKE: Self = Self::Say(200, None, "{\"status\":\"accepted\"}");

    fn takes(&self) -> bool {
        matches!(self, Self::Say(200..=299, _, body) if body.starts_with('{') || body.is_empty())
    }
}

/// The rule by which a gateway answers: by the body, and how many messages came before.
pub type Rule = dyn Fn(&str, usize) -> Reply + Send + Sync;

/// A gateway.
pub struct GatewaySink {
    posted: Taken<Posted>,
    rule: Box<Rule>,
}

impl GatewaySink {
    /// A gateway that answers by a rule.
    #[must_use]
    pub fn new(rule: Box<Rule>) -> Arc<Self> {
        Arc::new(Self { posted: Taken::new(), rule })
    }

    /// Everything that came so far.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.list().clone()
    }

    /// Serves until it is cancelled.
    ///
    /// # Errors
    /// The address cannot be served.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, cancel: CancellationToken) -> std::io::Result<()> {
        let routes = Router::new().fallback(post).with_state(self);
        axum::serve(listener, routes).with_graceful_shutdown(cancel.cancelled_owned()).await
    }
}

async fn post(State(sink): State<Arc<GatewaySink>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    let reply = {
        let mut posted = sink.posted.list();
        let reply = (sink.rule)(&body, posted.len());
        let (key, signature) = (header("idempotency-key"), header("x-mezhved-signature"));
        posted.push(Posted { key, signature, body, taken: reply.takes() });
        reply
    };
    match reply {
        Reply::Say(status, after, text) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, text).into_response();
            if let Some(value) = after.and_then(|after| after.parse().ok()) {
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
        Reply::Silence => {
            tokio::time::sleep(SILENCE).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}
