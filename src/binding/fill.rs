//! Captured values into records: each frame is a part, each slot a field, in the form that the command wants.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;

use super::command::Make;
use super::compile::{Part, Plan};
use super::shape::{Begin, Details, End, Field, FieldKind, FieldSpec, Record, Shape};
use crate::domain::term::day_end;
use crate::rules::{Captured, Date, DateTime as XmlDateTime, Frame, Value};
use crate::xml::Span;

/// Years that a moment or a day of a message may have.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// An item's record, and where the item stands.
pub(super) struct Filled {
    pub(super) record: Record,
    pub(super) shape: &'static Shape,
    /// How it becomes a command, where it is another than the file's.
    pub(super) make: Option<Make>,
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
    let mut drafts: Vec<Option<Draft>> = Vec::with_capacity(captured.frames.len());
    for frame in &captured.frames {
        drafts.push(Some(draft(frame, plan, zone)?));
    }
    let mut items = Vec::new();
    for at in (0..captured.frames.len()).rev() {
        let frame = &captured.frames[at];
        let Some(mut own) = drafts[at].take() else { continue };
        // Entries were pushed last first.
        own.record.lists.iter_mut().for_each(|list| list.reverse());
        let (part, shape) = &plan.parts[frame.spec.index()];
        match part {
            Part::Entry(list) => {
                let parent = frame.parent.and_then(|parent| drafts[parent as usize].as_mut());
                if let Some(parent) = parent {
                    parent.record.lists[*list].push(own.record);
                }
            }
            Part::Item(make) => own.each(|record| {
                let (span, path) = (frame.span, frame.path.clone());
                items.push(Filled { record, shape, make: *make, span, path });
            }),
            Part::Message if plan.whole => own.each(|record| {
                let (span, path) = (frame.span, frame.path.clone());
                items.push(Filled { record, shape, make: None, span, path });
            }),
            Part::Message => {
                for item in &mut items {
                    inherit(item, shape, &own.record);
                }
            }
        }
    }
    items.reverse();
    Ok(items)
}

/// A record in the making. A value map may leave it out, or make several of it.
struct Draft {
    record: Record,
    /// The field whose values make several of it.
    several: Option<(usize, Vec<Field>)>,
}

impl Draft {
    /// Every record that it makes, last first.
    fn each(self, mut take: impl FnMut(Record)) {
        match self.several {
            None => take(self.record),
            Some((field, values)) => {
                for value in values.into_iter().rev() {
                    let mut record = self.record.clone();
                    record.fields[field] = Some(value);
                    take(record);
                }
            }
        }
    }
}

