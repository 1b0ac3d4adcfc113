//! The place of a finding in the document, as compilers show it: the line, and a mark under the stretch that is wrong.
//! Documents are read again piece by piece, so that one of any size, or one that is a single long line, costs no memory.

use std::io::{self, Read};

use unicode_width::UnicodeWidthChar;

/// Bytes of a line that are kept before and behind the beginning of the place.
const BYTES_BEFORE: u64 = 600;
const BYTES_BEHIND: u64 = 1200;
/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Columns that a tab takes.
const TAB_COLUMNS: usize = 4;
/// Columns that stand before the place where a line has to be cut.
const COLUMNS_BEFORE: usize = 24;
/// Stands for what a line was cut off.
const CUT: &str = "…";

/// The stretch of one line around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    text: String,
    /// The bytes of the text that are wrong; nothing where the place lies between two characters.
    from: usize,
    to: usize,
    /// The line goes on before and behind the text.
    cut_before: bool,
    cut_behind: bool,
}

/// The excerpts of places, given as offset and length in the text and sorted by offset.
pub(super) fn gather(mut text: impl Read, places: &[(u64, u64)]) -> io::Result<Vec<Excerpt>> {
    let mut window: Vec<u8> = Vec::new();
    let mut base = 0;
    let mut ended = false;
    let mut excerpts = Vec::with_capacity(places.len());
    for &(offset, length) in places {
        while !ended && base + (window.len() as u64) < offset + BYTES_BEHIND {
            let unneeded = offset.saturating_sub(BYTES_BEFORE).saturating_sub(base).min(window.len() as u64);
            window.drain(..usize::try_from(unneeded).unwrap_or(0));
            base += unneeded;
            let before = window.len();
            window.resize(before + CHUNK_BYTES, 0);
            let count = text.read(&mut window[before..])?;
            window.truncate(before + count);
            ended = count == 0;
        }
        excerpts.push(Excerpt::cut_out(&window, base, offset, length));
    }
    Ok(excerpts)
}

impl Excerpt {
    fn cut_out(window: &[u8], base: u64, offset: u64, length: u64) -> Self {
        let at = usize::try_from(offset.saturating_sub(base)).unwrap_or(usize::MAX).min(window.len());
        let reach = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let first = at.saturating_sub(reach(BYTES_BEFORE));
        let last = at.saturating_add(reach(BYTES_BEHIND)).min(window.len());
        let line_start = window[first..at].iter().rposition(ends_line).map(|found| first + found + 1);
        let line_end = window[at..last].iter().position(ends_line).map(|found| at + found);
        let cut_before = line_start.is_none() && (first > 0 || base > 0);
        let cut_behind = line_end.is_none() && last < window.len();
        let (start, end) = (line_start.unwrap_or(first), line_end.unwrap_or(last));
        // Where a window cuts a character, what is left of it is no text: nothing of it is shown.
        let before = String::from_utf8_lossy(&window[start..at]);
        let before = before.trim_start_matches(|character| cut_before && character == char::REPLACEMENT_CHARACTER);
        let behind = String::from_utf8_lossy(&window[at..end]);
        let behind = behind.trim_end_matches(|character| cut_behind && character == char::REPLACEMENT_CHARACTER);
        let wrong = usize::try_from(length).unwrap_or(usize::MAX).min(behind.len());
        let wrong = (wrong..=behind.len()).find(|&end| behind.is_char_boundary(end)).unwrap_or(behind.len());
        let (from, to) = (before.len(), before.len() + wrong);
        Self { text: format!("{before}{behind}"), from, to, cut_before, cut_behind }
    }

    /// The line as it can be shown in so many columns, and the mark below it.
    pub(super) fn shown(&self, columns: usize) -> (String, String) {
        let cells: Vec<Cell> = self.text.char_indices().map(|(at, character)| Cell::of(at, character)).collect();
        let place = cells.iter().position(|cell| cell.at >= self.from).unwrap_or(cells.len());
        let total: usize = cells.iter().map(|cell| cell.columns).sum();
        let room = columns.max(COLUMNS_BEFORE * 2).saturating_sub(2 * CUT.chars().count());
        let mut first = 0;
        let before: usize = cells[..place].iter().map(|cell| cell.columns).sum();
        if total > room {
            let mut dropped = 0;
            while first < place && before - dropped > COLUMNS_BEFORE && total - dropped > room {
                dropped += cells[first].columns;
                first += 1;
            }
        }
        let (mut line, mut mark) = (String::new(), String::new());
        if self.cut_before || first > 0 {
            line.push_str(CUT);
            mark.push(' ');
        }
        let mut used = 0;
        let mut shown = first;
        for cell in &cells[first..] {
            if used + cell.columns > room {
                break;
            }
            used += cell.columns;
            shown += 1;
            cell.draw(&mut line);
            let sign = if cell.at < self.from {
                " "
            } else if cell.at < self.to {
                "^"
            } else {
                ""
            };
            mark.push_str(&sign.repeat(cell.columns));
        }
        if !mark.contains('^') {
            mark.push('^');
        }
        if self.cut_behind || shown < cells.len() {
            line.push_str(CUT);
        }
        (line, mark)
    }
}

