//! The languages in which people are told, and what of a language is grammar.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use super::money;
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

    /// An amount of a message, as people read it: `3500` is «3 500,00», in English "3,500.00". What is no amount stays as it is.
    #[must_use]
    pub fn amount(self, written: &str) -> String {
        let Some(kopecks) = money::kopecks(written) else { return written.to_owned() };
        // The spaces do not break: an amount stays on one line.
        let (group, point) = match self {
            Self::Russian => ('\u{a0}', ','),
            Self::English => (',', '.'),
        };
        format!("{}{point}{:02}", grouped(kopecks.unsigned_abs() / 100, group), kopecks % 100)
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

/// A count in groups of three digits: `1 234 567`.
#[must_use]
pub fn grouped(count: u64, between: char) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(between);
        }
        grouped.push(digit);
    }
    grouped
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
    fn amounts_are_told_in_groups_of_three() {
        for (written, russian, english) in [
            ("350", "350,00", "350.00"),
            ("3500.5", "3\u{a0}500,50", "3,500.50"),
            ("1234567.89", "1\u{a0}234\u{a0}567,89", "1,234,567.89"),
            ("0.01", "0,01", "0.01"),
            ("three", "three", "three"),
        ] {
            assert_eq!(Language::ALL.map(|one| one.amount(written)), [russian, english], "{written}");
        }
    }

    #[test]
    fn days_are_told_without_doubt() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let moment = day.and_hms_opt(10, 5, 0).unwrap().and_local_timezone(chrono_tz::Europe::Moscow).unwrap();
        assert_eq!(Language::ALL.map(|one| one.day(day)), ["02.03.2026", "2 March 2026"]);
        assert_eq!(Language::ALL.map(|one| one.moment(moment)), ["02.03.2026 10:05", "2 March 2026 10:05"]);
    }
}