/// Fields of the same name and kind pass from the message to its items.
fn inherit(item: &mut Filled, outer: &Shape, message: &Record) {
    for (spec, shared) in outer.fields.iter().zip(&message.fields) {
        let Some(shared) = shared else { continue };
        let same = |own: &FieldSpec| own.name == spec.name && own.kind == spec.kind;
        let Some(at) = item.shape.fields.iter().position(same) else { continue };
        match (&mut item.record.fields[at], shared) {
            (Some(Field::Details(own)), Field::Details(shared)) => {
                for (name, value) in &shared.0 {
                    own.0.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            (Some(_), _) => {}
            (own, shared) => *own = Some(shared.clone()),
        }
    }
}

/// A field, or one of the declared fields within it.
type Place<'p> = (usize, Option<&'p str>);

fn draft(frame: &Frame, plan: &Plan, zone: Tz) -> Result<Draft, Misfit> {
    let at = frame.spec.index();
    let shape = plan.parts[at].1;
    let mut record = Record::of(shape);
    for constant in &plan.constants[at] {
        put(&mut record, constant.field, constant.detail.as_deref(), constant.value.clone());
    }
    let mut ranks: HashMap<Place<'_>, usize> = HashMap::new();
    let mut several = None;
    let mut joined: HashMap<Place<'_>, (&str, BTreeMap<usize, String>)> = HashMap::new();
    for captured in &frame.values {
        for target in plan.targets.get(captured.slot.index()).into_iter().flatten() {
            if let Some(between) = &target.between {
                let misfit = || Misfit { field: target.spec.written(), span: captured.span, path: frame.path.clone() };
                let text = text(&captured.value).ok_or_else(misfit)?;
                let place = (target.field, target.detail.as_deref());
                joined.entry(place).or_insert_with(|| (between.as_str(), BTreeMap::new())).1.insert(target.rank, text);
                continue;
            }
            let rank = ranks.entry((target.field, target.detail.as_deref())).or_insert(usize::MAX);
            if target.rank >= *rank {
                continue;
            }
            let misfit = || Misfit { field: target.spec.written(), span: captured.span, path: frame.path.clone() };
            let ours = text(&captured.value).and_then(|text| target.values.get(&text));
            let value = match ours.map(Vec::as_slice) {
                None => field(&captured.value, target.spec.kind, zone).ok_or_else(misfit)?,
                Some([one]) => constant(one, target.spec.kind).ok_or_else(misfit)?,
                Some(many) => {
                    let values = many.iter().map(|one| constant(one, target.spec.kind)).collect::<Option<Vec<_>>>();
                    several = Some((target.field, values.ok_or_else(misfit)?));
                    *rank = target.rank;
                    continue;
                }
            };
            put(&mut record, target.field, target.detail.as_deref(), value);
            *rank = target.rank;
        }
    }
    for ((field, detail), (between, parts)) in joined {
        let text = parts.into_values().collect::<Vec<_>>().join(between);
        put(&mut record, field, detail, Field::Text(text));
    }
    Ok(Draft { record, several })
}

/// Sets a field, or one of the declared fields within it.
fn put(record: &mut Record, field: usize, detail: Option<&str>, value: Field) {
    let place = &mut record.fields[field];
    match (detail, value) {
        (Some(name), Field::Text(text)) => {
            let details = place.get_or_insert_with(|| Field::Details(Details::default()));
            if let Field::Details(details) = details {
                details.0.insert(name.to_owned(), text);
            }
        }
        (_, value) => *place = Some(value),
    }
}

/// A value that stands in the binding itself. None where it is not one of this kind.
pub(super) fn constant(written: &str, kind: FieldKind) -> Option<Field> {
    match kind {
        FieldKind::Text | FieldKind::Details => Some(Field::Text(written.to_owned())),
        FieldKind::Number => written.parse().ok().map(Field::Number),
        FieldKind::Flag => written.parse().ok().map(Field::Flag),
        FieldKind::Day => written.parse().ok().map(Field::Day),
        FieldKind::Moment | FieldKind::Begin | FieldKind::End | FieldKind::Bytes => None,
    }
}

fn field(value: &Value, kind: FieldKind, zone: Tz) -> Option<Field> {
    match kind {
        FieldKind::Text => text(value).map(Field::Text),
        FieldKind::Details => match value {
            Value::DateTime(moment) => utc(moment, zone).map(|one| Field::Text(written(one))),
            value => text(value).map(Field::Text),
        },
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
        FieldKind::Moment => exact(value, zone).map(Field::Moment),
        FieldKind::Begin => match value {
            Value::Date(date) => day(date)?.pred_opt().and_then(|day| day_end(day, zone)).map(Begin),
            value => exact(value, zone).map(Begin),
        }
        .map(Field::Begin),
        FieldKind::End => match value {
            Value::Date(date) => day(date).and_then(|day| day_end(day, zone)).map(End),
            value => exact(value, zone).map(End),
        }
        .map(Field::End),
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

fn exact(value: &Value, zone: Tz) -> Option<DateTime<Utc>> {
    match value {
        Value::DateTime(moment) => utc(moment, zone),
        Value::Text(text) => DateTime::parse_from_rfc3339(text.trim()).ok().map(|one| one.to_utc()),
        _ => None,
    }
}

/// A moment in its one written form.
fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
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
    NaiveDate::from_ymd_opt(year(date.year)?, date.month.into(), date.day.into())
}

/// A year of four digits: terms are counted from it, and what is written of it must be readable anywhere.
fn year(year: i64) -> Option<i32> {
    i32::try_from(year).ok().filter(|year| YEARS.contains(year))
}

/// A moment in UTC, whole milliseconds as the store keeps them; one without a zone is in ours.
fn utc(moment: &XmlDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let day = NaiveDate::from_ymd_opt(year(moment.year)?, moment.month.into(), moment.day.into())?;
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
