//! Charts as SVG, drawn here and not by the reader's machine: columns over days, bars beside names. Numbers stand beside what they
//! measure, and shades differ in brightness too, so that a black-and-white print can be read.

use std::collections::BTreeMap;

use super::table::{Row, Shown, Table};
use crate::apply::Lifecycles;
use crate::hypertext::escaped;
use crate::store::{Page, Report};

/// Width of a drawing; it is scaled to the page.
const WIDTH: usize = 760;
const LEFT: usize = 52;
const RIGHT: usize = 12;
const PLOT_HEIGHT: usize = 190;
const TOP: usize = 10;
const BAR_HEIGHT: usize = 28;
/// Between the two lines of a long name.
const LINE_HEIGHT: usize = 12;
const NAME_WIDTH: usize = 310;
/// Series and bars beyond these are added up as the rest, or left to the table.
const SERIES_MAX: usize = 9;
const BARS_MAX: usize = 15;
/// Shades from dark to light.
const SHADES: [&str; 10] =
    ["#1b4965", "#c8553d", "#5fa8d3", "#e0a458", "#2a7f62", "#7a5195", "#9ad1d4", "#8c6d46", "#e8b4bc", "#c4c4c4"];
const REST: &str = "прочие";
/// The longest name beside a bar, in characters.
const NAME_CHARACTERS_MAX: usize = 42;

/// What the columns of a chart are taken from.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    report: &'static str,
    caption: &'static str,
    shape: Shape,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Over the days: a series for each value of a column, or for each of several counts.
    Days { series: Series },
    /// A bar for each name that these columns make, stacked of these counts; what has one name is added up.
    Bars { named: &'static [&'static str], counts: &'static [(&'static str, &'static str)], decimals: u8 },
}

