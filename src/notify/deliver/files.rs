//! Documents that letters bring: those that an event attaches, where the case has the purpose for it.

use chrono::{DateTime, Utc};

use super::Courier;
use super::parcel::Wanted;
use crate::mail::File;
use crate::notify::tell::Plan;
use crate::outbox::retry_at;
use crate::pipeline::Pipeline;
use crate::store::{Becomes, ContentFault, LetterFile, StoreFault};

/// Servers take letters of so many bytes; what is longer does not leave as one.
const LETTER_BYTES_MAX: i64 = 8 << 20;
/// The reason of a letter whose documents are too long.
const TOO_LARGE: &str = "attachment-too-large";
/// The reason of a letter whose documents are lost.
const LOST: &str = "attachment-lost";

/// Puts documents to the letters that bring some. A letter whose documents cannot be read waits, one whose documents are lost or too long
/// fails: without them it would tell of something that is not there.
pub(super) async fn attached(
    pipeline: &Pipeline,
    courier: &Courier,
    plan: &Plan<'_>,
    due: Vec<Wanted>,
    now: DateTime<Utc>,
    fates: &mut Vec<(i64, Becomes)>,
) -> Result<Vec<Wanted>, StoreFault> {
    let mut kept = Vec::with_capacity(due.len());
    for mut one in due {
        let event = &one.row.noticed.event;
        let attach = plan.texts(event).and_then(|(_, texts)| texts.attach.as_ref());
        let Some(attach) = attach.filter(|_| one.row.audience == "applicant") else {
            kept.push(one);
            continue;
        };
        let named = pipeline.store.letter_files(&event.case, attach.purpose.as_deref(), &attach.documents).await?;
        let size: i64 = named.iter().map(|file| file.size).sum();
        if size > LETTER_BYTES_MAX {
            let why = format!("the documents have {size} bytes; a letter brings {LETTER_BYTES_MAX} at most");
            fates.push((one.row.id, Becomes::Failed(TOO_LARGE, why)));
            continue;
        }
        match read(pipeline, named).await {
            Ok(files) => {
                one.files = files;
                kept.push(one);
            }
            Err(fault @ ContentFault::Away { .. }) => {
                tracing::warn!(channel = courier.channel(), "documents of a letter are out of reach");
                let settings = &pipeline.config.notify;
                let pause = retry_at(now, one.row.attempts, settings.delay_min, settings.delay_max);
                fates.push((one.row.id, Becomes::Later(pause, Some(fault.to_string()))));
            }
            Err(fault) => fates.push((one.row.id, Becomes::Failed(LOST, fault.to_string()))),
        }
    }
    Ok(kept)
}

async fn read(pipeline: &Pipeline, named: Vec<LetterFile>) -> Result<Vec<File>, ContentFault> {
    let contents = pipeline.contents.clone();
    let file = move |LetterFile { file_name, media_type, sha256, .. }| {
        Ok(File { name: file_name, media_type, bytes: contents.read(&sha256)? })
    };
    let reading = tokio::task::spawn_blocking(move || named.into_iter().map(file).collect());
    reading.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}
