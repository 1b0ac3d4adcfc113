//! Policies, which overrule what a queue was declared with. AMQP does not show them; the broker's management does, where its address is
//! configured.

use lapin::uri::AMQPUserInfo;
use reqwest::{Certificate, RequestBuilder, StatusCode, Url, redirect};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::{Finding, Queue, State, Subject, Topology};
use crate::broker::session::Session;
use crate::broker::settings::Settings;

/// What a policy must not set for a queue: messages could be dropped, or given up before their time.
const OVERRULING: [&str; 6] =
    ["max-length", "max-length-bytes", "overflow", "message-ttl", "expires", "delivery-limit"];
/// What is asked of a queue, so that a busy broker need not count anything.
const COLUMNS: &str = "policy,operator_policy,effective_policy_definition";

/// What rules a queue besides its declaration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ruled {
    policy: Option<String>,
    operator_policy: Option<String>,
    /// An object; an empty list where there is none.
    effective_policy_definition: Value,
}

/// The queues that a policy overrules. Where that cannot be seen, a finding says why.
pub(super) async fn look(session: &Session, topology: &Topology) -> Vec<Finding> {
    if topology.queues.is_empty() {
        return Vec::new();
    }
    let settings = session.settings();
    let of_all = |state| vec![Finding { subject: Subject::Policies, name: "of the virtual host".to_owned(), state }];
    let Some(management) = &settings.management else {
        let why = "AMQP shows no policies, and broker.management_url is empty; one that sets overflow, max-length, message-ttl \
                   or delivery-limit could lose messages";
        return of_all(State::Unseen(why.to_owned()));
    };
    let management = match Management::new(management, settings) {
        Ok(management) => management,
        Err(why) => return of_all(State::Unseen(format!("broker.management_url: {why}"))),
    };
    let mut findings = Vec::new();
    for queue in &topology.queues {
        match management.ruled(queue).await {
            Ok(Some(ruled)) => findings.extend(ruled.finding(queue)),
            Ok(None) => {}
            Err(state) => {
                // What was seen before stands.
                findings.extend(of_all(state));
                return findings;
            }
        }
    }
    if findings.is_empty() { of_all(State::Right) } else { findings }
}

/// The broker's management.
struct Management {
    http: reqwest::Client,
    url: Url,
    vhost: String,
    /// Where the address names none: those of the broker's own address.
    login: Option<AMQPUserInfo>,
}

impl Management {
    fn new(url: &secrecy::SecretString, settings: &Settings) -> Result<Self, String> {
        // The parser's own text does not quote the address.
        let url = Url::parse(url.expose_secret()).map_err(|fault| fault.to_string())?;
        let uri = settings.check().map_err(|fault| fault.to_string())?.uri;
        // Whoever comes second finds it installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http =
            reqwest::Client::builder().timeout(settings.connect_timeout).redirect(redirect::Policy::none()).no_proxy();
        if let Some(pem) = &settings.tls.authorities {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|fault| fault.to_string())?;
            http = http.tls_certs_merge(certificates);
        }
        let login = url.username().is_empty().then_some(uri.authority.userinfo);
        Ok(Self { http: http.build().map_err(|fault| fault.to_string())?, url, vhost: uri.vhost, login })
    }

    /// What rules a queue; nothing where there is no such queue.
    async fn ruled(&self, queue: &Queue) -> Result<Option<Ruled>, State> {
        let unseen = |why: String| State::Unseen(format!("broker.management_url: {why}"));
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().extend(["api", "queues", &self.vhost, &queue.name])),
            Err(()) => return Err(unseen("it must be of the form http://host:port".to_owned())),
        }
        url.query_pairs_mut().append_pair("columns", COLUMNS);
        let answer = self.login(self.http.get(url)).send().await;
        let answer = answer.map_err(|fault| unseen(format!("no answer: {}", fault.without_url())))?;
        match answer.status() {
            StatusCode::OK => {
                let bytes = answer.bytes().await.map_err(|fault| unseen(fault.without_url().to_string()))?;
                serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(|_| unseen("this is not RabbitMQ's management".to_owned()))
            }
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(unseen("the user is not let in; it needs the tag `management` or `monitoring`".to_owned()))
            }
            status => Err(unseen(format!("it answers {status}"))),
        }
    }

    fn login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.login {
            Some(login) => request.basic_auth(&login.username, Some(&login.password)),
            None => request,
        }
    }
}

impl Ruled {
    fn finding(self, queue: &Queue) -> Option<Finding> {
        let rules = self.effective_policy_definition.as_object()?;
        let sets = OVERRULING.iter().filter_map(|key| Some(format!("{key} = {}", rules.get(*key)?)));
        let sets = sets.collect::<Vec<_>>().join(", ");
        if sets.is_empty() {
            return None;
        }
        let names = [self.policy, self.operator_policy].into_iter().flatten().filter(|name| !name.is_empty());
        let policies = names.collect::<Vec<_>>().join(" and ");
        Some(queue.finding(State::Overruled { policies, sets }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::broker::topology::Owner;

    #[test]
    fn only_what_could_lose_messages_overrules_a_queue() {
        let queue = Queue {
            name: "q".to_owned(),
            owner: Owner::Us,
            delivery_limit: 1000,
            one_consumer: false,
            dead_letter_exchange: None,
        };
        for (definition, sets) in [
            (json!([]), None),
            (json!({}), None),
            (json!({ "queue-leader-locator": "balanced", "ha-mode": "all" }), None),
            (json!({ "max-length": 10, "ha-mode": "all" }), Some("max-length = 10")),
            (json!({ "overflow": "drop-head", "expires": 5 }), Some("overflow = \"drop-head\", expires = 5")),
            (
                json!({ "max-length-bytes": 1, "message-ttl": 2, "delivery-limit": 3 }),
                Some("max-length-bytes = 1, message-ttl = 2, delivery-limit = 3"),
            ),
        ] {
            let answer = json!({ "policy": "few", "operator_policy": "", "effective_policy_definition": definition });
            let found = serde_json::from_value::<Ruled>(answer).unwrap().finding(&queue);
            let expected = sets.map(|sets| State::Overruled { policies: "few".to_owned(), sets: sets.to_owned() });
            assert_eq!(found.map(|finding| finding.state), expected, "{definition}");
        }
    }
}
