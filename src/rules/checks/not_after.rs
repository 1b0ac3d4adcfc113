//! `not-after`: the earlier of two days or moments does not lie after the later one.

use std::cmp::Ordering;

use super::PairCheck;
use crate::rules::lexical::moment::{Moment, MomentKind};
use crate::rules::value::{Atom, Datum};

/// The registered check.
pub(super) static CHECK: PairCheck = PairCheck {
    name: "not-after",
    paths: ["earlier", "later"],
    code: "dates-out-of-order",
    holds,
    english: "the first date lies after the second one",
    russian: "первая дата позже второй",
};

fn holds(earlier: &Datum<'_>, later: &Datum<'_>) -> bool {
    let (Datum::Atom(Atom::Moment(earlier)), Datum::Atom(Atom::Moment(later))) = (earlier, later) else {
        return true;
    };
    // A day and a moment are compared by the day; where zones leave the order open, nothing is wrong for certain.
    let order = if earlier.kind == later.kind { earlier.compare(later) } else { day(earlier).partial_cmp(&day(later)) };
    order != Some(Ordering::Greater)
}

fn day(moment: &Moment) -> Option<(i64, u8, u8)> {
    matches!(moment.kind, MomentKind::Date | MomentKind::DateTime).then_some((moment.year, moment.month, moment.day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_disorder_is_wrong() {
        let parse = |text: &str| {
            let kind = if text.contains('T') { MomentKind::DateTime } else { MomentKind::Date };
            Datum::Atom(Atom::Moment(Moment::parse(kind, text).expect(text)))
        };
        for (earlier, later, right) in [
            ("2024-01-01", "2024-01-01", true),
            ("2024-01-01", "2024-01-02", true),
            ("2024-01-02", "2024-01-01", false),
            ("2024-01-01T12:00:00Z", "2024-01-01T11:00:00Z", false),
            ("2024-01-01T12:00:00", "2024-01-01T11:00:00Z", true),
            ("2024-01-02T00:00:00Z", "2024-01-01", false),
            ("2024-01-01", "2024-01-01T10:00:00Z", true),
        ] {
            assert_eq!(holds(&parse(earlier), &parse(later)), right, "{earlier} {later}");
        }
    }
}
