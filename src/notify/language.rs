//! The languages in which people are told, and what of a language is grammar.

/// A language of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Russian: the texts of the lifecycle files.
    Russian,
    /// English: the texts of `templates/en`.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Russian, Self::English];

    /// The code in settings, and the folder of its templates.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Russian => "ru",
            Self::English => "en",
        }
    }

    /// The language with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// What people read of a status or a kind: labels are Russian, codes are English words.
    #[must_use]
    pub fn word(self, code: &str, label: Option<&str>) -> String {
        match self {
            Self::Russian => label.unwrap_or(code).to_owned(),
            Self::English => code.replace(['_', '-'], " "),
        }
    }

    /// So many days.
    #[must_use]
    pub fn days(self, days: i64) -> String {
        let word = match self {
            Self::English => {
                if days == 1 {
                    "day"
                } else {
                    "days"
                }
            }
            Self::Russian => match (days % 10, days % 100) {
                (_, 11..=14) => "дней",
                (1, _) => "день",
                (2..=4, _) => "дня",
                _ => "дней",
            },
        };
        format!("{days} {word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_in_words() {
        let russian = |days| Language::Russian.days(days);
        let told: Vec<_> = [0, 1, 2, 5, 11, 12, 21, 22, 25, 111].map(russian).to_vec();
        let words = ["дней", "день", "дня", "дней", "дней", "дней", "день", "дня", "дней", "дней"];
        for (told, word) in told.iter().zip(words) {
            assert!(told.ends_with(&format!(" {word}")), "{told}");
        }
        assert_eq!([1, 2].map(|days| Language::English.days(days)), ["1 day", "2 days"]);
    }
}
