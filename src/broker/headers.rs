//! AMQP header tables to JSON and back, without loss of what a peer could tell apart: what JSON has no word for
//! becomes an object with one key that begins with `$`.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ByteArray, DecimalValue, FieldArray, FieldTable, LongString, ShortString};
use serde_json::{Map, Number, Value, json};

/// A text that is not UTF-8, as hexadecimal digits.
const BYTES: &str = "$bytes";
/// RabbitMQ's byte array, as hexadecimal digits.
const BINARY: &str = "$binary";
/// Seconds since 1970.
const TIMESTAMP: &str = "$timestamp";
/// `{scale, value}`.
const DECIMAL: &str = "$decimal";
/// A number that JSON cannot hold: `NaN`, `inf`, `-inf`.
const FLOAT: &str = "$float";
/// A table that looks like one of these objects.
const TABLE: &str = "$table";

/// Deeper tables are cut off: JSON readers of others give up at 128.
const DEPTH_MAX: usize = 64;

/// Why headers cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// A key has this many bytes, more than 255.
    KeyTooLong(usize),
    /// Nested deeper than the limit.
    TooDeep,
}

/// A received table as JSON.
pub(super) fn received(table: &FieldTable) -> BTreeMap<String, Value> {
    table.inner().iter().map(|(key, value)| (key.as_str().to_owned(), from_amqp(value, 1))).collect()
}

/// A table to send.
pub(super) fn outgoing(headers: &BTreeMap<String, Value>) -> Result<FieldTable, HeaderFault> {
    let mut table = FieldTable::default();
    for (key, value) in headers {
        table.insert(short(key)?, to_amqp(value, 1)?);
    }
    Ok(table)
}

fn from_amqp(value: &AMQPValue, depth: usize) -> Value {
    match value {
        AMQPValue::Boolean(value) => Value::Bool(*value),
        AMQPValue::ShortShortInt(value) => json!(value),
        AMQPValue::ShortShortUInt(value) => json!(value),
        AMQPValue::ShortInt(value) => json!(value),
        AMQPValue::ShortUInt(value) => json!(value),
        AMQPValue::LongInt(value) => json!(value),
        AMQPValue::LongUInt(value) => json!(value),
        AMQPValue::LongLongInt(value) => json!(value),
        AMQPValue::Float(value) => float(f64::from(*value)),
        AMQPValue::Double(value) => float(*value),
        AMQPValue::DecimalValue(value) => json!({ DECIMAL: { "scale": value.scale, "value": value.value } }),
        AMQPValue::ShortString(value) => Value::String(value.as_str().to_owned()),
        AMQPValue::LongString(value) => text(value.as_bytes()),
        AMQPValue::Timestamp(value) => json!({ TIMESTAMP: value }),
        AMQPValue::ByteArray(value) => json!({ BINARY: hex::encode(value.as_slice()) }),
        AMQPValue::Void => Value::Null,
        AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_) if depth >= DEPTH_MAX => Value::Null,
        AMQPValue::FieldArray(values) => {
            Value::Array(values.as_slice().iter().map(|value| from_amqp(value, depth + 1)).collect())
        }
        AMQPValue::FieldTable(table) => {
            let object: Map<_, _> = table
                .inner()
                .iter()
                .map(|(key, value)| (key.as_str().to_owned(), from_amqp(value, depth + 1)))
                .collect();
            if looks_marked(&object) { json!({ TABLE: object }) } else { Value::Object(object) }
        }
    }
}

fn text(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => json!({ BYTES: hex::encode(bytes) }),
    }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| json!({ FLOAT: value.to_string() }), Value::Number)
}

fn to_amqp(value: &Value, depth: usize) -> Result<AMQPValue, HeaderFault> {
    if depth > DEPTH_MAX {
        return Err(HeaderFault::TooDeep);
    }
    Ok(match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(value) => AMQPValue::Boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => AMQPValue::LongLongInt(whole),
            (None, Some(float)) => AMQPValue::Double(float),
            (None, None) => AMQPValue::LongString(LongString::from(number.to_string().into_bytes())),
        },
        Value::String(text) => AMQPValue::LongString(LongString::from(text.as_bytes())),
        Value::Array(values) => {
            let values = values.iter().map(|value| to_amqp(value, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            AMQPValue::FieldArray(FieldArray::from(values))
        }
        Value::Object(object) => match marked(object) {
            Some(value) => value,
            None => AMQPValue::FieldTable(table(object, depth)?),
        },
    })
}

fn table(object: &Map<String, Value>, depth: usize) -> Result<FieldTable, HeaderFault> {
    let inner = match (looks_marked(object), object.get(TABLE)) {
        (true, Some(Value::Object(inner))) => inner,
        _ => object,
    };
    let mut table = FieldTable::default();
    for (key, value) in inner {
        table.insert(short(key)?, to_amqp(value, depth + 1)?);
    }
    Ok(table)
}

fn looks_marked(object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.keys().all(|key| key.starts_with('$'))
}

