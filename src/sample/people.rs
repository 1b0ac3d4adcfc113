//! Applicants that do not exist, with numbers whose check digits are right in ranges that nobody is given: tax office 9999, insurance
//! numbers from 999, e-mail under example.org, telephone code 000.

use super::template::Record;
use crate::domain::identifiers;
use crate::random::Random;

const LAST: &[&str] =
    &["Тестов", "Образцов", "Примеров", "Макетов", "Эталонов", "Шаблонов", "Черновиков", "Заявителев"];
const FIRST: &[&str] = &["Пример", "Образец", "Шаблон", "Макет", "Эталон", "Тест"];
const MIDDLE: &[&str] = &["Образцович", "Примерович", "Тестович", "Макетович", "Эталонович"];
const REGION: &[&str] = &["Примерная область", "Образцовый край", "Республика Тестландия"];
const LOCALITY: &[&str] = &["г. Образцовск", "г. Примеров", "пос. Эталонный", "с. Макетное"];
const STREET: &[&str] = &["ул. Тестовая", "ул. Первая Примерная", "пр-кт Образцов", "пер. Черновой"];
const FIRM: &[&str] = &["Образец", "Эталон-Строй", "Макет и партнёры", "ПримерПром", "Тестовые системы"];
const BIK: &str = "049805746";

/// Officers of agencies.
pub(super) const OFFICERS: &[&str] =
    &["Исполнителев О. О.", "Инспекторова П. П.", "Экспертов М. М.", "Регистраторов Т. Т."];

/// Makes the applicant with this number; the same number is always the same applicant of the same seed.
pub(super) fn applicant(random: &mut Random, number: u64, record: &mut Record) {
    record.set("person_last_name", random.word(LAST));
    record.set("person_first_name", random.word(FIRST));
    record.set("person_middle_name", random.word(MIDDLE));
    record.set("postal_code", format!("999{:03}", random.below(1000)));
    record.set("region", random.word(REGION));
    record.set("locality", random.word(LOCALITY));
    record.set("street", random.word(STREET));
    record.set("house", format!("{}", random.below(200) + 1));
    record.set("phone", format!("+7000{:07}", number % 10_000_000));
    record.set("territory", format!("99{:06}", random.below(1_000_000)));
    match random.below(10) {
        0..=5 => person(random, number, record),
        6 | 7 => trader(number, record),
        _ => organization(random, number, record),
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

fn organization(random: &mut Random, number: u64, record: &mut Record) {
    let name = format!("Общество с ограниченной ответственностью «{} {}»", random.word(FIRM), number % 1000);
    record.set("organization_name", name);
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
        let mut kinds = [0; 3];
        for number in 0..500 {
            let mut record = Record::default();
            applicant(&mut Random::new(number), number, &mut record);
            let value = |name| record.value(name);
            assert!(value("inn").is_some_and(identifiers::inn), "{record:?}");
            assert!(value("snils").is_none_or(identifiers::snils), "{record:?}");
            assert!(value("ogrn").is_none_or(identifiers::ogrn), "{record:?}");
            assert!(value("ogrnip").is_none_or(identifiers::ogrnip), "{record:?}");
            assert!(value("kpp").is_none_or(identifiers::kpp), "{record:?}");
            assert!(value("account").is_none_or(|account| identifiers::account(account, BIK)), "{record:?}");
            let of = ["snils", "ogrnip", "ogrn"].map(|name| usize::from(value(name).is_some()));
            assert_eq!(of.iter().sum::<usize>(), 1);
            kinds.iter_mut().zip(of).for_each(|(count, one)| *count += one);
        }
        assert!(kinds.iter().all(|count| *count > 50), "{kinds:?}");
    }
}
