//! Forms of the types derived from `string`, and of `anyURI`.

/// Whether `text` is a `language`: tags of letters and digits as RFC 3066 writes them.
pub(crate) fn is_language(text: &str) -> bool {
    text.split('-').enumerate().all(|(index, tag)| {
        (1..=8).contains(&tag.len())
            && tag
                .bytes()
                .all(|byte| if index == 0 { byte.is_ascii_alphabetic() } else { byte.is_ascii_alphanumeric() })
    })
}

/// Whether `text` may stand as an `anyURI`.
///
/// XML Schema 1.0 takes nearly every text, for spaces and other characters count as escaped; what remains to be refused
/// is what no escaping mends: a scheme that is none before a colon, and percent signs are left alone.
pub(crate) fn is_uri(text: &str) -> bool {
    let stop = text.find([':', '/', '?', '#']);
    match stop {
        Some(at) if text.as_bytes()[at] == b':' => {
            let scheme = &text[..at];
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_tags() {
        for right in ["ru", "en-US", "i-navajo", "x-12345678"] {
            assert!(is_language(right), "{right}");
        }
        for wrong in ["", "ru-", "r2", "abcdefghi", "ru_RU", "-ru"] {
            assert!(!is_language(wrong), "{wrong}");
        }
    }

    #[test]
    fn uris_may_be_nearly_anything() {
        for right in ["", "http://a/b?c#d", "a b", "urn:isbn:1", "../x", "путь", "a/b:c", "#f:g"] {
            assert!(is_uri(right), "{right}");
        }
        for wrong in [":a", "1a:b", "a b:c"] {
            assert!(!is_uri(wrong), "{wrong}");
        }
    }
}
