//! The broker's sentence about a declaration that is not equivalent, taken apart.

use std::fmt;

/// A setting of a queue or exchange that is not what was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which setting, by the broker's name for it.
    pub argument: String,
    /// What the plan says.
    pub planned: String,
    /// What is there.
    pub found: String,
}

impl Difference {
    /// Reads `… inequivalent arg 'A' for queue 'Q' in vhost 'V': received X but current is Y`; `None`: another sentence.
    pub(super) fn read(sentence: &str) -> Option<Self> {
        let (_, rest) = sentence.split_once("inequivalent arg '")?;
        let (argument, rest) = rest.split_once('\'')?;
        let (_, rest) = rest.split_once(": received ")?;
        let (planned, found) = rest.split_once(" but current is ")?;
        Some(Self { argument: argument.to_owned(), planned: plain(planned), found: plain(found) })
    }
}

/// `the value 'V' of type 'T'` → `V`; `'V'` → `V`; `none` stays.
fn plain(value: &str) -> String {
    let value = value.trim().strip_prefix("the value ").unwrap_or(value.trim());
    let value = value.rsplit_once(" of type '").map_or(value, |(value, _)| value);
    value.trim_matches('\'').to_owned()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, but must be {}", self.argument, self.found, self.planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: Option<(&str, &str, &str)>) {
        let found = Difference::read(sentence);
        let found = found.as_ref().map(|d| (d.argument.as_str(), d.planned.as_str(), d.found.as_str()));
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn the_brokers_sentences_are_understood() {
        check(
            "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in vhost '/': received the value '1000' of type 'signedint' but current is none",
            Some(("x-delivery-limit", "1000", "none")),
        );
        check(
            "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '5' of type 'long'",
            Some(("x-message-ttl", "none", "5")),
        );
        check(
            "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
            Some(("durable", "true", "false")),
        );
        check(
            "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e' in vhost 'it's: received x': received 'direct' but current is 'fanout'",
            Some(("type", "x': received 'direct", "fanout")),
        );
    }

    #[test]
    fn other_sentences_are_left_alone() {
        check("PRECONDITION_FAILED - unknown delivery tag 7", None);
        check("PRECONDITION_FAILED - inequivalent arg 'x", None);
        check("", None);
    }
}
