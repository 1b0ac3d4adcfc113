//! A reader who wants no more notices of a system by a channel: a choice like any other, made by a link instead of a message.

use secrecy::ExposeSecret;
use serde_json::json;

use super::{Frequency, NotifySettings, OptOut};
use crate::apply::rows::AuditRow;
use crate::apply::world::SubscriptionRow;
use crate::clock;
use crate::store::{Store, StoreFault};

/// What a token of a link says; none where we did not write it, or where links are not set.
#[must_use]
pub fn opt_out_link(token: &str, settings: &NotifySettings) -> Option<OptOut> {
    let key = &settings.opt_out.as_ref()?.key;
    OptOut::read(token, key.expose_secret().as_bytes())
}

/// Books that a reader opts out; `actor` is who did it, for the journal.
pub async fn opt_out(store: &Store, opt_out: &OptOut, actor: &str) -> Result<(), StoreFault> {
    let now = clock::now();
    let choice = SubscriptionRow {
        subscriber: opt_out.subscriber,
        // Who it is cannot be told from a hash.
        shown: String::new(),
        system: opt_out.system.clone(),
        case: None,
        event: None,
        channel: opt_out.channel.clone(),
        frequency: Frequency::Never,
        happened_at: now,
        recorded_at: now,
        message: None,
    };
    let audit = AuditRow {
        at: now,
        actor: actor.to_owned(),
        action: "notify.opt-out",
        subject: format!("subscriber:{}", hex::encode(&opt_out.subscriber[..6])),
        before: None,
        after: Some(json!({ "system": opt_out.system, "channel": opt_out.channel, "frequency": "never" }).to_string()),
    };
    store.opt_out(&choice, audit).await
}