/// The value behind a `$` key; `None`: an ordinary table.
fn marked(object: &Map<String, Value>) -> Option<AMQPValue> {
    if !looks_marked(object) {
        return None;
    }
    let (key, value) = object.iter().next()?;
    match key.as_str() {
        BYTES => Some(AMQPValue::LongString(LongString::from(hex::decode(value.as_str()?).ok()?))),
        BINARY => Some(AMQPValue::ByteArray(ByteArray::from(hex::decode(value.as_str()?).ok()?))),
        TIMESTAMP => value.as_u64().map(AMQPValue::Timestamp),
        FLOAT => value.as_str()?.parse().ok().map(AMQPValue::Double),
        DECIMAL => Some(AMQPValue::DecimalValue(DecimalValue {
            scale: value.get("scale")?.as_u64()?.try_into().ok()?,
            value: value.get("value")?.as_u64()?.try_into().ok()?,
        })),
        _ => None,
    }
}

fn short(key: &str) -> Result<ShortString, HeaderFault> {
    ShortString::try_new(key).map_err(|_| HeaderFault::KeyTooLong(key.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(amqp: AMQPValue, json: &Value) {
        let found = from_amqp(&amqp, 1);
        assert_eq!(found, *json);
        assert_eq!(to_amqp(&found, 1), Ok(amqp));
    }

    fn table_of(key: &str, value: AMQPValue) -> FieldTable {
        let mut table = FieldTable::default();
        table.insert(ShortString::from(key), value);
        table
    }

    #[test]
    fn what_json_can_say_is_said_plainly() {
        check(AMQPValue::Void, &Value::Null);
        check(AMQPValue::Boolean(true), &json!(true));
        check(AMQPValue::LongLongInt(-5), &json!(-5));
        check(AMQPValue::Double(1.5), &json!(1.5));
        check(AMQPValue::LongString("дело".into()), &json!("дело"));
        let deaths = FieldArray::from(vec![AMQPValue::FieldTable(table_of("count", AMQPValue::LongLongInt(2)))]);
        check(AMQPValue::FieldArray(deaths), &json!([{ "count": 2 }]));
    }

    #[test]
    fn what_json_cannot_say_is_marked() {
        check(AMQPValue::LongString(LongString::from(vec![0xc4, 0xe5])), &json!({ "$bytes": "c4e5" }));
        check(AMQPValue::ByteArray(ByteArray::from(vec![0, 255])), &json!({ "$binary": "00ff" }));
        check(AMQPValue::Timestamp(1_700_000_000), &json!({ "$timestamp": 1_700_000_000 }));
        check(AMQPValue::Double(f64::INFINITY), &json!({ "$float": "inf" }));
        check(
            AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 1234 }),
            &json!({ "$decimal": { "scale": 2, "value": 1234 } }),
        );
    }

    #[test]
    fn a_table_that_looks_like_a_mark_stays_a_table() {
        check(
            AMQPValue::FieldTable(table_of("$bytes", AMQPValue::LongString("00".into()))),
            &json!({ "$table": { "$bytes": "00" } }),
        );
    }

    #[test]
    fn a_false_mark_is_an_ordinary_table() {
        for value in [json!({ "$bytes": "not hex" }), json!({ "$timestamp": -1 }), json!({ "$other": 1 })] {
            assert!(matches!(to_amqp(&value, 1), Ok(AMQPValue::FieldTable(_))), "{value}");
        }
    }

    #[test]
    fn long_keys_and_deep_tables_are_faults() {
        let long = BTreeMap::from([("k".repeat(256), Value::Null)]);
        assert_eq!(outgoing(&long), Err(HeaderFault::KeyTooLong(256)));
        let deep = (0..DEPTH_MAX).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(outgoing(&BTreeMap::from([("k".to_owned(), deep)])), Err(HeaderFault::TooDeep));
    }

    #[test]
    fn received_tables_deeper_than_the_limit_are_cut() {
        let deep = (0..1000).fold(AMQPValue::Void, |inner, _| AMQPValue::FieldArray(FieldArray::from(vec![inner])));
        let mut found = &from_amqp(&deep, 1);
        let mut depth = 0;
        while let Some(inner) = found.get(0) {
            (found, depth) = (inner, depth + 1);
        }
        assert_eq!(depth, DEPTH_MAX - 1);
    }

    fn values() -> impl Strategy<Value = AMQPValue> {
        let leaf = prop_oneof![
            Just(AMQPValue::Void),
            any::<bool>().prop_map(AMQPValue::Boolean),
            any::<i64>().prop_map(AMQPValue::LongLongInt),
            any::<u64>().prop_map(AMQPValue::Timestamp),
            prop::num::f64::NORMAL.prop_map(AMQPValue::Double),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| AMQPValue::LongString(bytes.into())),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| AMQPValue::ByteArray(bytes.into())),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|list| AMQPValue::FieldArray(list.into())),
                prop::collection::btree_map("[$a-z]{1,8}", inner, 0..4).prop_map(|entries| {
                    let mut table = FieldTable::default();
                    for (key, value) in entries {
                        table.insert(ShortString::from(key), value);
                    }
                    AMQPValue::FieldTable(table)
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_table_comes_back_as_it_was(value in values()) {
            let table = table_of("k", value);
            prop_assert_eq!(outgoing(&received(&table)), Ok(table));
        }
    }
}
