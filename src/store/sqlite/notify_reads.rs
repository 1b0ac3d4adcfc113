//! Notifications as people look at them.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::facts::json_column;
use crate::apply::Noticed;
use crate::apply::world::CaseKey;
use crate::store::{LetterFile, NotificationCount, NotificationFilter, NotificationView, StoreFault};

impl Sqlite {
    pub(in crate::store) async fn notifications(
        &self,
        filter: &NotificationFilter,
    ) -> Result<Vec<NotificationView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT n.id, e.code, e.system, e.case_number, n.audience, n.agency, n.channel, n.address, n.required, n.digest, \
             n.delivery, n.state, n.reason, n.error, n.attempts, n.due_at, n.created_at, n.sent_at, n.settled_at \
             FROM notifications n JOIN events e ON e.id = n.event WHERE n.id > ?1 AND (?2 IS NULL OR n.state = ?2) \
             AND (?3 IS NULL OR n.channel = ?3) AND (?4 IS NULL OR e.case_number = ?4) AND (?5 IS NULL OR e.code = ?5) \
             ORDER BY n.id LIMIT ?6",
        )
        .bind(filter.after)
        .bind(&filter.state)
        .bind(&filter.channel)
        .bind(&filter.case_number)
        .bind(&filter.event)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(view).collect()
    }

    pub(in crate::store) async fn notification(&self, id: i64) -> Result<Option<NotificationView>, StoreFault> {
        let filter = NotificationFilter { after: id - 1, limit: 1, ..NotificationFilter::default() };
        Ok(self.notifications(&filter).await?.into_iter().find(|one| one.id == id))
    }

    pub(in crate::store) async fn letter_files(
        &self,
        case: &CaseKey,
        purpose: Option<&str>,
        types: &[String],
    ) -> Result<Vec<LetterFile>, StoreFault> {
        let rows = sqlx::query(
            "SELECT v.file_name, v.media_type, v.size, v.sha256 FROM cases c JOIN documents d ON d.case_id = c.id \
             JOIN document_versions v ON v.document_id = d.id AND v.version = d.versions \
             WHERE c.system = ?1 AND c.kind = ?2 AND c.number = ?3 AND (?4 IS NULL OR c.purpose = ?4) \
             AND d.type IN (SELECT value FROM json_each(?5)) ORDER BY d.id",
        )
        .bind(&case.system)
        .bind(&case.kind)
        .bind(&case.number)
        .bind(purpose)
        .bind(serde_json::json!(types).to_string())
        .fetch_all(&self.readers)
        .await?;
        let file = |row: &SqliteRow| {
            Ok(LetterFile {
                file_name: row.try_get(0)?,
                media_type: row.try_get(1)?,
                size: row.try_get(2)?,
                sha256: row.try_get(3)?,
            })
        };
        rows.iter().map(file).collect()
    }

    pub(in crate::store) async fn noticed(&self, id: i64) -> Result<Option<Noticed>, StoreFault> {
        let row = sqlx::query("SELECT e.data FROM notifications n JOIN events e ON e.id = n.event WHERE n.id = ?1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(|row| json_column(row, 0)).transpose()
    }

    pub(in crate::store) async fn notification_counts(&self) -> Result<Vec<NotificationCount>, StoreFault> {
        let rows = sqlx::query(
            "SELECT channel, state, reason, count(*) FROM notifications GROUP BY channel, state, reason \
             ORDER BY channel, state, reason",
        )
        .fetch_all(&self.readers)
        .await?;
        let count = |row: &SqliteRow| {
            Ok(NotificationCount {
                channel: row.try_get(0)?,
                state: row.try_get(1)?,
                reason: row.try_get(2)?,
                count: row.try_get(3)?,
            })
        };
        rows.iter().map(count).collect()
    }
}

fn view(row: &SqliteRow) -> Result<NotificationView, StoreFault> {
    Ok(NotificationView {
        id: row.try_get(0)?,
        event: row.try_get(1)?,
        system: row.try_get(2)?,
        case: row.try_get(3)?,
        audience: row.try_get(4)?,
        agency: row.try_get(5)?,
        channel: row.try_get(6)?,
        address: row.try_get(7)?,
        required: row.try_get(8)?,
        digest: row.try_get(9)?,
        delivery: row.try_get(10)?,
        state: row.try_get(11)?,
        reason: row.try_get(12)?,
        error: row.try_get(13)?,
        attempts: row.try_get(14)?,
        due_at: row.try_get(15)?,
        created_at: row.try_get(16)?,
        sent_at: row.try_get(17)?,
        settled_at: row.try_get(18)?,
    })
}
