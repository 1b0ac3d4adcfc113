//! What of a report stands on the page of all reports: few columns, the rows that matter most, the figures above everything. The reports
//! themselves have the rest.

use super::report;
use super::table::{Asked, Table};
use super::value;
use super::{ExportFault, Headings};
use crate::hypertext::escaped;
use crate::store::{Cell, Page, PageRow, Report};

/// What stands on the page.
#[derive(Debug, Clone, Copy)]
struct Digest {
    report: &'static str,
    columns: &'static [&'static str],
    /// Rows that agree in these are added up; none: each stands for itself.
    by: Option<&'static [&'static str]>,
    /// The rows that have most of this come first.
    most: &'static str,
    rows_max: usize,
}

const DIGESTS: [Digest; 5] = [
    Digest {
        report: "cases-by-status",
        columns: &["kind_label", "status_label", "cases"],
        by: Some(&["system", "kind", "status"]),
        most: "cases",
        rows_max: 15,
    },
    Digest {
        report: "terms",
        columns: &["system", "kind_label", "term_label", "kept", "broken", "share", "p50", "p90"],
        by: None,
        most: "broken",
        rows_max: 15,
    },
    Digest {
        report: "throughput",
        columns: &["sender", "messages", "applied", "failed", "parked", "repeats"],
        by: Some(&["sender"]),
        most: "messages",
        rows_max: 15,
    },
    Digest {
        report: "violations",
        columns: &["code_label", "system", "kind", "path", "violations", "messages", "senders"],
        by: None,
        most: "violations",
        rows_max: 10,
    },
    Digest {
        report: "responses",
        columns: &["agency", "system", "kind_label", "answers", "p50", "p90", "longest"],
        by: None,
        most: "answers",
        rows_max: 15,
    },
];

/// A report in short.
#[derive(Debug)]
pub(super) struct Short {
    /// Its columns.
    pub(super) table: Table,
    /// Its rows.
    pub(super) page: Page,
    /// What is to be said of rows that are left out.
    pub(super) note: String,
}

/// A report in short: of rows as they are read.
pub(super) fn short(of: &'static Report, page: &Page) -> Result<Short, ExportFault> {
    let Some(digest) = DIGESTS.iter().find(|digest| digest.report == of.code) else {
        return Err(ExportFault::Schema(format!(
            "nothing is said of how {} stands on the page of all reports",
            of.code
        )));
    };
    let all = Table::for_people(of.columns, &[], Headings::Russian);
    let asked: Vec<Asked> =
        digest.columns.iter().filter_map(|code| all.iter().find(|asked| asked.code == *code)).cloned().collect();
    let table = Table::new(of.columns, Vec::new(), Some(&asked), Headings::Russian)
        .map_err(|unknown| ExportFault::Schema(unknown.join(", ")))?;
    let summed = digest.by.map(|by| {
        report::folded(
            of,
            page,
            |column, cell| {
                if by.contains(&column.code) { cell.text().to_owned() } else { String::new() }
            },
        )
    });
    let page = summed.as_ref().unwrap_or(page);
    let most = report::place(of, digest.most);
    let mut rows: Vec<PageRow<'_>> = page.rows().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(number(row, most)));
    let left = rows.len().saturating_sub(digest.rows_max);
    rows.truncate(digest.rows_max);
    let mut chosen = Page::of_width(page.width());
    rows.iter().for_each(|row| (0..page.width()).for_each(|at| chosen.push(row.cell(at))));
    let note = match left {
        0 => String::new(),
        left => format!("Ещё строк: {left}. Все они — в отчёте {} («{}»).", of.code, of.label),
    };
    Ok(Short { page: report::chosen(of, &chosen, &table, &[]), table, note })
}

fn number(row: &PageRow<'_>, at: usize) -> i64 {
    match row.cell(at) {
        Cell::Number(number) => number,
        Cell::Nothing | Cell::Text(_) => 0,
    }
}

