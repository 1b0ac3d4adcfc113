//! Applicants that do not exist: names and addresses are said by words that are data, numbers have right check digits in ranges that
//! nobody is given: tax office 9999, insurance numbers from 999, e-mail under example.org, telephone code 000.

use chrono::{DateTime, FixedOffset};

use super::template::Record;
use crate::domain::identifiers;
use crate::random::Random;
use crate::specimen::{Lexicon, Occasion, Serial, Voice};

const BIK: &str = "049805746";

/// Makes the applicant with this number; the same number is always the same applicant of the same seed.
pub(super) fn applicant(
    random: &mut Random,
    number: u64,
    (words, at): (&Lexicon, DateTime<FixedOffset>),
    record: &mut Record,
) {
    // What belongs together agrees: a given name with a family name, a city with its region.
    let turn = usize::try_from(number % 1_000_000).unwrap_or_default();
    let say = |random: &mut Random, name: &str, within: &[&str]| {
        let mut voice = Voice::new(words, random.next(), at, Serial { next: 0, offset: number });
        voice.say(Occasion { name, type_name: "", within, turn }).unwrap_or_else(|| name.to_owned())
    };
    record.set("person_last_name", say(random, "LastName", &[]));
    record.set("person_first_name", say(random, "FirstName", &[]));
    record.set("person_middle_name", say(random, "MiddleName", &[]));
    // The same number, the same office and the same bank.
    for (field, name) in [("identity_issuer", "Issuer"), ("bank", "Bank")] {
        record.set(field, say(&mut Random::new(number), name, &[]));
    }
    record.set("postal_code", format!("999{:03}", random.below(1000)));
    record.set("region", say(random, "Region", &[]));
    record.set("locality", say(random, "Locality", &[]));
    record.set("street", say(random, "Street", &[]));
    record.set("house", format!("{}", random.below(200) + 1));
    record.set("phone", format!("+7000{:07}", number % 10_000_000));
    record.set("territory", format!("99{:06}", random.below(1_000_000)));
    match random.below(10) {
        0..=5 => person(random, number, record),
        6 | 7 => trader(number, record),
        _ => {
            record.set("organization_name", say(random, "FullName", &["Organization"]));
            organization(number, record);
        }
    }
}

fn person(random: &mut Random, number: u64, record: &mut Record) {
    let year = 1950 + random.below(55);
    record.set("person_birth_date", format!("{year}-{:02}-{:02}", random.below(12) + 1, random.below(28) + 1));
    record.set("identity_number", format!("{:06}", number % 1_000_000));
    record.set("identity_issued_on", format!("{}-06-15", year + 20));
    let snils = fitting(&format!("999{:06}", number % 1_000_000), 2, identifiers::snils);
    record.set("snils", format!("{}-{}-{} {}", &snils[..3], &snils[3..6], &snils[6..9], &snils[9..]));
    record.set("inn", fitting(&format!("9999{:06}", number % 1_000_000), 2, identifiers::inn));
    record.set("email", format!("applicant-{number}@example.org"));
}

fn trader(number: u64, record: &mut Record) {
    record.set("inn", fitting(&format!("9999{:06}", number % 1_000_000), 2, identifiers::inn));
    record.set("ogrnip", fitting(&format!("326990{:08}", number % 100_000_000), 1, identifiers::ogrnip));
    record.set("email", format!("trader-{number}@example.org"));
    bank(number, record);
}

fn organization(number: u64, record: &mut Record) {
    record.set("inn", fitting(&format!("9999{:05}", number % 100_000), 1, identifiers::inn));
    record.set("kpp", "999901001");
    record.set("ogrn", fitting(&format!("126990{:06}", number % 1_000_000), 1, identifiers::ogrn));
    record.set("email", format!("office-{number}@example.org"));
    bank(number, record);
}

fn bank(number: u64, record: &mut Record) {
    let tail = number % 100_000_000_000;
    let fits = |key: &u32| identifiers::account(&format!("40702810{key}{tail:011}"), BIK);
    let key = (0..10).find(fits).unwrap_or_default();
    record.set("bik", BIK);
    record.set("account", format!("40702810{key}{tail:011}"));
}

/// The body with the check digits (one or two) that make it right.
fn fitting(body: &str, digits: usize, right: fn(&str) -> bool) -> String {
    let end = 10_u32.pow(u32::try_from(digits).unwrap_or(1));
    (0..end).map(|check| format!("{body}{check:0digits$}")).find(|whole| right(whole)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_right_and_every_kind_occurs() {
        let words = Lexicon::default().with("words", include_str!("../../xsd/common/words.toml")).unwrap();
        let at = "2026-10-01T09:00:00+03:00".parse().unwrap();
        let mut kinds = [0; 3];
        for number in 0..500 {
            let mut record = Record::default();
            applicant(&mut Random::new(number), number, (&words, at), &mut record);
            let value = |name| record.value(name);
            assert!(value("inn").is_some_and(identifiers::inn), "{record:?}");
            assert!(value("snils").is_none_or(identifiers::snils), "{record:?}");
            assert!(value("ogrn").is_none_or(identifiers::ogrn), "{record:?}");
            assert!(value("ogrnip").is_none_or(identifiers::ogrnip), "{record:?}");
            assert!(value("kpp").is_none_or(identifiers::kpp), "{record:?}");
            assert!(value("account").is_none_or(|account| identifiers::account(account, BIK)), "{record:?}");
            let woman = |name| value(name).is_some_and(|name: &str| name.ends_with(['а', 'я']));
            assert_eq!(woman("person_last_name"), woman("person_first_name"), "{record:?}");
            let of = ["snils", "ogrnip", "ogrn"].map(|name| usize::from(value(name).is_some()));
            assert_eq!(of.iter().sum::<usize>(), 1);
            kinds.iter_mut().zip(of).for_each(|(count, one)| *count += one);
        }
        assert!(kinds.iter().all(|count| *count > 50), "{kinds:?}");
    }
}
