//! Many rows in few statements: the texts of an INSERT for chunks of 1, 8, 64 and 256 rows, so that statements stay
//! prepared, and values are bound as what they are.

use std::sync::OnceLock;

use sqlx::Sqlite as Dialect;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::Transaction;
use crate::failpoint;
use crate::store::StoreFault;

/// Chunks, the largest first.
const CHUNKS: [usize; 4] = [256, 64, 8, 1];

/// A statement being bound.
pub(super) type Bound<'q> = Query<'q, Dialect, SqliteArguments>;

/// An INSERT of any number of rows.
pub(super) struct Insert {
    /// Up to and without VALUES.
    head: &'static str,
    /// One row, in parentheses, a `?` for each value.
    row: &'static str,
    /// What follows the rows.
    tail: &'static str,
    texts: [OnceLock<String>; CHUNKS.len()],
}

impl Insert {
    pub(super) const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Self { head, row, tail, texts: [const { OnceLock::new() }; CHUNKS.len()] }
    }

    fn text(&'static self, chunk: usize) -> &'static str {
        self.texts[chunk].get_or_init(|| {
            let rows = vec![self.row; CHUNKS[chunk]].join(", ");
            format!("{} VALUES {rows} {}", self.head, self.tail)
        })
    }
}

impl Transaction {
    /// Inserts rows; `bind` binds the values of one.
    pub(super) async fn insert<T>(
        &mut self,
        into: &'static Insert,
        mut rows: &[T],
        bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
    ) -> Result<(), StoreFault> {
        for (chunk, size) in CHUNKS.into_iter().enumerate() {
            while rows.len() >= size {
                let (now, later) = rows.split_at(size);
                failpoint::store(&self.file.path)?;
                let query = now.iter().fold(sqlx::query(into.text(chunk)), &bind);
                query.execute(&mut *self.tx).await?;
                rows = later;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_holds_as_many_rows_as_its_chunk() {
        static INSERT: Insert = Insert::new("INSERT INTO t (a, b)", "(?, ?)", "ON CONFLICT DO NOTHING");
        assert_eq!(INSERT.text(3), "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING");
        for (chunk, size) in CHUNKS.into_iter().enumerate() {
            assert_eq!(INSERT.text(chunk).matches("(?, ?)").count(), size);
        }
    }
}
