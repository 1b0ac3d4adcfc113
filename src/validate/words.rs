//! Violations in words, Russian and English.

use super::violation::{Detail, Unit};
use crate::rules::FacetKind;
use crate::xml::{self, Language};

/// Alternatives told of a long list.
const ALTERNATIVES_MAX: usize = 12;

/// The violation in words; `value` is shown where it is given.
pub(super) fn text(detail: &Detail, value: Option<&str>, language: Language) -> String {
    let mut text = match language {
        Language::Russian => russian(detail),
        Language::English => english(detail),
    };
    if let Some(value) = value {
        text.push_str(match language {
            Language::Russian => "; в документе: «",
            Language::English => "; the document has \"",
        });
        text.extend(value.chars().map(harmless));
        text.push(if language == Language::Russian { '»' } else { '"' });
    }
    text
}

/// A character of a document as it is shown in a line of text.
fn harmless(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        _ if xml::is_treacherous(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

fn listed(words: &[String], or: &str, more: &str) -> String {
    listed_of(words, words.len(), or, more)
}

/// A list of `count` words, of which the first are given.
fn listed_of(words: &[String], count: usize, or: &str, more: &str) -> String {
    let shown = &words[..words.len().min(ALTERNATIVES_MAX)];
    let mut text = match shown {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {or} {last}", rest.join(", ")),
    };
    if count > shown.len() {
        text.push_str(&format!(" ({more} {})", count - shown.len()));
    }
    text
}

fn english(detail: &Detail) -> String {
    let or = |words: &[String]| listed(words, "or", "and more:");
    let hint = |near: &Option<String>| near.as_ref().map_or(String::new(), |near| format!("; did you mean {near}?"));
    match detail {
        Detail::UnknownRoot { name, nearest } => {
            let hint = if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", or(nearest)) };
            format!("the schema declares no root element <{name}>{hint}")
        }
        Detail::UnexpectedElement { name, expected, nearest } => {
            let instead = if expected.is_empty() {
                "; nothing more may stand here".to_owned()
            } else {
                format!("; expected: {}", or(expected))
            };
            format!("element <{name}> cannot stand here{instead}{}", hint(nearest))
        }
        Detail::ElementInText { name } => format!("element <{name}> cannot stand here: the content is text"),
        Detail::NotEmpty => "the element must be empty".to_owned(),
        Detail::MissingElement { expected } => format!("the content is incomplete; expected: {}", or(expected)),
        Detail::TextBetweenElements => "text cannot stand between these elements".to_owned(),
        Detail::UnknownAttribute { name, nearest } => format!("attribute {name} is not allowed here{}", hint(nearest)),
        Detail::MissingAttribute { name } => format!("attribute {name} is missing"),
        Detail::BadLiteral { type_name } => format!("the value is not of the type {type_name}"),
        Detail::NoMember { members } => format!("the value is neither {}", listed(members, "nor", "and more:")),
        Detail::BadPrefix => "the prefix of the value is not declared".to_owned(),
        Detail::Facet { kind, values, count, unit, nearest } => {
            let values = listed_of(values, *count, "or", "and more:");
            format!("{}{}", english_facet(*kind, &values, *unit), hint(nearest))
        }
        Detail::Check { english, .. } => format!("the value must be {english}"),
        Detail::Pair { english, paths, .. } => format!("{english} ({} and {})", paths[0], paths[1]),
        Detail::NotFixed { expected, .. } => format!("the value must be {}", or(expected)),
        Detail::AbstractElement { name, expected } => {
            format!("element <{name}> is abstract; one of its substitutes must stand here: {}", or(expected))
        }
        Detail::AbstractType { name } => format!("type {name} is abstract; xsi:type must name a derived one"),
        Detail::UnknownType => "xsi:type names no known type".to_owned(),
        Detail::WrongType { name } => format!("type {name} may not stand here in place of the declared one"),
        Detail::NotNillable => "xsi:nil is not allowed here".to_owned(),
        Detail::NilWithContent => "an element with xsi:nil must be empty".to_owned(),
        Detail::NilWithFixed => "an element with a fixed value cannot have xsi:nil".to_owned(),
        Detail::Undeclared { name } => format!("the schema does not declare {name}"),
        Detail::DuplicateKey { identity, line, .. } => {
            format!("a value of {identity} is given twice, first in line {line}")
        }
        Detail::MissingKeyField { identity } => format!("a part of key {identity} is missing"),
        Detail::KeyNotFound { identity } => format!("{identity} refers to a value that is not there"),
        Detail::FieldTwice { identity } => format!("a field of {identity} has more than one value"),
        Detail::FieldNotSimple { identity } => format!("a field of {identity} has no simple value"),
        Detail::NillableKey { identity } => format!("a part of key {identity} may not be nil"),
        Detail::DuplicateId => "the ID is given twice".to_owned(),
        Detail::IdNotFound => "there is no such ID in the document".to_owned(),
        Detail::UnknownEntity => "the entity is not declared".to_owned(),
        Detail::TooAmbiguous => "the content can be read in too many ways".to_owned(),
    }
}

fn english_facet(kind: FacetKind, or: &str, unit: Unit) -> String {
    let unit = match (unit, or == "1") {
        (Unit::Character, true) => "character",
        (Unit::Character, false) => "characters",
        (Unit::Octet, true) => "octet",
        (Unit::Octet, false) => "octets",
        (Unit::Item, true) => "item of the list",
        (Unit::Item, false) => "items of the list",
    };
    match kind {
        FacetKind::Length => format!("the length must be {or} {unit}"),
        FacetKind::MinLength => format!("the value is shorter than {or} {unit}"),
        FacetKind::MaxLength => format!("the value is longer than {or} {unit}"),
        FacetKind::Pattern => format!("the value does not match the pattern {or}"),
        FacetKind::Enumeration => format!("the value is none of the allowed ones: {or}"),
        FacetKind::WhiteSpace => "the white space is wrong".to_owned(),
        FacetKind::MaxInclusive => format!("the value must be at most {or}"),
        FacetKind::MaxExclusive => format!("the value must be less than {or}"),
        FacetKind::MinInclusive => format!("the value must be at least {or}"),
        FacetKind::MinExclusive => format!("the value must be greater than {or}"),
        FacetKind::TotalDigits => format!("the number has more than {or} digits"),
        FacetKind::FractionDigits => format!("the number has more than {or} digits behind the point"),
    }
}

fn russian(detail: &Detail) -> String {
    let or = |words: &[String]| listed(words, "или", "и ещё:");
    let hint = |near: &Option<String>| {
        near.as_ref().map_or(String::new(), |near| format!("; возможно, имелось в виду «{near}»"))
    };
    match detail {
        Detail::UnknownRoot { name, nearest } => {
            let hint = if nearest.is_empty() {
                String::new()
            } else {
                format!("; возможно, имелось в виду «{}»", or(nearest))
            };
            format!("корневой элемент <{name}> не описан в схеме{hint}")
        }
        Detail::UnexpectedElement { name, expected, nearest } => {
            let instead = if expected.is_empty() {
                "; здесь больше ничего не может быть".to_owned()
            } else {
                format!("; ожидается: {}", or(expected))
            };
            format!("элемент <{name}> здесь недопустим{instead}{}", hint(nearest))
        }
        Detail::ElementInText { name } => format!("элемент <{name}> здесь недопустим: содержимое — текст"),
        Detail::NotEmpty => "элемент должен быть пустым".to_owned(),
        Detail::MissingElement { expected } => format!("содержимое неполно; ожидается: {}", or(expected)),
        Detail::TextBetweenElements => "между этими элементами не может быть текста".to_owned(),
        Detail::UnknownAttribute { name, nearest } => format!("атрибут {name} здесь недопустим{}", hint(nearest)),
        Detail::MissingAttribute { name } => format!("не указан атрибут {name}"),
        Detail::BadLiteral { type_name } => format!("значение не соответствует типу {type_name}"),
        Detail::NoMember { members } => format!("значение не соответствует ни одному из типов: {}", or(members)),
        Detail::BadPrefix => "префикс значения не объявлен".to_owned(),
        Detail::Facet { kind, values, count, unit, nearest } => {
            let values = listed_of(values, *count, "или", "и ещё:");
            format!("{}{}", russian_facet(*kind, &values, *unit), hint(nearest))
        }
        Detail::Check { russian, .. } => format!("ожидается {russian}"),
        Detail::Pair { russian, paths, .. } => format!("{russian} ({} и {})", paths[0], paths[1]),
        Detail::NotFixed { expected, .. } => format!("значение должно быть равно {}", or(expected)),
        Detail::AbstractElement { name, expected } => {
            format!("элемент <{name}> абстрактный; вместо него ожидается: {}", or(expected))
        }
        Detail::AbstractType { name } => format!("тип {name} абстрактный; укажите производный тип в xsi:type"),
        Detail::UnknownType => "тип, указанный в xsi:type, неизвестен".to_owned(),
        Detail::WrongType { name } => format!("тип {name} не может заменить здесь описанный в схеме"),
        Detail::NotNillable => "xsi:nil здесь недопустим".to_owned(),
        Detail::NilWithContent => "элемент с xsi:nil должен быть пустым".to_owned(),
        Detail::NilWithFixed => "у элемента с постоянным значением не может быть xsi:nil".to_owned(),
        Detail::Undeclared { name } => format!("имя {name} не описано в схеме"),
        Detail::DuplicateKey { identity, line, .. } => {
            format!("значение, уникальное по правилу {identity}, указано дважды, впервые в строке {line}")
        }
        Detail::MissingKeyField { identity } => format!("не указана часть ключа {identity}"),
        Detail::KeyNotFound { identity } => format!("ссылка {identity} указывает на отсутствующее значение"),
        Detail::FieldTwice { identity } => format!("у поля правила {identity} больше одного значения"),
        Detail::FieldNotSimple { identity } => format!("у поля правила {identity} нет простого значения"),
        Detail::NillableKey { identity } => format!("часть ключа {identity} не может быть пустой (xsi:nil)"),
        Detail::DuplicateId => "идентификатор (ID) указан дважды".to_owned(),
        Detail::IdNotFound => "в документе нет такого идентификатора (ID)".to_owned(),
        Detail::UnknownEntity => "сущность не объявлена".to_owned(),
        Detail::TooAmbiguous => "содержимое можно прочитать слишком многими способами".to_owned(),
    }
}

fn russian_facet(kind: FacetKind, or: &str, unit: Unit) -> String {
    let one = or.ends_with('1') && !or.ends_with("11");
    let unit = match (unit, one) {
        (Unit::Character, true) => "символа",
        (Unit::Character, false) => "символов",
        (Unit::Octet, true) => "октета",
        (Unit::Octet, false) => "октетов",
        (Unit::Item, true) => "элемента списка",
        (Unit::Item, false) => "элементов списка",
    };
    match kind {
        FacetKind::Length => format!("длина значения отличается от {or} {unit}"),
        FacetKind::MinLength => format!("длина значения меньше {or} {unit}"),
        FacetKind::MaxLength => format!("длина значения больше {or} {unit}"),
        FacetKind::Pattern => format!("значение не соответствует образцу {or}"),
        FacetKind::Enumeration => format!("значения нет среди допустимых: {or}"),
        FacetKind::WhiteSpace => "неверные пробелы".to_owned(),
        FacetKind::MaxInclusive => format!("значение должно быть не больше {or}"),
        FacetKind::MaxExclusive => format!("значение должно быть меньше {or}"),
        FacetKind::MinInclusive => format!("значение должно быть не меньше {or}"),
        FacetKind::MinExclusive => format!("значение должно быть больше {or}"),
        FacetKind::TotalDigits => format!("в числе больше {or} цифр"),
        FacetKind::FractionDigits => format!("в дробной части больше {or} цифр"),
    }
}
