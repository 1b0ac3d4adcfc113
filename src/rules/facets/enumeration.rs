//! `enumeration`: the value is one of a list, told apart in the value space.

use std::collections::HashSet;

use super::Subject;
use crate::rules::value::Datum;

/// From this many values on they are looked up by their key instead of one by one.
const KEYED_FROM: usize = 12;

/// The facet.
#[derive(Debug, Clone)]
pub(crate) struct Enumeration {
    sources: Box<[String]>,
    values: Box<[Datum<'static>]>,
    keys: HashSet<Box<str>>,
}

impl Enumeration {
    /// An enumeration of values, each with the literal that the schema wrote.
    pub(crate) fn new(values: Vec<(String, Datum<'static>)>) -> Self {
        let (sources, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let keys = if values.len() < KEYED_FROM { HashSet::new() } else { values.iter().map(key).collect() };
        Self { sources: sources.into(), values: values.into(), keys }
    }

    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        if self.keys.is_empty() {
            return self.values.iter().any(|value| value.equals(subject.datum));
        }
        self.keys.contains(&key(subject.datum))
    }

    pub(crate) fn sources(&self) -> &[String] {
        &self.sources
    }

    pub(crate) fn values(&self) -> &[Datum<'static>] {
        &self.values
    }
}

fn key(value: &Datum<'_>) -> Box<str> {
    let mut key = String::new();
    value.key(&mut key);
    key.into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_holds, decimal, text};
    use super::*;

    #[test]
    fn equal_values_are_found_however_many_there_are() {
        for count in [2, KEYED_FROM + 10] {
            let values =
                (0..count).map(|index| (index.to_string(), decimal(&index.to_string()).1.into_owned())).collect();
            let facet = Enumeration::new(values);
            check_holds(|subject| facet.holds(subject), &[decimal("1.0"), decimal("00")], &[decimal("99"), text("1")]);
        }
    }
}
