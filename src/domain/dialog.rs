//! Dialogs: the roles of those who take part, and the words that letters are found by.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The role of somebody who takes part in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialogRole {
    /// «Отправитель»: writes and reads.
    Sender,
    /// «Получатель»: reads, answers; that it has read confirms the receipt.
    Receiver,
    /// «Контролёр»: reads and never writes.
    Controller,
}

impl DialogRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sender, Self::Receiver, Self::Controller];

    /// The form in messages and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Controller => "controller",
        }
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sender => "Отправитель",
            Self::Receiver => "Получатель",
            Self::Controller => "Контролёр",
        }
    }

    /// The role of this form in messages and tables.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether letters may come from it.
    #[must_use]
    pub fn may_write(self) -> bool {
        self != Self::Controller
    }

    /// Whether its reading confirms that a letter was received.
    #[must_use]
    pub fn confirms(self) -> bool {
        self == Self::Receiver
    }
}

/// Shorter words find nothing of use.
const WORD_CHARACTERS_MIN: usize = 2;
/// Longer words are cut, in the letter and in the search alike.
const WORD_CHARACTERS_MAX: usize = 40;
/// The most different words of one letter that are kept.
const WORDS_MAX: usize = 2000;

/// The different words of a text, as they are searched: small letters, «ё» as «е».
#[must_use]
pub fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().nth(WORD_CHARACTERS_MIN - 1).is_some())
        .map(|word| word.to_lowercase().replace('ё', "е").chars().take(WORD_CHARACTERS_MAX).collect())
        .take(WORDS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        for (text, expected) in
            [("", &[][..]), ("— и!", &[]), ("Пришлите ОТЧЁТ, отчет № 77-2026", &["2026", "77", "отчет", "пришлите"])]
        {
            let got = words(text);
            assert_eq!(got.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(words(&"я".repeat(100)).first().map(|word| word.chars().count()), Some(WORD_CHARACTERS_MAX));
    }

    #[test]
    fn roles_are_written_as_they_are_read() {
        for role in DialogRole::ALL {
            assert_eq!(DialogRole::parse(role.as_str()), Some(role));
        }
        assert_eq!(DialogRole::parse("reader"), None);
    }
}
