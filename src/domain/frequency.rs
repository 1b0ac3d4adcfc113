//! How often somebody is told of something.

use serde::{Deserialize, Serialize};

/// How often somebody is told of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// Not at all.
    Never,
    /// As it happens.
    AtOnce,
    /// Together with what else happened within the hour.
    Hourly,
    /// Together with what else happened since the day before.
    Daily,
}

impl Frequency {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Never, Self::AtOnce, Self::Hourly, Self::Daily];

    /// The form in messages, tables and settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AtOnce => "at-once",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
        }
    }

    /// The frequency of this form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}