/// A character as it is shown.
struct Cell {
    at: usize,
    shown: char,
    columns: usize,
}

impl Cell {
    fn of(at: usize, character: char) -> Self {
        let (shown, columns) = match character {
            '\t' => ('\t', TAB_COLUMNS),
            _ if crate::xml::is_treacherous(character) => (char::REPLACEMENT_CHARACTER, 1),
            _ => (character, character.width().unwrap_or(1)),
        };
        Self { at, shown, columns }
    }

    fn draw(&self, line: &mut String) {
        match self.shown {
            '\t' => line.push_str(&" ".repeat(TAB_COLUMNS)),
            shown => line.push(shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place is written between «».
    fn check(written: &str, columns: usize, line: &str, mark: &str) {
        let from = written.find('«').unwrap();
        let text = written.replacen('«', "", 1);
        let to = text.find('»').unwrap();
        let text = text.replacen('»', "", 1);
        let excerpts = gather(text.as_bytes(), &[(from as u64, (to - from) as u64)]).unwrap();
        let shown = excerpts[0].shown(columns);
        assert_eq!((shown.0.as_str(), shown.1.as_str()), (line, mark));
    }

    #[test]
    fn the_place_is_marked_below_its_line() {
        check("<a>\n  <b>«x»</b>\n</a>", 80, "  <b>x</b>", "     ^");
        check("<a>«»", 80, "<a>", "   ^");
        check("«<a»>", 80, "<a>", "^^");
        check("<a>\r\n«<b>»\r\n</a>", 80, "<b>", "^^^");
        check("<a>«\n  <b/>\n»</a>", 80, "<a>", "   ^");
        check("\t<a>«x»", 80, "    <a>x", "       ^");
    }

    #[test]
    fn wide_letters_take_two_columns_and_marks_none() {
        check("<Дом>«жж»</Дом>", 80, "<Дом>жж</Дом>", "     ^^");
        check("<a>漢字«漢x»</a>", 80, "<a>漢字漢x</a>", "       ^^^");
        check("e\u{301}«x»", 80, "e\u{301}x", " ^");
    }

    #[test]
    fn what_could_deceive_a_terminal_is_not_shown() {
        check("a\u{1b}[31m«b\u{202e}»c", 80, "a\u{fffd}[31mb\u{fffd}c", "      ^^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let long = format!("{}«bad»{}", "x".repeat(5000), "y".repeat(5000));
        let (line, mark) = (format!("…{}bad{}…", "x".repeat(24), "y".repeat(31)), format!("{}^^^", " ".repeat(25)));
        check(&long, 60, &line, &mark);
        let early = format!("«bad»{}", "y".repeat(100));
        check(&early, 60, &format!("bad{}…", "y".repeat(55)), "^^^");
        let late = format!("{}«bad»", "я".repeat(700));
        check(&late, 60, &format!("…{}bad", "я".repeat(55)), &format!("{}^^^", " ".repeat(56)));
        let all = format!("ab«{}»", "y".repeat(100_000));
        check(&all, 60, &format!("ab{}…", "y".repeat(56)), &format!("  {}", "^".repeat(56)));
    }

    #[test]
    fn many_places_are_found_in_one_reading() {
        let text: String = (0..50_000).map(|number| format!("<n>{number:05}</n>\n")).collect();
        let line = "<n>00000</n>\n".len() as u64;
        let places: Vec<(u64, u64)> = (0..500).map(|number| (number * 100 * line + 3, 5)).collect();
        let excerpts = gather(text.as_bytes(), &places).unwrap();
        for (number, excerpt) in excerpts.iter().enumerate() {
            let expected = (format!("<n>{:05}</n>", number * 100), "   ^^^^^".to_owned());
            assert_eq!(excerpt.shown(80), expected);
        }
    }
}
