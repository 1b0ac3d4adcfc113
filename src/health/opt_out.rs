//! The page of opt-out links: GET asks, POST does it (also the one-click POST of mail programs, RFC 8058).

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Health;
use crate::notify::{self, OptOut};

/// Who did it, for the journal.
const ACTOR: &str = "opt-out-link";

/// Asks whether it is meant: a mail program that looks at links must not opt anybody out.
pub(super) async fn ask(State(health): State<Health>, RawQuery(query): RawQuery) -> Response {
    match read(&health, query.as_deref()) {
        Some(opt_out) => page(
            StatusCode::OK,
            &format!(
                "<p>Больше не присылать такие уведомления ({})? Обязательные будут приходить и дальше.</p>\
                 <form method=\"post\"><button>Не присылать</button></form>",
                opt_out.channel
            ),
        ),
        None => stranger(),
    }
}

/// Does it.
pub(super) async fn take(State(health): State<Health>, RawQuery(query): RawQuery) -> Response {
    let Some(opt_out) = read(&health, query.as_deref()) else { return stranger() };
    match notify::opt_out(&health.pipeline.store, &opt_out, ACTOR).await {
        Ok(()) => page(StatusCode::OK, "<p>Такие уведомления больше не придут.</p>"),
        Err(fault) => {
            tracing::warn!(%fault, "a reader could not be opted out");
            page(StatusCode::SERVICE_UNAVAILABLE, "<p>Сейчас не получилось. Попробуйте позже.</p>")
        }
    }
}

fn read(health: &Health, query: Option<&str>) -> Option<OptOut> {
    let token = query?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    notify::opt_out_link(token, &health.pipeline.config.notify)
}

fn stranger() -> Response {
    page(StatusCode::NOT_FOUND, "<p>Такой ссылки нет.</p>")
}

fn page(status: StatusCode, body: &str) -> Response {
    let page =
        format!("<!doctype html><html lang=\"ru\"><meta charset=\"utf-8\"><title>Уведомления</title>{body}</html>");
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}
