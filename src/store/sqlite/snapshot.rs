//! Registers and reports read at one moment: a connection of its own with one reading transaction. Writers go on beside it; only the
//! write-ahead log cannot be folded beyond what it sees, so it is let go as soon as the last row is read.

use futures_lite::StreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::Sqlite;
use crate::failpoint;
use crate::store::registers::{Bind, Statement};
use crate::store::{Cell, Dialect, Page, Report, ReportAsk, Selection, StoreFault};

/// Rows that may wait between SQLite's thread and who takes them: with few, either wakes the other for every few rows.
const ROWS_WAITING: usize = 1000;

/// The tables as they are at one moment.
#[derive(Debug)]
pub struct Snapshot {
    connection: SqliteConnection,
    /// The last change that it sees.
    last_change: i64,
}

impl Sqlite {
    pub(in crate::store) async fn snapshot(&self) -> Result<Snapshot, StoreFault> {
        failpoint::store(&self.file.path)?;
        self.file.check()?;
        let options = (*self.readers.connect_options()).clone().row_buffer_size(ROWS_WAITING);
        let mut connection = options.connect().await?;
        sqlx::query("BEGIN").execute(&mut connection).await?;
        // The first read is what fixes the moment.
        let row = sqlx::query("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'export_changes'), 0)")
            .fetch_one(&mut connection)
            .await?;
        let last_change = row.try_get(0)?;
        Ok(Snapshot { connection, last_change })
    }
}

impl Snapshot {
    /// The last change that it sees; a job that gives changes comes as far as this.
    #[must_use]
    pub fn last_change(&self) -> i64 {
        self.last_change
    }

    /// Rows of a register behind a key, in the order of their keys; at most `limit`. With `changes`, only of rows that were written
    /// after the first of these changes, up to the second.
    pub async fn page(
        &mut self,
        selection: &Selection,
        after: i64,
        limit: u32,
        changes: Option<(i64, i64)>,
    ) -> Result<Page, StoreFault> {
        let Some((from, to)) = changes else {
            let mut page = self.rows(selection, after, limit, None).await?;
            page.is_last = page.len() < limit as usize;
            return Ok(page);
        };
        let keys = self.changed(selection.register.source, after, (from, to), limit).await?;
        let Some(last) = keys.last().copied() else {
            return Ok(Page::of_width(selection.width()));
        };
        let mut page = self.rows(selection, after, limit, Some(&keys)).await?;
        page.last_key = last;
        page.is_last = keys.len() < limit as usize;
        Ok(page)
    }

    /// The rows of a report, in the order of [`Report::reads`].
    pub async fn report(&mut self, report: &Report, ask: &ReportAsk) -> Result<Page, StoreFault> {
        let numbers: Vec<bool> = report.numbers().collect();
        self.read(report.statement(Dialect::Sqlite, ask), &numbers, false).await
    }

    /// The last key of a register, for telling how far a reading is.
    pub async fn last_key(&mut self, selection: &Selection) -> Result<i64, StoreFault> {
        let statement = selection.last_key(Dialect::Sqlite);
        Ok(query(statement).fetch_one(&mut self.connection).await?.try_get(0)?)
    }

    /// Lets go.
    pub async fn close(self) -> Result<(), StoreFault> {
        Ok(self.connection.close().await?)
    }

    async fn changed(
        &mut self,
        source: &str,
        after: i64,
        (from, to): (i64, i64),
        limit: u32,
    ) -> Result<Vec<i64>, StoreFault> {
        let rows = sqlx::query(
            "SELECT DISTINCT row FROM export_changes WHERE source = ?1 AND row > ?2 AND seq > ?3 AND seq <= ?4 \
             ORDER BY row LIMIT ?5",
        )
        .bind(source)
        .bind(after)
        .bind(from)
        .bind(to)
        .bind(limit)
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn rows(
        &mut self,
        selection: &Selection,
        after: i64,
        limit: u32,
        among: Option<&[i64]>,
    ) -> Result<Page, StoreFault> {
        let statement = selection.page(Dialect::Sqlite, after, limit, among);
        let numbers: Vec<bool> = selection.numbers().collect();
        self.read(statement, &numbers, true).await
    }

    /// Everything that a statement gives; with `keyed` the first column is a row's key.
    async fn read(&mut self, statement: Statement, numbers: &[bool], keyed: bool) -> Result<Page, StoreFault> {
        let mut page = Page::of_width(numbers.len());
        let mut rows = query(statement).fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await? {
            if keyed {
                page.last_key = row.try_get(0)?;
            }
            for (at, number) in numbers.iter().enumerate() {
                page.push(cell(&row, at + usize::from(keyed), *number)?);
            }
        }
        Ok(page)
    }
}

/// The tables are strict, so a value is what its column says; asking each of a million rows again costs.
fn cell(row: &SqliteRow, at: usize, number: bool) -> Result<Cell<'_>, StoreFault> {
    Ok(if number {
        row.try_get_unchecked::<Option<i64>, _>(at)?.map_or(Cell::Nothing, Cell::Number)
    } else {
        row.try_get_unchecked::<Option<&str>, _>(at)?.map_or(Cell::Nothing, Cell::Text)
    })
}

fn query(statement: Statement) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
    let Statement { text, binds, .. } = statement;
    binds.into_iter().fold(sqlx::query(AssertSqlSafe(text)), |query, bind| match bind {
        Bind::Number(number) => query.bind(number),
        Bind::Text(text) => query.bind(text),
    })
}
