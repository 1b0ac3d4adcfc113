//! The statements over a register: a page of its rows, the keys of those that changed. The texts are made of the
//! register's own expressions; every value is bound.

use serde_json::json;

use super::column::Value;
use super::{Column, ColumnType, Over, Register};

/// The language of a data base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded store.
    Sqlite,
    /// Several replicas.
    Postgres,
}

/// From a moment up to another one, which no longer belongs to it; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: i64,
    /// The first moment after it.
    pub to: i64,
}

/// What of a register is read.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The register.
    pub register: &'static Register,
    /// The columns, in this order; labels are not among them.
    pub columns: Vec<&'static Column>,
    /// Whether the fields of the kinds come behind the columns, as one JSON object.
    pub fields: bool,
    /// Columns that must hold one of these texts.
    pub filter: Vec<(&'static Column, Vec<String>)>,
    /// Only rows whose moment in this column is within this period.
    pub period: Option<(&'static Column, Period)>,
    /// (system, kind) of the cases, where the register goes by marked kinds.
    pub kinds: Vec<(String, String)>,
}

/// A value that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Bind {
    Number(i64),
    Text(String),
}

/// A statement with what is bound to it.
#[derive(Debug)]
pub(in crate::store) struct Statement {
    pub(in crate::store) text: String,
    pub(in crate::store) binds: Vec<Bind>,
    dialect: Dialect,
}

impl Statement {
    pub(in crate::store) fn new(dialect: Dialect, text: String) -> Self {
        Self { text, binds: Vec::new(), dialect }
    }

    /// Binds a value here.
    pub(in crate::store) fn bind(&mut self, bind: Bind) {
        self.binds.push(bind);
        let sign = match self.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        };
        self.text.push(sign);
        self.text.push_str(&self.binds.len().to_string());
    }

    /// Adds to the text.
    pub(in crate::store) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// ` AND left IN (…)` over a JSON list of texts.
    fn and_among(&mut self, left: &str, list: &serde_json::Value) {
        let (before, after) = match self.dialect {
            Dialect::Sqlite => ("(SELECT value FROM json_each(", "))"),
            Dialect::Postgres => ("(SELECT jsonb_array_elements_text(", "::jsonb))"),
        };
        self.add(&format!(" AND {left} IN {before}"));
        self.bind(Bind::Text(list.to_string()));
        self.add(after);
    }
}

impl Selection {
    /// Everything of a register.
    #[must_use]
    pub fn of(register: &'static Register, columns: Vec<&'static Column>) -> Self {
        Self { register, columns, fields: false, filter: Vec::new(), period: None, kinds: Vec::new() }
    }

