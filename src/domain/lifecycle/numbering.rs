//! How a case is numbered that comes without a number of its own: a text with the year and a counter in it.

use std::str::FromStr;

/// The widest counter, in digits.
const DIGITS_MAX: usize = 12;
/// Digits of a year.
const YEAR_DIGITS: usize = 4;

/// A number's form, such as `ДВ-{year}-{counter:6}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    before: String,
    between: String,
    digits: usize,
    after: String,
}

/// The text is no form of a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no form of a number; write for example `ДВ-{{year}}-{{counter:6}}`")]
pub struct NumberingFault(String);

impl Numbering {
    /// The year and the counter of a number of this form; none where it has another.
    #[must_use]
    pub fn read(&self, number: &str) -> Option<(i32, i64)> {
        let rest = number.strip_prefix(&self.before)?;
        let (year, rest) = (rest.get(..YEAR_DIGITS)?, rest.get(YEAR_DIGITS..)?);
        let counter = rest.strip_prefix(&self.between)?.strip_suffix(&self.after)?;
        let (year, counter) = (year.parse().ok()?, counter.parse().ok()?);
        (self.number(year, counter) == number).then_some((year, counter))
    }

    /// Whether a counter has no more digits than the form asks for.
    #[must_use]
    pub fn fits(&self, counter: i64) -> bool {
        counter.to_string().len() <= self.digits
    }

    /// The number of the `counter`-th case of a year.
    #[must_use]
    pub fn number(&self, year: i32, counter: i64) -> String {
        format!("{}{year}{}{counter:0width$}{}", self.before, self.between, self.after, width = self.digits)
    }
}

impl FromStr for Numbering {
    type Err = NumberingFault;

    fn from_str(written: &str) -> Result<Self, NumberingFault> {
        let fault = || NumberingFault(written.to_owned());
        let (before, rest) = written.split_once("{year}").ok_or_else(fault)?;
        let (between, rest) = rest.split_once("{counter:").ok_or_else(fault)?;
        let (digits, after) = rest.split_once('}').ok_or_else(fault)?;
        let digits = digits.parse().ok().filter(|digits| (1..=DIGITS_MAX).contains(digits)).ok_or_else(fault)?;
        if [before, between, after].iter().any(|part| part.contains(['{', '}', ' '])) {
            return Err(fault());
        }
        Ok(Self { before: before.to_owned(), between: between.to_owned(), digits, after: after.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let form: Numbering = "ДВ-{year}-{counter:6}".parse().unwrap();
        assert_eq!(form.number(2026, 42), "ДВ-2026-000042");
        assert_eq!(form.number(2026, 1_234_567), "ДВ-2026-1234567");
    }

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for form in ["ДВ-{year}-{counter:6}", "{year}{counter:2}", "№{year}/{counter:1}-Ж"] {
            let form: Numbering = form.parse().unwrap();
            for counter in [1, 9, 42, 999_999, 1_000_000] {
                assert_eq!(form.read(&form.number(2026, counter)), Some((2026, counter)), "{form:?}");
            }
        }
        let form: Numbering = "ДВ-{year}-{counter:6}".parse().unwrap();
        for other in [
            "",
            "ДВ-2026-",
            "ДВ-2026-42",
            "ДВ-2026-0000042",
            "ДВ-2026-+00042",
            "ДВ-26-000042",
            "дв-2026-000042",
            "ДВ-2026-00004x",
            "Ж",
        ] {
            assert_eq!(form.read(other), None, "{other}");
        }
        assert!(form.fits(999_999) && !form.fits(1_000_000));
    }

    #[test]
    fn other_texts_are_no_forms() {
        for written in ["", "ДВ-{counter:6}", "{year}", "{year}-{counter}", "{year}-{counter:0}", "{year} {counter:3}"]
        {
            assert!(written.parse::<Numbering>().is_err(), "{written}");
        }
    }
}
