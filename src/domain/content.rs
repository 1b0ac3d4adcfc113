//! Content of a document: its hash, which is also its address in the document store, and the check of what a
//! message declares about an attachment against the bytes themselves.

use std::fmt;

use sha2::{Digest, Sha256};

use super::media::{self, Told};

/// SHA-256 of a content, shown as 64 lower-case hexadecimal digits. The address of the content in the document store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// Reads 64 hexadecimal digits of any case; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(hash))
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for ContentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What a message says about an attachment.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Media type.
    pub media_type: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 as written in the message.
    pub sha256: &'a str,
}

/// How the content differs from what was declared. Always the sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// The size is another one.
    #[error("attachment-size: declared {declared} bytes, there are {actual}; send the whole file with its size")]
    Size {
        /// Bytes declared.
        declared: u64,
        /// Bytes there.
        actual: u64,
    },
    /// The hash is another one.
    #[error("attachment-hash: the content does not have the declared SHA-256; send the file anew with its hash")]
    Hash,
    /// An office document with a password: it cannot be told whether it is what is declared.
    #[error("document-locked: the content takes a password; send the document without one")]
    Locked,
    /// The content is of another kind than declared.
    #[error("attachment-type: the content is {}, not what is declared; send the right media type", told.unwrap_or("of no known kind"))]
    Kind {
        /// What the content tells.
        told: Option<&'static str>,
    },
}

impl ContentFault {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Size { .. } => "attachment-size",
            Self::Hash => "attachment-hash",
            Self::Locked => "document-locked",
            Self::Kind { .. } => "attachment-type",
        }
    }
}

impl Declared<'_> {
    /// Compares size, hash and kind with the content, in this order, and returns the content's hash and what it tells.
    ///
    /// # Errors
    /// The first difference found.
    pub fn verify(&self, content: &[u8]) -> Result<(ContentHash, Told), ContentFault> {
        let actual = content.len() as u64;
        if actual != self.size {
            return Err(ContentFault::Size { declared: self.size, actual });
        }
        let hash = ContentHash::of(content);
        if ContentHash::parse(self.sha256) != Some(hash) {
            return Err(ContentFault::Hash);
        }
        let told = media::told(content);
        self.kind(told)?;
        Ok((hash, told))
    }

    /// Compares the kind alone with what the content tells.
    ///
    /// # Errors
    /// It is another one, or cannot be told.
    pub fn kind(&self, told: Told) -> Result<(), ContentFault> {
        if media::hides(self.media_type, told) {
            Err(ContentFault::Locked)
        } else if media::agrees(self.media_type, told) {
            Ok(())
        } else {
            Err(ContentFault::Kind { told: told.media_type })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn hashes_are_read_and_shown() {
        assert_eq!(ContentHash::of(b"").to_string(), EMPTY);
        assert_eq!(ContentHash::parse(&EMPTY.to_uppercase()), Some(ContentHash::of(b"")));
        for text in ["", "e3b0", &EMPTY[1..], &EMPTY.replace('e', "g"), &format!("{EMPTY}0")] {
            assert_eq!(ContentHash::parse(text), None, "{text}");
        }
    }

    #[test]
    fn declarations() {
        let content = b"%PDF-1.4\n%%EOF\n";
        let (size, right) = (content.len() as u64, ContentHash::of(content).to_string());
        for (media_type, size, sha256, outcome) in [
            ("application/pdf", size, right.as_str(), Ok(())),
            ("application/pdf", size + 1, &right, Err("attachment-size")),
            ("application/pdf", size, EMPTY, Err("attachment-hash")),
            ("image/png", size, &right, Err("attachment-type")),
        ] {
            let declared = Declared { media_type, size, sha256 };
            assert_eq!(declared.verify(content).map(|_| ()).map_err(ContentFault::code), outcome);
        }
    }
}