    /// How many values a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len() + usize::from(self.fields)
    }

    /// What is read as a number, in the order of the values.
    pub(in crate::store) fn numbers(&self) -> impl Iterator<Item = bool> {
        let fields = self.fields.then_some(false);
        self.columns.iter().map(|column| column.kind.is_number()).chain(fields)
    }

    /// Rows behind a key, in the order of their keys, at most `limit`; with `among`, only those of these keys. The key comes
    /// first, then the columns.
    pub(in crate::store) fn page(&self, dialect: Dialect, after: i64, limit: u32, among: Option<&[i64]>) -> Statement {
        let Register { from, condition, key, over, .. } = *self.register;
        let mut list = vec![key];
        list.extend(self.columns.iter().filter_map(|column| read(column, dialect)));
        if self.fields {
            list.push("t.details");
        }
        let text = format!("SELECT {} FROM {} WHERE {key} > ", list.join(", "), from.of(dialect));
        let mut statement = Statement::new(dialect, text);
        statement.bind(Bind::Number(after));
        if let Some(keys) = among {
            let left = match dialect {
                Dialect::Sqlite => key.to_owned(),
                Dialect::Postgres => format!("{key}::text"),
            };
            statement.and_among(&left, &json!(keys));
        }
        if !condition.is_empty() {
            statement.add(&format!(" AND {condition}"));
        }
        if over == Over::MarkedKinds {
            let (before, after) = match dialect {
                Dialect::Sqlite => ("(SELECT value ->> 0, value ->> 1 FROM json_each(", "))"),
                Dialect::Postgres => ("(SELECT v ->> 0, v ->> 1 FROM jsonb_array_elements(", "::jsonb) v)"),
            };
            statement.add(&format!(" AND (t.system, t.kind) IN {before}"));
            statement.bind(Bind::Text(json!(self.kinds).to_string()));
            statement.add(after);
        }
        for (column, list) in &self.filter {
            if let Some(sql) = read(column, dialect) {
                statement.and_among(sql, &json!(list));
            }
        }
        if let Some((column, period)) = self.period
            && let Some(sql) = read(column, dialect)
        {
            statement.add(&format!(" AND {sql} >= "));
            statement.bind(Bind::Number(period.from));
            statement.add(&format!(" AND {sql} < "));
            statement.bind(Bind::Number(period.to));
        }
        statement.add(&format!(" ORDER BY {key} LIMIT "));
        statement.bind(Bind::Number(i64::from(limit)));
        statement
    }

    /// The last key that the register has now, for telling how far a reading is.
    pub(in crate::store) fn last_key(&self, dialect: Dialect) -> Statement {
        let key = self.register.key.trim_start_matches("t.");
        Statement::new(dialect, format!("SELECT coalesce(max({key}), 0) FROM {}", self.register.source))
    }
}

fn read(column: &Column, dialect: Dialect) -> Option<&'static str> {
    match column.value {
        Value::Read(sql) => Some(sql.of(dialect)),
        Value::Label(..) => None,
    }
}

impl Column {
    /// Whether rows can be chosen by it.
    #[must_use]
    pub fn is_filter(&self) -> bool {
        let text = matches!(self.kind, ColumnType::Text | ColumnType::State(_) | ColumnType::Day);
        text && !self.masked && matches!(self.value, Value::Read(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection() -> Selection {
        let register = Register::get("payments").unwrap();
        let column = |code: &str| register.column(code).unwrap();
        Selection {
            register,
            columns: vec![column("system"), column("number")],
            fields: true,
            filter: vec![(column("status"), vec!["paid".into()])],
            period: Some((column("opened_at"), Period { from: 1, to: 2 })),
            kinds: vec![("epgu".into(), "payment".into())],
        }
    }

    #[test]
    fn every_value_is_bound() {
        let statement = selection().page(Dialect::Sqlite, 7, 100, None);
        assert_eq!(
            statement.text,
            "SELECT t.id, t.system, t.number, t.details FROM cases t WHERE t.id > ?1 AND (t.system, t.kind) IN \
             (SELECT value ->> 0, value ->> 1 FROM json_each(?2)) AND t.status IN (SELECT value FROM json_each(?3)) \
             AND t.opened_at >= ?4 AND t.opened_at < ?5 ORDER BY t.id LIMIT ?6"
        );
        assert_eq!(statement.binds.len(), 6);
        assert_eq!(statement.binds[2], Bind::Text("[\"paid\"]".into()));
    }

    #[test]
    fn postgresql_has_its_own_words() {
        let statement = selection().page(Dialect::Postgres, 7, 100, Some(&[8, 9]));
        assert_eq!(
            statement.text,
            "SELECT t.id, t.system, t.number, t.details FROM cases t WHERE t.id > $1 AND t.id::text IN \
             (SELECT jsonb_array_elements_text($2::jsonb)) AND (t.system, t.kind) IN \
             (SELECT v ->> 0, v ->> 1 FROM jsonb_array_elements($3::jsonb) v) AND t.status IN \
             (SELECT jsonb_array_elements_text($4::jsonb)) AND t.opened_at >= $5 AND t.opened_at < $6 ORDER BY t.id LIMIT $7"
        );
    }
}
