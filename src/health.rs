//! What machines ask of a running daemon: is it alive (`/healthz`), can it work (`/readyz`), what has it counted
//! (`/metrics`). On an address of its own, beside the page of opt-out links.

mod opt_out;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::LinkState;
use crate::pipeline::Pipeline;

/// What the answers are made from.
#[derive(Debug, Clone)]
pub struct Health {
    /// Store, contents and counters.
    pub pipeline: Arc<Pipeline>,
    /// The connections to the broker.
    pub links: [(&'static str, watch::Receiver<LinkState>); 2],
}

/// Serves until it is cancelled.
pub async fn serve(listener: TcpListener, health: Health, cancel: CancellationToken) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/opt-out", get(opt_out::ask).post(opt_out::take))
        .with_state(health);
    axum::serve(listener, routes).with_graceful_shutdown(cancel.cancelled_owned()).await
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let mut faults = Vec::new();
    for (way, link) in &health.links {
        let state = link.borrow().clone();
        let why = match &state {
            LinkState::Up { blocked: false, .. } => continue,
            LinkState::Up { .. } => "the broker takes no messages now (an alarm of memory or disk)",
            LinkState::Connecting { last_error, .. } => last_error.as_deref().unwrap_or("connecting"),
            LinkState::Refused { reason } => reason,
            LinkState::Down => "not started",
        };
        faults.push(format!("broker ({way}): {why}"));
    }
    if let Err(fault) = health.pipeline.store.ready().await {
        faults.push(fault.to_string());
    } else if health.pipeline.counters.is_store_away() {
        faults.push("store: the last transaction could not be written".to_owned());
    }
    if let Err(fault) = health.pipeline.contents.ready() {
        faults.push(fault.to_string());
    }
    if faults.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, faults.join("\n") + "\n")
    }
}

async fn metrics(State(health): State<Health>) -> impl IntoResponse {
    let waiting = health.pipeline.store.waiting().await.ok();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], health.pipeline.counters.text(waiting))
}
