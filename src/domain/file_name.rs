//! Names of attached files. A name is shown to people and offered for download, so a name that walks up a folder,
//! hides its real ending or means a device on somebody's system is refused at the door. Content is stored by hash, never under this
//! name.

use std::fmt;

/// The longest name, in characters (the same bound stands in the envelope's schema).
const CHARACTERS_MAX: usize = 255;

/// Names that mean devices on Windows, with any ending.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// A file name that is only a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// Why a file name is refused. Never carries the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileNameFault {
    /// Nothing, or only dots and spaces.
    #[error("file-name-unsafe: the file name is empty; send a name")]
    Empty,
    /// Longer than any system takes.
    #[error("file-name-unsafe: the file name is longer than {CHARACTERS_MAX} characters; shorten it")]
    TooLong,
    /// A separator of folders, a drive, or a way upwards.
    #[error("file-name-unsafe: the file name is a path; send the name alone")]
    Path,
    /// Control characters, invisible or direction-changing ones, or signs that systems reserve.
    #[error("file-name-unsafe: the file name has a forbidden character; rename the file")]
    Character,
    /// A leading or trailing space, or a trailing dot.
    #[error("file-name-unsafe: the file name begins or ends with a space or ends with a dot; rename the file")]
    Edge,
    /// A device name of Windows.
    #[error("file-name-unsafe: the file name means a device on some systems; rename the file")]
    Device,
}

impl FileNameFault {
    /// Stable code, the same for every reason: the sender renames the file.
    #[must_use]
    pub fn code(self) -> &'static str {
        "file-name-unsafe"
    }
}

impl FileName {
    /// Takes a name that is safe to show and to offer.
    ///
    /// # Errors
    /// The name is a trick or would not work somewhere; the sender's fault.
    pub fn parse(text: &str) -> Result<Self, FileNameFault> {
        if text.chars().all(|sign| matches!(sign, '.' | ' ')) {
            return Err(if text.contains("..") { FileNameFault::Path } else { FileNameFault::Empty });
        }
        if text.chars().count() > CHARACTERS_MAX {
            return Err(FileNameFault::TooLong);
        }
        if text.contains(['/', '\\', ':']) || is_escaped_path(text) {
            return Err(FileNameFault::Path);
        }
        if text.chars().any(is_forbidden) {
            return Err(FileNameFault::Character);
        }
        if text.starts_with(' ') || text.ends_with([' ', '.']) {
            return Err(FileNameFault::Edge);
        }
        if is_device(text) {
            return Err(FileNameFault::Device);
        }
        Ok(Self(text.to_owned()))
    }

    /// The ending after the last dot, in lower case, if there is one.
    #[must_use]
    pub fn ending(&self) -> Option<String> {
        let (stem, ending) = self.0.rsplit_once('.')?;
        (!stem.is_empty()).then(|| ending.to_lowercase())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// `%2f` and its kin: a path once a careless reader has decoded it.
fn is_escaped_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["%2f", "%5c", "%00"].iter().any(|escape| lower.contains(escape))
}

fn is_forbidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '<' | '>' | '"' | '|' | '?' | '*')
        || matches!(sign, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    DEVICES.iter().any(|device| match stem.strip_prefix(device) {
        Some("") => !matches!(*device, "COM" | "LPT"),
        Some(rest) => matches!(*device, "COM" | "LPT") && rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for name in [
            "план.pdf",
            "План участка (лист 1).PDF",
            ".profile",
            "архив.tar.gz",
            "a",
            "COM.pdf",
            "console.xml",
            "..a",
            "приказ №5.docx",
        ] {
            assert_eq!(FileName::parse(name).map(|parsed| parsed.0), Ok(name.to_owned()));
        }
        for (name, fault) in [
            ("", FileNameFault::Empty),
            (" ", FileNameFault::Empty),
            (".", FileNameFault::Empty),
            ("..", FileNameFault::Path),
            ("../план.pdf", FileNameFault::Path),
            ("..\\план.pdf", FileNameFault::Path),
            ("/etc/passwd", FileNameFault::Path),
            ("C:план.pdf", FileNameFault::Path),
            ("план.pdf:поток", FileNameFault::Path),
            ("..%2Fплан.pdf", FileNameFault::Path),
            ("план\u{0}.pdf", FileNameFault::Character),
            ("план\n.pdf", FileNameFault::Character),
            ("план\u{202E}fdp.exe", FileNameFault::Character),
            ("план\u{200B}.pdf", FileNameFault::Character),
            ("план?.pdf", FileNameFault::Character),
            (" план.pdf", FileNameFault::Edge),
            ("план.pdf ", FileNameFault::Edge),
            ("план.pdf.", FileNameFault::Edge),
            ("con", FileNameFault::Device),
            ("NUL.pdf", FileNameFault::Device),
            ("com1.xml", FileNameFault::Device),
            ("LPT9", FileNameFault::Device),
        ] {
            assert_eq!(FileName::parse(name), Err(fault), "{name:?}");
        }
        assert_eq!(FileName::parse(&"я".repeat(256)), Err(FileNameFault::TooLong));
        assert!(FileName::parse(&"я".repeat(255)).is_ok());
    }

    #[test]
    fn endings() {
        for (name, ending) in [("план.PDF", Some("pdf")), ("план", None), (".profile", None), ("a.tar.gz", Some("gz"))]
        {
            assert_eq!(FileName::parse(name).unwrap().ending().as_deref(), ending);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_one_name(name in ".{0,40}") {
            if let Ok(taken) = FileName::parse(&name) {
                let path = std::path::Path::new(taken.as_str());
                prop_assert_eq!(path.components().count(), 1);
                prop_assert_eq!(path.file_name().and_then(|part| part.to_str()), Some(name.as_str()));
            }
        }
    }
}
