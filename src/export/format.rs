//! How a file is written: format, profile, encoding, packing, headings.

use serde::{Deserialize, Serialize};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values.
    #[default]
    Csv,
    /// A document of the register's own schema.
    Xml,
    /// A page for people, with charts where a report has one.
    Html,
    /// A spreadsheet; the feature `xlsx`.
    Xlsx,
}

/// For whom a CSV file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// For programs: RFC 4180, moments in UTC, numbers with a point.
    #[default]
    Machine,
    /// For Excel with Russian settings: semicolons, a byte order mark, local moments, decimal commas, formulas made harmless.
    ExcelRu,
}

/// The encoding of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// windows-1251; a character that it lacks is an error.
    #[serde(rename = "windows-1251")]
    Windows1251,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// What stands over the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Headings {
    /// Codes, which never change.
    Codes,
    /// Russian.
    Russian,
    /// English.
    English,
}

impl Format {
    /// Its word in jobs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xml => "xml",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type of its files, not packed.
    #[must_use]
    pub fn media_type(self, encoding: Encoding) -> &'static str {
        match (self, encoding) {
            (Self::Csv, Encoding::Utf8) => "text/csv; charset=utf-8",
            (Self::Csv, Encoding::Windows1251) => "text/csv; charset=windows-1251",
            (Self::Xml, _) => "application/xml",
            (Self::Html, _) => "text/html; charset=utf-8",
            (Self::Xlsx, _) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl Compression {
    /// What a packed file's name ends with.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// How HTTP and AMQP call it.
    #[must_use]
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}
