//! KPP, the code of why an organization is registered with a tax office: 4 digits of the office, 2 signs
//! (digits or Latin capitals) of the reason, 3 digits of order. It has no check digit. Sole traders have none.

use super::identifier;

identifier!(
    /// A KPP of right form, 9 signs.
    Kpp, "check-kpp", "KPP", |text| kpp(text).then(|| text.to_owned())
);

/// Whether the text has the form of a KPP; an office of zeros is refused.
#[must_use]
pub fn kpp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 9
        && bytes
            .iter()
            .enumerate()
            .all(|(at, sign)| sign.is_ascii_digit() || (matches!(at, 4 | 5) && sign.is_ascii_uppercase()))
        && !text.starts_with("0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form() {
        for (text, right) in [
            ("773601001", true),
            ("7736AZ001", true),
            ("7736az001", false),
            ("77A601001", false),
            ("77360100", false),
            ("7736010010", false),
            ("000001001", false),
            ("7736ЖЖ001", false),
        ] {
            assert_eq!(kpp(text), right, "{text}");
        }
    }
}
