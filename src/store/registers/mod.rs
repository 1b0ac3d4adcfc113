//! Registers: what of the tables people may take out row by row. A register is one definition: its columns with their
//! headings, types and the expression each is read by, the key that it is read along, the moment that periods go by. Every
//! statement over a register is put together here out of these expressions alone, for both dialects; what a caller gives is bound.

mod audit;
mod cases;
mod column;
mod documents;
mod history;
mod messages;
mod notifications;
mod page;
mod select;

pub use column::{Column, ColumnType, Labels, Value};
pub use page::{Cell, Page, PageRow};
pub(super) use select::{Bind, Statement};
pub use select::{Dialect, Period, Selection};

use column::Sql;

/// A register.
#[derive(Debug)]
pub struct Register {
    /// Code in jobs and on the command line.
    pub code: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The same in English.
    pub label_en: &'static str,
    /// Names of its document's root and of a row of it.
    pub names: (&'static str, &'static str),
    /// The table whose rows it shows: what changes are counted by.
    pub source: &'static str,
    /// Its columns, in the order in which they stand unless a job says otherwise.
    pub columns: &'static [Column],
    /// Code of the moment that periods go by unless a job says otherwise.
    pub moment: &'static str,
    /// Which cases it shows, where it shows cases.
    pub over: Over,
    /// Where its rows come from; the table of `source` is `t`.
    from: Sql,
    /// What is true of all its rows; empty: nothing more.
    condition: &'static str,
    /// The column of `t` that it is read along.
    key: &'static str,
}

/// Which rows a register shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All of its table.
    Everything,
    /// Cases of the kinds that a lifecycle marks with this register, with the fields that the kinds declare.
    MarkedKinds,
}

/// Every register, in the order in which they are listed.
pub static ALL: &[&Register] = &[
    &cases::CASES,
    &history::HISTORY,
    &documents::DOCUMENTS,
    &documents::REQUESTS,
    &cases::PAYMENTS,
    &cases::APPEALS,
    &cases::INQUIRIES,
    &cases::ORGANIZATIONS,
    &cases::POWERS,
    &cases::CERTIFICATES,
    &cases::CONSENTS,
    &cases::RECORDS,
    &cases::DIALOGS,
    &notifications::NOTIFICATIONS,
    &messages::MESSAGES,
    &messages::DEAD_LETTERS,
    &audit::AUDIT,
];

impl Register {
    /// The register of this code.
    #[must_use]
    pub fn get(code: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|register| register.code == code)
    }

    /// The column of this code.
    #[must_use]
    pub fn column(&self, code: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.code == code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_register_is_whole() {
        let mut codes = BTreeSet::new();
        for register in ALL {
            let code = register.code;
            assert!(codes.insert(code), "{code} stands twice");
            assert!(std::ptr::eq(Register::get(code).unwrap(), *register), "{code}");
            let moment = register.column(register.moment).unwrap();
            assert_eq!(moment.kind, ColumnType::Moment, "{code}");
            let mut columns = BTreeSet::new();
            for column in register.columns {
                assert!(columns.insert(column.code), "{code}: {} stands twice", column.code);
                assert!(!column.ru.is_empty() && !column.en.is_empty(), "{code}: {} has no heading", column.code);
                if let Value::Label(_, of) = column.value {
                    for one in of {
                        let read = register.column(one);
                        assert!(
                            read.is_some_and(|read| matches!(read.value, Value::Read(_))),
                            "{code}: {} is a label of {one}",
                            column.code
                        );
                    }
                }
            }
        }
    }
}
