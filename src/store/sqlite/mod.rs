//! The embedded store: SQLite with a write-ahead log, one writer, a pool of readers. Every statement of this dialect
//! stands in this folder.

mod changes;
mod documents;
mod exports;
mod extracts;
mod facts;
mod journal;
mod letters;
mod notify;
mod notify_reads;
mod people;
mod reads;
mod rows;
mod schedule;
mod search;
mod snapshot;
mod timers;
mod upkeep;
mod work;
mod write;

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Row, Sqlite as Dialect};

pub use snapshot::Snapshot;

use super::{Committed, Settings, StoreFault};
use crate::failpoint;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// Bytes of a page of a new data base file.
const PAGE_BYTES: u32 = 8192;
/// Pages in the write-ahead log before a commit folds them back: about 64 MB.
const CHECKPOINT_PAGES: u32 = 8192;
/// What the write-ahead log keeps of its size. It grows while an export holds its moment, and a commit that makes it longer takes twice as
/// long as one that writes over what is there: the next export finds it long enough.
const LOG_KEPT_BYTES: u32 = 256 * 1024 * 1024;
/// Page cache of the writer, of each reader, and of the connection that only folds the log, KiB.
const WRITER_CACHE_KIB: u32 = 8 * 1024;
const READER_CACHE_KIB: u32 = 1024;
const FOLDER_CACHE_KIB: u32 = 64;

/// The pools of one data base file.
#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    folder: SqlitePool,
    file: Arc<File>,
}

/// The file as it was opened: a store whose file was removed or replaced would go on writing into nothing.
#[derive(Debug)]
struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl Sqlite {
    pub(super) async fn open(settings: &Settings) -> Result<Self, StoreFault> {
        Self::migrate(settings).await?;
        Self::open_existing(settings).await
    }

    pub(super) async fn open_existing(settings: &Settings) -> Result<Self, StoreFault> {
        let identity = identity(&settings.path)
            .ok_or_else(|| StoreFault::Away(format!("{}: there is no store", settings.path.display())))?;
        let mut writing = options(settings, WRITER_CACHE_KIB);
        if let Some(bytes) = settings.bytes_max {
            writing = writing.pragma("max_page_count", (bytes / u64::from(PAGE_BYTES)).max(1).to_string());
        }
        // SQLite itself ends a transaction that meets a full disk; sqlx then counts one that is open for ever.
        let writers = pool(1).before_acquire(|writer, _| Box::pin(ready(Ok(!writer.is_in_transaction()))));
        let writer = writers.connect_with(writing).await?;
        let reading = options(settings, READER_CACHE_KIB).pragma("query_only", "1");
        let readers = pool(settings.readers.max(1)).connect_with(reading).await?;
        let folder = pool(1).connect_lazy_with(options(settings, FOLDER_CACHE_KIB));
        let db = Self { writer, readers, folder, file: Arc::new(File { path: settings.path.clone(), identity }) };
        db.check_version().await?;
        Ok(db)
    }

    pub(super) async fn migrate(settings: &Settings) -> Result<Vec<i64>, StoreFault> {
        if let Some(folder) = settings.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|fault| StoreFault::Away(format!("{}: {fault}", folder.display())))?;
        }
        let pool = pool(1).connect_with(options(settings, WRITER_CACHE_KIB).create_if_missing(true)).await?;
        let before = applied(&pool).await?;
        MIGRATIONS.run(&pool).await?;
        let after = applied(&pool).await?;
        pool.close().await;
        Ok(after.into_iter().filter(|version| !before.contains(version)).collect())
    }

    async fn check_version(&self) -> Result<(), StoreFault> {
        let there = applied(&self.readers).await?;
        let wanted: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        if there == wanted {
            return Ok(());
        }
        Err(StoreFault::Unusable(format!(
            "{}: the tables have versions {there:?}, this program wants {wanted:?}; run `mezhved db migrate`",
            self.file.path.display()
        )))
    }

    pub(super) async fn begin(&self) -> Result<Transaction, StoreFault> {
        failpoint::store(&self.file.path)?;
        self.file.check()?;
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Transaction { tx, file: self.file.clone() })
    }

    /// Folds what the write-ahead log holds into the file, as far as that holds nobody up.
    pub(super) async fn fold_log(&self) -> Result<(), StoreFault> {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_all(&self.folder).await?;
        Ok(())
    }

    /// What the data base says of its file, but for `ok`.
    pub(super) async fn check_file(&self) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query("PRAGMA quick_check(20)").fetch_all(&self.readers).await?;
        let said: Result<Vec<String>, StoreFault> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect();
        Ok(said?.into_iter().filter(|line| line != "ok").collect())
    }

    pub(super) async fn optimize(&self) -> Result<(), StoreFault> {
        self.file.check()?;
        sqlx::query("PRAGMA optimize").fetch_all(&self.writer).await?;
        Ok(())
    }

    pub(super) async fn ready(&self) -> Result<(), StoreFault> {
        self.file.check()?;
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.folder.close().await;
        self.writer.close().await;
    }
}

impl File {
    fn check(&self) -> Result<(), StoreFault> {
        if identity(&self.path) == Some(self.identity) {
            return Ok(());
        }
        Err(StoreFault::Away(format!(
            "{}: the file that was opened is no longer there; bring it back, or restart to begin with what is there",
            self.path.display()
        )))
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(0)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
}

fn options(settings: &Settings, cache_kib: u32) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&settings.path)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.busy_timeout)
        .statement_cache_capacity(200)
        .pragma("cache_size", format!("-{cache_kib}"))
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("journal_size_limit", LOG_KEPT_BYTES.to_string())
}

/// Versions of the migrations that the file has seen.
async fn applied(pool: &SqlitePool) -> Result<Vec<i64>, StoreFault> {
    let known = sqlx::query("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(pool)
        .await?
        .try_get::<i64, _>(0)?;
    if known == 0 {
        return Ok(Vec::new());
    }
    let rows =
        sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(pool).await?;
    rows.iter().map(|row| row.try_get(0).map_err(Into::into)).collect()
}

/// The one writing transaction of a batch.
pub struct Transaction {
    tx: sqlx::Transaction<'static, Dialect>,
    file: Arc<File>,
}

impl Transaction {
    /// Makes everything written lasting, and gives the proof that acknowledging asks for.
    pub async fn commit<T>(self, run: T) -> Result<Committed<T>, StoreFault> {
        failpoint::store(&self.file.path)?;
        self.file.check()?;
        self.tx.commit().await?;
        Ok(Committed { run })
    }
}
