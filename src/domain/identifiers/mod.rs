//! Identifiers of people, organizations and banks. For each there is a plain function that answers
//! whether a text is right (form and check digits; the schema rules `<m:check name="…"/>` call these), and
//! where the value is kept, a newtype parsed once at the door. A newtype never shows its value by
//! accident: `Display` and `Debug` are masked, `reveal` is the only way to the whole text.

mod account;
mod bik;
mod digits;
mod inn;
mod kpp;
mod ogrn;
mod ogrnip;
mod snils;

use sha2::{Digest, Sha256};

pub use account::account;
pub use bik::bik;
pub use inn::{Inn, inn};
pub use kpp::{Kpp, kpp};
pub use ogrn::{Ogrn, ogrn};
pub use ogrnip::{Ogrnip, ogrnip};
pub use snils::{Snils, snils};

/// Why a text is not the identifier that it should be. Never carries the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: not a valid {name}; the sender must correct the number and send it again")]
pub struct IdentifierFault {
    code: &'static str,
    name: &'static str,
}

impl IdentifierFault {
    /// Stable code, the same as the schema rule's violation: `check-inn`, `check-snils`, ….
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// Hides an identifier for logs and listings: all letters and digits but the last three become `*`;
/// separators stay. Texts of up to three signs are hidden whole.
#[must_use]
pub fn mask(text: &str) -> String {
    let signs = text.chars().filter(|sign| sign.is_alphanumeric()).count();
    let shown = if signs > 3 { 3 } else { 0 };
    let mut left = signs;
    text.chars()
        .map(|sign| {
            if !sign.is_alphanumeric() {
                return sign;
            }
            left -= 1;
            if left < shown { sign } else { '*' }
        })
        .collect()
}

/// Names somebody without telling who it is: the SHA-256 by which an identifier is looked up. `name` is `snils`, `inn`, `ogrn`
/// or `ogrnip`; separators in the value do not matter.
#[must_use]
pub fn lookup(name: &str, value: &str) -> [u8; 32] {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    Sha256::digest(format!("{name}:{digits}")).into()
}

/// Declares a newtype over a checked text: `parse`, `reveal`, masked `Display` and `Debug`.
macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $code:literal, $label:literal, $normal:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks form and check digits.
            ///
            /// # Errors
            /// The text is not a valid identifier of this kind; the sender's fault.
            pub fn parse(text: &str) -> Result<Self, super::IdentifierFault> {
                let normal: fn(&str) -> Option<String> = $normal;
                normal(text).map(Self).ok_or(super::IdentifierFault { code: $code, name: $label })
            }

            /// The whole value, in its normal form. Never for logs.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&super::mask(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), super::mask(&self.0))
            }
        }
    };
}
use identifier;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_leave_three_signs_at_most() {
        for (text, masked) in [
            ("500100732259", "*********259"),
            ("112-233-445 95", "***-***-**5 95"),
            ("123", "***"),
            ("", ""),
            ("77-я", "**-*"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn a_newtype_hides_its_value_and_a_fault_does_not_carry_it() {
        let inn = Inn::parse("500100732259").unwrap();
        assert_eq!(inn.reveal(), "500100732259");
        assert_eq!(format!("{inn} {inn:?}"), "*********259 Inn(*********259)");
        let fault = Inn::parse("500100732258").unwrap_err();
        assert_eq!(fault.code(), "check-inn");
        assert!(!format!("{fault} {fault:?}").contains("5001007322"));
    }
}
