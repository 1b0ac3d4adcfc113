//! Words for types, facets and numbers, Russian and English.

use crate::rules::{Documentation, FacetKind, SimpleView};
use crate::xml::Language;

/// Alternatives of an enumeration that are named.
const ALTERNATIVES_MAX: usize = 60;

/// One of two texts.
pub(super) fn said(language: Language, english: &'static str, russian: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Russian => russian,
    }
}

/// The annotation in a language, else the one without, else the first.
pub(super) fn documentation(all: &[Documentation], language: Language) -> String {
    let wanted = said(language, "en", "ru");
    let is = |found: &&Documentation| found.language == wanted || found.language.starts_with(&format!("{wanted}-"));
    let plain = |found: &&Documentation| found.language.is_empty();
    let chosen = all.iter().find(is).or_else(|| all.iter().find(plain)).or_else(|| all.first());
    let Some(chosen) = chosen else { return String::new() };
    let same: Vec<&str> =
        all.iter().filter(|found| found.language == chosen.language).map(|found| found.text.as_str()).collect();
    same.join(" ")
}

/// How often: `1`, `0..1`, `2..∞`.
pub(super) fn occurs(least: u32, most: Option<u32>) -> String {
    match most {
        Some(most) if most == least => least.to_string(),
        Some(most) => format!("{least}..{most}"),
        None => format!("{least}..∞"),
    }
}

/// A simple type: its own name, and what it comes from in words.
pub(super) fn simple_type(simple: SimpleView<'_>, language: Language) -> String {
    let kind = kind(simple, language);
    let name = simple.name();
    if name.is_empty() || is_built_in(simple) { kind } else { format!("{name}: {kind}") }
}

fn is_built_in(simple: SimpleView<'_>) -> bool {
    simple.is_built_in()
}

fn kind(simple: SimpleView<'_>, language: Language) -> String {
    if let Some(item) = simple.list_item() {
        return format!("{} ({})", said(language, "list", "список"), simple_type(item, language));
    }
    let members = simple.union_members();
    if !members.is_empty() {
        let words: Vec<String> = members.iter().map(|member| simple_type(*member, language)).collect();
        return words.join(said(language, " or ", " или "));
    }
    built_in(simple.built_in(), language)
}

/// A built-in type.
fn built_in(name: &str, language: Language) -> String {
    let russian = match name {
        "anySimpleType" => "любое значение",
        "string" | "normalizedString" => "строка",
        "token" => "строка без лишних пробелов",
        "boolean" => "да или нет",
        "decimal" => "десятичное число",
        "float" | "double" => "число с плавающей точкой",
        "integer" => "целое число",
        "long" | "int" | "short" | "byte" => "целое число",
        "nonNegativeInteger" | "unsignedLong" | "unsignedInt" | "unsignedShort" | "unsignedByte" => {
            "целое неотрицательное число"
        }
        "positiveInteger" => "целое положительное число",
        "nonPositiveInteger" => "целое неположительное число",
        "negativeInteger" => "целое отрицательное число",
        "date" => "дата ГГГГ-ММ-ДД",
        "dateTime" => "дата и время ГГГГ-ММ-ДДTчч:мм:сс",
        "time" => "время чч:мм:сс",
        "duration" => "длительность, например P1DT2H",
        "gYear" => "год",
        "gYearMonth" => "год и месяц",
        "gMonth" => "месяц",
        "gMonthDay" => "месяц и день",
        "gDay" => "день месяца",
        "hexBinary" => "двоичные данные (hex)",
        "base64Binary" => "двоичные данные (base64)",
        "anyURI" => "адрес (URI)",
        "language" => "код языка",
        "ID" => "идентификатор в документе (ID)",
        "IDREF" => "ссылка на идентификатор (IDREF)",
        "QName" => "имя с префиксом (QName)",
        "NOTATION" => "имя нотации",
        "Name" | "NCName" | "NMTOKEN" => "имя",
        other => return other.to_owned(),
    };
    match language {
        Language::Russian => russian.to_owned(),
        Language::English => name.to_owned(),
    }
}

/// What the facets of a simple type let through, in words.
pub(super) fn values(simple: SimpleView<'_>, language: Language) -> Vec<String> {
    let mut words = Vec::new();
    let facets = simple.facets();
    let find = |kind: FacetKind| {
        facets.iter().find(|(known, _)| *known == kind).and_then(|(_, values)| values.first().cloned())
    };
    let enumeration = simple.enumeration();
    if !enumeration.is_empty() {
        let shown = &enumeration[..enumeration.len().min(ALTERNATIVES_MAX)];
        let mut text = format!("{}: {}", said(language, "one of", "одно из"), shown.join(", "));
        if shown.len() < enumeration.len() {
            let more = enumeration.len() - shown.len();
            text.push_str(&format!("; {} {more}", said(language, "and more:", "и ещё")));
        }
        words.push(text);
    }
    words.extend(length(find(FacetKind::Length), find(FacetKind::MinLength), find(FacetKind::MaxLength), language));
    // The bounds of the built-in types go without saying.
    let base = if simple.is_built_in() { Vec::new() } else { built_in_facets(simple) };
    let own = |kind: FacetKind| {
        find(kind).filter(|value| !base.iter().any(|(known, values)| *known == kind && values.first() == Some(value)))
    };
    for (kind, sign) in [
        (FacetKind::MinInclusive, "≥"),
        (FacetKind::MinExclusive, ">"),
        (FacetKind::MaxInclusive, "≤"),
        (FacetKind::MaxExclusive, "<"),
    ] {
        words.extend(own(kind).filter(|_| !simple.is_built_in()).map(|value| format!("{sign} {value}")));
    }
    if let Some(value) = find(FacetKind::TotalDigits) {
        words.push(format!("{} {value}", said(language, "digits at most:", "цифр не больше")));
    }
    if let Some(value) = own(FacetKind::FractionDigits).filter(|_| !simple.is_built_in()) {
        words.push(format!(
            "{} {value}",
            said(language, "digits behind the point at most:", "знаков после точки не больше")
        ));
    }
    for (kind, sources) in &facets {
        if *kind == FacetKind::Pattern {
            words.push(format!(
                "{}: {}",
                said(language, "pattern", "образец"),
                sources.join(said(language, " or ", " или "))
            ));
        }
    }
    words
}

/// The facets of the built-in type that a type comes from.
fn built_in_facets(simple: SimpleView<'_>) -> Vec<(FacetKind, Vec<String>)> {
    let mut here = simple;
    while !here.is_built_in() {
        here = here.base();
    }
    here.facets()
}

fn length(exact: Option<String>, least: Option<String>, most: Option<String>, language: Language) -> Option<String> {
    let word = said(language, "length", "длина");
    match (exact, least, most) {
        (Some(exact), ..) => Some(format!("{word} {exact}")),
        (None, Some(least), Some(most)) if least == most => Some(format!("{word} {least}")),
        (None, Some(least), Some(most)) => Some(format!("{word} {least}–{most}")),
        (None, Some(least), None) => Some(format!("{word} ≥ {least}")),
        (None, None, Some(most)) => Some(format!("{word} ≤ {most}")),
        (None, None, None) => None,
    }
}
