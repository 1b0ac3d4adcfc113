//! What is said of a file, beside it: enough for its reader to know what it holds and that it is whole.

use serde::{Deserialize, Serialize};

use super::ExportFault;
use super::format::{Compression, Encoding, Format, Profile};

/// What is said of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Code of the job.
    pub job: String,
    /// Code of the register or report.
    pub of: String,
    /// The moment that the file stands for.
    pub slot: String,
    /// From when; the first moment that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when; the first moment that does not belong to it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Where in the changes it begins and ends, for a job that gives changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<ManifestWatermark>,
    /// Name of the file, beside it that which it lies there under; empty where there were no rows and none was made.
    pub file: String,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file; empty where none was made.
    pub sha256: String,
    /// Format.
    pub format: Format,
    /// For whom, where it is CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Encoding.
    pub encoding: Encoding,
    /// How it is packed.
    pub compression: Compression,
    /// Codes of its columns, in order.
    pub columns: Vec<String>,
    /// The schema of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<ManifestSchema>,
    /// Name and version of the program that made it.
    pub program: String,
    /// Version of the rules by which the program judged messages.
    pub rules: String,
}

impl Manifest {
    /// As it is written.
    pub(super) fn told(&self) -> Result<String, ExportFault> {
        let told = serde_json::to_string_pretty(self).map_err(|fault| ExportFault::Schema(fault.to_string()))?;
        Ok(told + "\n")
    }

    /// As it is written beside a file of this name, which may lead through folders.
    pub(super) fn beside(&self, name: &str) -> Result<String, ExportFault> {
        let file = name.rsplit('/').next().unwrap_or(name).to_owned();
        Self { file, ..self.clone() }.told()
    }
}

/// Where in the changes of its table a file begins and ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestWatermark {
    /// The last change before it; none: it holds everything there was.
    pub from: Option<i64>,
    /// The last change in it.
    pub to: i64,
}

/// The schema of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestSchema {
    /// Its namespace.
    pub namespace: String,
    /// Its file among the schemas.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
}
