//! What became of each item of a message: the list that the inbox keeps and the receipt tells.

use serde::{Deserialize, Serialize};

use super::rows::Outcome;
use crate::admit::Remark;
use crate::outcome::Code;

/// How an item ended, or that it has not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tried {
    /// Its effect is in the store.
    Applied,
    /// A dead letter says why.
    Refused,
    /// It waits.
    Parked,
    /// It was a test and would have been applied.
    Test,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// Number of the item, from 1.
    pub number: u32,
    /// Its case.
    pub case: String,
    /// Its number in the sender's sequence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<i64>,
    /// How it ended.
    pub result: Tried,
    /// Why it was refused, or what is to be said of it all the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remark: Option<Remark>,
}

/// What became of the items of a message, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Results(pub Vec<ItemResult>);

impl Results {
    /// The list as the inbox keeps it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "[]".to_owned())
    }

    /// The list as the inbox kept it; an unreadable one is empty.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// What becomes of the message: one item applied and it is applied; while one waits it is parked. Where the binding leaves all of its
    /// items out there is nothing to do, and that is done.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, Option<Code>) {
        if self.0.is_empty() {
            return (Outcome::Applied, None);
        }
        let any = |wanted: Tried| self.0.iter().any(|item| item.result == wanted);
        if any(Tried::Parked) {
            return (Outcome::Parked, None);
        }
        if any(Tried::Applied) || any(Tried::Test) {
            return (Outcome::Applied, None);
        }
        let code = self.0.iter().filter_map(|item| item.remark.as_ref()).find_map(|remark| Code::parse(&remark.code));
        (Outcome::Failed, code.or(Some(Code::StoreRefused)))
    }

    /// Tells an item's result anew.
    pub fn set(&mut self, result: ItemResult) {
        match self.0.iter_mut().find(|item| item.number == result.number) {
            Some(known) => *known = result,
            None => {
                self.0.push(result);
                self.0.sort_unstable_by_key(|item| item.number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(tried: &[Tried]) -> Results {
        let item = |(number, result): (u32, &Tried)| ItemResult {
            number,
            case: "1".into(),
            sequence: None,
            result: *result,
            remark: (*result == Tried::Refused).then(|| Remark::plain(Code::UnknownStatus, String::new())),
        };
        Results((1..).zip(tried).map(item).collect())
    }

    #[test]
    fn one_applied_item_makes_the_message_applied_and_a_parked_one_keeps_it_open() {
        use Tried::{Applied, Parked, Refused, Test};
        for (tried, expected) in [
            (&[][..], (Outcome::Applied, None)),
            (&[Applied], (Outcome::Applied, None)),
            (&[Refused, Applied], (Outcome::Applied, None)),
            (&[Refused, Refused], (Outcome::Failed, Some(Code::UnknownStatus))),
            (&[Applied, Parked, Refused], (Outcome::Parked, None)),
            (&[Test, Refused], (Outcome::Applied, None)),
        ] {
            assert_eq!(results(tried).outcome(), expected, "{tried:?}");
        }
    }

    #[test]
    fn the_list_survives_the_inbox() {
        let list = results(&[Tried::Applied, Tried::Refused]);
        assert_eq!(Results::from_json(&list.to_json()), list);
    }
}
