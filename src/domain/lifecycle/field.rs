//! What a kind of case is told of itself beside the columns that all kinds share: its declared fields. They are what receipts name
//! in Russian, what a correction is compared by and what registers show.

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;

use crate::domain::money;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    #[default]
    Text,
    /// A whole number.
    Number,
    /// Roubles and kopecks.
    Money,
    /// A calendar day.
    Day,
    /// A moment.
    Moment,
    /// Yes or no.
    Flag,
    /// Several texts.
    List,
}

impl FieldType {
    /// What a right value looks like, for receipts.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "текст",
            Self::Number => "целое число",
            Self::Money => "сумма",
            Self::Day => "дата",
            Self::Moment => "момент",
            Self::Flag => "да или нет",
            Self::List => "перечень",
        }
    }

    /// Whether a written value is one of this type.
    #[must_use]
    pub fn accepts(self, written: &str) -> bool {
        match self {
            Self::Text | Self::List => !written.trim().is_empty(),
            Self::Number => written.parse::<i64>().is_ok(),
            Self::Money => money::kopecks(written).is_some(),
            Self::Day => written.parse::<NaiveDate>().is_ok(),
            Self::Moment => DateTime::parse_from_rfc3339(written).is_ok(),
            Self::Flag => matches!(written, "true" | "false"),
        }
    }
}

/// A field of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Code in bindings and tables.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// What it holds.
    pub kind: FieldType,
    /// Whether a case cannot be opened without it.
    pub required: bool,
    /// Personal: shown masked.
    pub masked: bool,
    /// The role of the party whose identifier or name it is; its code ends with `snils`, `inn`, `ogrn`, `ogrnip` or `name`.
    pub identifies: Option<String>,
    /// Fields that are corrected together; a status can react to a correction of one group.
    pub group: Option<String>,
}

impl Field {
    /// Whether it is masked in exports and in the journal: it is personal, or says who somebody is.
    #[must_use]
    pub fn leaves_masked(&self) -> bool {
        self.masked || self.identifies.is_some()
    }

    /// What of a party it holds, where it identifies one.
    #[must_use]
    pub fn identifier(&self) -> Option<&'static str> {
        self.identifies.as_ref().and_then(|_| identifier(&self.code))
    }
}

/// What of a party a code ends with.
pub(super) fn identifier(code: &str) -> Option<&'static str> {
    let last = code.rsplit('-').next().unwrap_or(code);
    ["snils", "inn", "ogrn", "ogrnip", "name"].into_iter().find(|one| *one == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts() {
        for (kind, right, wrong) in [
            (FieldType::Text, "слово", " "),
            (FieldType::List, "слово", ""),
            (FieldType::Number, "-12", "1.5"),
            (FieldType::Money, "350.00", "350.001"),
            (FieldType::Money, "350", "триста"),
            (FieldType::Day, "2026-02-28", "2026-02-30"),
            (FieldType::Moment, "2026-02-28T10:00:00Z", "2026-02-28T10:00:00"),
            (FieldType::Flag, "true", "да"),
        ] {
            assert!(kind.accepts(right), "{kind:?} {right}");
            assert!(!kind.accepts(wrong), "{kind:?} {wrong}");
        }
    }
}
