//! What a message says of its attachments, held against the attachments themselves: name, size, SHA-256, kind. One that
//! comes by reference must already be in the document store.

use std::sync::Arc;

use super::{Rejected, Remark};
use crate::binding::Attachment;
use crate::domain::content::{ContentHash, Declared};
use crate::domain::file_name::FileName;
use crate::domain::media;
use crate::outcome::Code;

/// An attachment that is what it says.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its name within the message.
    pub content_id: String,
    /// The file's name, safe to show and to offer.
    pub file_name: String,
    /// Its media type, in normal form.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// SHA-256 of its content, hex.
    pub sha256: String,
}

type Contents = Vec<(String, Arc<Vec<u8>>)>;

/// Checks all attachments; every fault is told, and one refuses the message.
pub(super) fn check(
    attachments: Vec<Attachment>,
    held: &(dyn Fn(&str) -> Option<u64> + Sync),
) -> Result<(Vec<Kept>, Contents), Rejected> {
    let mut files = Vec::with_capacity(attachments.len());
    let mut contents = Contents::new();
    let mut remarks = Vec::new();
    for (number, attachment) in (1..).zip(attachments) {
        match one(attachment, held) {
            Ok((file, content)) => {
                if let Some(content) = content {
                    contents.push((file.sha256.clone(), Arc::new(content)));
                }
                files.push(file);
            }
            Err((code, detail)) => {
                let text = match detail {
                    Some(detail) => format!("{}: {detail}", code.label()),
                    None => code.label().to_owned(),
                };
                let path = Some(format!("/Envelope/Attachments/Attachment[{number}]"));
                remarks.push((code, Remark { path, ..Remark::plain(code, text) }));
            }
        }
    }
    match remarks.first() {
        None => Ok((files, contents)),
        Some((code, _)) => {
            let code = *code;
            Err(Rejected { code, detail: None, remarks: remarks.into_iter().map(|(_, remark)| remark).collect() })
        }
    }
}

fn one(
    attachment: Attachment,
    held: &(dyn Fn(&str) -> Option<u64> + Sync),
) -> Result<(Kept, Option<Vec<u8>>), (Code, Option<String>)> {
    let file_name = FileName::parse(&attachment.file_name).map_err(|_| (Code::FileNameUnsafe, None))?;
    let media_type = media::normal(&attachment.media_type).into_owned();
    let size = u64::try_from(attachment.size).unwrap_or_default();
    let sha256 = match &attachment.content {
        Some(content) => {
            let declared = Declared { media_type: &media_type, size, sha256: &attachment.sha256 };
            let verified = declared
                .verify(content)
                .map_err(|fault| (Code::parse(fault.code()).unwrap_or(Code::AttachmentType), None));
            verified?.to_string()
        }
        None => referred(&attachment, size, held)?,
    };
    if !media::ending_agrees(&media_type, file_name.ending().as_deref()) {
        return Err((Code::AttachmentType, Some("окончание имени файла не подходит к формату".into())));
    }
    let kept = Kept {
        content_id: attachment.content_id,
        file_name: file_name.as_str().to_owned(),
        media_type,
        size: attachment.size,
        sha256,
    };
    Ok((kept, attachment.content))
}

/// A content that the document store holds under the referred hash, of the declared size.
fn referred(
    attachment: &Attachment,
    size: u64,
    held: &(dyn Fn(&str) -> Option<u64> + Sync),
) -> Result<String, (Code, Option<String>)> {
    let reference = attachment.reference.as_deref().unwrap_or(&attachment.sha256);
    let Some(hash) = ContentHash::parse(reference) else { return Err((Code::AttachmentMissing, None)) };
    if ContentHash::parse(&attachment.sha256) != Some(hash) {
        return Err((Code::AttachmentHash, None));
    }
    let hash = hash.to_string();
    match held(&hash) {
        None => Err((Code::AttachmentMissing, Some("содержимого с такой суммой нет в хранилище".into()))),
        Some(actual) if actual != size => Err((Code::AttachmentSize, None)),
        Some(_) => Ok(hash),
    }
}
