//! What a system takes as documents: file formats, sizes, and the attributes that a document of a type must
//! have.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An attribute of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// Series.
    Series,
    /// Number.
    Number,
    /// Day of issue.
    IssuedOn,
    /// Last day of validity.
    ValidUntil,
    /// Who issued it.
    Issuer,
    /// What it is for.
    Purpose,
    /// The mark of a signature.
    Signature,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Series, Self::Number, Self::IssuedOn, Self::ValidUntil, Self::Issuer, Self::Purpose, Self::Signature];

    /// What it is called in Russian, for receipts.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Series => "серия",
            Self::Number => "номер",
            Self::IssuedOn => "дата выдачи",
            Self::ValidUntil => "срок действия",
            Self::Issuer => "кем выдан",
            Self::Purpose => "назначение",
            Self::Signature => "отметка о подписи",
        }
    }
}

/// A type of document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    #[serde(default)]
    pub label_en: Option<String>,
    /// Attributes that it must have.
    #[serde(default)]
    pub requires: Vec<Attribute>,
    /// Media types that it is taken in; empty: those of the system.
    #[serde(default)]
    pub formats: Vec<String>,
    /// The largest file of this type, in bytes; none: that of the system.
    #[serde(default)]
    pub size_bytes_max: Option<u64>,
    /// Operations of which a reader's roles must allow one; empty: whoever may see the case.
    #[serde(default)]
    pub access: Vec<String>,
}

/// What a system takes as documents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRules {
    /// Media types that are taken.
    pub formats: Vec<String>,
    /// The largest file, in bytes.
    pub size_bytes_max: u64,
    /// Media types that can be signed; empty: all that are taken.
    #[serde(default)]
    pub signable: Vec<String>,
    /// Events that people are told of: by `requested`, and by the state that a verdict gives: `on_check`, `approved`, `rejected`.
    #[serde(default)]
    pub events: BTreeMap<String, String>,
    /// Attributes that every document must have.
    #[serde(default)]
    pub requires: Vec<Attribute>,
    /// Types with rules of their own. A type that is not here has none.
    #[serde(default, rename = "type")]
    pub types: Vec<DocumentType>,
}

impl DocumentRules {
    /// Media types that a document of a type is taken in.
    #[must_use]
    pub fn formats(&self, kind: &str) -> &[String] {
        let own = self.document_type(kind).map(|own| &own.formats).filter(|formats| !formats.is_empty());
        own.unwrap_or(&self.formats)
    }

    /// The largest file that is taken for a document of a type, in bytes.
    #[must_use]
    pub fn size_bytes_max(&self, kind: &str) -> u64 {
        self.document_type(kind).and_then(|own| own.size_bytes_max).unwrap_or(self.size_bytes_max)
    }

    /// Whether documents of this media type are signed.
    #[must_use]
    pub fn is_signable(&self, media_type: &str) -> bool {
        self.signable.is_empty() || self.signable.iter().any(|one| one == media_type)
    }

    /// Operations of which a reader's roles must allow one to see documents of a type; none: everybody sees them who sees the case.
    #[must_use]
    pub fn access(&self, code: &str) -> &[String] {
        self.document_type(code).map(|own| own.access.as_slice()).unwrap_or_default()
    }

    /// The rules of a type, where it has any of its own.
    #[must_use]
    pub fn document_type(&self, code: &str) -> Option<&DocumentType> {
        self.types.iter().find(|one| one.code == code)
    }
}
