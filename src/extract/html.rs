//! An extract as a page that people read and print.

use std::fmt::Write as _;

use super::{Case, Extract, Group};
use crate::hypertext::{self, escaped, head, list, paragraph};

/// The whole page.
#[must_use]
pub fn page(extract: &Extract) -> String {
    let mut body = String::new();
    let _ = writeln!(
        body,
        "<p class=\"quiet\">№ {}, {}, {}</p>",
        escaped(&extract.number),
        escaped(&extract.system_label),
        escaped(&extract.agency)
    );
    paragraph(
        &format!("Период: с {} по {}. Составлена {}.", day(&extract.from), day(&extract.to), moment(&extract.made_at)),
        &mut body,
    );
    paragraph(&format!("Для чего: {}", extract.purpose), &mut body);
    let about: Vec<String> = extract.about.iter().map(|(kind, shown)| format!("{} {shown}", label(kind))).collect();
    paragraph(&format!("О ком: {}", about.join(", ")), &mut body);
    extract.groups.iter().for_each(|one| group(one, &mut body));
    if extract.cut {
        paragraph("Дел больше, чем вмещает выписка: показаны последние.", &mut body);
    }
    hypertext::page("ru", &extract.title, &body)
}

fn group(group: &Group, out: &mut String) {
    let _ = writeln!(out, "<h2>{} ({})</h2>", escaped(&group.label), group.cases.len());
    if group.cases.is_empty() {
        paragraph("За период нет.", out);
        return;
    }
    head(["Номер", "Статус", "Открыто", "Сведения", "Ход дела", "Документы"], out);
    group.cases.iter().for_each(|one| case(one, out));
    out.push_str("</tbody>\n</table>\n");
}

fn case(case: &Case, out: &mut String) {
    let fields: Vec<String> = case.fields.iter().map(|(_, label, value)| format!("{label}: {value}")).collect();
    let steps: Vec<String> = case.steps.iter().map(|(at, _, label)| format!("{}: {label}", moment(at))).collect();
    let documents: Vec<String> = case
        .documents
        .iter()
        .map(|one| match &one.number {
            Some(number) => format!("{} № {number}: {}", one.label, one.state),
            None => format!("{}: {}", one.label, one.state),
        })
        .collect();
    let title = case.title.as_ref().map(|title| format!("<br/>{}", escaped(title))).unwrap_or_default();
    let _ = writeln!(
        out,
        "<tr><td>{}{title}</td><td>{}, с {}</td><td class=\"number\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escaped(&case.number),
        escaped(&case.status.1),
        moment(&case.since),
        moment(&case.opened_at),
        list(&fields),
        list(&steps),
        list(&documents)
    );
}

fn label(kind: &str) -> &str {
    match kind {
        "snils" => "СНИЛС",
        "inn" => "ИНН",
        "ogrn" => "ОГРН",
        "ogrnip" => "ОГРНИП",
        other => other,
    }
}

/// A day as people write it; what is no day stays as it is.
fn day(iso: &str) -> String {
    iso.parse::<chrono::NaiveDate>().map_or_else(|_| iso.to_owned(), |day| day.format("%d.%m.%Y").to_string())
}

/// A moment as people write it, in the zone that it is told in.
fn moment(written: &str) -> String {
    let parsed = chrono::DateTime::parse_from_rfc3339(written);
    parsed.map_or_else(|_| written.to_owned(), |moment| moment.format("%d.%m.%Y %H:%M").to_string())
}
