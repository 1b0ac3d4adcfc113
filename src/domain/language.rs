//! The languages in which people are told, and what of a language is grammar.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use super::term::Term;

/// A language of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Russian: the texts of the lifecycle files.
    Russian,
    /// English: the texts of `src/notify/templates/en`.
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

    /// A day, as people read it.
    #[must_use]
    pub fn day(self, day: NaiveDate) -> String {
        day.format(self.day_form()).to_string()
    }

    /// A moment, as people read it.
    #[must_use]
    pub fn moment(self, moment: DateTime<Tz>) -> String {
        moment.format(&format!("{} %H:%M", self.day_form())).to_string()
    }

    fn day_form(self) -> &'static str {
        match self {
            Self::Russian => "%d.%m.%Y",
            Self::English => "%-d %B %Y",
        }
    }

    /// A term in words.
    #[must_use]
    pub fn term(self, term: Term) -> String {
        let (count, unit) = match (self, term) {
            (Self::Russian, term) => return term.label(),
            (Self::English, Term::WorkingDays(count)) => (count, "working day"),
            (Self::English, Term::CalendarDays(count)) => (count, "day"),
            (Self::English, Term::Hours(count)) => (count, "hour"),
            (Self::English, Term::Minutes(count)) => (count, "minute"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_told_in_words() {
        let told = |language: Language| [Term::WorkingDays(1), Term::Hours(5)].map(|term| language.term(term));
        assert_eq!(told(Language::English), ["1 working day", "5 hours"]);
        assert_eq!(told(Language::Russian)[0], "1 рабочий день");
    }

    #[test]
    fn days_are_told_without_doubt() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let moment = day.and_hms_opt(10, 5, 0).unwrap().and_local_timezone(chrono_tz::Europe::Moscow).unwrap();
        assert_eq!(Language::ALL.map(|one| one.day(day)), ["02.03.2026", "2 March 2026"]);
        assert_eq!(Language::ALL.map(|one| one.moment(moment)), ["02.03.2026 10:05", "2 March 2026 10:05"]);
    }
}
