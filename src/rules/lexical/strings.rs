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

/// Whether `text` may stand as an `anyURI`: a reference by RFC 2396 as amended by RFC 2732, after what the standard escapes
/// is escaped (spaces, controls, other characters than ASCII, and ``<>"{}|\^` ``).
///
/// So a colon before any of `/?#` ends a scheme, percent signs begin escapes of two digits, there is one `#` at most, and
/// square brackets stand around the host, in the query and in the fragment only.
pub(crate) fn is_uri(text: &str) -> bool {
    let (text, fragment) = text.split_once('#').map_or((text, ""), |(text, fragment)| (text, fragment));
    let rest = match text.find([':', '/', '?']) {
        Some(at) if text.as_bytes()[at] == b':' => {
            let (scheme, rest) = text.split_at(at);
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(letters) {
                return false;
            }
            &rest[1..]
        }
        _ => text,
    };
    let rest = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            match authority.split_once('[') {
                Some((user, host)) => {
                    let Some((address, port)) = host.split_once(']') else { return false };
                    let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
                    let is_port =
                        port.is_empty() || port.starts_with(':') && port[1..].bytes().all(|b| b.is_ascii_digit());
                    if address.is_empty() || !address.bytes().all(is_address) || !is_port || !is_escaped(user) {
                        return false;
                    }
                }
                None if !is_escaped(authority) => return false,
                None => {}
            }
            path
        }
        None => rest,
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let without_brackets = |part: &str| part.replace(['[', ']'], "_");
    is_escaped(path) && is_escaped(&without_brackets(query)) && is_escaped(&without_brackets(fragment))
}

/// Whether percent signs begin escapes, and nothing stands that a part of a URI may not hold.
fn is_escaped(part: &str) -> bool {
    let escapes =
        |at: usize| part.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    part.bytes().enumerate().all(|(at, byte)| match byte {
        b'#' | b'[' | b']' => false,
        b'%' => escapes(at),
        _ => true,
    })
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
        for right in [
            "",
            "http://a/b?c#d",
            "a b",
            "urn:isbn:1",
            "../x",
            "путь",
            "a/b:c",
            "#f:g",
            "x:",
            "a%20b",
            "//",
            "http://",
            "http://[::1]:80/",
            "http://u@[::1]",
            "http://путь:80/?#",
            "mailto:a@b",
            "a^b<c>",
            "?a:b",
            "http://a:b@c:80",
            "?[a]",
            "#[1]",
        ] {
            assert!(is_uri(right), "{right}");
        }
        for wrong in [
            ":a",
            "1a:b",
            "a b:c",
            "ж:b",
            "a%",
            "a%2",
            "a%zz",
            "#a#b",
            "##",
            "a[b]",
            "http://[::1",
            "http://[]/",
            "http://[::1]a",
            "http://[g]/",
            "http://a/[",
            "x:[",
            "http://a%/",
            "?%a",
            "#%",
        ] {
            assert!(!is_uri(wrong), "{wrong}");
        }
    }
}
