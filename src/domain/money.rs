//! Amounts in roubles and kopecks, whole kopecks inside.

/// The largest amount: a hundred thousand million roubles.
const KOPECKS_MAX: i64 = 10_000_000_000_000;

/// Kopecks of an amount as messages write it: `350`, `350.5`, `350.00`. None where it is no amount, or too large.
#[must_use]
pub fn kopecks(written: &str) -> Option<i64> {
    let (roubles, kopecks) = written.split_once('.').unwrap_or((written, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit());
    if !digits(roubles) || !digits(kopecks) || kopecks.len() > 2 || roubles.len() > 15 {
        return None;
    }
    let scale = if kopecks.len() == 1 { 10 } else { 1 };
    let sum = roubles.parse::<i64>().ok()?.checked_mul(100)? + kopecks.parse::<i64>().ok()? * scale;
    (sum <= KOPECKS_MAX).then_some(sum)
}

/// Kopecks as messages write them.
#[must_use]
pub fn written(kopecks: i64) -> String {
    format!("{}.{:02}", kopecks / 100, kopecks % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, sum) in [("350", 35_000), ("350.5", 35_050), ("350.05", 35_005), ("0.01", 1), ("0", 0)] {
            assert_eq!(kopecks(text), Some(sum), "{text}");
        }
        for text in ["", ".", "350.", ".5", "-1", "1.005", "1,5", "1 000", "100000000000.01", "1e3"] {
            assert_eq!(kopecks(text), None, "{text}");
        }
        assert_eq!(written(35_005), "350.05");
    }
}
