//! What goes to whom by which channel and how often: the reader's choices over the defaults of the system, what the law wants
//! told over both, and consent to personal data processing over what is left. Pure.

use chrono::{DateTime, Utc};

use crate::domain::frequency::Frequency;
use crate::domain::lifecycle::Event;

/// Something that somebody chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Only of this case (kind and number); none: of all of the subscriber's.
    pub case: Option<(String, String)>,
    /// Only of this event; none: of all of them.
    pub event: Option<String>,
    /// By which channel.
    pub channel: String,
    /// How often.
    pub frequency: Frequency,
    /// When it was chosen.
    pub happened_at: DateTime<Utc>,
}

/// A setting for those who chose nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultChoice {
    /// Of which system; none: of all.
    pub system: Option<String>,
    /// Of which event; none: of all.
    pub event: Option<String>,
    /// By which channel.
    pub channel: String,
    /// How often.
    pub frequency: Frequency,
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The event.
    pub event: &'a Event,
    /// Code of its system.
    pub system: &'a str,
    /// Kind and number of its case.
    pub case: (&'a str, &'a str),
    /// What the reader chose.
    pub choices: &'a [Choice],
    /// What holds where nothing was chosen.
    pub defaults: &'a [DefaultChoice],
}

impl Question<'_> {
    /// The channels that have a say: those of the event, of the defaults, of the choices.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        let defaults = self.defaults.iter().filter(|one| self.is_about(one)).map(|one| one.channel.as_str());
        let chosen = self.choices.iter().filter(|one| self.concerns(one)).map(|one| one.channel.as_str());
        let mut channels: Vec<&str> = Vec::new();
        for channel in self.event.channels.iter().map(String::as_str).chain(defaults).chain(chosen) {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }

    /// How often it goes out by a channel; none: nobody ever asked for that channel.
    #[must_use]
    pub fn frequency(&self, channel: &str) -> Option<Frequency> {
        let own = self.event.channels.iter().any(|one| one == channel);
        if own && self.event.required {
            return Some(Frequency::AtOnce);
        }
        let chosen = self.chosen(channel);
        let unchosen = || match self.by_default(channel) {
            // What nobody asked for is not kept from anybody.
            Some(Frequency::Never) => None,
            Some(frequency) => Some(frequency),
            None => own.then_some(Frequency::AtOnce),
        };
        chosen.or_else(unchosen)
    }

    /// The choice that is most about this: of the case before of all, of the event before of all; of two alike the later.
    fn chosen(&self, channel: &str) -> Option<Frequency> {
        let fitting = self.choices.iter().filter(|one| one.channel == channel && self.concerns(one));
        fitting.max_by_key(|one| (one.case.is_some(), one.event.is_some(), one.happened_at)).map(|one| one.frequency)
    }

    fn by_default(&self, channel: &str) -> Option<Frequency> {
        let fitting = self.defaults.iter().filter(|one| one.channel == channel && self.is_about(one));
        fitting.max_by_key(|one| (one.system.is_some(), one.event.is_some())).map(|one| one.frequency)
    }

    fn concerns(&self, choice: &Choice) -> bool {
        let case = choice.case.as_ref().is_none_or(|(kind, number)| (kind.as_str(), number.as_str()) == self.case);
        case && choice.event.as_ref().is_none_or(|event| *event == self.event.code)
    }

    fn is_about(&self, default: &DefaultChoice) -> bool {
        default.system.as_ref().is_none_or(|system| system == self.system)
            && default.event.as_ref().is_none_or(|event| *event == self.event.code)
    }
}

/// Why something does not go out although somebody would read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suppressed {
    /// The reader chose so.
    OptedOut,
    /// The reader has withdrawn the consent to personal data processing.
    ConsentWithdrawn,
    /// Nobody knows where to.
    NoAddress,
    /// The channel is off in the settings.
    ChannelOff,
    /// What it tells of is over: the code is no longer good.
    Expired,
}

impl Suppressed {
    /// The form in tables and listings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted-out",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::NoAddress => "no-address",
            Self::ChannelOff => "channel-off",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lifecycle::{Audience, Template};

    fn event(required: bool) -> Event {
        let text = || Template::parse("{number}").unwrap();
        Event {
            code: "decision".into(),
            label: "Решение".into(),
            label_en: None,
            channels: vec!["cabinet".into(), "email".into()],
            title: text(),
            short: text(),
            long: text(),
            to_do: None,
            required,
            attach: None,
            to: vec![Audience::Applicant],
        }
    }

    fn choice(case: Option<&str>, event: Option<&str>, frequency: Frequency, second: i64) -> Choice {
        Choice {
            case: case.map(|number| ("application".into(), number.into())),
            event: event.map(Into::into),
            channel: "email".into(),
            frequency,
            happened_at: DateTime::from_timestamp(second, 0).unwrap(),
        }
    }

    fn email(required: bool, choices: &[Choice], defaults: &[DefaultChoice]) -> Option<Frequency> {
        let event = event(required);
        let question = Question { event: &event, system: "epgu", case: ("application", "77-1"), choices, defaults };
        question.frequency("email")
    }

    #[test]
    fn the_choice_that_is_most_about_it_counts() {
        use Frequency::{AtOnce, Daily, Hourly, Never};
        let case = Some("77-1");
        let decision = Some("decision");
        for (choices, frequency) in [
            (vec![], AtOnce),
            (vec![choice(None, None, Daily, 0)], Daily),
            (vec![choice(None, None, Daily, 9), choice(None, decision, Hourly, 0)], Hourly),
            (vec![choice(None, decision, Hourly, 9), choice(case, None, Never, 0)], Never),
            (vec![choice(case, None, Never, 9), choice(case, decision, AtOnce, 0)], AtOnce),
            (vec![choice(None, None, Daily, 1), choice(None, None, Hourly, 2)], Hourly),
            (vec![choice(Some("77-2"), None, Never, 0), choice(None, Some("accepted"), Never, 0)], AtOnce),
        ] {
            assert_eq!(email(false, &choices, &[]), Some(frequency), "{choices:?}");
        }
    }

    #[test]
    fn what_the_law_wants_told_goes_out_at_once() {
        assert_eq!(email(true, &[choice(None, None, Frequency::Never, 0)], &[]), Some(Frequency::AtOnce));
    }

    #[test]
    fn defaults_hold_where_nothing_was_chosen() {
        let default = |system: Option<&str>, event: Option<&str>, frequency| DefaultChoice {
            system: system.map(Into::into),
            event: event.map(Into::into),
            channel: "email".into(),
            frequency,
        };
        let defaults = [
            default(None, None, Frequency::Hourly),
            default(Some("epgu"), None, Frequency::Daily),
            default(Some("gge"), Some("decision"), Frequency::Never),
        ];
        assert_eq!(email(false, &[], &defaults), Some(Frequency::Daily));
        assert_eq!(email(false, &[], &[default(Some("epgu"), None, Frequency::Never)]), None);
        assert_eq!(email(false, &[choice(None, None, Frequency::AtOnce, 0)], &defaults), Some(Frequency::AtOnce));
    }

    #[test]
    fn a_chosen_channel_is_added_to_those_of_the_event() {
        let event = event(true);
        let sms = Choice { channel: "sms".into(), ..choice(None, None, Frequency::Daily, 0) };
        let question =
            Question { event: &event, system: "epgu", case: ("application", "77-1"), choices: &[sms], defaults: &[] };
        assert_eq!(question.channels(), ["cabinet", "email", "sms"]);
        assert_eq!(question.frequency("sms"), Some(Frequency::Daily));
        assert_eq!(question.frequency("push"), None);
    }
}