/// The figures above everything, as HTML.
pub(super) fn figures(reports: &[(&'static Report, Page)]) -> String {
    let total = |code: &str, column: &str| -> u64 {
        let of = reports.iter().find(|(report, _)| report.code == code);
        let sum = of.map(|(of, page)| page.rows().map(|row| number(&row, report::place(of, column))).sum::<i64>());
        sum.and_then(|sum| u64::try_from(sum).ok()).unwrap_or_default()
    };
    let (messages, failed) = (total("throughput", "messages"), total("throughput", "failed"));
    let (kept, broken) = (total("terms", "kept"), total("terms", "broken"));
    let list = [
        ("Сообщений принято", messages, String::new()),
        ("Сообщений отклонено", failed, share(failed, messages)),
        ("Переходов дел", total("cases-by-status", "cases"), String::new()),
        ("Сроков соблюдено", kept, share(kept, kept + broken)),
        ("Сроков нарушено", broken, share(broken, kept + broken)),
        ("Ответов ведомств", total("responses", "answers"), String::new()),
    ];
    let mut out = String::from("<dl class=\"figures\">\n");
    for (label, count, share) in list {
        let mut told = String::new();
        value::grouped(count, &mut told);
        out.push_str(&format!("<div><dt>{}</dt><dd>{told}", escaped(label)));
        if !share.is_empty() {
            out.push_str(&format!(" <small>{share}</small>"));
        }
        out.push_str("</dd></div>\n");
    }
    out.push_str("</dl>\n");
    out
}

/// `12,5 %` of a whole; nothing of nothing.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let mut out = String::new();
    let permille = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    value::decimal(i64::try_from(permille).unwrap_or(i64::MAX), 1, ',', &mut out);
    out + " %"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::reports;

    fn throughput() -> Page {
        let report = Report::get("throughput").unwrap();
        let mut page = Page::of_width(report.reads().count());
        for (day, sender, messages, failed) in
            [("2026-03-02", "A", 1, 1), ("2026-03-03", "A", 2, 0), ("2026-03-03", "B", 1997, 249)]
        {
            [day, sender, "epgu", "StatusUpdate"].iter().for_each(|text| page.push(Cell::Text(text)));
            [messages, messages - failed, failed, 0, 0, 0].iter().for_each(|number| page.push(Cell::Number(*number)));
        }
        page
    }

    #[test]
    fn every_report_stands_on_the_page_with_columns_that_it_has() {
        for report in reports::ALL {
            let page = Page::of_width(report.reads().count());
            let short = short(report, &page).unwrap();
            let digest = DIGESTS.iter().find(|digest| digest.report == report.code).unwrap();
            let columns: Vec<&str> = short.table.columns.iter().map(|column| column.code.as_str()).collect();
            assert_eq!(columns, digest.columns, "{}", report.code);
            assert!(report::place(report, digest.most) < page.width(), "{}", report.code);
        }
        assert_eq!(DIGESTS.len(), reports::ALL.len());
    }

    #[test]
    fn rows_are_added_up_and_the_most_comes_first() {
        let short = short(Report::get("throughput").unwrap(), &throughput()).unwrap();
        let rows: Vec<(String, i64)> =
            short.page.rows().map(|row| (row.cell(0).text().to_owned(), number(&row, 1))).collect();
        assert_eq!(rows, [("B".to_owned(), 1997), ("A".to_owned(), 3)]);
        assert_eq!(short.note, "");
    }

    #[test]
    fn figures_are_totals_and_shares() {
        let told = figures(&[(Report::get("throughput").unwrap(), throughput())]);
        assert!(told.contains("<dd>2\u{a0}000</dd>") && told.contains("<dd>250 <small>12,5 %</small></dd>"), "{told}");
        assert!(told.contains("<dt>Сроков нарушено</dt><dd>0</dd>"), "{told}");
    }
}
