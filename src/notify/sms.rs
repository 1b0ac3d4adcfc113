//! How long a short message is. A text of the GSM alphabet fits 160 signs into one segment and 153 into each of several; any other
//! sign (a Cyrillic letter, « », ₽) makes it 70 and 67. Source: 3GPP TS 23.038 and 23.040.

/// The basic GSM alphabet, one unit each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, two units each.
const EXTENDED: &str = "^{}\\[~]|€";

/// Units of one segment, and of each of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    one: usize,
    several: usize,
}

const GSM: Room = Room { one: 160, several: 153 };
const UCS2: Room = Room { one: 70, several: 67 };

/// Into how many segments a text goes; an empty one into one.
#[must_use]
pub fn segments(text: &str) -> usize {
    let (units, room) = measure(text);
    if units <= room.one { 1 } else { units.div_ceil(room.several) }
}

/// The text, or what of it goes into so many segments, cut at a word with an ellipsis.
#[must_use]
pub fn fit(text: &str, segments_max: usize) -> String {
    if segments(text) <= segments_max {
        return text.to_owned();
    }
    let (_, room) = measure(text);
    let units_max = if segments_max <= 1 { room.one } else { room.several * segments_max };
    let ellipsis = ellipsis(room);
    let mut left = units_max.saturating_sub(ellipsis.chars().count());
    let fitting = text.char_indices().take_while(|(_, sign)| {
        let units = units(*sign, room);
        let fits = units <= left;
        left = left.saturating_sub(units);
        fits
    });
    let end = fitting.last().map_or(0, |(at, sign)| at + sign.len_utf8());
    format!("{}{ellipsis}", at_word(text, end))
}

/// The text, or as much of it as so many characters hold, cut at a word with an ellipsis.
#[must_use]
pub fn shorten(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let ellipsis = ellipsis(measure(text).1);
    let left = characters_max.saturating_sub(ellipsis.chars().count());
    let end = text.char_indices().nth(left).map_or(0, |(at, _)| at);
    format!("{}{ellipsis}", at_word(text, end))
}

/// The sign of what is left out: three dots stay within the GSM alphabet.
fn ellipsis(room: Room) -> &'static str {
    if room == GSM { "..." } else { "…" }
}

/// What stands before `end`, without the word that `end` cuts; a single long word is cut where it must be.
fn at_word(text: &str, end: usize) -> &str {
    let (head, tail) = text.split_at(end);
    let whole = tail.starts_with(char::is_whitespace) || tail.is_empty();
    let head = match head.rfind(char::is_whitespace) {
        Some(space) if !whole => &head[..space],
        _ => head,
    };
    head.trim_end_matches(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ':' | ';' | '—' | '-' | '(' | '«'))
}

fn measure(text: &str) -> (usize, Room) {
    let room = if text.chars().all(|sign| BASIC.contains(sign) || EXTENDED.contains(sign)) { GSM } else { UCS2 };
    (text.chars().map(|sign| units(sign, room)).sum(), room)
}

fn units(sign: char, room: Room) -> usize {
    if room == UCS2 { sign.len_utf16() } else { 1 + usize::from(EXTENDED.contains(sign)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_as_networks_do() {
        for (text, count) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("я".repeat(70), 1),
            ("я".repeat(71), 2),
            ("я".repeat(134), 2),
            ("я".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
        ] {
            assert_eq!(segments(&text), count, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn a_text_is_cut_at_a_word() {
        let long = "Заявление 77-2026-000101 на услугу «Выдача разрешения на строительство»: требуется уточнение, ответьте до срока";
        assert_eq!(fit(long, 1), "Заявление 77-2026-000101 на услугу «Выдача разрешения на…");
        assert_eq!(fit(long, 2), long);
        assert_eq!(fit(&"слово ".repeat(40), 1), format!("{}слово…", "слово ".repeat(10)));
        assert_eq!(fit(&"word ".repeat(40), 1), format!("{}word...", "word ".repeat(30)));
        assert_eq!(fit(&"я".repeat(80), 1), format!("{}…", "я".repeat(69)));
        assert_eq!(shorten("Дело: проверено", 10), "Дело…");
        assert_eq!(shorten("Дело", 4), "Дело");
        // What is cut stays what it was: one foreign sign would halve the room of a segment.
        assert_eq!(shorten(&"word ".repeat(61), 300), format!("{}word...", "word ".repeat(58)));
        assert_eq!(segments(&shorten(&"word ".repeat(61), 300)), 2);
    }

    #[test]
    fn what_was_cut_always_fits() {
        let words = ["а", "слово", "word", "€", "😀", "очень-длинное-слово-без-пробелов", "«кавычки»"];
        for seed in 0..400_usize {
            let text: Vec<&str> = (0..seed % 60).map(|at| words[(seed * 7 + at * at) % words.len()]).collect();
            let text = text.join(" ");
            for segments_max in 1..4 {
                let cut = fit(&text, segments_max);
                assert!(segments(&cut) <= segments_max, "{cut}");
                assert!(shorten(&text, 5 + seed % 40).chars().count() <= 5 + seed % 40);
            }
        }
    }
}
