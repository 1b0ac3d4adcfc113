//! What a status asks for by a day: the fields that it names, where they are filled, are told with it, and the first of their days is its
//! deadline where the message names none.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::steps::Told;
use super::world::Case;
use crate::domain::lifecycle::{Lifecycle, Status};
use crate::domain::wording::{Labelled, Wording};

/// What is told, and what the status asks for of this case beside it.
pub(super) fn with_what_is_asked<'t>(
    told: &'t Told,
    case: &Case,
    lifecycle: &Lifecycle,
    status: &Status,
) -> Cow<'t, Told> {
    if status.asked_by.is_empty() {
        return Cow::Borrowed(told);
    }
    let fields = status.asked_by.iter().filter_map(|code| lifecycle.kind().field(code));
    let mut asked: Vec<(NaiveDate, Wording)> = fields
        .filter_map(|field| {
            let day: NaiveDate = case.details.get(&field.code)?.as_str()?.parse().ok()?;
            Some((day, Wording::each(|language| format!("{} {}", field.told(language), language.day(day)))))
        })
        .collect();
    asked.sort_by_key(|(day, _)| *day);
    let mut told = told.clone();
    told.deadline = told.deadline.or(asked.first().map(|(day, _)| *day));
    told.missing.extend(asked.into_iter().map(|(_, text)| text));
    Cow::Owned(told)
}
