//! Somebody chooses what to be told of: an event or all of them, of one case or all of them, by a channel, how often. The last
//! choice counts. What the law wants told goes out all the same.

use chrono::{DateTime, Utc};

use super::world::CaseKey;
use super::{Change, Done, Refusal, Setting};
use crate::binding::Subscribe;
use crate::domain::frequency::Frequency;
use crate::domain::identifiers;
use crate::outcome::Code;

/// What a subscriber chose to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// SHA-256 of identifier and value, as among the parties.
    pub subscriber: [u8; 32],
    /// The identifier, masked.
    pub shown: String,
    /// Code of the system.
    pub system: String,
    /// Kind and number of the one case that it is for; none: all of the subscriber's.
    pub case: Option<(String, String)>,
    /// The one event that it is for; none: all of them.
    pub event: Option<String>,
    /// The channel.
    pub channel: String,
    /// How often.
    pub frequency: Frequency,
    /// When it was chosen.
    pub happened_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The message, by its inbox row; none: an opt-out link.
    pub message: Option<i64>,
}

pub(super) fn apply(command: &Subscribe, key: &CaseKey, setting: &Setting<'_>) -> Result<Done, Refusal> {
    let unknown = || Refusal::with(Code::UnknownKind, format!("нет системы {}", setting.system));
    let system = setting.context.lifecycles.system(setting.system).ok_or_else(unknown)?;
    let wrong = |what: &str, known: Vec<&str>| {
        Refusal::with(Code::FieldWrong, format!("{what}; известны: {}", known.join(", ")))
    };
    let events = setting.context.lifecycles.events(system);
    if command.event.as_ref().is_some_and(|event| !events.iter().any(|one| one.code == *event)) {
        return Err(wrong("событие", events.iter().map(|one| one.code.as_str()).collect()));
    }
    let channels = system.channels();
    if !channels.contains(&command.channel.as_str()) {
        return Err(wrong("канал", channels));
    }
    let frequency = Frequency::parse(&command.frequency)
        .ok_or_else(|| wrong("частота", Frequency::ALL.map(Frequency::as_str).to_vec()))?;
    let identifiers =
        [("snils", &command.snils), ("inn", &command.inn), ("ogrn", &command.ogrn), ("ogrnip", &command.ogrnip)];
    let rows = identifiers.into_iter().filter_map(|(identifier, value)| {
        let value = value.as_deref()?;
        Some(Change::Subscription(Box::new(SubscriptionRow {
            subscriber: identifiers::lookup(identifier, value),
            shown: identifiers::mask(value),
            system: setting.system.to_owned(),
            case: command.case_number.is_some().then(|| (key.kind.clone(), key.number.clone())),
            event: command.event.clone(),
            channel: command.channel.clone(),
            frequency,
            happened_at: command.happened_at,
            recorded_at: setting.context.now,
            message: setting.cause.message(),
        })))
    });
    let changes: Vec<Change> = rows.collect();
    if changes.is_empty() {
        return Err(Refusal::with(Code::FieldMissing, "кто подписывается: СНИЛС, ИНН, ОГРН или ОГРНИП".to_owned()));
    }
    Ok(Done { changes, ..Done::default() })
}
