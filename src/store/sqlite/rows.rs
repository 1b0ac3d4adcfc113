//! Many rows in few statements: the texts of an INSERT for chunks of rows, so that statements stay prepared, and values are
//! bound as what they are.

use std::sync::OnceLock;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite as Dialect};

use super::Transaction;
use crate::failpoint;
use crate::store::StoreFault;

/// Rows of a statement, the smallest first: while the data base works on a chunk, the next larger one is bound.
const CHUNKS: [usize; 5] = [1, 4, 16, 64, 256];

/// A statement being bound.
pub(super) type Bound<'q> = Query<'q, Dialect, SqliteArguments>;

/// An INSERT of any number of rows.
pub(super) struct Insert {
    /// `INTO`, the table and its columns.
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
            // Whatever fails ends the whole transaction: SQLite need not keep how to undo the statement alone.
            format!("INSERT OR FAIL {} VALUES {rows} {}", self.head, self.tail)
        })
    }
}

impl Transaction {
    /// Inserts rows; `bind` binds the values of one.
    pub(super) async fn insert<T>(
        &mut self,
        into: &'static Insert,
        rows: &[T],
        bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
    ) -> Result<(), StoreFault> {
        self.insert_while(into, rows, bind, || ()).await
    }

    /// Inserts rows, and does some work of ours while the data base works on the last and largest chunk.
    pub(super) async fn insert_while<T, R>(
        &mut self,
        into: &'static Insert,
        rows: &[T],
        bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
        work: impl FnOnce() -> R,
    ) -> Result<R, StoreFault> {
        let mut chunks = chunks(rows).map(|(chunk, rows)| rows.iter().fold(sqlx::query(into.text(chunk)), &bind));
        let (mut work, mut worked) = (Some(work), None);
        let mut next = chunks.next();
        while let Some(now) = next {
            failpoint::store(&self.file.path)?;
            let (done, bound) = tokio::join!(now.execute(&mut *self.tx), async {
                let bound = chunks.next();
                if bound.is_none() {
                    worked = work.take().map(|work| work());
                }
                bound
            });
            done?;
            next = bound;
        }
        worked.or_else(|| work.map(|work| work())).ok_or(StoreFault::Program("work beside an insert was lost"))
    }
}

/// The ids that were found for keys: each row names the place of its key in the list, and the id.
pub(super) fn by_place<K: Copy>(rows: &[SqliteRow], keys: &[K]) -> Result<Vec<(K, i64)>, StoreFault> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let at = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
        if let Some(key) = keys.get(at) {
            found.push((*key, row.try_get(1)?));
        }
    }
    Ok(found)
}

/// Splits rows: which chunk, and its rows.
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = (usize, &[T])> {
    let mut chunk = 0;
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        // What a larger chunk would not take in whole goes first.
        while CHUNKS.get(chunk + 1).is_some_and(|larger| rows.len().is_multiple_of(*larger)) {
            chunk += 1;
        }
        let (now, later) = rows.split_at(CHUNKS[chunk]);
        rows = later;
        Some((chunk, now))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_holds_as_many_rows_as_its_chunk() {
        static INSERT: Insert = Insert::new("INTO t (a, b)", "(?, ?)", "ON CONFLICT DO NOTHING");
        assert_eq!(INSERT.text(0), "INSERT OR FAIL INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING");
        for (chunk, size) in CHUNKS.into_iter().enumerate() {
            assert_eq!(INSERT.text(chunk).matches("(?, ?)").count(), size);
        }
    }

    #[test]
    fn rows_are_split_into_few_chunks_in_their_order() {
        for (count, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (4, vec![4]),
            (23, vec![1, 1, 1, 4, 16]),
            (500, vec![4, 16, 16, 16, 64, 64, 64, 256]),
            (512, vec![256, 256]),
        ] {
            let rows: Vec<usize> = (0..count).collect();
            let split: Vec<&[usize]> = chunks(&rows).map(|(_, rows)| rows).collect();
            assert_eq!(split.iter().map(|rows| rows.len()).collect::<Vec<_>>(), sizes);
            assert_eq!(split.concat(), rows);
            assert!(chunks(&rows).all(|(chunk, rows)| rows.len() == CHUNKS[chunk]));
        }
    }
}