#[derive(Debug, Clone, Copy)]
enum Series {
    /// Named by a column, counted by another one.
    Of { name: &'static str, count: &'static str },
    /// Several counts.
    Counts(&'static [(&'static str, &'static str)]),
}

const DRAWN: &[Drawn] = &[
    Drawn {
        report: "cases-by-status",
        caption: "Переходы в статусы по дням",
        shape: Shape::Days { series: Series::Of { name: "status_label", count: "cases" } },
    },
    Drawn {
        report: "terms",
        caption: "Сколько сроков соблюдено и сколько нарушено",
        shape: Shape::Bars {
            named: &["term_label", "kind_label", "system"],
            counts: &[("kept", "соблюдены"), ("broken", "нарушены")],
            decimals: 0,
        },
    },
    Drawn {
        report: "throughput",
        caption: "Сообщения и отказы по дням",
        shape: Shape::Days {
            series: Series::Counts(&[("applied", "применено"), ("failed", "отказано"), ("parked", "ожидает")]),
        },
    },
    Drawn {
        report: "violations",
        caption: "Самые частые нарушения",
        shape: Shape::Bars {
            named: &["code_label", "kind"], counts: &[("violations", "нарушений")], decimals: 0
        },
    },
    Drawn {
        report: "responses",
        caption: "Время ответа: медиана, часы",
        shape: Shape::Bars {
            named: &["agency", "kind_label", "system"],
            counts: &[("p50", "медиана, ч")],
            decimals: 2,
        },
    },
];

/// The chart of a report as a figure; none where there is nothing to draw. The table must hold all columns of the report.
pub(super) fn figure(report: &Report, table: &Table, page: &Page, words: &Lifecycles) -> String {
    let Some(drawn) = DRAWN.iter().find(|drawn| drawn.report == report.code).filter(|_| !page.is_empty()) else {
        return String::new();
    };
    let rows: Vec<Row<'_>> = page.rows().map(|row| table.row(row, words)).collect();
    let svg = match drawn.shape {
        Shape::Days { series } => days(&rows, table, series),
        Shape::Bars { named, counts, decimals } => bars(&rows, table, named, counts, decimals),
    };
    format!("<figure><figcaption>{}</figcaption>\n{svg}</figure>\n", drawn.caption)
}

fn text(row: &Row<'_>, table: &Table, code: &str) -> String {
    let column = table.columns.iter().find(|column| column.code == code);
    match column.map(|column| row.for_people(column)) {
        Some(Shown::Text(text)) => text.to_owned(),
        Some(Shown::Made(text)) => text,
        Some(Shown::Number(number)) => number.to_string(),
        Some(Shown::Nothing) | None => String::new(),
    }
}

fn number(row: &Row<'_>, table: &Table, code: &str) -> u64 {
    let column = table.columns.iter().find(|column| column.code == code);
    match column.map(|column| row.value(column)) {
        Some(Shown::Number(number)) => u64::try_from(number).unwrap_or_default(),
        _ => 0,
    }
}

/// Days and, of each, how much each series has.
fn days(rows: &[Row<'_>], table: &Table, series: Series) -> String {
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        let day = counts.entry(text(row, table, "day")).or_default();
        let parts: Vec<(String, u64)> = match series {
            Series::Of { name, count } => vec![(text(row, table, name), number(row, table, count))],
            Series::Counts(list) => {
                list.iter().map(|(code, label)| ((*label).to_owned(), number(row, table, code))).collect()
            }
        };
        for (name, count) in parts {
            *totals.entry(name.clone()).or_default() += count;
            *day.entry(name).or_default() += count;
        }
    }
    let mut names: Vec<(String, u64)> = totals.into_iter().filter(|(_, total)| *total > 0).collect();
    if let Series::Counts(list) = series {
        names.sort_by_key(|(name, _)| list.iter().position(|(_, label)| label == name));
    } else {
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    let shown: Vec<String> = names.iter().take(SERIES_MAX).map(|(name, _)| name.clone()).collect();
    let has_rest = names.len() > shown.len();
    let stacks: Vec<(String, Vec<u64>)> = counts
        .into_iter()
        .map(|(day, of)| {
            let mut parts: Vec<u64> = shown.iter().map(|name| of.get(name).copied().unwrap_or_default()).collect();
            if has_rest {
                parts.push(of.iter().filter(|(name, _)| !shown.contains(name)).map(|(_, count)| count).sum());
            }
            (day, parts)
        })
        .collect();
    let mut legend = shown;
    if has_rest {
        legend.push(REST.to_owned());
    }
    columns(&stacks, &legend)
}

fn columns(stacks: &[(String, Vec<u64>)], legend: &[String]) -> String {
    let most = stacks.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().unwrap_or_default().max(1);
    let step = step(most);
    let top = most.div_ceil(step) * step;
    let slot = (WIDTH - LEFT - RIGHT) / stacks.len().max(1);
    let width = (slot * 4 / 5).clamp(1, 60);
    let legend_height = 18 * legend.len().div_ceil(3);
    let height = TOP + PLOT_HEIGHT + 38 + legend_height;
    let mut out = begin(height);
    let y = |value: u64| TOP + PLOT_HEIGHT - scaled(value, top, PLOT_HEIGHT);
    for line in 0..=top / step {
        let at = y(line * step);
        out.push_str(&format!(
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" stroke=\"#8885\"/><text x=\"{}\" y=\"{}\" \
             text-anchor=\"end\" fill=\"currentColor\">{}</text>\n",
            WIDTH - RIGHT,
            LEFT - 6,
            at + 4,
            line * step
        ));
    }
    // A name under so many columns that names do not run into each other; the year stands where it begins.
    let named = 34_usize.div_ceil(slot.max(1)).max(1);
    let mut year = "";
    for (at, (day, parts)) in stacks.iter().enumerate() {
        let x = LEFT + at * slot + (slot - width.min(slot)) / 2;
        let mut below = 0;
        for (shade, part) in parts.iter().enumerate().filter(|(_, part)| **part > 0) {
            let (from, to) = (y(below), y(below + part));
            below += part;
            out.push_str(&format!(
                "<rect x=\"{x}\" y=\"{to}\" width=\"{width}\" height=\"{}\" fill=\"{}\"><title>{}: {} — {part}</title></rect>\n",
                from - to,
                SHADES[shade.min(SHADES.len() - 1)],
                day_words(day),
                escaped(&legend[shade])
            ));
        }
        if at % named == 0 {
            out.push_str(&format!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{}</text>\n",
                x + width / 2,
                TOP + PLOT_HEIGHT + 16,
                short_day(day)
            ));
            let own = day.get(..4).unwrap_or_default();
            if own != year {
                out.push_str(&format!(
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{own}</text>\n",
                    x + width / 2,
                    TOP + PLOT_HEIGHT + 29
                ));
                year = own;
            }
        }
    }
    for (at, name) in legend.iter().enumerate() {
        key(&mut out, LEFT + at % 3 * 235, TOP + PLOT_HEIGHT + 42 + at / 3 * 18, at, name);
    }
    out.push_str("</svg>\n");
    out
}

fn bars(rows: &[Row<'_>], table: &Table, named: &[&str], counts: &[(&str, &str)], decimals: u8) -> String {
    let mut sums: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in rows {
        let mut parts: Vec<String> = Vec::new();
        for part in named.iter().map(|code| text(row, table, code)).filter(|part| !part.is_empty()) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let sum = sums.entry(parts.join(", ")).or_insert_with(|| vec![0; counts.len()]);
        sum.iter_mut().zip(counts).for_each(|(sum, (code, _))| *sum += number(row, table, code));
    }
    // A bar of nothing shows nothing; the table has its row.
    let mut list: Vec<(String, Vec<u64>)> =
        sums.into_iter().filter(|(_, parts)| parts.iter().any(|part| *part > 0)).collect();
    list.sort_by(|a, b| b.1.iter().sum::<u64>().cmp(&a.1.iter().sum::<u64>()).then_with(|| a.0.cmp(&b.0)));
    list.truncate(BARS_MAX);
    let most = list.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().unwrap_or_default().max(1);
    let room = WIDTH - NAME_WIDTH - RIGHT - 60;
    let height = TOP + list.len() * BAR_HEIGHT + 26;
    let mut out = begin(height);
    for (at, (name, parts)) in list.iter().enumerate() {
        let y = TOP + at * BAR_HEIGHT;
        let middle = y + BAR_HEIGHT / 2 + 3;
        let lines = lines(name);
        let first = middle - (lines.len() - 1) * LINE_HEIGHT / 2;
        for (line, part) in lines.iter().enumerate() {
            out.push_str(&format!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"currentColor\">{}</text>\n",
                NAME_WIDTH - 8,
                first + line * LINE_HEIGHT,
                escaped(part)
            ));
        }
        let mut x = NAME_WIDTH;
        for (shade, part) in parts.iter().enumerate() {
            let width = scaled(*part, most, room);
            out.push_str(&format!(
                "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{}\" fill=\"{}\"/>\n",
                y + 3,
                BAR_HEIGHT - 7,
                SHADES[shade]
            ));
            x += width;
        }
        let told: Vec<String> = parts.iter().map(|part| told(*part, decimals)).collect();
        out.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" fill=\"currentColor\">{}</text>\n",
            x + 6,
            middle,
            told.join(" / ")
        ));
    }
    for (at, (_, label)) in counts.iter().enumerate() {
        key(&mut out, NAME_WIDTH + at * 160, TOP + list.len() * BAR_HEIGHT + 8, at, label);
    }
    out.push_str("</svg>\n");
    out
}

