//! Letters of a face: how wide they are, which of a text can be shown, and where a line may break.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};

/// Stands for what the face has no letter for.
const UNKNOWN: char = '\u{FFFD}';
/// A word of more letters breaks where it is joined, too.
const LONG_WORD_LETTERS: usize = 24;
/// Where long words are joined.
const JOINTS: [char; 6] = ['-', '_', '/', '.', '@', '\\'];

/// One face: regular or bold.
pub(super) struct Face {
    pub(super) font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
}

impl Face {
    /// A face from the bytes of its file; none where it is no font.
    pub(super) fn read(bytes: &'static [u8]) -> Option<Self> {
        let file = FontRef::new(bytes).ok()?;
        let font = Font::new(bytes.into(), 0)?;
        let units_per_em = font.units_per_em();
        let widths = file.glyph_metrics(Size::unscaled(), LocationRef::default());
        Some(Self { font, letters: file.charmap(), widths, units_per_em })
    }

    /// The letter of the face and its width in parts of the size.
    fn letter(&self, letter: char) -> (u32, f32) {
        let glyph = self.letters.map(letter).or_else(|| self.letters.map(UNKNOWN)).unwrap_or_default();
        (glyph.to_u32(), self.widths.advance_width(glyph).unwrap_or_default() / self.units_per_em)
    }

    /// The width of a text at size 1.
    pub(super) fn width(&self, text: &str) -> f32 {
        text.chars().map(|letter| self.letter(letter).1).sum()
    }

    /// The letters of a line, to be drawn.
    pub(super) fn glyphs(&self, line: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, letter): (usize, char)| {
            let (id, width) = self.letter(letter);
            KrillaGlyph::new(GlyphId::new(id), width, 0.0, 0.0, 0.0, at..at + letter.len_utf8(), None)
        };
        line.char_indices().map(glyph).collect()
    }

    /// The width of the widest piece that does not break of itself, at size 1.
    pub(super) fn widest_piece(&self, text: &str) -> f32 {
        text.lines().flat_map(pieces).map(|piece| self.width(piece.trim_end())).fold(0.0, f32::max)
    }

    /// The width of the widest line as it was written, at size 1.
    pub(super) fn widest_line(&self, text: &str) -> f32 {
        text.lines().map(|line| self.width(line)).fold(0.0, f32::max)
    }

    /// A text in lines of at most this width at size 1; at least one line.
    pub(super) fn lines(&self, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            self.broken(paragraph, width, &mut lines);
        }
        if lines.is_empty() {
            lines.push(" ".into());
        }
        lines
    }

    fn broken(&self, paragraph: &str, width: f32, lines: &mut Vec<String>) {
        let mut line = String::new();
        let mut taken = 0.0;
        for piece in pieces(paragraph) {
            let wide = self.width(piece.trim_end());
            if !line.is_empty() && taken + wide > width {
                lines.push(std::mem::take(&mut line));
                taken = 0.0;
            }
            if wide <= width {
                line.push_str(piece);
                taken += self.width(piece);
                continue;
            }
            // Wider than a line: it breaks wherever it must, but never between a letter and its mark.
            for letter in piece.chars() {
                let wide = self.letter(letter).1;
                if wide > 0.0 && !letter.is_whitespace() && taken + wide > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    taken = 0.0;
                }
                line.push(letter);
                taken += wide;
            }
        }
        if !line.is_empty() || paragraph.is_empty() {
            lines.push(if line.is_empty() { " ".into() } else { line });
        }
    }
}

/// A text of which everything can be shown: tabs are spaces, and what has no look or no meaning of its own is gone or marked.
pub(super) fn showable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\n' => shown.push('\n'),
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => shown.push('\n'),
            '\t' => shown.push(' '),
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {}
            _ if letter.is_control() || private(letter) => shown.push(UNKNOWN),
            _ => shown.push(letter),
        }
    }
    shown
}

/// Letters that mean nothing outside the house of their maker, and those that are none.
fn private(letter: char) -> bool {
    matches!(u32::from(letter), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF) || u32::from(letter) & 0xFFFE == 0xFFFE
}

/// The pieces of a line between which it may break: words with the spaces behind them, parts of words that are joined by a hyphen.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    // The parts of a long word are parts of one, however short they are themselves.
    let mut long = false;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.find(breaks).unwrap_or(rest.len());
        long = long || rest[..word].chars().count() > LONG_WORD_LETTERS;
        let end = end_of_piece(rest, word, long);
        long = long && end < word;
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Where the first piece of a text ends, whose first word ends at `word`.
fn end_of_piece(text: &str, word: usize, long: bool) -> usize {
    let spaces = text[word..].find(|letter| !breaks(letter)).unwrap_or(text.len() - word);
    let joint = text[..word].char_indices().find_map(|(at, letter)| {
        let end = at + letter.len_utf8();
        let next = text[end..word].chars().next()?;
        let parts = if long { JOINTS.contains(&letter) } else { letter == '-' && next.is_alphabetic() && at > 0 };
        parts.then_some(end)
    });
    joint.unwrap_or(word + spaces)
}

fn breaks(letter: char) -> bool {
    letter.is_whitespace() && letter != '\u{A0}' && letter != '\u{202F}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn face() -> Face {
        Face::read(dejavu::sans_condensed::regular()).unwrap()
    }

    fn check(text: &str, width: f32, expected: &[&str]) {
        assert_eq!(face().lines(&showable(text), width), expected, "{text}");
    }

    #[test]
    fn lines_break_at_words_and_words_only_where_they_must() {
        check("", 10.0, &[" "]);
        check("раз два", 100.0, &["раз два"]);
        check("раз два три", 4.0, &["раз два ", "три"]);
        check("раз\n\nдва", 100.0, &["раз", " ", "два"]);
        check("по-русски", 3.5, &["по-", "русски"]);
        check("2026-03-02", 3.5, &["2026-0", "3-02"]);
        check("0192f0c1-7b2a-7c3d-8e4f-001122334455", 8.0, &["0192f0c1-7b2a-", "7c3d-8e4f-", "001122334455"]);
        check("10\u{A0}рублей за\tвсё", 5.5, &["10\u{A0}рублей ", "за всё"]);
    }

    #[test]
    fn what_cannot_be_shown_is_marked_or_gone() {
        assert_eq!(showable("a\u{AD}б\u{FEFF}\u{200B}в\u{1}\u{E000}\r\nг\rд"), "aбв\u{FFFD}\u{FFFD}\nг\nд");
        let face = face();
        assert_eq!(face.letter('\u{13000}').0, face.letter(UNKNOWN).0);
        assert_ne!(face.letter('Ё').0, face.letter(UNKNOWN).0);
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_and_no_line_is_too_wide(text in "[а-яё a-z0-9№«»,.\\-\n]{0,200}", width in 2.0_f32..20.0) {
            let face = face();
            let lines = face.lines(&text, width);
            let squeezed = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            let shown = lines.concat();
            prop_assert_eq!(squeezed(&shown), squeezed(&text));
            for line in &lines {
                prop_assert!(face.width(line.trim_end()) <= width + 0.01, "{:?}", line);
            }
        }
    }
}
