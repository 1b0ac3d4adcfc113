//! Captured values into records: each frame is a part, each slot a field, in the form that the command wants.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::command::{Field, FieldKind, Record};
use super::compile::{Part, Plan, Target};
use crate::rules::{Captured, Date, DateTime as XmlDateTime, Frame, Value};
use crate::xml::Span;

/// An item's record, and where the item stands.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) record: Record,
    pub(super) span: Span,
    pub(super) path: String,
}

/// A value that has not the form that its field wants.
#[derive(Debug, Clone)]
pub(super) struct Misfit {
    pub(super) field: &'static str,
    pub(super) span: Span,
    pub(super) path: String,
}

/// The items of a message, in order. A message-level field counts for every item that has none of its own.
pub(super) fn items(captured: &Captured, plan: &Plan, zone: Tz) -> Result<Vec<Filled>, Misfit> {
    let mut records: Vec<Option<Record>> = Vec::with_capacity(captured.frames.len());
    for frame in &captured.frames {
        records.push(Some(record(frame, plan, zone)?));
    }
    let mut items = Vec::new();
    for at in (0..captured.frames.len()).rev() {
        let frame = &captured.frames[at];
        let Some(mut own) = records[at].take() else { continue };
        // Entries were pushed last first.
        own.lists.iter_mut().for_each(|list| list.reverse());
        match plan.parts[frame.spec.index()].0 {
            Part::Entry(list) => {
                let parent = frame.parent.and_then(|parent| records[parent as usize].as_mut());
                if let Some(parent) = parent {
                    parent.lists[list].push(own);
                }
            }
            Part::Item => items.push(Filled { record: own, span: frame.span, path: frame.path.clone() }),
            Part::Message if plan.whole => {
                items.push(Filled { record: own, span: frame.span, path: frame.path.clone() });
            }
            Part::Message => {
                for item in &mut items {
                    inherit(&mut item.record, &own);
                }
            }
        }
    }
    items.reverse();
    Ok(items)
}

fn inherit(item: &mut Record, message: &Record) {
    for (own, shared) in item.fields.iter_mut().zip(&message.fields) {
        if own.is_none() {
            own.clone_from(shared);
        }
    }
}

fn record(frame: &Frame, plan: &Plan, zone: Tz) -> Result<Record, Misfit> {
    let shape = plan.parts[frame.spec.index()].1;
    let mut record = Record::of(shape);
    let mut ranks = vec![usize::MAX; shape.fields.len()];
    for captured in &frame.values {
        for target in plan.targets.get(captured.slot.index()).into_iter().flatten() {
            if target.rank >= ranks[target.field] {
                continue;
            }
            let misfit = || Misfit { field: target.spec.written(), span: captured.span, path: frame.path.clone() };
            record.fields[target.field] = Some(field(&captured.value, target, zone).ok_or_else(misfit)?);
            ranks[target.field] = target.rank;
        }
    }
    Ok(record)
}

fn field(value: &Value, target: &Target, zone: Tz) -> Option<Field> {
    match target.spec.kind {
        FieldKind::Text => {
            let text = text(value)?;
            Some(Field::Text(target.values.get(&text).cloned().unwrap_or(text)))
        }
        FieldKind::Number => match value {
            Value::Integer(number) => Some(Field::Number(*number)),
            Value::Text(text) => text.trim().parse().ok().map(Field::Number),
            _ => None,
        },
        FieldKind::Flag => match value {
            Value::Boolean(flag) => Some(Field::Flag(*flag)),
            Value::Text(text) => match text.trim() {
                "true" | "1" => Some(Field::Flag(true)),
                "false" | "0" => Some(Field::Flag(false)),
                _ => None,
            },
            _ => None,
        },
        FieldKind::Moment => match value {
            Value::DateTime(moment) => utc(moment, zone).map(Field::Moment),
            Value::Text(text) => DateTime::parse_from_rfc3339(text.trim()).ok().map(|one| Field::Moment(one.to_utc())),
            _ => None,
        },
        FieldKind::Day => match value {
            Value::Date(date) => day(date).map(Field::Day),
            Value::DateTime(moment) => utc(moment, zone).map(|one| Field::Day(one.with_timezone(&zone).date_naive())),
            Value::Text(text) => text.trim().parse().ok().map(Field::Day),
            _ => None,
        },
        FieldKind::Bytes => match value {
            Value::Binary(bytes) => Some(Field::Bytes(bytes.clone())),
            _ => None,
        },
    }
}

fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Text(text) | Value::Decimal(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Date(date) => day(date)?.to_string(),
        Value::List(items) => items.iter().map(text).collect::<Option<Vec<_>>>()?.join(" "),
        _ => return None,
    })
}

fn day(date: &Date) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(date.year.try_into().ok()?, date.month.into(), date.day.into())
}

/// A moment in UTC, whole milliseconds as the store keeps them; one without a zone is in ours.
fn utc(moment: &XmlDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let day = NaiveDate::from_ymd_opt(moment.year.try_into().ok()?, moment.month.into(), moment.day.into())?;
    let (day, hour) = if moment.hour == 24 { (day.succ_opt()?, 0) } else { (day, moment.hour) };
    let milliseconds = moment.nanosecond / 1_000_000;
    let local: NaiveDateTime =
        day.and_hms_milli_opt(hour.into(), moment.minute.into(), moment.second.into(), milliseconds)?;
    match moment.zone_minutes {
        Some(minutes) => {
            let offset = FixedOffset::east_opt(i32::from(minutes) * 60)?;
            offset.from_local_datetime(&local).single().map(|one| one.to_utc())
        }
        None => zone.from_local_datetime(&local).earliest().map(|one| one.to_utc()),
    }
}
