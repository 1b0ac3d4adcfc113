//! A column of a register or a report: what it is called, what it holds, where it is read.

use super::select::Dialect;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// One of these codes.
    State(&'static [&'static str]),
    /// A whole number.
    Whole,
    /// A number with so many decimals, kept as a whole one.
    Decimal(u8),
    /// A calendar day, `2026-03-02`.
    Day,
    /// Milliseconds since the epoch.
    Moment,
    /// 0 or 1.
    Flag,
}

impl ColumnType {
    /// Whether it is read as a whole number.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Whole | Self::Decimal(_) | Self::Moment | Self::Flag)
    }
}

/// What a label is the label of: the lifecycles know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// Of (system).
    System,
    /// Of (system, kind).
    Kind,
    /// Of (system, kind, status).
    Status,
    /// Of (system, kind, service).
    Service,
    /// Of (system, kind, document type).
    DocumentType,
    /// Of (state of a document).
    DocumentState,
    /// Of (code of an outcome).
    Outcome,
    /// Of (system, kind, timer).
    Timer,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Read by this expression.
    Read(Sql),
    /// What people read for the values of these other columns.
    Label(Labels, &'static [&'static str]),
}

/// An expression over the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sql {
    /// The same in both dialects.
    Same(&'static str),
    /// Another one in each.
    Each {
        /// For the embedded store.
        sqlite: &'static str,
        /// For PostgreSQL.
        postgres: &'static str,
    },
}

impl Sql {
    /// The expression in a dialect.
    #[must_use]
    pub fn of(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Same(text), _) | (Self::Each { sqlite: text, .. }, Dialect::Sqlite) => text,
            (Self::Each { postgres, .. }, Dialect::Postgres) => postgres,
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Code in jobs; the heading where codes are asked for.
    pub code: &'static str,
    /// Russian heading.
    pub ru: &'static str,
    /// English heading.
    pub en: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it may be empty.
    pub optional: bool,
    /// Personal: it leaves masked, always.
    pub masked: bool,
    /// The short name of a case: it leaves masked where its kind makes it of what does.
    pub titles: bool,
    /// Where its value comes from.
    pub value: Value,
}

impl Column {
    /// A column that is read by the same expression everywhere.
    #[must_use]
    pub const fn new(
        code: &'static str,
        ru: &'static str,
        en: &'static str,
        kind: ColumnType,
        sql: &'static str,
    ) -> Self {
        Self { code, ru, en, kind, optional: false, masked: false, titles: false, value: Value::Read(Sql::Same(sql)) }
    }

    pub(super) const fn each(
        code: &'static str,
        (ru, en): (&'static str, &'static str),
        kind: ColumnType,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Self {
        let value = Value::Read(Sql::Each { sqlite, postgres });
        Self { code, ru, en, kind, optional: false, masked: false, titles: false, value }
    }

    /// A column of what people read for the values of others.
    #[must_use]
    pub const fn label(
        code: &'static str,
        ru: &'static str,
        en: &'static str,
        labels: Labels,
        of: &'static [&'static str],
    ) -> Self {
        let value = Value::Label(labels, of);
        Self { code, ru, en, kind: ColumnType::Text, optional: true, masked: false, titles: false, value }
    }

    /// It may be empty.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(super) const fn masked(self) -> Self {
        Self { masked: true, ..self }
    }

    /// It is the short name of a case.
    pub(super) const fn titling(self) -> Self {
        Self { titles: true, ..self }
    }
}
