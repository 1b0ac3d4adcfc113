//! Reports between the store and the file: what the lifecycles say about terms and turns goes in, quarters of an hour become days, the
//! columns asked for come out.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;

use super::table::Table;
use crate::apply::Lifecycles;
use crate::domain::lifecycle::{Action, Due, Lifecycle, Party, Timer};
use crate::store::{Cell, Column, Page, PageRow, Period, Report, ReportAsk};

/// What is asked of a report.
pub(super) fn ask(words: &Lifecycles, period: Option<Period>) -> ReportAsk {
    let mut ask = ReportAsk { period, ..ReportAsk::default() };
    for system in words.systems() {
        for lifecycle in system.kinds() {
            ask.terms
                .extend(terms(lifecycle).map(|term| [system.code().to_owned(), lifecycle.kind().code.clone(), term]));
            let waiting = lifecycle.statuses().iter().filter(|status| status.waits_for == Some(Party::Applicant));
            ask.waiting.extend(
                waiting.map(|status| [system.code().to_owned(), lifecycle.kind().code.clone(), status.code.clone()]),
            );
        }
    }
    ask
}

/// The timers of a kind that are terms: something is late when they go off.
fn terms(lifecycle: &Lifecycle) -> impl Iterator<Item = String> {
    let is_term = |timer: &&Timer| {
        matches!(timer.action, Action::Move { .. } | Action::Escalate { .. })
            && matches!(timer.due, Due::Deadline | Due::After(_) | Due::ServiceTerm)
    };
    let whole_life = lifecycle.timers().iter().filter(is_term).map(|timer| timer.code.clone());
    let statuses = lifecycle.statuses().iter();
    whole_life.chain(statuses.flat_map(move |status| {
        status.timers.iter().filter(is_term).map(move |timer| format!("{}/{}", status.code, timer.code))
    }))
}

/// The rows of a report with days in place of quarters of an hour.
pub(super) fn by_days(report: &Report, page: &Page, zone: Tz) -> Page {
    folded(report, page, |_, cell| match cell {
        Cell::Number(quarter) => day(quarter, zone),
        other => other.text().to_owned(),
    })
}

/// The rows of a report added up where their keys are alike: `key` says what of the key's columns stays of a value.
pub(super) fn folded(report: &Report, page: &Page, key: impl Fn(&Column, Cell<'_>) -> String) -> Page {
    let columns: Vec<&Column> = report.reads().collect();
    let counted = columns.iter().filter(|column| column.kind.is_number()).count();
    let texts = columns.len() - counted;
    let mut sums: BTreeMap<Vec<String>, Vec<i64>> = BTreeMap::new();
    for row in page.rows() {
        let key = (0..texts).map(|at| key(columns[at], row.cell(at)));
        let sums = sums.entry(key.collect()).or_insert_with(|| vec![0; counted]);
        for (at, sum) in sums.iter_mut().enumerate() {
            if let Cell::Number(number) = row.cell(texts + at) {
                *sum += number;
            }
        }
    }
    let mut folded = Page::of_width(columns.len());
    for (key, sums) in &sums {
        key.iter().for_each(|text| folded.push(Cell::Text(text)));
        sums.iter().for_each(|sum| folded.push(Cell::Number(*sum)));
    }
    folded
}

fn day(moment: i64, zone: Tz) -> String {
    let moment = DateTime::from_timestamp_millis(moment).unwrap_or_default();
    moment.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

/// Where a column stands among what is read of a report; beyond the last one where it is not read.
pub(super) fn place(report: &Report, code: &str) -> usize {
    report.reads().position(|read| read.code == code).unwrap_or(usize::MAX)
}

/// The rows that a filter lets through, with the values that a table reads.
pub(super) fn chosen(report: &Report, page: &Page, table: &Table, filter: &[(&'static Column, Vec<String>)]) -> Page {
    let place = |column: &Column| place(report, column.code);
    let places: Vec<usize> = table.reads.iter().map(|column| place(column)).collect();
    let lets_through = |row: &PageRow<'_>| {
        filter.iter().all(|(column, texts)| texts.iter().any(|text| row.cell(place(column)).text() == text))
    };
    let mut chosen = Page::of_width(places.len());
    for row in page.rows().filter(lets_through) {
        places.iter().for_each(|at| chosen.push(row.cell(*at)));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_become_days_of_a_zone_and_are_added_up() {
        let report = Report::get("throughput").unwrap();
        let mut page = Page::of_width(report.reads().count());
        // 20:45 and 21:00 UTC: the end of one day in Moscow and the beginning of the next.
        for (quarter, sender) in
            [(1_772_484_300_000, "A"), (1_772_485_200_000, "A"), (1_772_486_100_000, "A"), (1_772_485_200_000, "B")]
        {
            page.push(Cell::Number(quarter));
            [sender, "epgu", "StatusUpdate"].iter().for_each(|text| page.push(Cell::Text(text)));
            (1..=6).for_each(|number| page.push(Cell::Number(number)));
        }
        let folded = by_days(report, &page, chrono_tz::Europe::Moscow);
        let rows: Vec<(String, String, Cell<'_>)> = folded
            .rows()
            .map(|row| (row.cell(0).text().to_owned(), row.cell(1).text().to_owned(), row.cell(9)))
            .collect();
        assert_eq!(
            rows,
            [
                ("2026-03-02".into(), "A".into(), Cell::Number(6)),
                ("2026-03-03".into(), "A".into(), Cell::Number(12)),
                ("2026-03-03".into(), "B".into(), Cell::Number(6)),
            ]
        );
    }
}
