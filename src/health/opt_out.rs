//! The page of opt-out links: GET asks, POST does it (also the one-click POST of mail programs, RFC 8058). It speaks the language of the
//! notices that brought the link.

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Health;
use crate::domain::wording::Labelled;
use crate::hypertext::{self, escaped};
use crate::notify::{self, Language, OptOut};

/// Who did it, for the journal.
const ACTOR: &str = "opt-out-link";

/// What the page says.
struct Said {
    title: &'static str,
    /// Of a channel, named behind it.
    asked: &'static str,
    required: &'static str,
    button: &'static str,
    done: &'static str,
    away: &'static str,
    stranger: &'static str,
}

const RUSSIAN: Said = Said {
    title: "Уведомления",
    asked: "Больше не присылать такие уведомления? Система и канал:",
    required: "Обязательные уведомления будут приходить и дальше.",
    button: "Не присылать",
    done: "Такие уведомления больше не придут. Обязательные будут приходить и дальше.",
    away: "Не удалось сохранить выбор. Попробуйте позже.",
    stranger: "Ссылка недействительна.",
};

const ENGLISH: Said = Said {
    title: "Notifications",
    asked: "Send no more notifications of this kind? System and channel:",
    required: "Those that the law requires will still come.",
    button: "Send no more",
    done: "Notifications of this kind will not come any more. Those that the law requires will.",
    away: "It did not work now. Please try again later.",
    stranger: "There is no such link.",
};

impl Said {
    fn in_language(language: Language) -> &'static Self {
        match language {
            Language::Russian => &RUSSIAN,
            Language::English => &ENGLISH,
        }
    }
}

/// Asks whether it is meant: a mail program that looks at links must not opt anybody out.
pub(super) async fn ask(State(health): State<Health>, RawQuery(query): RawQuery) -> Response {
    let language = health.pipeline.config.notify.language;
    let said = Said::in_language(language);
    let Some(opt_out) = read(&health, query.as_deref()) else { return stranger(language) };
    let system = health.pipeline.lifecycles.system(&opt_out.system);
    let system = system.map_or(opt_out.system.as_str(), |system| system.told(language));
    let body = format!(
        "<p>{} {}, {}. {}</p>\n<form method=\"post\"><button>{}</button></form>\n",
        said.asked,
        escaped(system),
        escaped(&opt_out.channel),
        said.required,
        said.button
    );
    page(StatusCode::OK, language, &body)
}

/// Does it.
pub(super) async fn take(State(health): State<Health>, RawQuery(query): RawQuery) -> Response {
    let language = health.pipeline.config.notify.language;
    let said = Said::in_language(language);
    let Some(opt_out) = read(&health, query.as_deref()) else { return stranger(language) };
    match notify::opt_out(&health.pipeline.store, &opt_out, ACTOR).await {
        Ok(()) => page(StatusCode::OK, language, &paragraph(said.done)),
        Err(fault) => {
            tracing::warn!(%fault, "a reader could not be opted out");
            page(StatusCode::SERVICE_UNAVAILABLE, language, &paragraph(said.away))
        }
    }
}

fn read(health: &Health, query: Option<&str>) -> Option<OptOut> {
    let token = query?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    notify::opt_out_link(token, &health.pipeline.config.notify)
}

fn stranger(language: Language) -> Response {
    page(StatusCode::NOT_FOUND, language, &paragraph(Said::in_language(language).stranger))
}

fn paragraph(text: &str) -> String {
    let mut out = String::new();
    hypertext::paragraph(text, &mut out);
    out
}

fn page(status: StatusCode, language: Language, body: &str) -> Response {
    let page = hypertext::page(language.code(), Said::in_language(language).title, body);
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}
