//! A gateway for SMS or push: one JSON object a message by POST, signed, with an idempotency key. What it may answer is written
//! in docs/notifications.md; anything else is garbage and tried again.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Response, StatusCode, redirect};
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::net::TcpStream;

use super::Answer;
use crate::clock;
use crate::notify::{Gateway, sign};

/// The most of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The longest time that a gateway may ask to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// Answers below 500 that pass: the request took too long, came too early, there were too many.
const PASSING: [StatusCode; 3] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

/// Whether messages may go to an address: encrypted, or on this machine.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(url).map_err(|fault| fault.to_string())?;
    let here = url.host_str().is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        _ => Err("it must be https; http is only for this machine".to_owned()),
    }
}

/// A message for a gateway.
#[derive(Debug, Clone, Serialize)]
pub(in crate::notify) struct Note {
    /// The same at every try.
    pub(in crate::notify) id: String,
    pub(in crate::notify) channel: String,
    pub(in crate::notify) system: String,
    /// Absent in a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::notify) event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::notify) case: Option<String>,
    /// Phone number or address, where the channel needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::notify) to: Option<String>,
    /// Names the reader without saying who it is.
    pub(in crate::notify) reader: String,
    pub(in crate::notify) title: String,
    pub(in crate::notify) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::notify) link: Option<String>,
}

/// A client of one gateway.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Client {
    http: reqwest::Client,
    gateway: Gateway,
}

impl Client {
    pub(in crate::notify) fn new(gateway: &Gateway) -> Result<Self, String> {
        // Whoever comes second finds it installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http = reqwest::Client::builder()
            .timeout(gateway.timeout)
            .connect_timeout(gateway.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if let Some(pem) = &gateway.authorities {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes());
            http = http.tls_certs_merge(certificates.map_err(|fault| format!("authorities_file: {fault}"))?);
        }
        let http = http.build().map_err(|fault| format!("HTTP: {}", whole(&fault)))?;
        Ok(Self { http, gateway: gateway.clone() })
    }

    /// Hands a message over.
    pub(in crate::notify) async fn post(&self, note: &Note) -> Answer {
        let now = clock::now();
        let body = match serde_json::to_string(note) {
            Ok(body) => body,
            Err(fault) => return Answer::Refused("unsendable", fault.to_string()),
        };
        let moment = now.timestamp().to_string();
        let signature =
            sign(self.gateway.secret.expose_secret().as_bytes(), &[moment.as_bytes(), b".", body.as_bytes()]);
        let request = self
            .http
            .post(&self.gateway.url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Idempotency-Key", &note.id)
            .header("X-Mezhved-Signature", format!("t={moment},v1={signature}"))
            .body(body);
        match request.send().await {
            Ok(response) => answered(response, now).await,
            Err(fault) => Answer::Out(said(&fault, self.gateway.timeout), None),
        }
    }

    /// Whether somebody listens there. Nothing is posted.
    pub(in crate::notify) async fn reach(&self) -> Result<(), String> {
        let url = reqwest::Url::parse(&self.gateway.url).map_err(|fault| fault.to_string())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let connected = tokio::time::timeout(self.gateway.timeout, TcpStream::connect((host.as_str(), port))).await;
        match connected {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(fault)) => Err(format!("{host}:{port}: {fault}")),
            Err(_) => Err(format!("{host}:{port}: no answer within {} seconds", self.gateway.timeout.as_secs())),
        }
    }
}

async fn answered(mut response: Response, now: DateTime<Utc>) -> Answer {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Answer::Out(
                    format!("the gateway answered {status} with more than {ANSWER_BYTES_MAX} bytes"),
                    None,
                );
            }
            Ok(None) => break,
            Err(fault) => {
                return Answer::Out(format!("the gateway's answer {status} broke off: {}", whole(&fault)), None);
            }
        }
    }
    if status.is_success() {
        let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body);
        return match object {
            _ if body.is_empty() => Answer::Confirmed,
            Ok(_) => Answer::Confirmed,
            Err(_) => Answer::Out(format!("the gateway answered {status} with something that is no JSON object"), None),
        };
    }
    let told = format!("the gateway answered {status}");
    if status.is_server_error() || PASSING.contains(&status) {
        return Answer::Out(told, after.and_then(|text| retry_after(&text, now)));
    }
    if status.is_client_error() { Answer::Refused("gateway-refused", told) } else { Answer::Out(told, None) }
}

/// A moment out of `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let until = match text.trim().parse::<u64>() {
        Ok(seconds) => now + Duration::from_secs(seconds).min(RETRY_AFTER_MAX),
        Err(_) => DateTime::parse_from_rfc2822(text.trim()).ok()?.with_timezone(&Utc),
    };
    Some(until.clamp(now, now + RETRY_AFTER_MAX))
}

/// Why a request met no answer; never the address with what stands in it.
fn said(fault: &reqwest::Error, timeout: Duration) -> String {
    if fault.is_timeout() {
        return format!("the gateway did not answer within {} seconds", timeout.as_secs());
    }
    format!("the gateway cannot be reached: {}", whole(fault))
}

/// A fault with what caused it, without the address.
fn whole(fault: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = fault.source();
    while let Some(one) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&one.to_string());
        source = one.source();
    }
    if text.is_empty() { "no particulars".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        for (text, until) in [
            ("120", Some("2026-03-02T10:02:00Z")),
            (" 0 ", Some("2026-03-02T10:00:00Z")),
            ("Mon, 02 Mar 2026 10:05:00 GMT", Some("2026-03-02T10:05:00Z")),
            ("Mon, 02 Mar 2020 10:05:00 GMT", Some("2026-03-02T10:00:00Z")),
            ("99999999999999", Some("2026-03-03T10:00:00Z")),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(retry_after(text, now), until.map(|until| until.parse().unwrap()), "{text}");
        }
    }
}
