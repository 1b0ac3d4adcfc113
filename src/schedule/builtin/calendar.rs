//! From October on, warns when the production calendar of the next year is missing: terms would run into it and be stuck.

use chrono::{Datelike, NaiveDate};

use crate::schedule::job::{JobFault, Report, Run, Work, Working};

/// The month from which on terms may run into the next year in earnest.
const FROM_MONTH: u32 = 10;

#[derive(Debug)]
pub(super) struct NextYear;

impl Work for NextYear {
    fn run<'a>(&'a self, run: &'a Run<'a>) -> Working<'a> {
        Box::pin(async move {
            let day = run.slot.with_timezone(&run.pipeline.config.zone).date_naive();
            let year = if day.month() < FROM_MONTH { day.year() } else { day.year() + 1 };
            let Some(last) = NaiveDate::from_ymd_opt(year, 12, 31) else {
                return Err(JobFault::never("the slot lies beyond any calendar"));
            };
            // A year is there as a whole, or not at all.
            match run.pipeline.calendar.is_working(last) {
                Ok(_) => Ok(Report::of(0, format!("the production calendar of {year} is there"))),
                Err(fault) => Err(JobFault::never(fault)),
            }
        })
    }
}
