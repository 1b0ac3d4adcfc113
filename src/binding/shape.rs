//! The machinery of commands: a shape lists fields and lists, a record holds what was bound for them, and the macro `shape!` makes
//! a typed struct of both. Nothing here knows XML or any command.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// What kind of value a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// Text, white space already handled by the schema.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A moment, in UTC.
    Moment,
    /// A calendar day.
    Day,
    /// A moment from which something holds; a day means its beginning.
    Begin,
    /// The first moment at which something is over; a day means that it is the last one.
    End,
    /// Bytes, already decoded from base64 or hex.
    Bytes,
    /// Declared fields of the kind of case, by code.
    Details,
}

/// A value as it was bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    /// See [`FieldKind::Text`].
    Text(String),
    /// See [`FieldKind::Number`].
    Number(i64),
    /// See [`FieldKind::Flag`].
    Flag(bool),
    /// See [`FieldKind::Moment`].
    Moment(DateTime<Utc>),
    /// See [`FieldKind::Day`].
    Day(NaiveDate),
    /// See [`FieldKind::Begin`].
    Begin(Begin),
    /// See [`FieldKind::End`].
    End(End),
    /// See [`FieldKind::Bytes`].
    Bytes(Vec<u8>),
    /// See [`FieldKind::Details`].
    Details(Details),
}

/// A moment from which something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Begin(pub DateTime<Utc>);

/// The first moment at which something is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct End(pub DateTime<Utc>);

/// Declared fields of a kind of case, by code: numbers, days, moments (UTC) and flags in their plain written form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Details(pub BTreeMap<String, String>);

/// One field of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSpec {
    /// Name in code; binding files write it as [`FieldSpec::written`].
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether a message without it is refused.
    pub required: bool,
}

impl FieldSpec {
    /// The name as binding files write it.
    #[must_use]
    pub(super) fn written(&self) -> &'static str {
        self.name.strip_prefix("r#").unwrap_or(self.name)
    }
}

/// One repeating part of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListSpec {
    /// Name in binding files.
    pub name: &'static str,
    /// The fields of each entry.
    pub shape: &'static Shape,
}

/// The fields and lists of a command or of an entry of a list.
#[derive(Debug)]
pub(super) struct Shape {
    /// Name in binding files.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
    /// Its lists.
    pub lists: &'static [ListSpec],
}

/// Values bound for one shape, in the order of its fields and lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// One place for each field of the shape.
    pub fields: Vec<Option<Field>>,
    /// One place for each list of the shape.
    pub lists: Vec<Vec<Record>>,
}

impl Record {
    /// An empty record of a shape.
    #[must_use]
    pub(super) fn of(shape: &Shape) -> Self {
        Self { fields: vec![None; shape.fields.len()], lists: vec![Vec::new(); shape.lists.len()] }
    }
}

/// A required field that the message does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the field `{0}` is required")]
pub(super) struct Missing(pub &'static str);

/// A type that a [`Record`] can be turned into.
pub(super) trait Shaped: Sized {
    /// Its fields and lists.
    const SHAPE: &'static Shape;

    /// The typed form of a record of this shape.
    fn from_record(record: Record) -> Result<Self, Missing>;
}

pub(super) trait Typed: Sized {
    const KIND: FieldKind;
    const REQUIRED: bool = true;
    fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing>;
}

macro_rules! typed {
    ($($type:ty = $kind:ident;)*) => {$(
        impl Typed for $type {
            const KIND: FieldKind = FieldKind::$kind;
            fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing> {
                match field {
                    Some(Field::$kind(value)) => Ok(value),
                    _ => Err(Missing(name)),
                }
            }
        }
    )*};
}

typed! {
    String = Text;
    i64 = Number;
    bool = Flag;
    DateTime<Utc> = Moment;
    NaiveDate = Day;
    Begin = Begin;
    End = End;
    Vec<u8> = Bytes;
}

impl Typed for Details {
    const KIND: FieldKind = FieldKind::Details;
    const REQUIRED: bool = false;
    fn take(field: Option<Field>, _: &'static str) -> Result<Self, Missing> {
        match field {
            Some(Field::Details(details)) => Ok(details),
            _ => Ok(Self::default()),
        }
    }
}

impl<T: Typed> Typed for Option<T> {
    const KIND: FieldKind = T::KIND;
    const REQUIRED: bool = false;
    fn take(field: Option<Field>, name: &'static str) -> Result<Self, Missing> {
        Ok(field.and_then(|field| T::take(Some(field), name).ok()))
    }
}

macro_rules! shape {
    ($(#[$doc:meta])* $name:ident = $text:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        $(; $($(#[$list_doc:meta])* $list:ident: [$entry:ty],)*)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$list_doc])* pub $list: Vec<$entry>,)*)?
        }

        impl Shaped for $name {
            const SHAPE: &'static Shape = &Shape {
                name: $text,
                fields: &[$(FieldSpec {
                    name: stringify!($field),
                    kind: <$type as Typed>::KIND,
                    required: <$type as Typed>::REQUIRED,
                }),*],
                lists: &[$($(ListSpec {
                    name: stringify!($list),
                    shape: <$entry as Shaped>::SHAPE,
                }),*)?],
            };

            fn from_record(record: Record) -> Result<Self, Missing> {
                let mut fields = record.fields.into_iter();
                $(
                    let mut lists = record.lists.into_iter();
                    $(let $list = lists
                        .next()
                        .unwrap_or_default()
                        .into_iter()
                        .map(<$entry as Shaped>::from_record)
                        .collect::<Result<Vec<_>, _>>()?;)*
                )?
                Ok(Self {
                    $($field: Typed::take(fields.next().flatten(), stringify!($field))?,)*
                    $($($list,)*)?
                })
            }
        }
    };
}

pub(super) use shape;
