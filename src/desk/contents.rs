//! The content files held against what the store names: which are missing, which have other bytes, which no row names. Files are read in
//! stretches and named in pages, whatever their number.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::DeskFault;
use crate::store::{ContentFault, Contents, Store};

/// Contents named, and files looked at, together.
const PAGE: u32 = 500;

/// What is wrong with a content or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// Rows name it, and there is no file.
    Missing,
    /// The file has other bytes than it is named by.
    Changed,
    /// No row names the file.
    Leftover,
}

/// A content or a file with which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFinding {
    /// What.
    pub wrong: Wrong,
    /// SHA-256 of the content, or the file's path.
    pub content: String,
    /// Rows that name it, a few of them.
    pub named_by: Vec<String>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// Contents that rows name.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Findings.
    pub findings: u64,
}

/// Looks at every content and every file; `found` is told of each that is wrong, as it is found. A file that no row names counts
/// only when it is older than `leftover_age`: it may belong to a message that is being settled.
pub async fn verify(
    store: &Store,
    contents: &Contents,
    leftover_age: Duration,
    mut found: impl FnMut(&FileFinding),
) -> Result<Looked, DeskFault> {
    let mut looked = Looked::default();
    let mut after = String::new();
    loop {
        let page = store.contents_named(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        for sha256 in page {
            looked.contents += 1;
            let (own, name) = (contents.clone(), sha256.clone());
            let verified = tokio::task::spawn_blocking(move || own.verify(&name)).await;
            let wrong = match verified.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic())) {
                Ok(bytes) => {
                    looked.bytes += bytes;
                    continue;
                }
                Err(ContentFault::Missing(_)) => Wrong::Missing,
                Err(ContentFault::Changed(_)) => Wrong::Changed,
                Err(fault) => return Err(fault.into()),
            };
            let named_by = store.content_named_by(&sha256).await?;
            looked.findings += 1;
            found(&FileFinding { wrong, content: sha256, named_by });
        }
    }
    looked.findings += leftovers(store, contents, leftover_age, &mut found).await?;
    Ok(looked)
}

/// Files that no row names, and files that are no contents at all.
async fn leftovers(
    store: &Store,
    contents: &Contents,
    age: Duration,
    found: &mut impl FnMut(&FileFinding),
) -> Result<u64, DeskFault> {
    let before = SystemTime::from(crate::clock::now()).checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut findings = 0;
    for folder in contents.folders()? {
        if !folder.is_dir() {
            findings += 1;
            found(&FileFinding::leftover(&folder));
            continue;
        }
        let files = contents.files(&folder, before)?;
        for page in files.chunks(PAGE as usize) {
            let name =
                |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let names: Vec<String> = page.iter().map(|path| name(path)).collect();
            let unnamed = store.contents_unnamed(&names).await?;
            for path in page.iter().filter(|path| unnamed.contains(&name(path))) {
                findings += 1;
                found(&FileFinding::leftover(path));
            }
        }
    }
    Ok(findings)
}

impl FileFinding {
    fn leftover(path: &Path) -> Self {
        Self { wrong: Wrong::Leftover, content: path.display().to_string(), named_by: Vec::new() }
    }
}
