//! `duration`: months and seconds, in the partial order of XML Schema Part 2, section 3.2.6.2.

use std::cmp::Ordering;

use super::moment::{ATTOSECONDS, Moment, parse_fraction};

/// A duration. Months and seconds have no common measure, so they stay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    /// Whether it counts backwards.
    pub negative: bool,
    /// Years and months, in months.
    pub months: u64,
    /// Days, hours, minutes and whole seconds, in seconds.
    pub seconds: u64,
    /// What is left of a second, in units of 10⁻¹⁸ s.
    pub attoseconds: u64,
}

impl Duration {
    /// Reads `-PnYnMnDTnHnMnS`. Numbers beyond what a `u64` counts are taken as its largest.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let rest = rest.strip_prefix('P')?;
        let (date, time) = match rest.split_once('T') {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        if date.is_empty() && time.is_empty() {
            return None;
        }
        let [years, months, days] = fields(date, ['Y', 'M', 'D'])?;
        let (whole, attoseconds) = split_seconds(time)?;
        let [hours, minutes, seconds] = fields(&whole, ['H', 'M', 'S'])?;
        let months = years.saturating_mul(12).saturating_add(months);
        let seconds = days
            .saturating_mul(86_400)
            .saturating_add(hours.saturating_mul(3600))
            .saturating_add(minutes.saturating_mul(60))
            .saturating_add(seconds);
        let zero = months == 0 && seconds == 0 && attoseconds == 0;
        Some(Self { negative: negative && !zero, months, seconds, attoseconds })
    }

    /// The partial order: by the results of adding to four moments chosen by the standard.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        const STARTS: [(i64, u8); 4] = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)];
        let mut orders = STARTS.iter().map(|start| self.added_to(*start).cmp(&other.added_to(*start)));
        let first = orders.next()?;
        orders.all(|order| order == first).then_some(first)
    }

    /// Seconds and attoseconds of the moment this long after the first day of a month.
    fn added_to(&self, (year, month): (i64, u8)) -> (i128, i128) {
        let sign = if self.negative { -1 } else { 1 };
        let months = i128::from(year) * 12 + i128::from(month) - 1 + sign * i128::from(self.months);
        let days = Moment::days_before_month(months);
        let seconds = days * 86_400 + sign * i128::from(self.seconds);
        let fraction = sign * i128::from(self.attoseconds);
        if fraction < 0 { (seconds - 1, fraction + i128::from(ATTOSECONDS)) } else { (seconds, fraction) }
    }
}

/// Splits the fraction off the seconds: `1H2.5S` gives `1H2S` and half a second.
fn split_seconds(time: &str) -> Option<(String, u64)> {
    match time.split_once('.') {
        None => Some((time.to_owned(), 0)),
        Some((whole, fraction)) => {
            let digits = fraction.strip_suffix('S')?;
            if !whole.ends_with(|last: char| last.is_ascii_digit()) {
                return None;
            }
            Some((format!("{whole}S"), parse_fraction(digits)?))
        }
    }
}

/// Reads numbers that are each followed by its letter; each may be left out, none may be out of order.
fn fields(mut text: &str, letters: [char; 3]) -> Option<[u64; 3]> {
    let mut values = [0; 3];
    for (letter, value) in letters.into_iter().zip(&mut values) {
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        if end > 0 && text[end..].starts_with(letter) {
            *value = text[..end].parse().unwrap_or(u64::MAX);
            text = &text[end + 1..];
        }
    }
    text.is_empty().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexical_space_is_exact() {
        for right in ["P1Y", "-P1Y2M3DT4H5M6.7S", "PT0S", "P0D", "PT1.5S", "P1M", "PT1M", "P99999999999999999999Y"] {
            assert!(Duration::parse(right).is_some(), "{right}");
        }
        for wrong in [
            "", "P", "PT", "P1", "1Y", "P1YT", "P1M1Y", "P-1Y", "PT1.S", "PT.5S", "P1.5Y", "PT1H1", "+P1Y", "P1S",
            "PT1Y", "p1y",
        ] {
            assert!(Duration::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_order_is_partial() {
        for (left, right, order) in [
            ("P1Y", "P12M", Some(Ordering::Equal)),
            ("P1D", "PT24H", Some(Ordering::Equal)),
            ("P1M", "P30D", None),
            ("P1M", "P27D", Some(Ordering::Greater)),
            ("P1M", "P32D", Some(Ordering::Less)),
            ("-P1D", "P0D", Some(Ordering::Less)),
            ("PT1.5S", "PT1S", Some(Ordering::Greater)),
            ("-PT1.5S", "-PT1S", Some(Ordering::Less)),
        ] {
            let parse = |text| Duration::parse(text).expect(text);
            assert_eq!(parse(left).compare(&parse(right)), order, "{left} {right}");
        }
    }
}