fn begin(height: usize) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n")
}

fn key(out: &mut String, x: usize, y: usize, shade: usize, name: &str) {
    out.push_str(&format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"10\" height=\"10\" fill=\"{}\"/><text x=\"{}\" y=\"{}\" fill=\"currentColor\">{}</text>\n",
        SHADES[shade.min(SHADES.len() - 1)],
        x + 15,
        y + 9,
        escaped(&shortened(name))
    ));
}

fn scaled(value: u64, most: u64, room: usize) -> usize {
    let room = room as u64;
    usize::try_from(u128::from(value) * u128::from(room) / u128::from(most.max(1))).unwrap_or_default()
}

/// A round step of which a few make up the whole.
fn step(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for round in [1, 2, 5] {
            if most <= round * step * 5 {
                return round * step;
            }
        }
        step *= 10;
    }
}

fn told(number: u64, decimals: u8) -> String {
    let mut out = String::new();
    super::value::decimal(i64::try_from(number).unwrap_or(i64::MAX), decimals, ',', &mut out);
    out
}

fn day_words(day: &str) -> String {
    let mut out = String::new();
    super::value::day_for_people(day, &mut out);
    out
}

/// `02.03` of `2026-03-02`.
fn short_day(day: &str) -> String {
    day_words(day).get(..5).unwrap_or(day).to_owned()
}

/// A name in one line, or in two that break between words.
fn lines(name: &str) -> Vec<String> {
    let Some((end, _)) = name.char_indices().nth(NAME_CHARACTERS_MAX) else { return vec![name.to_owned()] };
    let (first, rest) = match name[..end].rfind(' ') {
        Some(space) => (&name[..space], &name[space + 1..]),
        None => name.split_at(end),
    };
    vec![first.to_owned(), shortened(rest)]
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARACTERS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_has_two_lines_and_none_loses_what_tells_it_from_others() {
        assert_eq!(lines("Подана"), ["Подана"]);
        assert_eq!(
            lines("Подана: Срок рассмотрения прошёл (3 рабочих дня), Апелляция, Госуслуги"),
            ["Подана: Срок рассмотрения прошёл (3", "рабочих дня), Апелляция, Госуслуги"]
        );
        let joined = lines(&"я".repeat(100));
        assert_eq!(joined.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [42, 42]);
    }

    #[test]
    fn steps_are_round_and_few() {
        for (most, expected) in [(1, 1), (5, 1), (6, 2), (11, 5), (26, 10), (50, 10), (51, 20), (4_321, 1_000)] {
            assert_eq!(step(most), expected, "{most}");
        }
    }

    #[test]
    fn columns_are_as_high_as_what_they_count_and_names_are_harmless() {
        let stacks = [("2026-03-02".to_owned(), vec![3, 1]), ("2026-03-03".to_owned(), vec![0, 2])];
        let svg = columns(&stacks, &["<принято>".to_owned(), "отказано".to_owned()]);
        assert!(svg.contains("&lt;принято&gt;") && !svg.contains("<принято>"), "{svg}");
        assert_eq!(svg.matches("<title>").count(), 3, "a part of nothing is not drawn");
        assert!(svg.contains(&format!("height=\"{}\"", scaled(3, 4, PLOT_HEIGHT))), "{svg}");
        assert!(svg.contains("02.03.2026: отказано — 1"), "{svg}");
    }
}
