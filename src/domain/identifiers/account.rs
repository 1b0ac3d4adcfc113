//! A bank account with its BIK: 20 digits whose ninth is a key over the account and three digits taken
//! from the BIK. Source: the Bank of Russia's order of computing the key, 8 September 1997, No 515.

use super::{
    bik,
    digits::{digits, weighed},
};

const WEIGHTS: [u32; 23] = [7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1];

/// Whether the account has 20 digits and its key agrees with the BIK.
///
/// Correspondent accounts (301…), single treasury accounts (40102…) and accounts in offices of the Bank of Russia (BIK
/// ending in 000 to 002) take "0" and the fifth and sixth digit of the BIK; all others its last three digits. Treasury accounts
/// (0…) are not opened by the Bank of Russia's chart and carry no such key: form only.
#[must_use]
pub fn account(account: &str, bik: &str) -> bool {
    let (Some(own), true) = (digits::<20>(account), bik::bik(bik)) else {
        return false;
    };
    let Some(bank) = digits::<9>(bik) else {
        return false;
    };
    if own[0] == 0 {
        return own.iter().any(|digit| *digit != 0);
    }
    let office = account.starts_with("301") || account.starts_with("40102") || matches!(bank[6..], [0, 0, 0..=2]);
    let prefix = if office { [0, bank[4], bank[5]] } else { [bank[6], bank[7], bank[8]] };
    let mut all = [0; 23];
    all[..3].copy_from_slice(&prefix);
    all[3..].copy_from_slice(&own);
    weighed(&all, &WEIGHTS).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_vectors() {
        for (number, bank, right) in [
            ("30101810800000000746", "049805000", true),
            ("30101810800000000746", "049805746", true),
            ("40602810700000000025", "049805746", true),
            ("40602810700000000025", "049805747", false),
            ("40602810800000000025", "049805746", false),
            ("40102810545370000003", "004525988", true),
            ("40102810545370000003", "004526988", false),
            ("03221643450000007300", "004525988", true),
            ("00000000000000000000", "004525988", false),
            ("4060281070000000002", "049805746", false),
            ("406028107000000000250", "049805746", false),
            ("4060281070000000002A", "049805746", false),
            ("40602810700000000025", "49805746", false),
            ("", "", false),
        ] {
            assert_eq!(account(number, bank), right, "{number} {bank}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_key_fits(head in "40[67]02810", tail in "[0-9]{11}", bank in "04[0-9]{4}[1-9][0-9]{2}") {
            let fits = (0..10).filter(|key| account(&format!("{head}{key}{tail}"), &bank)).count();
            prop_assert_eq!(fits, 1);
        }

        #[test]
        fn any_text_is_judged(number in ".*", bank in ".*") {
            prop_assert!(!account(&number, &bank) || (number.len() == 20 && bank.len() == 9));
        }
    }
}
