//! What a message says of its attachments, held against the attachments themselves: name, size, SHA-256, kind. One that
//! comes by reference is looked for in the document store when its message is settled, after those before it.

use std::sync::Arc;

use super::{Judged, Rejected, Remark, Told};
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
    /// Whether it takes a password to read it; of a referred one this is found out when its message is settled.
    pub locked: bool,
    /// Whether its content must be in the document store already.
    pub referred: bool,
    /// What it is as an answer of state services.
    pub answers: Vec<Judged>,
}

type Contents = Vec<(String, Arc<Vec<u8>>)>;

/// Checks all attachments; every fault is told, and one refuses the message.
pub(super) fn check(attachments: Vec<Attachment>) -> Result<(Vec<Kept>, Contents), Rejected> {
    let mut files = Vec::with_capacity(attachments.len());
    let mut contents = Contents::new();
    let mut remarks = Vec::new();
    for (number, attachment) in (1..).zip(attachments) {
        match one(attachment) {
            Ok((file, content)) => {
                if let Some(content) = content {
                    contents.push((file.sha256.clone(), Arc::new(content)));
                }
                files.push(file);
            }
            Err((code, detail)) => {
                let (text, english) = match detail {
                    Some((russian, english)) => {
                        (format!("{}: {russian}", code.label()), format!("{}: {english}", code.meaning()))
                    }
                    None => (code.label().to_owned(), code.meaning().to_owned()),
                };
                let path = Some(format!("/Envelope/Attachments/Attachment[{number}]"));
                let remark = Remark { path, ..Remark::plain(code, text) };
                remarks.push((code, Told { remark, english: Some(english) }));
            }
        }
    }
    match remarks.first() {
        None => Ok((files, contents)),
        Some((code, _)) => {
            let code = *code;
            Err(Rejected {
                remarks: remarks.into_iter().map(|(_, remark)| remark).collect(),
                ..Rejected::of(code, None)
            })
        }
    }
}

/// Why an attachment is refused, with particulars in Russian and English where there are any.
type Refused = (Code, Option<(&'static str, &'static str)>);

/// The name of a file promises another format than it has.
const OTHER_ENDING: (&str, &str) =
    ("окончание имени файла не подходит к формату", "the ending of the file's name does not fit its media type");

fn one(attachment: Attachment) -> Result<(Kept, Option<Vec<u8>>), Refused> {
    let file_name = FileName::parse(&attachment.file_name).map_err(|_| (Code::FileNameUnsafe, None))?;
    let media_type = media::normal(&attachment.media_type).into_owned();
    let (sha256, locked) = match &attachment.content {
        Some(content) => {
            let size = u64::try_from(attachment.size).unwrap_or_default();
            let declared = Declared { media_type: &media_type, size, sha256: &attachment.sha256 };
            let verified = declared
                .verify(content)
                .map_err(|fault| (Code::parse(fault.code()).unwrap_or(Code::AttachmentType), None));
            let (hash, told) = verified?;
            (hash.to_string(), told.locked)
        }
        None => (referred(&attachment)?, false),
    };
    if !media::ending_agrees(&media_type, file_name.ending().as_deref()) {
        return Err((Code::AttachmentType, Some(OTHER_ENDING)));
    }
    let kept = Kept {
        content_id: attachment.content_id,
        file_name: file_name.as_str().to_owned(),
        media_type,
        size: attachment.size,
        sha256,
        locked,
        referred: attachment.content.is_none(),
        answers: Vec::new(),
    };
    Ok((kept, attachment.content))
}

/// The hash that an attachment without content refers to; it must be the declared one.
fn referred(attachment: &Attachment) -> Result<String, Refused> {
    let reference = attachment.reference.as_deref().unwrap_or(&attachment.sha256);
    match ContentHash::parse(reference) {
        None => Err((Code::AttachmentMissing, None)),
        Some(hash) if ContentHash::parse(&attachment.sha256) != Some(hash) => Err((Code::AttachmentHash, None)),
        Some(hash) => Ok(hash.to_string()),
    }
}
